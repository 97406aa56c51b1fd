"""lorawan_device.py - an end device of 1.0.0 to 1.0.4 and 1.1: root keys, nonces, sessions and its MAC layer."""
import os

from lorawan_class_b import next_slot_ms, ping_nb
from lorawan_crypto import Violation, js_keys, require, session_keys, session_keys_11
from lorawan_device_mac import DeviceMac
from lorawan_frame import JOIN_REQUEST_TYPE, JoinAccept, join_request, rejoin_request
from lorawan_mac import order
from lorawan_region import EU868
from lorawan_session import Session


class Device:
    """
    Before 1.1 its root key is app_key; in 1.1 nwk_key and app_key.

    It carries out MAC commands by itself (`mac`) and puts answers into FOpts of its next uplink. `answers = False`
    keeps it from both.
    """

    def __init__(self, dev_eui, app_key=None, join_eui='0000000000000000', version='1.0.3', region=EU868, nwk_key=None):
        self.dev_eui, self.join_eui, self.version, self.region = dev_eui, join_eui, version, region
        self.app_key = os.urandom(16) if app_key is None else app_key
        self.is_1_1 = order(version) >= order('1.1')
        self.nwk_key = (nwk_key or os.urandom(16)) if self.is_1_1 else None
        self.js_enc_key, self.js_int_key = js_keys(self.nwk_key, dev_eui) if self.is_1_1 else (None, None)
        self.next_dev_nonce = 1
        self.last_dev_nonce = None
        self.last_join_nonce = 0
        self.rj_count0 = self.rj_count1 = 0
        self.last_rejoin = None        # (type, RJcount) of the rejoin request under way
        self.net_id = '000000'
        self.session = None
        self.old_sessions = []
        self.erratum = True            # FOpts of 1.1 as the erratum has them
        self.mac = DeviceMac(region, version)
        self.answers = True

    @property
    def root_key(self):
        """The key of join requests."""
        return self.nwk_key if self.is_1_1 else self.app_key

    # what it listens on
    rx1_delay = property(lambda self: self.mac.rx1_delay, lambda self, v: setattr(self.mac, 'rx1_delay', v))
    rx1_dr_offset = property(lambda self: self.mac.rx1_dr_offset, lambda self, v: setattr(self.mac, 'rx1_dr_offset', v))
    rx2 = property(lambda self: self.mac.rx2, lambda self, v: setattr(self.mac, 'rx2', v))

    # ---- activation

    def activate(self, dev_addr, nwk_s_key, app_s_key, f_cnt_up=0, f_cnt_down=0, s_nwk_s_int_key=None, nwk_s_enc_key=None,
                 a_f_cnt_down=0):
        """By personalization. A device of 1.1 says ResetInd until ResetConf."""
        if self.is_1_1 and s_nwk_s_int_key is None:
            s_nwk_s_int_key, nwk_s_enc_key = os.urandom(16), os.urandom(16)
        self.session = Session(dev_addr, nwk_s_key, app_s_key, f_cnt_up, f_cnt_down, s_nwk_s_int_key, nwk_s_enc_key,
                               a_f_cnt_down, self.erratum)
        self.mac.reset()
        self.tune_default()
        if self.is_1_1:
            self.mac.indicate('ResetInd', minor=1)
        return self

    def join_request(self, dev_nonce=None, app_key=None, join_eui=None):
        if dev_nonce is None:
            dev_nonce = self.next_dev_nonce
            self.next_dev_nonce += 1
        self.last_dev_nonce, self.last_rejoin = dev_nonce, None
        return join_request(app_key or self.root_key, join_eui or self.join_eui, self.dev_eui, dev_nonce)

    def rejoin_request(self, rejoin_type, count=None, key=None):
        """The next rejoin request of this type; count overrides RJcount and leaves it."""
        name = 'rj_count1' if rejoin_type == 1 else 'rj_count0'
        if count is None:
            count = getattr(self, name)
            setattr(self, name, count + 1)
        self.last_rejoin = rejoin_type, count
        if rejoin_type == 1:
            return rejoin_request(1, key or self.js_int_key, self.join_eui, self.dev_eui, count)
        return rejoin_request(rejoin_type, key or self.session.s_nwk_s_int_key, self.net_id, self.dev_eui, count)

    def _open_accept(self, phy, dev_nonce=None):
        if not self.is_1_1:
            return JoinAccept(self.app_key, phy)
        if self.last_rejoin:
            return JoinAccept(self.js_enc_key, phy, self.js_int_key, self.last_rejoin[0], self.join_eui, self.last_rejoin[1])
        nonce = self.last_dev_nonce if dev_nonce is None else dev_nonce
        return JoinAccept(self.nwk_key, phy, self.js_int_key, JOIN_REQUEST_TYPE, self.join_eui, nonce)

    def can_open_accept(self, phy):
        try:
            self._open_accept(phy)
            return True
        except Violation:
            return False

    def accept(self, phy, dev_nonce=None):
        """Take a join accept for the last request and change to the new session."""
        a = self._open_accept(phy, dev_nonce)
        require(self.is_1_1 or a.opt_neg == 0, 'OptNeg is set for a 1.0 device')
        require(not self.last_rejoin or a.opt_neg == 1, 'OptNeg 0 in the answer to a rejoin request')
        require(a.rx_delay_rfu == 0, 'RFU bits of RxDelay are set')
        require(a.join_nonce > self.last_join_nonce,
                'JoinNonce %d after %d' % (a.join_nonce, self.last_join_nonce))
        self.last_join_nonce = a.join_nonce
        nonce = self.last_rejoin[1] if self.last_rejoin else self.last_dev_nonce if dev_nonce is None else dev_nonce
        if self.session:
            self.old_sessions.append(self.session)
        self.session = self._new_session(a, nonce)
        if self.last_rejoin and self.last_rejoin[0] == 2:
            self.mac.owed = []
            if a.cf_list:
                self.mac.channels.take_cf_list(a)
        else:
            self.mac.reset(a)
            self.tune_default()
        self.net_id, self.rj_count0, self.last_rejoin = a.net_id, 0, None
        if a.opt_neg:
            self.mac.indicate('RekeyInd', minor=1)
        return a

    def _new_session(self, a, nonce):
        if a.opt_neg:
            f_int, s_int, enc, app = session_keys_11(self.nwk_key, self.app_key, a.join_nonce, self.join_eui, nonce)
            s = Session(a.dev_addr, f_int, app, 0, 0, s_int, enc, 0, self.erratum)
        else:
            nwk, app = session_keys(self.root_key, a.join_nonce, a.net_id, nonce)
            s = Session(a.dev_addr, nwk, app)
        if self.session:
            s.tx_dr, s.tx_ch = self.session.tx_dr, self.session.tx_ch
        return s

    # ---- up

    def tune_default(self):
        """The rate and channel tests use when they say nothing (Gateway.send, Lab.fence_radio)."""
        fixed = self.region.plan == 'fixed'
        self.mac.dr = self.session.tx_dr = 0 if fixed else 5
        self.session.tx_ch = 8 if fixed else 0

    def tune(self, freq_hz, dr):
        """Transmit there next; what follows is MICed so in 1.1."""
        for s in [self.session] + self.old_sessions:
            if s:
                s.tx_dr, s.tx_ch = dr, self.mac.channels.index_of(freq_hz, dr)
        return self

    def uplink(self, payload=b'', f_port=None, confirmed=False, f_opts=b'', f_cnt=None, **kwargs):
        """The next uplink, with the answers the device owes."""
        self.mac.note_asked(f_opts + (payload if f_port == 0 else b''))
        if self.answers and f_cnt is None and f_port != 0:
            f_opts = self.mac.f_opts(15 - len(f_opts)) + f_opts
        return self.session.uplink(payload, f_port, confirmed, f_opts, f_cnt=f_cnt, **kwargs)

    def repeat(self, freq_hz=None, dr=None):
        if freq_hz is None:
            return self.session.repeat()
        return self.session.repeat(dr, self.mac.channels.index_of(freq_hz, dr))

    # ---- down

    def receive(self, phy, class_a=True):
        """A downlink that was transmitted; class_a False when it came in a ping slot or outside RX1 and RX2."""
        down = self.session.receive(phy)
        if self.answers:
            self.mac.receive(down.mac_octets(), class_a)
        return down

    def next_ping_slot_ms(self, after_gps_ms):
        return next_slot_ms(after_gps_ms, self.dev_addr, ping_nb(self.mac.periodicity))

    @property
    def dev_addr(self):
        return self.session.dev_addr

    @property
    def f_cnt_up(self):
        return self.session.f_cnt_up
