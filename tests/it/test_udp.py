"""The Semtech UDP side: acknowledgements, several frames in a datagram, and all that is malformed."""
import json
import os
import random

import pytest

import lorawan as lw
from gateway import stat_of

EUI = bytes.fromhex('0016c001f153a14c')


def alive(lab, gw):
    """The daemon lives, serves this gateway, and made nothing of what was sent before."""
    lab.fence()
    lab.exchange(gw, lab.abp())
    assert lab.daemon.alive()


@pytest.mark.parametrize('version', [1, 2])
def test_push_and_pull_are_acknowledged_with_token_and_version(lab, version):
    g = lab.gateway(version=version)          # PULL_ACK was waited for, with its version
    g.push_data({'stat': stat_of()})          # and PUSH_ACK here
    g.push_data({'rxpk': []})
    g.push_data({})
    assert not g.strays


def test_unregistered_gateway_is_acknowledged_too(lab):
    g = lab.gateway(registered=False)
    g.push_data({'stat': stat_of()})
    ids = [h['gateway_id'] for h in lab.lsctl('gateway', 'heard-unknown', '-o', 'jsonl').jsonl()]
    assert g.gateway_id in ids


def test_heard_unknown_is_bounded(lab):
    g = lab.gateway(registered=False)
    for i in range(600):
        g.raw(bytes([2, 0, i & 255, 2]) + bytes.fromhex('fe%014x' % i))
    g.open_path()
    heard = lab.lsctl('gateway', 'heard-unknown', '-o', 'jsonl', '--all').jsonl()
    assert len(heard) < 600
    lab.lsctl('gateway', 'create', 'fe00000000000001', '--name', 'became-known', '-t', 'acme')


def test_gateway_is_seen_by_its_datagrams(lab, gw):
    gw.push_data({'stat': stat_of(lati=52.37, long=4.9, alti=3)})
    assert lab.lsctl('gateway', 'show', gw.gateway_id, '-o', 'json').json()['last_seen_at']


def test_several_frames_in_one_datagram(lab, gw):
    devs = [lab.abp() for _ in range(8)]
    gw.push_data({'rxpk': [gw.hear(d.uplink(bytes([i])))[1] for i, d in enumerate(devs)], 'stat': stat_of()})
    for d in devs:
        lab.up(d, 0)


def test_one_bad_entry_does_not_lose_the_others(lab, gw, dev):
    good = gw.hear(dev.uplink(b'good'))[1]
    bad = [dict(good, data=17), dict(good, data='!!!!'), dict(good, freq='high'), {}, [], 'x', None, dict(good, datr='SF99BW1'),
           dict(good, size=-1, data=''), dict(good, tmst='soon')]
    gw.push_data({'rxpk': bad + [good]})
    lab.up(dev, 0)


def test_unknown_keys_and_meta_are_no_reason_to_fail(lab, gw, dev):
    gw.send(dev.uplink(b'x'), meta={'concentrator': 'a'}, hello=[{'deep': {'er': [1, 2, {'x': None}]}}], jver=7)
    lab.up(dev, 0)


def test_numbers_in_other_forms_are_read(lab, gw, dev):
    gw.send(dev.uplink(b'x'), rssi=-60.5, freq=868.09999999, lsnr=7, chan=0)
    assert lab.up(dev, 0)['txInfo']['frequency'] == 868100000


def test_octet_after_the_json_is_stripped(lab, gw, dev):
    gw.push_data(json.dumps({'rxpk': [gw.hear(dev.uplink(b'x'))[1]]}).encode() + b'\0')
    lab.up(dev, 0)


def test_size_that_disagrees_with_the_data_does_not_harm(lab, gw, dev):
    phy = dev.uplink(b'x')
    gw.send(phy, size=255)
    alive(lab, gw)


def malformed():
    head = lambda kind, version=2: bytes([version, 1, 2, kind]) + EUI  # noqa: E731
    push = head(0)
    return {
        'empty': b'', 'one-octet': b'\2', 'three-octets': b'\2\0\0', 'no-eui': b'\2\0\0\0', 'half-eui': b'\2\0\0\0' + EUI[:4],
        'version-0': head(0, 0) + b'{}', 'version-3': head(0, 3) + b'{}', 'version-255': head(2, 255),
        'kind-6': head(6), 'kind-255': head(255), 'server-s-own-kinds': head(1) + head(3) + head(4),
        'push-no-json': push, 'push-brace': push + b'{', 'push-array': push + b'[]', 'push-text': push + b'"rxpk"',
        'push-number': push + b'1e999999', 'push-null': push + b'null', 'push-garbage': push + bytes(range(256)),
        'rxpk-object': push + b'{"rxpk":{}}', 'rxpk-number': push + b'{"rxpk":1}', 'rxpk-nested': push + b'{"rxpk":[[[[]]]]}',
        'rxpk-twice': push + b'{"rxpk":[],"rxpk":[{}]}', 'stat-array': push + b'{"stat":[]}', 'stat-text': push + b'{"stat":{"lati":"x"}}',
        'deep': push + b'{"rxpk":' + b'[' * 20000, 'deep-objects': push + b'{"a":' * 10000,
        'unended-string': push + b'{"rxpk":[{"data":"' + b'A' * 30000, 'bad-escape': push + b'{"rxpk":[{"data":"\\u12"}]}',
        'bad-utf-8': push + b'{"rxpk":[{"modu":"\xff\xfe"}]}', 'nul-inside': push + b'{"rx\0pk":[]}',
        'huge-number': push + b'{"rxpk":[{"tmst":' + b'9' * 5000 + b',"freq":1e400}]}',
        'nan': push + b'{"rxpk":[{"freq":NaN,"rssi":Infinity}]}', 'negative-size': push + b'{"rxpk":[{"size":-1,"data":"QA=="}]}',
        'data-too-long': push + b'{"rxpk":[{"tmst":1,"freq":868.1,"stat":1,"modu":"LORA","datr":"SF7BW125","codr":"4/5","rssi":-1,'
                               b'"lsnr":1,"size":300,"data":"' + b'QUFB' * 200 + b'"}]}',
        'many-rxpk': push + b'{"rxpk":[' + b'{},' * 15000 + b'{}]}', 'big': push + os.urandom(60000),
        'tx-ack-short': head(5)[:11], 'tx-ack-brace': head(5) + b'{"', 'tx-ack-array': head(5) + b'[]',
        'tx-ack-number': head(5) + b'{"txpk_ack":5}', 'tx-ack-error-number': head(5) + b'{"txpk_ack":{"error":5}}',
        'tx-ack-escape': head(5) + b'{"txpk_ack":{"error":"\\u001b[31m"}}', 'tx-ack-long': head(5) + b'{"txpk_ack":{"error":"' + b'E' * 5000 + b'"}}',
        'pull-long': head(2) + b'x' * 1000,
    }


@pytest.mark.parametrize('name', list(malformed()))
def test_malformed_datagram_does_no_harm(lab, gw, name):
    data = malformed()[name]
    gw.raw(data)
    gw.raw(data.replace(EUI, gw.eui), gw.pull)      # as a registered gateway, too
    gw.push_data({'stat': stat_of()})               # still served
    assert lab.daemon.alive()


def test_random_datagrams_do_no_harm(lab, gw, dev):
    rng = random.Random(20)
    good = b'\2ab\0' + gw.eui + json.dumps({'rxpk': [gw.hear(dev.uplink(b'seed'))[1]], 'stat': stat_of()}).encode()
    for _ in range(1500):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 6)):
            what = rng.randrange(3)
            i = rng.randrange(len(data))
            if what == 0:
                data[i] = rng.randrange(256)
            elif what == 1:
                del data[i:i + rng.randrange(1, 30)]
            else:
                data[i:i] = bytes(rng.choice(b'{}[]",:\\0123456789eE+-.\0\xff') for _ in range(rng.randrange(1, 8)))
            if not data:
                data = bytearray(b'\2')
        gw.raw(bytes(data))
    lab.daemon.lsctl('status')
    alive(lab, lab.gateway())


def test_random_phy_payloads_do_no_harm(lab, gw, dev):
    rng = random.Random(21)
    for _ in range(100):
        rxpks = []
        for _ in range(6):
            phy = bytes(rng.randrange(256) for _ in range(rng.choice((1, 4, 11, 12, 13, 17, 23, 33, 64, 255))))
            if rng.random() < .5:                    # the DevAddr of a real device
                phy = (phy[:1] + lw.reverse_hex(dev.dev_addr) + phy[5:])[:len(phy)]
            rxpks.append(gw.hear(phy)[1])
        gw.push_data({'rxpk': rxpks})
    alive(lab, gw)
    assert lab.all_events(dev) == []


def test_hostile_text_of_a_gateway_is_printed_escaped(lab):
    g = lab.gateway(registered=False)
    lab.lsctl('gateway', 'create', g.gateway_id, '--name', 'caf\u00e9 \u202e', '-t', 'acme', check=False)
    g.push_data(b'{"stat":{"time":"\\u001b[2J\\u0007","meta":{"x":"\\u001b]0;owned\\u0007"}}}')
    for args in (('gateway', 'list'), ('gateway', 'show', g.gateway_id), ('status',)):
        r = lab.lsctl(*args, '-t', 'acme', check=False) if args[0] != 'status' else lab.lsctl(*args)
        assert '\x1b' not in r.out + r.err and '\u202e' not in r.out
    assert '\x1b' not in lab.daemon.log()
