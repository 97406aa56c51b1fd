"""Devices of lssim in 1.1, class B and class C."""
import time

import pytest

import lorawan_class_b as class_b
from lssim_server import f_opts, play
from test_lssim import summary


def test_abp_device_of_1_1_resets_and_counts_both_downlink_counters():
    def script(n, up):
        if n == 0:
            return None
        return dict(f_opts=b'\x01\x01', port=5, payload=b'ab') if n == 1 else dict(port=None, f_opts=b'\x06')
    s, p = play(script, is_1_1=True, count=4)
    assert p.returncode == 0, p.stderr
    assert f_opts(s) == [b'\x01\x01', b'\x01\x01', b'', b'\x06\xc8\x07']
    assert list(s.counters.values()) == [[2, 1]]


def test_confirmed_uplink_of_1_1_wants_its_counter_in_the_acknowledgement():
    s, p = play(lambda n, up: dict(port=5), '--confirmed', '100', is_1_1=True, count=2)
    assert p.returncode == 0 and summary(p)['uplinks_acknowledged'] == 2, p.stderr


def test_device_of_1_1_joins_rekeys_and_is_forced_to_rejoin():
    def script(n, up):
        if up['f_opts'][:1] == b'\x0b':
            return dict(f_opts=b'\x0b\x01' + (b'\x0e\x25\x00' if n == 0 else b''))   # type 2 at DR5, one try
        return None
    s, p = play(script, is_1_1=True, abp=False, count=4)
    assert p.returncode == 0, p.stderr
    assert len(s.rejoins) == 1 and s.rejoins[0][1] == 2 and s.rejoins[0][13:15] == b'\0\0'
    assert f_opts(s) == [b'\x0b\x01', b'\x0b\x01', b'', b''] and s.nonce == 2
    assert summary(p)['rejoins_accepted'] == 1


def test_class_c_hears_at_once_in_rx2_and_says_its_mode_in_1_1():
    def script(n, up):
        later = [dict(port=3, payload=b'x', rx=2, how='imme')]
        conf = b'\x01\x01' * (up['f_opts'][:2] == b'\x01\x01') + b'\x20\x02' * (b'\x20\x02' in up['f_opts'])
        return [dict(f_opts=conf)] + later if conf else later
    s, p = play(script, '--class', 'C', count=2)
    assert p.returncode == 0 and summary(p)['downlinks_class_c'] == 2, p.stderr
    s, p = play(script, '--class', 'C', is_1_1=True, count=2)
    assert p.returncode == 0 and summary(p)['downlinks_class_c'] == 2, p.stderr
    assert f_opts(s) == [b'\x01\x01\x20\x02', b'']
    s, p = play(lambda n, up: dict(port=3, rx=2, how='imme', datr='SF9BW125'), '--class', 'C', count=1)
    assert p.returncode == 1 and 'RXC data rate SF9BW125, expected SF12BW125' in p.stderr
    s, p = play(lambda n, up: dict(port=3, rx=2, how='imme'), count=1)
    assert p.returncode == 1 and 'imme is true' in p.stderr


@pytest.mark.parametrize('off_ms, text', [(0, None), (30, 'none of the device'), (11, 'no ping slot begins')])
def test_class_b_hears_in_its_ping_slots_only(off_ms, text):
    def script(n, up):
        if n == 0:
            assert up['f_opts'] == b'\x10\x01' and 'tmms' in up['rxpk'] and not up['ctrl'] & 0x10
            return dict(f_opts=b'\x10')
        assert up['ctrl'] & 0x10 and not up['f_opts']
        at = class_b.next_slot_ms(class_b.gps_ms(time.time()) + 400, up['addr'], class_b.ping_nb(1))
        return dict(port=4, how='gps', gps_ms=at + off_ms, freq=869.525, datr='SF9BW125')
    s, p = play(script, '--class', 'B', '--ping-periodicity', '1', count=2)
    assert p.returncode == (1 if text else 0), p.stderr
    assert text in p.stderr if text else summary(p)['downlinks_class_b'] == 1


def test_adr_back_off_steps_to_full_power_and_slower_rates():
    def script(n, up):   # DR4 with less power; ADR_ACK_LIMIT and ADR_ACK_DELAY 1
        return dict(f_opts=bytes([1, 1, 3, 0x43, 7, 0, 1, 0x0c, 0])) if n == 0 else None
    s, p = play(script, '--adr', is_1_1=True, count=6)
    assert p.returncode == 0, p.stderr
    assert [bool(h[1] & 0x40) for h in s.heard] == [False, False] + [True] * 4
    assert [(h[2]['datr'], h[2]['rssi']) for h in s.heard[:5]] == [
        ('SF7BW125', -60), ('SF8BW125', -66), ('SF8BW125', -60), ('SF9BW125', -60), ('SF10BW125', -60)]
