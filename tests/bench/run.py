#!/usr/bin/python3
"""run.py [ROW...] - `make bench`: what the daemon does on this machine, as ratios to what the machine does.

Rows (all when none is named):
   1  uplinks/s without loss, one gateway, 100,000 devices, every event durable before it is sent out
   4  latency of an uplink beyond the collection window at a tenth of that rate
   8  resident memory with 0 and 100,000 devices
  13  user instructions per uplink of the whole daemon, and per further copy of it (valgrind --tool=callgrind)

The application is a control subscriber (count_events); loss is counted there, from the sequence numbers lssim puts in
its payloads. Calibrations are measured before and after, and a row whose calibrations differ by over 20 % is measured
again, up to five times; then it is `unsettled`. Exit status 1 when a must is missed in a row that is settled and judged.

Environment: BENCH_LONG=1 (30 s a run in place of 10), BENCH_SECONDS, BENCH_DEVICES (100000), BENCH_PLACE (split, one,
none: see place_daemon), BENCH_MINUTES (10; no attempt is begun later), TMPDIR (where the database is), LS_BUILD.
"""
import atexit
import collections
import ctypes
import json
import os
import pathlib
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = TOP / os.environ.get('LS_BUILD', 'build')
TOOLS = BUILD / 'bench'
LONG = os.environ.get('BENCH_LONG', '') not in ('', '0')
SECONDS = float(os.environ.get('BENCH_SECONDS', 30 if LONG else 10))
N_DEVICES = int(os.environ.get('BENCH_DEVICES', 100000))
PLACE = os.environ.get('BENCH_PLACE', 'split')
MINUTES = float(os.environ.get('BENCH_MINUTES', 30 if LONG else 10))

WINDOW_US = 200000
DATAGRAM = 250              # octets of a PUSH_DATA with one rxpk of lssim, about
RCVBUF_ASKED = '32MiB'
RCVBUF_JUDGED = 8 << 20
SETTLED = 0.20
ATTEMPTS = 5
RUNS = 3
SEARCH_SECONDS = 4
END_MS = 250                # a rate is held when the last events are not later than this: else they only queue up
GATEWAY = 0x0016c001f153a14c

CPUS = sorted(os.sched_getaffinity(0))
DAEMON_CPU, OTHER_CPU = (CPUS[0], CPUS[1]) if len(CPUS) > 1 and PLACE != 'none' else (-1, -1)

started = time.monotonic()
children = []


def say(text):
    print('%5.0f s  %s' % (time.monotonic() - started, text), file=sys.stderr, flush=True)


def die_with_parent(cpus=None):
    """For preexec_fn: nothing outlives this script; optionally pinned."""
    def prepare():
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if cpus:
            os.sched_setaffinity(0, cpus)
    return prepare


def spawn(args, cpu=-1, **kw):
    p = subprocess.Popen([str(a) for a in args], stdin=subprocess.DEVNULL,
                         preexec_fn=die_with_parent({cpu} if cpu >= 0 else None), **kw)
    children.append(p)
    return p


def end_child(p, timeout=20):
    if p.poll() is None:
        p.terminate()
        try:
            p.wait(timeout)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
    if p in children:
        children.remove(p)
    return p.returncode


def run(args, cpu=-1, timeout=60, meanwhile=None):
    """Its standard output; `meanwhile` is called with the process until it has ended."""
    p = spawn(args, cpu, stdout=subprocess.PIPE, text=True)
    try:
        if meanwhile:
            meanwhile(p, time.monotonic() + timeout)
        out, _ = p.communicate(timeout=timeout)
    finally:
        end_child(p)
    if p.returncode:
        raise RuntimeError('%s ended with %d' % (args[0], p.returncode))
    return out


# ---- calibrations

Calibration = collections.namedtuple('Calibration', 'u f50 f99')


def calibrate(folder, udp=True):
    u = float(run([TOOLS / 'calibrate_udp', 2, DATAGRAM, DAEMON_CPU, OTHER_CPU])) if udp else 0
    f50, f99, _ = (float(x) for x in run([TOOLS / 'calibrate_sync', folder, 2000, 2]).split())
    return Calibration(u, f50, f99)


def differ(a, b):
    return abs(a - b) > SETTLED * max(a, b)


# ---- the daemon

class Control:
    def __init__(self, path, timeout=30):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.sock.connect(str(path))
        self.file = self.sock.makefile('rwb')

    def call(self, method, **params):
        self.file.write(json.dumps({'jsonrpc': '2.0', 'id': 1, 'method': method, 'params': params}).encode() + b'\n')
        self.file.flush()
        answer = json.loads(self.file.readline() or b'{}')
        if 'result' not in answer:
            raise RuntimeError('%s: %s' % (method, answer))
        return answer['result']

    def close(self):
        self.file.close()
        self.sock.close()


class Daemon:
    def __init__(self, top, name, store='', wrapper=(), env=None, window_us=WINDOW_US):
        self.dir = top / name
        self.data = self.dir / 'data'
        self.socket = self.dir / 'run' / 'control.sock'
        for d in (self.dir, self.data, self.socket.parent):
            d.mkdir(mode=0o700)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(('127.0.0.1', 0))
            self.server = '127.0.0.1:%d' % s.getsockname()[1]
        self.config = self.dir / 'loraserver.ini'
        self.config.write_text('[server]\ndata_dir = %s\nsocket = %s\n[network]\ndeduplication_delay = %dms\n'
                               '[region EU868]\nenabled = true\n[semtech_udp]\nbind = %s\nrcvbuf = %s\n[store]\n%s\n'
                               % (self.data, self.socket, window_us // 1000, self.server, RCVBUF_ASKED, store))
        self.wrapper = list(wrapper)
        self.env = dict(os.environ, **(env or {}))
        self.env.pop('NOTIFY_SOCKET', None)
        self.f_cnt = 0
        self.devices = 0
        self.process = None

    def start(self, timeout=60):
        with open(self.dir / 'log', 'ab') as log:
            self.process = spawn(self.wrapper + [BUILD / 'loraserverd', '-c', self.config],
                                 DAEMON_CPU if PLACE == 'one' and not self.wrapper else -1, stdout=log, stderr=log,
                                 env=self.env)
        end = time.monotonic() + timeout
        while True:
            try:
                self.control = Control(self.socket)
                self.control.call('hello', client='bench')
                break
            except (OSError, RuntimeError):
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError('loraserverd does not start:\n' + (self.dir / 'log').read_text()[-3000:])
                time.sleep(0.02)
        self.place_daemon()
        return self

    def place_daemon(self):
        """split: the loop thread has a CPU, its other threads may use all; one: all of it on one CPU; none: not pinned."""
        if PLACE == 'split' and DAEMON_CPU >= 0 and not self.wrapper:
            os.sched_setaffinity(self.process.pid, {DAEMON_CPU})

    def stop(self):
        self.control.close()
        rc = end_child(self.process, 60)
        if rc:
            raise RuntimeError('loraserverd ended with %d:\n%s' % (rc, (self.dir / 'log').read_text()[-3000:]))

    def status(self):
        return self.control.call('status')

    def rss_kb(self):
        with open('/proc/%d/status' % self.process.pid) as f:
            return next(int(line.split()[1]) for line in f if line.startswith('VmRSS:'))

    def thread_seconds(self):
        """CPU time by thread, in the order they were made: the loop first."""
        tick = os.sysconf('SC_CLK_TCK')
        out = []
        for tid in sorted(os.listdir('/proc/%d/task' % self.process.pid), key=int):
            fields = open('/proc/%d/task/%s/stat' % (self.process.pid, tid)).read().rsplit(')', 1)[1].split()
            out.append(((int(fields[11]) + int(fields[12])) / tick))
        return out

    def quiet(self, timeout=60):
        """Until the store has nothing to do."""
        end = time.monotonic() + timeout
        before = None
        while time.monotonic() < end:
            s = self.status()['store']
            now = (s['commits'], s['batches'], s['waiting_batches'])
            if now == before:
                return
            before = now
            time.sleep(0.3)

    # ---- what an operator does once

    def provision(self, n_devices, n_gateways=1):
        call = self.control.call
        tenant = call('tenant.create', name='acme')['tenant_id']
        app = call('application.create', tenant_id=tenant, name='meters')['application_id']
        profile = call('profile.create', tenant_id=tenant, name='basic', region='EU868', mac_version='1.0.3')['profile_id']
        for i in range(n_gateways):
            call('gateway.create', tenant_id=tenant, gateway_id='%016x' % (GATEWAY + i), name='roof-%02d' % i)
        self.devices = n_devices
        fleet = self.dir / 'fleet'
        run([BUILD / 'lssim', '--abp', '--devices', n_devices, '--devices-out', fleet])
        out = run([TOOLS / 'load_devices', self.socket, fleet, tenant, app, profile], OTHER_CPU, timeout=300)
        fleet.unlink()
        return {w: float(rate) for w, _, rate in (line.split() for line in out.splitlines())}

    # ---- load

    def load(self, rate, count, gateways=1, warmup_ms=1000, idle_ms=3000, timeout=None, meanwhile=None):
        """One run of lssim with the counter beside it; what both and the daemon say of it."""
        before, cpu_before = self.status(), self.thread_seconds()
        counter = spawn([TOOLS / 'count_events', self.socket, count, idle_ms, warmup_ms, WINDOW_US, OTHER_CPU],
                        stdout=subprocess.PIPE, text=True)
        if counter.stdout.readline() != 'ready\n':
            raise RuntimeError('count_events could not subscribe')
        timeout = timeout or count / rate * 2 + 30
        sim = json.loads(run([BUILD / 'lssim', '--server', self.server, '--abp', '--devices', self.devices, '--gateways',
                              gateways, '--gateway-id', '%016x' % GATEWAY, '--rate', rate, '--count', count,
                              '--f-cnt-start', self.f_cnt, '--json', '--quiet'], OTHER_CPU, timeout, meanwhile))
        self.f_cnt += -(-count // self.devices) + 1
        try:
            out, _ = counter.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            counter.terminate()
            out, _ = counter.communicate(timeout=20)
        end_child(counter)
        r = json.loads(out)
        after, cpu_after = self.status(), self.thread_seconds()
        delta = lambda part, key: after[part][key] - before[part][key]
        r.update(sim=sim, rate=sim['uplinks_per_second'], asked=rate, count=count,
                 kernel_drops=delta('semtech_udp', 'kernel_drops'), commits=delta('store', 'commits'),
                 frames_in=delta('network', 'frames_in'), copies=delta('network', 'copies'),
                 collect_full=delta('network', 'collect_full'), drops=after['network']['drops'],
                 commit_p50_us=after['store']['commit_p50_us'], commit_p99_us=after['store']['commit_p99_us'],
                 cpu=[b - a for a, b in zip(cpu_before, cpu_after)])
        return r


def held(r):
    """Was this rate served: nothing lost, nothing that only queued up, and really sent?"""
    return r['lost'] == 0 and r['end_us'] <= END_MS * 1000 and r['rate'] >= 0.97 * r['asked'] and not r['sim']['not_sent']


def why_not(r):
    if held(r):
        return 'held'
    if r['rate'] < 0.97 * r['asked'] or r['sim']['not_sent']:
        return 'generator reached %.0f/s only (%d not sent)' % (r['rate'], r['sim']['not_sent'])
    if r['lost']:
        return '%d lost (%d by the socket)' % (r['lost'], r['kernel_drops'])
    return 'queues up: %.0f ms late at its end' % (r['end_us'] / 1e3)


def describe(r):
    threads = ', '.join('%.0f' % (100 * c / r['receiving_s']) for c in r['cpu'][:4]) if r['receiving_s'] else '-'
    return ('%6.0f/s: %s; beyond window p50 %.2f p99 %.2f max %.0f ms; %.0f uplinks a commit, commit p50 %.1f p99 %.1f ms; '
            'threads %s %%' % (r['asked'], why_not(r), r['p50_us'] / 1e3, r['p99_us'] / 1e3, r['max_us'] / 1e3,
                               r['distinct'] / max(1, r['commits']), r['commit_p50_us'] / 1e3, r['commit_p99_us'] / 1e3,
                               threads))


# ---- the table

Line = collections.namedtuple('Line', 'row measure value ratio must aim verdict')
lines = []
notes = []


def add(row, measure, value, ratio, must, aim, verdict):
    lines.append(Line(row, measure, value, ratio, must, aim, verdict))
    say('row %s: %s: %s (must %s): %s' % (row, measure, value, must, verdict))


def verdict(value, must, aim, higher_is_better, settled=True, judged=True):
    good = (lambda limit: value >= limit) if higher_is_better else (lambda limit: value <= limit)
    word = 'aim reached' if good(aim) else 'must reached' if good(must) else 'MISSED'
    if not judged:
        return 'not judged (%s)' % word
    return word if settled else 'unsettled (%s)' % word


def print_table():
    widths = [max(len(str(x)) for x in col) for col in zip(Line._fields, *lines)]
    for line in [Line._fields] + lines:
        print('| ' + ' | '.join(str(x).ljust(w) for x, w in zip(line, widths)) + ' |')
        if line is Line._fields:
            print('|' + '|'.join('-' * (w + 2) for w in widths) + '|')


def may_try_again(attempt):
    return attempt < ATTEMPTS and time.monotonic() - started < MINUTES * 60 * 0.75


def calibrations_text(before, after):
    return ('U %.0f / %.0f datagrams/s, F50 %.2f / %.2f ms, F99 %.2f / %.2f ms before / after'
            % (before.u, after.u, before.f50 / 1e3, after.f50 / 1e3, before.f99 / 1e3, after.f99 / 1e3))


# ---- rows

def search(d, guess):
    """The highest rate that is held for a few seconds: steps of a half up or down, then three halvings."""
    def attempt(rate):
        r = d.load(int(rate), int(rate * SEARCH_SECONDS), warmup_ms=500)
        say('search ' + describe(r))
        d.quiet()
        return held(r)
    low, high = 0, None
    rate = guess
    for _ in range(14):
        if attempt(rate):
            low = rate
            if high:
                break
            rate *= 1.5
        else:
            high = rate
            if low:
                break
            rate /= 1.5
        if rate < 50:
            break
    for _ in range(3):
        if low and high and high / low > 1.06:
            rate = (low * high) ** 0.5
            if attempt(rate):
                low = rate
            else:
                high = rate
    return low


def row_1(d, rcvbuf):
    """Returns the rate."""
    best = None
    rate = 0
    for attempt in range(1, ATTEMPTS + 1):
        before = calibrate(d.data)
        rate = search(d, max(500, 0.08 * before.u)) if not rate else rate
        runs = []
        for _ in range(6):
            runs = []
            while rate and len(runs) < RUNS:
                r = d.load(int(rate), int(rate * SECONDS))
                say('run    ' + describe(r))
                d.quiet()
                runs.append(r)
                if not held(r):
                    break
            if not runs or held(runs[-1]):
                break
            rate *= 0.93
        after = calibrate(d.data)
        settled = not differ(before.u, after.u)
        best = (runs, before, after, settled)
        if settled or not may_try_again(attempt):
            break
        say('calibrations differ, again: ' + calibrations_text(before, after))
    runs, before, after, settled = best
    ok = runs and all(held(r) for r in runs)
    rates = sorted(r['rate'] for r in runs) if ok else [0]
    u = (before.u + after.u) / 2
    add(1, 'uplinks/s, no loss, G=1, %d devices, %d x %.0f s' % (d.devices, RUNS, SECONDS),
        'median %.0f, worst %.0f' % (statistics.median(rates), rates[0]), '%.3f U' % (rates[0] / u), '0.08 U', '0.25 U',
        verdict(rates[0], 0.08 * u, 0.25 * u, True, settled, rcvbuf >= RCVBUF_JUDGED))
    if rcvbuf < RCVBUF_JUDGED:
        notes.append('row 1 is not judged: the receive buffer granted is %.1f MiB, under 8 MiB (sysctl net.core.rmem_max)'
                     % (rcvbuf / (1 << 20)))
    notes.append('row 1: %s%s' % (calibrations_text(before, after), '' if settled else ': unsettled'))
    for r in runs:
        notes.append('row 1: ' + describe(r))
    return rates[0]


def row_4(d, rate):
    rate = max(100, int(rate * 0.1))
    best = None
    for attempt in range(1, ATTEMPTS + 1):
        before = calibrate(d.data, False)
        runs = []
        for _ in range(RUNS):
            runs.append(d.load(rate, int(rate * (SECONDS + 1))))
            say('run    ' + describe(runs[-1]))
            d.quiet()
        after = calibrate(d.data, False)
        limits = [5000 + 3 * c.f99 for c in (before, after)]
        settled = not differ(before.f50, after.f50) and not differ(*limits)
        best = (runs, before, after, settled)
        if settled or not may_try_again(attempt):
            break
        say('calibrations differ, again: ' + calibrations_text(before, after))
    runs, before, after, settled = best
    f50, f99 = (before.f50 + after.f50) / 2, (before.f99 + after.f99) / 2
    lost = sum(r['lost'] for r in runs)
    for name, key, must, aim, f, must_text, aim_text in (
            ('p50', 'p50_us', 1000 + 2 * f50, 500 + f50, f50, '1 ms + 2 F50', '0.5 ms + F50'),
            ('p99', 'p99_us', 5000 + 3 * f99, 2000 + 2 * f99, f99, '5 ms + 3 F99', '2 ms + 2 F99')):
        values = sorted(r[key] for r in runs)
        add(4, 'beyond the window at %d/s, %s' % (rate, name),
            'median %.2f, worst %.2f ms' % (statistics.median(values) / 1e3, values[-1] / 1e3),
            '%.1f F' % (values[-1] / f), '%s = %.2f ms' % (must_text, must / 1e3), '%s = %.2f ms' % (aim_text, aim / 1e3),
            verdict(values[-1], must, aim, False, settled))
    notes.append('row 4: %s%s; %d lost' % (calibrations_text(before, after).split(', ', 1)[1],
                                           '' if settled else ': unsettled', lost))
    for r in runs:
        notes.append('row 4: %s; generator late p99 %.2f ms (not in the figures)'
                     % (describe(r), r['sim']['lateness_us']['p99'] / 1e3))


def settled_rss_kb(d):
    """Of a server at rest: the median of a second."""
    values = []
    for _ in range(5):
        time.sleep(0.2)
        values.append(d.rss_kb())
    return statistics.median(values)


def row_8(measure, kb, must_mb, aim_mb):
    add(8, measure, '%.1f MB' % (kb / 1024), '-', '%d MB' % must_mb, '%d MB' % aim_mb,
        verdict(kb, must_mb * 1024, aim_mb * 1024, False))


GULP_WINDOW_US = 1000000    # under valgrind the copies of a gulp take long to read; none of its windows may end meanwhile


def in_gulps(d, pause_s=1.2):
    """
    Stop the daemon again and again so that datagrams and ended windows gather, let it work until it rests, and so on: a
    batch is then what came in one pause, however slow valgrind is.
    """
    def rests():
        for tid in os.listdir('/proc/%d/task' % d.process.pid):
            if open('/proc/%d/task/%s/stat' % (d.process.pid, tid)).read().rsplit(')', 1)[1].split()[0] != 'S':
                return False
        return True

    def meanwhile(p, end):
        while p.poll() is None and time.monotonic() < end:
            d.process.send_signal(signal.SIGSTOP)
            time.sleep(pause_s)
            d.process.send_signal(signal.SIGCONT)
            resting = 0
            time.sleep(0.01)
            while resting < 4 and p.poll() is None and time.monotonic() < end:
                resting = resting + 1 if rests() else 0
                time.sleep(0.004)
    return meanwhile


def callgrind_run(top, name, gateways, count):
    out = top / (name + '.callgrind')
    d = Daemon(top, name, 'frames_max = 1000\nevents_max_size = 1MiB',
               ['valgrind', '--tool=callgrind', '-q', '--callgrind-out-file=%s' % out],
               # callgrind counts every octet of a `rep stosb` as an instruction: let glibc use its vector loops
               {'GLIBC_TUNABLES': 'glibc.cpu.hwcaps=-ERMS,-FSRM'}, window_us=GULP_WINDOW_US)
    try:
        d.start(120)
        d.provision(1000, gateways)
        d.quiet()
        r = d.load(500, count, gateways, warmup_ms=0, idle_ms=20000, timeout=120, meanwhile=in_gulps(d))
        d.quiet()
    finally:
        d.process.send_signal(signal.SIGCONT)
        d.stop()
    with open(out) as f:
        r['instructions'] = next(int(line.split()[1]) for line in f if line.startswith(('totals:', 'summary:')))
    if os.environ.get('BENCH_KEEP'):
        shutil.copy(out, os.environ['BENCH_KEEP'])
    say('%s: %d of %d uplinks, %d frames, %.0f uplinks a commit, %.0f M instructions'
        % (name, r['distinct'], count, r['frames_in'], r['distinct'] / max(1, r['commits']), r['instructions'] / 1e6))
    return r


def slope(short, long):
    uplinks = long['distinct'] - short['distinct']
    return ((long['instructions'] - short['instructions']) / uplinks, (long['copies'] - short['copies']) / uplinks,
            uplinks / max(1, long['commits'] - short['commits']))


def row_13(top, short=1000, long=6000, gateways=4):
    if not shutil.which('valgrind'):
        add(13, 'user instructions per uplink', '-', '-', '80 k', '30 k', 'not measured: valgrind is not installed')
        return
    one = slope(*(callgrind_run(top, 'g1-%d' % n, 1, n) for n in (short, long)))
    more = slope(*(callgrind_run(top, 'g%d-%d' % (gateways, n), gateways, n) for n in (short, long)))
    judged = one[2] >= 100
    add(13, 'user instructions per uplink, G=1, %.0f a commit' % one[2], '%.1f k' % (one[0] / 1e3), '-', '80 k', '30 k',
        verdict(one[0], 80e3, 30e3, False, True, judged))
    per_copy = (more[0] - one[0]) / max(0.01, more[1] - one[1])
    add(13, 'and per further copy, G=%d, %.0f a commit' % (gateways, more[2]), '%.1f k' % (per_copy / 1e3), '-', '8 k', '4 k',
        verdict(per_copy, 8e3, 4e3, False, True, judged and more[2] >= 100))
    notes.append('row 13: differences of whole runs of %d and %d uplinks, 1,000 devices, subscriber attached, logs pruned '
                 '(frames_max 1000, events_max_size 1 MiB), glibc without rep stosb/movsb' % (short, long))


def bench(top, rows):
    print('machine: %d CPUs, %s, Linux %s, load %.1f' % (os.cpu_count(), cpu_name(), platform.release(), os.getloadavg()[0]))
    print('placing: %s' % ({'split': 'loop thread of the daemon on CPU %d, its other threads on any, generator and '
                                     'subscriber on CPU %d', 'one': 'daemon on CPU %d, generator and subscriber on CPU %d'}
                           .get(PLACE, '') % (DAEMON_CPU, OTHER_CPU) if DAEMON_CPU >= 0 else 'nothing is pinned'))
    first = calibrate(top)
    print('calibrations: U %.0f datagrams/s of %d octets, F50 %.2f ms, F99 %.2f ms (database in %s)'
          % (first.u, DATAGRAM, first.f50 / 1e3, first.f99 / 1e3, top), flush=True)
    if rows & {1, 4, 8}:
        d = Daemon(top, 'main').start()
        rcvbuf = d.status()['semtech_udp']['rcvbuf_bytes']
        print('receive buffer: %s asked, %.1f MiB granted' % (RCVBUF_ASKED, rcvbuf / (1 << 20)), flush=True)
        if 8 in rows:
            row_8('resident memory, 0 devices', settled_rss_kb(d), 12, 9)
        speeds = d.provision(N_DEVICES)
        notes.append('loading %d devices: %.0f device.create/s, %.0f device.activate/s, pipelined'
                     % (N_DEVICES, speeds['create'], speeds['activate']))
        say(notes[-1])
        d.quiet()
        loaded = settled_rss_kb(d)
        d.stop()
        before = time.monotonic()
        d.start()
        notes.append('start with %d devices: answers after %.2f s' % (N_DEVICES, time.monotonic() - before))
        if 8 in rows:
            row_8('resident memory, %d devices, started with them' % N_DEVICES, settled_rss_kb(d), 64, 40)
            notes.append('row 8: %.1f MB right after loading the devices by control calls' % (loaded / 1024))
        if rows & {1, 4}:
            rate = row_1(d, rcvbuf) if 1 in rows else float(os.environ.get('BENCH_RATE', 10000))
            notes.append('row 8: %.1f MB after row 1, at rest' % (settled_rss_kb(d) / 1024))
            if 4 in rows:
                row_4(d, rate)
        d.stop()
        shutil.rmtree(d.dir)
    if 13 in rows:
        row_13(top)


def cpu_name():
    with open('/proc/cpuinfo') as f:
        return next((line.split(':', 1)[1].strip() for line in f if line.startswith('model name')), platform.machine())


def main():
    rows = {int(a) for a in sys.argv[1:]} or {1, 4, 8, 13}
    top = pathlib.Path(tempfile.mkdtemp(prefix='ls-bench.'))

    def clean():
        for p in list(children):
            p.kill()
            p.wait()
        shutil.rmtree(top, ignore_errors=True)
    atexit.register(clean)
    for s in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, lambda *_: sys.exit(143))
    signal.signal(signal.SIGALRM, lambda *_: sys.exit('bench: over its time, ended'))
    signal.alarm(int(MINUTES * 60 * 2))
    try:
        bench(top, rows)
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as e:
        print_table()
        for p in children:
            if p.poll() is not None:
                print('%s had ended with %d' % (p.args[0], p.returncode))
        for log in top.glob('*/log'):
            print('%s:\n%s' % (log, log.read_text(errors='replace')[-3000:]))
        sys.exit('bench: %s' % e)
    print()
    print_table()
    print()
    for note in notes:
        print(note)
    print('took %.0f s' % (time.monotonic() - started))
    return 1 if any(line.verdict == 'MISSED' for line in lines) else 0


if __name__ == '__main__':
    sys.exit(main())
