"""One transmit calendar per gateway: collisions, duty cycle, priority, and which gateway carries a downlink."""
import os
import time

from daemon import wait_until

RX1_DELAY_S = 6


def down_row(lab, dev, **keys):
    """The frame row of a downlink to this device."""
    return lab.frames.wait(lambda f: f['direction'] == 'down' and f['dev_eui'] == dev.dev_eui
                           and all(f.get(k) == v for k, v in keys.items()))


def ask(gw, dev, dr=2, freq_hz=868100000, **radio):
    return gw.send(dev.uplink(b'x', confirmed=True), dr=dr, freq_hz=freq_hz, **radio)


def test_second_of_two_answers_that_collide_goes_to_rx2(lab, gw):
    """Both want to be acknowledged at SF10 at the same time: 0.3 s on air each, one concentrator."""
    a, b = lab.abp(), lab.abp()
    first, second = ask(gw, a), ask(gw, b, freq_hz=868300000)
    by_device = {}
    for _ in range(2):
        down = gw.wait_downlink()
        by_device['a' if down.freq_hz == 868100000 else 'b'] = down
    lab.check_rx1(by_device['a'], first)
    lab.check_rx2(by_device['b'], second)
    assert a.receive(by_device['a'].phy).ack and b.receive(by_device['b'].phy).ack
    row = down_row(lab, b)
    assert row['window'] == 2 and 'RX1 %s: busy with an acknowledgement' % gw.gateway_id in row['choice']


def test_second_of_two_answers_that_collide_goes_through_another_gateway(lab, gw, gw2):
    a, b = lab.abp(), lab.abp()
    first = ask(gw, a)
    phy = b.uplink(b'x', confirmed=True)
    gw.send(phy, dr=2, freq_hz=868300000, snr=9.0, wait=False)
    second = gw2.send(phy, dr=2, freq_hz=868300000, snr=-3.0, rssi=-110)
    assert lab.rx1(gw, a, first).ack
    assert lab.rx1(gw2, b, second).ack
    row = down_row(lab, b)
    assert row['gateways'] == [gw2.gateway_id] and row['window'] == 1
    assert row['choice'].startswith('%s margin 12.0 dB; not %s margin 24.0 dB, busy' % (gw2.gateway_id, gw.gateway_id))


def test_answer_that_finds_no_window_says_so(lab, gw):
    """At SF12 the acknowledgement in RX1 lasts to RX2."""
    a, b = lab.abp(), lab.abp()
    first = ask(gw, a, dr=0)
    ask(gw, b, dr=0, freq_hz=868300000)
    f = lab.frames.wait(lambda f: f.get('drop_reason') == 'calendar_busy' and f['dev_eui'] == b.dev_eui)
    for window in 'RX1', 'RX2':
        assert '%s %s: busy with an acknowledgement for 991 ms' % (window, gw.gateway_id) in f['drop_detail']
    assert f['hint']
    assert lab.rx1(gw, a, first).ack
    lab.nothing_more(gw)


def test_duty_cycle_used_up_moves_the_answer_to_rx2(lab, gw):
    """
    868.7 to 869.2 MHz may be used 0.1 % of an hour, 3.6 s, of which acknowledgements get 95 %: three of 1 s at SF12
    fit. RX2 at 869.525 MHz has 10 %.
    """
    dev = lab.abp()
    for i in range(3):
        heard = ask(gw, dev, dr=0, freq_hz=868900000)
        assert lab.rx1(gw, dev, heard).ack
        time.sleep(2)     # the window, and the second it is on air
    heard = ask(gw, dev, dr=0, freq_hz=868900000)
    down = gw.wait_downlink()
    lab.check_rx2(down, heard)
    assert dev.receive(down.phy).ack
    row = down_row(lab, dev, window=2)
    assert 'duty cycle: ' in row['choice'] and 'of 3600 ms left of this hour' in row['choice']
    time.sleep(2)
    heard = ask(gw, dev, freq_hz=868100000)       # another band has its own budget
    assert lab.rx1(gw, dev, heard).ack


def test_duty_cycle_used_up_is_the_reason_when_rx2_cannot_carry_it(lab, gw):
    """242 octets at SF7 are 0.4 s; application data may use three quarters of 3.6 s; SF12 carries 51."""
    dev = lab.abp()
    for i in range(7):
        item = lab.push(dev, 1, os.urandom(242))
        n, heard = lab.send(gw, dev, b'x', radio={'dr': 5, 'freq_hz': 868900000})
        if i < 6:
            assert lab.rx1(gw, dev, heard).application()[0] == 1
            lab.event(dev, 'txack', queueItemId=item)
            time.sleep(0.5)   # the next answer's window is after this one's
    f = lab.frames.wait(lambda f: f.get('drop_reason') == 'duty_cycle_exhausted' and f.get('dev_eui') == dev.dev_eui)
    assert 'RX1 %s: duty cycle: 395 ms needed' % gw.gateway_id in f['drop_detail'] and f['hint']
    assert [q['queue_item_id'] for q in lab.queue(dev)] == [item]
    heard = ask(gw, dev, dr=5, freq_hz=868900000)  # an acknowledgement still goes: the rest is kept for it
    assert lab.rx1(gw, dev, heard).ack


def test_frequency_in_no_band_of_the_region_is_not_used(lab, gw):
    dev = lab.abp()
    heard = ask(gw, dev, dr=5, freq_hz=868650000)  # between two bands
    down = gw.wait_downlink()
    lab.check_rx2(down, heard)
    assert dev.receive(down.phy).ack
    assert 'no band' in down_row(lab, dev)['choice']


def test_gateway_with_the_better_record_wins_over_the_one_with_more_snr(lab, gw, gw2):
    dev = lab.abp()
    gw.answers = ['COLLISION_PACKET', 'COLLISION_PACKET']
    heard = ask(gw, dev, dr=5)
    lab.check_rx1(gw.wait_downlink(), heard)
    lab.check_rx2(gw.wait_downlink(), heard)       # both refused
    down_row(lab, dev, drop_reason='downlink_failed')
    phy = dev.uplink(b'y', confirmed=True)
    gw.send(phy, snr=9.0, rssi=-50, wait=False)
    heard = gw2.send(phy, snr=3.0, rssi=-95)
    assert lab.rx1(gw2, dev, heard).ack
    row = down_row(lab, dev, drop_reason=None)
    assert 'not %s margin 16.5 dB, refused 50 %%' % gw.gateway_id in row['choice']
    lab.nothing_more(gw, gw2)


def test_refusal_sends_it_through_another_gateway(lab, gw, gw2):
    """RX1 of the first gateway, then what is still reachable: RX1 of the second, or RX2."""
    dev = lab.abp()
    gw.answers = ['TX_FREQ', 'TX_FREQ']
    phy = dev.uplink(b'x', confirmed=True)
    gw.send(phy, snr=9.0, rssi=-50, wait=False)
    heard = gw2.send(phy, snr=3.0, rssi=-95)
    refused = gw.wait_downlink()
    down = gw2.wait_downlink()
    assert down.phy == refused.phy
    lab.check_rx1(down, heard)
    assert dev.receive(down.phy).ack
    row = down_row(lab, dev)
    assert row['gateways'] == [gw2.gateway_id] and row['refusals'] == 'RX1: TX_FREQ' and row['drop_reason'] is None


def test_row_of_a_downlink_tells_its_margin(lab, gw):
    dev = lab.abp()
    lab.exchange(gw, dev)
    row = down_row(lab, dev)
    d_margin_ms = row['margin_ms']
    assert 100 < d_margin_ms < 1000 and row['round_trip_ms'] is not None
    shown = lab.lsctl('gateway', 'show', gw.gateway_id, '-o', 'json').json()['downlinks']
    assert shown['accepted'] == 1 and shown['refused'] == 0 and shown['last_margin_ms'] == d_margin_ms
    assert shown['round_trip_ms'] is not None
    band = {(b['min_hz'], b['max_hz']): b for b in shown['bands']}[868000000, 868600000]
    # SF7, 12 octets: 41.2 ms without CRC
    assert band['duty_cycle_percent'] == 1 and band['allowed_ms'] == 36000 and 35 <= band['sent_ms'] <= 50


def test_restart_does_not_forget_the_hour(own_lab):
    lab = own_lab
    gw, dev = lab.gateway(), lab.abp()
    lab.exchange(gw, dev)
    band = lab.lsctl('gateway', 'show', gw.gateway_id, '-o', 'json').json()['downlinks']['bands'][2]
    assert band['sent_ms'] > 30
    down_row(lab, dev)                             # it is stored
    lab.daemon.restart('term')

    def is_known():
        downlinks = lab.lsctl('gateway', 'show', gw.gateway_id, '-o', 'json').json().get('downlinks')
        return downlinks and downlinks['bands'][2] == band
    wait_until(is_known, 5, 'the budget of before')


class TestLongRx1Delay:
    """With a long RX1 delay answers are pencilled into the calendar long before their window."""

    def test_join_accept_displaces_an_application_downlink(self, own_lab):
        lab = own_lab
        lab.daemon.write_config({'EU868': {'rx1_delay': '%ds' % RX1_DELAY_S}}, {})
        lab.daemon.restart('term')
        gw, dev, joins = lab.gateway(), lab.otaa(), lab.otaa()
        lab.join(lab.gateway(), dev)
        assert dev.rx1_delay == RX1_DELAY_S
        item = lab.push(dev, 10, b'\x01' * 40)     # at SF12 2.1 s
        n, heard = lab.send(gw, dev, b'x', radio={'dr': 0, 'freq_hz': 868100000})
        lab.up(dev, n)
        time.sleep(max(0, heard.at + 1.2 - time.time()))
        asked = lab.send_join(gw, joins)           # its RX1 is 6.2 s after the uplink of the other
        accept = gw.wait_downlink(8)
        lab.check_rx1(accept, asked, 5)
        joins.accept(accept.phy)
        down = gw.wait_downlink(8)
        lab.check_rx2(down, heard, RX1_DELAY_S + 1)
        assert dev.receive(down.phy).application() == (10, b'\x01' * 40)
        assert lab.event(dev, 'txack')['queueItemId'] == item

    def test_acknowledgement_does_not_give_way_to_another(self, own_lab):
        lab = own_lab
        lab.daemon.write_config({'EU868': {'rx1_delay': '%ds' % RX1_DELAY_S}}, {})
        lab.daemon.restart('term')
        gw, a, b = lab.gateway(), lab.otaa(), lab.otaa()
        lab.join(lab.gateway(), a)
        lab.join(lab.gateway(), b)
        first = ask(gw, a)
        second = ask(gw, b, freq_hz=868300000)
        got = {d.freq_hz: d for d in (gw.wait_downlink(8), gw.wait_downlink(8))}
        lab.check_rx1(got[868100000], first, RX1_DELAY_S)
        lab.check_rx2(got[869525000], second, RX1_DELAY_S + 1)
