#!/usr/bin/python3
"""Run the modules of this directory in parallel (they spend their time waiting for receive windows).

    tests/it/run.py [-j N] [MODULE...] [-- pytest arguments]

LS_BUILD names the folder of the programs, LS_SLOW stretches all time-outs. Ends with one plain line,
`N passed, N failed`, and exit code 1 when anything failed.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LONGEST_FIRST = ['test_lssim_mac.py', 'test_lssim_classes.py', 'test_lssim.py', 'test_lssim_daemon.py', 'test_class_b.py', 'test_mac.py',
                 'test_mac_device.py', 'test_class_c.py', 'test_downlink.py', 'test_calendar.py', 'test_uplink.py', 'test_crash.py']


def run(module, more):
    p = subprocess.run([sys.executable, '-B', '-m', 'pytest', '-q', str(module)] + more, cwd=HERE.parent.parent,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
    last = p.stdout.strip().splitlines()[-1] if p.stdout.strip() else ''
    counts = {word.rstrip('s'): int(n) for n, word in re.findall(r'(\d+) (passed|failed|errors?)', last)}
    failed = counts.get('failed', 0) + counts.get('error', 0)
    if p.returncode not in (0, 5) and not failed:
        failed = 1
    return module, p.stdout, last, counts.get('passed', 0), failed


def main(args):
    more = []
    if '--' in args:
        cut = args.index('--')
        args, more = args[:cut], args[cut + 1:]
    jobs = 8
    if '-j' in args:
        i = args.index('-j')
        jobs = int(args[i + 1])
        del args[i:i + 2]
    modules = [pathlib.Path(a).resolve() for a in args] or sorted(HERE.glob('test_*.py'))
    modules.sort(key=lambda m: LONGEST_FIRST.index(m.name) if m.name in LONGEST_FIRST else 99)
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for future in concurrent.futures.as_completed([pool.submit(run, m, more) for m in modules]):
            module, text, last, p, f = future.result()
            passed, failed = passed + p, failed + f
            if f:
                print(text, flush=True)
            print('%-24s %s' % (module.name, last), flush=True)
    print('%d passed, %d failed' % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    os.environ.setdefault('PYTHONDONTWRITEBYTECODE', '1')
    sys.exit(main(sys.argv[1:]))
