"""gateway_time.py - cases G1 to G8: the 32-bit clock of gateways, and their addresses."""
import lorawan as lw
from case import case, not_in

WRAP = 1 << 32
NO_STATION = not_in(lw.VERSIONS, 'xtime belongs to Basics Station; this server speaks Semtech UDP')


@case('G1', 'the counter wraps between uplink and downlink')
def wrap_between(w):
    gw, dev = w.gateway(), w.abp()
    gw.set_tmst(WRAP - 700000)
    n, heard = w.send(gw, dev, b'x', confirmed=True)
    down = gw.wait_downlink()
    w.check_rx1(down, heard)
    assert down.tmst < heard.tmst and dev.receive(down.phy).ack
    w.goes_on(gw, dev)


@case('G2', 'the counter wraps exactly at the send time')
def wrap_at_the_send_time(w):
    gw, dev = w.gateway(), w.abp()
    gw.set_tmst(WRAP - 1000000 - 300)
    n, phy = dev.f_cnt_up, dev.uplink(b'x', confirmed=True)
    heard = gw.send(phy, tmst=WRAP - 1000000)
    down = gw.wait_downlink()
    w.check_rx1(down, heard)
    assert down.tmst == 0 and dev.receive(down.phy).ack


@case('G3', 'a gateway that restarts and counts from near 0 serves on')
def restart(w):
    gw, dev = w.gateway(), w.abp()
    gw.set_tmst(3000000000)
    w.exchange(gw, dev)
    gw.set_tmst(100000)
    gw.change_address()
    for _ in range(2):
        w.exchange(gw, dev)


@case('G4', 'gateways with unlike clocks: a downlink has the clock of the one that sends it')
def unlike_clocks(w):
    one, two, dev = w.gateway(), w.gateway(), w.abp()
    one.set_tmst(100)
    two.set_tmst(4000000000)
    for strong, weak in ((one, two), (two, one)):
        phy = dev.uplink(b'x', confirmed=True)
        weak.send(phy, rssi=-110, snr=-5.0, wait=False)
        heard = strong.send(phy, rssi=-50, snr=9.0, wait=False)
        assert w.rx1(strong, dev, heard).ack
        strong.skip(3)
        weak.skip(3)
    w.nothing_more(one, two)


@case('G5', 'session bits of xtime change', na=NO_STATION)
def xtime_session(w):
    pass


@case('G6', 'xtime is 0', na=NO_STATION)
def xtime_0(w):
    pass


@case('G7', 'absent, null, 1970, 1980 and 2106 are no reason to lose a frame')
def odd_times(w):
    gw, dev = w.gateway(), w.abp()
    for stamp in (None, '', 'null', '1970-01-01T00:00:00Z', '1980-01-06T00:00:00Z', '2106-02-07T06:28:15Z',
                  '2106-02-07T06:28:16.000001Z'):
        n, heard = w.send(gw, dev, b'x', radio={'time': stamp, 'freq_hz': 868100000, 'dr': 5})
        w.up(dev, n)
    n, phy = dev.f_cnt_up, dev.uplink(b'x')
    rxpk = gw.hear(phy)[1]
    rxpk['time'] = rxpk['tmms'] = None          # JSON null
    gw.push_data({'rxpk': [rxpk]})
    w.up(dev, n)
    for tmms in (0, -1, 1 << 62):
        n, phy = dev.f_cnt_up, dev.uplink(b'x')
        gw.send(phy, tmms=tmms)
        w.up(dev, n)
    w.goes_on(gw, dev)


@case('G8', "the address of PULL_DATA changes while a window is open: the downlink goes to the new one")
def address_changes(w):
    gw, dev = w.gateway(), w.abp()
    n, heard = w.send(gw, dev, b'x', confirmed=True)
    old = gw.pull.getsockname()
    gw.change_address()
    down = gw.wait_downlink()
    w.check_rx1(down, heard)
    assert dev.receive(down.phy).ack
    w.exchange(gw, dev)
    second = gw.pull.getsockname()
    assert second != old
    gw.stop_pulling()
    gw.open_path()
    w.exchange(gw, dev)
    assert all(d is None or d.address == second for d in gw.downlinks)
