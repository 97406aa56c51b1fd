"""EU868 and US915 in one daemon, with settings of the operator."""
import time

from lorawan import US915

LAB = {'regions': {'EU868': {'rx1_delay': '3s', 'extra_channels': '867100000,867300000'},
                   'US915': {'enabled_uplink_channels': '0-7,64'}}}


def test_each_device_is_served_by_its_region(lab):
    eu, us = lab.gateway(region='EU868'), lab.gateway(region='US915')
    a, b = lab.otaa(region='EU868'), lab.otaa(region='US915')
    at_a = eu.send(a.join_request(), freq_hz=868300000, dr=0)
    at_b = us.send(b.join_request(), freq_hz=US915.uplink_hz(3), dr=0, region=US915)
    da, db = eu.wait_downlink(8), us.wait_downlink(8)
    lab.check_rx1(da, at_a, 5)
    lab.check_rx1(db, at_b, 5)
    aa, ab = a.accept(da.phy), b.accept(db.phy)
    assert aa.rx_delay == 3 and aa.cf_list_frequencies() == [867100000, 867300000, 0, 0, 0]
    assert ab.rx_delay in (0, 1) and ab.cf_list_channels() == list(range(8)) + [64]
    at_a = eu.send(a.uplink(b'x', confirmed=True), freq_hz=867300000, dr=2)
    at_b = us.send(b.uplink(b'x', confirmed=True), freq_hz=US915.uplink_hz(64), dr=4, region=US915)
    db, da = us.wait_downlink(), eu.wait_downlink(6)
    lab.check_window(da, at_a, 3, 867300000, 2)
    lab.check_window(db, at_b, 1, 923300000, 13)
    assert a.receive(da.phy).ack and b.receive(db.phy).ack
    assert lab.up(a, 0)['regionConfigId'] == 'eu868' and lab.up(b, 0)['regionConfigId'] == 'us915'


def test_rx2_comes_one_second_after_a_longer_rx1(lab):
    gw, joined_at, dev = lab.gateway(region='EU868'), lab.gateway(region='EU868'), lab.otaa(region='EU868')
    joined_at.send(dev.join_request())    # the accept stands in this gateway's calendar for 5 s
    dev.accept(joined_at.wait_downlink(8).phy)
    gw.answers = ['TOO_LATE']
    heard = gw.send(dev.uplink(b'x', confirmed=True))
    first = lab.check_window(gw.wait_downlink(6), heard, 3, 868100000, 5)
    second = lab.check_window(gw.wait_downlink(6), heard, 4, 869525000, 0)
    assert first.phy == second.phy
    dev.receive(second.phy)


def test_abp_device_keeps_the_standard_s_delay(lab):
    gw, dev = lab.gateway(region='EU868'), lab.abp(region='EU868')
    heard = gw.send(dev.uplink(b'x', confirmed=True))
    down = lab.check_window(gw.wait_downlink(6), heard, 1, 868100000, 5)
    assert dev.receive(down.phy).ack


def test_gateway_without_region_is_told_by_frequency(lab):
    gw = lab.gateway()
    eu, us = lab.abp(region='EU868'), lab.abp(region='US915')
    gw.send(eu.uplink(b'e'))
    gw.send(us.uplink(b'u'), region=US915, dr=0, freq_hz=US915.uplink_hz(0))
    lab.up(eu, 0)
    lab.up(us, 0)


def test_device_of_one_region_heard_in_the_other_is_dropped(lab):
    gw, dev = lab.gateway(region='US915'), lab.abp(region='EU868')
    phy = dev.uplink(b'x')
    gw.send(phy, region=US915, dr=0, freq_hz=US915.uplink_hz(0))
    lab.dropped(phy, 'wrong_region')


def beacon_timing(lab, region, radio):
    gw, dev = lab.gateway(region=region), lab.abp('1.0.2', region=region)
    _, heard = lab.send(gw, dev, b'x', confirmed=True, f_opts=dev.mac.ask('BeaconTimingReq'), radio=radio)
    gps_s = time.time() - 315964800 + 18
    dev.receive(gw.wait_downlink(6).phy)
    answer = dev.mac.beacon_timing.fields
    beacon = round((gps_s + answer['delay'] * 0.03) / 128)    # beacons are sent at multiples of 128 s
    assert abs(beacon * 128 - gps_s - answer['delay'] * 0.03) < 8
    return answer['channel'], beacon


def test_beacon_timing_names_the_channel_of_the_next_beacon(lab):
    """BeaconTimingReq: the beacon of US915 hops over eight channels, that of EU868 stays where it is."""
    channel, beacon = beacon_timing(lab, 'US915', {'region': US915, 'freq_hz': US915.uplink_hz(3), 'dr': 0})
    assert channel == beacon % 8
    assert beacon_timing(lab, 'EU868', {'freq_hz': 868300000, 'dr': 5})[0] == 0


def test_profile_pinned_to_a_configuration_does_not_move_to_another_region_with_it(lab):
    profile = lab.profile('1.0.3', 'EU868', '--region-config', 'eu868')
    move = ('profile', 'set', profile, '--region', 'US915')
    r = lab.lsctl(*move, check=False)
    assert r.rc == 5 and 'eu868' in r.err and '--unset region_config' in r.err
    assert lab.lsctl('profile', 'set', profile, '--region', 'EU868', check=False).rc == 0
    assert lab.lsctl(*move, '--region-config', 'us915', check=False).rc == 0
    assert lab.lsctl('profile', 'set', profile, '--region', 'EU868', '--unset', 'region_config', check=False).rc == 0
