"""join.py - cases J1 to J12 and J15 to J20: nonces, copies, answers that cannot be sent, floods."""
import os

import lorawan as lw
from case import NOT_1_1, case, not_in

ONLY_1_1 = not_in(NOT_1_1, 'rejoin requests came with 1.1')
JOINS = 300


def join_with(w, gw, dev, nonce):
    """
    A join that must be accepted. A device would wait for RX1 before it joins again; here it does not, so the accept
    before may still be in the calendar of its gateway, and this one is heard by another.
    """
    busy = getattr(dev, 'joined_by', None) is gw
    gw = w.gateway() if busy else gw
    dev.joined_by = gw
    return w.take_accept(gw, dev, w.send_join(gw, dev, dev_nonce=nonce))


def refused(w, gw, dev, nonce, reason='dev_nonce_used'):
    """A join request that must be dropped, long after whatever had the same bytes."""
    phy = dev.join_request(nonce)
    gw.skip(20)
    gw.send(phy)
    return w.dropped(phy, reason)


@case('J1', 'a new DevNonce is answered with an accept in RX1 of the join windows')
def new_nonce(w):
    gw, dev = w.gateway(), w.otaa()
    accept = join_with(w, gw, dev, 4711)
    assert accept.join_nonce == 1 and accept.net_id == '000013' and accept.opt_neg == w.is_1_1
    w.goes_on(gw, dev)


@case('J2', 'the same bytes within the window are one request, answered once')
def copy(w):
    one, two, dev = w.gateway(), w.gateway(), w.otaa()
    phy = dev.join_request()
    two.send(phy, rssi=-110, snr=-5.0, wait=False)
    heard = one.send(phy, wait=False)
    w.take_accept(one, dev, heard)
    w.goes_on(one, dev)
    w.nothing_more(one, two)


@case('J3', 'the same DevNonce after the window is refused')
def replay(w):
    gw, dev = w.gateway(), w.otaa()
    join_with(w, gw, dev, 7)
    refused(w, gw, dev, 7)
    w.goes_on(gw, dev)
    w.nothing_more(gw)


@case('J4', 'a lower DevNonce: refused from 1.0.4 on, where it is a counter; before, any unused one is good')
def lower_nonce(w):
    gw, dev = w.gateway(), w.otaa()
    join_with(w, gw, dev, 500)
    if w.before_1_0_4:
        join_with(w, gw, dev, 499)
    else:
        refused(w, gw, dev, 499)
        join_with(w, gw, dev, 501)
    w.goes_on(gw, dev)


@case('J5', 'an equal DevNonce is refused, also after other joins')
def equal_nonce(w):
    gw, dev = w.gateway(), w.otaa()
    heard_by = {}
    for nonce in (10, 11):
        join_with(w, gw, dev, nonce)
        heard_by[nonce] = dev.joined_by
    for nonce in (11, 10):
        refused(w, heard_by[nonce], dev, nonce)
    w.goes_on(gw, dev)


@case('J6', '0 after 65,535: a counter at its end from 1.0.4 on, a random number before')
def end_of_the_counter(w):
    """DevNonce 0 is good when none was seen yet. A counter at its end must not wrap: the operator flushes nonces."""
    gw, dev = w.gateway(), w.otaa()
    join_with(w, gw, dev, 65535)
    if w.before_1_0_4:
        join_with(w, gw, dev, 0)
    else:
        refused(w, gw, dev, 0)
    w.goes_on(gw, dev)


@case('J7', 'after 300 joins a random DevNonce that repeats is refused with "will retry", and the next is good', slow=True,
      na=not_in(lw.VERSIONS[4:], 'from 1.0.4 on DevNonce is a counter: nothing repeats by chance'))
def many_joins(w):
    """Nothing is forgotten: the first nonce is still known. By then a repeat is chance, no attack."""
    gateways, dev = [w.gateway() for _ in range(6)], w.otaa()
    for n in range(JOINS):
        g = gateways[n % len(gateways)]
        g.send(dev.join_request(1000 + n), freq_hz=lw.EU868.uplink_hz(n % 3), dr=5, wait=n % 20 == 0)
        if n % 3 == 2:
            for other in gateways:
                other.skip(0.5)             # by their clocks the joins are far apart
        w.frame(dev.join_request(1000 + n), drop_reason=None)
    w.event(dev, 'join', timeout=20, count=JOINS)
    gw = w.gateway()
    f = refused(w, gw, dev, 1000)
    assert 'retry' in f['drop_detail'] + f['hint'], f
    dev.last_join_nonce = JOINS
    join_with(w, gw, dev, 60000)
    w.goes_on(gw, dev)


@case('J8', 'another JoinEUI is refused and burns nothing; nonces count per JoinEUI')
def other_join_eui(w):
    gw, dev = w.gateway(), w.otaa(join_eui='70b3d57ed0000001')
    join_with(w, w.gateway(), dev, 30)
    other = '70b3d57ed0000002'
    phy = dev.join_request(30, join_eui=other)
    gw.send(phy)
    w.dropped(phy, 'join_eui_mismatch')
    w.lsctl('device', 'set', dev.dev_eui, '--join-eui', other)
    dev.join_eui = other
    gw.skip(20)
    join_with(w, gw, dev, 30)
    w.goes_on(gw, dev)


@case('J9', 'a request with a bad MIC burns nothing')
def bad_mic(w):
    gw, dev = w.gateway(), w.otaa()
    bad = dev.join_request(9, app_key=os.urandom(16))
    gw.send(bad)
    w.dropped(bad, 'mic_mismatch')
    assert join_with(w, gw, dev, 9).join_nonce == 1
    w.goes_on(gw, dev)


@case('J10', 'a request that is known not to be answerable burns nothing')
def not_answerable(w):
    dev, deaf = w.otaa(), w.gateway(pull=False)
    phy = dev.join_request(5)
    deaf.send(phy)
    w.dropped(phy, ('join_not_answerable', 'no_gateway_path'))
    deaf.open_path()
    heard = w.again(deaf, phy, 10)
    assert w.take_accept(deaf, dev, heard).join_nonce == 1
    w.goes_on(deaf, dev)


@case('J11', 'two gateways that disagree about frequency and rate: one accept, as the strongest heard it')
def copies_that_differ(w):
    one, two, dev = w.gateway(), w.gateway(), w.otaa()
    phy = dev.join_request()
    two.send(phy, freq_hz=868300000, dr=4, rssi=-118, snr=-9.0, wait=False)
    heard = one.send(phy, freq_hz=868100000, dr=5, rssi=-50, snr=9.5, wait=False)
    w.take_accept(one, dev, heard)
    w.goes_on(one, dev)
    w.nothing_more(one, two)


@case('J12', 'one gateway that hears the request on two frequencies: one accept; a late ghost ends no session')
def ghosts(w):
    gw, other, dev = w.gateway(), w.gateway(), w.otaa()
    phy = dev.join_request()
    ghost, loud = gw.hear(phy, freq_hz=868500000, rssi=-110, snr=-8.0)[1], gw.hear(phy, freq_hz=868300000, rssi=-50)
    gw.push_data({'rxpk': [ghost, loud[1]]})
    w.take_accept(gw, dev, loud[0])
    w.exchange(gw, dev)
    other.send(phy, freq_hz=868500000, rssi=-110, snr=-8.0)
    w.dropped(phy, ('late_copy', 'dev_nonce_used'))
    w.goes_on(gw, dev)
    w.nothing_more(gw, other)


@case('J15', 'a replayed join never ends the live session')
def replayed_join(w):
    gw, other, dev = w.gateway(), w.gateway(), w.otaa()
    phys = []
    for _ in range(2):
        heard = w.send_join(gw, dev)
        w.take_accept(gw, dev, heard)
        w.exchange(gw, dev)
        phys.append(heard.phy)
    for phy in phys:
        for g, reasons in ((gw, ('dev_nonce_used',)), (other, ('dev_nonce_used', 'late_copy'))):
            w.again(g, phy, 20)
            w.frames.wait(lambda f: f.get('phy_payload') == phy.hex() and f.get('drop_reason') in reasons
                          and f['gateways'] == [g.gateway_id])
        w.goes_on(gw, dev)
    w.nothing_more(gw, other)


@case('J16', 'rejoin requests of types 0, 1 and 2 are answered; a counter that does not grow is refused', na=ONLY_1_1)
def rejoin(w):
    """RJcount never wraps: after 65,535 nothing more is accepted of that kind until a join resets RJcount0."""
    gw, dev = w.gateway(), w.otaa()
    w.join(gw, dev)
    w.exchange(gw, dev)
    for kind in (0, 1, 2):
        before, gw = dev.session, w.gateway()      # the accept before is in the calendar of its gateway
        heard = gw.send(dev.rejoin_request(kind))
        down = gw.wait_downlink(8, lambda d: dev.can_open_accept(d.phy))
        w.check_rx1(down, heard, 5)
        dev.accept(down.phy)
        assert dev.session.dev_addr and dev.session is not before
        w.exchange(gw, dev)
        w.again(gw, heard.phy, 20)
        w.frames.wait(lambda f: f.get('phy_payload') == heard.phy.hex() and f.get('drop_reason'))
        w.exchange(gw, dev)
    gw = w.gateway()
    heard = gw.send(dev.rejoin_request(0, 65535))
    down = gw.wait_downlink(8, lambda d: dev.can_open_accept(d.phy))
    for count in (0, 1, 65535):
        phy = lw.rejoin_request(0, dev.session.s_nwk_s_int_key, dev.net_id, dev.dev_eui, count)
        gw.skip(20)
        gw.send(phy)
        w.frames.wait(lambda f: f.get('phy_payload') == phy.hex() and f.get('drop_reason'))
    w.check_rx1(down, heard, 5)
    dev.accept(down.phy)
    w.goes_on(w.gateway(), dev)
    gw = w.gateway()
    heard = gw.send(dev.rejoin_request(1, 65535))      # RJcount1 is of the device: no accept resets it
    down = gw.wait_downlink(8, lambda d: dev.can_open_accept(d.phy))
    w.check_rx1(down, heard, 5)
    dev.accept(down.phy)
    w.goes_on(w.gateway(), dev)
    for count in (0, dev.rj_count1, 65535):
        gw.skip(20)
        gw.send(phy := dev.rejoin_request(1, count))
        w.dropped(phy, 'rj_count_used')
    w.goes_on(w.gateway(), dev)


@case('J17', 'flushed nonces can be used again; JoinNonce still grows')
def flush(w):
    gw, dev = w.gateway(), w.otaa()
    join_with(w, gw, dev, 40)
    refused(w, gw, dev, 40)
    w.lsctl('device', 'nonces', 'flush', dev.dev_eui, '--yes')
    gw.skip(20)
    heard = w.send_join(gw, dev, dev_nonce=40)
    assert w.take_accept(gw, dev, heard).join_nonce == 2
    w.goes_on(gw, dev)


@case('J18', 'a disabled device does not join, and no nonce is burnt')
def disabled(w):
    gw, dev = w.gateway(), w.otaa()
    w.lsctl('device', 'set', dev.dev_eui, '--no-enabled')
    refused(w, gw, dev, 3, 'device_disabled')
    w.lsctl('device', 'set', dev.dev_eui, '--enabled')
    gw.skip(20)
    assert join_with(w, gw, dev, 3).join_nonce == 1


def resident_kib(w):
    with open('/proc/%d/status' % w.daemon.process.pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith('VmRSS:'))


def flood(w, gw, requests):
    """All of them through one gateway, six in a datagram."""
    rxpks = [gw.hear(phy)[1] for phy in requests]
    for i in range(0, len(rxpks), 6):
        gw.push_data({'rxpk': rxpks[i:i + 6]}, wait=i % 60 == 0)


def kept_rows(w, gw):
    return [f for f in w.frames.all() if gw.gateway_id in f['gateways'] and f['drop_reason']]


@case('J19', 'a flood of unknown DevEUIs: the rows kept are bounded, memory too, and others are served', own=True)
def unknown_dev_eui_flood(w):
    """Drop rows are capped at 100 a second for each reason, the rest is counted."""
    gw, good = w.gateway(), w.otaa()
    key, n = os.urandom(16), 3000
    flood(w, gw, [lw.join_request(key, '0000000000000000', 'fffe%012x' % i, i & 0xffff) for i in range(300)])
    before = resident_kib(w)
    flood(w, gw, [lw.join_request(key, '0000000000000000', 'fffe%012x' % i, i & 0xffff) for i in range(300, n)])
    w.join(w.gateway(), good)
    w.frames.wait(lambda f: gw.gateway_id in f['gateways'] and f['drop_reason'])
    assert 0 < len(kept_rows(w, gw)) < n / 2, len(kept_rows(w, gw))
    assert all(f['drop_reason'] in ('unknown_dev_eui', 'overload') for f in kept_rows(w, gw))
    assert resident_kib(w) - before < 16 * 1024


@case('J20', 'a flood with a wrong root key: bounded rows, the device itself and others are served', own=True)
def wrong_key_flood(w):
    gw, dev, other = w.gateway(), w.otaa(), w.otaa()
    wrong, n = os.urandom(16), 3000
    flood(w, gw, [dev.join_request(i, app_key=wrong) for i in range(n)])
    own = w.gateway()
    w.join(w.gateway(), other)
    heard = w.send_join(own, dev, dev_nonce=n + 1)
    assert w.take_accept(own, dev, heard).join_nonce == 1
    assert 0 < len(kept_rows(w, gw)) < n / 2, len(kept_rows(w, gw))
    assert {f['drop_reason'] for f in kept_rows(w, gw)} <= {'mic_mismatch', 'overload'}
    for d in (dev, other):
        w.goes_on(own, d)


