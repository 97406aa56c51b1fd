"""lorawan_mac.py - MAC commands as octets and as named fields, both directions, one row each.

A layout is a list of (field, bits) from the least significant bit of the little-endian payload up; a field None is
RFU, negative bits are a signed field. Names are those of tests/data/vectors.json. The relay's commands are not here.
"""
from lorawan_crypto import require

VERSIONS = ['1.0.0', '1.0.1', '1.0.2', '1.0.3', '1.0.4', '1.1']


def order(version):
    """1.1.0 and 1.1.1 count as 1.1."""
    return VERSIONS.index('1.1' if version.startswith('1.1') else version)


class Row:
    def __init__(self, cid, name, layout, since='1.0.0'):
        self.cid, self.name, self.layout, self.since = cid, name, layout, since
        self.length = sum(abs(bits) for _, bits in layout) // 8


def _minor():
    return [('minor', 4), (None, 4)]


UPLINK = {r.cid: r for r in [
    Row(0x01, 'ResetInd', _minor(), '1.1'),
    Row(0x02, 'LinkCheckReq', []),
    Row(0x03, 'LinkADRAns', [('ch_mask_ack', 1), ('data_rate_ack', 1), ('power_ack', 1), (None, 5)]),
    Row(0x04, 'DutyCycleAns', []),
    Row(0x05, 'RXParamSetupAns', [('channel_ack', 1), ('rx2_data_rate_ack', 1), ('rx1_dr_offset_ack', 1), (None, 5)]),
    Row(0x06, 'DevStatusAns', [('battery', 8), ('margin', -6), (None, 2)]),
    Row(0x07, 'NewChannelAns', [('channel_freq_ok', 1), ('data_rate_range_ok', 1), (None, 6)]),
    Row(0x08, 'RXTimingSetupAns', []),
    Row(0x09, 'TxParamSetupAns', [], '1.0.2'),
    Row(0x0a, 'DlChannelAns', [('channel_freq_ok', 1), ('uplink_freq_exists', 1), (None, 6)], '1.0.2'),
    Row(0x0b, 'RekeyInd', _minor(), '1.1'),
    Row(0x0c, 'ADRParamSetupAns', [], '1.1'),
    Row(0x0d, 'DeviceTimeReq', [], '1.0.3'),
    Row(0x0f, 'RejoinParamSetupAns', [('time_ok', 1), (None, 7)], '1.1'),
    Row(0x10, 'PingSlotInfoReq', [('periodicity', 3), (None, 5)]),
    Row(0x11, 'PingSlotChannelAns', [('channel_freq_ok', 1), ('data_rate_ok', 1), (None, 6)]),
    Row(0x12, 'BeaconTimingReq', []),
    Row(0x13, 'BeaconFreqAns', [('beacon_freq_ok', 1), (None, 7)]),
    Row(0x20, 'DeviceModeInd', [('class', 8)], '1.1'),
]}

DOWNLINK = {r.cid: r for r in [
    Row(0x01, 'ResetConf', _minor(), '1.1'),
    Row(0x02, 'LinkCheckAns', [('margin', 8), ('gw_cnt', 8)]),
    Row(0x03, 'LinkADRReq', [('tx_power', 4), ('data_rate', 4), ('ch_mask', 16), ('nb_trans', 4), ('ch_mask_cntl', 3),
                             (None, 1)]),
    Row(0x04, 'DutyCycleReq', [('max_dcycle', 4), (None, 4)]),
    Row(0x05, 'RXParamSetupReq', [('rx2_data_rate', 4), ('rx1_dr_offset', 3), (None, 1), ('frequency_hz', 24)]),
    Row(0x06, 'DevStatusReq', []),
    Row(0x07, 'NewChannelReq', [('ch_index', 8), ('frequency_hz', 24), ('min_dr', 4), ('max_dr', 4)]),
    Row(0x08, 'RXTimingSetupReq', [('delay', 4), (None, 4)]),
    Row(0x09, 'TxParamSetupReq', [('max_eirp_index', 4), ('uplink_dwell_time', 1), ('downlink_dwell_time', 1), (None, 2)],
        '1.0.2'),
    Row(0x0a, 'DlChannelReq', [('ch_index', 8), ('frequency_hz', 24)], '1.0.2'),
    Row(0x0b, 'RekeyConf', _minor(), '1.1'),
    Row(0x0c, 'ADRParamSetupReq', [('delay_exp', 4), ('limit_exp', 4)], '1.1'),
    Row(0x0d, 'DeviceTimeAns', [('gps_seconds', 32), ('fraction_256', 8)], '1.0.3'),
    Row(0x0e, 'ForceRejoinReq', [('data_rate', 4), ('rejoin_type', 3), (None, 1), ('max_retries', 3), ('period', 3),
                                 (None, 2)], '1.1'),
    Row(0x0f, 'RejoinParamSetupReq', [('max_count_n', 4), ('max_time_n', 4)], '1.1'),
    Row(0x10, 'PingSlotInfoAns', []),
    Row(0x11, 'PingSlotChannelReq', [('frequency_hz', 24), ('data_rate', 4), (None, 4)]),
    Row(0x12, 'BeaconTimingAns', [('delay', 16), ('channel', 8)]),
    Row(0x13, 'BeaconFreqReq', [('frequency_hz', 24)]),
    Row(0x20, 'DeviceModeConf', [('class', 8)], '1.1'),
]}
# Answers to what the device asked; they come whatever the version.
ANSWERS_DOWN = {0x01, 0x02, 0x0b, 0x0d, 0x10, 0x12, 0x20}
BY_NAME = {r.name: r for table in (UPLINK, DOWNLINK) for r in table.values()}
MAC_DOWN_LENGTH = {cid: r.length for cid, r in DOWNLINK.items()}


def _unit(freq_hz):
    return 200 if freq_hz >= 1 << 24 and freq_hz > 0xffffff * 100 else 100


def encode(name, **fields):
    """A whole command from its fields; what is not said is 0."""
    row, value, at = BY_NAME[name], 0, 0
    require(not set(fields) - {f for f, _ in row.layout}, '%s has no %s' % (name, set(fields)))
    for field, bits in row.layout:
        width = abs(bits)
        v = fields.get(field, 0) if field else 0
        if field == 'frequency_hz':
            v //= _unit(v)
        value |= (v & ((1 << width) - 1)) << at
        at += width
    return bytes([row.cid]) + value.to_bytes(at // 8, 'little')


def fields_of(row, payload, unit_hz=100):
    value, out = int.from_bytes(payload, 'little'), {}
    for field, bits in row.layout:
        v = value & ((1 << abs(bits)) - 1)
        value >>= abs(bits)
        if bits < 0 and v >> (-bits - 1):
            v -= 1 << -bits
        if field:
            out[field] = v * unit_hz if field == 'frequency_hz' else v
    return out


class Command:
    def __init__(self, row, payload, unit_hz=100):
        self.row, self.cid, self.name, self.payload = row, row.cid, row.name, payload
        self.fields = fields_of(row, payload, unit_hz)

    def __getattr__(self, name):
        try:
            return self.__dict__['fields'][name]
        except KeyError:
            raise AttributeError(name)

    def __repr__(self):
        return '%s%r' % (self.name, self.fields)


def decode(table, octets, unit_hz=100):
    """[Command]; Violation on an unknown CID or a cut one."""
    out, i = [], 0
    while i < len(octets):
        cid = octets[i]
        require(cid in table, 'MAC command %02x is unknown in this direction' % cid)
        n = table[cid].length
        require(i + 1 + n <= len(octets), 'MAC command %02x is cut short' % cid)
        out.append(Command(table[cid], octets[i + 1:i + 1 + n], unit_hz))
        i += 1 + n
    return out


def mac_commands_down(octets):
    """[(CID, payload)]; Violation on an unknown CID or a cut one."""
    return [(c.cid, c.payload) for c in decode(DOWNLINK, octets)]


def mac_link_check_req():
    return encode('LinkCheckReq')


def mac_device_time_req():
    return encode('DeviceTimeReq')
