"""Two configurations of US915 at once, sub-bands 2 and 7: a device belongs to the one whose gateways heard its join."""
import pytest

from lorawan import US915

LAB = {'region': 'US915', 'regions': {
    'US915 name=us-2': {'enabled_uplink_channels': '8-15,65'},
    'US915 name=us-7': {'enabled_uplink_channels': '48-55,70', 'rx1_delay': '2s'},
}}
SUB_BANDS = {'us-2': (list(range(8, 16)) + [65], 1), 'us-7': (list(range(48, 56)) + [70], 2)}


def radio(channel, dr):
    return {'region': US915, 'dr': dr, 'freq_hz': US915.uplink_hz(channel)}


def joined_in(lab, dev, accept, name):
    channels, delay_s = SUB_BANDS[name]
    assert accept.cf_list_channels() == channels and accept.rx_delay == delay_s
    assert lab.event(dev, 'join', devAddr=dev.dev_addr)['regionConfigId'] == name
    assert lab.device_json(dev)['dev_addr'] == dev.dev_addr


@pytest.mark.parametrize('channel,dr,name', [(9, 0, 'us-2'), (50, 0, 'us-7'), (65, 4, 'us-2'), (70, 4, 'us-7')])
def test_join_is_answered_by_the_configuration_of_its_channel(lab, channel, dr, name):
    gw, dev = lab.gateway(), lab.otaa('1.0.3')
    accept = lab.join(gw, dev, **radio(channel, dr))
    joined_in(lab, dev, accept, name)
    channel = SUB_BANDS[name][0][3]
    n, heard = lab.send(gw, dev, b'x', confirmed=True, radio=radio(channel, 1))
    assert lab.up(dev, n)['regionConfigId'] == name
    assert lab.rx1(gw, dev, heard).ack


def test_gateway_of_one_configuration_speaks_for_that_one(lab):
    gw, dev = lab.gateway(region='us-7'), lab.otaa('1.0.3')
    accept = lab.join(gw, dev, **radio(9, 0))       # a channel of the other sub-band, heard all the same
    joined_in(lab, dev, accept, 'us-7')


def test_gateway_of_the_region_is_told_by_frequency(lab):
    gw, dev = lab.gateway(region='US915'), lab.otaa('1.0.3')
    joined_in(lab, dev, lab.join(gw, dev, **radio(48, 0)), 'us-7')


def test_profile_may_pin_a_configuration(lab):
    profile = lab.profile('1.0.3', 'US915', '--region-config', 'us-7')
    gw, dev = lab.gateway(), lab.otaa('1.0.3', profile=profile)
    joined_in(lab, dev, lab.join(gw, dev, **radio(9, 0)), 'us-7')


def test_pinned_device_is_not_heard_by_the_gateways_of_another(lab):
    profile = lab.profile('1.0.3', 'US915', '--region-config', 'us-7')
    gw, dev = lab.gateway(region='us-2'), lab.otaa('1.0.3', profile=profile)
    phy = dev.join_request()
    gw.send(phy, **radio(9, 0))
    lab.dropped(phy, 'wrong_region')


def test_session_belongs_to_its_configuration(lab):
    """Heard by a gateway of the other configuration it is not answered there: the channels are not the device's."""
    a, b, dev = lab.gateway(region='us-2'), lab.gateway(region='us-7'), lab.otaa('1.0.3')
    joined_in(lab, dev, lab.join(a, dev, **radio(8, 0)), 'us-2')
    phy = dev.uplink(b'x')
    b.send(phy, **radio(8, 0))
    lab.dropped(phy, 'wrong_region')
    n, _ = lab.send(a, dev, b'y', radio=radio(8, 0))
    assert lab.up(dev, n)['regionConfigId'] == 'us-2'


def test_session_is_found_again_after_a_restart(lab):
    gw, dev = lab.gateway(), lab.otaa('1.0.3')
    lab.join(gw, dev, **radio(51, 0))
    lab.daemon.restart()
    n, heard = lab.send(gw, dev, b'x', radio=radio(52, 0))
    assert lab.up(dev, n)['regionConfigId'] == 'us-7'


@pytest.mark.parametrize('args,field', [
    (('profile', 'create', 'p', '-t', 'acme', '--region', 'US915', '--mac-version', '1.0.3', '--region-config', 'us-3'),
     'us-2, us-7'),
    (('gateway', 'create', '0016c001ffffff01', '--name', 'g', '-t', 'acme', '--region', 'us-3'), 'US915'),
    (('profile', 'create', 'p', '-t', 'acme', '--region', 'EU868', '--mac-version', '1.0.3'), 'US915'),
])
def test_unknown_configurations_are_refused(lab, args, field):
    r = lab.lsctl(*args, check=False)
    assert r.rc == 5 and field in r.err
