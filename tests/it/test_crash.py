"""kill -9 between any two steps: the session goes on, no counter is used twice, nothing accepted is lost."""
import random
import subprocess
import time

import pytest

import lorawan as lw
from daemon import Daemon, wait_until
from gateway import SILENCE, SLOW
from lab import data_of


class World:
    """One gateway and devices, and a daemon that dies."""

    def __init__(self, lab):
        self.lab = lab
        self.gw = lab.gateway()

    def crash(self, dev=None):
        self.lab.daemon.kill9()
        if dev:
            self.absorb(dev)
        self.lab.daemon.start()
        self.gw.answers = []
        self.gw.open_path()

    def absorb(self, dev):
        """What the gateway got and nobody looked at was transmitted; the device checks it."""
        for d in self.gw.untaken():
            self.gw.wait_downlink(0.1, lambda x, d=d: x is d)
            if d.phy[0] == lw.JOIN_ACCEPT << 5:
                dev.last_join_nonce = max(dev.last_join_nonce, lw.JoinAccept(dev.app_key, d.phy).join_nonce)
            elif d.answer in ('OK', SILENCE):
                dev.receive(d.phy)
            else:
                dev.session.open(d.phy)

    def again(self, dev):
        """The device repeats its last uplink after its windows."""
        self.gw.skip(3)
        return self.gw.send(dev.repeat())

    def goes_on(self, dev):
        """The same session, twice to and fro; every uplink is one event."""
        for _ in range(2):
            self.lab.exchange(self.gw, dev)
        counters = [e['fCnt'] for e in self.lab.all_events(dev, 'up') if e['devAddr'] == dev.dev_addr]
        assert counters == sorted(set(counters)), counters
        return counters


@pytest.fixture
def world(own_lab):
    return World(own_lab)


@pytest.fixture
def dev(world):
    return world.lab.abp()


def test_killed_after_the_join_request(world):
    dev = world.lab.otaa()
    world.lab.send_join(world.gw, dev)
    world.crash(dev)
    world.lab.join(world.gw, dev)
    world.goes_on(dev)


def test_killed_between_nonce_commit_and_accept(world):
    dev = world.lab.otaa()
    heard = world.lab.send_join(world.gw, dev)
    world.lab.event(dev, 'join', timeout=8)
    dev.last_join_nonce = 1                    # burnt: the join was accepted
    world.crash()
    world.gw.skip(10)
    world.gw.send(heard.phy)
    world.lab.dropped(heard.phy, 'dev_nonce_used')
    for d in world.gw.untaken():
        world.gw.wait_downlink(0.1)
    assert world.lab.join(world.gw, dev).join_nonce > 1
    world.goes_on(dev)


def test_killed_after_the_accept(world):
    dev = world.lab.otaa()
    heard = world.lab.send_join(world.gw, dev)
    world.lab.take_accept(world.gw, dev, heard)
    world.crash()
    assert world.goes_on(dev) == [0, 1]
    world.gw.skip(10)
    world.gw.send(heard.phy)
    world.lab.dropped(heard.phy, 'dev_nonce_used')


def test_killed_after_the_uplink(world, dev):
    n, heard = world.lab.send(world.gw, dev, b'x', confirmed=True)
    world.crash(dev)
    assert world.lab.rx1(world.gw, dev, world.again(dev)).ack
    assert data_of(world.lab.up(dev, n)) == b'x'
    assert world.goes_on(dev) == [0, 1, 2]


def test_killed_between_event_and_acknowledgement(world, dev):
    n, heard = world.lab.send(world.gw, dev, b'x', confirmed=True)
    world.lab.up(dev, n)
    world.crash(dev)
    assert data_of(world.lab.up(dev, n)) == b'x'      # still there
    assert world.lab.rx1(world.gw, dev, world.again(dev)).ack
    assert world.goes_on(dev) == [0, 1, 2]


def test_killed_after_the_acknowledgement(world, dev):
    world.lab.exchange(world.gw, dev)
    world.crash()
    down = world.lab.rx1(world.gw, dev, world.again(dev))   # a repeat, and known as one after the crash
    assert down.ack
    assert world.goes_on(dev) == [0, 1, 2]


def test_killed_after_the_queue_push(world, dev):
    world.lab.exchange(world.gw, dev)
    item = world.lab.push(dev, 10, b'\x01\xff')
    world.crash()
    assert [q['queue_item_id'] for q in world.lab.queue(dev)] == [item]
    n, heard = world.lab.send(world.gw, dev, b'x')
    assert world.lab.rx1(world.gw, dev, heard).application() == (10, b'\x01\xff')
    assert world.lab.event(dev, 'txack')['queueItemId'] == item
    world.goes_on(dev)


@pytest.mark.parametrize('confirmed', [(), ('--confirmed',)], ids=['unconfirmed', 'confirmed'])
def test_killed_with_a_downlink_in_flight(world, dev, confirmed):
    """It is sent again, under a new counter."""
    item = world.lab.push(dev, 10, b'\x01', *confirmed)
    world.gw.answers = [SILENCE]
    n, heard = world.lab.send(world.gw, dev, b'x')
    first = world.lab.rx1(world.gw, dev, heard)
    world.crash()
    assert [q['queue_item_id'] for q in world.lab.queue(dev)] == [item]
    n, heard = world.lab.send(world.gw, dev, b'y', ack=False)
    second = world.lab.rx1(world.gw, dev, heard)
    assert second.application() == (10, b'\x01') and second.f_cnt > first.f_cnt
    assert world.lab.event(dev, 'txack')['fCntDown'] == second.f_cnt
    world.goes_on(dev)


def test_killed_right_after_the_tx_ack(world, dev):
    world.lab.push(dev, 10, b'\x01')
    n, heard = world.lab.send(world.gw, dev, b'x')
    world.lab.rx1(world.gw, dev, heard)
    world.crash()
    left = world.lab.queue(dev)
    n, heard = world.lab.send(world.gw, dev, b'y', confirmed=True)
    down = world.lab.rx1(world.gw, dev, heard)
    assert down.application() == ((10, b'\x01') if left else None)
    world.goes_on(dev)


def test_killed_after_the_tx_ack_event(world, dev):
    item = world.lab.push(dev, 10, b'\x01')
    n, heard = world.lab.send(world.gw, dev, b'x')
    world.lab.rx1(world.gw, dev, heard)
    world.lab.event(dev, 'txack', queueItemId=item)
    world.crash()
    assert world.lab.queue(dev) == []
    assert world.lab.exchange(world.gw, dev).application() is None
    world.goes_on(dev)
    assert len(world.lab.all_events(dev, 'txack')) == 1


@pytest.mark.parametrize('answer', [True, False], ids=['ack', 'nack'])
def test_killed_while_a_confirmed_downlink_waits_for_its_ack(world, dev, answer):
    item = world.lab.push(dev, 10, b'\x01', '--confirmed')
    n, heard = world.lab.send(world.gw, dev, b'x')
    down = world.lab.rx1(world.gw, dev, heard)
    world.lab.event(dev, 'txack', queueItemId=item)
    world.crash()
    world.lab.send(world.gw, dev, b'y', ack=answer)
    e = world.lab.event(dev, 'ack')
    assert e['acknowledged'] is answer and e['queueItemId'] == item and e['fCntDown'] == down.f_cnt
    world.goes_on(dev)
    assert len(world.lab.all_events(dev, 'ack')) == 1


def test_killed_between_too_late_and_rx2(world, dev):
    item = world.lab.push(dev, 10, b'\x01')
    world.gw.answers = ['TOO_LATE', SILENCE]
    n, heard = world.lab.send(world.gw, dev, b'x')
    world.lab.check_rx1(world.gw.wait_downlink(), heard)
    world.crash(dev)
    n, heard = world.lab.send(world.gw, dev, b'y', confirmed=True)
    down = world.lab.rx1(world.gw, dev, heard)
    assert down.application() == (10, b'\x01')
    assert world.lab.event(dev, 'txack')['queueItemId'] == item
    world.goes_on(dev)


def test_replay_is_still_refused_after_the_crash(world, dev):
    sent = []
    for i in range(3):
        n, heard = world.lab.send(world.gw, dev, b'%d' % i)
        world.lab.up(dev, n)
        sent.append(heard.phy)
    world.crash()
    world.gw.send(sent[0])
    world.lab.dropped(sent[0], 'f_cnt_replayed')
    assert world.goes_on(dev) == [0, 1, 2, 3, 4]


def test_old_and_pending_session_both_survive_the_crash(world):
    lab, gw = world.lab, world.gw
    dev = lab.otaa()
    dev.activate('01fe0001', bytes(range(16)), bytes(range(16, 32)))
    lab.lsctl('device', 'activate', dev.dev_eui, '--dev-addr', dev.dev_addr,
              '--nwk-s-key', lab.daemon.secret(dev.session.nwk_s_key), '--app-s-key', lab.daemon.secret(dev.session.app_s_key))
    lab.exchange(gw, dev)
    lab.join(gw, dev)
    world.crash()
    old = dev.old_sessions[-1]
    heard = gw.send(old.uplink(b'old', confirmed=True))
    down = gw.wait_downlink()
    lab.check_rx1(down, heard)
    assert old.receive(down.phy).ack
    world.goes_on(dev)
    world.crash()
    late = old.uplink(b'late')
    gw.send(late)
    lab.dropped(late, 'old_session')
    world.goes_on(dev)


def test_counter_over_65535_survives_the_crash(world):
    dev = world.lab.abp(f_cnt_up=65535, f_cnt_down=65535)
    world.lab.exchange(world.gw, dev)
    world.crash()
    assert world.goes_on(dev) == [65535, 65536, 65537]
    assert dev.session.f_cnt_down == 65538


@pytest.mark.parametrize('seed', [1, 2])
def test_killed_at_random_moments(world, dev, seed):
    """A device that insists on its acknowledgement, and a daemon killed somewhere on the way."""
    rng = random.Random(seed)
    items = []
    for i in range(6):
        items.append(world.lab.push(dev, 10, bytes([i])))
        n, heard = world.lab.send(world.gw, dev, bytes([i]), confirmed=True)
        time.sleep(rng.random() * 0.5 * SLOW)          # the random moment itself, not a wait
        got = len(dev.session.received)
        world.crash(dev)
        if len(dev.session.received) == got or rng.random() < .3:
            assert world.lab.rx1(world.gw, dev, world.again(dev)).ack
        assert data_of(world.lab.up(dev, n)) == bytes([i])
    assert world.goes_on(dev) == list(range(8))
    acks = [e for e in world.lab.all_events(dev, 'txack')]
    assert len({e['fCntDown'] for e in acks}) == len(acks)


def test_killed_under_traffic_of_many_devices(world):
    """Each device has its gateway: one could not answer them all at once."""
    lab = world.lab
    gws = {lab.abp(): lab.gateway() for _ in range(12)}
    devs = list(gws)
    for _ in range(3):
        for d, gw in gws.items():
            lab.send(gw, d, d.dev_eui.encode(), confirmed=True)
        lab.events.wait(lambda e: e['kind'] == 'up' and e['fCnt'] == devs[0].f_cnt_up - 1, 5)
        lab.daemon.kill9()
        for d, gw in gws.items():
            for t in gw.untaken():
                d.receive(gw.wait_downlink(0.1, lambda x, t=t: x is t).phy)
        lab.daemon.start()
        for gw in gws.values():
            gw.open_path()
            gw.skip(3)
        heard = {d: gw.send(d.repeat()) for d, gw in gws.items()}
        for d, gw in gws.items():
            down = gw.wait_downlink(4)
            lab.check_rx1(down, heard[d])
            assert d.receive(down.phy).ack
    for d in devs:
        lab.up(d, 2)
        assert [e['fCnt'] for e in lab.all_events(d, 'up')] == [0, 1, 2]


def test_cursor_resumes_after_the_crash_without_loss_or_repeat(world, dev):
    lab, gw = world.lab, world.gw
    with lab.daemon.control() as c:
        c.call('hello', {})
        _, sub = c.subscribe('event.tail')
        seen = []
        for _ in range(3):
            lab.send(gw, dev, b'x')
            seen.append(c.item(sub))
    lab.send(gw, dev, b'unseen')
    lab.up(dev, 3)
    world.crash()
    lab.send(gw, dev, b'after')
    lab.up(dev, 4)
    with lab.daemon.control() as c:
        c.call('hello', {})
        _, sub = c.subscribe('event.tail', {'cursor': seen[-1]['cursor']})
        for _ in range(2):
            seen.append(c.item(sub))
        lab.send(gw, dev, b'live')
        seen.append(c.item(sub))
    assert [e['fCnt'] for e in seen] == [0, 1, 2, 3, 4, 5]
    assert len({e['cursor'] for e in seen}) == 6
    assert not [e for e in seen if e['kind'] == 'gap']


def test_lsctl_resumes_by_cursor_file(world, dev, tmp_path):
    lab, gw = world.lab, world.gw
    args = ('event', 'tail', '-o', 'jsonl', '--since', '1h', '--cursor-file', str(tmp_path / 'cursor'))
    lab.send(gw, dev, b'0')
    lab.up(dev, 0)
    first = lab.lsctl(*args, '--count', '1').jsonl()
    world.crash()
    for n in (1, 2):
        lab.send(gw, dev, b'x')
        lab.up(dev, n)
    second = lab.lsctl(*args, '--count', '2').jsonl()
    assert [e['fCnt'] for e in first + second] == [0, 1, 2]


def test_sigterm_decides_open_windows(world, dev):
    world.lab.send(world.gw, dev, b'last words')
    world.lab.daemon.stop()
    world.lab.daemon.start()
    world.gw.open_path()
    assert data_of(world.lab.up(dev, 0)) == b'last words'
    assert world.goes_on(dev) == [0, 1, 2]


def test_second_daemon_on_one_data_dir_refuses_to_start(world, dev, tmp_path):
    other = Daemon(tmp_path / 'other')
    other.config.write_text(other.config.read_text().replace(str(other.data), str(world.lab.daemon.data)))
    p = other.spawn()
    try:
        assert p.wait(5 * SLOW) not in (0, -11, -6)
    except subprocess.TimeoutExpired:
        raise AssertionError('a second daemon runs on the same data_dir')
    finally:
        if p.poll() is None:
            p.kill()
            p.wait()
    other.check_log()
    assert str(world.lab.daemon.data) in other.log()
    world.goes_on(dev)


def test_a_reply_of_the_control_socket_survives_the_crash(world):
    """What lsctl said was done is done."""
    lab = world.lab
    for i in range(5):
        dev = lab.otaa()
        name = 'renamed-%d' % i
        lab.lsctl('device', 'set', dev.dev_eui, '--name', name)
        lab.daemon.kill9()
        lab.daemon.start()
        assert lab.device_json(dev)['name'] == name


def test_store_is_private(world):
    for path in world.lab.daemon.data.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_killed_while_a_downlink_for_a_version_1_gateway_is_held_back(world):
    """Held back is not sent: the item is still there, and goes out under a new counter."""
    lab = world.lab
    gw, dev = lab.gateway(version=1), lab.abp()
    item = lab.push(dev, 10, b'\x01')
    lab.send(gw, dev, b'x')
    wait_until(lambda: lab.queue(dev)[0]['state'] == 'in_flight', 5, 'commit of the downlink')
    lab.daemon.kill9()
    if gw.untaken():
        pytest.skip('the machine was too slow to kill it in time')
    lab.daemon.start()
    gw.open_path()
    assert [q['queue_item_id'] for q in lab.queue(dev)] == [item]
    n, heard = lab.send(gw, dev, b'y')
    assert lab.rx1(gw, dev, heard).application() == (10, b'\x01')


def test_sigterm_ends_streams_that_have_something_to_send(world, dev):
    """Rows of the last moment are written while everything closes; a client of then is let go like any other."""
    lab = world.lab
    assert lab.frames and lab.events
    lab.send(world.gw, dev, b'x', confirmed=True)
    world.gw.wait_downlink()
    lab.daemon.stop()                       # a leak is its exit code, under sanitizers
    lab.daemon.start()
