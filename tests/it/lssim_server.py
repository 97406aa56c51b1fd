"""lssim_server.py - a network server that plays by a script to the devices of lssim, in 1.0 and 1.1.

Written from the texts (lorawan_crypto.py): it opens what lssim sends and says what it is told to say.
"""
import base64
import json

import lorawan_crypto as lw
from test_lssim import Server, fleet, run

JOIN_EUI = '0000000000000000'
CHANNELS = [868.1, 868.3, 868.5, 867.1, 867.3, 867.5, 867.7, 867.9]


class MacServer(Server):
    """script(n, uplink) says what answers uplink n: a dict of a downlink (see answer_with()), a list of them, or None."""

    def __init__(self, devices, script, is_1_1=False):
        self.script, self.is_1_1 = script, is_1_1
        self.heard = []      # (f_opts, FCtrl, rxpk) of each transmission
        self.counters, self.rejoins, self.nonce = {}, [], 0
        super().__init__(devices)

    def keys_of(self, addr):
        for d in self.devices.values():
            if d.get('dev_addr') == addr and 'keys' not in d:
                names = ('f_nwk_s_int_key', 's_nwk_s_int_key', 'nwk_s_enc_key') if self.is_1_1 else ('nwk_s_key',) * 3
                d['keys'] = [bytes.fromhex(d[k]) for k in (*names, 'app_s_key')]
            if d.get('dev_addr') == addr:
                return d
        raise AssertionError(addr)

    def join(self, gateway, rxpk, phy):
        d = self.devices[phy[9:17][::-1].hex()]
        app, nwk = (bytes.fromhex(d[k]) for k in ('app_key', 'nwk_key'))
        assert lw.cmac(nwk, phy[:19])[:4] == phy[19:]
        self.accept(gateway, rxpk, d, nwk, app, 0xff, phy[17:19], nwk, lw.js_keys(nwk, d['dev_eui'])[1])

    def accept(self, gateway, rxpk, d, nwk, app, kind, count, wrap, js_int):
        self.nonce += 1
        addr = '01%06x' % self.nonce
        body = self.nonce.to_bytes(3, 'little') + bytes(3) + lw.reverse_hex(addr) + b'\x80\x01'
        mic = lw.cmac(js_int, bytes([kind]) + lw.reverse_hex(JOIN_EUI) + count + b'\x20' + body)[:4]
        d['dev_addr'] = addr
        d['keys'] = lw.session_keys_11(nwk, app, self.nonce, JOIN_EUI, int.from_bytes(count, 'little'))
        self.counters[addr] = [0, 0]
        self.send(gateway, rxpk, b'\x20' + lw.aes_decrypt(wrap, body + mic), 5000000)

    def rejoin(self, gateway, rxpk, phy):
        d = self.devices[phy[5:13][::-1].hex()]
        app, nwk = (bytes.fromhex(d[k]) for k in ('app_key', 'nwk_key'))
        assert phy[1] in (0, 2) and len(phy) == 19
        assert lw.cmac(d['keys'][1], phy[:-4])[:4] == phy[-4:]
        self.rejoins.append(phy)
        enc, js_int = lw.js_keys(nwk, d['dev_eui'])
        self.accept(gateway, rxpk, d, nwk, app, phy[1], phy[13:15], enc, js_int)

    def data(self, gateway, rxpk, phy):
        if phy[0] == 0xc0:
            return self.rejoin(gateway, rxpk, phy)
        addr, ctrl = phy[1:5][::-1].hex(), phy[5]
        d = self.keys_of(addr)
        f_nwk, s_nwk, enc, app = d['keys']
        f_cnt, f_opts = int.from_bytes(phy[6:8], 'little'), phy[8:8 + (ctrl & 15)]
        if self.is_1_1:
            dr = 12 - int(rxpk['datr'][2:-5])
            want = lw.up_mic_11(f_nwk, s_nwk, addr, f_cnt, phy[:-4], 0, dr, CHANNELS.index(rxpk['freq']))
            f_opts = lw.crypt_f_opts(enc, lw.UP, addr, f_cnt, f_opts)
        else:
            want = lw.data_mic(f_nwk, lw.UP, addr, f_cnt, phy[:-4])
        assert want == phy[-4:], 'MIC of an uplink'
        self.heard.append((f_opts, ctrl, rxpk))
        out = self.script(len(self.heard) - 1, dict(f_opts=f_opts, ctrl=ctrl, rxpk=rxpk, f_cnt=f_cnt, addr=addr,
                                                     confirmed=phy[0] == 0x80))
        for one in out if isinstance(out, list) else [out] if out else []:
            self.answer_with(gateway, rxpk, d, f_cnt, phy[0] == 0x80, **one)

    def answer_with(self, gateway, rxpk, d, up_f_cnt, confirmed, f_opts=b'', port=None, payload=b'', delay_s=1, rx=1,
                    freq=None, datr=None, how='tmst', gps_ms=0, spoil=None):
        addr, (_, s_nwk, enc, app) = d['dev_addr'], d['keys']
        which = 1 if self.is_1_1 and port else 0
        counters = self.counters.setdefault(addr, [0, 0])
        f_cnt, counters[which] = counters[which], counters[which] + 1
        if self.is_1_1 and f_opts:
            f_opts = lw.crypt_f_opts(enc, lw.DOWN, addr, f_cnt, f_opts, a_f_cnt_down=which == 1)
        ctrl = (0x20 if confirmed else 0) | len(f_opts)
        msg = bytes([0x60]) + lw.reverse_hex(addr) + bytes([ctrl]) + f_cnt.to_bytes(2, 'little') + f_opts
        if port is not None:
            msg += bytes([port]) + lw.crypt_payload(app if port else enc, lw.DOWN, addr, f_cnt, payload)
        conf = up_f_cnt if confirmed and self.is_1_1 else 0
        phy = msg + lw.data_mic(s_nwk, lw.DOWN, addr, f_cnt, msg, conf)
        txpk = dict(imme=False, freq=freq or (rxpk['freq'] if rx == 1 else 869.525), rfch=0, powe=14, modu='LORA',
                    datr=datr or (rxpk['datr'] if rx == 1 else 'SF12BW125'), codr='4/5', ipol=True, size=len(phy),
                    data=base64.b64encode(phy).decode())
        if how == 'tmst':
            txpk['tmst'] = (rxpk['tmst'] + 1000000 * (delay_s + rx - 1)) & 0xffffffff
        elif how == 'imme':
            txpk['imme'] = True
        else:
            txpk['tmms'] = gps_ms
        txpk = {**txpk, **(spoil or {})}
        self.sock.sendto(b'\x02\x12\x34\x03' + json.dumps({'txpk': txpk}).encode(), self.pull[gateway])


def play(script, *args, count=3, is_1_1=False, abp=True):
    own = (['--abp'] if abp else []) + (['--mac-version', '1.1'] if is_1_1 else []) + list(args)
    s = MacServer(fleet(*own), script, is_1_1)
    p = run(s, *own, '--count', str(count), '--interval', '100ms', '--json')
    return s, p


def once(n, **what):
    """Only uplink n is answered."""
    return lambda k, up: what if k == n else None


def f_opts(s):
    return [h[0] for h in s.heard]
