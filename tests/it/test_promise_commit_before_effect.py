"""
Nothing that rests on a commit leaves before that commit is on disk.

The daemon runs with a preloaded shim (tests/shim/hold_sync.c) that holds fdatasync() of the write-ahead log while a
file exists. What happens while it is held must have no effect outside: no event or frame line, no downlink, no reply.
The transport's own acknowledgements and answers to questions do come. After the release everything comes.

Each claim is also made of a daemon that does not wait for the disk (LS_TEST_SYNCHRONOUS=off): there all those effects
leave at once, so a test that finds none of them does look in the right places.
"""
import os
import pathlib
import subprocess
import time

import pytest

from daemon import BUILD, Control, Daemon, wait_until
from gateway import SLOW, stat_of
from lab import Lab, data_of

HELD_SECONDS = 0.5        # effects usually leave within 10 ms of their turn
RX1_DELAY = 3             # leaves time to hold the answer's commit and still meet a window


class HeldDaemon(Daemon):
    def __init__(self, directory, sync):
        Daemon.__init__(self, directory, {'EU868': {'rx1_delay': '%ds' % RX1_DELAY}})
        self.sync = sync
        self.hold_file = self.dir / 'hold'
        self.count_file = self.dir / 'syncs'

    def spawn(self):
        env = dict(self.env(), LD_PRELOAD=str(BUILD / 'tests' / 'hold_sync.so'), LS_HOLD_SYNC_FILE=str(self.hold_file),
                   LS_HOLD_SYNC_COUNT=str(self.count_file))
        if self.sync == 'off':
            env['LS_TEST_SYNCHRONOUS'] = 'off'
        # The runtime of AddressSanitizer wants to be the first library; it need not be.
        env['ASAN_OPTIONS'] = ':'.join(filter(None, [os.environ.get('ASAN_OPTIONS'), 'verify_asan_link_order=0']))
        with open(self.stderr_path, 'ab') as err:
            return subprocess.Popen([str(BUILD / 'loraserverd'), '-c', str(self.config)], stdin=subprocess.DEVNULL,
                                    stdout=err, stderr=err, env=env)

    def hold(self):
        self.hold_file.touch()

    def release(self):
        self.hold_file.unlink(missing_ok=True)

    def syncs(self):
        """(begun, ended)"""
        text = self.count_file.read_bytes() if self.count_file.exists() else b''
        return text.count(b'b'), text.count(b'e')

    def is_held(self):
        begun, ended = self.syncs()
        return self.hold_file.exists() and begun > ended


class World:
    def __init__(self, directory, sync):
        self.sync = sync
        self.lab = Lab(directory)
        self.daemon = self.lab.daemon = HeldDaemon(pathlib.Path(directory) / 'held', sync)
        self.lab.start()
        self.gw = self.lab.gateway()
        self.lab.events, self.lab.frames        # the tails run from now on
        self.dev = self.lab.otaa()
        self.lab.join(self.gw, self.dev)
        self.lab.exchange(self.gw, self.dev)

    def command(self, *args):
        """lsctl in the background."""
        return subprocess.Popen([str(BUILD / 'lsctl')] + [str(a) for a in args], env=self.daemon.env(), text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def transport_and_questions_are_answered(self):
        self.gw.push_data({'stat': stat_of()})
        self.gw.open_path()
        with Control(self.daemon.socket, timeout=5 * SLOW) as c:
            c.call('hello', {'client': 'it'})
            c.call('status')

    def take(self, heard, delay_s, match=None):
        """The downlink for an uplink. A daemon that saw slow commits may well choose RX2."""
        down = self.gw.wait_downlink(delay_s + 3, match)
        assert (down.tmst - heard.tmst) & 0xffffffff in (delay_s * 1000000, (delay_s + 1) * 1000000), down.text
        return down

    def check(self, effects, turn=0):
        """
        The disk is held and something was asked for. None of the effects (name -> callable) may be seen; they have
        their turn after `turn` seconds. Then let go: all are seen. Without syncs, all are seen while held.
        """
        began = time.monotonic()

        def seen():
            return {name for name, look in effects.items() if look()}
        try:
            if self.sync == 'full':
                wait_until(self.daemon.is_held, 5, 'a commit that waits for the disk')
                self.transport_and_questions_are_answered()
                time.sleep(max(HELD_SECONDS, began + turn + HELD_SECONDS - time.monotonic()))
                assert self.daemon.is_held()
                assert seen() == set(), 'left before the commit was on disk'
            else:
                wait_until(lambda: seen() == set(effects), turn + 5, 'leak of every effect')
                assert self.daemon.syncs() == (0, 0)
        finally:
            self.daemon.release()
        wait_until(lambda: seen() == set(effects), 5 + turn, 'every effect after the release')


@pytest.fixture(scope='module', params=['full', 'off'])
def world(request, tmp_path_factory):
    w = World.__new__(World)
    try:
        w.__init__(tmp_path_factory.mktemp('held'), request.param)
        yield w
    finally:
        if hasattr(w, 'daemon'):
            w.daemon.release()
            w.lab.end()


def test_uplink(world):
    """No event, no frame line, no acknowledgement."""
    lab, gw, dev = world.lab, world.gw, world.dev
    world.daemon.hold()
    n, heard = lab.send(gw, dev, b'held', confirmed=True)
    world.check({
        'event': lambda: lab.events.all(lambda e: e['kind'] == 'up' and e['fCnt'] == n and data_of(e) == b'held'),
        'frame': lambda: lab.frames.all(lambda f: f.get('phy_payload') == heard.phy.hex()),
    })
    assert dev.receive(world.take(heard, RX1_DELAY).phy).ack


def test_answer(world):
    """The uplink is committed, its answer's counter is not: no downlink and no trace of it."""
    lab, gw, dev = world.lab, world.gw, world.dev
    n, heard = lab.send(gw, dev, b'question', confirmed=True)
    lab.up(dev, n)
    world.daemon.hold()
    world.check({
        'downlink': gw.untaken,
        'frame': lambda: lab.frames.all(lambda f: f.get('direction') == 'down' and f.get('dev_eui') == dev.dev_eui
                                        and f.get('f_cnt') == dev.session.f_cnt_down),
    }, turn=RX1_DELAY - 0.8)
    assert dev.receive(world.take(heard, RX1_DELAY).phy).ack


def test_join(world):
    """No accept, no event, no frame line; the accept that comes is good."""
    lab, gw = world.lab, world.gw
    dev = lab.otaa()
    world.daemon.hold()
    heard = lab.send_join(gw, dev)
    world.check({
        'event': lambda: lab.all_events(dev, 'join'),
        'frame': lambda: lab.frames.all(lambda f: f.get('phy_payload') == heard.phy.hex()),
        'accept': gw.untaken,
    })
    dev.accept(world.take(heard, 5, lambda d: dev.can_open_accept(d.phy)).phy)


def test_queue_push(world):
    """No reply, and nothing to be seen in the queue."""
    lab, dev = world.lab, world.dev
    world.daemon.hold()
    p = world.command('queue', 'push', dev.dev_eui, '--port', 10, '--hex', '01ff')
    try:
        world.check({'reply': lambda: p.poll() is not None, 'queue list': lambda: lab.queue(dev)})
        out, err = p.communicate()
        assert p.returncode == 0, err
        assert [q['queue_item_id'] for q in lab.queue(dev)] == [out.strip()]
    finally:
        p.kill()
        p.wait()


def test_device_create(world):
    """No reply, and no such device yet."""
    lab = world.lab
    eui, profile = lab.eui(), lab.profile()
    world.daemon.hold()
    p = world.command('device', 'create', eui, '--name', 'held', '-t', 'acme', '-a', 'meters', '--profile', profile,
                      '--join-eui', '0000000000000000')
    try:
        world.check({
            'reply': lambda: p.poll() is not None,
            'device show': lambda: lab.lsctl('device', 'show', eui, check=False).rc == 0,
        })
        out, err = p.communicate()
        assert p.returncode == 0, err
    finally:
        p.kill()
        p.wait()


def test_sigterm_ends_in_time_though_the_disk_hangs(world):
    """What was not committed was never acknowledged; the device's repeat finds the session as it was."""
    if world.sync != 'full':
        pytest.skip('nothing waits for the disk')
    world.daemon.hold()
    n, heard = world.lab.send(world.gw, world.dev, b'x', confirmed=True)
    wait_until(world.daemon.is_held, 5, 'a commit that waits for the disk')
    p, world.daemon.process = world.daemon.process, None
    p.terminate()
    try:
        assert p.wait(4 * SLOW) == 1
    finally:
        p.kill()
        world.daemon.release()
        world.daemon.close_tails()
    assert 'the disk does not answer' in world.daemon.log()
    world.daemon.start()
    world.gw.open_path()
    world.gw.skip(3)
    heard = world.gw.send(world.dev.repeat())
    down = world.take(heard, RX1_DELAY)
    assert world.dev.receive(down.phy).ack
