#include "lorawan/relay_forward.h"

#include <string.h>

#include "base/error.h"
#include "lorawan/octets.h"

#define METADATA_LEN 6
#define SNR_OF_0 (-20)
#define RSSI_OF_0 (-15)

int relay_forward_parse(const uint8_t *buf, size_t len, struct relay_forward *out)
{
	uint32_t bits;

	if (len <= METADATA_LEN)
		return LS_ESHORT;
	bits = get_le24(buf);
	*out = (struct relay_forward){
		.dr = bits & 15,
		.snr_db = (int8_t)(SNR_OF_0 + (int)(bits >> 4 & 31)),
		.rssi_dbm = (int16_t)(RSSI_OF_0 - (int)(bits >> 9 & 127)),
		.wor_channel = bits >> 16 & 3,
		.freq_hz = get_le24(buf + 3) * 100,
		.phy = buf + METADATA_LEN,
		.phy_len = len - METADATA_LEN,
	};
	return LS_OK;
}

int relay_forward_write(const struct relay_forward *f, uint8_t *out, size_t cap)
{
	int snr = f->snr_db - SNR_OF_0, rssi = RSSI_OF_0 - f->rssi_dbm;

	if (f->dr > 15 || snr < 0 || snr > 31 || rssi < 0 || rssi > 127 || f->wor_channel > 3 || f->freq_hz / 100 > 0xffffff)
		return LS_ERANGE;
	if (cap < METADATA_LEN || f->phy_len > cap - METADATA_LEN)
		return LS_ELONG;
	put_le24(out, (uint32_t)(f->wor_channel << 16 | rssi << 9 | snr << 4 | f->dr));
	put_le24(out + 3, f->freq_hz / 100);
	memcpy(out + METADATA_LEN, f->phy, f->phy_len);
	return (int)(METADATA_LEN + f->phy_len);
}
