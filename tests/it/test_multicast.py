"""Multicast groups: their own address, keys, counter and queue, over the fewest gateways that reach all members."""
import itertools
import json
import os
import time

import pytest

import lorawan as lw
from daemon import wait_until
from gateway import SILENCE, SLOW
from lorawan import EU868
from lorawan_class_b import BEACON_DELAY_US, gps_ms, is_slot, ping_nb
from lorawan_session import Session

_serial = itertools.count(1)


class Group:
    """A group, as its members have it: a session that only receives."""

    def __init__(self, lab, group_type='C', f_cnt=0, *more):
        n = next(_serial)
        self.lab, self.name = lab, 'group-%d' % n
        self.mc_addr = '02%06x' % n
        self.nwk, self.app = os.urandom(16), os.urandom(16)
        self.session = Session(self.mc_addr, self.nwk, self.app, 0, f_cnt)
        counters = ['--f-cnt-down', f_cnt] if f_cnt else []
        lab.lsctl('multicast', 'create', self.name, '-t', 'acme', '-a', 'meters', '--group-type', group_type, '--region', 'EU868',
                  '--mc-addr', self.mc_addr, '--mc-nwk-s-key', lab.daemon.secret(self.nwk), '--mc-app-s-key',
                  lab.daemon.secret(self.app), '--dr', '3', *counters, *more)

    def add(self, *devices):
        for dev in devices:
            self.lab.lsctl('multicast', 'device', 'add', self.name, dev.dev_eui)
        return self

    def push(self, port, payload, *more):
        return self.lab.lsctl('multicast', 'queue', 'push', self.name, '--port', port, '--hex', payload.hex(), *more).out.strip()

    def queue(self):
        return self.lab.lsctl('multicast', 'queue', 'list', self.name, '-o', 'jsonl').jsonl()

    def show(self):
        return self.lab.lsctl('multicast', 'show', self.name, '-o', 'json').json()

    def take(self, gw, device_class='C', timeout=8.0, again=False):
        t = gw.wait_downlink(timeout, lambda d: d.phy[1:5] == bytes.fromhex(self.mc_addr)[::-1], device_class)
        if again:
            return t, None
        down = self.session.receive(t.phy)
        assert not down.confirmed and not down.ack and not down.mac_octets()
        return t, down

    def wait_empty(self):
        wait_until(lambda: not self.queue(), 8 * SLOW, 'empty multicast queue')


@pytest.fixture
def profile(lab):
    return lab.profile('1.0.4', None, '--supports-class-c', '--supports-class-b')


def member(lab, profile, gateways, tmms=False):
    """A device of class C heard by these gateways."""
    dev = lab.abp('1.0.4', profile=profile)
    phy = dev.uplink(b'x')
    for i, gw in enumerate(gateways):
        gw.send(phy, snr=9.0 - i, **({'tmms': gps_ms(time.time())} if tmms else {}))
    lab.up(dev, 0)
    return dev


def test_item_is_sent_by_the_gateway_that_reaches_all(lab, gw, gw2, profile):
    other = lab.gateway()
    group = Group(lab).add(member(lab, profile, [gw, gw2]), member(lab, profile, [other, gw2]))
    item = group.push(10, b'\x01\xff')
    t, down = group.take(gw2)
    assert t.txpk['imme'] is True and (t.freq_hz, t.datr) == (869525000, EU868.rates[3])
    assert down.application() == (10, b'\x01\xff') and down.f_cnt == 0
    group.wait_empty()
    e = lab.events.wait(lambda e: e['kind'] == 'txack' and e.get('queueItemId') == item, 5)
    assert e['gatewayIds'] == [gw2.gateway_id] and e['fCntDown'] == 0
    assert e['multicastGroupInfo']['multicastGroupName'] == group.name
    f = lab.frame(down.phy)
    assert f['dev_addr'] == group.mc_addr and f['dev_eui'] is None and f['gateways'] == [gw2.gateway_id] and f['class'] == 'C'
    lab.nothing_more(gw, other)
    assert group.show()['f_cnt_down'] == 1


def test_members_that_nobody_heard_are_told_of(lab, gw, profile):
    group = Group(lab).add(member(lab, profile, [gw]), lab.abp('1.0.4', profile=profile))
    group.push(10, b'\x01')
    group.take(gw)
    group.wait_empty()
    told = [line for line in lab.daemon.log().splitlines() if group.name in line and 'may miss it' in line]
    assert len(told) == 1 and '1 of 2 devices' in told[0]


def test_several_gateways_send_the_same_frame_one_after_another(lab, gw, gw2, profile):
    group = Group(lab).add(member(lab, profile, [gw]), member(lab, profile, [gw2]))
    group.push(10, b'\x01')
    wait_until(lambda: gw.untaken() and gw2.untaken(), 10 * SLOW, 'both gateways')
    first, second = gw.untaken()[0], gw2.untaken()[0]
    assert first.phy == second.phy
    # SF9, 14 octets: 165 ms on air
    assert abs(first.at - second.at) > 0.165
    group.take(gw)
    group.take(gw2, again=True)
    group.wait_empty()
    assert group.show()['f_cnt_down'] == 1


def test_all_gateways_send_at_one_moment_of_gps_time(lab, gw, gw2, profile):
    group = Group(lab, 'C', 0, '--class-c-scheduling', 'gps_time')
    group.add(member(lab, profile, [gw], True), member(lab, profile, [gw2], True))
    group.push(10, b'\x01')
    first, _ = group.take(gw, 'B')
    second, _ = group.take(gw2, 'B', again=True)
    assert first.phy == second.phy and first.txpk['tmms'] == second.txpk['tmms']
    assert 0 < first.txpk['tmms'] - gps_ms(time.time()) < 5000
    group.wait_empty()


def test_class_b_goes_into_the_slots_of_the_group(lab, gw, gw2, profile):
    group = Group(lab, 'B', 0, '--ping-slot-periodicity', '0')
    group.add(member(lab, profile, [gw], True), member(lab, profile, [gw2], True))
    for i in range(2):
        group.push(10, bytes([i]))
    for i in range(2):
        t, down = group.take(gw, 'B', 10)
        twin, _ = group.take(gw2, 'B', 10, again=True)
        assert down.application() == (10, bytes([i])) and twin.phy == t.phy and twin.txpk['tmms'] == t.txpk['tmms']
        assert is_slot(t.txpk['tmms'] - BEACON_DELAY_US // 1000, group.mc_addr, ping_nb(0))
        assert (t.freq_hz, t.datr) == (869525000, EU868.rates[3])
    group.wait_empty()


def test_gateways_given_by_hand_are_used(lab, gw, gw2, profile):
    group = Group(lab).add(member(lab, profile, [gw]))
    lab.lsctl('multicast', 'gateway', 'add', group.name, gw2.gateway_id)
    assert [g['gateway_id'] for g in lab.lsctl('multicast', 'gateway', 'list', group.name, '-o', 'jsonl').jsonl()] == [gw2.gateway_id]
    group.push(10, b'\x01')
    group.take(gw2)
    lab.nothing_more(gw)
    lab.lsctl('multicast', 'gateway', 'remove', group.name, gw2.gateway_id)
    group.push(10, b'\x02')
    group.take(gw)


def test_a_downlink_no_gateway_took_is_sent_again_under_a_new_counter(lab, gw, profile):
    group = Group(lab).add(member(lab, profile, [gw]))
    gw.answers = ['TX_FREQ']
    group.push(10, b'\x01')
    refused, _ = group.take(gw, again=True)
    t, down = group.take(gw, timeout=12)
    assert down.f_cnt == 1 and refused.phy != t.phy
    group.wait_empty()


def test_an_item_expires(lab, profile):
    silent = lab.gateway(pull=False)
    group = Group(lab).add(member(lab, profile, [silent]))
    group.push(10, b'\x01', '--expires', '1s')
    group.wait_empty()
    assert group.show()['f_cnt_down'] == 0


def test_flush_drops_what_waits(lab, profile):
    silent = lab.gateway(pull=False)
    group = Group(lab).add(member(lab, profile, [silent]))
    for i in range(3):
        group.push(10, bytes([i]))
    assert len(group.queue()) == 3
    lab.lsctl('multicast', 'queue', 'flush', group.name)
    assert group.queue() == []


def test_too_long_for_the_data_rate_is_refused(lab, profile):
    group = Group(lab)
    group.push(10, bytes(115))
    r = lab.lsctl('multicast', 'queue', 'push', group.name, '--port', '10', '--hex', bytes(116).hex(), check=False)
    assert r.rc == 5 and '115' in r.err


def test_members_are_devices_of_the_application(lab, profile):
    lab.lsctl('application', 'create', 'other', '-t', 'acme')
    group, dev = Group(lab), lab.abp('1.0.4', profile=profile)
    group.add(dev)
    assert [m['dev_eui'] for m in lab.lsctl('multicast', 'device', 'list', group.name, '-o', 'jsonl').jsonl()] == [dev.dev_eui]
    assert group.show()['device_count'] == 1
    foreign = lw.Device(lab.eui(), version='1.0.4')
    lab.lsctl('device', 'create', foreign.dev_eui, '--name', foreign.dev_eui + 'x', '-a', 'other', '--profile', profile, '-t', 'acme')
    r = lab.lsctl('multicast', 'device', 'add', group.name, foreign.dev_eui, check=False)
    assert r.rc == 5 and 'application' in r.err
    lab.lsctl('multicast', 'device', 'remove', group.name, dev.dev_eui)
    assert group.show()['device_count'] == 0
    group.add(dev)
    lab.lsctl('device', 'delete', dev.dev_eui, '--yes')
    assert group.show()['device_count'] == 0


def test_a_group_can_go_while_it_is_sent(lab, gw, gw2, profile):
    gw.policy = lambda d: SILENCE
    group = Group(lab).add(member(lab, profile, [gw]), member(lab, profile, [gw2]))
    for i in range(3):
        group.push(10, bytes([i]))
    wait_until(lambda: gw.untaken() or gw2.untaken(), 8 * SLOW, 'a downlink')
    lab.lsctl('multicast', 'delete', group.name, '--yes')
    again = Group(lab).add(member(lab, profile, [gw2]))
    again.push(10, b'\x09')
    again.take(gw2)
    again.wait_empty()


def test_keys_are_shown_only_when_asked_for(lab):
    group = Group(lab)
    assert group.show()['mc_app_s_key'] != group.app.hex()
    full = json.loads(lab.lsctl('multicast', 'show', group.name, '-o', 'json', '--show-secrets').out)
    assert (full['mc_nwk_s_key'], full['mc_app_s_key']) == (group.nwk.hex(), group.app.hex())


def test_group_counter_and_queue_survive_a_crash(own_lab):
    lab = own_lab
    gw = lab.gateway()
    dev = member(lab, lab.profile('1.0.4', None, '--supports-class-c'), [gw])
    group = Group(lab, 'C', 70000).add(dev)
    group.push(10, b'\x01')
    t, down = group.take(gw)
    assert down.f_cnt == 70000
    group.wait_empty()
    gw.stop_pulling()
    lab.daemon.restart('kill')
    group.push(10, b'\x02')
    assert group.show()['f_cnt_down'] == 70001
    lab.daemon.restart('kill')
    gw.open_path()
    t, down = group.take(gw, timeout=12)
    assert down.f_cnt == 70001 and down.application() == (10, b'\x02')
    group.wait_empty()
