"""lorawan_crypto.py - keys, MICs and ciphers of LoRaWAN 1.0.x and 1.1, from the texts and nothing else.

DevAddr, EUIs and NetID are text as people write them (most significant octet first); keys and MICs are octets.
"""
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

UP, DOWN = 0, 1


class Violation(AssertionError):
    """The server broke a rule of the standard."""


def require(condition, text):
    if not condition:
        raise Violation(text)


# ---- primitives

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


def xor(data, stream):
    return bytes(a ^ b for a, b in zip(data, stream))


def crc16(data):
    """Polynomial 1021, start 0, as beacons have it."""
    crc = 0
    for octet in data:
        crc ^= octet << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xffff
    return crc


# ---- MICs of data frames

def b0(direction, dev_addr, f_cnt, length, conf_f_cnt=0):
    return struct.pack('<BHxxB4sIxB', 0x49, conf_f_cnt & 0xffff, direction, reverse_hex(dev_addr), f_cnt, length)


def b1(conf_f_cnt, tx_dr, tx_ch, dev_addr, f_cnt, length):
    return struct.pack('<BHBBB4sIxB', 0x49, conf_f_cnt & 0xffff, tx_dr, tx_ch, UP, reverse_hex(dev_addr), f_cnt, length)


def data_mic(nwk_s_key, direction, dev_addr, f_cnt, msg, conf_f_cnt=0):
    """1.0.x both ways with NwkSKey, 1.1 downlinks with SNwkSIntKey and ConfFCnt."""
    return cmac(nwk_s_key, b0(direction, dev_addr, f_cnt, len(msg), conf_f_cnt) + msg)[:4]


def up_mic_11(f_nwk_s_int_key, s_nwk_s_int_key, dev_addr, f_cnt, msg, conf_f_cnt, tx_dr, tx_ch):
    cmac_s = cmac(s_nwk_s_int_key, b1(conf_f_cnt, tx_dr, tx_ch, dev_addr, f_cnt, len(msg)) + msg)
    return cmac_s[:2] + cmac(f_nwk_s_int_key, b0(UP, dev_addr, f_cnt, len(msg)) + msg)[:2]


# ---- ciphers

def crypt_payload(key, direction, dev_addr, f_cnt, data):
    out = bytearray()
    for i in range(0, len(data), 16):
        block = struct.pack('<BxxxxB4sIxB', 0x01, direction, reverse_hex(dev_addr), f_cnt, i // 16 + 1)
        out += xor(data[i:i + 16], aes_encrypt(key, block))
    return bytes(out)


def f_opts_block(direction, dev_addr, f_cnt, a_f_cnt_down=False, erratum=True):
    """The block FOpts are encrypted under in 1.1; without the erratum as the first text had it."""
    which = 0 if not erratum else 2 if a_f_cnt_down else 1
    return struct.pack('<BxxxBB4sIxB', 0x01, which, direction, reverse_hex(dev_addr), f_cnt, 1 if erratum else 0)


def crypt_f_opts(nwk_s_enc_key, direction, dev_addr, f_cnt, data, a_f_cnt_down=False, erratum=True):
    return xor(data, aes_encrypt(nwk_s_enc_key, f_opts_block(direction, dev_addr, f_cnt, a_f_cnt_down, erratum)))


# ---- keys

def session_keys(app_key, join_nonce, net_id, dev_nonce):
    """(NwkSKey, AppSKey) of 1.0.x, and of a 1.1 device that was answered with OptNeg 0."""
    tail = join_nonce.to_bytes(3, 'little') + reverse_hex(net_id) + dev_nonce.to_bytes(2, 'little') + bytes(7)
    return aes_encrypt(app_key, b'\x01' + tail), aes_encrypt(app_key, b'\x02' + tail)


def session_keys_11(nwk_key, app_key, join_nonce, join_eui, dev_nonce):
    """FNwkSIntKey, SNwkSIntKey, NwkSEncKey, AppSKey; dev_nonce is RJcount after a rejoin."""
    tail = join_nonce.to_bytes(3, 'little') + reverse_hex(join_eui) + dev_nonce.to_bytes(2, 'little') + bytes(2)
    return (aes_encrypt(nwk_key, b'\x01' + tail), aes_encrypt(nwk_key, b'\x03' + tail),
            aes_encrypt(nwk_key, b'\x04' + tail), aes_encrypt(app_key, b'\x02' + tail))


def js_keys(nwk_key, dev_eui):
    """(JSEncKey, JSIntKey), which last as long as the root key."""
    tail = reverse_hex(dev_eui) + bytes(7)
    return aes_encrypt(nwk_key, b'\x05' + tail), aes_encrypt(nwk_key, b'\x06' + tail)


def mc_root_key(gen_app_key=None, app_key=None):
    """From GenAppKey of a 1.0.x device or AppKey of a 1.1 device."""
    return aes_encrypt(app_key, b'\x20' + bytes(15)) if app_key else aes_encrypt(gen_app_key, bytes(16))


def mc_ke_key(root):
    return aes_encrypt(root, bytes(16))


def mc_session_keys(mc_key, mc_addr):
    """(McAppSKey, McNetSKey)."""
    tail = reverse_hex(mc_addr).ljust(15, b'\0')
    return aes_encrypt(mc_key, b'\x01' + tail), aes_encrypt(mc_key, b'\x02' + tail)
