"""downlink_counter.py - cases D3, D4 and D6 to D10: the downlink counters, and what must not move them."""
import time

import lorawan as lw
from case import NOT_1_1, case, not_in
from daemon import wait_until

ONLY_1_1 = not_in(NOT_1_1, 'before 1.1 there is one downlink counter')
NO_CLASS_B = not_in(lw.VERSIONS[:3], 'class B before 1.0.3 was experimental and is not compatible: it is not served')


@case('D3', 'after TOO_LATE RX2 gets the same bytes')
def too_late(w):
    gw, dev = w.gateway(), w.abp()
    item = w.push(dev, 10, b'\x01')
    gw.answers = ['TOO_LATE']
    n, heard = w.send(gw, dev, b'x', confirmed=True)
    first = gw.wait_downlink()
    w.check_rx1(first, heard)
    second = gw.wait_downlink()
    w.check_rx2(second, heard)
    assert second.phy == first.phy
    down = dev.receive(second.phy)
    assert down.ack and down.application() == (10, b'\x01')
    assert w.event(dev, 'txack', queueItemId=item)['fCntDown'] == down.f_cnt
    n, heard = w.send(gw, dev, b'y', confirmed=True)
    after = w.rx1(gw, dev, heard)
    assert after.counter != down.counter or after.f_cnt == down.f_cnt + 1
    gw = w.gateway()                                # RX2 of the first one is in that one's calendar still
    gw.answers = ['TOO_LATE', 'TOO_LATE']           # neither window: another frame needs another counter
    item = w.push(dev, 10, b'\x02')
    n, heard = w.send(gw, dev, b'z')
    lost = dev.session.open(gw.wait_downlink().phy)
    dev.session.open(gw.wait_downlink().phy)
    w.frames.wait(lambda f: f.get('drop_reason') == 'downlink_failed' and f.get('dev_eui') == dev.dev_eui)
    n, heard = w.send(gw, dev, b'z')
    again = w.rx1(gw, dev, heard)
    assert again.application() == (10, b'\x02') and again.f_cnt > lost.f_cnt


@case('D4', 'a class B downlink is planned and a class A one goes first: counters go out in order', na=NO_CLASS_B)
def class_b_planned(w):
    """Either the planned one has been numbered before and stays planned, or it is numbered again: never out of order."""
    gw, dev = w.gateway(), w.abp('--supports-class-b', '--ping-slot-periodicity', '2')
    ping = dev.mac.ask('PingSlotInfoReq', periodicity=2)
    dev.mac.periodicity = 2

    def now(**more):
        return dict({'freq_hz': 868100000, 'dr': 5, 'tmms': lw.gps_ms(time.time())}, **more)
    n, heard = w.send(gw, dev, b'x', f_opts=ping + dev.mac.ask('DeviceTimeReq'), confirmed=True, radio=now())
    w.rx1(gw, dev, heard)
    n, heard = w.send(gw, dev, b'b', class_b=True, confirmed=True, radio=now())
    w.rx1(gw, dev, heard)
    w.push(dev, 10, b'\x01')
    w.push(dev, 10, b'\x02')
    n, heard = w.send(gw, dev, b'a', class_b=True, confirmed=True, radio=now())
    frames = [gw.wait_downlink(8, device_class='C')]
    seen = [dev.session.open(frames[0].phy)]
    while {b'\x01', b'\x02'} - {d.payload for d in seen}:
        frames.append(gw.wait_downlink(8, device_class='C'))
        seen.append(dev.session.open(frames[-1].phy))

    def on_air(d):
        if 'tmms' in d.txpk:
            return d.txpk['tmms']
        ahead_us = (d.tmst - d.tmst_now) & 0xffffffff
        return lw.gps_ms(time.time() - (time.monotonic() - d.at)) + ahead_us / 1000
    for d in sorted(frames, key=on_air):
        dev.receive(d.phy, class_a='tmms' not in d.txpk)


@case('D6', 'FCntDown goes on over 16 bits')
def over_16_bits(w):
    gw, dev = w.gateway(), w.abp(f_cnt_down=65534)
    got = [w.exchange(gw, dev).f_cnt for _ in range(4)]
    assert got == [65534, 65535, 65536, 65537]


@case('D7', 'application downlinks and network downlinks have counters of their own', na=ONLY_1_1)
def split_counters(w):
    gw, dev = w.gateway(), w.otaa()
    w.join(gw, dev)
    seen = []
    for i in range(3):
        seen.append(w.exchange(gw, dev))
        w.push(dev, 10, bytes([i]))
        n, heard = w.send(gw, dev, b'x')
        seen.append(w.rx1(gw, dev, heard))
        assert seen[-1].application() == (10, bytes([i]))
    assert [(d.counter, d.f_cnt) for d in seen] == [('n', 0), ('a', 0), ('n', 1), ('a', 1), ('n', 2), ('a', 2)]


@case('D8', 'a NACK keeps the order of the queue')
def nack(w):
    """An item without retries is given up at its NACK; the next one follows it, none is overtaken."""
    gw, dev = w.gateway(), w.abp()
    items = [w.push(dev, 10, bytes([i]), *(['--confirmed'] if i == 0 else [])) for i in range(3)]
    got = []
    for i in range(3):
        n, heard = w.send(gw, dev, b'x', ack=False)
        got.append(w.rx1(gw, dev, heard).application())
        w.event(dev, 'txack', queueItemId=items[i])
    assert got == [(10, bytes([i])) for i in range(3)]
    e = w.event(dev, 'ack')
    assert e['acknowledged'] is False and e['queueItemId'] == items[0]
    first, second = w.push(dev, 11, b'a', '--confirmed', '--retries', '1'), w.push(dev, 11, b'b')
    got = []
    for _ in range(3):
        n, heard = w.send(gw, dev, b'x', ack=False)
        got.append(w.rx1(gw, dev, heard).payload)
    assert got == [b'a', b'a', b'b'], got
    w.wait_queue_empty(dev)
    assert first != second


@case('D9', 'a multicast group has its own counter, which only grows, and leaves those of its members alone')
def multicast(w):
    gw = w.gateway()
    members = [w.abp('--supports-class-c') for _ in range(2)]
    for dev in members:
        w.exchange(gw, dev)
    mc = lw.MulticastSession('01f0%04x' % int(members[0].dev_eui[-4:], 16), b'n' * 16, b'a' * 16)
    name = 'mc-' + members[0].dev_eui
    w.lsctl('multicast', 'create', name, '-t', 'acme', '-a', 'meters', '--mc-addr', mc.dev_addr, '--mc-nwk-s-key',
            w.daemon.secret(mc.nwk_s_key), '--mc-app-s-key', w.daemon.secret(mc.app_s_key), '--group-type', 'C', '--dr', 5,
            '--freq-hz', 869525000, '--region', 'EU868')
    for dev in members:
        w.lsctl('multicast', 'device', 'add', name, dev.dev_eui)
    last = -1
    for i in range(3):
        w.lsctl('multicast', 'queue', 'push', name, '--port', 20, '--hex', '%02x' % i)
        down = gw.wait_downlink(10, lambda d: lw.show(d.phy[1:5]) == mc.dev_addr, device_class='C')
        got = mc.receive(down.phy)
        # One that a busy machine sent too late is sent again, with a counter of its own.
        assert got.application() == (20, bytes([i])) and got.f_cnt > last, (last, got.f_cnt, got.application())
        last = got.f_cnt
        for dev in members:
            before = dev.session.f_cnt_down
            assert w.exchange(gw, dev).f_cnt == before


@case('D10', 'an item that expires in the queue frees no counter')
def expiry(w):
    gw, dev = w.gateway(), w.abp()
    w.exchange(gw, dev)
    item = w.push(dev, 10, b'old', '--expires', '1s')
    w.push(dev, 10, b'new')
    wait_until(lambda: item not in [q['queue_item_id'] for q in w.queue(dev)], 10, 'expired item gone')
    before = dev.session.a_f_cnt_down if w.is_1_1 else dev.session.f_cnt_down
    n, heard = w.send(gw, dev, b'x', confirmed=True)
    down = w.rx1(gw, dev, heard)
    assert down.application() == (10, b'new') and down.f_cnt == before
    w.goes_on(gw, dev)
