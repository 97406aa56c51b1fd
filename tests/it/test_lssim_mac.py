"""The devices of lssim before a server that plays by a script: MAC commands, 1.1, classes B and C.

The server is written from the texts (lorawan_crypto.py); what lssim answers and how it sends then is looked at here, and that
it names what no server should do.
"""
import base64
import json
import subprocess
import time

import pytest

import lorawan_class_b as class_b
import lorawan_crypto as lw
from test_lssim import LSSIM, Server, fleet, run, summary

JOIN_EUI = '0000000000000000'
CHANNELS = [868.1, 868.3, 868.5, 867.1, 867.3, 867.5, 867.7, 867.9]


class MacServer(Server):
    """script(n, uplink) says what answers uplink n: a dict of a downlink (see answer()), a list of them, or None."""

    def __init__(self, devices, script, is_1_1=False):
        self.script, self.is_1_1 = script, is_1_1
        self.heard = []      # (f_opts, FCtrl, rxpk) of each transmission
        self.counters, self.rejoins, self.nonce = {}, [], 0
        super().__init__(devices)

    def keys_of(self, addr):
        for d in self.devices.values():
            if d.get('dev_addr') == addr and 'keys' not in d:
                names = ('f_nwk_s_int_key', 's_nwk_s_int_key', 'nwk_s_enc_key') if self.is_1_1 else ('nwk_s_key',) * 3
                d['keys'] = [bytes.fromhex(d[k]) for k in (*names, 'app_s_key')]
            if d.get('dev_addr') == addr:
                return d
        raise AssertionError(addr)

    def join(self, gateway, rxpk, phy):
        d = self.devices[phy[9:17][::-1].hex()]
        app, nwk = (bytes.fromhex(d[k]) for k in ('app_key', 'nwk_key'))
        assert lw.cmac(nwk, phy[:19])[:4] == phy[19:]
        self.accept(gateway, rxpk, d, nwk, app, 0xff, phy[17:19], nwk, lw.js_keys(nwk, d['dev_eui'])[1])

    def accept(self, gateway, rxpk, d, nwk, app, kind, count, wrap, js_int):
        self.nonce += 1
        addr = '01%06x' % self.nonce
        body = self.nonce.to_bytes(3, 'little') + bytes(3) + lw.reverse_hex(addr) + b'\x80\x01'
        mic = lw.cmac(js_int, bytes([kind]) + lw.reverse_hex(JOIN_EUI) + count + b'\x20' + body)[:4]
        d['dev_addr'] = addr
        d['keys'] = lw.session_keys_11(nwk, app, self.nonce, JOIN_EUI, int.from_bytes(count, 'little'))
        self.counters[addr] = [0, 0]
        self.send(gateway, rxpk, b'\x20' + lw.aes_decrypt(wrap, body + mic), 5000000)

    def rejoin(self, gateway, rxpk, phy):
        d = self.devices[phy[5:13][::-1].hex()]
        app, nwk = (bytes.fromhex(d[k]) for k in ('app_key', 'nwk_key'))
        assert phy[1] in (0, 2) and len(phy) == 19
        assert lw.cmac(d['keys'][1], phy[:-4])[:4] == phy[-4:]
        self.rejoins.append(phy)
        enc, js_int = lw.js_keys(nwk, d['dev_eui'])
        self.accept(gateway, rxpk, d, nwk, app, phy[1], phy[13:15], enc, js_int)

    def data(self, gateway, rxpk, phy):
        if phy[0] == 0xc0:
            return self.rejoin(gateway, rxpk, phy)
        addr, ctrl = phy[1:5][::-1].hex(), phy[5]
        d = self.keys_of(addr)
        f_nwk, s_nwk, enc, app = d['keys']
        f_cnt, f_opts = int.from_bytes(phy[6:8], 'little'), phy[8:8 + (ctrl & 15)]
        if self.is_1_1:
            dr = 12 - int(rxpk['datr'][2:-5])
            want = lw.up_mic_11(f_nwk, s_nwk, addr, f_cnt, phy[:-4], 0, dr, CHANNELS.index(rxpk['freq']))
            f_opts = lw.crypt_f_opts(enc, lw.UP, addr, f_cnt, f_opts)
        else:
            want = lw.data_mic(f_nwk, lw.UP, addr, f_cnt, phy[:-4])
        assert want == phy[-4:], 'MIC of an uplink'
        self.heard.append((f_opts, ctrl, rxpk))
        out = self.script(len(self.heard) - 1, dict(f_opts=f_opts, ctrl=ctrl, rxpk=rxpk, f_cnt=f_cnt, addr=addr,
                                                     confirmed=phy[0] == 0x80))
        for one in out if isinstance(out, list) else [out] if out else []:
            self.answer_with(gateway, rxpk, d, f_cnt, phy[0] == 0x80, **one)

    def answer_with(self, gateway, rxpk, d, up_f_cnt, confirmed, f_opts=b'', port=None, payload=b'', delay_s=1, rx=1,
                    freq=None, datr=None, how='tmst', gps_ms=0, spoil=None):
        addr, (_, s_nwk, enc, app) = d['dev_addr'], d['keys']
        which = 1 if self.is_1_1 and port else 0
        counters = self.counters.setdefault(addr, [0, 0])
        f_cnt, counters[which] = counters[which], counters[which] + 1
        if self.is_1_1 and f_opts:
            f_opts = lw.crypt_f_opts(enc, lw.DOWN, addr, f_cnt, f_opts, a_f_cnt_down=which == 1)
        ctrl = (0x20 if confirmed else 0) | len(f_opts)
        msg = bytes([0x60]) + lw.reverse_hex(addr) + bytes([ctrl]) + f_cnt.to_bytes(2, 'little') + f_opts
        if port is not None:
            msg += bytes([port]) + lw.crypt_payload(app if port else enc, lw.DOWN, addr, f_cnt, payload)
        conf = up_f_cnt if confirmed and self.is_1_1 else 0
        phy = msg + lw.data_mic(s_nwk, lw.DOWN, addr, f_cnt, msg, conf)
        txpk = dict(imme=False, freq=freq or (rxpk['freq'] if rx == 1 else 869.525), rfch=0, powe=14, modu='LORA',
                    datr=datr or (rxpk['datr'] if rx == 1 else 'SF12BW125'), codr='4/5', ipol=True, size=len(phy),
                    data=base64.b64encode(phy).decode())
        if how == 'tmst':
            txpk['tmst'] = (rxpk['tmst'] + 1000000 * (delay_s + rx - 1)) & 0xffffffff
        elif how == 'imme':
            txpk['imme'] = True
        else:
            txpk['tmms'] = gps_ms
        txpk = {**txpk, **(spoil or {})}
        self.sock.sendto(b'\x02\x12\x34\x03' + json.dumps({'txpk': txpk}).encode(), self.pull[gateway])


def play(script, *args, count=3, is_1_1=False, abp=True):
    own = (['--abp'] if abp else []) + (['--mac-version', '1.1'] if is_1_1 else []) + list(args)
    s = MacServer(fleet(*own), script, is_1_1)
    p = run(s, *own, '--count', str(count), '--interval', '100ms', '--json')
    return s, p


def once(n, **what):
    """Only uplink n is answered."""
    return lambda k, up: what if k == n else None


def f_opts(s):
    return [h[0] for h in s.heard]


def test_link_adr_req_moves_rate_power_and_number_of_transmissions():
    s, p = play(once(0, f_opts=bytes([3, 0x32, 7, 0, 2])), '--adr')
    assert p.returncode == 0, p.stderr
    assert [h[1] & 0x80 for h in s.heard] == [0x80] * 5
    assert f_opts(s) == [b'', b'\x03\x07', b'\x03\x07', b'', b'']  # the next uplink has the answer, and its repeat
    assert [h[2]['datr'] for h in s.heard] == ['SF7BW125'] + ['SF9BW125'] * 4
    assert [h[2]['rssi'] for h in s.heard] == [-60] + [-64] * 4 and s.heard[1][2]['lsnr'] == 3.0
    assert [s.uplinks[i][2][6] for i in range(5)] == [0, 1, 1, 2, 2]
    assert summary(p)['mac_requests'] == 1 and summary(p)['mac_refused'] == 0


def test_a_refused_request_changes_nothing_and_is_answered_with_a_no():
    s, p = play(once(0, f_opts=bytes([3, 0x32, 7, 0, 2, 7, 3, 0x18, 0x4f, 0x84, 0x50])), '--adr', '--refuse', 'LinkADRReq,NewChannel')
    assert p.returncode == 0, p.stderr
    assert f_opts(s) == [b'', b'\x03\x00\x07\x00', b'']
    assert {h[2]['datr'] for h in s.heard} == {'SF7BW125'}
    assert summary(p)['mac_refused'] == 2


def test_a_block_of_link_adr_req_is_answered_by_each_version_in_its_way():
    block = bytes([3, 0x50, 0xff, 0, 0x60]) + bytes([3, 0x50, 1, 0, 1])
    for version, answer in (('1.0.1', b'\x03\x07\x03\x07'), ('1.0.3', b'\x03\x07\x03\x07')):
        s, p = play(once(0, f_opts=block), '--adr', '--mac-version', version)
        assert p.returncode == 0, p.stderr
        assert f_opts(s) == [b'', answer, b'']
        assert [h[2]['freq'] for h in s.heard[1:]] == [868.1, 868.1]


def test_new_channels_are_used_and_dl_channel_req_moves_rx1():
    def script(n, up):
        if n == 0:   # channel 3 at 867.1 MHz, and it alone
            return dict(f_opts=bytes([7, 3, 0x18, 0x4f, 0x84, 0x50, 3, 0x50, 8, 0, 1]))
        if n == 1:   # its RX1 at 867.3 MHz
            return dict(f_opts=bytes([0x0a, 3, 0xe8, 0x56, 0x84]))
        return dict(port=1, freq=867.3)
    s, p = play(script, '--adr')
    assert p.returncode == 0, p.stderr
    assert f_opts(s) == [b'', b'\x07\x03\x03\x07', b'\x0a\x03']
    assert [h[2]['freq'] for h in s.heard[1:]] == [867.1, 867.1]
    assert summary(p)['downlinks_rx1'] == 3


def test_sticky_answers_are_repeated_until_a_class_a_downlink():
    setup = bytes([5, 0x13, 0xd2, 0xad, 0x84])    # RX1DROffset 1, RX2 DR3 at 869.525 MHz

    def script(n, up):
        return dict(f_opts=setup) if n == 0 else dict(port=1, rx=2, datr='SF9BW125') if n == 2 else None
    s, p = play(script, count=4)
    assert p.returncode == 0, p.stderr
    assert f_opts(s) == [b'', b'\x05\x07', b'\x05\x07', b'']
    s, p = play(lambda n, up: dict(f_opts=setup) if n == 0 else dict(port=1, rx=2) if n == 1 else None)
    assert p.returncode == 1 and 'RX2 data rate SF12BW125, expected SF9BW125' in p.stderr
    s, p = play(once(0, f_opts=setup), '--mac-version', '1.0.0')
    assert f_opts(s) == [b'', b'\x05\x07', b'']


def test_rx_timing_setup_and_dev_status_and_duty_cycle():
    def script(n, up):
        if n == 0:
            return dict(f_opts=bytes([8, 3, 6, 4, 0]))
        return dict(port=1, delay_s=3) if n == 1 else None
    s, p = play(script, count=2)
    assert p.returncode == 0, p.stderr
    assert s.heard[1][0][:1] == b'\x08' and sorted(s.heard[1][0][1:]) == sorted(b'\x06\xc8\x07\x04')
    s, p = play(lambda n, up: dict(f_opts=bytes([8, 3])) if n == 0 else dict(port=1), count=2)
    assert p.returncode == 1 and 'no receive window' in p.stderr


def test_what_is_asked_is_answered_with_the_right_time():
    def script(n, up):
        assert up['f_opts'] == b'\x02\x0d'
        at = class_b.gps_ms(time.time()) + (0 if n == 0 else 500)
        return dict(f_opts=b'\x02\x09\x01\x0d' + (at // 1000).to_bytes(4, 'little') + bytes([at % 1000 * 256 // 1000]))
    s, p = play(script, '--ask', 'LinkCheckReq,DeviceTimeReq', count=2)
    assert p.returncode == 1 and 'DeviceTimeAns is' in p.stderr and 'ms off' in p.stderr
    assert summary(p)['wrong'] == 1 and summary(p)['mac_asked'] == 4 and summary(p)['mac_answers'] == 4


# name: (options, FOpts of a downlink, part of the message)
WRONG = {
    'undefined_channel': (['--adr'], bytes([3, 0x50, 0x0f, 0, 1]), 'channels the device does not have'),
    'no_channel': (['--adr'], bytes([3, 0x50, 0, 0, 1]), 'no channel on'),
    'rate_of_no_channel': (['--adr'], bytes([3, 0x60, 7, 0, 1]), 'DR6, which no channel'),
    'rate_without_adr': ([], bytes([3, 0x40, 7, 0, 1]), 'has ADR off'),
    'power': (['--adr'], bytes([3, 0x5e, 7, 0, 1]), 'TXPower 14'),
    'keep_before_1_0_4': (['--adr'], bytes([3, 0xff, 7, 0, 1]), 'DR15'),
    'default_channel': ([], bytes([7, 0, 0x18, 0x4f, 0x84, 0x50]), 'NewChannelReq for channel 0'),
    'rx2_out_of_band': ([], bytes([5, 0, 0, 0, 0x10]), 'RXParamSetupReq'),
    'not_of_the_region': ([], bytes([9, 0x1d]), 'TxParamSetupReq in a region'),
    'not_of_the_version': (['--mac-version', '1.0.1'], bytes([0x0a, 0, 0x18, 0x4f, 0x84]), 'not known to a device of version 1.0.1'),
    'of_1_1': ([], bytes([0x0c, 0x65]), 'ADRParamSetupReq is not known'),
    'too_much': ([], bytes([6] * 6), 'more is asked than an uplink can answer: 18'),
    'minor': (['--mac-version', '1.1'], bytes([1, 2]), 'ResetConf with minor version 2'),
}


def test_each_wrong_command_is_named():
    running = {}
    for name, (args, octets, text) in WRONG.items():
        s = MacServer(fleet('--abp', *args), once(0, f_opts=octets), '1.1' in args)
        argv = [LSSIM, '--server', s.address, '--json', '--abp', '--count', '1', *args]
        running[name] = s, subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True), text
    wrong = []
    for name, (s, p, text) in running.items():
        out, err = p.communicate(timeout=60)
        if p.returncode != 1 or text not in err or s.errors:
            wrong.append((name, p.returncode, err, out, s.errors))
    assert not wrong


def test_abp_device_of_1_1_resets_and_counts_both_downlink_counters():
    def script(n, up):
        if n == 0:
            return None
        return dict(f_opts=b'\x01\x01', port=5, payload=b'ab') if n == 1 else dict(port=None, f_opts=b'\x06')
    s, p = play(script, is_1_1=True, count=4)
    assert p.returncode == 0, p.stderr
    assert f_opts(s) == [b'\x01\x01', b'\x01\x01', b'', b'\x06\xc8\x07']
    assert list(s.counters.values()) == [[2, 1]]


def test_confirmed_uplink_of_1_1_wants_its_counter_in_the_acknowledgement():
    s, p = play(lambda n, up: dict(port=5), '--confirmed', '100', is_1_1=True, count=2)
    assert p.returncode == 0 and summary(p)['uplinks_acknowledged'] == 2, p.stderr


def test_device_of_1_1_joins_rekeys_and_is_forced_to_rejoin():
    def script(n, up):
        if up['f_opts'][:1] == b'\x0b':
            return dict(f_opts=b'\x0b\x01' + (b'\x0e\x25\x00' if n == 0 else b''))   # type 2 at DR5, one try
        return None
    s, p = play(script, is_1_1=True, abp=False, count=4)
    assert p.returncode == 0, p.stderr
    assert len(s.rejoins) == 1 and s.rejoins[0][1] == 2 and s.rejoins[0][13:15] == b'\0\0'
    assert f_opts(s) == [b'\x0b\x01', b'\x0b\x01', b'', b''] and s.nonce == 2
    assert summary(p)['rejoins_accepted'] == 1


def test_class_c_hears_at_once_in_rx2_and_says_its_mode_in_1_1():
    def script(n, up):
        later = [dict(port=3, payload=b'x', rx=2, how='imme')]
        conf = b'\x01\x01' * (up['f_opts'][:2] == b'\x01\x01') + b'\x20\x02' * (b'\x20\x02' in up['f_opts'])
        return [dict(f_opts=conf)] + later if conf else later
    s, p = play(script, '--class', 'C', count=2)
    assert p.returncode == 0 and summary(p)['downlinks_class_c'] == 2, p.stderr
    s, p = play(script, '--class', 'C', is_1_1=True, count=2)
    assert p.returncode == 0 and summary(p)['downlinks_class_c'] == 2, p.stderr
    assert f_opts(s) == [b'\x01\x01\x20\x02', b'']
    s, p = play(lambda n, up: dict(port=3, rx=2, how='imme', datr='SF9BW125'), '--class', 'C', count=1)
    assert p.returncode == 1 and 'RXC data rate SF9BW125, expected SF12BW125' in p.stderr
    s, p = play(lambda n, up: dict(port=3, rx=2, how='imme'), count=1)
    assert p.returncode == 1 and 'imme is true' in p.stderr


@pytest.mark.parametrize('off_ms, text', [(0, None), (30, 'none of the device'), (11, 'no ping slot begins')])
def test_class_b_hears_in_its_ping_slots_only(off_ms, text):
    def script(n, up):
        if n == 0:
            assert up['f_opts'] == b'\x10\x01' and 'tmms' in up['rxpk'] and not up['ctrl'] & 0x10
            return dict(f_opts=b'\x10')
        assert up['ctrl'] & 0x10 and not up['f_opts']
        at = class_b.next_slot_ms(class_b.gps_ms(time.time()) + 400, up['addr'], class_b.ping_nb(1))
        return dict(port=4, how='gps', gps_ms=at + off_ms, freq=869.525, datr='SF9BW125')
    s, p = play(script, '--class', 'B', '--ping-periodicity', '1', count=2)
    assert p.returncode == (1 if text else 0), p.stderr
    assert text in p.stderr if text else summary(p)['downlinks_class_b'] == 1


def test_adr_back_off_steps_to_full_power_and_slower_rates():
    def script(n, up):   # DR4 with less power; ADR_ACK_LIMIT and ADR_ACK_DELAY 1
        return dict(f_opts=bytes([1, 1, 3, 0x43, 7, 0, 1, 0x0c, 0])) if n == 0 else None
    s, p = play(script, '--adr', is_1_1=True, count=6)
    assert p.returncode == 0, p.stderr
    assert [bool(h[1] & 0x40) for h in s.heard] == [False, False] + [True] * 4
    assert [(h[2]['datr'], h[2]['rssi']) for h in s.heard[:5]] == [
        ('SF7BW125', -60), ('SF8BW125', -66), ('SF8BW125', -60), ('SF9BW125', -60), ('SF10BW125', -60)]
