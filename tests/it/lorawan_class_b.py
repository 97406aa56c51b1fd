"""lorawan_class_b.py - beacons and ping slots: when an end device of class B listens."""
import struct

from lorawan_crypto import aes_encrypt, crc16, require, reverse_hex

BEACON_PERIOD_S, RESERVED_MS, SLOT_MS, N_SLOTS, GUARD_MS = 128, 2120, 30, 4096, 3000
BEACON_DELAY_US = 1500
GPS_EPOCH_UNIX_S, LEAP_S = 315964800, 18     # since 2017


def gps_ms(unix_s):
    return round((unix_s - GPS_EPOCH_UNIX_S + LEAP_S) * 1000)


def beacon_time(gps_s):
    return int(gps_s) // BEACON_PERIOD_S * BEACON_PERIOD_S


def ping_nb(periodicity):
    return 1 << (7 - periodicity)


def ping_offset(beacon_s, dev_addr, nb):
    """Slots from the first to the device's own in this beacon period."""
    block = struct.pack('<I4s8x', beacon_s & 0xffffffff, reverse_hex(dev_addr))
    rand = aes_encrypt(bytes(16), block)
    return (rand[0] + 256 * rand[1]) % (N_SLOTS // nb)


def slots_ms(beacon_s, dev_addr, nb):
    """GPS milliseconds of all slots of one beacon period."""
    period, offset = N_SLOTS // nb, ping_offset(beacon_s, dev_addr, nb)
    first = beacon_s * 1000 + RESERVED_MS
    return [first + SLOT_MS * (offset + n * period) for n in range(nb)]


def next_slot_ms(after_ms, dev_addr, nb):
    """The first slot that begins later than this."""
    beacon_s = beacon_time(after_ms / 1000)
    while True:
        for at in slots_ms(beacon_s, dev_addr, nb):
            if at > after_ms:
                return at
        beacon_s += BEACON_PERIOD_S


def is_slot(at_ms, dev_addr, nb):
    return at_ms in slots_ms(beacon_time(at_ms / 1000), dev_addr, nb)


def hopping_channel(beacon_s, n, dev_addr=None):
    """Of N beacon frequencies, or with a DevAddr of N ping-slot frequencies."""
    return ((int(dev_addr, 16) if dev_addr else 0) + beacon_s // BEACON_PERIOD_S) % n


class Beacon:
    """A beacon frame, opened: both CRCs must fit. rfu1 counts the Param octet of 1.0.4 too."""

    def __init__(self, frame, rfu1, rfu2):
        require(len(frame) == rfu1 + 4 + 2 + 7 + rfu2 + 2, 'beacon of %d octets' % len(frame))
        head, own = frame[:rfu1 + 4], frame[rfu1 + 6:-2]
        require(crc16(head) == struct.unpack_from('<H', frame, rfu1 + 4)[0], 'beacon: first CRC')
        require(crc16(own) == struct.unpack('<H', frame[-2:])[0], 'beacon: second CRC')
        self.time = struct.unpack('<I', head[-4:])[0]
        self.info_desc = own[0]
        self.latitude = int.from_bytes(own[1:4], 'little', signed=True)
        self.longitude = int.from_bytes(own[4:7], 'little', signed=True)
