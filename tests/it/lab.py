"""lab.py - a daemon with a tenant in it, and the things tests do all the time: devices, gateways, checks."""
import base64
import itertools
import json
import os

import lorawan as lw
from daemon import Daemon, wait_until
from gateway import Gateway
from lorawan import EU868, require

_serial = itertools.count(1)


def data_of(event):
    return base64.b64decode(event['data'])


class Lab:
    """
    Every test takes its own devices and gateways from here, so that tests do not disturb each other
    though they share a daemon.
    """

    def __init__(self, directory, regions=None, network=None, region='EU868', extra=''):
        self.region_name = region
        self.region = lw.REGIONS[region]
        self.daemon = Daemon(directory, regions or {region: {}}, network, extra)
        self.gateways = []
        self.profiles = {}
        self.devices = {}
        self._events = self._frames = self._fence = None

    def start(self):
        self.daemon.start()
        self.lsctl('tenant', 'create', 'acme')
        self.lsctl('application', 'create', 'meters', '-t', 'acme')
        return self

    def end(self):
        for g in self.gateways:
            g.close()
        self.daemon.end()

    def lsctl(self, *args, **kw):
        return self.daemon.lsctl(*args, **kw)

    # ---- provisioning

    def profile(self, version='1.0.3', region=None, *more, name=None):
        region = region or self.region_name
        name = name or '-'.join(('p', region, version) + more).replace('--', '')
        if name not in self.profiles:
            if '--dev-status-interval-s' not in more:    # a downlink has only what the test is about
                more += '--dev-status-interval-s', '0'
            self.lsctl('profile', 'create', name, '-t', 'acme', '--region', region, '--mac-version', version, *more)
            self.profiles[name] = True
        return name

    def eui(self):
        return '0004a30b%02x%06x' % (os.getpid() & 0xff, next(_serial))

    def otaa(self, version='1.0.3', region=None, key=True, profile=None, join_eui='0000000000000000'):
        dev = lw.Device(self.eui(), version=version, region=lw.REGIONS[region or self.region_name], join_eui=join_eui)
        keys = ['--app-key', self.daemon.secret(dev.app_key)] if key else []
        if key and dev.is_1_1:
            keys += ['--nwk-key', self.daemon.secret(dev.nwk_key)]
        self.lsctl('device', 'create', dev.dev_eui, '--name', 'dev-' + dev.dev_eui, '-t', 'acme', '-a', 'meters',
                   '--profile', profile or self.profile(version, region), '--join-eui', dev.join_eui, *keys)
        self.devices[dev.dev_eui] = dev
        return dev

    def abp(self, version='1.0.3', region=None, dev_addr=None, f_cnt_up=0, f_cnt_down=0, nwk_s_key=None, profile=None):
        dev = self.otaa(version, region, key=False, profile=profile)
        n = next(_serial)
        dev.activate(dev_addr or '01%06x' % n, nwk_s_key or os.urandom(16), os.urandom(16), f_cnt_up, f_cnt_down)
        counters = []
        if f_cnt_up or f_cnt_down:
            counters = ['--f-cnt-up', f_cnt_up, '--f-cnt-down', f_cnt_down]
        self.activate(dev, *counters)
        return dev

    def activate(self, dev, *more):
        """Tell the daemon the session the device has."""
        s = dev.session
        names = ['f-nwk-s-int-key', 's-nwk-s-int-key', 'nwk-s-enc-key'] if s.is_1_1 else ['nwk-s-key']
        names.append('app-s-key')
        keys = [a for name in names for a in ('--' + name, self.daemon.secret(getattr(s, name.replace('-', '_'))))]
        return self.lsctl('device', 'activate', dev.dev_eui, '--dev-addr', dev.dev_addr, *keys, *more)

    def gateway(self, registered=True, version=2, pull=True, region=None, **kw):
        gateway_id = '0016c001%08x' % next(_serial)
        if registered:
            more = ['--region', region] if region else []
            self.lsctl('gateway', 'create', gateway_id, '--name', 'gw-' + gateway_id, '-t', 'acme', *more)
        g = Gateway(self.daemon.address, gateway_id, version, pull=pull, **kw)
        self.gateways.append(g)
        return g

    def device_json(self, dev):
        return self.lsctl('device', 'show', dev.dev_eui, '-o', 'json').json()

    def push(self, dev, port, payload, *more):
        """Queue a downlink; returns the item's id."""
        return self.lsctl('queue', 'push', dev.dev_eui, '--port', port, '--hex', payload.hex(), *more).out.strip()

    def queue(self, dev):
        return self.lsctl('queue', 'list', dev.dev_eui, '-o', 'jsonl').jsonl()

    def wait_queue_empty(self, dev):
        wait_until(lambda: not self.queue(dev), 5, 'empty queue')

    # ---- watching

    @property
    def events(self):
        if self._events is None or self._events not in self.daemon.tails:
            self._events = self.daemon.tail('event')
        return self._events

    @property
    def frames(self):
        if self._frames is None or self._frames not in self.daemon.tails:
            self._frames = self.daemon.tail('frame')
        return self._frames

    def event(self, dev, kind, timeout=5.0, count=1, **keys):
        def match(e):
            return (e['kind'] == kind and e.get('deviceInfo', {}).get('devEui') == dev.dev_eui
                    and all(e.get(k) == v for k, v in keys.items()))
        return self.events.wait(match, timeout, count)

    def up(self, dev, f_cnt, timeout=5.0, dev_addr=None):
        """The up event of this counter in this session, the device's present one if not said."""
        return self.event(dev, 'up', timeout, fCnt=f_cnt, devAddr=dev_addr or dev.dev_addr)

    def all_events(self, dev, kind=None):
        return self.events.all(lambda e: e.get('deviceInfo', {}).get('devEui') == dev.dev_eui
                               and (kind is None or e['kind'] == kind))

    def frame(self, phy, timeout=5.0, **keys):
        """The frame record of these bytes."""
        return self.frames.wait(lambda f: f.get('phy_payload') == phy.hex()
                                and all(f.get(k) == v for k, v in keys.items()), timeout)

    def dropped(self, phy, reason, timeout=5.0):
        """The bytes were dropped, visibly, and for this reason (or one of these)."""
        reasons = (reason,) if isinstance(reason, str) else reason
        f = self.frames.wait(lambda f: f.get('phy_payload') == phy.hex() and f.get('drop_reason'), timeout)
        assert f['drop_reason'] in reasons, f
        return f

    def fence(self, gateway=None):
        """
        Returns when all that was sent to the daemon before has had its effects: a confirmed uplink of
        another device, sent now, was answered, and answers keep the order of their uplinks.
        """
        if self._fence is None:
            self._fence = self.abp(), self.gateway()
        dev, gw = self._fence
        n = dev.f_cnt_up
        phy = dev.uplink(b'fence', confirmed=True)
        gw.send(phy, **self.fence_radio())
        self.up(dev, n)
        dev.receive(gw.wait_downlink().phy)

    def fence_radio(self):
        if self.region is EU868:
            return {}
        fixed = self.region.plan == 'fixed'
        return {'region': self.region, 'dr': 0 if fixed else 5, 'freq_hz': self.region.uplink_hz(8 if fixed else 0)}

    def nothing_more(self, *gateways):
        """After a fence: none of these gateways has a downlink that the test did not take."""
        self.fence()
        for g in gateways:
            assert not g.untaken(), [d.text for d in g.untaken()]
            assert not g.strays, g.strays

    # ---- windows

    def check_window(self, down, heard, delay_s, freq_hz, dr):
        want = (heard.tmst + delay_s * 1000000) & 0xffffffff
        require(down.tmst == want, 'tmst %d, should be %d (uplink %d + %d s)' % (down.tmst, want, heard.tmst, delay_s))
        require(down.freq_hz == freq_hz, 'frequency %d, should be %d' % (down.freq_hz, freq_hz))
        rate = heard.region.rates[dr]
        require(down.datr == rate, 'datr %r, should be %r' % (down.datr, rate))
        require(down.txpk['modu'] == ('FSK' if isinstance(rate, int) else 'LORA'), 'modu %r' % down.txpk['modu'])
        require(down.txpk.get('powe', 0) <= heard.region.max_eirp(freq_hz), 'powe %r' % down.txpk.get('powe'))
        return down

    def check_rx1(self, down, heard, delay_s=1, offset=0):
        freq_hz, dr = heard.region.rx1(heard.freq_hz, heard.dr, offset)
        return self.check_window(down, heard, delay_s, freq_hz, dr)

    def check_rx2(self, down, heard, delay_s=2, rx2=None):
        freq_hz, dr = rx2 or heard.region.rx2
        return self.check_window(down, heard, delay_s, freq_hz, dr)

    def rx1(self, gateway, dev, heard, timeout=4.0):
        """The answer to an uplink, in RX1, received by the device."""
        down = gateway.wait_downlink(timeout)
        self.check_rx1(down, heard, dev.rx1_delay, dev.rx1_dr_offset)
        return dev.receive(down.phy)

    # ---- joins

    def send_join(self, gateway, dev, dev_nonce=None, **radio):
        return gateway.send(dev.join_request(dev_nonce), **(radio or self.fence_radio()))

    def take_accept(self, gateway, dev, heard, timeout=8.0, dev_nonce=None):
        """The join accept for a request, in RX1 of the join windows; the device changes session."""
        down = gateway.wait_downlink(timeout, lambda d: dev.can_open_accept(d.phy))
        self.check_rx1(down, heard, 5)
        return dev.accept(down.phy, dev_nonce)

    def join(self, gateway, dev, **radio):
        return self.take_accept(gateway, dev, self.send_join(gateway, dev, **radio))

    def send(self, gateway, dev, *args, radio=None, **kw):
        """Build the next uplink and send it through one gateway: (counter, Heard)."""
        n, radio = dev.f_cnt_up, radio or self.fence_radio()
        if radio:
            dev.tune(radio['freq_hz'], radio['dr'])
        return n, gateway.send(dev.uplink(*args, **kw), **radio)

    def exchange(self, gateway, dev, payload=b'ping'):
        """A confirmed uplink, its event and its acknowledgement: the session lives. Returns the downlink."""
        n, heard = self.send(gateway, dev, payload, confirmed=True)
        assert data_of(self.up(dev, n)) == payload
        down = self.rx1(gateway, dev, heard)
        assert down.ack
        return down


def pretty(items):
    return '\n'.join(json.dumps(i) for i in items)
