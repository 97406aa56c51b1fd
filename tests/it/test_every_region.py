"""A join, an uplink and a downlink in every region and channel plan, all in one daemon."""
import pytest

from lorawan import DATA_REGIONS

PLANS = {'CN470_RP001': 'CN470'}
NAMES = sorted(n for n in DATA_REGIONS if n != 'AS923_1')
LAB = {'region': 'EU868', 'regions': {n: {} for n in NAMES if n != 'CN470_RP001'} | {'CN470': {}}}


def config_of(name):
    return PLANS.get(name, name).lower()


def join_radio(name):
    """A channel and rate joins are made on, and the windows of the answer."""
    region = DATA_REGIONS[name]
    join = region.row['join']
    dr = max(d for d in join['data_rates'] if region.row['rx1']['data_rate'].get(str(d)))
    if 'common_join_channels' in join:
        c = join['common_join_channels'][-1]
        return c['uplink_hz'], dr, (c['rx1_hz'], region.row['rx1']['data_rate'][str(dr)][0]), c['rx2_hz']
    channel = 0 if region.plan == 'dynamic' else next(c for c in range(96) if dr in region.channel_rates(c))
    freq_hz = region.uplink_hz(channel)
    return freq_hz, dr, region.rx1(freq_hz, dr), region.rx2[0]


@pytest.mark.parametrize('name', NAMES)
def test_join_uplink_and_downlink(lab, name):
    region, config = DATA_REGIONS[name], config_of(name)
    freq_hz, dr, rx1, rx2_hz = join_radio(name)
    base = 'CN470' if name.startswith('CN470') else name
    profile = lab.profile('1.0.4', base, '--region-config', config)
    gw, dev = lab.gateway(region=config), lab.otaa('1.0.4', name, profile=profile)
    heard = gw.send(dev.join_request(), region=region, freq_hz=freq_hz, dr=dr)
    down = gw.wait_downlink(8, lambda d: dev.can_open_accept(d.phy))
    lab.check_window(down, heard, 5, *rx1)
    accept = dev.accept(down.phy)
    assert accept.rx2_dr == region.row['rx2']['data_rate']
    assert lab.event(dev, 'join', devAddr=dev.dev_addr)['regionConfigId'] == config
    assert bool(accept.cf_list) == (region.plan == 'fixed' or name == 'EU868')

    gw.answers = ['TOO_LATE']                # so that RX2 is seen, too
    dev.tune(freq_hz, dr)
    n = dev.f_cnt_up
    heard = gw.send(dev.uplink(b'x', confirmed=True), region=region, freq_hz=freq_hz, dr=dr)
    e = lab.up(dev, n)
    assert e['regionConfigId'] == config and e['dr'] == dr
    lab.check_window(gw.wait_downlink(), heard, 1, *region.rx1(freq_hz, dr))
    second = lab.check_window(gw.wait_downlink(), heard, 2, rx2_hz, region.row['rx2']['data_rate'])
    assert dev.receive(second.phy).ack
