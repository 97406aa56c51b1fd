"""Joining over the air in EU868."""
import os

import pytest

import lorawan as lw
from lorawan import EU868

LAB = {'network': {'net_id': '000013', 'deduplication_delay': '100ms'}}


@pytest.fixture(scope='module')
def party(lab):
    """
    Devices that join at the same time (a join takes its 5 s): name -> (device, accept, heard, downlink). Each has its
    gateway, for one gateway could not send all the accepts.
    """
    makers = {'1.0.0': lambda: lab.otaa('1.0.0'), '1.0.1': lambda: lab.otaa('1.0.1'), '1.0.2': lambda: lab.otaa('1.0.2'),
              '1.0.3': lambda: lab.otaa('1.0.3'), '1.0.4': lambda: lab.otaa('1.0.4'), 'zero': lambda: lab.otaa('1.0.4'),
              'spare': lambda: lab.otaa('1.0.3'), 'spare2': lambda: lab.otaa('1.0.3'), 'twice': lambda: lab.otaa('1.0.3'),
              'queued': lambda: lab.otaa('1.0.3')}
    devices = {name: make() for name, make in makers.items()}
    devices['1.0.4'].next_dev_nonce = 100
    devices['zero'].next_dev_nonce = 0
    item = lab.push(devices['queued'], 7, b'\x42')
    gateways = {name: lab.gateway() for name in devices}
    heard = {}
    for i, (name, dev) in enumerate(devices.items()):
        heard[name] = gateways[name].send(dev.join_request(), dr=i % 6, freq_hz=EU868.default_channels[i % 3])
    out = {}
    for name, dev in devices.items():
        down = gateways[name].wait_downlink(8, lambda d, dev=dev: dev.can_open_accept(d.phy))
        out[name] = dev, dev.accept(down.phy), heard[name], down
    out['queued'] += (item,)
    out['gw'] = lab.gateway()
    out['gateways'] = gateways
    return out


VERSIONS = ['1.0.0', '1.0.1', '1.0.2', '1.0.3', '1.0.4']


@pytest.mark.parametrize('version', VERSIONS)
def test_accept_comes_in_rx1_of_the_join_windows(lab, party, version):
    dev, accept, heard, down = party[version]
    lab.check_window(down, heard, 5, heard.freq_hz, heard.dr)


@pytest.mark.parametrize('version', VERSIONS)
def test_accept_carries_the_region_s_parameters_and_channels(party, version):
    dev, accept, heard, down = party[version]
    assert accept.net_id == '000013'
    assert (accept.rx1_dr_offset, accept.rx2_dr) == (0, 0)
    assert accept.rx_delay in (0, 1)
    assert accept.cf_list_frequencies() == list(EU868.cf_list)


@pytest.mark.parametrize('version', VERSIONS)
def test_dev_addr_has_the_prefix_of_the_net_id(party, version):
    prefix, length = lw.dev_addr_prefix('000013')
    assert int(party[version][1].dev_addr, 16) >> (32 - length) == prefix >> (32 - length)


def test_dev_addrs_of_devices_differ(party):
    addrs = [party[v][1].dev_addr for v in VERSIONS]
    assert len(set(addrs)) == len(addrs)


def test_join_nonce_starts_at_one(party):
    assert [party[v][1].join_nonce for v in VERSIONS] == [1] * len(VERSIONS)


def test_dev_nonce_zero_is_good_when_none_was_seen(party):
    assert party['zero'][0].last_dev_nonce == 0 and party['zero'][1].join_nonce == 1


def test_join_is_an_event(lab, party):
    dev, accept, _, _ = party['1.0.3']
    e = lab.event(dev, 'join')
    assert e['devAddr'] == accept.dev_addr and e['regionConfigId'] == 'eu868'
    info = e['deviceInfo']
    assert info['tenantName'] == 'acme' and info['applicationName'] == 'meters' and info['deviceClassEnabled'] == 'CLASS_A'
    assert e['deduplicationId'] and e['time'] and e['cursor']


def test_join_frames_are_recorded_both_ways(lab, party):
    dev, accept, heard, down = party['1.0.3']
    up = lab.frame(heard.phy)
    assert up['direction'] == 'up' and up['drop_reason'] is None and up['dev_eui'] == dev.dev_eui
    assert up['gateways'] == [heard.gateway.gateway_id]
    assert lab.frame(down.phy)['direction'] == 'down'


@pytest.mark.parametrize('version', VERSIONS)
def test_first_uplink_after_the_join_works(lab, party, version):
    dev = party[version][0]
    assert dev.f_cnt_up > 0 or lab.exchange(party['gw'], dev).f_cnt == 0
    assert lab.device_json(dev)['dev_addr'] == dev.dev_addr


def test_queue_survives_a_join(lab, party):
    dev, item = party['queued'][0], party['queued'][4]
    n, heard = lab.send(party['gw'], dev, b'x')
    assert lab.rx1(party['gw'], dev, heard).application() == (7, b'\x42')
    assert lab.event(dev, 'txack')['queueItemId'] == item


def replay(party, name):
    """The same bytes again, long after, through the gateway that heard them first: no late copy."""
    gw = party['gateways'][name]
    gw.skip(10)
    gw.send(party[name][2].phy)


def test_replayed_dev_nonce_is_refused(lab, party):
    dev, accept, heard, _ = party['1.0.3']
    replay(party, '1.0.3')
    f = lab.dropped(heard.phy, 'dev_nonce_used')
    assert f['dev_eui'] == dev.dev_eui


def test_replayed_join_does_not_end_the_live_session(lab, party, gw):
    dev, accept, heard, _ = party['spare']
    lab.exchange(gw, dev)
    replay(party, 'spare')
    lab.dropped(heard.phy, 'dev_nonce_used')
    lab.exchange(gw, dev)


@pytest.mark.parametrize('nonce', [100, 99, 0])
def test_1_0_4_dev_nonce_must_grow(lab, party, nonce):
    dev = party['1.0.4'][0]
    phy = lw.join_request(dev.app_key, dev.join_eui, dev.dev_eui, nonce)
    party['gateways']['1.0.4'].skip(10)
    party['gateways']['1.0.4'].send(phy)
    lab.dropped(phy, 'dev_nonce_used')


def test_wrong_app_key_is_refused_and_burns_nothing(lab, gw):
    dev = lab.otaa()
    bad = dev.join_request(dev_nonce=7, app_key=os.urandom(16))
    gw.send(bad)
    lab.dropped(bad, 'mic_mismatch')
    heard = lab.send_join(gw, dev, dev_nonce=7)
    assert lab.take_accept(gw, dev, heard).join_nonce == 1


def test_unknown_dev_eui_is_named(lab, gw):
    phy = lw.join_request(os.urandom(16), '0000000000000000', 'fffe000000000001', 1)
    gw.send(phy)
    assert lab.dropped(phy, 'unknown_dev_eui')['dev_eui'] == 'fffe000000000001'


def test_other_join_eui_is_named(lab, gw):
    dev = lab.otaa(join_eui='70b3d57ed0000001')
    phy = dev.join_request(join_eui='70b3d57ed0000002')
    gw.send(phy)
    lab.dropped(phy, 'join_eui_mismatch')


def test_device_without_key_is_named(lab, gw):
    dev = lab.otaa(key=False)
    phy = dev.join_request()
    gw.send(phy)
    lab.dropped(phy, 'no_key')


def test_disabled_device_does_not_join(lab, gw):
    dev = lab.otaa()
    lab.lsctl('device', 'set', dev.dev_eui, '--no-enabled')
    phy = dev.join_request()
    gw.send(phy)
    lab.dropped(phy, 'device_disabled')


def test_join_without_downlink_path_burns_nothing(lab):
    dev, deaf = lab.otaa(), lab.gateway(pull=False)
    phy = dev.join_request()
    deaf.send(phy)
    lab.dropped(phy, ('join_not_answerable', 'no_gateway_path'))
    deaf.open_path()
    deaf.skip(10)
    heard = deaf.send(phy)
    assert lab.take_accept(deaf, dev, heard).join_nonce == 1


def test_accept_goes_to_rx2_after_too_late_with_the_same_bytes(lab, gw):
    dev = lab.otaa()
    gw.answers = ['TOO_LATE']
    heard = lab.send_join(gw, dev)
    first = gw.wait_downlink(8)
    lab.check_rx1(first, heard, 5)
    second = gw.wait_downlink(4)
    lab.check_window(second, heard, 6, 869525000, 0)
    assert second.phy == first.phy
    dev.accept(second.phy)
    lab.exchange(gw, dev)


def test_two_gateways_give_one_accept_through_the_stronger(lab, gw, gw2):
    dev = lab.otaa()
    phy = dev.join_request()
    gw.send(phy, rssi=-110, snr=-3.0, wait=False)
    heard = gw2.send(phy, rssi=-70, snr=9.0)
    lab.take_accept(gw2, dev, heard)
    lab.exchange(gw2, dev)
    lab.nothing_more(gw, gw2)


def test_join_nonce_grows_and_old_session_lives_until_the_new_one_is_used(lab, party, gw):
    dev = party['spare2'][0]
    lab.exchange(gw, dev)
    lab.join(gw, dev)                     # Violation unless JoinNonce grew
    old = dev.old_sessions[-1]
    n = old.f_cnt_up
    heard = gw.send(old.uplink(b'still old', confirmed=True))
    lab.up(dev, n, dev_addr=old.dev_addr)
    down = gw.wait_downlink()
    lab.check_rx1(down, heard)
    assert old.receive(down.phy).ack      # answered in its own session
    assert lab.exchange(gw, dev).f_cnt == 0
    late = old.uplink(b'too late')
    gw.send(late)
    lab.dropped(late, 'old_session')
    lab.exchange(gw, dev)


def test_another_join_replaces_only_the_pending_session(lab, party, gw, gw2):
    dev = party['twice'][0]
    lab.exchange(gw, dev)
    first = dev.session
    lab.join(gw, dev)
    lab.join(gw2, dev)                    # so soon that one gateway could not send both accepts
    n = first.f_cnt_up
    gw.send(first.uplink(b'the first one'))
    lab.up(dev, n, dev_addr=first.dev_addr)
    lost = dev.old_sessions[-1].uplink(b'the lost one')
    gw.send(lost)
    lab.dropped(lost, ('unknown_dev_addr', 'old_session', 'mic_mismatch'))
    lab.exchange(gw, dev)


def test_profile_without_otaa_refuses_joins(lab, gw):
    dev = lab.otaa(profile=lab.profile('1.0.3', None, '--no-supports-otaa'))
    phy = dev.join_request()
    gw.send(phy)
    lab.dropped(phy, 'otaa_not_allowed')


def test_lower_dev_nonce_is_good_before_1_0_4(lab, gw, gw2):
    dev = lab.otaa('1.0.3')
    lab.take_accept(gw, dev, lab.send_join(gw, dev, dev_nonce=500))
    lab.take_accept(gw2, dev, lab.send_join(gw2, dev, dev_nonce=3))
    phy = dev.join_request(500)
    gw.skip(10)
    gw.send(phy)
    lab.dropped(phy, 'dev_nonce_used')
