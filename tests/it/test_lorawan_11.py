"""LoRaWAN 1.1 against the device written in Python: joining, rejoining, both FOpts forms, split counters, ABP."""
import pytest

import lorawan as lw
from lab import data_of

LAB = {'network': {'net_id': '000013', 'deduplication_delay': '100ms'}}


@pytest.fixture
def gw(lab):
    """One of its own for each test: answers that devices did not wait for keep a gateway busy."""
    return lab.gateway()


@pytest.fixture(scope='module')
def party(lab):
    """Devices that join at the same time, each through a gateway of its own: name -> (device, accept)."""
    makers = {name: lambda: lab.otaa('1.1.0') for name in
              ('plain', 'original', 'no rekey', 'counters', 'rejoin 0', 'rejoin 1', 'rejoin 2', 'replay')}
    devices = {name: make() for name, make in makers.items()}
    devices['original'].erratum = False
    gateways = {name: lab.gateway() for name in devices}
    heard = {name: lab.send_join(gateways[name], dev) for name, dev in devices.items()}
    return {name: (dev, lab.take_accept(gateways[name], dev, heard[name])) for name, dev in devices.items()}


def confirm(lab, gw, dev):
    """The first uplink says RekeyInd and is answered with RekeyConf."""
    down = lab.exchange(gw, dev)
    assert any(c.name == 'RekeyConf' for c in down.commands()), down
    return down


def test_join_accept_is_one_of_1_1(party):
    dev, accept = party['plain']
    assert accept.opt_neg == 1
    assert dev.session.is_1_1


def test_first_uplink_is_answered_with_rekey_conf(lab, gw, party):
    dev, _ = party['plain']
    confirm(lab, gw, dev)
    n, heard = lab.send(gw, dev, b'again')
    assert data_of(lab.up(dev, n)) == b'again'


def test_f_opts_of_a_device_without_the_erratum_are_read_and_written_so(lab, gw, party):
    dev, _ = party['original']
    confirm(lab, gw, dev)
    n, heard = lab.send(gw, dev, b'time', f_opts=bytes([0x0d]))
    lab.up(dev, n)
    down = lab.rx1(gw, dev, heard)
    assert any(c.name == 'DeviceTimeAns' for c in down.commands())


def test_new_session_does_not_begin_without_rekey_ind(lab, gw, party):
    dev, _ = party['no rekey']
    owed, dev.answers = dev.answers, False
    _, heard = lab.send(gw, dev, b'too early')
    lab.dropped(heard.phy, 'no_rekey_ind')
    dev.answers = owed
    confirm(lab, gw, dev)


def test_application_data_have_a_counter_of_their_own(lab, gw, party):
    dev, _ = party['counters']
    confirm(lab, gw, dev)
    lab.push(dev, 9, b'\x01')
    n, heard = lab.send(gw, dev, b'one')
    lab.up(dev, n)
    down = lab.rx1(gw, dev, heard)
    assert (down.f_port, down.f_cnt) == (9, 0)
    lab.push(dev, 9, b'\x02', '--confirmed')
    n, heard = lab.send(gw, dev, b'two', confirmed=True)
    lab.up(dev, n)
    down = lab.rx1(gw, dev, heard)
    assert (down.f_port, down.f_cnt, down.ack) == (9, 1, True)
    # The acknowledgement of it has its counter in the MIC.
    n, heard = lab.send(gw, dev, b'three')
    lab.up(dev, n)
    lab.event(dev, 'ack', acknowledged=True)
    session = lab.lsctl('device', 'session', 'show', dev.dev_eui, '-o', 'json').json()
    row = (session if isinstance(session, list) else session.get('items', [session]))[0]
    assert row['a_f_cnt_down'] == 2


@pytest.mark.parametrize('kind', [0, 1, 2])
def test_rejoin_gives_a_new_session(lab, gw, party, kind):
    dev, _ = party['rejoin %d' % kind]
    confirm(lab, gw, dev)
    before = dev.session
    heard = gw.send(dev.rejoin_request(kind))
    lab.take_accept(gw, dev, heard)
    assert dev.session is not before and dev.dev_addr != before.dev_addr
    # Until the new one is used the old one stands.
    n = before.f_cnt_up
    gw.send(before.uplink(b'old'))
    lab.up(dev, n, dev_addr=before.dev_addr)
    confirm(lab, gw, dev)
    gw.send(phy := before.uplink(b'too old'))
    lab.dropped(phy, 'old_session')
    gw.skip(20)
    gw.send(heard.phy)
    lab.dropped(heard.phy, 'rj_count_used' if kind == 1 else 'old_session')


def test_rejoin_request_is_not_taken_twice(lab, gw, party):
    dev, _ = party['replay']
    confirm(lab, gw, dev)
    request = dev.rejoin_request(0, count=7)
    heard = gw.send(request)
    down = gw.wait_downlink(8, lambda d: dev.can_open_accept(d.phy))
    gw.send(dev.rejoin_request(0, count=6))
    lab.dropped(dev.rejoin_request(0, count=6), 'rj_count_used')
    gw.send(phy := dev.rejoin_request(1, count=0, key=bytes(16)))
    lab.dropped(phy, 'mic_mismatch')
    dev.last_rejoin = 0, 7
    assert dev.accept(down.phy).opt_neg == 1 and heard


@pytest.mark.parametrize('version', ['1.0.2', '1.0.4'])
def test_device_of_1_1_falls_back_where_its_profile_is_1_0(lab, gw, version):
    """OptNeg 0: its NwkKey stands as the AppKey, one network key, one downlink counter, FOpts in clear, no RekeyInd."""
    known = lab.otaa(version)
    dev = lw.Device(known.dev_eui, version='1.1', nwk_key=known.app_key, join_eui=known.join_eui)
    assert lab.join(gw, dev).opt_neg == 0 and not dev.session.is_1_1
    gw = lab.gateway()
    n, heard = lab.send(gw, dev, b'x', confirmed=True, f_opts=dev.mac.ask('LinkCheckReq'))
    assert data_of(lab.up(dev, n)) == b'x'
    assert [c.name for c in lab.rx1(gw, dev, heard).commands()] == ['LinkCheckAns']
    lab.push(dev, 10, b'\x01')
    down = lab.exchange(gw, dev)
    assert down.application() == (10, b'\x01') and down.f_cnt == 1
    gw.send(phy := dev.rejoin_request(1))
    lab.dropped(phy, 'unsupported_type')
    lab.exchange(gw, dev)


def test_device_activated_by_hand_says_reset_ind(lab, gw):
    dev = lab.abp('1.1.0', profile=lab.profile('1.1.0', None, '--no-supports-otaa'))
    down = lab.exchange(gw, dev)
    assert any(c.name == 'ResetConf' for c in down.commands())
    lab.exchange(gw, dev)


def test_session_keys_of_the_wrong_version_are_refused(lab):
    dev = lab.otaa('1.1.0')
    key = lab.daemon.secret(bytes(16))
    r = lab.lsctl('device', 'activate', dev.dev_eui, '--dev-addr', '01020304', '--nwk-s-key', key, '--app-s-key', key, check=False)
    assert r.rc in (2, 5) and '1.1.0' in r.err
