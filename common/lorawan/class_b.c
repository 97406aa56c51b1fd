#include "lorawan/class_b.h"

#include <string.h>

#include "base/error.h"
#include "lorawan/octets.h"

#define US_PER_S 1000000u

uint64_t class_b_beacon_us(uint64_t gps_us)
{
	return gps_us - gps_us % CLASS_B_BEACON_PERIOD_US;
}

uint32_t class_b_beacon_time(uint64_t gps_us)
{
	return (uint32_t)(class_b_beacon_us(gps_us) / US_PER_S);
}

unsigned class_b_ping_nb(unsigned periodicity)
{
	return 1u << (CLASS_B_PERIODICITY_MAX - periodicity);
}

unsigned class_b_ping_period(unsigned periodicity)
{
	return CLASS_B_SLOTS / class_b_ping_nb(periodicity);
}

unsigned class_b_ping_offset(struct lw_crypto *crypto, uint32_t beacon_time, uint32_t dev_addr, unsigned periodicity)
{
	static const struct ls_key zero_key;
	uint8_t in[16] = {0}, rand[16];

	put_le32(in, beacon_time);
	put_le32(in + 4, dev_addr);
	lw_aes_encrypt(crypto, &zero_key, in, rand);
	return get_le16(rand) % class_b_ping_period(periodicity);
}

uint64_t class_b_next_slot_us(struct lw_crypto *crypto, uint64_t gps_us, uint32_t dev_addr, unsigned periodicity)
{
	const unsigned nb = class_b_ping_nb(periodicity), period = class_b_ping_period(periodicity);

	/* The period after this one has a slot at or after gps_us whatever its offset is. */
	for (uint64_t beacon_us = class_b_beacon_us(gps_us);; beacon_us += CLASS_B_BEACON_PERIOD_US) {
		unsigned offset = class_b_ping_offset(crypto, class_b_beacon_time(beacon_us), dev_addr, periodicity);
		uint64_t first_us = beacon_us + CLASS_B_BEACON_RESERVED_US + (uint64_t)offset * CLASS_B_SLOT_US;
		uint64_t step_us = (uint64_t)period * CLASS_B_SLOT_US, n;

		if (gps_us <= first_us)
			return first_us;
		n = (gps_us - first_us + step_us - 1) / step_us;
		if (n < nb)
			return first_us + n * step_us;
	}
}

uint64_t class_b_hop(uint64_t gps_us, uint32_t dev_addr)
{
	return (uint64_t)dev_addr + gps_us / CLASS_B_BEACON_PERIOD_US;
}

struct beacon_timing class_b_beacon_timing(uint64_t downlink_end_gps_us, unsigned n_channels)
{
	uint64_t next_us = class_b_beacon_us(downlink_end_gps_us) + CLASS_B_BEACON_DELAY_US;

	if (next_us < downlink_end_gps_us)
		next_us += CLASS_B_BEACON_PERIOD_US;
	return (struct beacon_timing){
		.delay = (uint16_t)((next_us - downlink_end_gps_us) / CLASS_B_SLOT_US),
		.channel = (uint8_t)(n_channels ? class_b_hop(next_us, 0) % n_channels : 0),
	};
}

/* ---- beacon frames -------------------------------------------------------------------------- */

#define TIME_LEN 4
#define CRC_LEN 2

uint16_t beacon_crc(const uint8_t *buf, size_t len)
{
	uint16_t crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc ^= (uint16_t)(buf[i] << 8);
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc << 1 ^ (crc & 0x8000 ? 0x1021 : 0));
	}
	return crc;
}

/* Octets the first CRC covers, and the second. */
static size_t network_len(const struct beacon_lens *l)
{
	return (size_t)l->rfu1 + l->param + TIME_LEN;
}

static size_t gateway_len(const struct beacon_lens *l)
{
	return 1u + BEACON_INFO_LEN + l->rfu2;
}

size_t beacon_len(const struct beacon_lens *lens)
{
	size_t len = network_len(lens) + CRC_LEN + gateway_len(lens) + CRC_LEN;

	return len <= BEACON_MAX ? len : 0;
}

size_t beacon_write(const struct beacon_lens *lens, const struct beacon *b, uint8_t out[BEACON_MAX])
{
	const size_t len = beacon_len(lens), network = network_len(lens), gateway = gateway_len(lens);
	uint8_t *info = out + network + CRC_LEN;

	if (!len)
		return 0;
	memset(out, 0, len);
	if (lens->param)
		out[lens->rfu1] = b->prec & 3;
	put_le32(out + lens->rfu1 + lens->param, b->time);
	put_le16(out + network, beacon_crc(out, network));
	info[0] = b->info_desc;
	memcpy(info + 1, b->info, BEACON_INFO_LEN);
	put_le16(info + gateway, beacon_crc(info, gateway));
	return len;
}

int beacon_parse(const struct beacon_lens *lens, const uint8_t *buf, size_t len, struct beacon *out)
{
	const size_t network = network_len(lens), gateway = gateway_len(lens);
	const uint8_t *info;

	if (!len || len != beacon_len(lens))
		return LS_ESHORT;
	info = buf + network + CRC_LEN;
	if (get_le16(buf + network) != beacon_crc(buf, network) || get_le16(info + gateway) != beacon_crc(info, gateway))
		return LS_EFORMAT;
	out->prec = lens->param ? buf[lens->rfu1] & 3 : 0;
	out->time = get_le32(buf + lens->rfu1 + lens->param);
	out->info_desc = info[0];
	memcpy(out->info, info + 1, BEACON_INFO_LEN);
	return LS_OK;
}

void beacon_set_position(struct beacon *b, int32_t latitude_raw, int32_t longitude_raw)
{
	put_le24(b->info, (uint32_t)latitude_raw);
	put_le24(b->info + 3, (uint32_t)longitude_raw);
}

static int32_t signed_24(uint32_t v)
{
	return (int32_t)(v & 0x7fffff) - (int32_t)(v & 0x800000);
}

void beacon_position(const struct beacon *b, int32_t *latitude_raw, int32_t *longitude_raw)
{
	*latitude_raw = signed_24(get_le24(b->info));
	*longitude_raw = signed_24(get_le24(b->info + 3));
}
