"""crash.py - cases U29 to U31, D1, D2, D5, J13 and J14: kill -9 at the worst moment, restarts, and old backups.

Each has a daemon of its own, which waits for its disk.
"""
import random
import shutil
import subprocess
import time

from case import case
from daemon import BUILD
from gateway import SLOW
from lab import data_of


def start(w):
    w.daemon.start()
    w.listen()
    for g in w.gateways:
        g.open_path()


def crash(w, gw, dev=None):
    w.daemon.kill9()
    if dev:
        w.absorb(gw, dev)
    start(w)
    gw.answers = []


def put_back(w, copy):
    """An old backup is restored, as the manual says, and the daemon runs on it."""
    w.daemon.stop()
    subprocess.run([str(BUILD / 'loraserverd'), '-c', str(w.daemon.config), '--restore', str(copy)], check=True,
                   env=w.daemon.env(), stdin=subprocess.DEVNULL, capture_output=True, timeout=20 * SLOW)
    start(w)


def backup(w):
    """A copy of the store of a stopped daemon."""
    w.daemon.stop()
    copy = w.daemon.dir / 'backup.db'
    shutil.copy2(w.daemon.data / 'loraserver.db', copy)
    start(w)
    return copy


@case('U29', 'killed anywhere around the commit: counter and event are both there or neither', own=True)
def between_commit_and_event(w):
    """There is no moment between: one transaction has both. The device insists, so each uplink is one event in the end."""
    gw, dev, rng = w.gateway(), w.abp(), random.Random(w.version)
    for i in range(5):
        n, heard = w.send(gw, dev, bytes([i]), confirmed=True)
        time.sleep(rng.random() * 0.06 * SLOW)      # the random moment itself, not a wait
        crash(w, gw, dev)
        there = [e for e in w.lsctl('event', 'list', '-o', 'jsonl', '--since', '1h', '--all').jsonl()
                 if e['kind'] == 'up' and e['fCnt'] == n]
        assert w.device_json(dev)['f_cnt_up'] == n + len(there), there
        w.again(gw, dev.repeat())
        assert data_of(w.up(dev, n)) == bytes([i])
        w.fence()
        w.absorb(gw, dev)
    assert w.counters(dev) == list(range(5))
    w.goes_on(gw, dev)


@case('U30', 'killed between event and delivery: a subscriber resumes by its cursor without loss or repeat', own=True)
def between_event_and_publish(w):
    gw, dev = w.gateway(), w.abp()
    seen = []
    with w.daemon.control() as c:
        c.call('hello', {})
        _, sub = c.subscribe('event.tail')
        w.accepted(gw, dev)
        seen.append(c.item(sub))
    w.accepted(gw, dev)
    crash(w, gw, dev)
    w.accepted(gw, dev)
    with w.daemon.control() as c:
        c.call('hello', {})
        _, sub = c.subscribe('event.tail', {'cursor': seen[-1]['cursor']})
        seen += [c.item(sub) for _ in range(2)]
    assert [e['fCnt'] for e in seen] == [0, 1, 2] and len({e['cursor'] for e in seen}) == 3


@case('U31', 'FCntUp is kept across restart, crash, move to another application, and restore', own=True)
def kept(w):
    gw, dev = w.gateway(), w.abp()
    old = [w.accepted(gw, dev).phy for _ in range(2)]
    copy = backup(w)

    def replays_are_refused():
        for phy in old:
            gw.skip(10)
            count = len(w.frames.all(lambda f: f.get('phy_payload') == phy.hex() and f.get('drop_reason')))
            gw.send(phy)
            w.frames.wait(lambda f: f.get('phy_payload') == phy.hex() and f.get('drop_reason'), 5, count + 1)
        n = dev.f_cnt_up
        w.exchange(gw, dev)
        assert w.device_json(dev)['f_cnt_up'] == n + 1
    replays_are_refused()
    w.daemon.stop()
    start(w)
    replays_are_refused()
    crash(w, gw, dev)
    replays_are_refused()
    w.lsctl('application', 'create', 'elsewhere', '-t', 'acme')
    w.lsctl('device', 'set', dev.dev_eui, '--app', 'elsewhere')
    replays_are_refused()
    assert w.up(dev, dev.f_cnt_up - 1)['deviceInfo']['applicationName'] == 'elsewhere'
    put_back(w, copy)
    replays_are_refused()


@case('D1', 'the counter is committed before a downlink is sent: killed at its arrival, it is used', own=True)
def committed_before_send(w):
    gw, dev = w.gateway(), w.abp()
    for i in range(3):
        n, heard = w.send(gw, dev, bytes([i]), confirmed=True)
        down = dev.receive(gw.wait_downlink().phy)
        w.daemon.kill9()
        start(w)
        assert w.device_json(dev)['f_cnt_down'] == down.f_cnt + 1
    w.goes_on(gw, dev)


@case('D2', 'killed after the commit and before the send: a gap, never the same counter for other bytes', own=True)
def gap_never_reuse(w):
    """A gateway of protocol version 1 has no queue: its downlink is committed, and held back until its window."""
    gw, dev = w.gateway(version=1), w.abp()
    for attempt in range(5):
        item = w.push(dev, 10, b'\x01')
        w.send(gw, dev, b'x')
        f = w.frames.wait(lambda f: f['direction'] == 'down' and f['dev_eui'] == dev.dev_eui)
        w.daemon.kill9()
        sent = bool(gw.untaken())
        w.absorb(gw, dev)
        start(w)
        if not sent:
            break
        w.lsctl('queue', 'flush', dev.dev_eui, '--all')
    else:
        raise AssertionError('the machine was too slow to kill it in time')
    assert [q['queue_item_id'] for q in w.queue(dev)] == [item]
    queueing = w.gateway()
    n, heard = w.send(queueing, dev, b'y')
    down = w.rx1(queueing, dev, heard)
    assert down.application() == (10, b'\x01') and down.f_cnt > f['f_cnt']
    w.goes_on(queueing, dev)


@case('D5', 'an old backup is restored: downlink counters jump ahead of all that were used since', own=True)
def old_backup(w):
    gw, dev = w.gateway(), w.abp()
    for _ in range(2):
        w.exchange(gw, dev)
    copy = backup(w)
    w.push(dev, 10, b'\x01')
    for _ in range(3):
        w.exchange(gw, dev)
    used = dev.session.f_cnt_down
    put_back(w, copy)
    down = w.exchange(gw, dev)      # Violation unless the counter is above all used ones
    assert down.f_cnt >= used
    w.goes_on(gw, dev)


@case('J13', 'killed between the commit of the nonces and the accept: both are burnt, the next join is good', own=True)
def between_nonce_and_send(w):
    gw, dev = w.gateway(version=1), w.otaa()
    heard = w.send_join(gw, dev, dev_nonce=1)
    w.event(dev, 'join', timeout=8)
    w.daemon.kill9()
    gw.take_all()
    dev.last_join_nonce = 1                    # used, whether the accept left or not
    start(w)
    w.again(gw, heard.phy, 10)
    w.dropped(heard.phy, 'dev_nonce_used')
    dev.next_dev_nonce = 2
    queueing = w.gateway()
    assert w.join(queueing, dev).join_nonce > 1
    w.goes_on(queueing, dev)


@case('J14', 'JoinNonce grows over restart, crash and the restore of an old backup', own=True)
def join_nonce_grows(w):
    gw, dev = w.gateway(), w.otaa()
    w.join(gw, dev)
    copy = backup(w)
    w.join(gw, dev)
    crash(w, gw, dev)
    w.join(gw, dev)                            # Violation unless it grew
    put_back(w, copy)
    w.join(gw, dev)
    w.goes_on(gw, dev)


