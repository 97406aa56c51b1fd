"""lorawan_frame.py - whole frames: data in both directions, join and rejoin requests, join accepts."""
import struct

from lorawan_crypto import (DOWN, UP, aes_decrypt, aes_encrypt, cmac, crypt_f_opts, crypt_payload, data_mic, require,
                            reverse_hex, show, up_mic_11)

JOIN_REQUEST, JOIN_ACCEPT, UNCONFIRMED_UP, UNCONFIRMED_DOWN, CONFIRMED_UP, CONFIRMED_DOWN, REJOIN, PROPRIETARY = range(8)
MAX_FCNT_GAP = 16384
JOIN_REQUEST_TYPE = 0xff     # JoinReqType of a join request; a rejoin has its type


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


def _message(m_type, dev_addr, f_cnt, f_ctrl, f_opts):
    return bytes([m_type << 5]) + reverse_hex(dev_addr) + bytes([f_ctrl]) + struct.pack('<H', f_cnt & 0xffff) + f_opts


def _direction(m_type):
    return UP if m_type in (UNCONFIRMED_UP, CONFIRMED_UP) else DOWN


def data_frame(m_type, dev_addr, f_cnt, f_ctrl, f_opts, f_port, payload, nwk_s_key, app_s_key):
    """A whole PHYPayload of 1.0.x from plain text, either direction. f_port None leaves port and payload out."""
    direction = _direction(m_type)
    msg = _message(m_type, dev_addr, f_cnt, f_ctrl, f_opts)
    if f_port is not None:
        key = nwk_s_key if f_port in (0, 226) else app_s_key
        msg += bytes([f_port]) + crypt_payload(key, direction, dev_addr, f_cnt, payload)
    return msg + data_mic(nwk_s_key, direction, dev_addr, f_cnt, msg)


def data_frame_11(m_type, dev_addr, f_cnt, f_ctrl, f_opts, f_port, payload, keys, conf_f_cnt=0, tx_dr=0, tx_ch=0,
                  erratum=True):
    """The same of 1.1; keys are FNwkSIntKey, SNwkSIntKey, NwkSEncKey, AppSKey. conf_f_cnt counts with ACK only."""
    f_int, s_int, enc, app = keys
    direction = _direction(m_type)
    is_a = direction == DOWN and bool(f_port)
    msg = _message(m_type, dev_addr, f_cnt, f_ctrl,
                   crypt_f_opts(enc, direction, dev_addr, f_cnt, f_opts, is_a, erratum))
    if f_port is not None:
        key = enc if f_port in (0, 226) else app
        msg += bytes([f_port]) + crypt_payload(key, direction, dev_addr, f_cnt, payload)
    conf = conf_f_cnt if f_ctrl & 0x20 else 0
    if direction == UP:
        return msg + up_mic_11(f_int, s_int, dev_addr, f_cnt, msg, conf, tx_dr, tx_ch)
    return msg + data_mic(s_int, DOWN, dev_addr, f_cnt, msg, conf)


def join_request(root_key, join_eui, dev_eui, dev_nonce):
    """root_key is AppKey in 1.0.x, NwkKey in 1.1."""
    msg = b'\x00' + reverse_hex(join_eui) + reverse_hex(dev_eui) + struct.pack('<H', dev_nonce)
    return msg + cmac(root_key, msg)[:4]


def rejoin_request(rejoin_type, key, eui_or_net_id, dev_eui, rj_count):
    """Types 0 and 2 carry the NetID and have SNwkSIntKey, type 1 the JoinEUI and JSIntKey."""
    msg = bytes([REJOIN << 5, rejoin_type]) + reverse_hex(eui_or_net_id) + reverse_hex(dev_eui) + struct.pack('<H', rj_count)
    return msg + cmac(key, msg)[:4]


class JoinAccept:
    """
    A join accept opened with its key; Violation when its MIC does not fit.

    js_int_key, with the type, JoinEUI and nonce of the request, is for devices of 1.1: OptNeg says which MIC it has.
    """

    def __init__(self, key, phy, js_int_key=None, req_type=JOIN_REQUEST_TYPE, join_eui=None, dev_nonce=None):
        require(phy[0] == JOIN_ACCEPT << 5, 'join accept: MHDR is %02x' % phy[0])
        require(len(phy) in (17, 33), 'join accept: %d octets' % len(phy))
        self.plain = aes_encrypt(key, phy[1:])
        body, self.mic = self.plain[:-4], self.plain[-4:]
        self.opt_neg = body[10] >> 7
        if self.opt_neg and js_int_key:
            head = bytes([req_type]) + reverse_hex(join_eui) + struct.pack('<H', dev_nonce)
            mic = cmac(js_int_key, head + phy[:1] + body)[:4]
        else:
            mic = cmac(key, phy[:1] + body)[:4]
        require(mic == self.mic, 'join accept: MIC mismatch')
        self.join_nonce = int.from_bytes(body[0:3], 'little')
        self.net_id = show(body[3:6])
        self.dev_addr = show(body[6:10])
        self.rx1_dr_offset = body[10] >> 4 & 7
        self.rx2_dr = body[10] & 15
        self.rx_delay = body[11] & 15
        self.rx_delay_rfu = body[11] >> 4
        self.cf_list = body[12:]

    def cf_list_frequencies(self, unit_hz=100):
        require(len(self.cf_list) == 16 and self.cf_list[15] == 0, 'CFList is not of type 0')
        return [int.from_bytes(self.cf_list[i:i + 3], 'little') * unit_hz for i in range(0, 15, 3)]

    def cf_list_channels(self):
        require(len(self.cf_list) == 16 and self.cf_list[15] == 1, 'CFList is not of type 1')
        mask = int.from_bytes(self.cf_list[:15], 'little')
        return [i for i in range(120) if mask >> i & 1]


def join_accept(key, body, js_int_key=None, req_type=JOIN_REQUEST_TYPE, join_eui=None, dev_nonce=None):
    """What a server sends, for tests of the device."""
    head = bytes([req_type]) + reverse_hex(join_eui) + struct.pack('<H', dev_nonce) if js_int_key else b''
    return b'\x20' + aes_decrypt(key, body + cmac(js_int_key or key, head + b'\x20' + body)[:4])


def cf_list_type0(frequencies_hz, unit_hz=100):
    out = b''.join((f // unit_hz).to_bytes(3, 'little') for f in frequencies_hz)
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
