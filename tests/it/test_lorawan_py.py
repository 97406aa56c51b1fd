"""The device side of these tests is itself right: it agrees with the published vectors."""
import json
import os
import pathlib

import pytest

import lorawan as lw

VECTORS = pathlib.Path(os.environ.get('LS_VECTORS', pathlib.Path(__file__).parent.parent / 'data' / 'vectors.json'))


def vectors(*kinds):
    if not VECTORS.exists():
        return [pytest.param({'kind': None, 'inputs': None}, id='no-file-' + str(VECTORS))]
    rows = json.loads(VECTORS.read_text())['vectors']
    return [pytest.param(v, id=v['name'].replace(' ', '-')) for v in rows
            if v['kind'] in kinds and v['inputs'].get('region', 'EU868') in lw.REGIONS]


def each(*kinds):
    return pytest.mark.parametrize('v', vectors(*kinds))


H = bytes.fromhex


@each('aes_cmac')
def test_cmac(v):
    assert lw.cmac(H(v['inputs']['key']), H(v['inputs']['msg'])).hex() == v['expected']['mac']


@each('fctrl')
def test_f_ctrl(v):
    i = dict(v['inputs'])
    build = {'up': lw.f_ctrl_up, 'down': lw.f_ctrl_down}[i.pop('direction')]
    assert '%02x' % build(**i) == v['expected']['octet']


@each('join_request_mic')
def test_join_request(v):
    i = v['inputs']
    assert lw.join_request(H(i['key']), i['join_eui'], i['dev_eui'], i['dev_nonce']).hex() == v['expected']['phy']


@each('join_accept_decrypt')
def test_join_accept_is_opened(v):
    p = v['expected']['parsed']
    if p['opt_neg']:
        plain = lw.aes_encrypt(H(v['inputs']['key']), H(v['inputs']['phy'])[1:])
        assert plain.hex() == v['expected']['plain']
        return
    a = lw.JoinAccept(H(v['inputs']['key']), H(v['inputs']['phy']))
    assert a.plain.hex() == v['expected']['plain']
    assert (a.join_nonce, a.net_id, a.dev_addr, a.opt_neg, a.rx1_dr_offset, a.rx2_dr, a.rx_delay, a.cf_list.hex(),
            a.mic.hex()) == (p['join_nonce'], p['net_id'], p['dev_addr'], p['opt_neg'], p['rx1_dr_offset'],
                             p['rx2_data_rate'], p['rx_delay'], p['cflist'], p['mic'])


@each('join_accept_encrypt')
def test_join_accept_encrypt_is_undone(v):
    plain = lw.aes_encrypt(H(v['inputs']['key']), H(v['expected']['phy'])[1:])
    assert plain.hex() == v['inputs']['body'] + v['inputs']['mic']


@each('join_accept_mic_10')
def test_join_accept_mic(v):
    assert lw.cmac(H(v['inputs']['key']), H(v['expected']['cmac_input']))[:4].hex() == v['expected']['mic']


@each('cflist_type0')
def test_cf_list_type_0(v):
    assert lw.cf_list_type0(v['inputs']['frequencies_hz']).hex() == v['expected']['bytes']


@each('cflist_type1')
def test_cf_list_type_1(v):
    assert lw.cf_list_type1(v['inputs']['channels']).hex() == v['expected']['bytes']


@each('session_key_derivation_10')
def test_session_keys(v):
    i = v['inputs']
    nwk, app = lw.session_keys(H(i['app_key']), i['join_nonce'], i['net_id'], i['dev_nonce'])
    assert (nwk.hex(), app.hex()) == (v['expected']['nwk_s_key'], v['expected']['app_s_key'])


@each('frmpayload_encrypt')
def test_payload_crypt(v):
    i = v['inputs']
    direction = {'up': lw.UP, 'down': lw.DOWN}[i['direction']]
    cipher = lw.crypt_payload(H(i['key']), direction, i['dev_addr'], i['f_cnt'], H(i['plain']))
    assert cipher.hex() == v['expected']['cipher']
    assert lw.crypt_payload(H(i['key']), direction, i['dev_addr'], i['f_cnt'], cipher).hex() == i['plain']


@each('data_up_mic_10', 'data_down_mic_10')
def test_data_mic(v):
    i = v['inputs']
    direction = lw.UP if v['kind'] == 'data_up_mic_10' else lw.DOWN
    msg = H(i['msg'])
    assert lw.b0(direction, i['dev_addr'], i['f_cnt'], len(msg)).hex() == v['expected']['b0']
    assert lw.data_mic(H(i['nwk_s_key']), direction, i['dev_addr'], i['f_cnt'], msg).hex() == v['expected']['mic']


@each('data_frame_10')
def test_whole_frame(v):
    i = v['inputs']
    m_type = {'unconfirmed_up': 2, 'unconfirmed_down': 3, 'confirmed_up': 4, 'confirmed_down': 5}[i['m_type']]
    phy = lw.data_frame(m_type, i['dev_addr'], i['f_cnt'], H(i['f_ctrl_flags'])[0] | len(H(i['f_opts'])),
                        H(i['f_opts']), i['f_port'], H(i['frm_payload']), H(i['nwk_s_key']), H(i['app_s_key']))
    assert phy.hex() == v['expected']['phy']
    if i['m_type'].endswith('down') and i['f_port'] != 226:
        s = lw.Session(i['dev_addr'], H(i['nwk_s_key']), H(i['app_s_key']), 0, i['f_cnt'])
        d = s.receive(phy)
        assert (d.f_cnt, d.f_port, d.payload.hex()) == (i['f_cnt'], i['f_port'], i['frm_payload'])
        assert d.f_opts.hex() == i['f_opts'] and d.confirmed == (i['m_type'] == 'confirmed_down')
        with pytest.raises(lw.Violation):
            s.receive(phy)


@each('fcnt_reconstruct')
def test_full_counter(v):
    full, repeat = lw.full_f_cnt(v['inputs']['next_expected'], v['inputs']['f_cnt_16'])
    assert (full, repeat) == (v['expected']['full'], v['expected']['retransmission'])


@each('devaddr_prefix')
def test_dev_addr_prefix(v):
    prefix, length = lw.dev_addr_prefix(v['inputs']['net_id'])
    assert ('%08x' % prefix, length) == (v['expected']['prefix'], v['expected']['prefix_len'])


@each('rx1_parameters')
def test_rx1(v):
    i = v['inputs']
    region = lw.REGIONS[i['region']]
    dwell = {'dwell': 1} if i['downlink_dwell_time'] else {}
    assert region.rx1(i['uplink_frequency_hz'], i['uplink_data_rate'], i['rx1_dr_offset'], **dwell) == \
        (v['expected']['rx1_frequency_hz'], v['expected']['rx1_data_rate'])


def test_downlink_counter_used_for_two_frames_is_noticed():
    s = lw.Session('01020304', bytes(16), bytes(16))
    one = lw.data_frame(lw.UNCONFIRMED_DOWN, '01020304', 5, 0, b'', 1, b'a', bytes(16), bytes(16))
    two = lw.data_frame(lw.UNCONFIRMED_DOWN, '01020304', 5, 0, b'', 1, b'b', bytes(16), bytes(16))
    s.receive(one)
    with pytest.raises(lw.Violation, match='two different frames'):
        s.open(two)


def test_downlink_counter_that_goes_back_is_noticed():
    s = lw.Session('01020304', bytes(16), bytes(16), 0, 70000)
    old = lw.data_frame(lw.UNCONFIRMED_DOWN, '01020304', 69999, 0, b'', 1, b'a', bytes(16), bytes(16))
    with pytest.raises(lw.Violation):
        s.receive(old)


def test_wrong_downlink_mic_is_noticed():
    s = lw.Session('01020304', bytes(16), bytes(16))
    phy = bytearray(lw.data_frame(lw.UNCONFIRMED_DOWN, '01020304', 0, 0, b'', 1, b'a', bytes(16), bytes(16)))
    phy[9] ^= 1
    with pytest.raises(lw.Violation, match='MIC'):
        s.receive(bytes(phy))


def test_join_nonce_that_does_not_grow_is_noticed():
    d = lw.Device('0004a30b001c0530', app_key=bytes(16))

    def accept(nonce):
        body = nonce.to_bytes(3, 'little') + bytes(3) + lw.reverse_hex('01020304') + b'\0\1'
        return b'\x20' + lw.aes_decrypt(bytes(16), body + lw.cmac(bytes(16), b'\x20' + body)[:4])
    for nonce in (1, 2):
        d.join_request()
        assert d.accept(accept(nonce)).join_nonce == nonce
    for nonce in (2, 1, 0):
        d.join_request()
        with pytest.raises(lw.Violation, match='JoinNonce'):
            d.accept(accept(nonce))
