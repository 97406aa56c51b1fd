"""daemon.py - a real loraserverd in its own directory, and ways to talk to it: lsctl, tails, the raw socket."""
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

from gateway import SLOW

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = TOP / os.environ.get('LS_BUILD', 'build')
SANITIZER = re.compile(r'ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|SUMMARY: \w+Sanitizer|runtime error:')
STOP_SECONDS = 3.0   # the design promises 2


_ports = itertools.count(os.getpid() * 97 % 20000)


def free_port():
    """A port of our own below those that sockets get by themselves: a daemon finds it free again after a restart."""
    for n in _ports:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            port = 10000 + n % 20000
            try:
                s.bind(('127.0.0.1', port))
            except OSError:
                continue
            return port


def wait_until(condition, timeout=5.0, what='condition', every=0.01):
    """Poll for what cannot be waited for otherwise; returns the condition's value."""
    end = time.monotonic() + timeout * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError('%s did not hold within %g s' % (what, timeout * SLOW))
        time.sleep(every)


class Result:
    def __init__(self, args, p):
        self.args, self.rc, self.out, self.err = args, p.returncode, p.stdout, p.stderr

    def json(self):
        return json.loads(self.out)

    def jsonl(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def __repr__(self):
        return 'lsctl %s -> %d\n%s%s' % (' '.join(self.args), self.rc, self.out, self.err)


class Daemon:
    def __init__(self, directory, regions=None, network=None, extra=''):
        self.dir = pathlib.Path(directory)
        self.data = self.dir / 'data'
        self.run = self.dir / 'run'
        self.socket = self.run / 'control.sock'
        for d in (self.data, self.run):
            d.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.port = free_port()
        self.address = ('127.0.0.1', self.port)
        self.stderr_path = self.dir / 'stderr'
        self.config = self.dir / 'loraserver.ini'
        self.process = None
        self.environment = {}    # more variables for the daemon
        self.tails = []
        self.write_config(regions or {'EU868': {}}, dict({'deduplication_delay': '100ms'}, **(network or {})), extra)

    def write_config(self, regions, network, extra=''):
        lines = ['[server]', 'data_dir = %s' % self.data, 'socket = %s' % self.socket, 'log_level = debug', '',
                 '[network]'] + ['%s = %s' % kv for kv in network.items()]
        for name, options in regions.items():
            lines += ['', '[region %s]' % name, 'enabled = true'] + ['%s = %s' % kv for kv in options.items()]
        lines += ['', '[semtech_udp]', 'bind = 127.0.0.1:%d' % self.port, '', extra, '']
        self.config.write_text('\n'.join(lines))

    def env(self):
        e = dict(os.environ, LSCTL_SOCKET=str(self.socket), TZ='UTC')
        for name in ('LSCTL_TENANT', 'LSCTL_APP', 'XDG_RUNTIME_DIR', 'NOTIFY_SOCKET'):
            e.pop(name, None)
        e.update(self.environment)
        e['XDG_CONFIG_HOME'] = e['XDG_STATE_HOME'] = str(self.dir / 'xdg')
        return e

    # ---- life

    def spawn(self):
        """Start the program without waiting for it."""
        with open(self.stderr_path, 'ab') as err:
            return subprocess.Popen([str(BUILD / 'loraserverd'), '-c', str(self.config)], stdin=subprocess.DEVNULL,
                                    stdout=err, stderr=err, env=self.env())

    def start(self):
        assert self.process is None
        self.process = self.spawn()
        wait_until(self._answers, 15, 'control socket of a new daemon')
        return self

    def _answers(self):
        assert self.process.poll() is None, 'loraserverd ended with %d:\n%s' % (self.process.returncode, self.log()[-4000:])
        try:
            with Control(self.socket, timeout=2 * SLOW) as c:
                c.call('hello', {'client': 'it'})
            return True
        except (OSError, ConnectionError):
            return False

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill9(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None
        self.close_tails()

    def restart(self, how='kill'):
        self.kill9() if how == 'kill' else self.stop()
        return self.start()

    def stop(self):
        """SIGTERM: exit code 0 in time, and nothing a sanitizer would say."""
        p, self.process = self.process, None
        assert p.poll() is None, 'loraserverd had ended by itself with %d:\n%s' % (p.returncode, self.log()[-4000:])
        p.send_signal(signal.SIGTERM)
        try:
            rc = p.wait(STOP_SECONDS * SLOW)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
            raise AssertionError('SIGTERM: still there after %g s\n%s' % (STOP_SECONDS * SLOW, self.log()[-4000:]))
        finally:
            self.close_tails()
        assert rc == 0, 'SIGTERM: exit code %d\n%s' % (rc, self.log()[-4000:])
        self.check_log()

    def end(self):
        """For fixtures: stop if it runs, always leave nothing behind."""
        try:
            if self.process is not None:
                self.stop()
            self.check_log()
        finally:
            if self.process is not None:
                self.process.kill()
                self.process.wait()
            self.close_tails()

    def log(self):
        return self.stderr_path.read_text(errors='replace') if self.stderr_path.exists() else ''

    def check_log(self):
        text = self.log()
        m = SANITIZER.search(text)
        assert not m, 'sanitizer report:\n' + text[max(0, m.start() - 200):m.start() + 6000]

    # ---- talking

    def lsctl(self, *args, check=True, input=None, timeout=20, more_env=None):
        args = [str(a) for a in args]
        p = subprocess.run([str(BUILD / 'lsctl')] + args, env={**self.env(), **(more_env or {})}, input=input, text=True,
                           stdin=subprocess.DEVNULL if input is None else None, capture_output=True, timeout=timeout * SLOW)
        r = Result(args, p)
        assert not SANITIZER.search(r.err), r
        if check:
            assert r.rc == 0, r
        return r

    def lsctl_json(self, *args):
        return self.lsctl(*args, '-o', 'json').json()

    def control(self, **kw):
        return Control(self.socket, **kw)

    def secret(self, key):
        """@file of a key, as lsctl takes it."""
        path = self.dir / ('key-' + key.hex())
        path.write_text(key.hex() + '\n')
        path.chmod(0o600)
        return '@%s' % path

    def tail(self, noun='event', *args):
        t = Tail(self, noun, args or ('--since', '1h'))
        self.tails.append(t)
        return t

    def close_tails(self):
        while self.tails:
            self.tails.pop().close()


class Tail:
    """`lsctl event tail` (or frame tail) in the background; wait for lines by predicate."""

    def __init__(self, daemon, noun, args):
        self.noun = noun
        self.items = []
        self._changed = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen([str(BUILD / 'lsctl'), noun, 'tail', '-o', 'jsonl', *args], env=daemon.env(),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            item = json.loads(line)
            with self._changed:
                self.items.append(item)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def all(self, match=None):
        with self._changed:
            return [i for i in self.items if match is None or match(i)]

    def wait(self, match, timeout=5.0, count=1):
        """The count-th item that matches (list of all that match when count > 1)."""
        with self._changed:
            def look():
                return sum(1 for i in self.items if match(i)) >= count or self._ended
            self._changed.wait_for(look, timeout * SLOW)
            found = [i for i in self.items if match(i)]
        if len(found) < count:
            raise TimeoutError('%s tail%s: %d of %d that match; the last lines were\n%s' % (
                self.noun, ' (ended)' if self._ended else '', len(found), count,
                '\n'.join(json.dumps(i) for i in self.items[-8:])))
        return found[count - 1] if count == 1 else found


class ControlError(Exception):
    def __init__(self, error):
        Exception.__init__(self, json.dumps(error))
        self.error = error
        self.code = error.get('code')
        self.data = error.get('data') or {}
        self.exit = self.data.get('exit')


class Control:
    """The control socket without any help: JSON-RPC 2.0, one object per line."""

    def __init__(self, path, timeout=10.0):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.buffer = b''
        self.next_id = 1
        self.kept = []       # messages read while waiting for another
        try:
            self.sock.connect(str(path))
        except OSError:
            self.sock.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.sock.close()

    def send_raw(self, data):
        self.sock.sendall(data)

    def send(self, method, params=None, id=None):
        if id is None:
            id, self.next_id = self.next_id, self.next_id + 1
        message = {'jsonrpc': '2.0', 'id': id, 'method': method}
        if params is not None:
            message['params'] = params
        self.send_raw(json.dumps(message).encode() + b'\n')
        return id

    def read(self):
        """The next message, whatever it is. ConnectionError at the end."""
        while b'\n' not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                raise ConnectionError('the daemon closed the control connection')
            self.buffer += data
        line, self.buffer = self.buffer.split(b'\n', 1)
        return json.loads(line)

    def _next(self, match):
        for i, m in enumerate(self.kept):
            if match(m):
                return self.kept.pop(i)
        while True:
            m = self.read()
            if match(m):
                return m
            self.kept.append(m)

    def answer(self, id):
        """Result of the request with this id; ControlError when refused."""
        m = self._next(lambda m: m.get('id') == id and 'method' not in m)
        assert m.get('jsonrpc') == '2.0', m
        if 'error' in m:
            raise ControlError(m['error'])
        return m['result']

    def call(self, method, params=None):
        return self.answer(self.send(method, params))

    def subscribe(self, method, params=None):
        """(request id, subscription)."""
        id = self.send(method, params or {})
        return id, self.answer(id)['subscription']

    def item(self, subscription):
        """The next item of a subscription; None at its end."""
        m = self._next(lambda m: m.get('method') == 'stream' and m['params']['subscription'] == subscription)
        return None if m['params'].get('end') else m['params']['item']
