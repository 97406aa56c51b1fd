#include "lorawan/mac.h"

#include "lorawan/octets.h"

#define CID_FILTER_LIST 0x42

/* mac-commands.md section 2, and section 6 for the relay (TS011). In order of CID. */
static const struct mac_command_row rows[] = {
	{0x01, "ResetInd", 1, "ResetConf", 1},
	{0x02, "LinkCheckReq", 0, "LinkCheckAns", 2},
	{0x03, "LinkADRAns", 1, "LinkADRReq", 4},
	{0x04, "DutyCycleAns", 0, "DutyCycleReq", 1},
	{0x05, "RXParamSetupAns", 1, "RXParamSetupReq", 4},
	{0x06, "DevStatusAns", 2, "DevStatusReq", 0},
	{0x07, "NewChannelAns", 1, "NewChannelReq", 5},
	{0x08, "RXTimingSetupAns", 0, "RXTimingSetupReq", 1},
	{0x09, "TxParamSetupAns", 0, "TxParamSetupReq", 1},
	{0x0a, "DlChannelAns", 1, "DlChannelReq", 4},
	{0x0b, "RekeyInd", 1, "RekeyConf", 1},
	{0x0c, "ADRParamSetupAns", 0, "ADRParamSetupReq", 1},
	{0x0d, "DeviceTimeReq", 0, "DeviceTimeAns", 5},
	{0x0e, NULL, 0, "ForceRejoinReq", 2},
	{0x0f, "RejoinParamSetupAns", 1, "RejoinParamSetupReq", 1},
	{0x10, "PingSlotInfoReq", 1, "PingSlotInfoAns", 0},
	{0x11, "PingSlotChannelAns", 1, "PingSlotChannelReq", 4},
	{0x12, "BeaconTimingReq", 0, "BeaconTimingAns", 3},
	{0x13, "BeaconFreqAns", 1, "BeaconFreqReq", 3},
	{0x20, "DeviceModeInd", 1, "DeviceModeConf", 1},
	{0x40, "RelayConfAns", 1, "RelayConfReq", 5},
	{0x41, "EndDeviceConfAns", 1, "EndDeviceConfReq", 6},
	{CID_FILTER_LIST, "FilterListAns", 1, "FilterListReq", 2},
	{0x43, "UpdateUplinkListAns", 0, "UpdateUplinkListReq", 26},
	{0x44, "CtrlUplinkListAns", 5, "CtrlUplinkListReq", 1},
	{0x45, "ConfigureFwdLimitAns", 0, "ConfigureFwdLimitReq", 5},
	{0x46, "NotifyNewEndDeviceReq", 6, NULL, 0},
};

const struct mac_command_row *mac_command_row(uint8_t cid)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].cid == cid)
			return &rows[i];
	return NULL;
}

void mac_iter_init(struct mac_iter *it, enum lw_direction dir, const uint8_t *list, size_t len)
{
	*it = (struct mac_iter){.at = list, .end = len ? list + len : list, .dir = dir};
}

bool mac_iter_next(struct mac_iter *it, struct mac_command *out)
{
	const struct mac_command_row *row;
	const char *name = NULL;
	size_t len = 0, left;

	if (it->stopped || it->at == it->end)
		return false;
	row = mac_command_row(it->at[0]);
	left = (size_t)(it->end - it->at) - 1;
	if (row) {
		name = it->dir == LW_UP ? row->name_up : row->name_down;
		len = it->dir == LW_UP ? row->len_up : row->len_down;
		/* The only command that says its length: bits 4:0, the octets of the EUI prefix. */
		if (it->dir == LW_DOWN && row->cid == CID_FILTER_LIST && left >= len)
			len += it->at[1] & 0x1f;
	}
	if (!name || left < len) {
		it->stopped = true;
		return false;
	}
	*out = (struct mac_command){.cid = row->cid, .payload = it->at + 1, .len = (uint8_t)len, .name = name};
	it->at += 1 + len;
	return true;
}

size_t mac_write_link_check_ans(uint8_t out[3], uint8_t margin_db, uint8_t gw_cnt)
{
	out[0] = MAC_CID_LINK_CHECK;
	out[1] = margin_db < 255 ? margin_db : 254; /* 255 is reserved */
	out[2] = gw_cnt;
	return 3;
}

size_t mac_write_device_time_ans(uint8_t out[6], uint64_t gps_us)
{
	out[0] = MAC_CID_DEVICE_TIME;
	put_le32(out + 1, (uint32_t)(gps_us / 1000000));
	out[5] = (uint8_t)(gps_us % 1000000 * 256 / 1000000);
	return 6;
}
