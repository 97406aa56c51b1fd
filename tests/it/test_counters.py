"""Counters and nonces by the profile: gap and counter accept, 16 bits, the relaxed mode, DevNonce rules, DevAddr blocks."""
import os

import pytest

LAB = {'network': {'net_id': '000013', 'deduplication_delay': '100ms', 'dev_addr_prefixes': '26001200/24 01000000/28'}}


@pytest.fixture
def gw(lab):
    return lab.gateway()


def abp(lab, version, *options):
    return lab.abp(version, profile=lab.profile(version, None, '--no-supports-otaa', *options))


@pytest.mark.parametrize('version', ['1.0.3', '1.0.4', '1.1.0'])
def test_counter_too_far_ahead_is_accepted_by_hand(lab, gw, version):
    dev = abp(lab, version, '--max-fcnt-gap', '50')
    lab.exchange(gw, dev)
    dev.session.f_cnt_up = 200
    _, heard = lab.send(gw, dev, b'far')
    dropped = lab.dropped(heard.phy, 'f_cnt_gap')
    assert 'lsctl device counter accept' in dropped['hint']
    r = lab.lsctl('device', 'counter', 'accept', dev.dev_eui, '-o', 'json').json()
    assert r['f_cnt_up'] == 200
    lab.exchange(gw, dev)
    assert lab.device_json(dev)['f_cnt_up'] == 202
    r = lab.lsctl('device', 'counter', 'accept', dev.dev_eui, check=False)
    assert r.rc == 3


def test_refused_counter_is_forgotten_when_the_device_counts_past_it(lab, gw):
    """Accepting it then would set the counter back, and let in again what was heard since."""
    dev = abp(lab, '1.0.3', '--max-fcnt-gap', '60')
    lab.exchange(gw, dev)
    dev.session.f_cnt_up = 70
    _, heard = lab.send(gw, dev, b'far')
    lab.dropped(heard.phy, 'f_cnt_gap')
    for f_cnt in (50, 100):
        dev.session.f_cnt_up = f_cnt
        n, heard = lab.send(gw, dev, b'near')
        lab.up(dev, n)
    r = lab.lsctl('device', 'counter', 'accept', dev.dev_eui, check=False)
    assert r.rc == 3
    assert lab.device_json(dev)['f_cnt_up'] == 101


def test_accepted_counter_outlives_a_restart(lab, gw):
    dev = abp(lab, '1.0.3', '--max-fcnt-gap', '50')
    lab.exchange(gw, dev)
    dev.session.f_cnt_up = 300
    _, heard = lab.send(gw, dev, b'far')
    lab.dropped(heard.phy, 'f_cnt_gap')
    lab.lsctl('device', 'counter', 'accept', dev.dev_eui)
    lab.daemon.restart()
    gw = lab.gateway()
    lab.exchange(gw, dev)
    assert lab.device_json(dev)['f_cnt_up'] == 302


def test_device_in_relaxed_mode_begins_again(lab, gw):
    dev = abp(lab, '1.0.3', '--f-cnt-relaxed')
    lab.activate(dev, '--f-cnt-up', 70000, '--f-cnt-down', 20000)
    dev.session.f_cnt_up, dev.session.f_cnt_down = 70000, 20000
    lab.exchange(gw, dev)
    dev.session.f_cnt_up = dev.session.f_cnt_down = 0     # a battery was changed
    lab.exchange(gw, dev)
    assert lab.device_json(dev)['f_cnt_up'] == 1
    assert lab.device_json(dev)['f_cnt_down'] == 1       # it stood above 16384: the device would have refused it


def test_counter_of_16_bits_begins_again_after_65535(lab, gw):
    dev = abp(lab, '1.0.2', '--f-cnt-16-bit')
    lab.activate(dev, '--f-cnt-up', 65535, '--f-cnt-down', 65535)
    dev.session.f_cnt_up, dev.session.f_cnt_down = 65535, 65535
    lab.exchange(gw, dev)
    dev.session.f_cnt_up = dev.session.f_cnt_down = 0
    lab.exchange(gw, dev)
    shown = lab.device_json(dev)
    assert (shown['f_cnt_up'], shown['f_cnt_down']) == (1, 1)


def test_flushed_nonces_may_come_again_and_addresses_are_of_the_blocks(lab):
    dev = lab.otaa('1.0.4')
    dev.next_dev_nonce = 40
    first = lab.gateway()
    lab.join(first, dev)
    addr = int(dev.dev_addr, 16)
    assert addr >> 8 == 0x260012 or addr >> 4 == 0x0100000
    shown = lab.lsctl('device', 'nonces', 'show', dev.dev_eui, '-o', 'json').json()
    assert (shown['dev_nonces'], shown['highest_dev_nonce'], shown['join_nonce']) == (1, 40, 1)
    first.skip(20)
    heard = lab.send_join(first, dev, 40)
    lab.dropped(heard.phy, 'dev_nonce_used')
    assert lab.lsctl('device', 'nonces', 'flush', dev.dev_eui, '-o', 'json').json()['dropped'] == 1
    gw = lab.gateway()
    accept = lab.take_accept(gw, dev, lab.send_join(gw, dev, 7))
    assert accept.join_nonce == 2


def test_profile_without_a_nonce_rule_takes_any(lab):
    profile = lab.profile('1.0.4', None, '--dev-nonce-check', 'off')
    dev = lab.otaa('1.0.4', profile=profile)
    gw = lab.gateway()
    for _ in range(2):
        gw.skip(20)
        lab.take_accept(gw, dev, lab.send_join(gw, dev, 0))
        lab.exchange(gw, dev)                              # the session is in use: no echo holds the next one back


def test_same_address_and_key_on_two_devices_are_refused(lab):
    dev, key = abp(lab, '1.1.0'), os.urandom(16)
    dev.activate('01fffff0', key, os.urandom(16))
    lab.activate(dev)
    twin = lab.otaa('1.1.0')
    twin.activate('01fffff0', key, os.urandom(16))
    s = twin.session
    keys = [a for name in ('f-nwk-s-int-key', 's-nwk-s-int-key', 'nwk-s-enc-key', 'app-s-key')
            for a in ('--' + name, lab.daemon.secret(getattr(s, name.replace('-', '_'))))]
    r = lab.lsctl('device', 'activate', twin.dev_eui, '--dev-addr', '01fffff0', *keys, check=False)
    assert r.rc == 6 and 'f_nwk_s_int_key' in r.err
