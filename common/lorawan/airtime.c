#include "lorawan/airtime.h"

#define LORAWAN_PREAMBLE 8

/* FSK packets: preamble 5, sync word 3, length 1, payload, CRC 2 octets. */
#define FSK_OVERHEAD (5 + 3 + 1 + 2)

uint32_t lora_payload_symbols(const struct lora_airtime_params *p)
{
	/* SF5 and SF6 of the newer chips have two more preamble symbols in place of these 8 bits. */
	int64_t bits = 8 * (int64_t)p->payload_len - 4 * p->sf + (p->sf >= 7 ? 8 : 0) + (p->crc ? 16 : 0) +
		       (p->explicit_header ? 20 : 0);
	int64_t per_group = 4 * (p->sf - (p->ldro ? 2 : 0)); /* bits that fill 4 + code_rate symbols */

	if (bits < 0)
		bits = 0;
	return 8 + (uint32_t)((bits + per_group - 1) / per_group) * (4u + p->code_rate);
}

uint32_t lora_airtime_us(const struct lora_airtime_params *p)
{
	/* In quarters of a symbol, because the preamble ends in a quarter. */
	uint64_t quarters = 4 * (uint64_t)p->preamble + (p->sf >= 7 ? 17 : 25) + 4 * (uint64_t)lora_payload_symbols(p);
	uint64_t numerator = (quarters << p->sf) * 1000000;
	uint64_t denominator = 4 * (uint64_t)p->bandwidth_hz;

	return (uint32_t)((numerator + denominator / 2) / denominator);
}

/*
 * LR-FHSS: 488.28125 bit/s, so 2048 us a bit. Headers of 114 bits, as many as the coding rate needs; then payload, its
 * CRC and 6 tail bits, coded, in blocks of 48 bits with 2 of preamble.
 */
#define LR_FHSS_BIT_US 2048
#define LR_FHSS_HEADER_BITS 114
#define LR_FHSS_BLOCK_BITS 48
#define LR_FHSS_BLOCK_PREAMBLE_BITS 2

static uint32_t lr_fhss_airtime_us(enum code_rate code_rate, size_t phy_len)
{
	static const struct {
		enum code_rate code_rate;
		unsigned headers, coded_bits, of_bits;
	} rates[] = {{CR_2_6, 3, 3, 1}, {CR_4_6, 2, 3, 2}}; /* 1/3 and 2/3 */
	uint32_t bits = 8 * ((uint32_t)phy_len + 2) + 6;

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		uint32_t coded = (bits * rates[i].coded_bits + rates[i].of_bits - 1) / rates[i].of_bits;
		uint32_t blocks = (coded + LR_FHSS_BLOCK_BITS - 1) / LR_FHSS_BLOCK_BITS;

		if (rates[i].code_rate == code_rate)
			return LR_FHSS_BIT_US *
			       (rates[i].headers * LR_FHSS_HEADER_BITS + coded + blocks * LR_FHSS_BLOCK_PREAMBLE_BITS);
	}
	return 0;
}

/* 4/(4 + n) of the LoRa coding rates; what is not told is 4/5 as LoRaWAN has it. */
static uint8_t lora_code_rate(enum code_rate code_rate)
{
	switch (code_rate) {
	case CR_4_6:
	case CR_LI_4_6:
		return 2;
	case CR_4_7:
		return 3;
	case CR_4_8:
	case CR_LI_4_8:
		return 4;
	default:
		return 1;
	}
}

uint32_t radio_airtime_us(const struct radio *radio, size_t phy_len, bool crc)
{
	if (radio->modulation == MOD_FSK && radio->bit_rate) {
		uint64_t bits = 8 * (uint64_t)(phy_len + FSK_OVERHEAD);

		return (uint32_t)((bits * 1000000 + radio->bit_rate / 2) / radio->bit_rate);
	}
	if (radio->modulation == MOD_LR_FHSS)
		return lr_fhss_airtime_us(radio->code_rate, phy_len);
	if (radio->modulation == MOD_LORA && radio->bandwidth_hz && radio->sf >= 5 && radio->sf <= 12) {
		const struct lora_airtime_params p = {
			.payload_len = phy_len,
			.sf = radio->sf,
			.bandwidth_hz = radio->bandwidth_hz,
			.code_rate = lora_code_rate(radio->code_rate),
			.preamble = LORAWAN_PREAMBLE,
			.explicit_header = true,
			.crc = crc,
			/* On when a symbol lasts 16 ms or longer. */
			.ldro = (UINT64_C(1000) << radio->sf) >= UINT64_C(16) * radio->bandwidth_hz,
		};

		return lora_airtime_us(&p);
	}
	return 0;
}
