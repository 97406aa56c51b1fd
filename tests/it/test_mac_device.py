"""MAC commands end to end: what the server asks for, a device written in Python carries out, or refuses."""
import itertools

import pytest

import lorawan as lw
from daemon import wait_until
from lorawan import US915

LAB = {'regions': {'EU868': {}, 'US915': {'enabled_uplink_channels': '8-15,65'}}, 'network': {'deduplication_delay': '100ms'}}
SUB_BAND_2 = set(range(8, 16)) | {65}
QUIET = ('--dev-status-interval-s', '0')
US_RADIO = {'region': US915, 'dr': 0, 'freq_hz': US915.uplink_hz(8)}


def radio(dev):
    return US_RADIO if dev.region is US915 else None


def talk(lab, gateways, dev, times=1, **kw):
    """So many confirmed uplinks, each acknowledged; the commands that came down, by name."""
    names = []
    for _ in range(times):
        gw = next(gateways)
        n, heard = lab.send(gw, dev, b'x', confirmed=True, radio=radio(dev), **kw)
        lab.up(dev, n)
        delay = dev.rx1_delay
        down = gw.wait_downlink(8)
        lab.check_rx1(down, heard, delay, dev.rx1_dr_offset)
        got = dev.receive(down.phy)
        assert got.ack
        names.append([c.name for c in got.commands()])
    return names


def asked(dev, name):
    return [c for c in dev.mac.heard if c.name == name]


def many(lab, region):
    """Gateways in turn: these devices transmit sooner than one gateway could have answered the uplink before."""
    return itertools.cycle([lab.gateway(region=region) for _ in range(16)])


@pytest.fixture(scope='module')
def us(lab):
    return many(lab, 'US915')


@pytest.fixture(scope='module')
def eu(lab):
    return many(lab, 'EU868')


def joined(lab, gateways, version, region='EU868', *flags):
    dev = lab.otaa(version, region, profile=lab.profile(version, region, *flags, *QUIET))
    lab.join(next(gateways), dev, **(radio(dev) or {}))
    return dev


@pytest.mark.parametrize('version', ['1.0.0', '1.0.1', '1.0.2', '1.0.3', '1.0.4', '1.1.0'])
def test_us915_device_is_brought_to_the_sub_band(lab, us, version):
    """Without a CFList of type 1, by LinkADRReq: each legal alone before 1.0.2, one block from then on."""
    dev = joined(lab, us, version, 'US915')
    talk(lab, us, dev, 8)
    assert dev.mac.channels.enabled == SUB_BAND_2
    before = len(asked(dev, 'LinkADRReq'))
    talk(lab, us, dev, 3)
    assert len(asked(dev, 'LinkADRReq')) == before      # what is done is not asked for again


@pytest.mark.parametrize('version', ['1.0.3', '1.1'])
def test_sub_band_is_set_again_at_once_after_a_back_off(lab, us, version):
    """The device asks for an answer (ADRACKReq), got none for long, and has switched all channels on."""
    dev = joined(lab, us, version, 'US915', '--adr-algorithm', 'off')
    talk(lab, us, dev, 3)
    assert dev.mac.channels.enabled == SUB_BAND_2
    dev.mac.channels.enabled = set(range(72))
    gw = next(us)
    n, heard = lab.send(gw, dev, b'x', adr=True, adr_ack_req=True, radio=radio(dev))
    lab.up(dev, n)
    assert 'LinkADRReq' in [c.name for c in lab.rx1(gw, dev, heard).commands()]
    assert dev.mac.channels.enabled == SUB_BAND_2
    talk(lab, us, dev)
    assert not any(name == 'LinkADRReq' for names in talk(lab, us, dev, 2) for name in names)


def test_eu868_abp_device_is_given_the_other_channels(lab, eu):
    dev = lab.abp('1.0.3', 'EU868', profile=lab.profile('1.0.3', 'EU868', '--no-supports-otaa', *QUIET))
    talk(lab, eu, dev, 6)
    assert sorted(c.freq_hz for c in dev.mac.channels.defined.values()) == \
        sorted(lw.EU868.default_channels + lw.EU868.cf_list)


@pytest.mark.parametrize('version', ['1.0.0', '1.0.3', '1.1.0'])
def test_wished_rx1_delay_is_set_and_used(lab, eu, version):
    dev = joined(lab, eu, version)
    talk(lab, eu, dev)
    lab.lsctl('device', 'set', dev.dev_eui, '--desired-rx1-delay-s', '3')
    talk(lab, eu, dev, 3)
    assert dev.rx1_delay == 3 and len(asked(dev, 'RXTimingSetupReq')) == 1


def test_wished_rx2_and_offset_are_set_and_used(lab, eu):
    dev = joined(lab, eu, '1.0.4')
    lab.lsctl('device', 'set', dev.dev_eui, '--desired-rx2-dr', '3', '--desired-rx1-dr-offset', '2')
    talk(lab, eu, dev, 3)
    assert dev.rx2 == (869525000, 3) and dev.rx1_dr_offset == 2


def test_refused_power_is_remembered(lab, eu):
    dev = joined(lab, eu, '1.0.3')
    dev.mac.refuse[3] = 0b011                          # the power, whatever it is but its own
    lab.lsctl('device', 'set', dev.dev_eui, '--desired-tx-power', '5')
    talk(lab, eu, dev, 12, adr=True)
    powers = [c.tx_power for c in asked(dev, 'LinkADRReq')]
    assert powers and powers.count(5) <= 2, powers


def test_wished_nb_trans_lets_a_1_0_4_device_repeat(lab, eu):
    dev = joined(lab, eu, '1.0.4')
    lab.lsctl('device', 'set', dev.dev_eui, '--desired-nb-trans', '3')
    talk(lab, eu, dev, 3)
    assert dev.mac.nb_trans == 3
    gw = next(eu)
    n, heard = lab.send(gw, dev, b'deaf', confirmed=True)
    lab.rx1(gw, dev, heard)
    for _ in range(2):
        gw.skip(10)
        assert lab.rx1(gw, dev, gw.send(dev.repeat())).ack
    gw.skip(10)
    gw.send(dev.repeat())
    lab.frame(dev.repeat(), drop_reason='too_many_repeats')
    assert len([e for e in lab.all_events(dev, 'up') if e['fCnt'] == n]) == 1


def test_battery_and_margin_are_an_event(lab, eu):
    dev = lab.otaa('1.0.3', 'EU868', profile=lab.profile('1.0.3', 'EU868', '--dev-status-interval-s', '1'))
    lab.join(next(eu), dev)
    wait_until(lambda: talk(lab, eu, dev) == [['DevStatusReq']], 10, 'DevStatusReq')
    talk(lab, eu, dev)
    e = lab.event(dev, 'status')
    assert e['margin'] == dev.mac.snr_margin and 0 < e['batteryLevel'] < 100 and e['externalPowerSource'] is False


def test_device_that_stays_silent_is_not_asked_for_ever(lab, eu):
    dev = joined(lab, eu, '1.0.3')
    dev.mac.silent = {8}
    lab.lsctl('device', 'set', dev.dev_eui, '--desired-rx1-delay-s', '4')
    dev.mac.rx1_delay = 1
    for _ in range(12):
        gw = next(eu)
        lab.send(gw, dev, b'x', confirmed=True)
        assert dev.receive(gw.wait_downlink(8).phy).ack
    assert 1 <= len(asked(dev, 'RXTimingSetupReq')) < 8, asked(dev, 'RXTimingSetupReq')


@pytest.mark.parametrize('version', ['1.0.4', '1.1.0'])
def test_sticky_answers_are_accepted_many_times(lab, eu, version):
    dev = joined(lab, eu, version)
    talk(lab, eu, dev)
    lab.lsctl('device', 'set', dev.dev_eui, '--desired-rx1-delay-s', '2')
    talk(lab, eu, dev)
    for _ in range(4):                                 # nothing is received: the answer is in every uplink
        gw = next(eu)
        n, heard = lab.send(gw, dev, b'x')
        lab.up(dev, n)
        gw.take_all()
    talk(lab, eu, dev)
    assert dev.rx1_delay == 2 and dev.mac.owed == []
    assert wait_until(lambda: lab.device_json(dev)['f_cnt_up'] == dev.f_cnt_up)
