"""The same counter again: copies, late copies, repeats."""
import time

import pytest

import lorawan as lw

def again(lab, gw, dev, phy=None, seconds=3):
    """Transmit the last frame again, so much later by the gateway's counter."""
    gw.skip(seconds)
    return gw.send(phy or dev.repeat())


def test_repeat_of_a_confirmed_uplink_is_acknowledged_again_without_a_second_event(lab, gw, dev):
    n, heard = lab.send(gw, dev, b'once', confirmed=True)
    first = lab.rx1(gw, dev, heard)
    time.sleep(2.05)                         # no device repeats before its RX2 is over, RxDelay + 1 s; others skip()
    heard = gw.send(dev.repeat())
    second = lab.rx1(gw, dev, heard)
    assert second.ack and second.f_cnt > first.f_cnt
    f = lab.frame(heard.phy, drop_reason='repeat')
    assert f['dev_eui'] == dev.dev_eui
    n, heard = lab.send(gw, dev, b'next')
    lab.up(dev, n)
    assert [e['fCnt'] for e in lab.all_events(dev, 'up')] == [0, 1]


def test_rebuilt_header_with_the_same_counter_is_a_repeat(lab, gw, dev):
    """LMIC builds the frame anew for each try: bits and FOpts may differ."""
    n = dev.f_cnt_up
    lab.rx1(gw, dev, gw.send(dev.uplink(b'once', f_port=1, confirmed=True)))
    phy = dev.uplink(b'once', f_port=1, confirmed=True, adr=True, f_opts=lw.mac_link_check_req(), f_cnt=n)
    down = lab.rx1(gw, dev, again(lab, gw, dev, phy))
    assert down.ack
    lab.send(gw, dev, b'next')
    lab.up(dev, n + 1)
    assert len(lab.all_events(dev, 'up')) == 2


def test_same_counter_with_a_bad_mic_is_refused(lab, gw, dev):
    n, heard = lab.send(gw, dev, b'good')
    lab.up(dev, n)
    bad = heard.phy[:-1] + bytes([heard.phy[-1] ^ 0x80])
    gw.skip(3)
    gw.send(bad)
    lab.dropped(bad, 'mic_mismatch')


@pytest.mark.parametrize('version', ['1.0.0', '1.0.3'])
def test_repeats_are_answered_up_to_eight_transmissions_before_1_0_4(lab, gw, version):
    dev = lab.abp(version)
    n, heard = lab.send(gw, dev, b'deaf', confirmed=True)
    lab.rx1(gw, dev, heard)
    for i in range(2, 9):
        assert lab.rx1(gw, dev, again(lab, gw, dev)).ack, i
    again(lab, gw, dev)                      # the ninth
    lab.frame(dev.repeat(), drop_reason='too_many_repeats')
    lab.nothing_more(gw)
    assert len(lab.all_events(dev, 'up')) == 1


def test_1_0_4_answers_repeats_up_to_nb_trans_only(lab, gw):
    dev = lab.abp('1.0.4')                   # NbTrans is 1 until told otherwise
    n, heard = lab.send(gw, dev, b'deaf', confirmed=True)
    lab.rx1(gw, dev, heard)
    again(lab, gw, dev)
    lab.frame(dev.repeat(), drop_reason='too_many_repeats')
    lab.nothing_more(gw)


def test_repeat_of_an_unconfirmed_uplink_is_noted_and_not_answered(lab, gw, dev):
    n, heard = lab.send(gw, dev, b'once')
    lab.up(dev, n)
    again(lab, gw, dev)
    lab.frame(dev.repeat(), drop_reason='repeat')
    lab.nothing_more(gw)
    assert len(lab.all_events(dev, 'up')) == 1


def test_repeat_takes_no_queue_item(lab, gw, dev):
    n, heard = lab.send(gw, dev, b'x', confirmed=True)
    lab.rx1(gw, dev, heard)
    item = lab.push(dev, 10, b'\x01')
    down = lab.rx1(gw, dev, again(lab, gw, dev))
    assert down.ack and down.application() is None
    assert [q['queue_item_id'] for q in lab.queue(dev)] == [item]
    n, heard = lab.send(gw, dev, b'y')
    assert lab.rx1(gw, dev, heard).application() == (10, b'\x01')


def test_repeat_is_served_like_the_first_when_nothing_was_transmitted(lab, gw, dev):
    gw.answers = ['TOO_LATE', 'TOO_LATE']
    item = lab.push(dev, 10, b'\x01')
    n, heard = lab.send(gw, dev, b'x', confirmed=True)
    for _ in range(2):
        dev.session.open(gw.wait_downlink().phy)
    lab.frames.wait(lambda f: f.get('drop_reason') == 'downlink_failed' and f.get('dev_eui') == dev.dev_eui)
    down = lab.rx1(gw, dev, again(lab, gw, dev))
    assert down.ack and down.application() == (10, b'\x01')
    assert lab.event(dev, 'txack')['queueItemId'] == item
    assert len(lab.all_events(dev, 'up')) == 1


def test_late_copy_is_noted_and_never_answered(lab, gw, gw2, dev):
    n, heard = lab.send(gw, dev, b'x', confirmed=True)
    lab.up(dev, n)                           # its window is closed
    gw2.send(heard.phy, rssi=-20, snr=12.0)
    down = lab.rx1(gw, dev, heard)
    f = lab.dropped(heard.phy, 'late_copy')
    assert f['gateways'] == [gw2.gateway_id] and f['dev_eui'] == dev.dev_eui
    lab.nothing_more(gw, gw2)
    assert len(lab.all_events(dev, 'up')) == 1 and down.f_cnt == 0


def test_same_frame_with_the_same_gateway_time_is_a_late_copy(lab, gw, dev):
    """A gateway that sends its datagram twice is not a device that repeats."""
    n, heard = lab.send(gw, dev, b'x', confirmed=True)
    lab.rx1(gw, dev, heard)
    gw.send(heard.phy, tmst=heard.tmst)
    lab.dropped(heard.phy, 'late_copy')
    lab.nothing_more(gw)


def test_datagram_sent_twice_is_one_reception(lab, gw, dev):
    n, phy = dev.f_cnt_up, dev.uplink(b'x')
    _, rxpk = gw.hear(phy)
    for _ in range(3):
        gw.push_data({'rxpk': [rxpk]}, wait=False)
    assert len(lab.up(dev, n)['rxInfo']) == 1


def test_late_copy_of_a_join_request_is_not_answered(lab, gw, gw2):
    dev = lab.otaa()
    heard = lab.send_join(gw, dev)
    lab.take_accept(gw, dev, heard)
    gw2.send(heard.phy)
    lab.dropped(heard.phy, ('late_copy', 'dev_nonce_used'))
    lab.nothing_more(gw, gw2)
    lab.exchange(gw, dev)


def test_repeat_through_two_gateways_is_one_transmission(lab, gw, gw2, dev):
    n, phy = dev.f_cnt_up, dev.uplink(b'x', confirmed=True)
    gw2.send(phy, rssi=-100, snr=-5.0, wait=False)
    lab.rx1(gw, dev, gw.send(phy))
    gw.skip(3)
    gw2.skip(3)
    gw2.send(phy, rssi=-100, snr=-5.0, wait=False)
    assert lab.rx1(gw, dev, gw.send(phy)).ack
    lab.nothing_more(gw, gw2)
    assert len(lab.all_events(dev, 'up')) == 1
