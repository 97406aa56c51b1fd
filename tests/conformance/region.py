"""region.py - cases R1 to R4: rules of the catalogue's neighbours that another region changes."""
import lorawan as lw
from case import case

SUB_BAND_2 = set(range(8, 16)) | {65}


def converse(w, gw, dev, radio, times=1):
    """Confirmed uplinks and their answers; what the last one said."""
    for _ in range(times):
        gw = w.gateway(region=radio['region'].name)     # the accept is in the calendar of the other
        n, heard = w.send(gw, dev, b'x', confirmed=True, radio=radio)
        w.up(dev, n)
        down = gw.wait_downlink(8, lambda d, at=heard.tmst + dev.rx1_delay * 1000000: d.tmst == at & 0xffffffff)
        got = dev.receive(down.phy)
    return got, down, heard


def as923(dr):
    region = lw.REGIONS['AS923']
    return {'region': region, 'dr': dr, 'freq_hz': region.uplink_hz(0)}


@case('R1', 'US915: the sub-band reaches the device, by CFList from 1.0.3 on, by legal LinkADRReq before')
def sub_band(w):
    dev, gw = w.otaa_in('US915')
    radio = {'region': lw.US915, 'dr': 0, 'freq_hz': lw.US915.uplink_hz(9)}
    accept = w.join(gw, dev, **radio)
    if lw.order(w.version) >= lw.order('1.0.3'):
        assert set(accept.cf_list_channels()) == SUB_BAND_2 and dev.mac.channels.enabled == SUB_BAND_2
    else:
        assert accept.cf_list == b'' and len(dev.mac.channels.enabled) == 72
    converse(w, gw, dev, radio, 12 if len(dev.mac.channels.enabled) == 72 else 2)
    assert dev.mac.channels.enabled == SUB_BAND_2


@case('R2', 'US915: RX1 is on the 500 kHz channel of the uplink, at the data rate of its table')
def rx1_of_fixed_plan(w):
    dev, gw = w.otaa_in('US915')
    join = {'region': lw.US915, 'dr': 0, 'freq_hz': lw.US915.uplink_hz(9)}
    w.join(gw, dev, **join)
    for channel, dr in ((10, 0), (15, 3), (65, 4)):
        _, down, heard = converse(w, gw, dev, dict(join, dr=dr, freq_hz=lw.US915.uplink_hz(channel)))
        w.check_rx1(down, heard, dev.rx1_delay)


@case('R3', 'AS923: with 400 ms of dwell time for downlinks RX1 is never slower than DR2')
def dwell(w):
    """A device begins with the dwell time of the regional text, so before 1.0.2 there is nothing to tell it."""
    dev, gw = w.otaa_in('AS923')
    radio = as923(2)
    w.join(gw, dev, **radio)
    for dr in (2, 0, 5):
        _, down, heard = converse(w, gw, dev, as923(dr))
        rx1_dr = radio['region'].rx1(heard.freq_hz, dr, 0, dwell=1)[1]
        assert (down.freq_hz, down.datr) == (heard.freq_hz, radio['region'].rates[rx1_dr])


@case('R4', 'AS923: an accept at DR2 has no room for a CFList in 400 ms; NewChannelReq tells the channels then')
def no_room_for_a_cf_list(w):
    for dr, has_cf_list in ((2, False), (5, True)):
        dev, gw = w.otaa_in('AS923')
        accept = w.join(gw, dev, **as923(dr))
        assert bool(accept.cf_list) is has_cf_list
        converse(w, gw, dev, as923(5), 2)
        assert any(c.name == 'NewChannelReq' for c in dev.mac.heard) is not has_cf_list
        assert 923600000 in [c.freq_hz for c in dev.mac.channels.defined.values()]
