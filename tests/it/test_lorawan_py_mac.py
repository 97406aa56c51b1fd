"""The device side of these tests is itself right: LoRaWAN 1.1, MAC commands and class B agree with the vectors."""
import json

import pytest

import lorawan as lw
from test_lorawan_py import H, VECTORS, each


def keys_of(i):
    return [H(i[k]) for k in ('f_nwk_s_int_key', 's_nwk_s_int_key', 'nwk_s_enc_key', 'app_s_key')]


# ---- 1.1

@each('fopts_encrypt_11')
def test_f_opts_cipher(v):
    i = v['inputs']
    where = {'up': lw.UP, 'down': lw.DOWN}[i['direction']], i['dev_addr'], i['f_cnt']
    how = {'a_f_cnt_down': i['counter'] == 'AFCntDown', 'erratum': i['variant'] == 'erratum'}
    assert lw.f_opts_block(*where, **how).hex() == v['expected']['a_block']
    assert lw.crypt_f_opts(H(i['nwk_s_enc_key']), *where, H(i['plain']), **how).hex() == v['expected']['cipher']


@each('data_up_mic_11')
def test_uplink_mic(v):
    i, msg = v['inputs'], H(v['inputs']['msg'])
    conf = i['conf_f_cnt'] if msg[5] & 0x20 else 0
    assert lw.b1(conf, i['tx_dr'], i['tx_ch'], i['dev_addr'], i['f_cnt'], len(msg)).hex() == v['expected']['b1']
    mic = lw.up_mic_11(H(i['f_nwk_s_int_key']), H(i['s_nwk_s_int_key']), i['dev_addr'], i['f_cnt'], msg, conf,
                       i['tx_dr'], i['tx_ch'])
    assert mic.hex() == v['expected']['mic']


@each('data_down_mic_11')
def test_downlink_mic(v):
    i, msg = v['inputs'], H(v['inputs']['msg'])
    conf = i['conf_f_cnt'] if msg[5] & 0x20 else 0
    assert lw.b0(lw.DOWN, i['dev_addr'], i['f_cnt'], len(msg), conf).hex() == v['expected']['b0']
    mic = lw.data_mic(H(i['s_nwk_s_int_key']), lw.DOWN, i['dev_addr'], i['f_cnt'], msg, conf)
    assert mic.hex() == v['expected']['mic']


@each('data_frame_11')
def test_whole_frame(v):
    i = v['inputs']
    m_type = {'unconfirmed_up': 2, 'unconfirmed_down': 3, 'confirmed_up': 4, 'confirmed_down': 5}[i['m_type']]
    f_opts = H(i['f_opts'])
    phy = lw.data_frame_11(m_type, i['dev_addr'], i['f_cnt'], H(i['f_ctrl_flags'])[0] | len(f_opts), f_opts, i['f_port'],
                           H(i['frm_payload']), keys_of(i), i['conf_f_cnt'], i.get('tx_dr', 0), i.get('tx_ch', 0))
    assert phy.hex() == v['expected']['phy']
    if i['m_type'].endswith('down'):
        f_int, s_int, enc, app = keys_of(i)
        s = lw.Session(i['dev_addr'], f_int, app, 0, i['f_cnt'], s_int, enc, i['f_cnt'])
        s.confirmed_f_cnt = i['conf_f_cnt']
        d = s.receive(phy)
        assert (d.f_cnt, d.f_port, d.payload.hex(), d.f_opts.hex()) == (i['f_cnt'], i['f_port'], i['frm_payload'], i['f_opts'])


@each('session_key_derivation_11')
def test_session_keys(v):
    i, e = v['inputs'], v['expected']
    keys = lw.session_keys_11(H(i['nwk_key']), H(i['app_key']), i['join_nonce'], i['join_eui'], i['dev_nonce'])
    assert [k.hex() for k in keys] == [e[k] for k in ('f_nwk_s_int_key', 's_nwk_s_int_key', 'nwk_s_enc_key', 'app_s_key')]


@each('js_key_derivation')
def test_lifetime_keys(v):
    enc, integrity = lw.js_keys(H(v['inputs']['nwk_key']), v['inputs']['dev_eui'])
    assert (enc.hex(), integrity.hex()) == (v['expected']['js_enc_key'], v['expected']['js_int_key'])


@each('join_accept_mic_11')
def test_join_accept_with_opt_neg(v):
    i = v['inputs']
    key, js_int_key = bytes(range(16)), H(i['js_int_key'])
    phy = lw.join_accept(key, H(v['expected']['body']), js_int_key, i['join_req_type'], i['join_eui'], i['dev_nonce'])
    assert lw.aes_encrypt(key, phy[1:])[-4:].hex() == v['expected']['mic']
    if not i['dl_settings'] & 0x80:        # OptNeg 0 with the MIC of 1.1: no device takes it
        with pytest.raises(lw.Violation):
            lw.JoinAccept(key, phy, js_int_key, i['join_req_type'], i['join_eui'], i['dev_nonce'])
        return
    a = lw.JoinAccept(key, phy, js_int_key, i['join_req_type'], i['join_eui'], i['dev_nonce'])
    assert a.mic.hex() == v['expected']['mic'] and a.opt_neg == 1
    assert (a.join_nonce, a.net_id, a.dev_addr) == (i['join_nonce'], i['net_id'], i['dev_addr'])
    with pytest.raises(lw.Violation):
        lw.JoinAccept(key, phy, js_int_key, i['join_req_type'], i['join_eui'], i['dev_nonce'] ^ 1)


@each('rejoin_mic')
def test_rejoin_request(v):
    i = v['inputs']
    phy = lw.rejoin_request(i['rejoin_type'], H(i['key']), i.get('net_id') or i['join_eui'], i['dev_eui'], i['rj_count'])
    assert phy.hex() == v['expected']['phy']


@each('multicast_keys')
def test_multicast_keys(v):
    i, e = {k: x if k == 'mc_addr' else H(x) for k, x in v['inputs'].items()}, v['expected']
    out = dict(i)
    if 'gen_app_key' in i or 'app_key' in i:
        out['mc_root_key'] = lw.mc_root_key(i.get('gen_app_key'), i.get('app_key'))
    if 'mc_root_key' in out:
        out['mc_ke_key'] = lw.mc_ke_key(out['mc_root_key'])
    if 'mc_ke_key' in out and 'mc_key' in out:
        out['mc_key_encrypted'] = lw.aes_decrypt(out['mc_ke_key'], out['mc_key'])
    if 'mc_key' in i and 'mc_addr' in i:
        out['mc_app_s_key'], out['mc_net_s_key'] = lw.mc_session_keys(i['mc_key'], i['mc_addr'])
    assert {k: out[k].hex() for k in e} == e


# ---- MAC commands

@each('mac_command')
def test_mac_command(v):
    i, octets = v['inputs'], H(v['expected']['bytes'])
    table = lw.UPLINK if i['direction'] == 'up' else lw.DOWNLINK
    if octets[0] not in table:
        pytest.skip('a relay command')
    unit = 200 if i['fields'].get('frequency_hz', 0) > 0xffffff * 100 else 100
    assert lw.encode(i['command'], **i['fields']) == octets
    c, = lw.decode(table, octets, unit)
    assert c.name == i['command'] and c.fields == i['fields']


@each('mac_sequence')
def test_mac_sequence(v):
    table = lw.UPLINK if v['inputs']['direction'] == 'up' else lw.DOWNLINK
    found = lw.decode(table, H(v['inputs']['bytes']))
    assert [{'command': c.name, 'fields': c.fields} for c in found] == v['expected']['commands']


@each('linkadr_channel_mask')
def test_device_follows_channel_masks(v):
    i = v['inputs']
    channels = lw.Channels(lw.REGIONS[i['region']])
    for index in i.get('defined_channels', []):
        if index not in channels.defined:
            channels.define(index, 867000000 + 200000 * index, range(6))
    channels.enabled = set(i['enabled_before'])
    for r in i['requests']:
        channels.enabled = channels.after_mask(channels.enabled, r['ch_mask'], r['ch_mask_cntl'])
    assert sorted(channels.enabled) == v['expected']['enabled_after']


def adr(ch_mask, cntl=0, dr=5, power=1, nb_trans=1):
    return lw.encode('LinkADRReq', data_rate=dr, tx_power=power, ch_mask=ch_mask, ch_mask_cntl=cntl, nb_trans=nb_trans)


@pytest.mark.parametrize('version,answer', [('1.0.0', '03000307'), ('1.0.1', '03000307'), ('1.0.2', '03070307'),
                                            ('1.0.3', '03070307'), ('1.0.4', '03070307'), ('1.1', '0307')])
def test_link_adr_block_is_answered_as_the_version_says(version, answer):
    """The first mask alone is empty: legal inside a block, refused alone."""
    mac = lw.DeviceMac(lw.US915, version)
    mac.receive(adr(0, 7, dr=0) + adr(0xff, 0, dr=0))
    got = mac.f_opts().hex()
    if version in ('1.0.0', '1.0.1'):
        assert got[2:4] in ('06', '04') and got[4:] == answer[4:]
    else:
        assert got == answer and mac.channels.enabled == set(range(8))


@pytest.mark.parametrize('version', lw.VERSIONS)
def test_15_keeps_rate_and_power_from_1_0_4(version):
    mac = lw.DeviceMac(lw.EU868, version)
    mac.receive(adr(7, dr=3, power=2, nb_trans=2))
    mac.f_opts()
    mac.receive(adr(7, dr=15, power=15, nb_trans=0))
    keeps = lw.order(version) >= lw.order('1.0.4')
    assert (mac.dr, mac.tx_power) == (3, 2) and mac.f_opts() == (b'\x03\x07' if keeps else b'\x03\x01')
    mac.receive(adr(7, dr=3, power=2, nb_trans=0))
    assert mac.nb_trans == (2 if keeps else 1)


@pytest.mark.parametrize('version,sticky', [('1.0.0', ''), ('1.0.1', '050708'), ('1.0.3', '050708'), ('1.1', '050708')])
def test_sticky_answers_last_until_a_class_a_downlink(version, sticky):
    mac = lw.DeviceMac(lw.EU868, version)
    mac.receive(lw.encode('RXParamSetupReq', rx2_data_rate=3, frequency_hz=869525000) + lw.encode('DevStatusReq')
                + lw.encode('RXTimingSetupReq', delay=5))
    assert mac.f_opts().hex() == '0507' + '06c807' + '08'
    assert mac.f_opts().hex() == sticky and mac.f_opts().hex() == sticky
    mac.receive(b'', class_a=False)
    assert mac.f_opts().hex() == sticky
    mac.receive(b'')
    assert mac.f_opts() == b'' and mac.rx1_delay == 5 and mac.rx2 == (869525000, 3)


def test_refused_request_changes_nothing():
    mac = lw.DeviceMac(lw.EU868, '1.0.3')
    mac.refuse[3] = 0b011
    mac.receive(adr(7, dr=5, power=3))
    assert mac.f_opts().hex() == '0303' and (mac.dr, mac.tx_power) == (0, 0)


def test_answers_that_do_not_fit_are_left_out_whole():
    mac = lw.DeviceMac(lw.EU868, '1.0.3')
    mac.receive(lw.encode('DevStatusReq') * 3 + lw.encode('NewChannelReq', ch_index=3, frequency_hz=867100000, max_dr=5))
    assert mac.f_opts(8).hex() == '06c807' * 2


@pytest.mark.parametrize('name,version', [('DlChannelReq', '1.0.1'), ('TxParamSetupReq', '1.0.0'),
                                          ('RejoinParamSetupReq', '1.0.4'), ('DeviceTimeAns', '1.1')])
def test_command_the_version_does_not_know_is_noticed(name, version):
    with pytest.raises(lw.Violation):
        lw.DeviceMac(lw.EU868, version).receive(lw.encode(name))


def test_device_of_1_1_repeats_rekey_ind_until_rekey_conf():
    d = lw.Device('0004a30b001c0530', version='1.1')
    request = d.join_request()
    assert request[-4:] == lw.cmac(d.nwk_key, request[:-4])[:4]
    body = b'\1\0\0' + bytes(3) + lw.reverse_hex('01020304') + b'\x80\1'
    d.accept(lw.join_accept(d.nwk_key, body, d.js_int_key, 0xff, d.join_eui, d.last_dev_nonce))
    s = d.session
    assert s.is_1_1 and len({*s.keys}) == 4
    for n in range(2):
        phy = d.uplink(b'x')
        assert phy[5] & 15 == 2 and lw.crypt_f_opts(s.nwk_s_enc_key, lw.UP, s.dev_addr, n, phy[8:10]) == b'\x0b\1'
    d.receive(lw.data_frame_11(lw.UNCONFIRMED_DOWN, s.dev_addr, 0, 2, b'\x0b\1', None, b'', s.keys))
    assert d.uplink(b'x')[5] & 15 == 0


def test_split_downlink_counters_are_kept_apart():
    keys = [bytes([i]) * 16 for i in range(4)]
    s = lw.Session('01020304', keys[0], keys[3], 0, 0, keys[1], keys[2])
    for port, f_cnt in ((None, 0), (1, 0), (0, 1), (7, 1)):
        d = s.receive(lw.data_frame_11(lw.UNCONFIRMED_DOWN, s.dev_addr, f_cnt, 0, b'', port, b'', keys))
        assert (d.counter, d.f_cnt) == ('a' if port else 'n', f_cnt)
    with pytest.raises(lw.Violation, match='AFCntDown 1 used for two'):
        s.receive(lw.data_frame_11(lw.UNCONFIRMED_DOWN, s.dev_addr, 1, 0, b'', 9, b'', keys))


def test_repeat_on_another_channel_changes_the_first_half_of_the_mic_only():
    d = lw.Device('0004a30b001c0530', version='1.1').activate('01020304', bytes(16), bytes(16))
    phy = d.uplink(b'x')
    again = d.repeat(868300000, 5)
    assert again[:-4] == phy[:-4] and again[-2:] == phy[-2:] and again[-4:-2] != phy[-4:-2]


# ---- class B

@each('crc16')
def test_crc(v):
    assert '%04x' % lw.crc16(H(v['inputs']['data'])) == v['expected']['crc_value']


@each('ping_offset')
def test_ping_offset(v):
    i = v['inputs']
    assert lw.ping_offset(i['beacon_time'], i['dev_addr'], i['ping_nb']) == v['expected']['ping_offset']


@each('ping_slot_next')
def test_next_ping_slot(v):
    i = v['inputs']
    assert lw.next_slot_ms(i['after_ms'], i['dev_addr'], i['ping_nb']) == v['expected']['slot_start_ms']


@each('ping_slot_schedule')
def test_ping_slots_of_a_beacon_period(v):
    i, e = v['inputs'], v['expected']
    beacon = lw.beacon_time(i['gps_ms'] / 1000)
    assert beacon == e['beacon_time'] and lw.slots_ms(beacon, i['dev_addr'], i['ping_nb']) == e['slot_ms']


@each('class_b_worked_example')
def test_class_b_worked_example(v):
    i, e = v['inputs'], v['expected']
    nb = lw.ping_nb(i['ping_slot_periodicity'])
    assert nb == e['ping_nb'] and lw.slots_ms(e['beacon_time'], i['dev_addr'], nb) == e['slot_start_ms_gps']
    assert lw.Beacon(H(e['beacon_frame']), 2, 0).time == e['beacon_time']


@each('beacon_frame')
def test_beacon(v):
    i = v['inputs']
    frame = H(v['expected']['frame'])
    b = lw.Beacon(frame, i['rfu1_len'], i['rfu2_len'])
    assert (b.time, b.info_desc) == (i['time'], i['info_desc'])
    if 'latitude_raw' in i:
        assert (b.latitude, b.longitude) == (i['latitude_raw'], i['longitude_raw'])
    for at in range(len(frame)):
        with pytest.raises(lw.Violation):
            lw.Beacon(frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1:], i['rfu1_len'], i['rfu2_len'])


def test_multicast_frame_with_mac_commands_is_noticed():
    g = lw.MulticastSession('01ffffff', bytes(16), bytes(16), 7)
    good = lw.data_frame(lw.UNCONFIRMED_DOWN, '01ffffff', 7, 0, b'', 9, b'all', bytes(16), bytes(16))
    assert g.receive(good).payload == b'all'
    bad = lw.data_frame(lw.UNCONFIRMED_DOWN, '01ffffff', 8, 1, b'\x06', 9, b'all', bytes(16), bytes(16))
    with pytest.raises(lw.Violation, match='MAC commands'):
        g.receive(bad)


# ---- regions

@pytest.mark.parametrize('name', ['EU868', 'US915'])
def test_regions_written_out_agree_with_the_data(name):
    a, b = lw.REGIONS[name], lw.DATA_REGIONS[name]
    for key in ('plan', 'rx2', 'rates', 'frequency_range', 'max_power_index', 'max_rx1_dr_offset', 'lr_fhss_codr'):
        assert getattr(a, key) == getattr(b, key), key
    assert {dr: b.max_n[dr] for dr in a.max_n} == a.max_n and list(a.downlink_rates) == b.downlink_rates
    for channel in range(3 if a.plan == 'dynamic' else a.n_channels):
        assert a.uplink_hz(channel) == b.uplink_hz(channel)
    for dr, row in b.row['rx1']['data_rate'].items():
        channel = 0 if a.plan == 'dynamic' or int(dr) < 4 else 64
        for offset in b.row['rx1']['offsets']:
            where = a.uplink_hz(channel), int(dr), offset
            assert a.rx1(*where) == b.rx1(*where)


def test_every_vector_kind_of_the_device_is_looked_at():
    """Left to the server's own tests: air time, ADR, relay, fragments, application packages, GPS time."""
    rows = json.loads(VECTORS.read_text())['vectors'] if VECTORS.exists() else []
    elsewhere = {'lora_airtime', 'adr_step', 'adr_nb_trans', 'relay_forward_uplink', 'root_wor_s_key', 'wor_session_keys',
                 'applayer_command', 'frag_encode', 'data_block_mic', 'gps_time'}
    text = open(__file__).read() + open(__file__.replace('_mac', '')).read()
    assert not [k for k in {v['kind'] for v in rows} - elsewhere if "'%s'" % k not in text]
