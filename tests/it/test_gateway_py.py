"""The gateway side of these tests is itself right: its datagrams, against a server made of one socket."""
import base64
import json
import socket
import time

import pytest

import gateway as g
from lorawan import EU868, Violation


class Server:
    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(('127.0.0.1', 0))
        self.sock.settimeout(5)
        self.address = self.sock.getsockname()

    def take(self, kind):
        while True:
            data, source = self.sock.recvfrom(65536)
            if data[3] in (0, 2):
                self.sock.sendto(data[:3] + bytes([{0: 1, 2: 4}[data[3]]]), source)
            if data[3] == kind:
                return data, source

    def pull_resp(self, to, txpk, version=2, token=b'ab'):
        self.sock.sendto(bytes([version]) + token + b'\3' + json.dumps({'txpk': txpk}).encode(), to)


TXPK = {'imme': False, 'rfch': 0, 'powe': 14, 'tmst': 0, 'freq': 868.1, 'modu': 'LORA', 'datr': 'SF7BW125', 'codr': '4/5',
        'ipol': True, 'size': 3, 'data': 'AQID'}


@pytest.fixture
def pair():
    server = Server()
    gw = g.Gateway(server.address, '0016c001f153a14c', pull=False)
    yield server, gw
    gw.close()
    server.sock.close()


def opened(server, gw):
    gw.open_path(wait=False)
    return server.take(g.PULL_DATA)[1]


def future(gw, seconds=1.0, **more):
    return dict(TXPK, tmst=(gw.tmst() + int(seconds * 1e6)) & 0xffffffff, **more)


def test_push_data_is_as_a_forwarder_sends_it(pair):
    server, gw = pair
    heard = gw.send(b'\1\2\3', dr=3, freq_hz=867100000, wait=False)
    data, _ = server.take(g.PUSH_DATA)
    assert data[0] == 2 and data[4:12].hex() == '0016c001f153a14c'
    r = json.loads(data[12:])['rxpk'][0]
    assert r['tmst'] == heard.tmst and r['freq'] == 867.1 and r['datr'] == 'SF9BW125' and r['modu'] == 'LORA'
    assert base64.b64decode(r['data']) == b'\1\2\3' and r['size'] == 3


def test_fsk_and_lr_fhss_have_their_own_keys(pair):
    fsk = pair[1].hear(b'x', dr=7)[1]
    assert fsk['datr'] == 50000 and fsk['modu'] == 'FSK' and 'codr' not in fsk and 'lsnr' not in fsk
    hop = pair[1].hear(b'x', dr=9)[1]
    assert hop['datr'] == 'M0CW137' and hop['modu'] == 'LR-FHSS' and hop['codr'] == '2/3'


def test_push_and_pull_leave_from_different_ports(pair):
    server, gw = pair
    pull = opened(server, gw)
    gw.send(b'x', wait=False)
    assert server.take(g.PUSH_DATA)[1] != pull


def test_a_good_downlink_is_acknowledged(pair):
    server, gw = pair
    server.pull_resp(opened(server, gw), future(gw))
    ack, _ = server.take(g.TX_ACK)
    assert ack == b'\2ab\5' + gw.eui
    assert gw.wait_downlink().phy == b'\1\2\3'


def test_answers_are_given_in_order(pair):
    server, gw = pair
    to = opened(server, gw)
    gw.answers = ['TOO_LATE', {'warn': 'TX_POWER', 'value': 12}]
    bodies = []
    for _ in range(3):
        server.pull_resp(to, future(gw))
        bodies.append(server.take(g.TX_ACK)[0][12:])
    assert json.loads(bodies[0]) == {'txpk_ack': {'error': 'TOO_LATE'}}
    assert json.loads(bodies[1]) == {'txpk_ack': {'warn': 'TX_POWER', 'value': 12}}
    assert bodies[2] == b''


def test_silence_sends_no_tx_ack(pair):
    server, gw = pair
    gw.answers = [g.SILENCE]
    server.pull_resp(opened(server, gw), future(gw))
    gw.wait_downlink()
    gw.send(b'x', wait=False)
    server.sock.settimeout(1)
    assert server.sock.recvfrom(65536)[0][3] == g.PUSH_DATA


@pytest.mark.parametrize('key', ['freq', 'rfch', 'modu', 'datr', 'codr', 'size', 'data', 'tmst'])
def test_a_txpk_without_a_needed_key_is_noticed(pair, key):
    server, gw = pair
    txpk = future(gw)
    del txpk[key]
    server.pull_resp(opened(server, gw), txpk)
    if key in ('freq', 'datr', 'data'):
        gw._wait(lambda: gw.strays, 5, 'no stray')
    else:
        with pytest.raises(Violation):
            gw.wait_downlink()


def test_a_late_downlink_is_noticed(pair):
    server, gw = pair
    server.pull_resp(opened(server, gw), future(gw, -0.01))
    with pytest.raises(Violation, match='after its window'):
        gw.wait_downlink()


def test_counter_wraps(pair):
    gw = pair[1]
    gw.set_tmst(0xffffffff - 100)
    while gw.tmst() > 0x80000000:
        pass
    assert gw.tmst() < 1000000


def test_margin_is_modular(pair):
    server, gw = pair
    gw.set_tmst(0x100000000 - 500000)
    server.pull_resp(opened(server, gw), future(gw))
    down = gw.wait_downlink()
    assert down.tmst < 600000 and 0 < down.margin_us <= 1000000


def test_version_1_gateway_sends_no_tx_ack(pair):
    server, _ = pair
    old = g.Gateway(server.address, '0016c001f153a14d', version=1, pull=False)
    try:
        server.pull_resp(opened(server, old), future(old), version=1)
        assert old.wait_downlink().version == 1
        old.send(b'x', wait=False)
        assert server.sock.recvfrom(65536)[0][3] == g.PUSH_DATA
    finally:
        old.close()


def test_address_change_is_a_new_port(pair):
    server, gw = pair
    first = opened(server, gw)
    gw.change_address(wait=False)
    second = server.take(g.PULL_DATA)[1]
    assert first != second
    server.pull_resp(second, future(gw))
    assert gw.wait_downlink().address == second


def test_wait_gives_up(pair):
    with pytest.raises(TimeoutError):
        pair[1].wait_downlink(0.05)


def test_acks_are_waited_for():
    server = Server()
    gw = g.Gateway(server.address, '0016c001f153a14c', pull=False, keepalive=0.01)
    try:
        import threading
        t = threading.Thread(target=lambda: (server.take(g.PULL_DATA), server.take(g.PUSH_DATA)))
        t.start()
        gw.open_path()
        gw.send(b'x', region=EU868)
        t.join()
        before = time.monotonic()
        server.take(g.PULL_DATA)   # kept alive
        assert time.monotonic() - before < 5
    finally:
        gw.close()
        server.sock.close()
