#!/usr/bin/python3
"""Run the conformance cases: every case of the catalogue in every version it can occur in, against real daemons.

    tests/conformance/run.py [-j N] [CASE...] [VERSION...]

One daemon per version serves many cases at once; cases that kill a daemon have one of their own. Prints a table
`case | 1.0.0 ... 1.1`, and ends with one plain line, `N passed, N failed`. LS_BUILD names the folder of the programs,
LS_SLOW stretches time-outs.
"""
import concurrent.futures
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / 'it')]
os.environ.setdefault('LS_SLOW', '2')

import lorawan as lw  # noqa: E402
from case import CASES, order_of  # noqa: E402
from world import World  # noqa: E402

import uplink_counter  # noqa: E402,F401
import downlink_counter  # noqa: E402,F401
import join  # noqa: E402,F401
import gateway_time  # noqa: E402,F401
import region  # noqa: E402,F401
import crash  # noqa: E402,F401


PATIENCE_S = 100   # with LS_SLOW=2


class Suite:
    def __init__(self, numbers, versions, jobs):
        self.numbers, self.versions, self.jobs = numbers, versions, jobs
        self.top = pathlib.Path(tempfile.mkdtemp(prefix='conformance-'))
        self.worlds, self.results, self.texts = {}, {}, []
        self.lock = threading.Lock()
        self.running, self.alone, self.start = {}, set(), time.monotonic()

    def world(self, name, version, durable):
        w = World(self.top / name, version)
        if not durable:
            w.daemon.environment['LS_TEST_SYNCHRONOUS'] = 'off'
        return w

    def run(self):
        tasks = [(n, v) for n in self.numbers for v in self.versions if v not in CASES[n].na]
        tasks.sort(key=lambda t: (not CASES[t[0]].slow, not CASES[t[0]].own))
        for v in self.versions:
            self.worlds[v] = self.world(v, v, False)
        try:
            with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
                list(pool.map(lambda v: self.guarded('start', v, self.worlds[v].start), self.versions))
                list(pool.map(lambda t: self.one(*t), tasks))
            for v in self.versions:
                self.guarded('end', v, self.worlds[v].end)
        finally:
            for w in self.worlds.values():
                if w.daemon.process:
                    w.daemon.process.kill()
            shutil.rmtree(self.top, ignore_errors=True)

    def one(self, number, version):
        c = CASES[number]
        if ('start', version) in self.results:
            self.results[number, version] = False       # said once why
            return
        if not c.own:
            w = self.worlds[version]

            def shared():
                try:
                    c.test(w)
                finally:
                    w.leave()
            self.guarded(number, version, shared)
            return
        w = self.world('%s-%s' % (number, version), version, True)
        self.alone.add(w)

        def alone():
            try:
                w.start()
                c.test(w)
            finally:
                w.end()
                self.alone.discard(w)
        self.guarded(number, version, alone)

    def guarded(self, number, version, test):
        start, why = time.monotonic(), None
        self.running[number, version] = start
        try:
            test()
        except BaseException:
            why = '\n'.join(line[:300] for line in traceback.format_exc(limit=-6).splitlines())
        self.running.pop((number, version))
        with self.lock:
            if why or number in CASES:
                self.results[number, version] = why is None
            if why:
                self.texts.append('FAIL %s %s (%.1f s)\n%s' % (number, version, time.monotonic() - start, why))

    def give_up(self):
        """Nothing may hang: what still runs after all patience has failed."""
        for number, version in list(self.running):
            self.results[number, version] = False
            self.texts.append('FAIL %s %s did not end' % (number, version))
        self.report()
        for w in self.alone | set(self.worlds.values()):
            if w.daemon.process:
                w.daemon.process.kill()
        shutil.rmtree(self.top, ignore_errors=True)
        os._exit(1)

    def report(self):
        for text in self.texts:
            print(text)
        self.table()
        passed, failed = (sum(1 for r in self.results.values() if r is good) for good in (True, False))
        print('%.0f s' % (time.monotonic() - self.start))
        print('%d passed, %d failed' % (passed, failed), flush=True)
        return 1 if failed or not passed else 0

    def table(self):
        print('%-4s| %s | claim' % ('case', ' | '.join('%-5s' % v for v in self.versions)))
        for n in self.numbers:
            cells = []
            for v in self.versions:
                result = {True: 'pass', False: 'FAIL', None: '?'}[self.results.get((n, v))]
                cells.append('n.a.' if v in CASES[n].na else result)
            print('%-4s| %s | %s' % (n, ' | '.join('%-5s' % c for c in cells), CASES[n].claim))


def main(args):
    jobs = 48
    if '-j' in args:
        i = args.index('-j')
        jobs = int(args[i + 1])
        del args[i:i + 2]
    versions = [v for v in lw.VERSIONS if v in args] or lw.VERSIONS
    numbers = sorted([a for a in args if a in CASES] or CASES, key=order_of)
    unknown = [a for a in args if a not in CASES and a not in lw.VERSIONS]
    if unknown:
        print('no case or version: %s' % ' '.join(unknown), file=sys.stderr)
        return 2
    suite = Suite(numbers, versions, jobs)
    timer = threading.Timer(PATIENCE_S * float(os.environ['LS_SLOW']) / 2, suite.give_up)
    timer.daemon = True
    timer.start()
    suite.run()
    timer.cancel()
    return suite.report()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
