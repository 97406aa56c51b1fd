"""lorawan_device_mac.py - the MAC layer of an end device: it carries out requests as its version says and owes answers.

A test may have it refuse (`refuse[cid] = status octet`), stay silent (`silent = {cid}`) or forget to be sticky. What
it was told stays in `heard`, what it accepted in the fields.
"""
from lorawan_channels import Channels
from lorawan_crypto import require
from lorawan_mac import ANSWERS_DOWN, DOWNLINK, UPLINK, VERSIONS, decode, encode, order

LINK_ADR_OK, RX_PARAM_OK, NEW_CHANNEL_OK, DL_CHANNEL_OK, PING_OK = 7, 7, 3, 3, 3
# answers repeated in every uplink until a class A downlink, and the version that began it
STICKY_SINCE = {'RXParamSetupAns': '1.0.1', 'RXTimingSetupAns': '1.0.1', 'DlChannelAns': '1.0.2',
                'TxParamSetupAns': '1.0.4', 'PingSlotChannelAns': '1.0.4'}
F_OPTS_MAX = 15


def link_adr_form(version):
    """single: each request by itself; block: one answer each; one: one answer for the block."""
    return {'1.0.0': 'single', '1.0.1': 'single', '1.1': 'one'}.get(VERSIONS[order(version)], 'block')


class DeviceMac:
    def __init__(self, region, version, strict=True):
        self.region, self.version, self.strict = region, version, strict
        self.refuse, self.silent, self.sticky_off = {}, set(), False
        self.battery, self.snr_margin = 200, 7
        self.heard = []            # every Command that came, in order
        self.asked = set()         # CIDs the device asked for
        self.reset()

    def reset(self, accept=None):
        """Factory settings, then what a join accept says."""
        self.channels = Channels(self.region, self.version)
        self.rx1_delay, self.rx1_dr_offset, self.rx2 = 1, 0, self.region.rx2
        self.dr, self.tx_power, self.nb_trans, self.max_dcycle = 0, 0, 1, 0
        self.dwell, self.max_eirp_index = (0, 0), None
        self.adr_ack_limit, self.adr_ack_delay = 64, 32
        self.rejoin_param, self.force_rejoin = None, None
        self.ping_slot, self.beacon_hz, self.periodicity, self.device_class = None, None, 0, 'A'
        self.owed = []                     # [(name, octets, sticky)] of answers, in the order of the requests
        self.until_confirmed = {}          # RekeyInd, ResetInd, DeviceModeInd: name -> octets
        if accept:
            self.rx1_delay, self.rx1_dr_offset = accept.rx_delay or 1, accept.rx1_dr_offset
            self.rx2 = self.region.rx2[0], accept.rx2_dr
            self.channels.take_cf_list(accept)

    # ---- up

    def ask(self, name, **fields):
        """The octets of a request of the device's own, for f_opts."""
        out = encode(name, **fields)
        self.asked.add(out[0])
        return out

    def note_asked(self, octets):
        """The requests in commands the test itself puts into an uplink, as far as they can be read."""
        while octets and octets[0] in UPLINK:
            self.asked.add(octets[0])
            octets = octets[1 + UPLINK[octets[0]].length:]

    def indicate(self, name, **fields):
        """RekeyInd, ResetInd or DeviceModeInd: in every uplink until the server has confirmed it."""
        self.until_confirmed[name] = self.ask(name, **fields)

    def f_opts(self, room=F_OPTS_MAX):
        """What the next uplink carries; whole commands from the end are left out when they do not fit."""
        out = b''.join(self.until_confirmed.values())
        for _, octets, _ in self.owed:
            if len(out) + len(octets) > room:
                break
            out += octets
        self.owed = [o for o in self.owed if o[2]]
        return out

    def _answer(self, cid, name, **fields):
        if cid in self.silent:
            return
        sticky = not self.sticky_off and name in STICKY_SINCE and order(self.version) >= order(STICKY_SINCE[name])
        self.owed.append((name, encode(name, **fields), sticky))

    # ---- down

    def receive(self, octets, class_a=True):
        """Carry out the commands of one downlink."""
        if class_a:
            self.owed = [o for o in self.owed if not o[2]]
        commands = decode(DOWNLINK, octets, self.region.unit_hz)
        if self.strict:
            for c in commands:
                self._allowed(c)
        self.heard += commands
        i = blocks = 0
        while i < len(commands):
            c = commands[i]
            if c.name == 'LinkADRReq':
                n = 1
                while i + n < len(commands) and commands[i + n].name == 'LinkADRReq':
                    n += 1
                self._link_adr(commands[i:i + n], blocks)
                blocks += 1
                i += n
                continue
            getattr(self, '_do_' + c.name)(c)
            i += 1

    def _allowed(self, c):
        if c.cid in ANSWERS_DOWN:
            require(c.cid in self.asked, '%s without a question' % c.name)
        else:
            require(order(self.version) >= order(c.row.since), '%s to a device of %s' % (c.name, self.version))

    def _status(self, cid, status, ok):
        """Status with what the test wants refused; (status, everything good)."""
        status &= self.refuse.get(cid, 0xff)
        return status, status == ok

    def _link_adr(self, block, number):
        form = link_adr_form(self.version)
        if form == 'single':
            for c in block:
                self._answer(3, 'LinkADRAns', **self._adr_fields(self._try_adr([c])))
            return
        if form == 'one' and number > 0:
            self._answer(3, 'LinkADRAns')
            return
        status = self._adr_fields(self._try_adr(block))
        for _ in range(1 if form == 'one' else len(block)):
            self._answer(3, 'LinkADRAns', **status)

    @staticmethod
    def _adr_fields(status):
        return {'ch_mask_ack': status & 1, 'data_rate_ack': status >> 1 & 1, 'power_ack': status >> 2 & 1}

    def _try_adr(self, block):
        last, keep = block[-1], order(self.version) >= order('1.0.4')
        enabled = set(self.channels.enabled)
        for c in block:
            if enabled is not None:
                enabled = self.channels.after_mask(enabled, c.ch_mask, c.ch_mask_cntl)
        mask_ok = bool(enabled)
        dr = self.dr if keep and last.data_rate == 15 else last.data_rate
        power = self.tx_power if keep and last.tx_power == 15 else last.tx_power
        status = mask_ok | (dr in self.channels.rates_of(enabled or ())) << 1
        status |= (power <= self.region.max_power_index) << 2
        status, good = self._status(3, status, LINK_ADR_OK)
        if good:
            self.channels.enabled, self.dr, self.tx_power = enabled, dr, power
            if last.nb_trans or not keep:
                self.nb_trans = last.nb_trans or 1
        return status

    def _do_DutyCycleReq(self, c):
        self.max_dcycle = c.max_dcycle
        self._answer(4, 'DutyCycleAns')

    def _do_RXParamSetupReq(self, c):
        status = self._frequency_ok(c.frequency_hz) | (c.rx2_data_rate in self.region.downlink_rates) << 1
        status |= (c.rx1_dr_offset <= self.region.max_rx1_dr_offset) << 2
        status, good = self._status(5, status, RX_PARAM_OK)
        if good:
            self.rx1_dr_offset, self.rx2 = c.rx1_dr_offset, (c.frequency_hz, c.rx2_data_rate)
        self._answer(5, 'RXParamSetupAns', channel_ack=status & 1, rx2_data_rate_ack=status >> 1 & 1,
                     rx1_dr_offset_ack=status >> 2 & 1)

    def _frequency_ok(self, freq_hz):
        return self.region.frequency_range[0] <= freq_hz <= self.region.frequency_range[1]

    def _do_DevStatusReq(self, c):
        self._answer(6, 'DevStatusAns', battery=self.battery, margin=self.snr_margin)

    def _do_NewChannelReq(self, c):
        if self.region.plan != 'dynamic':
            return
        free = c.ch_index < 16 and c.ch_index >= self.channels.n_default
        status = (free and (c.frequency_hz == 0 or self._frequency_ok(c.frequency_hz))) | (c.min_dr <= c.max_dr) << 1
        status, good = self._status(7, status, NEW_CHANNEL_OK)
        if good and c.frequency_hz == 0:
            self.channels.remove(c.ch_index)
        elif good:
            self.channels.define(c.ch_index, c.frequency_hz, range(c.min_dr, c.max_dr + 1))
        self._answer(7, 'NewChannelAns', channel_freq_ok=status & 1, data_rate_range_ok=status >> 1 & 1)

    def _do_RXTimingSetupReq(self, c):
        self.rx1_delay = c.delay or 1
        self._answer(8, 'RXTimingSetupAns')

    def _do_TxParamSetupReq(self, c):
        if not self.region.has_tx_param_setup:
            return
        self.dwell, self.max_eirp_index = (c.downlink_dwell_time, c.uplink_dwell_time), c.max_eirp_index
        self._answer(9, 'TxParamSetupAns')

    def _do_DlChannelReq(self, c):
        if self.region.plan != 'dynamic':
            return
        status = self._frequency_ok(c.frequency_hz) | (c.ch_index in self.channels.defined) << 1
        status, good = self._status(10, status, DL_CHANNEL_OK)
        if good:
            self.channels.defined[c.ch_index].down_hz = c.frequency_hz
        self._answer(10, 'DlChannelAns', channel_freq_ok=status & 1, uplink_freq_exists=status >> 1 & 1)

    def _do_ADRParamSetupReq(self, c):
        self.adr_ack_limit, self.adr_ack_delay = 1 << c.limit_exp, 1 << c.delay_exp
        self._answer(12, 'ADRParamSetupAns')

    def _do_ForceRejoinReq(self, c):
        self.force_rejoin = c

    def _do_RejoinParamSetupReq(self, c):
        self.rejoin_param = c
        self._answer(15, 'RejoinParamSetupAns', time_ok=self.refuse.get(15, 1) & 1)

    def _do_PingSlotChannelReq(self, c):
        status = c.frequency_hz == 0 or self._frequency_ok(c.frequency_hz)
        status |= (c.data_rate in self.region.downlink_rates) << 1
        status, good = self._status(17, status, PING_OK)
        if good:
            self.ping_slot = c.frequency_hz or None, c.data_rate
        self._answer(17, 'PingSlotChannelAns', channel_freq_ok=status & 1, data_rate_ok=status >> 1 & 1)

    def _do_BeaconFreqReq(self, c):
        status, good = self._status(19, int(c.frequency_hz == 0 or self._frequency_ok(c.frequency_hz)), 1)
        if good:
            self.beacon_hz = c.frequency_hz or None
        self._answer(19, 'BeaconFreqAns', beacon_freq_ok=status)

    # ---- answers to what the device asked

    def _confirmed(self, name, c):
        require(c.minor == 1, '%s with minor version %d' % (c.name, c.minor))
        self.until_confirmed.pop(name, None)

    def _do_ResetConf(self, c):
        self._confirmed('ResetInd', c)

    def _do_RekeyConf(self, c):
        self._confirmed('RekeyInd', c)

    def _do_DeviceModeConf(self, c):
        self.until_confirmed.pop('DeviceModeInd', None)
        self.device_class = {0: 'A', 2: 'C'}.get(c.fields['class'], '?')

    def _do_LinkCheckAns(self, c):
        self.link_check = c

    def _do_DeviceTimeAns(self, c):
        self.gps_s = c.gps_seconds + c.fraction_256 / 256

    def _do_PingSlotInfoAns(self, c):
        pass

    def _do_BeaconTimingAns(self, c):
        self.beacon_timing = c
