"""world.py - one daemon of one LoRaWAN version, shared by many cases that run at the same time in threads."""
import os
import threading

import lorawan as lw
from gateway import SILENCE
from lab import Lab, data_of

# Nothing of the server's own wishes: a downlink is an answer or what the case asked for.
QUIET = ('--adr-algorithm', 'off', '--dev-status-interval-s', '0', '--abp-channels',
         ','.join(str(f) for f in lw.EU868.cf_list))


# The cases of the catalogue run in EU868; region.py has those where the region changes a rule.
REGIONS = {'EU868': {}, 'US915': {'enabled_uplink_channels': '8-15,65'},
           'AS923': {'downlink_dwell_time': 'true', 'extra_channels': '923600000'}}


class World(Lab):
    """A Lab whose devices are of one version. Every case takes its own devices and gateways."""

    def __init__(self, directory, version):
        Lab.__init__(self, directory, REGIONS, {'deduplication_delay': '100ms', 'downlink_data_delay': '20ms',
                                           'net_id': '000013'})
        self.version = version
        self._lock = threading.RLock()
        self._local = threading.local()

    def start(self):
        Lab.start(self)
        self.profile()
        self.listen()
        return self

    def otaa_in(self, region):
        """A device and a gateway of another region."""
        with self._lock:
            profile = Lab.profile(self, self.version, region, *QUIET[:4], name='-'.join((self.version, region)))
        return Lab.otaa(self, self.version, region, profile=profile), self.gateway(region=region)

    def listen(self):
        return self.events, self.frames

    def restart(self, how='kill'):
        self.daemon.restart(how)
        self.listen()
        for g in self.gateways:
            g.open_path()

    # ---- provisioning, in this version

    def profile(self, *flags):
        with self._lock:
            return Lab.profile(self, self.version, None, *flags, *QUIET, name='-'.join((self.version,) + flags))

    def otaa(self, *flags, **kw):
        if 'profile' in kw:                 # as Lab.abp() asks for it
            return Lab.otaa(self, *flags, **kw)
        return Lab.otaa(self, self.version, profile=self.profile(*flags), **kw)

    def abp(self, *flags, **kw):
        dev = Lab.abp(self, self.version, profile=self.profile('--no-supports-otaa', *flags), **kw)
        for i, freq_hz in enumerate(lw.EU868.cf_list):          # from the factory, as its profile says
            dev.mac.channels.define(3 + i, freq_hz, lw.EU868.default_rates)
        return dev

    def activate_by_hand(self, dev, dev_addr, f_cnt_up=0):
        """A session for a device that joins otherwise; such a one says no ResetInd."""
        dev.activate(dev_addr, os.urandom(16), os.urandom(16), f_cnt_up)
        dev.mac.until_confirmed.clear()
        self.activate(dev, '--f-cnt-up', f_cnt_up)
        return dev

    def gateway(self, **kw):
        g = Lab.gateway(self, **kw)
        self.mine().append(g)
        return g

    def mine(self):
        """Gateways of the case that runs in this thread."""
        if not hasattr(self._local, 'mine'):
            self._local.mine = []
        return self._local.mine

    def leave(self):
        """The case is over: its sockets and threads go."""
        for g in self.mine():
            g.close()
            self.gateways.remove(g)
        self._local.mine, self._local.fence = [], None

    @property
    def is_1_1(self):
        return lw.order(self.version) >= lw.order('1.1')

    @property
    def before_1_0_4(self):
        return lw.order(self.version) < lw.order('1.0.4')

    # ---- what cases do

    def fence(self, gateway=None):
        """As Lab.fence, with a device of each thread."""
        if getattr(self._local, 'fence', None) is None:
            self._local.fence = self.abp(), self.gateway()
        dev, gw = self._local.fence
        n, heard = self.send(gw, dev, b'fence', confirmed=True)
        self.up(dev, n)
        dev.receive(gw.wait_downlink().phy)

    def rx1(self, gateway, dev, heard, timeout=4.0):
        """
        As Lab.rx1; downlinks for other uplinks are left alone: a device of 1.1 is answered though it asks for nothing,
        for it says RekeyInd or ResetInd.
        """
        windows = [(heard.tmst + (dev.rx1_delay + i) * 1000000) & 0xffffffff for i in (0, 1)]
        down = gateway.wait_downlink(timeout, lambda d: d.tmst in windows)
        self.check_rx1(down, heard, dev.rx1_delay, dev.rx1_dr_offset)
        return dev.receive(down.phy)

    def accepted(self, gateway, dev, payload=b'x', f_cnt=None, **kw):
        """An uplink that must become an event with its payload; returns what was heard."""
        if f_cnt is not None:
            dev.session.f_cnt_up = f_cnt
        indicates = bool(dev.mac.until_confirmed)     # RekeyInd or ResetInd, which are answered
        n, heard = self.send(gateway, dev, payload, **kw)
        assert data_of(self.up(dev, n)) == payload
        if indicates:
            self.rx1(gateway, dev, heard)
        return heard

    def refused(self, gateway, dev, reason, f_cnt=None, payload=b'x', **kw):
        """An uplink that must be dropped for this reason; the device keeps its own counter when one is given."""
        phy = dev.uplink(payload, f_cnt=f_cnt, **kw)
        gateway.send(phy)
        return self.dropped(phy, reason)

    def again(self, gateway, phy, seconds=3, **kw):
        """The same bytes after the receive windows of the first time."""
        gateway.skip(seconds)
        return gateway.send(phy, **kw)

    def goes_on(self, gateway, dev):
        """The session lives: to and fro, every uplink one event."""
        self.exchange(gateway, dev)
        counters = [e['fCnt'] for e in self.all_events(dev, 'up') if e['devAddr'] == dev.dev_addr]
        assert len(counters) == len(set(counters)), counters

    def counters(self, dev):
        return [e['fCnt'] for e in self.all_events(dev, 'up') if e['devAddr'] == dev.dev_addr]

    def absorb(self, gateway, dev):
        """What the gateway got and nobody looked at was transmitted; the device checks it."""
        for d in gateway.take_all():
            if d.phy[0] == lw.JOIN_ACCEPT << 5:
                if dev.can_open_accept(d.phy):
                    dev.last_join_nonce = max(dev.last_join_nonce, dev._open_accept(d.phy).join_nonce)
            elif d.answer in ('OK', SILENCE):
                dev.receive(d.phy)
            else:
                dev.session.open(d.phy)
