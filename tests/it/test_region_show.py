"""`lsctl region list` and `region show`: what is in force, compared with the regional parameters."""
import json
import pathlib

import pytest

LAB = {'region': 'US915', 'regions': {
    'US915 name=us-2': {'enabled_uplink_channels': '8-15,65', 'rx1_delay': '3s'},
    'US915': {},
    'EU868': {'extra_channels': '867.1, 867.3:0-6', 'rx2_frequency': '869.525', 'rx_window': 'rx2'},
    'AS923_2': {'downlink_dwell_time': 'true', 'ping_slot_frequency': '921.8'},
    'CN470_26A': {},
    'KR920': {},
}}
REGIONS = json.loads((pathlib.Path(__file__).resolve().parent.parent / 'data' / 'regions.json').read_text())['regions']


def show(lab, name, *more):
    return lab.lsctl('region', 'show', name, '-o', 'json', *more).json()


def test_list_names_the_configurations_in_the_order_of_the_file(lab):
    rows = lab.lsctl('region', 'list', '-o', 'jsonl').jsonl()
    assert [(r['name'], r['region'], r.get('plan')) for r in rows] == [
        ('us-2', 'US915', None), ('us915', 'US915', None), ('eu868', 'EU868', None), ('as923_2', 'AS923_2', None),
        ('cn470_26a', 'CN470', '26A'), ('kr920', 'KR920', None)]
    assert rows[0]['enabled_channels'] == '8-15,65' and rows[0]['rx1_delay_s'] == 3
    assert rows[1]['enabled_channels'] == '0-71' and rows[1]['rx1_delay_s'] == 1


@pytest.mark.parametrize('name,key', [('us-2', 'US915'), ('eu868', 'EU868'), ('as923_2', 'AS923_2'),
                                      ('cn470_26a', 'CN470_26A'), ('kr920', 'KR920')])
def test_data_rates_and_rx1_are_those_of_the_region(lab, name, key):
    o, row = show(lab, name), REGIONS[key]
    payload = row['max_payload']['no_dwell']
    rates = {int(dr): r for dr, r in row['data_rates'].items() if r['uplink'] or r['downlink']}
    assert [r['dr'] for r in o['data_rates']] == sorted(rates)
    for r in o['data_rates']:
        n = str(r['dr'])
        assert r['payload'] == payload['no_repeater'][n]['n'] and r['repeater'] == payload['repeater'][n]['n']
        want = 'both' if rates[r['dr']]['uplink'] and rates[r['dr']]['downlink'] else 'up' if rates[r['dr']]['uplink'] else 'down'
        assert r['direction'] == want
        if 'dwell' in r:
            limit = row['max_payload']['dwell_400ms']['no_repeater'][n]
            assert r['dwell'] == (limit and limit['n'])
    assert {str(r['uplink_dr']): r['rx1_dr_by_offset'] for r in o['rx1']} == row['rx1']['data_rate']
    assert o['rx2_dr'] == row['rx2']['data_rate'] and o['rx2_freq_hz'] == row['rx2']['frequency_hz']
    assert [p['offset_db'] for p in o['tx_powers']] == row['tx_power']['offsets_db']


def test_channels_have_indices_and_marks(lab):
    channels = show(lab, 'us-2')['channels']
    assert [c['index'] for c in channels if c['enabled']] == list(range(8, 16)) + [65]
    assert len(channels) == 72 and channels[9] == {'index': 9, 'freq_hz': 904100000, 'min_dr': 0, 'max_dr': 3, 'enabled': True,
                                                   'told_by': 'plan'}
    channels = show(lab, 'EU868')['channels']
    assert [(c['freq_hz'], c['max_dr'], c['told_by']) for c in channels[2:]] == [
        (868500000, 5, 'plan'), (867100000, 5, 'CFList'), (867300000, 6, 'NewChannelReq')]


def test_overrides_are_told(lab):
    o = show(lab, 'eu868')
    assert o['changed'] == ['extra_channels', 'rx_window'] and o['settings']['rx_window'] == 'rx2'
    assert o['unlisted_frequencies'] == 'forbidden' and len(o['duty_cycle_bands']) == 6
    o = show(lab, 'as923_2')
    assert o['changed'] == ['downlink_dwell_time', 'ping_slot_frequency']
    assert o['dwell_time']['downlink_on'] and o['dwell_time']['uplink_on']
    assert o['class_b']['ping_slot_freq_hz'] == 921800000 and o['class_b']['beacon_freq_hz'] == 921600000
    assert show(lab, 'us915')['changed'] == []


def test_a_revision_can_be_named(lab):
    assert [r['dr'] for r in show(lab, 'us-2', '--revision', 'RP001-1.0.3-A')['data_rates']] == [0, 1, 2, 3, 4] + list(range(8, 14))
    newest = show(lab, 'us-2', '--revision', 'RP002-1.0.5')['data_rates']
    assert [(r['direction'], r['modulation']) for r in newest if r['dr'] == 0] == [('up', 'SF10/125 kHz'), ('down', 'SF5/500 kHz')]
    r = lab.lsctl('region', 'show', 'us-2', '--revision', 'RP003', check=False)
    assert r.rc == 5 and 'RP003' in r.err


def test_region_is_shown_by_its_own_name_and_others_are_named(lab):
    assert show(lab, 'US915')['name'] == show(lab, 'us-915')['name'] == 'us915'
    assert show(lab, 'CN470')['name'] == 'cn470_26a'
    r = lab.lsctl('region', 'show', 'IN865', check=False)
    assert r.rc == 3 and 'IN865 is not enabled' in r.err and 'us-2, us915, eu868' in r.err
