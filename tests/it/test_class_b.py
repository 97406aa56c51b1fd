"""Class B: downlinks in ping slots by GPS time; what cannot go there waits for an uplink, as in class A."""
import time

import pytest

from daemon import wait_until
from gateway import SLOW
from lorawan import EU868
from lorawan_class_b import BEACON_DELAY_US, gps_ms, is_slot, ping_nb

PERIODICITY = 0     # a slot each 0.96 s


@pytest.fixture
def profile(lab):
    return lab.profile('1.0.4', None, '--supports-class-b', '--ping-slot-periodicity', str(PERIODICITY))


@pytest.fixture
def dev(lab, profile):
    return lab.abp('1.0.4', profile=profile)


def hear(lab, gw, dev, payload=b'here', class_b=True, gps=True, **kw):
    """An uplink with the ClassB bit, through a gateway that tells GPS time; returns when its windows are over."""
    n = dev.f_cnt_up
    more = {'tmms': gps_ms(time.time())} if gps else {}
    heard = gw.send(dev.uplink(payload, class_b=class_b, **kw), **more)
    lab.up(dev, n)
    windows_over(heard)
    return heard


def windows_over(heard, delay_s=2.5):
    wait_until(lambda: (heard.gateway.tmst() - heard.tmst) & 0xffffffff > delay_s * 1e6, 10, 'the end of RX2')


def in_slot(t, dev_addr, periodicity=PERIODICITY):
    """GPS milliseconds of the slot this downlink is for: it starts with the beacon, which is 1.5 ms late."""
    tmms = t.txpk['tmms']
    slot = tmms - BEACON_DELAY_US // 1000
    assert is_slot(slot, dev_addr, ping_nb(periodicity)), t.text
    return slot


def take(gw, dev, timeout=8.0):
    t = gw.wait_downlink(timeout, device_class='B')
    in_slot(t, dev.dev_addr)
    ahead_ms = t.txpk['tmms'] - gps_ms(time.time())
    assert -1000 * SLOW < ahead_ms < 3000, ahead_ms     # neither late nor planned long ahead
    return t, dev.receive(t.phy, class_a=False)


def test_item_goes_into_a_ping_slot(lab, gw, dev):
    hear(lab, gw, dev)
    item = lab.push(dev, 10, b'\x01\xff')
    t, down = take(gw, dev)
    assert (t.freq_hz, t.datr) == (869525000, EU868.rates[3])
    assert down.application() == (10, b'\x01\xff')
    e = lab.event(dev, 'txack')
    assert e['queueItemId'] == item and e['fCntDown'] == down.f_cnt
    at = e['txInfo']['timing']['gpsEpoch']['timeSinceGpsEpoch']
    assert e['deviceInfo']['deviceClassEnabled'] == 'CLASS_B'
    assert at.endswith('s') and int(float(at[:-1]) * 1000) == t.txpk['tmms']
    lab.wait_queue_empty(dev)
    f = lab.frame(down.phy)
    assert f['class'] == 'B' and f['window'] is None
    assert lab.device_json(dev)['device_class'] == 'B'


def test_items_take_one_slot_each(lab, gw, dev):
    hear(lab, gw, dev)
    for i in range(3):
        lab.push(dev, 10, bytes([i]))
    slots = []
    for i in range(3):
        t, down = take(gw, dev)
        assert down.application() == (10, bytes([i])) and not (down.f_pending and i == 2)
        slots.append(t.txpk['tmms'])
    assert len(set(slots)) == 3 and slots == sorted(slots)


def test_without_the_bit_it_is_class_a(lab, gw, dev):
    hear(lab, gw, dev)
    lab.push(dev, 10, b'\x01')
    take(gw, dev)
    hear(lab, gw, dev, class_b=False)
    lab.push(dev, 10, b'\x02')
    lab.nothing_more(gw)
    assert lab.device_json(dev)['device_class'] == 'A'
    n, heard = lab.send(gw, dev, b'x')
    assert lab.rx1(gw, dev, heard).application() == (10, b'\x02')


def test_no_gateway_with_gps_time_means_class_a(lab, gw, dev):
    hear(lab, gw, dev, gps=False)
    lab.push(dev, 10, b'\x01')
    f = lab.frames.wait(lambda f: f.get('dev_eui') == dev.dev_eui and f.get('drop_reason'), 8)
    assert f['drop_reason'] == 'no_gateway_path' and 'GPS' in f['drop_detail']
    assert not gw.untaken() and lab.device_json(dev)['f_cnt_down'] == 0
    n, heard = lab.send(gw, dev, b'x')
    assert lab.rx1(gw, dev, heard).application() == (10, b'\x01')


def test_a_gateway_that_lost_gps_is_not_asked_again(lab, gw, gw2, dev):
    phy = dev.uplink(b'x', class_b=True)
    tmms = gps_ms(time.time())
    gw.send(phy, snr=9.0, tmms=tmms)
    windows_over(gw2.send(phy, snr=-3.0, tmms=tmms))
    gw.answers = ['GPS_UNLOCKED']
    lab.push(dev, 10, b'\x01')
    gw.wait_downlink(8, device_class='B')
    t, down = take(gw2, dev)
    assert down.application() == (10, b'\x01') and not gw.untaken()


def test_unknown_ping_slots_mean_class_a(lab, gw):
    dev = lab.abp('1.0.4', profile=lab.profile('1.0.4', None, '--supports-class-b'))
    hear(lab, gw, dev)
    lab.push(dev, 10, b'\x01')
    lab.nothing_more(gw)
    n, heard = lab.send(gw, dev, b'x', class_b=True)
    assert lab.rx1(gw, dev, heard).application() == (10, b'\x01')


@pytest.mark.parametrize('version', ['1.0.0', '1.0.1', '1.0.2'])
def test_the_class_b_of_the_drafts_is_not_served(lab, gw, version):
    profile = lab.profile(version, None, '--supports-class-b', '--ping-slot-periodicity', '0')
    dev = lab.abp(version, profile=profile)
    hear(lab, gw, dev)
    assert lab.device_json(dev)['device_class'] == 'A'


def test_a_confirmed_item_waits_for_its_acknowledgement(lab, gw):
    profile = lab.profile('1.0.4', None, '--supports-class-b', '--ping-slot-periodicity', '0', '--class-b-timeout-s', '2')
    dev = lab.abp('1.0.4', profile=profile)
    hear(lab, gw, dev)
    first = lab.push(dev, 10, b'\x01', '--confirmed')
    lab.push(dev, 10, b'\x02', '--confirmed')
    t, down = take(gw, dev)
    assert down.confirmed
    e = lab.event(dev, 'ack', 10)
    assert e['acknowledged'] is False and e['queueItemId'] == first
    t, down = take(gw, dev, 10)
    assert down.application() == (10, b'\x02')
    hear(lab, gw, dev, ack=True)
    assert lab.event(dev, 'ack', 5, acknowledged=True)


def test_an_uplink_that_comes_first_takes_item_and_counter(lab, gw):
    """Slots 123 s apart: the item is for a slot far away when an uplink opens its windows."""
    dev = lab.abp('1.0.4', profile=lab.profile('1.0.4', None, '--supports-class-b', '--ping-slot-periodicity', '7'))
    while True:     # not right before a slot
        now = gps_ms(time.time())
        dev.mac.periodicity = 7
        if dev.next_ping_slot_ms(now) - now > 10000:
            break
        time.sleep(1)
    hear(lab, gw, dev)
    lab.push(dev, 10, b'\x01')
    lab.nothing_more(gw)
    assert lab.device_json(dev)['f_cnt_down'] == 0
    n, heard = lab.send(gw, dev, b'x', class_b=True)
    down = lab.rx1(gw, dev, heard)
    assert down.application() == (10, b'\x01') and down.f_cnt == 0
    lab.wait_queue_empty(dev)


def ask(lab, gw, dev, name, **fields):
    """A request of the device, and the class A answer to it."""
    n, heard = lab.send(gw, dev, b'q', f_opts=dev.mac.ask(name, **fields))
    return lab.rx1(gw, dev, heard)


def test_ping_slots_are_those_the_device_tells(lab, gw):
    dev = lab.abp('1.0.4', profile=lab.profile('1.0.4', None, '--supports-class-b'))
    down = ask(lab, gw, dev, 'PingSlotInfoReq', periodicity=1)
    assert any(c.name == 'PingSlotInfoAns' for c in down.commands())
    dev.mac.periodicity = 1
    hear(lab, gw, dev)
    lab.push(dev, 10, b'\x01')
    t = gw.wait_downlink(8, device_class='B')
    in_slot(t, dev.dev_addr, 1)
    assert dev.receive(t.phy, class_a=False).application() == (10, b'\x01')


def test_ping_slots_use_the_channel_the_device_accepted(lab, gw):
    profile = lab.profile('1.0.4', None, '--supports-class-b', '--ping-slot-dr', '5', '--ping-slot-freq-hz', '868300000')
    dev = lab.abp('1.0.4', profile=profile)
    down = ask(lab, gw, dev, 'PingSlotInfoReq', periodicity=0)
    for _ in range(6):     # until it was asked to change the channel, and its answer has come
        if any(c.name == 'PingSlotChannelReq' for c in down.commands()):
            break
        n, heard = lab.send(gw, dev, b'x', confirmed=True)
        down = lab.rx1(gw, dev, heard)
    assert dev.mac.ping_slot == (868300000, 5)
    hear(lab, gw, dev)     # carries the answer
    lab.push(dev, 10, b'\x01')
    t, down = take(gw, dev)
    assert (t.freq_hz, t.datr) == (868300000, EU868.rates[5])


def test_a_refused_ping_slot_channel_changes_nothing(lab, gw):
    profile = lab.profile('1.0.4', None, '--supports-class-b', '--ping-slot-dr', '4', '--ping-slot-freq-hz', '868300000')
    dev = lab.abp('1.0.4', profile=profile)
    dev.mac.refuse[0x11] = 1
    down = ask(lab, gw, dev, 'PingSlotInfoReq', periodicity=0)
    for _ in range(6):
        if any(c.name == 'PingSlotChannelReq' for c in down.commands()):
            break
        n, heard = lab.send(gw, dev, b'x', confirmed=True)
        down = lab.rx1(gw, dev, heard)
    hear(lab, gw, dev)
    lab.push(dev, 10, b'\x01')
    t, down = take(gw, dev)
    assert (t.freq_hz, t.datr) == (869525000, EU868.rates[3])
