"""AS923: 400 ms of dwell time for downlinks, against a group of the same region without."""
import os

import pytest

from lorawan import REGIONS

LAB = {'region': 'AS923', 'regions': {'AS923': {'downlink_dwell_time': 'true'}, 'AS923_2': {}}}
DR2 = 2


def radio(region, dr):
    return {'region': REGIONS[region], 'dr': dr, 'freq_hz': REGIONS[region].uplink_hz(0)}


def carried(lab, gw, dev, region, dr, tries=8):
    """The next downlink with a payload; requests to the device may come before it."""
    for _ in range(tries):
        n, heard = lab.send(gw, dev, b'x', confirmed=True, radio=radio(region, dr))
        lab.up(dev, n)
        try:
            down = dev.receive(gw.wait_downlink().phy)
        except TimeoutError:                # both windows missed: the item waits
            continue
        if down.application():
            return down.application()[1]
    return None


@pytest.mark.parametrize('region,most', [('AS923', 11), ('AS923_2', 115)])
def test_longest_payload_at_dr_2(lab, region, most):
    gw, dev = lab.gateway(region=region), lab.abp('1.0.4', region)
    payload = os.urandom(most)
    lab.push(dev, 1, payload)
    assert carried(lab, gw, dev, region, DR2) == payload


@pytest.mark.parametrize('region,length', [('AS923', 12), ('AS923_2', 116)])
def test_longer_payload_is_not_sent_but_named(lab, region, length):
    gw, dev = lab.gateway(region=region), lab.abp('1.0.4', region)
    lab.push(dev, 1, os.urandom(length))
    assert carried(lab, gw, dev, region, DR2, tries=2) is None
    e = lab.event(dev, 'log', code='DOWNLINK_PAYLOAD_SIZE')
    assert e['context']['max_payload_size'] == str(length - 1)


def test_older_revision_has_the_older_limit(lab):
    """RP001-1.0.3 has 59 octets at DR2 without dwell time, RP002-1.0.1 and later 123."""
    gw, dev = lab.gateway(region='AS923_2'), lab.abp('1.0.3', 'AS923_2')
    lab.push(dev, 1, os.urandom(52))
    assert carried(lab, gw, dev, 'AS923_2', DR2, tries=2) is None
    payload = os.urandom(51)
    lab.push(dev, 1, payload)
    assert carried(lab, gw, dev, 'AS923_2', DR2) == payload
