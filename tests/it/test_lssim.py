"""lssim is the judge of other tests, so it is judged here: a server of our own that answers well, or with one
fault at a time, which lssim must name.
"""
import base64
import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest

from daemon import BUILD
from lorawan import DOWN, UP, aes_decrypt, b0, cmac, crypt_payload, data_mic, reverse_hex, session_keys

LSSIM = str(BUILD / 'lssim')
GATEWAY = '0016c001f153a14c'
NET_ID = '000000'


def fleet(*args):
    """The devices as lssim exports them, by DevEUI."""
    out = subprocess.run([LSSIM, *args, '--devices-out', '-'], check=True, capture_output=True, text=True).stdout
    return {d['dev_eui']: d for d in map(json.loads, out.splitlines())}


class Server(threading.Thread):
    """Acknowledges, accepts joins and answers each uplink once, in RX1 or RX2; `change` spoils what it sends.

    change(stage, value) is called with 'frame' (dict of a data downlink), 'phy' (octets), 'txpk' (dict), 'accept'
    (bytearray of a join accept's body) and 'send' (list of datagrams), and returns the value to use.
    """

    def __init__(self, devices, change=None, rx=1, answer=True, region='EU868'):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(('127.0.0.1', 0))
        self.address = '127.0.0.1:%d' % self.sock.getsockname()[1]
        self.change = change or (lambda stage, value: value)
        self.rx, self.answer, self.region = rx, answer, region
        self.devices = devices
        self.sessions = {}
        for d in devices.values():
            if 'dev_addr' in d:
                self.sessions[d['dev_addr']] = dict(nwk=bytes.fromhex(d.get('nwk_s_key', '')), app=bytes.fromhex(d['app_s_key']),
                                                    down=0)
        self.pull, self.uplinks, self.tx_acks, self.join_nonce = {}, [], [], 0
        self.seen, self.stats, self.nonces, self.errors = {}, [], [], []
        self.start()

    def run(self):
        while True:
            data, source = self.sock.recvfrom(4096)
            try:
                self.take(data, source)
            except Exception as e:  # shown by the test
                self.errors.append(repr(e))

    def take(self, data, source):
        assert data[0] == 2
        kind, gateway = data[3], data[4:12].hex()
        if kind == 2:
            self.pull[gateway] = source
            self.sock.sendto(data[:3] + b'\x04', source)
        elif kind == 5:
            self.tx_acks.append(data[12:])
        elif kind == 0:
            self.sock.sendto(data[:3] + b'\x01', source)
            root = json.loads(data[12:])
            self.stats += [root['stat']] if 'stat' in root else []
            for rxpk in root.get('rxpk', []):
                self.uplink(gateway, rxpk)

    def uplink(self, gateway, rxpk):
        phy = base64.b64decode(rxpk['data'])
        assert len(phy) == rxpk['size'] and rxpk['stat'] == 1
        self.uplinks.append((gateway, rxpk, phy))
        if phy in self.seen and gateway != self.seen[phy]:
            return
        self.seen[phy] = gateway
        if phy[0] == 0:
            self.join(gateway, rxpk, phy)
        else:
            self.data(gateway, rxpk, phy)

    def join(self, gateway, rxpk, phy):
        d = self.devices[phy[9:17][::-1].hex()]
        key = bytes.fromhex(d['app_key'])
        assert cmac(key, phy[:19])[:4] == phy[19:]
        nonce = int.from_bytes(phy[17:19], 'little')
        self.nonces.append(nonce)
        if not self.answer:
            return
        self.join_nonce += 1
        addr = '01%06x' % self.join_nonce
        cf_list = bytearray(16)
        if self.region == 'EU868':
            for i, hz in enumerate((867100000, 867300000, 867500000, 867700000, 867900000)):
                cf_list[3 * i:3 * i + 3] = (hz // 100).to_bytes(3, 'little')
        else:
            cf_list[1], cf_list[8], cf_list[15] = 0xff, 2, 1
        body = bytearray(self.join_nonce.to_bytes(3, 'little') + reverse_hex(NET_ID) + reverse_hex(addr) +
                         bytes([0 if self.region == 'EU868' else 8, 1]) + cf_list)
        body = self.change('accept', body)
        nwk, app = session_keys(key, self.join_nonce, NET_ID, nonce)
        self.sessions[addr] = dict(nwk=nwk, app=app, down=0)
        out = b'\x20' + aes_decrypt(key, bytes(body) + cmac(key, b'\x20' + bytes(body))[:4])
        self.send(gateway, rxpk, out, 5000000)

    def data(self, gateway, rxpk, phy):
        addr = phy[1:5][::-1].hex()
        s = self.sessions[addr]
        f_cnt = int.from_bytes(phy[6:8], 'little')
        assert data_mic(s['nwk'], UP, addr, f_cnt, phy[:-4]) == phy[-4:]
        s.setdefault('payloads', []).append(crypt_payload(s['app'], UP, addr, f_cnt, phy[9:-4]))
        if not self.answer:
            return
        frame = self.change('frame', dict(mhdr=0x60, addr=addr, ctrl=0x20 if phy[0] == 0x80 else 0, f_cnt=s['down'],
                                          f_opts=b'', port=10, payload=b'\x01\xff'))
        if frame is None:
            return
        s['down'] = frame['f_cnt'] + 1
        msg = bytes([frame['mhdr']]) + reverse_hex(frame['addr']) + bytes([frame['ctrl'] | len(frame['f_opts'])])
        msg += (frame['f_cnt'] & 0xffff).to_bytes(2, 'little') + frame['f_opts']
        if frame['port'] is not None:
            key = s['app'] if frame['port'] else s['nwk']
            msg += bytes([frame['port']]) + crypt_payload(key, DOWN, frame['addr'], frame['f_cnt'], frame['payload'])
        out = msg + cmac(s['nwk'], b0(DOWN, frame['addr'], frame['f_cnt'], len(msg)) + msg)[:4]
        self.send(gateway, rxpk, self.change('phy', out), 1000000)

    def send(self, gateway, rxpk, phy, rx1_us):
        if self.region == 'EU868':
            freq, datr = (rxpk['freq'], rxpk['datr']) if self.rx == 1 else (869.525, 'SF12BW125')
        elif self.rx == 1:
            mhz, step, wide = rxpk['freq'], 0.2, rxpk['datr'].endswith('500')
            channel = 64 + round((mhz - 903) / 1.6) if wide else round((mhz - 902.3) / step)
            freq = 923.3 + 0.6 * (channel % 8)
            datr = {'SF10BW125': 'SF10BW500', 'SF7BW125': 'SF7BW500', 'SF8BW500': 'SF7BW500'}[rxpk['datr']]
        else:
            freq, datr = 923.3, 'SF12BW500'
        txpk = dict(imme=False, tmst=(rxpk['tmst'] + rx1_us + 1000000 * (self.rx - 1)) & 0xffffffff, freq=freq, rfch=0,
                    powe=14, modu='LORA', datr=datr, codr='4/5', ipol=True, size=len(phy),
                    data=base64.b64encode(phy).decode())
        txpk = self.change('txpk', txpk)
        for datagram in self.change('send', [b'\x02\x12\x34\x03' + json.dumps({'txpk': txpk}).encode()]):
            self.sock.sendto(datagram, self.pull[gateway])


def run(server, *args, timeout=60):
    p = subprocess.run([LSSIM, '--server', server.address, *args], capture_output=True, text=True, timeout=timeout)
    assert not server.errors, server.errors
    return p


def summary(p):
    return json.loads(p.stdout)


def test_otaa_run_reads_as_a_person_would_want_it():
    s = Server(fleet())
    p = run(s, '--count', '2', '--interval', '1s')
    assert p.returncode == 0, p.stderr
    lines = [re.sub(r'^[0-9:.]{12} ', '', x) for x in p.stdout.splitlines()]
    assert lines[:5] == ['gateway %s connected to %s' % (GATEWAY, s.address), 'pump join-request DevNonce 0',
                         'pump join accepted DevAddr 01000001', 'pump uplink FCnt 0 port 2 4 bytes',
                         'pump downlink ok RX1 FCnt 0 port 10 01ff']
    assert s.sessions['01000001']['payloads'] == [b'\0\0\0\0', b'\0\0\0\1']
    assert p.stderr == ''


def test_cf_list_channels_are_used_and_us915_joins():
    eu, us = Server(fleet('--devices', '40')), Server(fleet(), region='US915')
    a = subprocess.Popen([LSSIM, '--server', eu.address, '--devices', '40', '--count', '80', '--interval', '1s',
                          '--join-spread', '100ms', '--json'], stdout=subprocess.PIPE, text=True)
    b = run(us, '--region', 'US915', '--count', '1')
    out = json.loads(a.communicate(timeout=60)[0])
    assert a.returncode == 0 and out['joins_accepted'] == 40 and out['uplinks'] == 80 and out['downlinks_rx1'] == 80
    assert not eu.errors
    freqs = {u[1]['freq'] for u in eu.uplinks if u[2][0] == 0x40}
    assert freqs == {868.1, 868.3, 868.5, 867.1, 867.3, 867.5, 867.7, 867.9}
    assert b.returncode == 0, b.stderr
    assert {u[1]['datr'] for u in us.uplinks} == {'SF10BW125', 'SF7BW125'}
    assert all(903.9 <= u[1]['freq'] <= 905.3 for u in us.uplinks)


def test_two_gateways_hear_each_frame_with_their_own_clocks_and_strengths():
    s = Server(fleet('--abp'))
    p = run(s, '--abp', '--gateways', '2', '--count', '1', '--json')
    assert p.returncode == 0, p.stderr
    assert [u[0] for u in s.uplinks] == [GATEWAY, GATEWAY[:-1] + 'd']
    a, b = (u[1] for u in s.uplinks)
    assert a['data'] == b['data'] and a['tmst'] != b['tmst']
    assert (a['rssi'], a['lsnr'], b['rssi'], b['lsnr']) == (-60, 7.0, -63, 6.5)
    assert a['datr'] == 'SF7BW125'
    assert s.tx_acks == [b''] and summary(p)['push_acks'] == summary(p)['push_data'] == 2


def test_confirmed_uplink_is_repeated_with_its_counter_until_acknowledged():
    calls = []

    def silent_once(stage, value):
        if stage == 'frame':
            calls.append(value)
            return None if len(calls) == 1 else value
        return value
    s = Server(fleet('--abp'), silent_once)
    p = run(s, '--abp', '--confirmed', '100', '--count', '1', '--json')
    assert p.returncode == 0, p.stderr
    assert [u[2] for u in s.uplinks] == [s.uplinks[0][2]] * 2
    assert summary(p)['repeats'] == 1 and summary(p)['uplinks_acknowledged'] == 1


def test_confirmed_downlink_is_acknowledged_by_the_next_uplink():
    s = Server(fleet('--abp'), lambda stage, v: {**v, 'mhdr': 0xa0} if stage == 'frame' and not v['f_cnt'] else v)
    p = run(s, '--abp', '--count', '2', '--json', '--interval', '100ms')
    assert p.returncode == 0, p.stderr
    assert [u[2][5] for u in s.uplinks] == [0, 0x20]


def test_load_by_rate_carries_numbers_and_times():
    s = Server(fleet('--abp', '--devices', '50'), answer=False)
    before = time.monotonic_ns()
    p = run(s, '--abp', '--devices', '50', '--rate', '200', '--count', '200', '--json')
    assert p.returncode == 0, p.stderr
    payloads = [x for d in s.sessions.values() for x in d.get('payloads', [])]
    assert sorted(int.from_bytes(x[:4], 'big') for x in payloads) == list(range(200))
    assert all(before < int.from_bytes(x[4:12], 'big') < time.monotonic_ns() for x in payloads)
    assert all(len(d['payloads']) == 4 for d in s.sessions.values())
    assert summary(p)['lateness_us']['count'] == 200


def test_unanswered_joins_count_up_dev_nonce_and_fail():
    s = Server(fleet(), answer=False)
    p = subprocess.Popen([LSSIM, '--server', s.address, '--dev-nonce-start', '65534'], stdout=subprocess.PIPE, text=True)
    time.sleep(8.5)
    p.send_signal(signal.SIGTERM)
    out = p.communicate(timeout=5)[0]
    assert p.returncode == 0 and 'joins: 2 requests, 0 accepted' in out
    assert s.nonces == [65534, 65535]


def test_fleet_file_is_private_and_the_same_for_a_seed(tmp_path):
    path = tmp_path / 'fleet.jsonl'
    path.write_text('x')
    path.chmod(0o644)
    for args in (['--abp'], []):
        subprocess.run([LSSIM, '--devices', '3', '--devices-out', str(path), *args], check=True)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        first = path.read_text()
        assert [json.loads(x)['dev_eui'] for x in first.splitlines()] == ['0004a30b001c053%d' % i for i in range(3)]
        assert fleet('--devices', '3', *args) == {json.loads(x)['dev_eui']: json.loads(x) for x in first.splitlines()}
    assert fleet('--seed', '2') != fleet('--seed', '1')


def test_nobody_there_is_said_with_what_to_try():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hole:
        hole.bind(('127.0.0.1', 0))
        p = subprocess.run([LSSIM, '--server', '127.0.0.1:%d' % hole.getsockname()[1]], capture_output=True, text=True)
    assert p.returncode == 1 and 'no PULL_ACK' in p.stderr and 'try: ' in p.stderr


@pytest.mark.parametrize('args', [['--nope'], ['--count'], ['--count', 'x'], ['--interval', '2'], ['--region', 'XX'],
                                  ['stray'], ['--payload-size', '243'], ['--gateways', '0'], ['--net-id', '12']])
def test_usage(args):
    p = subprocess.run([LSSIM, *args], capture_output=True, text=True)
    assert p.returncode == 2 and len(p.stderr.splitlines()) == 2 and p.stderr.splitlines()[1].startswith('try: ')


def at(wanted, function):
    return lambda stage, value: function(value) if stage == wanted else value


def flip(value):
    return value[:-1] + bytes([value[-1] ^ 1])


def patched(offset, octets):
    def function(body):
        body[offset:offset + len(octets)] = octets
        return body
    return function


# name: (options, change, part of the message)
FAULTS = {
    'mic': (['--abp'], at('phy', flip), 'MIC does not fit'),
    'rx1_late_by_a_us': (['--abp'], at('txpk', lambda t: {**t, 'tmst': (t['tmst'] + 1) & 0xffffffff}), 'no receive window'),
    'frequency': (['--abp'], at('txpk', lambda t: {**t, 'freq': 869.525}), 'RX1 frequency'),
    'data_rate': (['--abp'], at('txpk', lambda t: {**t, 'datr': 'SF12BW125'}), 'RX1 data rate SF12BW125, expected SF7'),
    'size': (['--abp'], at('txpk', lambda t: {**t, 'size': t['size'] + 1}), 'txpk.size'),
    'no_ipol': (['--abp'], at('txpk', lambda t: {**t, 'ipol': False}), 'txpk.ipol'),
    'imme': (['--abp'], at('txpk', lambda t: {**t, 'imme': True}), 'txpk.imme'),
    'power': (['--abp'], at('txpk', lambda t: {**t, 'powe': 27}), 'power 27 dBm'),
    'coding_rate': (['--abp'], at('txpk', lambda t: {**t, 'codr': '4/8'}), 'txpk.codr'),
    'counter_reused': (['--abp', '--count', '2'], at('frame', lambda f: {**f, 'f_cnt': 5}), 'FCnt 5 was used before'),
    'counter_gap': (['--abp'], at('frame', lambda f: {**f, 'f_cnt': 16400}), 'MAX_FCNT_GAP'),
    'ack_unasked': (['--abp'], at('frame', lambda f: {**f, 'ctrl': 0x20}), 'ACK for an uplink that was not'),
    'ack_missing': (['--abp', '--confirmed', '100', '--mac-version', '1.0.4'], at('frame', lambda f: {**f, 'ctrl': 0}),
                    'no ACK in the answer'),
    'port': (['--abp'], at('frame', lambda f: {**f, 'port': 224}), 'FPort 224'),
    'f_opts_with_port_0': (['--abp'], at('frame', lambda f: {**f, 'port': 0, 'f_opts': b'\x06'}), 'cannot be read'),
    'mac_answer_unasked': (['--abp'], at('frame', lambda f: {**f, 'f_opts': b'\x02\x07\x01'}), 'asked for none'),
    'mac_cut': (['--abp'], at('frame', lambda f: {**f, 'f_opts': b'\x03\x07'}), 'cannot be read to the end'),
    'too_long_for_rate': (['--abp', '--data-rate', '0'], at('frame', lambda f: {**f, 'payload': bytes(60)}),
                          'DR0 carries 59'),
    'answered_twice': (['--abp'], at('send', lambda x: x * 2), 'second downlink'),
    'dev_addr': (['--abp'], at('phy', lambda p: p[:1] + b'\xff' + p[2:]), 'of no device here'),
    'not_json': (['--abp'], at('send', lambda x: [x[0][:-1]]), 'not JSON'),
    'over_999': (['--abp'], at('send', lambda x: [x[0] + b' ' * 999]), 'over 999'),
    'reserved_mhdr': (['--abp'], at('frame', lambda f: {**f, 'mhdr': 0x64}), 'MHDR 64'),
    'join_mic': ([], at('txpk', lambda t: {**t, 'data': base64.b64encode(flip(base64.b64decode(t['data']))).decode()}),
                 'MIC of the join accept'),
    'join_window': ([], at('txpk', lambda t: {**t, 'tmst': (t['tmst'] - 4000000) & 0xffffffff}), 'no join request'),
    'join_nonce': ([], at('accept', patched(0, bytes(3))), 'JoinNonce 0'),
    'join_addr': ([], at('accept', patched(9, b'\x26')), 'not of NetID'),
    'join_net_id': (['--net-id', '000013'], None, 'NetID 000000, expected 000013'),
    'join_opt_neg': ([], at('accept', patched(10, b'\x80')), 'OptNeg'),
    'join_rx1_offset': ([], at('accept', patched(10, b'\x70')), 'RX1DROffset 7'),
    'join_cf_list_type': ([], at('accept', patched(27, b'\x01')), 'CFList type 1'),
    'join_cf_list_band': ([], at('accept', patched(12, b'\x00\x00\x10')), 'outside the band'),
}


def test_each_fault_of_a_server_is_named():
    """All at once: each has a server and an lssim of its own."""
    running = {}
    for name, (args, change, text) in FAULTS.items():
        s = Server(fleet(*[a for a in args if a == '--abp']), change)
        argv = [LSSIM, '--server', s.address, '--json', '--interval', '100ms', *args]
        argv += [] if '--count' in args else ['--count', '1']
        if '--abp' not in args:
            argv += ['--duration', '100ms']
        running[name] = (s, subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True), text)
    wrong = []
    for name, (s, p, text) in running.items():
        out, err = p.communicate(timeout=90)
        if p.returncode != 1 or text not in err or s.errors:
            wrong.append((name, p.returncode, err, out, s.errors))
    assert not wrong


def test_late_downlink_is_refused_and_not_heard():
    s = Server(fleet('--abp'), at('send', lambda x: time.sleep(0.97) or x))
    p = run(s, '--abp', '--count', '1', '--json')
    assert p.returncode == 0, p.stderr
    assert summary(p)['too_late'] == 1 and summary(p)['downlinks_rx1'] == 0
    assert s.tx_acks == [b'{"txpk_ack":{"error":"TOO_LATE"}}']


def test_rx2_is_taken():
    for region in ('EU868', 'US915'):
        s = Server(fleet('--abp'), rx=2, region=region)
        p = run(s, '--abp', '--count', '1', '--json', '--region', region)
        assert p.returncode == 0 and summary(p)['downlinks_rx2'] == 1, p.stderr
