"""lorawan.py - a LoRaWAN 1.0.0-1.0.4 end device, written from the standard and sharing nothing with the server.

A Device builds join requests and uplinks, opens join accepts and downlinks, and is strict where a
careless server would slip: a downlink counter may never come twice in a session, whatever happened
to the server in between, and a JoinNonce must grow.
"""
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

JOIN_REQUEST, JOIN_ACCEPT, UNCONFIRMED_UP, UNCONFIRMED_DOWN, CONFIRMED_UP, CONFIRMED_DOWN, REJOIN, PROPRIETARY = range(8)
MAX_FCNT_GAP = 16384
UP, DOWN = 0, 1


class Violation(AssertionError):
    """The server broke a rule of the standard."""


def require(condition, text):
    if not condition:
        raise Violation(text)


# ---- primitives -------------------------------------------------------------------------------

def aes_encrypt(key, blocks):
    enc = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return enc.update(blocks) + enc.finalize()


def aes_decrypt(key, blocks):
    dec = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    return dec.update(blocks) + dec.finalize()


def cmac(key, message):
    c = CMAC(algorithms.AES(key))
    c.update(message)
    return c.finalize()


def reverse_hex(text):
    """Displayed (most significant first) to on-air order."""
    return bytes.fromhex(text)[::-1]


def show(octets):
    """On-air order to displayed."""
    return octets[::-1].hex()


def b0(direction, dev_addr, f_cnt, length):
    return struct.pack('<BxxxxB4sIxB', 0x49, direction, reverse_hex(dev_addr), f_cnt, length)


def data_mic(nwk_s_key, direction, dev_addr, f_cnt, msg):
    return cmac(nwk_s_key, b0(direction, dev_addr, f_cnt, len(msg)) + msg)[:4]


def crypt_payload(key, direction, dev_addr, f_cnt, data):
    out = bytearray()
    for i in range(0, len(data), 16):
        block = struct.pack('<BxxxxB4sIxB', 0x01, direction, reverse_hex(dev_addr), f_cnt, i // 16 + 1)
        stream = aes_encrypt(key, block)
        out += bytes(a ^ b for a, b in zip(data[i:i + 16], stream))
    return bytes(out)


def session_keys(app_key, join_nonce, net_id, dev_nonce):
    tail = join_nonce.to_bytes(3, 'little') + reverse_hex(net_id) + dev_nonce.to_bytes(2, 'little') + bytes(7)
    return aes_encrypt(app_key, b'\x01' + tail), aes_encrypt(app_key, b'\x02' + tail)


def full_f_cnt(next_expected, f16):
    """(candidate, is_repeat); candidate None when the counter would pass 32 bits."""
    if next_expected > 0 and f16 == (next_expected - 1) & 0xffff:
        return next_expected - 1, True
    candidate = next_expected + ((f16 - next_expected) & 0xffff)
    return (None if candidate > 0xffffffff else candidate), False


def f_ctrl_up(adr=False, adr_ack_req=False, ack=False, class_b=False, f_opts_len=0):
    return adr << 7 | adr_ack_req << 6 | ack << 5 | class_b << 4 | f_opts_len


def f_ctrl_down(adr=False, ack=False, f_pending=False, f_opts_len=0):
    return adr << 7 | ack << 5 | f_pending << 4 | f_opts_len


def data_frame(m_type, dev_addr, f_cnt, f_ctrl, f_opts, f_port, payload, nwk_s_key, app_s_key):
    """A whole PHYPayload from plain text, either direction. f_port None leaves port and payload out."""
    direction = UP if m_type in (UNCONFIRMED_UP, CONFIRMED_UP) else DOWN
    msg = bytes([m_type << 5]) + reverse_hex(dev_addr) + bytes([f_ctrl]) + struct.pack('<H', f_cnt & 0xffff) + f_opts
    if f_port is not None:
        key = nwk_s_key if f_port in (0, 226) else app_s_key
        msg += bytes([f_port]) + crypt_payload(key, direction, dev_addr, f_cnt, payload)
    return msg + data_mic(nwk_s_key, direction, dev_addr, f_cnt, msg)


def join_request(app_key, join_eui, dev_eui, dev_nonce):
    msg = b'\x00' + reverse_hex(join_eui) + reverse_hex(dev_eui) + struct.pack('<H', dev_nonce)
    return msg + cmac(app_key, msg)[:4]


class JoinAccept:
    """A join accept opened with the root key; Violation when its MIC does not fit."""

    def __init__(self, app_key, phy):
        require(phy[0] == JOIN_ACCEPT << 5, 'join accept: MHDR is %02x' % phy[0])
        require(len(phy) in (17, 33), 'join accept: %d octets' % len(phy))
        self.plain = aes_encrypt(app_key, phy[1:])
        body, self.mic = self.plain[:-4], self.plain[-4:]
        require(cmac(app_key, phy[:1] + body)[:4] == self.mic, 'join accept: MIC mismatch')
        self.join_nonce = int.from_bytes(body[0:3], 'little')
        self.net_id = show(body[3:6])
        self.dev_addr = show(body[6:10])
        self.opt_neg = body[10] >> 7
        self.rx1_dr_offset = body[10] >> 4 & 7
        self.rx2_dr = body[10] & 15
        self.rx_delay = body[11] & 15
        self.rx_delay_rfu = body[11] >> 4
        self.cf_list = body[12:]

    def cf_list_frequencies(self):
        require(len(self.cf_list) == 16 and self.cf_list[15] == 0, 'CFList is not of type 0')
        return [int.from_bytes(self.cf_list[i:i + 3], 'little') * 100 for i in range(0, 15, 3)]

    def cf_list_channels(self):
        require(len(self.cf_list) == 16 and self.cf_list[15] == 1, 'CFList is not of type 1')
        mask = int.from_bytes(self.cf_list[:15], 'little')
        return [i for i in range(120) if mask >> i & 1]


def cf_list_type0(frequencies_hz):
    out = b''.join((f // 100).to_bytes(3, 'little') for f in frequencies_hz)
    return out.ljust(15, b'\0') + b'\0'


def cf_list_type1(channels):
    return sum(1 << c for c in channels).to_bytes(15, 'little') + b'\1'


def dev_addr_prefix(net_id):
    """(prefix as integer, prefix length in bits) of DevAddrs of a NetID."""
    n = int(net_id, 16)
    t = n >> 21
    id_bits = (6, 6, 9, 11, 12, 13, 15, 17)[t]
    length = t + 1 + id_bits
    type_prefix = ((1 << t) - 1) << 1  # t ones, then a zero
    return ((type_prefix << id_bits) | (n & ((1 << id_bits) - 1))) << (32 - length), length


MAC_DOWN_LENGTH = {0x02: 2, 0x03: 4, 0x04: 1, 0x05: 4, 0x06: 0, 0x07: 5, 0x08: 1, 0x09: 1, 0x0a: 4, 0x0d: 5}


def mac_commands_down(octets):
    """[(CID, payload)]; Violation on an unknown CID or a cut one."""
    out, i = [], 0
    while i < len(octets):
        cid = octets[i]
        require(cid in MAC_DOWN_LENGTH, 'MAC command %02x is not of LoRaWAN 1.0' % cid)
        n = MAC_DOWN_LENGTH[cid]
        require(i + 1 + n <= len(octets), 'MAC command %02x is cut short' % cid)
        out.append((cid, octets[i + 1:i + 1 + n]))
        i += 1 + n
    return out


# ---- regions ----------------------------------------------------------------------------------

class EU868:
    name, config_id = 'EU868', 'eu868'
    default_channels = (868100000, 868300000, 868500000)
    cf_list = (867100000, 867300000, 867500000, 867700000, 867900000)
    rx2 = (869525000, 0)
    rates = {0: 'SF12BW125', 1: 'SF11BW125', 2: 'SF10BW125', 3: 'SF9BW125', 4: 'SF8BW125', 5: 'SF7BW125',
             6: 'SF7BW250', 7: 50000, 8: 'M0CW137', 9: 'M0CW137', 10: 'M0CW336', 11: 'M0CW336'}
    lr_fhss_codr = {8: '1/3', 9: '2/3', 10: '1/3', 11: '2/3'}
    max_n = {0: 51, 1: 51, 2: 51, 3: 115, 4: 242, 5: 242, 6: 242, 7: 242}

    @staticmethod
    def rx1(freq_hz, dr, offset=0):
        base = dr if dr <= 7 else 1 + (dr & 1)   # LR-FHSS 1/3 answers as DR1, 2/3 as DR2
        return freq_hz, max(0, base - offset)

    @staticmethod
    def max_eirp(freq_hz):
        return 29 if 869400000 <= freq_hz <= 869650000 else 16


class US915:
    name, config_id = 'US915', 'us915'
    rx2 = (923300000, 8)
    rates = {0: 'SF10BW125', 1: 'SF9BW125', 2: 'SF8BW125', 3: 'SF7BW125', 4: 'SF8BW500', 5: 'M0CW1523', 6: 'M0CW1523',
             8: 'SF12BW500', 9: 'SF11BW500', 10: 'SF10BW500', 11: 'SF9BW500', 12: 'SF8BW500', 13: 'SF7BW500'}
    lr_fhss_codr = {5: '1/3', 6: '2/3'}
    max_n = {8: 53, 9: 129, 10: 242, 11: 242, 12: 242, 13: 242}

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


REGIONS = {'EU868': EU868, 'US915': US915}
REQUIRED_SNR = {7: -7.5, 8: -10.0, 9: -12.5, 10: -15.0, 11: -17.5, 12: -20.0}


def link_margin(snr, sf):
    """What LinkCheckAns carries for the best gateway."""
    return max(0, min(254, int((snr - REQUIRED_SNR[sf]) // 1)))


# ---- device -----------------------------------------------------------------------------------

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
            key = session.nwk_s_key if self.f_port == 0 else session.app_s_key
            self.payload = crypt_payload(key, DOWN, session.dev_addr, f_cnt, rest[1:])
        require(not self.rfu, 'FCtrl bit 6 is set in a downlink')
        require(not (self.f_port == 0 and self.f_opts), 'FOpts together with FPort 0')

    def mac(self):
        """All MAC commands, from FOpts or port 0."""
        return mac_commands_down(self.f_opts + (self.payload if self.f_port == 0 else b''))

    def application(self):
        """(port, payload), or None when the frame carries nothing of an application."""
        return (self.f_port, self.payload) if self.f_port else None


class Session:
    def __init__(self, dev_addr, nwk_s_key, app_s_key, f_cnt_up=0, f_cnt_down=0):
        self.dev_addr, self.nwk_s_key, self.app_s_key = dev_addr, nwk_s_key, app_s_key
        self.f_cnt_up, self.f_cnt_down = f_cnt_up, f_cnt_down
        self.offered = {}      # counter -> bytes: all that the server ever handed to a gateway
        self.received = set()  # counters of what was transmitted
        self.ack_due = False
        self.last_phy = None

    def uplink(self, payload=b'', f_port=None, confirmed=False, f_opts=b'', ack=None, adr=False, adr_ack_req=False,
               class_b=False, f_cnt=None):
        """The next uplink; with f_cnt that counter, and the own one stays."""
        own = f_cnt is None
        if own:
            f_cnt = self.f_cnt_up
        if f_port is None and payload:
            f_port = 1
        if ack is None:
            ack, self.ack_due = self.ack_due, False
        phy = data_frame(CONFIRMED_UP if confirmed else UNCONFIRMED_UP, self.dev_addr, f_cnt,
                         f_ctrl_up(adr, adr_ack_req, ack, class_b, len(f_opts)), f_opts, f_port, payload,
                         self.nwk_s_key, self.app_s_key)
        if own:
            self.f_cnt_up, self.last_phy = f_cnt + 1, phy
        return phy

    def open(self, phy):
        """Check and open a downlink handed to a gateway, without receiving it. Violation unless it is good."""
        require(len(phy) >= 12, 'downlink of %d octets' % len(phy))
        require(phy[0] in (UNCONFIRMED_DOWN << 5, CONFIRMED_DOWN << 5), 'downlink: MHDR is %02x' % phy[0])
        require(show(phy[1:5]) == self.dev_addr, 'downlink: DevAddr %s, not %s' % (show(phy[1:5]), self.dev_addr))
        require(8 + (phy[5] & 15) + 4 <= len(phy), 'downlink: FOptsLen beyond the frame')
        f16 = struct.unpack_from('<H', phy, 6)[0]
        candidate = self.f_cnt_down + ((f16 - self.f_cnt_down) & 0xffff)
        for f_cnt in [candidate] + [c for c in self.offered if c & 0xffff == f16]:
            if f_cnt <= 0xffffffff and data_mic(self.nwk_s_key, DOWN, self.dev_addr, f_cnt, phy[:-4]) == phy[-4:]:
                break
        else:
            raise Violation('downlink: MIC fits neither counter %d nor one seen before' % candidate)
        known = self.offered.setdefault(f_cnt, phy)
        require(known == phy, 'FCntDown %d used for two different frames' % f_cnt)
        return Downlink(self, f_cnt, phy)

    def receive(self, phy):
        """A downlink that a gateway transmitted."""
        down = self.open(phy)
        require(down.f_cnt not in self.received, 'FCntDown %d transmitted twice' % down.f_cnt)
        require(down.f_cnt >= self.f_cnt_down, 'FCntDown %d went back: %d was next' % (down.f_cnt, self.f_cnt_down))
        self.received.add(down.f_cnt)
        self.f_cnt_down = down.f_cnt + 1
        if down.confirmed:
            self.ack_due = True
        return down


class Device:
    """An end device: root key, nonces, its session and those before it."""

    def __init__(self, dev_eui, app_key=None, join_eui='0000000000000000', version='1.0.3', region=EU868):
        self.dev_eui, self.join_eui, self.version, self.region = dev_eui, join_eui, version, region
        self.app_key = os.urandom(16) if app_key is None else app_key
        self.next_dev_nonce = 1
        self.requests = {}          # DevNonce -> phy of requests that may still be answered
        self.join_nonces = {}       # JoinNonce -> phy of its accept
        self.last_join_nonce = 0
        self.session = None
        self.old_sessions = []
        self.rx1_delay, self.rx1_dr_offset = 1, 0
        self.rx2 = region.rx2

    def activate(self, dev_addr, nwk_s_key, app_s_key, f_cnt_up=0, f_cnt_down=0):
        self.session = Session(dev_addr, nwk_s_key, app_s_key, f_cnt_up, f_cnt_down)
        return self

    def join_request(self, dev_nonce=None, app_key=None, join_eui=None):
        if dev_nonce is None:
            dev_nonce = self.next_dev_nonce
            self.next_dev_nonce += 1
        self.last_dev_nonce = dev_nonce
        return join_request(app_key or self.app_key, join_eui or self.join_eui, self.dev_eui, dev_nonce)

    def can_open_accept(self, phy):
        try:
            JoinAccept(self.app_key, phy)
            return True
        except Violation:
            return False

    def accept(self, phy, dev_nonce=None):
        """Take a join accept for the last request and change to the new session."""
        a = JoinAccept(self.app_key, phy)
        require(a.opt_neg == 0, 'OptNeg is set for a 1.0 device')
        require(a.rx_delay_rfu == 0, 'RFU bits of RxDelay are set')
        require(a.join_nonce > self.last_join_nonce,
                'JoinNonce %d after %d' % (a.join_nonce, self.last_join_nonce))
        self.last_join_nonce = a.join_nonce
        nwk, app = session_keys(self.app_key, a.join_nonce, a.net_id,
                                self.last_dev_nonce if dev_nonce is None else dev_nonce)
        if self.session:
            self.old_sessions.append(self.session)
        self.session = Session(a.dev_addr, nwk, app)
        self.rx1_delay, self.rx1_dr_offset = a.rx_delay or 1, a.rx1_dr_offset
        self.rx2 = (self.region.rx2[0], a.rx2_dr)
        return a

    def uplink(self, *args, **kwargs):
        return self.session.uplink(*args, **kwargs)

    def repeat(self):
        return self.session.last_phy

    def receive(self, phy):
        return self.session.receive(phy)

    @property
    def dev_addr(self):
        return self.session.dev_addr

    @property
    def f_cnt_up(self):
        return self.session.f_cnt_up


def mac_link_check_req():
    return b'\x02'


def mac_device_time_req():
    return b'\x0d'
