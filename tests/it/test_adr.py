"""ADR at work: what a device is asked for, what it takes, and when it is left alone."""
FREQ = 868100000


def hear(lab, gw, dev, uplinks, snr=5.0, adr=True):
    """Uplinks at the rate the device has; what comes down is received. The LinkADRReq seen, of each block the last."""
    asked = []
    for _ in range(uplinks):
        n, heard = lab.send(gw, dev, b'x', adr=adr, radio={'dr': dev.mac.dr, 'freq_hz': FREQ, 'snr': snr})
        lab.up(dev, n)
        lab.fence()                         # an answer to it would be there by now
        for down in gw.untaken():
            gw.wait_downlink()
            before = len(dev.mac.heard)
            dev.receive(down.phy)
            reqs = [c for c in dev.mac.heard[before:] if c.name == 'LinkADRReq']
            asked += reqs[-1:]
    return asked


def joined(lab, gw, *flags, version='1.0.3'):
    dev = lab.otaa(version, profile=lab.profile(version, None, '--dev-status-interval-s', '0', *flags))
    lab.join(gw, dev)
    lab.send(gw, dev, b'first', radio={'dr': 0, 'freq_hz': FREQ, 'snr': 5.0})
    dev.mac.dr = 0
    return dev


def test_strong_device_is_asked_for_a_faster_rate_and_then_left_alone(lab, gw):
    dev = joined(lab, gw)
    asked = hear(lab, gw, dev, 5)
    assert [(c.data_rate, c.tx_power) for c in asked] == [(5, 0)]   # 5 + 20 - 10 dB are five steps
    assert dev.mac.dr == 5
    assert hear(lab, gw, dev, 25) == []
    assert lab.device_json(dev)['f_cnt_up'] == dev.f_cnt_up


def test_device_that_steers_itself_is_not_asked(lab, gw):
    dev = joined(lab, gw)
    assert hear(lab, gw, dev, 8, adr=False) == []


def test_limits_of_the_profile_hold(lab, gw):
    dev = joined(lab, gw, '--adr-max-dr', '3', '--adr-max-tx-power', '1')
    asked = hear(lab, gw, dev, 5)
    assert [(c.data_rate, c.tx_power) for c in asked] == [(3, 1)]


def test_algorithm_off_asks_for_nothing(lab, gw):
    dev = joined(lab, gw, '--adr-algorithm', 'off')
    assert hear(lab, gw, dev, 8) == []


def test_refused_rate_is_not_asked_again_at_once(lab, gw):
    dev = joined(lab, gw)
    dev.mac.refuse[3] = 5                   # never the data rate
    asked = [c.data_rate for c in hear(lab, gw, dev, 16)]
    assert asked and len(asked) == len(set(asked)) and asked[0] == 5
    assert dev.mac.dr == 0
