"""Data uplinks: what becomes an event, what is dropped and why."""
import base64
import os
import re

import pytest

import lorawan as lw
from gateway import antenna, unpadded_url_safe
from lab import data_of


def test_two_gateways_make_one_event_with_two_receptions(lab, gw, gw2, dev):
    n, phy = dev.f_cnt_up, dev.uplink(b'hello', f_port=5)
    gw.send(phy, rssi=-60, snr=9.5, wait=False)
    gw2.send(phy, rssi=-97, snr=-4.25)
    e = lab.up(dev, n)
    rx = {r['gatewayId']: r for r in e['rxInfo']}
    assert set(rx) == {gw.gateway_id, gw2.gateway_id} and len(e['rxInfo']) == 2
    assert rx[gw.gateway_id]['rssi'] == -60 and rx[gw.gateway_id]['snr'] == 9.5
    assert rx[gw2.gateway_id]['rssi'] == -97
    assert sorted(lab.frame(phy)['gateways']) == sorted([gw.gateway_id, gw2.gateway_id])
    lab.fence()
    assert len(lab.all_events(dev, 'up')) == 1


def test_event_is_chirpstack_s(lab, gw, dev):
    n, heard = lab.send(gw, dev, b'\x01\x15\x12\x7a', f_port=2, adr=True, confirmed=True)
    e = lab.up(dev, n)
    assert e['kind'] == 'up' and e['cursor']
    assert re.fullmatch(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', e['deduplicationId'])
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6}|\.\d{9})?\+00:00', e['time'])
    assert e['devAddr'] == dev.dev_addr and e['adr'] is True and e['confirmed'] is True and e['dr'] == 5
    assert e['fCnt'] == n and e['fPort'] == 2 and e['data'] == 'ARUSeg=='
    assert e['regionConfigId'] == 'eu868' and 'object' not in e
    info = e['deviceInfo']
    assert info['devEui'] == dev.dev_eui and info['deviceName'] == 'dev-' + dev.dev_eui and info['tags'] == {}
    assert info['tenantName'] == 'acme' and info['applicationName'] == 'meters'
    assert info['deviceProfileName'] == 'p-EU868-1.0.3' and info['deviceClassEnabled'] == 'CLASS_A'
    for key in ('tenantId', 'applicationId', 'deviceProfileId'):
        assert re.fullmatch(r'[0-9a-f-]{36}', info[key])
    rx = e['rxInfo'][0]
    assert rx['gatewayId'] == gw.gateway_id and rx['rssi'] == -60 and rx['snr'] == 7.0 and rx['crcStatus'] == 'CRC_OK'
    assert 'channel' not in rx                       # default values of nested messages are left out
    lora = e['txInfo']['modulation']['lora']
    assert e['txInfo']['frequency'] == 868100000
    assert lora['bandwidth'] == 125000 and lora['spreadingFactor'] == 7 and lora['codeRate'] == 'CR_4_5'
    dev.receive(gw.wait_downlink().phy)


def test_default_values_of_the_event_are_written(lab, gw, dev):
    n, _ = lab.send(gw, dev, b'')
    e = lab.up(dev, n)
    assert e['fCnt'] == 0 and e['fPort'] == 0 and e['data'] == '' and e['confirmed'] is False and e['adr'] is False


def test_device_shows_counters_and_last_seen(lab, gw, dev):
    for _ in range(3):
        n, _ = lab.send(gw, dev, b'x')
        lab.up(dev, n)
    d = lab.device_json(dev)
    assert d['f_cnt_up'] == 3 and d['f_cnt_down'] == 0 and d['dev_addr'] == dev.dev_addr and d['last_seen_at']
    assert d['dev_eui'] == dev.dev_eui and d['name'] == 'dev-' + dev.dev_eui


@pytest.mark.parametrize('kw', [dict(), dict(f_port=9), dict(f_port=0, payload=b'\x02'), dict(f_opts=b'\x02')],
                         ids=['empty', 'port-without-payload', 'mac-on-port-0', 'mac-in-f-opts'])
def test_uplink_without_application_data_is_an_event_too(lab, gw, dev, kw):
    n, _ = lab.send(gw, dev, **kw)
    e = lab.up(dev, n)
    assert e['fPort'] == (kw.get('f_port') or 0)
    if kw.get('f_port') != 0:
        assert e['data'] == ''


@pytest.mark.parametrize('version', ['1.0.0', '1.0.1', '1.0.2', '1.0.4'])
def test_every_version_is_heard(lab, gw, version):
    dev = lab.abp(version)
    n, _ = lab.send(gw, dev, b'v')
    assert data_of(lab.up(dev, n)) == b'v'


def test_replay_is_refused(lab, gw, dev):
    sent = []
    for i in range(4):
        n, heard = lab.send(gw, dev, b'%d' % i)
        lab.up(dev, n)
        sent.append(heard.phy)
    gw.send(sent[1])
    f = lab.dropped(sent[1], 'f_cnt_replayed')
    assert f['dev_eui'] == dev.dev_eui and f['dev_addr'] == dev.dev_addr and f['direction'] == 'up'
    n, _ = lab.send(gw, dev, b'goes on')
    lab.up(dev, n)
    assert [e['fCnt'] for e in lab.all_events(dev, 'up')] == [0, 1, 2, 3, 4]


def test_wrong_mic_is_refused_and_its_reason_is_visible(lab, gw, dev):
    n, _ = lab.send(gw, dev, b'good')
    lab.up(dev, n)
    bad = bytearray(dev.uplink(b'forged'))
    bad[-1] ^= 1
    gw.send(bytes(bad))
    f = lab.dropped(bytes(bad), 'mic_mismatch')
    assert f['dev_addr'] == dev.dev_addr and f['gateways'] == [gw.gateway_id] and f['cursor'] and f['time']
    listed = lab.lsctl('frame', 'list', '-o', 'jsonl', '--since', '1h', '--all').jsonl()
    assert [x['drop_reason'] for x in listed if x['phy_payload'] == bytes(bad).hex()] == ['mic_mismatch']


def test_no_bit_flip_gets_through(lab, gw, dev):
    n, heard = lab.send(gw, dev, b'original', f_port=3)
    lab.up(dev, n)
    phy = dev.uplink(b'flipped', f_port=3)
    rxpks, frames = [], []
    for i in range(len(phy)):
        bad = bytearray(phy)
        bad[i] ^= 1 << i % 8
        frames.append(bytes(bad))
        rxpks.append(gw.hear(bytes(bad))[1])
    for i in range(0, len(rxpks), 6):
        gw.push_data({'rxpk': rxpks[i:i + 6]})
    for bad in frames:
        f = lab.frames.wait(lambda f: f['phy_payload'] == bad.hex())
        assert f['drop_reason'], f
    assert len(lab.all_events(dev, 'up')) == 1
    gw.send(phy)
    lab.up(dev, 1)


def test_unknown_dev_addr_is_named(lab, gw):
    phy = lw.data_frame(lw.UNCONFIRMED_UP, '7fffffff', 1, 0, b'', 1, b'x', bytes(16), bytes(16))
    gw.send(phy)
    assert lab.dropped(phy, 'unknown_dev_addr')['dev_addr'] == '7fffffff'


def test_unknown_gateway_is_noted_and_its_frames_dropped(lab, gw, dev):
    stranger = lab.gateway(registered=False, pull=False)
    phy = dev.uplink(b'x')
    stranger.send(phy)
    lab.dropped(phy, 'unknown_gateway')
    heard = lab.lsctl('gateway', 'heard-unknown', '-o', 'json').json()
    assert stranger.gateway_id in [h['gateway_id'] for h in heard]
    gw.send(phy)                                    # through a known one it is good
    e = lab.up(dev, 0)
    assert [r['gatewayId'] for r in e['rxInfo']] == [gw.gateway_id]


def test_gap_up_to_the_limit_is_accepted_before_1_0_4(lab, gw):
    dev = lab.abp('1.0.3')
    lab.send(gw, dev, b'0')
    lab.up(dev, 0)
    dev.session.f_cnt_up = 16384
    lab.send(gw, dev, b'far')
    lab.up(dev, 16384)


def test_gap_beyond_the_limit_is_refused_before_1_0_4(lab, gw):
    dev = lab.abp('1.0.3')
    lab.send(gw, dev, b'0')
    lab.up(dev, 0)
    phy = dev.uplink(b'too far', f_cnt=16385)
    gw.send(phy)
    lab.dropped(phy, 'f_cnt_gap')


def test_1_0_4_has_no_gap_limit(lab, gw):
    dev = lab.abp('1.0.4')
    lab.send(gw, dev, b'0')
    lab.up(dev, 0)
    dev.session.f_cnt_up = 40000
    lab.send(gw, dev, b'far')
    lab.up(dev, 40000)


def test_first_uplink_of_an_abp_device_may_have_any_counter(lab, gw):
    dev = lab.abp('1.0.3')
    dev.session.f_cnt_up = 30000
    lab.send(gw, dev, b'late start')
    lab.up(dev, 30000)


def test_counter_goes_over_65535(lab, gw):
    dev = lab.abp(f_cnt_up=65533, f_cnt_down=65534)
    sent = []
    for n in range(65533, 65539):
        _, heard = lab.send(gw, dev, b'%d' % n, confirmed=True)
        sent.append(heard.phy)
        assert data_of(lab.up(dev, n)) == b'%d' % n
        down = lab.rx1(gw, dev, heard)
        assert down.ack and down.f_cnt == 65534 + n - 65533
    assert lab.device_json(dev)['f_cnt_up'] == 65539 and lab.device_json(dev)['f_cnt_down'] == 65540
    gw.send(sent[1])                                 # from before the wrap
    lab.dropped(sent[1], ('f_cnt_replayed', 'f_cnt_gap', 'mic_mismatch'))


def test_wrap_of_the_low_half_may_be_jumped_over(lab, gw):
    dev = lab.abp(f_cnt_up=65530)
    lab.send(gw, dev, b'a')
    lab.up(dev, 65530)
    dev.session.f_cnt_up = 65539
    lab.send(gw, dev, b'b')
    lab.up(dev, 65539)


def test_counter_ends_at_32_bits(lab, gw):
    dev = lab.abp(f_cnt_up=0xfffffffe)
    lab.send(gw, dev, b'a')
    lab.up(dev, 0xfffffffe)
    lab.send(gw, dev, b'b')
    lab.up(dev, 0xffffffff)
    phy = dev.uplink(b'c', f_cnt=0)
    gw.send(phy)
    lab.dropped(phy, 'f_cnt_exhausted')


def test_two_devices_with_one_dev_addr_are_told_apart(lab, gw):
    one = lab.abp()
    two = lab.abp(dev_addr=one.dev_addr)
    for a, b in ((one, two), (two, one)):
        n, m = a.f_cnt_up, b.f_cnt_up
        lab.send(gw, a, a.dev_eui.encode())
        lab.send(gw, b, b.dev_eui.encode())
        assert data_of(lab.up(a, n)) == a.dev_eui.encode()
        assert data_of(lab.up(b, m)) == b.dev_eui.encode()


def test_disabled_device_is_not_heard(lab, gw, dev):
    lab.lsctl('device', 'set', dev.dev_eui, '--no-enabled')
    phy = dev.uplink(b'x')
    gw.send(phy)
    lab.dropped(phy, 'device_disabled')
    lab.lsctl('device', 'set', dev.dev_eui, '--enabled')
    n, _ = lab.send(gw, dev, b'y')
    lab.up(dev, n)


@pytest.mark.parametrize('m_type', [lw.UNCONFIRMED_DOWN, lw.CONFIRMED_DOWN, lw.JOIN_ACCEPT])
def test_downlink_heard_as_uplink_is_dropped(lab, gw, dev, m_type):
    phy = bytes([m_type << 5]) + dev.uplink(b'0123456')[1:]
    if m_type == lw.JOIN_ACCEPT:
        phy = phy[:17].ljust(17, b'x')
    gw.send(phy)
    lab.dropped(phy, 'wrong_direction')


def test_proprietary_frame_is_an_event_of_no_device(lab, gw):
    phy = b'\xe0' + os.urandom(9)
    gw.send(phy)
    event = lab.events.wait(lambda e: e['kind'] == 'proprietary' and base64.b64decode(e['phyPayload']) == phy)
    assert event['rxInfo'][0]['gatewayId'] == gw.gateway_id
    assert event['txInfo']['frequency'] == 868100000 and 'deviceInfo' not in event
    assert lab.frame(phy)['m_type'] == 'PROPRIETARY'


def test_proprietary_frame_leaves_through_the_gateway_named(lab, gw):
    lab.lsctl('gateway', 'send-proprietary', gw.gateway_id, '--hex', '0102ff', '--freq', 869525000, '--sf', 9, '--power', 14)
    down = gw.wait_downlink(device_class='C')
    assert down.phy == b'\xe0\x01\x02\xff'
    assert (down.freq_hz, down.datr, down.txpk['powe'], down.txpk['imme']) == (869525000, 'SF9BW125', 14, True)
    frame = lab.frame(down.phy)
    assert (frame['direction'], frame['m_type'], frame['drop_reason']) == ('down', 'PROPRIETARY', None)
    r = lab.lsctl('gateway', 'send-proprietary', gw.gateway_id, '--hex', '01', '--freq', 902300000, '--dr', 0, check=False)
    assert r.rc == 5 and '902300000' in r.err
    r = lab.lsctl('gateway', 'send-proprietary', gw.gateway_id, '--hex', '01', '--freq', 868100000, '--dr', 0, '--power', 30,
                  check=False)
    assert r.rc == 5 and 'dBm' in r.err


def test_rejoin_request_of_a_1_0_device_is_refused(lab, gw, dev):
    phy = bytes([0xc0, 0]) + bytes(3) + bytes.fromhex(dev.dev_eui)[::-1] + bytes(2) + bytes(4)
    gw.send(phy)
    lab.dropped(phy, 'unsupported_type')


@pytest.mark.parametrize('phy', [b'\x40', b'\x40' + bytes(10), b'\x00' + bytes(21), b'\x41' + bytes(20),
                                 bytes.fromhex('40010203040f0000') + bytes(4)],
                         ids=['one-octet', 'too-short', 'short-join', 'major-1', 'f-opts-beyond-end'])
def test_frames_that_are_no_frames_are_dropped(lab, gw, phy):
    gw.send(phy)
    lab.dropped(phy, ('malformed', 'unsupported_type'))


def test_f_opts_with_port_0_is_dropped(lab, gw, dev):
    s = dev.session
    phy = lw.data_frame(lw.UNCONFIRMED_UP, s.dev_addr, 0, 1, b'\x02', 0, b'\x02', s.nwk_s_key, s.app_s_key)
    gw.send(phy)
    lab.dropped(phy, 'f_opts_invalid')


def test_crc_error_is_dropped(lab, gw, dev):
    phy = dev.uplink(b'x')
    gw.send(phy, stat=-1)
    lab.dropped(phy, 'bad_crc')
    gw.send(phy)
    lab.up(dev, 0)


def test_frequency_of_another_region_is_dropped(lab, gw, dev):
    phy = dev.uplink(b'x')
    gw.send(phy, freq_hz=915000000)
    lab.dropped(phy, 'wrong_region')


def test_data_rate_of_another_region_is_dropped(lab, gw, dev):
    phy = dev.uplink(b'x')
    gw.send(phy, datr='SF8BW500')
    lab.dropped(phy, 'wrong_region')


def test_frequency_beside_the_channels_does_not_refuse_a_good_frame(lab, gw, dev):
    n, phy = dev.f_cnt_up, dev.uplink(b'x')
    gw.send(phy, freq_hz=866300000)
    assert lab.up(dev, n)['txInfo']['frequency'] == 866300000


def test_fsk_is_heard_and_answered_in_fsk(lab, gw, dev):
    n, heard = lab.send(gw, dev, b'fsk', confirmed=True, radio={'dr': 7, 'freq_hz': 868800000})
    e = lab.up(dev, n)
    assert e['dr'] == 7 and e['txInfo']['modulation']['fsk']['datarate'] == 50000
    down = gw.wait_downlink()
    lab.check_rx1(down, heard)
    assert down.txpk['datr'] == 50000 and down.txpk['fdev'] == 25000
    assert dev.receive(down.phy).ack


def test_fsk_data_rate_as_text_is_understood(lab, gw, dev):
    n, phy = dev.f_cnt_up, dev.uplink(b'fsk')
    gw.send(phy, dr=7, freq_hz=868800000, datr='50000', modu='FSK', lsnr=3)
    assert lab.up(dev, n)['dr'] == 7


@pytest.mark.parametrize('dr', [8, 9, 10, 11])
def test_lr_fhss_is_heard_and_answered_in_lora(lab, gw, dev, dr):
    n, heard = lab.send(gw, dev, b'hop', confirmed=True, radio={'dr': dr, 'freq_hz': 868100000})
    e = lab.up(dev, n)
    assert e['dr'] == dr
    lr = e['txInfo']['modulation']['lrFhss']
    assert lr['operatingChannelWidth'] == (137000 if dr < 10 else 336000) and lr.get('gridSteps') == 52
    assert lab.rx1(gw, dev, heard).ack


def test_antennas_of_rsig_are_receptions_of_their_own(lab, gw, dev):
    n, phy = dev.f_cnt_up, dev.uplink(b'rsig')
    rxpk = gw.hear(phy, brd=0, aesk=1, rsig=[antenna(0, 3, -88, 5.5), antenna(1, 4, -91, 2.25)])[1]
    for key in ('rssi', 'rssis', 'lsnr', 'chan', 'foff'):
        del rxpk[key]
    gw.push_data({'rxpk': [rxpk]})
    e = lab.up(dev, n)
    assert [r['gatewayId'] for r in e['rxInfo']] == [gw.gateway_id] * 2
    by_antenna = {r.get('antenna', 0): r for r in e['rxInfo']}
    assert by_antenna[0]['rssi'] == -88 and by_antenna[0]['snr'] == 5.5 and by_antenna[0]['channel'] == 3
    assert by_antenna[1]['rssi'] == -91 and by_antenna[1]['channel'] == 4


def test_gps_time_of_the_gateway_is_the_event_s(lab, gw, dev):
    n, phy = dev.f_cnt_up, dev.uplink(b'gps')
    gw.send(phy, time='2025-03-04T10:15:31.204117Z', tmms=1425118549204)
    e = lab.up(dev, n)
    assert e['time'] == '2025-03-04T10:15:31.204117+00:00' or e['time'].startswith('2025-03-04T10:15:31.204')
    assert e['rxInfo'][0]['timeSinceGpsEpoch'] == '1425118549.204s'


@pytest.mark.parametrize('stamp', ['', None, 'yesterday', '1970-01-01T00:00:00Z', '2106-02-07T06:28:16Z'],
                         ids=['empty', 'absent', 'text', '1970', '2106'])
def test_odd_gateway_time_does_not_lose_the_frame(lab, gw, dev, stamp):
    n, phy = dev.f_cnt_up, dev.uplink(b'time')
    gw.send(phy, time=stamp)
    lab.up(dev, n)


def test_base64_without_padding_and_url_safe_is_read(lab, gw, dev):
    # find a frame whose base64 needs all of it
    while True:
        n, phy = dev.f_cnt_up, dev.uplink(b'123')
        text = unpadded_url_safe(phy)
        if len(phy) % 3 and set('-_') & set(text):
            break
    gw.send(phy, data=text)
    lab.up(dev, n)


def test_frame_line_has_the_promised_keys(lab, gw, dev):
    n, heard = lab.send(gw, dev, b'x', f_port=12)
    f = lab.frame(heard.phy)
    want = {'direction': 'up', 'gateways': [gw.gateway_id], 'dev_addr': dev.dev_addr, 'dev_eui': dev.dev_eui, 'f_cnt': n,
            'f_port': 12, 'phy_payload': heard.phy.hex(), 'drop_reason': None}
    assert {k: f[k] for k in want} == want
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z', f['time']) and f['cursor']
