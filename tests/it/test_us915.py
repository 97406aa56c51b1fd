"""US915, sub-band 2: what a fixed channel plan does differently."""
import time

import pytest

import lorawan as lw
from daemon import wait_until
from lorawan import US915

LAB = {'region': 'US915', 'regions': {'US915': {'enabled_uplink_channels': '8-15,65'}}}
SUB_BAND_2 = list(range(8, 16)) + [65]


def radio(channel, dr):
    return {'region': US915, 'dr': dr, 'freq_hz': US915.uplink_hz(channel)}


@pytest.fixture(scope='module')
def party(lab):
    """Joins at the same time, each through a gateway of its own: name -> (device, accept, heard, downlink)."""
    plan = {'1.0.3': ('1.0.3', 9, 0), '1.0.4': ('1.0.4', 65, 4), '1.0.2': ('1.0.2', 15, 0), '1.0.1': ('1.0.1', 10, 0)}
    sent = {}
    for name, (version, channel, dr) in plan.items():
        dev = lab.otaa(version)
        gw = lab.gateway()
        sent[name] = gw, dev, gw.send(dev.join_request(), **radio(channel, dr))
    out = {'gw': lab.gateway()}
    for name, (gw, dev, heard) in sent.items():
        down = gw.wait_downlink(8, lambda d, dev=dev: dev.can_open_accept(d.phy))
        out[name] = dev, dev.accept(down.phy), heard, down
    return out


@pytest.mark.parametrize('name', ['1.0.3', '1.0.4', '1.0.2'])
def test_accept_comes_on_the_downlink_channel_of_the_uplink_channel(lab, party, name):
    dev, accept, heard, down = party[name]
    lab.check_rx1(down, heard, 5)


@pytest.mark.parametrize('name', ['1.0.3', '1.0.4'])
def test_cf_list_of_type_1_carries_the_sub_band(party, name):
    assert party[name][1].cf_list_channels() == SUB_BAND_2


@pytest.mark.parametrize('name', ['1.0.1', '1.0.2'])
def test_devices_before_1_0_3_get_no_cf_list(party, name):
    assert party[name][1].cf_list == b'' and len(party[name][3].phy) == 17


@pytest.mark.parametrize('name', ['1.0.3', '1.0.2'])
def test_accept_names_rx2_at_dr_8(party, name):
    assert party[name][1].rx2_dr == 8 and party[name][1].rx1_dr_offset == 0


def test_session_works_after_the_join(lab, party):
    dev = party['1.0.3'][0]
    n, heard = lab.send(party['gw'], dev, b'x', confirmed=True, radio=radio(12, 3))
    e = lab.up(dev, n)
    assert e['regionConfigId'] == 'us915' and e['dr'] == 3
    assert lab.rx1(party['gw'], dev, heard).ack


@pytest.mark.parametrize('channel,dr', [(c, d) for d, c in enumerate((8, 9, 10, 15))] + [(11, 0), (12, 3), (65, 4), (65, 5), (65, 6)])
def test_rx1_is_mapped_from_the_uplink_channel(lab, gw, dev, channel, dr):
    n, heard = lab.send(gw, dev, b'x', confirmed=True, radio=radio(channel, dr))
    e = lab.up(dev, n)
    assert e['dr'] == dr
    down = gw.wait_downlink()
    freq_hz, down_dr = US915.rx1(heard.freq_hz, dr)
    lab.check_window(down, heard, 1, freq_hz, down_dr)
    assert dev.receive(down.phy).ack


def test_rx2_follows_too_late(lab, gw, dev):
    gw.answers = ['TOO_LATE']
    n, heard = lab.send(gw, dev, b'x', confirmed=True, radio=radio(9, 2))
    first = lab.check_rx1(gw.wait_downlink(), heard)
    second = lab.check_window(gw.wait_downlink(), heard, 2, 923300000, 8)
    assert first.phy == second.phy and dev.receive(second.phy).ack


def test_item_too_long_for_rx2_stays(lab, gw, dev):
    gw.answers = ['TOO_LATE']
    item = lab.push(dev, 1, bytes(54))          # RX2 at DR8 takes 53
    n, heard = lab.send(gw, dev, b'x', radio=radio(9, 2))
    dev.session.open(lab.check_rx1(gw.wait_downlink(), heard).phy)
    lab.nothing_more(gw)
    assert [q['queue_item_id'] for q in lab.queue(dev)] == [item]


def test_eu868_profile_is_refused_or_not_served_here(lab, gw):
    """The region is not enabled: either the profile is refused, or its devices are dropped by name."""
    r = lab.lsctl('profile', 'create', 'eu', '-t', 'acme', '--region', 'EU868', '--mac-version', '1.0.3', check=False)
    if r.rc:
        assert r.rc == 5, r
        return
    dev = lab.abp(profile='eu')
    phy = dev.uplink(b'x')
    gw.send(phy, **radio(8, 0))
    lab.dropped(phy, 'wrong_region')


def test_uplink_outside_the_sub_band_is_accepted_with_a_valid_mic(lab, gw, dev):
    n, _ = lab.send(gw, dev, b'x', radio=radio(0, 0))
    assert lab.up(dev, n)['txInfo']['frequency'] == 902300000


def test_link_check_counts_against_the_data_rate_used(lab, gw, dev):
    heard = gw.send(dev.uplink(f_opts=lw.mac_link_check_req()), snr=-3.0, **radio(8, 0))   # SF10: floor -15
    down = lab.rx1(gw, dev, heard)
    assert down.mac() == [(0x02, bytes([12, 1]))]


def test_ping_slots_hop_with_address_and_beacon(lab, gw):
    profile = lab.profile('1.0.4', None, '--supports-class-b', '--ping-slot-periodicity', '0')
    dev = lab.abp('1.0.4', profile=profile)
    n = dev.f_cnt_up
    heard = gw.send(dev.uplink(b'x', class_b=True), tmms=lw.gps_ms(time.time()), **lab.fence_radio())
    lab.up(dev, n)
    wait_until(lambda: (gw.tmst() - heard.tmst) & 0xffffffff > 2500000, 10, 'the end of RX2')
    lab.push(dev, 10, b'\x01')
    t = gw.wait_downlink(8, device_class='B')
    channel = lw.hopping_channel(lw.beacon_time(t.txpk['tmms'] / 1000), 8, dev.dev_addr)
    assert (t.freq_hz, t.datr) == (923300000 + 600000 * channel, 'SF12BW500')
    assert dev.receive(t.phy, class_a=False).application() == (10, b'\x01')
