"""lorawan_session.py - a session as the end device keeps it, strict about everything a downlink may not be."""
import struct

from lorawan_crypto import DOWN, UP, Violation, crypt_f_opts, crypt_payload, data_mic, require, show, up_mic_11
from lorawan_frame import (CONFIRMED_DOWN, CONFIRMED_UP, UNCONFIRMED_DOWN, UNCONFIRMED_UP, data_frame, data_frame_11,
                           f_ctrl_up)
from lorawan_mac import DOWNLINK, decode


class Downlink:
    """A data downlink, opened and checked."""

    def __init__(self, session, f_cnt, phy):
        f_ctrl = phy[5]
        n_opts = f_ctrl & 15
        self.session, self.f_cnt, self.phy = session, f_cnt, phy
        self.confirmed = phy[0] >> 5 == CONFIRMED_DOWN
        self.adr, self.ack, self.f_pending = bool(f_ctrl & 0x80), bool(f_ctrl & 0x20), bool(f_ctrl & 0x10)
        self.rfu = bool(f_ctrl & 0x40)
        self.f_opts = phy[8:8 + n_opts]
        rest = phy[8 + n_opts:-4]
        self.f_port, self.payload = None, b''
        if rest:
            self.f_port = rest[0]
            key = session.nwk_s_enc_key if self.f_port in (0, 226) else session.app_s_key
            self.payload = crypt_payload(key, DOWN, session.dev_addr, f_cnt, rest[1:])
        self.counter = counter_name(session.is_1_1, self.f_port)
        if session.is_1_1:
            self.f_opts = crypt_f_opts(session.nwk_s_enc_key, DOWN, session.dev_addr, f_cnt, self.f_opts,
                                       self.counter == 'a', session.erratum)
        require(not self.rfu, 'FCtrl bit 6 is set in a downlink')
        require(not (self.f_port == 0 and self.f_opts), 'FOpts together with FPort 0')

    def mac_octets(self):
        return self.f_opts + (self.payload if self.f_port == 0 else b'')

    def mac(self):
        """[(CID, payload)] of all MAC commands, from FOpts or port 0."""
        return [(c.cid, c.payload) for c in self.commands()]

    def commands(self):
        """The same as Commands with named fields."""
        return decode(DOWNLINK, self.mac_octets())

    def application(self):
        """(port, payload), or None when the frame carries nothing of an application."""
        return (self.f_port, self.payload) if self.f_port else None


def counter_name(is_1_1, f_port):
    """Which downlink counter a frame has: n (the only one before 1.1) or a."""
    return 'a' if is_1_1 and f_port else 'n'


class Session:
    """
    Keys and counters. With s_nwk_s_int_key and nwk_s_enc_key it is a session of 1.1, nwk_s_key is then FNwkSIntKey.

    tx_dr, tx_ch are where the device transmits next: they are part of the MIC in 1.1.
    """

    def __init__(self, dev_addr, nwk_s_key, app_s_key, f_cnt_up=0, f_cnt_down=0, s_nwk_s_int_key=None, nwk_s_enc_key=None,
                 a_f_cnt_down=0, erratum=True):
        self.dev_addr, self.nwk_s_key, self.app_s_key = dev_addr, nwk_s_key, app_s_key
        self.is_1_1, self.erratum = s_nwk_s_int_key is not None, erratum
        self.f_nwk_s_int_key = nwk_s_key
        self.s_nwk_s_int_key, self.nwk_s_enc_key = s_nwk_s_int_key or nwk_s_key, nwk_s_enc_key or nwk_s_key
        self.f_cnt_up, self.f_cnt_down, self.a_f_cnt_down = f_cnt_up, f_cnt_down, a_f_cnt_down
        self.tx_dr, self.tx_ch = 5, 0
        self.offered = {}      # (counter, value) -> bytes: all that the server ever handed to a gateway
        self.received = set()  # (counter, value) of what was transmitted
        self.ack_due, self.ack_f_cnt = False, 0
        self.confirmed_f_cnt = 0
        self.last_phy = self._last_conf = None

    @property
    def keys(self):
        """FNwkSIntKey, SNwkSIntKey, NwkSEncKey, AppSKey."""
        return self.f_nwk_s_int_key, self.s_nwk_s_int_key, self.nwk_s_enc_key, self.app_s_key

    # ---- up

    def uplink(self, payload=b'', f_port=None, confirmed=False, f_opts=b'', ack=None, adr=False, adr_ack_req=False,
               class_b=False, f_cnt=None, tx_dr=None, tx_ch=None):
        """The next uplink; with f_cnt that counter, and the own one stays."""
        own = f_cnt is None
        if own:
            f_cnt = self.f_cnt_up
        if f_port is None and payload:
            f_port = 1
        if ack is None:
            ack, self.ack_due = self.ack_due, False
        if tx_dr is not None:
            self.tx_dr, self.tx_ch = tx_dr, tx_ch
        conf = self.ack_f_cnt if ack else 0
        m_type = CONFIRMED_UP if confirmed else UNCONFIRMED_UP
        f_ctrl = f_ctrl_up(adr, adr_ack_req, ack, class_b, len(f_opts))
        if self.is_1_1:
            phy = data_frame_11(m_type, self.dev_addr, f_cnt, f_ctrl, f_opts, f_port, payload, self.keys, conf,
                                self.tx_dr, self.tx_ch, self.erratum)
        else:
            phy = data_frame(m_type, self.dev_addr, f_cnt, f_ctrl, f_opts, f_port, payload, self.nwk_s_key, self.app_s_key)
        if confirmed:
            self.confirmed_f_cnt = f_cnt
        if own:
            self.f_cnt_up, self.last_phy, self._last_conf = f_cnt + 1, phy, conf
        return phy

    def repeat(self, tx_dr=None, tx_ch=None):
        """The last uplink once more, perhaps at another rate or channel: in 1.1 its MIC changes with them."""
        if not self.is_1_1 or tx_dr is None:
            return self.last_phy
        self.tx_dr, self.tx_ch = tx_dr, tx_ch
        msg = self.last_phy[:-4]
        return msg + up_mic_11(self.f_nwk_s_int_key, self.s_nwk_s_int_key, self.dev_addr, self.f_cnt_up - 1, msg,
                               self._last_conf, tx_dr, tx_ch)

    # ---- down

    def open(self, phy):
        """Check and open a downlink handed to a gateway, without receiving it. Violation unless it is good."""
        require(len(phy) >= 12, 'downlink of %d octets' % len(phy))
        require(phy[0] in (UNCONFIRMED_DOWN << 5, CONFIRMED_DOWN << 5), 'downlink: MHDR is %02x' % phy[0])
        require(show(phy[1:5]) == self.dev_addr, 'downlink: DevAddr %s, not %s' % (show(phy[1:5]), self.dev_addr))
        n_opts = phy[5] & 15
        require(8 + n_opts + 4 <= len(phy), 'downlink: FOptsLen beyond the frame')
        name = counter_name(self.is_1_1, phy[8 + n_opts] if len(phy) > 12 + n_opts else None)
        f16 = struct.unpack_from('<H', phy, 6)[0]
        next_f_cnt = self._next(name)
        candidate = next_f_cnt + ((f16 - next_f_cnt) & 0xffff)
        for f_cnt in [candidate] + [c for n, c in self.offered if n == name and c & 0xffff == f16]:
            if f_cnt <= 0xffffffff and self._mic_fits(phy, f_cnt):
                break
        else:
            raise Violation('downlink: MIC fits neither counter %d nor one seen before' % candidate)
        known = self.offered.setdefault((name, f_cnt), phy)
        require(known == phy, '%sFCntDown %d used for two different frames' % (name.upper() if self.is_1_1 else '', f_cnt))
        return Downlink(self, f_cnt, phy)

    def _next(self, name):
        return self.a_f_cnt_down if name == 'a' else self.f_cnt_down

    def _mic_fits(self, phy, f_cnt):
        conf = self.confirmed_f_cnt if self.is_1_1 and phy[5] & 0x20 else 0
        return data_mic(self.s_nwk_s_int_key, DOWN, self.dev_addr, f_cnt, phy[:-4], conf) == phy[-4:]

    def receive(self, phy):
        """A downlink that a gateway transmitted."""
        down = self.open(phy)
        key = down.counter, down.f_cnt
        require(key not in self.received, 'FCntDown %d transmitted twice' % down.f_cnt)
        require(down.f_cnt >= self._next(down.counter),
                'FCntDown %d went back: %d was next' % (down.f_cnt, self._next(down.counter)))
        self.received.add(key)
        if down.counter == 'a':
            self.a_f_cnt_down = down.f_cnt + 1
        else:
            self.f_cnt_down = down.f_cnt + 1
        if down.confirmed:
            self.ack_due, self.ack_f_cnt = True, down.f_cnt
        return down


class MulticastSession(Session):
    """A multicast group: downlinks only, unconfirmed, without MAC commands, with the MIC of 1.0.x in every version."""

    def __init__(self, mc_addr, mc_nwk_s_key, mc_app_s_key, f_cnt_down=0):
        Session.__init__(self, mc_addr, mc_nwk_s_key, mc_app_s_key, 0, f_cnt_down)

    def uplink(self, *args, **kwargs):
        raise TypeError('a multicast group has no uplinks')

    def open(self, phy):
        down = Session.open(self, phy)
        require(not down.confirmed, 'multicast: a confirmed frame')
        require(not down.ack, 'multicast: ACK is set')
        require(not down.mac_octets(), 'multicast: MAC commands')
        require(down.f_port, 'multicast: no application port')
        return down


__all__ = ['Downlink', 'Session', 'MulticastSession', 'UP', 'DOWN']
