"""uplink_counter.py - cases U1 to U28: the uplink counter, replays, and frames that are not what they seem."""
import os
import struct

import lorawan as lw
from case import FROM_1_0_4, case, not_in
from lab import data_of

LIMIT = lw.MAX_FCNT_GAP
COUNTERS_32 = not_in(FROM_1_0_4, 'from 1.0.4 on every device counts with 32 bits')
NO_RESET = not_in(FROM_1_0_4, 'from 1.0.4 on an ABP device never starts its counter again')


@case('U1', 'the first frame may have counter 0')
def first_frame_0(w):
    w.accepted(w.gateway(), w.abp(), f_cnt=0)


@case('U2', 'the first frame may have counter 1: 0 was lost')
def first_frame_1(w):
    gw, dev = w.gateway(), w.abp()
    w.accepted(gw, dev, f_cnt=1)
    assert w.counters(dev) == [1]
    w.refused(gw, dev, 'f_cnt_replayed', f_cnt=0)


@case('U3', 'the next counter is accepted')
def next_frame(w):
    gw, dev = w.gateway(), w.abp()
    for n in range(3):
        w.accepted(gw, dev, f_cnt=n)
    assert w.counters(dev) == [0, 1, 2]


@case('U4', 'jumps of 2 up to the limit are accepted')
def jumps(w):
    gw, dev = w.gateway(), w.abp()
    steps = [0, 2, 102, 102 + LIMIT - 1]
    for n in steps:
        w.accepted(gw, dev, f_cnt=n)
    assert w.counters(dev) == steps


@case('U5', 'a jump of exactly the limit is accepted')
def jump_of_the_limit(w):
    """The texts say "less than" and "greater than"; exactly 16384 is accepted. From 1.0.4 on the profile sets the limit."""
    gw, dev = w.gateway(), w.abp() if w.before_1_0_4 else w.abp('--max-fcnt-gap', str(LIMIT))
    w.accepted(gw, dev, f_cnt=0)
    w.accepted(gw, dev, f_cnt=LIMIT)


@case('U6', 'a jump over the limit is refused where there is one, and its reason names the way out')
def jump_over_the_limit(w):
    """No limit from 1.0.4 on unless the profile has one. What is refused only for the gap has a good MIC."""
    gw = w.gateway()
    if not w.before_1_0_4:
        free = w.abp()
        w.accepted(gw, free, f_cnt=0)
        w.accepted(gw, free, f_cnt=LIMIT + 1)
        w.accepted(gw, free, f_cnt=LIMIT + 1 + 40000)
    dev = w.abp() if w.before_1_0_4 else w.abp('--max-fcnt-gap', str(LIMIT))
    w.accepted(gw, dev, f_cnt=0)
    f = w.refused(gw, dev, 'f_cnt_gap', f_cnt=LIMIT + 1)
    assert 'device counter accept' in f['hint'], f['hint']
    bad = bytearray(dev.uplink(b'forged', f_cnt=LIMIT + 1))
    bad[-1] ^= 1
    gw.send(bytes(bad))
    w.dropped(bytes(bad), ('mic_mismatch', 'f_cnt_replayed'))
    w.accepted(gw, dev, f_cnt=1)


@case('U7', 'a copy within the window is one event with two receptions, answered once')
def copy(w):
    one, two, dev = w.gateway(), w.gateway(), w.abp()
    n, phy = dev.f_cnt_up, dev.uplink(b'x', confirmed=True)
    two.send(phy, rssi=-100, snr=-3.0, wait=False)
    heard = one.send(phy, rssi=-60, wait=False)
    assert w.rx1(one, dev, heard).ack
    assert len(w.up(dev, n)['rxInfo']) == 2
    w.nothing_more(one, two)
    assert w.counters(dev) == [n]


def repeats_up_to_nb_trans(w):
    dev = w.abp('--desired-nb-trans', '3')
    for _ in range(4):
        w.exchange(w.gateway(), dev)
    assert dev.mac.nb_trans == 3
    gw, n = w.gateway(), dev.f_cnt_up
    w.exchange(gw, dev)
    for i in (2, 3):
        assert w.rx1(gw, dev, w.again(gw, dev.repeat())).ack, i
    w.again(gw, dev.repeat())
    w.frame(dev.repeat(), drop_reason='too_many_repeats')
    w.nothing_more(gw)
    assert w.counters(dev).count(n) == 1


@case('U8', 'the same bytes after the window are a repeat: no event, acknowledged again as often as the version allows')
def repeat(w):
    """1.0.0-1.0.3: up to 8 transmissions of a confirmed uplink. From 1.0.4 on NbTrans: 1, so no answer, and then 3."""
    if not w.before_1_0_4:
        repeats_up_to_nb_trans(w)
    gw, dev = w.gateway(), w.abp()
    item = w.push(dev, 7, b'\x01')
    n, heard = w.send(gw, dev, b'x', confirmed=True)
    assert w.rx1(gw, dev, heard).application() == (7, b'\x01')
    w.event(dev, 'txack', queueItemId=item)
    later = w.push(dev, 7, b'\x02')
    for i in range(2, 9 if w.before_1_0_4 else 2):
        down = w.rx1(gw, dev, w.again(gw, dev.repeat()))
        assert down.ack and down.application() is None, i
    w.again(gw, dev.repeat())
    w.frame(dev.repeat(), drop_reason='too_many_repeats')
    w.nothing_more(gw)
    assert w.counters(dev) == [n] and [q['queue_item_id'] for q in w.queue(dev)] == [later]


@case('U9', 'the same counter with other bytes: a repeat when its MIC is good, refused when not')
def equal_counter_other_bytes(w):
    """Some stacks build the header anew; in 1.1 rate and channel are in the MIC."""
    gw, dev = w.gateway(), w.abp()
    n = dev.f_cnt_up
    w.rx1(gw, dev, gw.send(dev.uplink(b'x', confirmed=True)))
    gw.skip(3)
    kw = {'tx_dr': 4, 'tx_ch': 1} if w.is_1_1 else {}
    other = dev.uplink(b'x', confirmed=True, adr=True, f_cnt=n, **kw)
    heard = gw.send(other, dr=4, freq_hz=868300000)
    if w.before_1_0_4:
        assert w.rx1(gw, dev, heard).ack
        w.dropped(other, 'repeat')
    else:
        w.dropped(other, 'too_many_repeats')
    bad = other[:-1] + bytes([other[-1] ^ 0x40])
    w.again(gw, bad)
    w.dropped(bad, 'mic_mismatch')
    w.nothing_more(gw)
    assert w.counters(dev) == [n]
    dev.session.tx_dr, dev.session.tx_ch = 5, 0
    w.goes_on(gw, dev)


@case('U10', 'a counter lower by 1 is a replay')
def lower_by_1(w):
    gw, dev = w.gateway(), w.abp()
    heard = [w.accepted(gw, dev) for _ in range(3)]
    w.again(gw, heard[1].phy)
    w.dropped(heard[1].phy, 'f_cnt_replayed')
    assert w.counters(dev) == [0, 1, 2]
    w.goes_on(gw, dev)


@case('U11', 'a counter lower by 32,768 is a replay')
def lower_by_32768(w):
    gw, dev = w.gateway(), w.abp(f_cnt_up=7232)
    old = w.accepted(gw, dev)
    w.lsctl('device', 'show', dev.dev_eui)
    for n in (7232 + LIMIT, 7232 + 2 * LIMIT):
        w.accepted(gw, dev, f_cnt=n)
    w.again(gw, old.phy)
    w.dropped(old.phy, 'f_cnt_replayed')
    w.goes_on(gw, dev)


@case('U12', '65,535 is followed by 65,536')
def over_16_bits(w):
    gw, dev = w.gateway(), w.abp(f_cnt_up=65535)
    for n in (65535, 65536, 65537):
        w.accepted(gw, dev, f_cnt=n)
    assert w.counters(dev) == [65535, 65536, 65537]


@case('U13', '65,535 lost, 65,536 arrives')
def lost_at_16_bits(w):
    gw, dev = w.gateway(), w.abp(f_cnt_up=65534)
    for n in (65534, 65536):
        w.accepted(gw, dev, f_cnt=n)
    assert w.counters(dev) == [65534, 65536]


@case('U14', 'jumps over the 16-bit wrap are accepted')
def jump_over_16_bits(w):
    gw = w.gateway()
    for first, then in ((65535, 65537), (65500, 65540), (65535, 65535 + LIMIT)):
        dev = w.abp(f_cnt_up=first)
        w.accepted(gw, dev, f_cnt=first)
        w.accepted(gw, dev, f_cnt=then)
        assert w.counters(dev) == [first, then]


@case('U15', 'a frame of the last 16-bit wrap is refused')
def replay_of_the_last_wrap(w):
    """Its low half is ahead of the present one, so only the MIC tells; any of the three reasons is true."""
    gw, dev = w.gateway(), w.abp(f_cnt_up=60000)
    old = w.accepted(gw, dev, f_cnt=60000)
    ahead = dev.uplink(b'x', f_cnt=20)
    w.accepted(gw, dev, f_cnt=60000 + LIMIT - 10000)
    for phy in (old.phy, ahead):
        w.again(gw, phy)
        w.dropped(phy, ('mic_mismatch', 'f_cnt_replayed', 'f_cnt_gap'))
    assert w.counters(dev) == [60000, 60000 + LIMIT - 10000]
    w.goes_on(gw, dev)


@case('U16', 'after 0xFFFFFFFF nothing is accepted until a join')
def exhausted(w):
    gw, dev = w.gateway(), w.otaa()
    w.activate_by_hand(dev, '01ff%04x' % (int(dev.dev_eui[-4:], 16)), 0xffffffff)
    w.accepted(gw, dev, f_cnt=0xffffffff)
    s = dev.session
    for n in (0, 1):
        phy = dev.uplink(b'wrapped', f_cnt=n)
        gw.send(phy)
        f = w.dropped(phy, 'f_cnt_exhausted')
        assert 'join' in f['hint']
    w.join(gw, dev)
    assert dev.session is not s
    w.goes_on(gw, dev)


@case('U17', 'a device that counts with 16 bits goes on at 0 after 65,535', na=COUNTERS_32)
def sixteen_bits(w):
    gw, dev = w.gateway(), w.abp('--f-cnt-16-bit', f_cnt_up=65534)
    for n in (65534, 65535, 0, 1):
        dev.session.f_cnt_up = n
        phy = dev.uplink(b'%d' % n)
        gw.send(phy)
        w.events.wait(lambda e: e['kind'] == 'up' and e['deviceInfo']['devEui'] == dev.dev_eui
                      and data_of(e) == b'%d' % n and e['fCnt'] & 0xffff == n)
    dev.session.f_cnt_up = 2
    n, heard = w.send(gw, dev, b'ack me', confirmed=True)
    assert w.rx1(gw, dev, heard).ack


@case('U18', 'a relaxed ABP device may start again at 0', na=NO_RESET)
def relaxed_reset_to_0(w):
    gw, dev = w.gateway(), w.abp('--f-cnt-relaxed')
    for n in (0, 1, 20):
        w.accepted(gw, dev, b'before', f_cnt=n)
    n, heard = w.send(gw, dev, b'before', confirmed=True)
    w.rx1(gw, dev, heard)
    dev.session.f_cnt_up = 0
    phy = dev.uplink(b'restarted', f_cnt=None)
    gw.skip(3)
    gw.send(phy)
    w.events.wait(lambda e: e['kind'] == 'up' and e['deviceInfo']['devEui'] == dev.dev_eui and data_of(e) == b'restarted')
    n, heard = w.send(gw, dev, b'after', confirmed=True)
    assert n == 1 and w.rx1(gw, dev, heard).ack
    strict = w.abp()
    w.accepted(gw, strict, f_cnt=20)
    w.refused(gw, strict, 'f_cnt_replayed', f_cnt=0)


@case('U19', 'a relaxed ABP device may start again at 1: 0 was lost', na=NO_RESET)
def relaxed_reset_to_1(w):
    gw, dev = w.gateway(), w.abp('--f-cnt-relaxed')
    w.accepted(gw, dev, b'before', f_cnt=40)
    w.accepted(gw, dev, b'restarted', f_cnt=1)
    w.accepted(gw, dev, b'after', f_cnt=2)


@case('U20', 'frame 0 replayed twice to a relaxed device is at most one event more', na=NO_RESET)
def relaxed_replay_of_0(w):
    """Such a device cannot be told from a replay of frame 0; what it did not send itself must not multiply."""
    gw, dev = w.gateway(), w.abp('--f-cnt-relaxed')
    zero = w.accepted(gw, dev, b'zero', f_cnt=0)
    for n in range(1, 4):
        w.accepted(gw, dev, f_cnt=n)
    for _ in range(2):
        w.again(gw, zero.phy, 10)
        w.fence()
    zeros = [e for e in w.all_events(dev, 'up') if data_of(e) == b'zero']
    assert len(zeros) <= 2, len(zeros)
    w.accepted(gw, dev, b'live', f_cnt=4)


@case('U21', 'a replay to a relaxed device leaves the high half of the counter alone', na=NO_RESET)
def relaxed_high_half(w):
    """Only 0 and 1 are starts; an old frame with any other counter is refused."""
    gw, dev = w.gateway(), w.abp('--f-cnt-relaxed', f_cnt_up=70)
    old = w.accepted(gw, dev, b'old', f_cnt=70)
    for n in (70 + LIMIT, 70 + 2 * LIMIT, 70 + 3 * LIMIT, 65536 + 10):
        w.accepted(gw, dev, f_cnt=n)
    w.again(gw, old.phy, 10)
    w.dropped(old.phy, ('mic_mismatch', 'f_cnt_replayed', 'f_cnt_gap'))
    w.accepted(gw, dev, b'live', f_cnt=65536 + 11)
    assert w.counters(dev)[-1] == 65536 + 11


@case('U22', 'two devices with one DevAddr are told apart, in either order')
def one_dev_addr(w):
    gw, one = w.gateway(), w.abp()
    two = w.abp(dev_addr=one.dev_addr)
    for a, b in ((one, two), (two, one)):
        for d in (a, b):
            w.accepted(gw, d, d.dev_eui.encode())
        for d in (b, a):
            w.exchange(gw, d)


@case('U23', 'the same DevAddr and key for a second device is refused at entry')
def same_dev_addr_and_key(w):
    one = w.abp()
    two = w.otaa()
    s = one.session
    two.session = lw.Session(s.dev_addr, s.nwk_s_key, os.urandom(16), 0, 0, s.s_nwk_s_int_key if s.is_1_1 else None,
                             s.nwk_s_enc_key if s.is_1_1 else None)
    args = ['device', 'activate', two.dev_eui, '--dev-addr', s.dev_addr]
    names = ['f-nwk-s-int-key', 's-nwk-s-int-key', 'nwk-s-enc-key'] if s.is_1_1 else ['nwk-s-key']
    for name in names + ['app-s-key']:
        args += ['--' + name, w.daemon.secret(getattr(two.session, name.replace('-', '_')))]
    r = w.lsctl(*args, check=False)
    assert r.rc == 6 and one.dev_eui in r.err, r
    assert w.device_json(two)['dev_addr'] is None
    w.goes_on(w.gateway(), one)


@case('U24', 'after a join the old session is good until the new one is used, each answered in its own')
def old_session(w):
    gw, dev = w.gateway(), w.otaa()
    w.activate_by_hand(dev, '01fe%04x' % int(dev.dev_eui[-4:], 16))
    w.exchange(gw, dev)
    w.join(gw, dev)
    old = dev.old_sessions[-1]
    n = old.f_cnt_up
    heard = gw.send(old.uplink(b'old', confirmed=True))
    assert data_of(w.up(dev, n, dev_addr=old.dev_addr)) == b'old'
    down = gw.wait_downlink()
    w.check_rx1(down, heard)
    assert old.receive(down.phy).ack
    w.exchange(gw, dev)
    late = old.uplink(b'late')
    gw.send(late)
    w.dropped(late, 'old_session')
    w.goes_on(gw, dev)


@case('U25', 'frames of a gateway that was off for 4 days break no counter')
def buffered_frames(w):
    """
    What a gateway says of time is no key: an authentic frame with a counter not yet passed is an event, with the
    time the gateway gives among its receptions. One whose counter was passed meanwhile is a replay.
    """
    live, back, dev = w.gateway(), w.gateway(), w.abp()
    old = {'time': '2026-11-21T08:00:00.000000Z'}
    frames = [dev.uplink(b'%d' % n) for n in range(3)]
    back.send(frames[0], **old)
    assert w.up(dev, 0)['rxInfo'][0]['gwTime'].startswith('2026-11-21T08:00:00')
    live.send(frames[2])
    w.up(dev, 2)
    back.send(frames[1], **old)
    w.dropped(frames[1], 'f_cnt_replayed')
    w.goes_on(live, dev)
    assert w.counters(dev) == [0, 2, 3]


@case('U26', 'a frame with the other direction, in its MIC or its type, is refused')
def wrong_direction(w):
    gw, dev = w.gateway(), w.abp()
    s = dev.session
    msg = dev.uplink(b'turned', f_cnt=0)[:-4]
    turned = msg + lw.data_mic(s.s_nwk_s_int_key, lw.DOWN, s.dev_addr, 0, msg)
    gw.send(turned)
    w.dropped(turned, 'mic_mismatch')
    for m_type in (lw.UNCONFIRMED_DOWN, lw.CONFIRMED_DOWN):
        down = lw.data_frame(m_type, s.dev_addr, 0, 0, b'', 1, b'x', s.nwk_s_key, s.app_s_key)
        gw.send(down)
        w.dropped(down, 'wrong_direction')
    w.goes_on(gw, dev)


@case('U27', 'no flipped bit gets through, whichever octet it is in')
def bit_flips(w):
    gw, dev = w.gateway(), w.abp()
    w.accepted(gw, dev, b'original')
    phy = dev.uplink(b'flipped', f_port=3)
    frames = [phy[:i] + bytes([phy[i] ^ 1 << i % 8]) + phy[i + 1:] for i in range(len(phy))]
    rxpks = [gw.hear(f)[1] for f in frames]
    for i in range(0, len(rxpks), 6):
        gw.push_data({'rxpk': rxpks[i:i + 6]})
    for f in frames:
        row = w.frame(f)
        assert row['drop_reason'], row
    assert w.counters(dev) == [0]
    gw.send(phy)
    w.up(dev, 1)
    assert w.counters(dev) == [0, 1]


@case('U28', 'a good MIC does not excuse FOpts beyond the frame or FOpts together with FPort 0')
def bad_shape(w):
    gw, dev = w.gateway(), w.abp()
    s = dev.session

    def signed(msg):
        if s.is_1_1:
            return msg + lw.up_mic_11(s.f_nwk_s_int_key, s.s_nwk_s_int_key, s.dev_addr, 0, msg, 0, 5, 0)
        return msg + lw.data_mic(s.nwk_s_key, lw.UP, s.dev_addr, 0, msg)
    head = b'\x40' + lw.reverse_hex(s.dev_addr)
    too_long = signed(head + b'\x0f' + struct.pack('<H', 0) + b'\x02\x02')
    gw.send(too_long)
    w.dropped(too_long, 'malformed')
    both = signed(head + b'\x01' + struct.pack('<H', 0) + b'\x02' + b'\x00' + b'\x02')
    gw.send(both)
    w.dropped(both, 'f_opts_invalid')
    w.accepted(gw, dev, f_cnt=0)


