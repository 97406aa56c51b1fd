"""Class C: what is due leaves at once, in the RX2 the device has, but never past the windows of an uplink."""
import pytest

from daemon import wait_until
from lorawan import EU868


@pytest.fixture
def dev(lab):
    """A device of 1.0.4 whose profile says class C."""
    return lab.abp('1.0.4', profile=lab.profile('1.0.4', None, '--supports-class-c'))


def wake(lab, gw, dev):
    """An uplink, after which the device may be sent to; returns when its windows are over."""
    n, heard = lab.send(gw, dev, b'here')
    lab.up(dev, n)
    windows_over(heard)


def windows_over(heard, delay_s=1.5):
    wait_until(lambda: (heard.gateway.tmst() - heard.tmst) & 0xffffffff > delay_s * 1e6, 10, 'the end of RX1')


def take(gw, dev, timeout=5.0):
    """A downlink that is to be sent at once, received by the device."""
    t = gw.wait_downlink(timeout, device_class='C')
    assert t.txpk['imme'] is True and 'tmst' not in t.txpk and 'tmms' not in t.txpk, t.text
    assert (t.freq_hz, t.datr) == (EU868.rx2[0], EU868.rates[EU868.rx2[1]])
    return dev.receive(t.phy, class_a=False)


def test_item_leaves_at_once_in_the_parameters_of_rx2(lab, gw, dev):
    wake(lab, gw, dev)
    item = lab.push(dev, 10, b'\x01\xff')
    down = take(gw, dev)
    assert down.application() == (10, b'\x01\xff') and not down.confirmed and not down.ack
    e = lab.event(dev, 'txack')
    assert e['queueItemId'] == item and e['fCntDown'] == down.f_cnt and e['gatewayId'] == gw.gateway_id
    assert e['txInfo']['timing'] == {'immediately': {}} and e['deviceInfo']['deviceClassEnabled'] == 'CLASS_C'
    lab.wait_queue_empty(dev)
    f = lab.frame(down.phy)
    assert f['direction'] == 'down' and f['class'] == 'C' and f['window'] is None and f['gateways'] == [gw.gateway_id]
    assert lab.device_json(dev)['device_class'] == 'C'


def test_items_follow_each_other_in_order(lab, gw, dev):
    wake(lab, gw, dev)
    for i in range(3):
        lab.push(dev, 10 + i, bytes([i]))
    for i in range(3):
        down = take(gw, dev, 8)
        assert down.application() == (10 + i, bytes([i])) and not (down.f_pending and i == 2)
    lab.wait_queue_empty(dev)


def test_nothing_leaves_before_the_first_uplink(lab, gw, dev):
    lab.push(dev, 10, b'\x01')
    lab.nothing_more(gw)
    n, heard = lab.send(gw, dev, b'x')
    down = lab.rx1(gw, dev, heard)
    assert down.application() == (10, b'\x01')


def test_what_is_due_goes_into_the_window_of_an_uplink(lab, gw, dev):
    wake(lab, gw, dev)
    n, heard = lab.send(gw, dev, b'x')
    lab.up(dev, n)
    lab.push(dev, 10, b'\x02')
    first = gw.wait_downlink(5, device_class='C')
    if first.tmst is not None:
        lab.check_rx1(first, heard)
    else:       # the answer was made already: only after RX1
        assert (first.tmst_now - heard.tmst) & 0xffffffff > 1000000
    assert dev.receive(first.phy).application() == (10, b'\x02')
    lab.nothing_more(gw)


def test_a_new_session_is_served_after_its_first_uplink(lab, gw):
    dev = lab.otaa('1.0.4', profile=lab.profile('1.0.4', None, '--supports-class-c'))
    lab.join(gw, dev)
    lab.push(dev, 10, b'\x01')
    lab.nothing_more(gw)
    n, heard = lab.send(gw, dev, b'x')
    assert lab.rx1(gw, dev, heard).application() == (10, b'\x01')
    windows_over(heard)
    lab.push(dev, 10, b'\x02')
    assert take(gw, dev).application() == (10, b'\x02')
    lab.event(dev, 'txack', count=2)
    lab.join(gw, dev)         # which session the device has is not known now
    lab.push(dev, 10, b'\x03')
    lab.nothing_more(gw)
    n, heard = lab.send(gw, dev, b'y')
    assert lab.rx1(gw, dev, heard).application() == (10, b'\x03')


def test_one_confirmed_item_is_open_at_a_time(lab, gw, dev):
    wake(lab, gw, dev)
    lab.push(dev, 10, b'\x01', '--confirmed')
    lab.push(dev, 10, b'\x02', '--confirmed')
    down = take(gw, dev)
    assert down.confirmed and down.application() == (10, b'\x01')
    lab.event(dev, 'txack')
    lab.nothing_more(gw)
    n, heard = lab.send(gw, dev, b'x', ack=True)
    assert lab.event(dev, 'ack')['acknowledged'] is True
    second = gw.wait_downlink(5, device_class='C')
    assert dev.receive(second.phy).application() == (10, b'\x02')


def test_an_acknowledgement_that_does_not_come_is_given_up(lab, gw):
    profile = lab.profile('1.0.4', None, '--supports-class-c', '--class-c-timeout-s', '1')
    dev = lab.abp('1.0.4', profile=profile)
    wake(lab, gw, dev)
    first = lab.push(dev, 10, b'\x01', '--confirmed')
    lab.push(dev, 10, b'\x02')
    assert take(gw, dev).application() == (10, b'\x01')
    e = lab.event(dev, 'ack', 8)
    assert e['acknowledged'] is False and e['queueItemId'] == first
    assert take(gw, dev).application() == (10, b'\x02')


def test_a_refused_downlink_is_sent_again_under_a_new_counter(lab, gw, dev):
    wake(lab, gw, dev)
    gw.answers = ['TX_FREQ']
    lab.push(dev, 10, b'\x01')
    refused = gw.wait_downlink(5, device_class='C')
    down = take(gw, dev, 8)
    assert down.application() == (10, b'\x01')
    assert dev.session.f_cnt_down > 1 and refused.phy != down.phy
    lab.wait_queue_empty(dev)


def test_the_gateway_that_hears_it_best_is_used(lab, gw, gw2, dev):
    phy = dev.uplink(b'x')
    gw.send(phy, snr=-8.0)
    windows_over(gw2.send(phy, snr=9.0))
    lab.push(dev, 10, b'\x01')
    assert take(gw2, dev).application() == (10, b'\x01')
    assert not gw.untaken()


def test_without_a_path_it_waits_and_says_so(lab, gw, dev):
    other = lab.profile('1.0.4', None, '--supports-class-c', '--class-c-timeout-s', '2')
    silent = lab.gateway(pull=False)
    unreachable = lab.abp('1.0.4', profile=other)
    wake(lab, silent, unreachable)
    lab.push(unreachable, 10, b'\x01')
    f = lab.frames.wait(lambda f: f.get('dev_eui') == unreachable.dev_eui and f.get('drop_reason'), 5)
    assert f['drop_reason'] == 'no_gateway_path'
    assert unreachable.session.f_cnt_down == 0 and lab.device_json(unreachable)['f_cnt_down'] == 0
    silent.open_path()
    assert take(silent, unreachable, 10).application() == (10, b'\x01')


def test_a_class_a_profile_is_not_sent_to(lab, gw):
    dev = lab.abp('1.0.4')
    n, heard = lab.send(gw, dev, b'x')
    windows_over(heard)
    lab.push(dev, 10, b'\x01')
    lab.nothing_more(gw)


def test_a_device_of_1_1_says_its_class_itself(lab):
    gw = lab.gateway()
    dev = lab.otaa('1.1.0', profile=lab.profile('1.1.0', None, '--supports-class-c'))
    lab.join(gw, dev)
    lab.exchange(gw, dev)
    assert lab.device_json(dev)['device_class'] == 'A'
    dev.mac.indicate('DeviceModeInd', **{'class': 2})
    n, heard = lab.send(gw, dev, b'x')
    down = lab.rx1(gw, dev, heard)
    assert any(c.name == 'DeviceModeConf' for c in down.commands()) and dev.mac.device_class == 'C'
    windows_over(heard)
    lab.push(dev, 10, b'\x01')
    down = take(gw, dev)
    assert down.application() == (10, b'\x01') and down.counter == 'a'
    dev.mac.indicate('DeviceModeInd', **{'class': 0})
    gw2 = lab.gateway()     # the other one is on air
    n, heard = lab.send(gw2, dev, b'x')
    lab.rx1(gw2, dev, heard)
    windows_over(heard)
    lab.push(dev, 10, b'\x02')
    lab.nothing_more(gw, gw2)
    assert lab.device_json(dev)['device_class'] == 'A'


def test_the_word_of_a_device_counts_also_before_1_1(lab):
    gw = lab.gateway()
    dev = lab.otaa('1.0.3', profile=lab.profile('1.0.3', None, '--supports-class-c'))
    lab.join(gw, dev)
    lab.exchange(gw, dev)
    assert lab.device_json(dev)['device_class'] == 'C'
    for told, name in ((0, 'A'), (2, 'C')):
        gw = lab.gateway()
        n, heard = lab.send(gw, dev, b'x', f_opts=bytes([0x20, told]))
        down = lab.rx1(gw, dev, heard)
        assert [c.payload for c in down.commands() if c.name == 'DeviceModeConf'] == [bytes([told])]
        n, heard = lab.send(gw, dev, b'x')      # it is remembered
        lab.up(dev, n)
        lab.fence()
        assert lab.device_json(dev)['device_class'] == name


def test_gateways_are_known_after_a_restart(own_lab):
    lab = own_lab
    gw = lab.gateway()
    dev = lab.abp('1.0.4', profile=lab.profile('1.0.4', None, '--supports-class-c'))
    wake(lab, gw, dev)
    lab.daemon.restart('kill')
    gw.open_path()
    lab.push(dev, 10, b'\x05')
    assert take(gw, dev, 8).application() == (10, b'\x05')
    lab.wait_queue_empty(dev)


def test_items_queued_before_a_restart_leave_after_it(own_lab):
    lab = own_lab
    gw = lab.gateway()
    dev = lab.abp('1.0.4', profile=lab.profile('1.0.4', None, '--supports-class-c'))
    wake(lab, gw, dev)
    gw.stop_pulling()
    lab.daemon.restart('term')
    lab.push(dev, 10, b'\x06')      # no path yet
    lab.daemon.restart('kill')
    gw.open_path()
    assert take(gw, dev, 12).application() == (10, b'\x06')
    lab.wait_queue_empty(dev)
