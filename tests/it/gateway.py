"""gateway.py - a Semtech UDP gateway (protocol versions 1 and 2) on plain sockets.

Two sockets as a real packet forwarder has (PUSH and PULL), a thread that reads them and keeps the
path open, a 32-bit microsecond counter that can be set, and a record of every downlink with the
moment it came. What the gateway answers to a downlink is the test's choice: see `answers`.
"""
import base64
import collections
import json
import os
import select
import socket
import struct
import threading
import time

from lorawan import require

PUSH_DATA, PUSH_ACK, PULL_DATA, PULL_RESP, PULL_ACK, TX_ACK = range(6)
SLOW = float(os.environ.get('LS_SLOW', '1'))  # factor for all time-outs, for sanitizers

OK, SILENCE = 'OK', 'SILENCE'
NEEDED_ALWAYS = {'freq': (int, float), 'rfch': int, 'modu': str, 'size': int, 'data': str}
NEEDED_LORA = {'datr': str, 'codr': str}
NEEDED_FSK = {'datr': int, 'fdev': int}

Heard = collections.namedtuple('Heard', 'gateway tmst freq_hz dr region phy at')


def rxpk_of(phy, tmst, freq_hz, datr, rssi=-60, snr=7.0, codr='4/5', chan=0, modu=None, **more):
    """One rxpk object. Keys in `more` are added or replace; None removes a key."""
    if modu is None:
        modu = 'FSK' if isinstance(datr, int) else 'LR-FHSS' if datr.startswith('M0CW') else 'LORA'
    r = {'jver': 1, 'tmst': tmst & 0xffffffff, 'chan': chan, 'rfch': 0, 'freq': round(freq_hz / 1e6, 6), 'mid': 8,
         'stat': 1, 'modu': modu, 'datr': datr, 'codr': codr, 'rssis': rssi - 1, 'lsnr': snr, 'foff': -12, 'rssi': rssi,
         'size': len(phy), 'data': base64.b64encode(phy).decode()}
    if modu == 'FSK':
        for key in ('codr', 'lsnr', 'rssis', 'foff'):
            del r[key]
    r.update(more)
    return {k: v for k, v in r.items() if v is not None}


class TxPk:
    """A PULL_RESP as the gateway saw it."""

    def __init__(self, gateway, version, token, text, at, tmst_now, address):
        self.gateway, self.version, self.token, self.text = gateway, version, token, text
        self.at, self.tmst_now, self.address = at, tmst_now, address
        self.json = json.loads(text)
        self.txpk = self.json['txpk']
        self.phy = base64.b64decode(self.txpk['data'], validate=True)
        self.tmst = self.txpk.get('tmst')
        self.freq_hz = round(self.txpk['freq'] * 1e6)
        self.datr = self.txpk['datr']
        self.answer = None

    @property
    def margin_us(self):
        """How long before its emission it came; negative when too late."""
        d = (self.tmst - self.tmst_now) & 0xffffffff
        return d - (1 << 32) if d >= 1 << 31 else d

    def check(self, device_class='A'):
        """
        Everything a Semtech forwarder needs to transmit it; it drops what lacks a key without a word. Class A downlinks
        have a tmst, class B ones a GPS time, class C ones are sent at once, at a tmst or at a GPS time.
        """
        t = self.txpk
        needed = dict(NEEDED_ALWAYS, **(NEEDED_FSK if t.get('modu') == 'FSK' else NEEDED_LORA))
        for key, kind in needed.items():
            require(key in t, 'txpk has no %s: %s' % (key, self.text))
            require(isinstance(t[key], kind) and not isinstance(t[key], bool), 'txpk %s is %r' % (key, t[key]))
        require(t['modu'] in ('LORA', 'FSK'), 'txpk modu %r' % t['modu'])
        require(device_class == 'C' or t.get('imme', False) is False, 'a class %s downlink with imme' % device_class)
        if device_class == 'B' or (device_class == 'C' and 'tmms' in t):
            require(isinstance(t.get('tmms'), int) and 'tmst' not in t, 'a class B downlink at %r' % t.get('tmms'))
        elif not t.get('imme', False) and not (device_class == 'C' and isinstance(t.get('tmms'), int)):
            require(isinstance(t.get('tmst'), int) and 0 <= t['tmst'] < 1 << 32, 'txpk tmst %r' % t.get('tmst'))
            require(self.margin_us > 0, 'PULL_RESP came %d us after its window' % -self.margin_us)
        require(t['size'] == len(self.phy), 'txpk size %d, data has %d octets' % (t['size'], len(self.phy)))
        require(isinstance(t.get('powe', 14), int), 'txpk powe %r' % t.get('powe'))
        if t['modu'] == 'LORA':
            require(t.get('ipol') is True, 'a LoRaWAN downlink without ipol')
            require(t['codr'] == ('4/8LI' if t['freq'] > 2400 else '4/5'), 'txpk codr %r' % t['codr'])
        require(len(self.text) + 4 <= 999, 'PULL_RESP of %d octets: forwarders read 1000' % (len(self.text) + 4))
        return self


class Gateway:
    """
    answers: list of what to say to the next downlinks, then `policy` (a callable TxPk -> answer) or OK.
    An answer is OK, SILENCE, an error word ('TOO_LATE'), a dict that becomes txpk_ack, or raw bytes
    that follow the 12-octet header of the TX_ACK.
    """

    def __init__(self, server, gateway_id, version=2, keepalive=5.0, pull=True):
        self.server, self.gateway_id, self.version = server, gateway_id, version
        self.eui = bytes.fromhex(gateway_id)
        self.push = self._socket()
        self.pull = self._socket()
        self.old_pulls = []
        self.keepalive = keepalive
        self.answers, self.policy = [], None
        self.downlinks = []      # every TxPk, in order of arrival
        self._taken = 0
        self.push_acks, self.pull_acks, self.strays = {}, {}, []
        self._changed = threading.Condition()
        self._zero = time.monotonic() - int.from_bytes(os.urandom(3), 'big') / 10
        self._stop, self._wake = os.pipe()
        self._reader = threading.Thread(target=self._run, daemon=True)
        self._pulling = False
        self._reader.start()
        if pull:
            self.open_path()

    @staticmethod
    def _socket():
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(('127.0.0.1', 0))
        return s

    def close(self):
        if self._reader.is_alive():
            os.write(self._wake, b'x')
            self._reader.join()
        for s in [self.push, self.pull] + self.old_pulls:
            s.close()
        for fd in (self._stop, self._wake):
            if fd >= 0:
                os.close(fd)
        self._stop = self._wake = -1

    # ---- counter

    def tmst(self):
        return int((time.monotonic() - self._zero) * 1e6) & 0xffffffff

    def set_tmst(self, value):
        self._zero = time.monotonic() - value / 1e6

    def skip(self, seconds):
        """Let the counter run ahead, as if so much time had passed at the gateway."""
        self._zero -= seconds

    # ---- up

    def _header(self, kind, token=None, version=None):
        return bytes([version or self.version]) + (token or os.urandom(2)) + bytes([kind]) + self.eui

    def raw(self, datagram, sock=None):
        (sock or self.push).sendto(datagram, self.server)

    def push_data(self, body, wait=True):
        """Send a PUSH_DATA with this JSON value (or bytes as they are); wait for its PUSH_ACK."""
        text = body if isinstance(body, bytes) else json.dumps(body, separators=(',', ':')).encode()
        head = self._header(PUSH_DATA)
        token = head[1:3]
        with self._changed:
            self.push_acks.pop(token, None)
        self.raw(head + text)
        if wait:
            self._wait(lambda: token in self.push_acks, 5, 'no PUSH_ACK')
        return token

    def send(self, phy, dr=5, freq_hz=868100000, region=None, tmst=None, wait=True, **more):
        """One frame heard now (or at tmst): PUSH_DATA with one rxpk. Returns what was heard."""
        heard, rxpk = self.hear(phy, dr, freq_hz, region, tmst, **more)
        self.push_data({'rxpk': [rxpk]}, wait)
        return heard

    def hear(self, phy, dr=5, freq_hz=868100000, region=None, tmst=None, **more):
        """(Heard, rxpk) for a datagram of one's own making."""
        if region is None:
            from lorawan import EU868 as region
        tmst = self.tmst() if tmst is None else tmst & 0xffffffff
        if dr in region.lr_fhss_codr:
            more.setdefault('codr', region.lr_fhss_codr[dr])
            more.setdefault('hpw', 52)
        rxpk = rxpk_of(phy, tmst, freq_hz, more.pop('datr', region.rates[dr]), **more)
        return Heard(self, tmst, freq_hz, dr, region, phy, time.time()), rxpk

    # ---- down

    def open_path(self, wait=True):
        """PULL_DATA now, and from now on every `keepalive` seconds."""
        token = os.urandom(2)
        self._pulling = True
        self.raw(self._header(PULL_DATA, token), self.pull)
        if wait:
            self._wait(lambda: token in self.pull_acks, 5, 'no PULL_ACK')

    def stop_pulling(self):
        self._pulling = False

    def change_address(self, wait=True):
        """A new PULL socket, as after NAT rebinding; the old one still listens."""
        self._pulling = False
        self.old_pulls.append(self.pull)
        self.pull = self._socket()
        os.write(self._wake, b'r')
        self.open_path(wait)

    def wait_downlink(self, timeout=4.0, match=None, device_class='A'):
        """The next downlink not taken yet (that matches); TimeoutError when none comes."""
        found = []

        def look():
            for i in range(self._taken, len(self.downlinks)):
                if self.downlinks[i] is not None and (match is None or match(self.downlinks[i])):
                    found.append(self.downlinks[i])
                    self.downlinks[i] = None
                    while self._taken < len(self.downlinks) and self.downlinks[self._taken] is None:
                        self._taken += 1
                    return True
            return False
        self._wait(look, timeout, 'no downlink')
        return found[0].check(device_class)

    def untaken(self):
        with self._changed:
            return [d for d in self.downlinks if d is not None]

    def take_all(self):
        """All downlinks not taken yet, unchecked."""
        with self._changed:
            found = [d for d in self.downlinks if d is not None]
            self.downlinks = [None] * len(self.downlinks)
            self._taken = len(self.downlinks)
        return found

    def tx_ack(self, token, answer=OK, sock=None):
        body = b''
        if isinstance(answer, bytes):
            body = answer
        elif isinstance(answer, dict):
            body = json.dumps({'txpk_ack': answer}).encode()
        elif answer != OK:
            body = json.dumps({'txpk_ack': {'error': answer}}).encode()
        self.raw(self._header(TX_ACK, token) + body, sock or self.pull)

    # ---- thread

    def _wait(self, condition, timeout, what):
        with self._changed:
            if not self._changed.wait_for(condition, timeout * SLOW):
                raise TimeoutError('gateway %s: %s in %g s' % (self.gateway_id, what, timeout * SLOW))

    def _run(self):
        last_pull = time.monotonic()
        while True:
            sockets = [self.push, self.pull] + self.old_pulls
            poll = select.poll()                # select() knows 1,024 descriptors only
            try:
                for fd in sockets + [self._stop]:
                    poll.register(fd, select.POLLIN)
                ready = {fd for fd, _ in poll.poll(200)}
            except (OSError, ValueError):
                return
            if self._stop in ready and os.read(self._stop, 1) == b'x':
                return
            for s in sockets:
                if s.fileno() in ready:
                    try:
                        data, address = s.recvfrom(65536)
                    except OSError:   # ICMP port unreachable: the server is down
                        continue
                    self._handle(s, data, address)
            if self._pulling and time.monotonic() - last_pull > self.keepalive:
                last_pull = time.monotonic()
                try:
                    self.raw(self._header(PULL_DATA), self.pull)
                except OSError:
                    pass

    def _handle(self, sock, data, address):
        at, tmst_now = time.monotonic(), self.tmst()
        answer = None
        with self._changed:
            kind = data[3] if len(data) >= 4 else None
            if kind == PUSH_ACK and len(data) == 4 and sock is self.push and data[0] == self.version:
                self.push_acks[data[1:3]] = at
            elif kind == PULL_ACK and len(data) == 4 and sock is not self.push and data[0] == self.version:
                self.pull_acks[data[1:3]] = at
            elif kind == PULL_RESP and sock is not self.push and data[0] == self.version:
                try:
                    d = TxPk(self, data[0], data[1:3], data[4:], at, tmst_now, sock.getsockname())
                except (ValueError, KeyError, TypeError) as e:
                    self.strays.append((data, repr(e)))
                else:
                    if self.version >= 2:
                        answer = self.answers.pop(0) if self.answers else self.policy(d) if self.policy else OK
                        d.answer = answer
                    self.downlinks.append(d)
            else:
                self.strays.append((data, 'unexpected'))
            self._changed.notify_all()
        if answer is not None and answer != SILENCE:
            self.tx_ack(data[1:3], answer, sock)


def stat_of(**more):
    s = {'time': time.strftime('%Y-%m-%d %H:%M:%S GMT', time.gmtime()), 'rxnb': 1, 'rxok': 1, 'rxfw': 1, 'ackr': 100.0,
         'dwnb': 0, 'txnb': 0, 'temp': 21.5}
    s.update(more)
    return s


def unpadded_url_safe(phy):
    return base64.urlsafe_b64encode(phy).decode().rstrip('=')


def antenna(ant, chan, rssic, lsnr, **more):
    return dict({'ant': ant, 'chan': chan, 'rssic': rssic, 'rssis': rssic - 1, 'rssisd': 0, 'lsnr': lsnr,
                 'etime': base64.b64encode(struct.pack('<IIII', 1, 2, 3, ant)).decode(), 'foff': -7}, **more)
