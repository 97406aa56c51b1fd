"""lorawan_region.py - what an end device knows of its region.

EU868 and US915 are written out from the regional parameters; the others are read from tests/data/regions.json, and
test_lorawan_py.py holds the two that are written out against the same file.
"""
import json
import pathlib

DATA = pathlib.Path(__file__).resolve().parent.parent / 'data' / 'regions.json'
REQUIRED_SNR = {5: -2.5, 6: -5.0, 7: -7.5, 8: -10.0, 9: -12.5, 10: -15.0, 11: -17.5, 12: -20.0}


def link_margin(snr, sf):
    """What LinkCheckAns carries for the best gateway."""
    return max(0, min(254, int((snr - REQUIRED_SNR[sf]) // 1)))


class EU868:
    name, config_id, plan, unit_hz = 'EU868', 'eu868', 'dynamic', 100
    default_channels = (868100000, 868300000, 868500000)
    default_rates = range(0, 6)
    cf_list = (867100000, 867300000, 867500000, 867700000, 867900000)
    rx2 = (869525000, 0)
    beacon = (869525000, 3)
    ping_slot = (869525000, 3)
    frequency_range = (863000000, 870000000)
    rates = {0: 'SF12BW125', 1: 'SF11BW125', 2: 'SF10BW125', 3: 'SF9BW125', 4: 'SF8BW125', 5: 'SF7BW125',
             6: 'SF7BW250', 7: 50000, 8: 'M0CW137', 9: 'M0CW137', 10: 'M0CW336', 11: 'M0CW336'}
    downlink_rates = range(0, 8)
    lr_fhss_codr = {8: '1/3', 9: '2/3', 10: '1/3', 11: '2/3'}
    max_n = {0: 51, 1: 51, 2: 51, 3: 115, 4: 242, 5: 242, 6: 242, 7: 242}
    max_power_index, max_rx1_dr_offset = 7, 5
    has_tx_param_setup = False

    @classmethod
    def uplink_hz(cls, channel):
        return (cls.default_channels + cls.cf_list)[channel]

    @classmethod
    def channel_of(cls, freq_hz, dr):
        return (cls.default_channels + cls.cf_list).index(freq_hz)

    @staticmethod
    def rx1(freq_hz, dr, offset=0):
        base = dr if dr <= 7 else 1 + (dr & 1)   # LR-FHSS 1/3 answers as DR1, 2/3 as DR2
        return freq_hz, max(0, base - offset)

    @staticmethod
    def max_eirp(freq_hz):
        return 29 if 869400000 <= freq_hz <= 869650000 else 16


class US915:
    name, config_id, plan, unit_hz = 'US915', 'us915', 'fixed', 100
    n_channels, n_narrow = 72, 64
    rx2 = (923300000, 8)
    frequency_range = (902000000, 928000000)
    rates = {0: 'SF10BW125', 1: 'SF9BW125', 2: 'SF8BW125', 3: 'SF7BW125', 4: 'SF8BW500', 5: 'M0CW1523', 6: 'M0CW1523',
             8: 'SF12BW500', 9: 'SF11BW500', 10: 'SF10BW500', 11: 'SF9BW500', 12: 'SF8BW500', 13: 'SF7BW500'}
    downlink_rates = range(8, 14)
    lr_fhss_codr = {5: '1/3', 6: '2/3'}
    max_n = {8: 53, 9: 129, 10: 242, 11: 242, 12: 242, 13: 242}
    max_power_index, max_rx1_dr_offset = 14, 3
    has_tx_param_setup = False

    @staticmethod
    def channel_rates(channel):
        return range(0, 4) if channel < 64 else range(4, 7)

    @staticmethod
    def uplink_hz(channel):
        return 902300000 + 200000 * channel if channel < 64 else 903000000 + 1600000 * (channel - 64)

    @classmethod
    def channel_of(cls, freq_hz, dr):
        wide = dr in (4, 5, 6)
        for c in (range(64, 72) if wide else range(64)):
            if cls.uplink_hz(c) == freq_hz:
                return c
        raise ValueError('%d Hz is no US915 channel at DR%d' % (freq_hz, dr))

    @classmethod
    def rx1(cls, freq_hz, dr, offset=0):
        channel = cls.channel_of(freq_hz, dr)
        base = {0: 10, 1: 11, 2: 12, 3: 13, 4: 14, 5: 10, 6: 11}[dr]
        return 923300000 + 600000 * (channel % 8), min(13, max(8, base - offset))

    @staticmethod
    def max_eirp(freq_hz):
        return 30


class FromData:
    """A region as its row of regions.json has it."""

    cf_list = ()

    def __init__(self, name, row):
        self.name, self.config_id, self.row, self.plan = name, name.lower(), row, row['plan']
        self.unit_hz = row['frequency_step_hz']
        self.frequency_range = tuple(row['frequency_range_hz'])
        self.rx2 = row['rx2']['frequency_hz'], row['rx2']['data_rate']
        self.rates, self.lr_fhss_codr = {}, {}
        for dr, r in row['data_rates'].items():
            self.rates[int(dr)] = self._rate(int(dr), r)
        self.downlink_rates = [int(dr) for dr, r in row['data_rates'].items() if r['downlink']]
        limits = row['max_payload'].get('no_dwell') or next(iter(row['max_payload'].values()))
        self.max_n = {int(dr): v['n'] for dr, v in limits['no_repeater'].items() if v}
        self.max_power_index = len(row['tx_power']['offsets_db']) - 1
        self.max_rx1_dr_offset = max(row['rx1']['offsets'])
        self.has_tx_param_setup = row['tx_param_setup_supported']
        if self.plan == 'dynamic':
            self.default_channels = tuple(c['frequency_hz'] for c in row['default_channels'])
            first = row['default_channels'][0]
            self.default_rates = range(first['min_dr'], first['max_dr'] + 1)
        else:
            self.blocks = row['uplink_channels']
            self.n_channels = sum(b['count'] for b in self.blocks)
            self.n_narrow = 64 if len(self.blocks) == 2 and self.n_channels == 72 else self.n_channels

    def _rate(self, dr, r):
        if r['modulation'] == 'fsk':
            return r['bit_rate']
        if r['modulation'] == 'lr_fhss':
            self.lr_fhss_codr[dr] = r['coding_rate']
            return 'M0CW%d' % (r['ocw_hz'] // 1000)
        return 'SF%dBW%d' % (r['sf'], r['bandwidth_hz'] // 1000)

    def _block(self, channel):
        return next(b for b in self.blocks if b['first_index'] <= channel < b['first_index'] + b['count'])

    def channel_rates(self, channel):
        b = self._block(channel)
        return range(b['min_dr'], b['max_dr'] + 1)

    def uplink_hz(self, channel):
        if self.plan == 'dynamic':
            return self.default_channels[channel]
        b = self._block(channel)
        return b['base_hz'] + b['step_hz'] * (channel - b['first_index'])

    def channel_of(self, freq_hz, dr):
        if self.plan == 'dynamic':
            return self.default_channels.index(freq_hz)
        for c in range(self.n_channels):
            if self.uplink_hz(c) == freq_hz and dr in self.channel_rates(c):
                return c
        raise ValueError('%d Hz is no %s channel at DR%d' % (freq_hz, self.name, dr))

    def rx1(self, freq_hz, dr, offset=0, dwell=0):
        rule = self.row['rx1']['frequency']
        if rule['rule'] == 'modulo':
            freq_hz = rule['base_hz'] + rule['step_hz'] * (self.channel_of(freq_hz, dr) % rule['modulo'])
        table = self.row['rx1'].get('data_rate_dwell_limited') if dwell else None
        return freq_hz, (table or self.row['rx1']['data_rate'])[str(dr)][offset]

    def max_eirp(self, freq_hz):
        return 30


def _load():
    rows = json.loads(DATA.read_text())['regions']
    out = {name: FromData(name, row) for name, row in rows.items() if 'plan' in row and 'rx1' in row}
    out['AS923'] = FromData('AS923', rows['AS923_1'])
    return out


DATA_REGIONS = _load()
REGIONS = dict(DATA_REGIONS, EU868=EU868, US915=US915)
