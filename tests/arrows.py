#!/usr/bin/python3
"""The arrows of the layout, checked over every source file, and words that do not belong into one.

Ends with `N passed, N failed`; one test is one file and one kind of rule.
"""
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOMS = ('common', 'gateway', 'daemon', 'cli', 'sim')
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.M)

# Where a quoted include is looked up, as the -I flags of the Makefile have it.
ROOTS = {'common': ['common'], 'gateway': ['common', '.'], 'daemon': ['common', '.', 'daemon'], 'cli': ['common'],
         'sim': ['common']}

# folder (longest match wins) -> folders it may include from, besides itself
MAY = {
    'common/base': [],
    'common/lorawan': ['common/base'],
    'common/model': ['common/base', 'common/lorawan', 'common/control/protocol.h'],  # its error objects
    'common/control': ['common/base', 'common/model'],
    'gateway': ['common/base', 'common/lorawan'],
    'cli': ['common'],
    'sim': ['common'],
    'daemon': ['daemon', 'gateway', 'common'],
    'daemon/store': ['common', 'daemon'],
    'daemon/network': ['common', 'gateway', 'daemon/store', 'daemon'],
    'daemon/application': ['common', 'daemon/store', 'daemon'],
    'daemon/control': ['common', 'gateway', 'daemon/network', 'daemon/application', 'daemon/store', 'daemon'],
}
# Inside the daemon "daemon" above means files of that folder itself (log.h, server.h), not of its rooms.

SYSTEM = [  # header, folders that may include it
    (r'sqlite3\.h', ['daemon/store']),
    (r'sys/socket\.h|sys/un\.h|netinet/.*|arpa/.*|netdb\.h|net/.*',
     ['gateway', 'daemon/control', 'daemon/notify.c', 'daemon/log.c', 'common/control', 'sim']),
    (r'uv\.h', ['gateway', 'daemon', 'sim']),
    (r'ini\.h', ['daemon/config.c', 'daemon/config_value.c']),
    (r'gcrypt\.h', ['common/lorawan']),
]

BANNED_CALLS = re.compile(r'(?<![\w.>])(strcpy|strcat|stpcpy|sprintf|vsprintf|gets|system|popen|strtok|tmpnam|mktemp|alloca)\s*\(')
MACHINE = re.compile(r'/work/|/home/\w|/root/')
HOME_OF_TEXT = ('.c', '.h', '.def', '.py', '.sh', '.md', '.ini', '.1', '.5', '.7', '.8', '.service', '.socket', '.case', '.conf')


def strip_comments(text):
    """Comments and the content of strings away, line ends kept."""
    def keep_lines(m):
        s = m.group(0)
        return '""' if s[0] == '"' else "' '" if s[0] == "'" else ' ' + '\n' * s.count('\n')
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', keep_lines, text, flags=re.S)


def files():
    for folder, dirs, names in os.walk(TOP):
        dirs[:] = sorted(d for d in dirs if d not in ('build', '.git', '__pycache__', '.pytest_cache'))
        for name in sorted(names):
            yield os.path.relpath(os.path.join(folder, name), TOP)


def under(path, folder):
    return path == folder or path.startswith(folder + '/')


def row_of(path):
    """The folder of MAY a file belongs to."""
    return max((f for f in MAY if under(os.path.dirname(path), f)), key=len, default=None)


def resolve(path, name):
    for root in [os.path.dirname(path)] + ROOTS[path.split('/')[0]]:
        found = os.path.normpath(os.path.join(root, name))
        if os.path.exists(os.path.join(TOP, found)):
            return found
    return None


def allowed(path, target):
    own = row_of(path)
    if own is None:
        return False
    if under(target, own) and row_of(target) == own:
        return True
    for folder in MAY[own]:
        if folder == 'daemon' and own != 'daemon':
            if os.path.dirname(target) == 'daemon':
                return True
        elif under(target, folder):
            return True
    return False


def check_includes(path, text):
    for kind, name in INCLUDE.findall(text):
        if kind == '"':
            target = resolve(path, name)
            if target is None:
                yield 'includes "%s", which is not found' % name
            elif not allowed(path, target):
                yield 'includes %s: that arrow points the wrong way' % target
        else:
            for header, folders in SYSTEM:
                if re.fullmatch(header, name) and not any(under(path, f) for f in folders):
                    yield 'includes <%s>, which belongs to %s' % (name, ', '.join(folders))


def check_calls(path, text):
    text = strip_comments(text)
    for m in BANNED_CALLS.finditer(text):
        yield 'line %d calls %s()' % (text.count('\n', 0, m.start()) + 1, m.group(1))


def check_sql(path, text):
    """SQL stays in the store."""
    if not under(path, 'daemon/store'):
        for m in re.finditer(r'"\s*(SELECT .* FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE|PRAGMA)\b', text):
            yield 'has SQL: %s' % m.group(1)


def check_machine(path, text):
    for m in MACHINE.finditer(text):
        yield 'names a path of one machine: %s' % text[m.start():m.start() + 30].split()[0]


def main():
    passed = failed = 0

    def judge(path, problems):
        nonlocal passed, failed
        problems = list(problems)
        failed += bool(problems)
        passed += not problems
        for p in problems:
            print('%s %s' % (path, p))

    for path in files():
        ours = path.split('/')[0] in ROOMS and path.endswith(('.c', '.h', '.def'))
        if not ours and not path.endswith(HOME_OF_TEXT) and path not in ('Makefile', '.ci/run'):
            continue
        with open(os.path.join(TOP, path), encoding='utf-8') as f:
            text = f.read()
        if path != 'tests/arrows.py':
            judge(path, check_machine(path, text))
        if ours:
            judge(path, check_includes(path, text))
            judge(path, check_calls(path, text))
            judge(path, check_sql(path, text))
    print('%d passed, %d failed' % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main())
