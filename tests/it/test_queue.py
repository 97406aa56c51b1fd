"""The life of queued downlinks: retries, expiry, not before, acknowledgements that do not come, restarts."""
import os
from datetime import datetime, timedelta, timezone

import pytest

from daemon import wait_until


def from_now(**delta):
    return (datetime.now(timezone.utc) + timedelta(**delta)).strftime('%Y-%m-%dT%H:%M:%S.%fZ')


def item_of(lab, dev, item):
    return next(q for q in lab.queue(dev) if q['queue_item_id'] == item)


def send_down(lab, gw, dev, **kw):
    """An uplink whose answer carries an item, received by the device: (downlink, its txack)."""
    before = len(lab.all_events(dev, 'txack'))
    _, heard = lab.send(gw, dev, b'u', **kw)
    down = lab.rx1(gw, dev, heard)
    return down, lab.event(dev, 'txack', count=before + 1)


def deaf_send_down(lab, gw, dev):
    """The same, but the device hears nothing of it."""
    before = len(lab.all_events(dev, 'txack'))
    _, heard = lab.send(gw, dev, b'u', ack=False)
    down = dev.session.open(lab.check_rx1(gw.wait_downlink(), heard).phy)
    lab.event(dev, 'txack', count=before + 1)
    return down


def test_confirmed_item_is_sent_again_with_a_new_counter_until_it_is_acknowledged(lab, gw, dev):
    item = lab.push(dev, 10, b'\x01', '--confirmed', '--retries', 3)
    first = deaf_send_down(lab, gw, dev)
    assert item_of(lab, dev, item)['attempts'] == 1
    second = deaf_send_down(lab, gw, dev)
    assert second.confirmed and second.application() == (10, b'\x01') and second.f_cnt == first.f_cnt + 1
    assert lab.all_events(dev, 'ack') == []
    n, heard = lab.send(gw, dev, b'u', ack=False)
    third = lab.rx1(gw, dev, heard)         # now the device hears it, and acknowledges with its next uplink
    assert third.f_cnt == second.f_cnt + 1
    lab.event(dev, 'txack', count=3)
    n, heard = lab.send(gw, dev, b'y')
    e = lab.event(dev, 'ack')
    assert e['acknowledged'] is True and e['queueItemId'] == item and e['fCntDown'] == third.f_cnt
    assert e['deduplicationId'] == lab.up(dev, n)['deduplicationId']
    lab.wait_queue_empty(dev)


def test_one_event_says_that_the_last_try_was_not_acknowledged(lab, gw, dev):
    item = lab.push(dev, 10, b'\x01', '--confirmed', '--retries', 1)
    deaf_send_down(lab, gw, dev)
    last = deaf_send_down(lab, gw, dev)
    lab.send(gw, dev, b'y', ack=False)
    e = lab.event(dev, 'ack')
    assert e['acknowledged'] is False and e['queueItemId'] == item and e['fCntDown'] == last.f_cnt
    lab.wait_queue_empty(dev)
    lab.nothing_more(gw)
    assert len(lab.all_events(dev, 'ack')) == 1


def test_items_behind_a_retry_keep_their_order(lab, gw, dev):
    """D8: the item that was not acknowledged goes again before those behind it."""
    lab.push(dev, 10, b'\x01', '--confirmed', '--retries', 1)
    lab.push(dev, 11, b'\x02')
    assert deaf_send_down(lab, gw, dev).f_pending
    again = deaf_send_down(lab, gw, dev)
    assert again.application() == (10, b'\x01') and again.f_pending
    down, _ = send_down(lab, gw, dev, ack=False)
    assert down.application() == (11, b'\x02') and not down.f_pending
    lab.wait_queue_empty(dev)


def test_expired_item_is_dropped_without_an_uplink_and_takes_no_counter(lab, gw, dev):
    """D10"""
    before = lab.device_json(dev)['f_cnt_down']
    item = lab.push(dev, 10, b'\x01', '--expires', '300ms')
    e = lab.event(dev, 'log', code='EXPIRED')
    assert e['level'] == 'ERROR' and e['context'] == {'queue_item_id': item}
    assert lab.queue(dev) == []
    lab.send(gw, dev, b'u')
    lab.nothing_more(gw)
    n, heard = lab.send(gw, dev, b'u', confirmed=True)
    assert lab.rx1(gw, dev, heard).f_cnt == before
    assert lab.all_events(dev, 'ack') == []


def test_item_goes_before_it_expires(lab, gw, dev):
    lab.push(dev, 10, b'\x01', '--expires', '1h')
    down, _ = send_down(lab, gw, dev)
    assert down.application() == (10, b'\x01')
    lab.wait_queue_empty(dev)


def test_retries_end_when_the_item_expires(lab, gw, dev):
    item = lab.push(dev, 10, b'\x01', '--confirmed', '--retries', 100, '--expires', from_now(seconds=6))
    down = deaf_send_down(lab, gw, dev)
    lab.send(gw, dev, b'y', ack=False)      # back to waiting, and over its time before another window
    gw.wait_downlink()
    lab.event(dev, 'txack', count=2)
    wait_until(lambda: datetime.now(timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%fZ') > item_of(lab, dev, item)['expires_at'], 10,
               'end of its time')
    lab.send(gw, dev, b'z', ack=False)
    e = lab.event(dev, 'ack')
    assert e['acknowledged'] is False and e['queueItemId'] == item and e['fCntDown'] == down.f_cnt + 1
    lab.wait_queue_empty(dev)
    lab.nothing_more(gw)


def test_item_does_not_go_before_its_time_and_others_pass_it(lab, gw, dev):
    later = lab.push(dev, 10, b'\x01', '--not-before', from_now(seconds=5))
    lab.push(dev, 11, b'\x02')
    down, _ = send_down(lab, gw, dev)
    assert down.application() == (11, b'\x02') and not down.f_pending
    assert [q['queue_item_id'] for q in lab.queue(dev)] == [later]
    wait_until(lambda: datetime.now(timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%fZ') > item_of(lab, dev, later)['not_before'],
               10, 'its time')
    down, _ = send_down(lab, gw, dev)
    assert down.application() == (10, b'\x01')


def test_repeat_is_told_that_more_waits_but_takes_no_item(lab, gw, dev):
    n, heard = lab.send(gw, dev, b'x', confirmed=True)
    lab.check_rx1(gw.wait_downlink(), heard)
    lab.push(dev, 10, b'\x01')
    gw.skip(3)
    heard = gw.send(dev.repeat())
    down = dev.session.open(lab.check_rx1(gw.wait_downlink(), heard).phy)
    assert down.ack and down.application() is None and down.f_pending
    assert len(lab.queue(dev)) == 1


def test_acknowledgement_that_comes_with_a_repeat_of_the_downlink_under_way_counts(lab, gw, dev):
    """The device heard the first try; its ACK crosses the second."""
    item = lab.push(dev, 10, b'\x01', '--confirmed', '--retries', 1)
    n, heard = lab.send(gw, dev, b'u', ack=False)
    lab.rx1(gw, dev, heard)                 # heard, ACK is due
    lab.event(dev, 'txack')
    dev.session.ack_due = False
    lab.send(gw, dev, b'v', ack=False)      # built before it was heard
    gw.wait_downlink()
    lab.event(dev, 'txack', count=2)
    lab.send(gw, dev, b'w', ack=True)
    assert lab.event(dev, 'ack')['acknowledged'] is True
    lab.wait_queue_empty(dev)


def class_c(lab, gw):
    dev = lab.abp(profile=lab.profile('1.0.3', None, '--supports-class-c', '--class-c-timeout-s', '1'))
    n, _ = lab.send(gw, dev, b'first')
    lab.up(dev, n)
    return dev


def test_class_c_item_is_sent_again_when_its_acknowledgement_does_not_come(lab, gw):
    dev = class_c(lab, gw)
    item = lab.push(dev, 10, b'\x01', '--confirmed', '--retries', 1)
    first = dev.session.open(gw.wait_downlink(8, device_class='C').phy)
    second = dev.session.open(gw.wait_downlink(8, device_class='C').phy)
    assert first.confirmed and second.confirmed and second.f_cnt == first.f_cnt + 1
    assert second.application() == (10, b'\x01')
    e = lab.event(dev, 'ack', 8)
    assert e['acknowledged'] is False and e['queueItemId'] == item and e['fCntDown'] == second.f_cnt
    assert e['deduplicationId'] == ''
    lab.wait_queue_empty(dev)


def test_class_c_item_waits_for_its_time(lab, gw):
    dev = class_c(lab, gw)
    due = from_now(seconds=3)
    lab.push(dev, 10, b'\x01', '--not-before', due)
    down = gw.wait_downlink(12, device_class='C')
    assert datetime.now(timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%fZ') >= due
    assert dev.receive(down.phy, class_a=False).application() == (10, b'\x01')


def test_life_of_an_item_is_listed_and_survives_a_restart(own_lab):
    lab = own_lab
    gw, dev = lab.gateway(), lab.abp()
    expires, later = from_now(hours=1), from_now(hours=2)
    one = lab.push(dev, 10, b'\x01', '--confirmed', '--retries', 2, '--expires', expires)
    two = lab.push(dev, 11, b'\x02', '--not-before', later)
    three = lab.push(dev, 12, b'\x03', '--expires', '1500ms')
    deaf_send_down(lab, gw, dev)
    lab.daemon.restart('kill')
    gw.open_path()
    wait_until(lambda: three not in [q['queue_item_id'] for q in lab.queue(dev)], 10, 'expiry after the restart')
    a, b = item_of(lab, dev, one), item_of(lab, dev, two)
    assert (a['confirmed'], a['retries'], a['attempts'], a['state'], a['expires_at']) == (True, 2, 1, 'sent', expires)
    assert a['not_before'] is None
    assert (b['retries'], b['attempts'], b['state'], b['not_before'], b['expires_at']) == (0, 0, 'waiting', later, None)
    _, heard = lab.send(gw, dev, b'u', ack=False)
    assert dev.session.open(lab.check_rx1(gw.wait_downlink(), heard).phy).application() == (10, b'\x01')
    wait_until(lambda: item_of(lab, dev, one)['attempts'] == 2, 5, 'the second attempt')


@pytest.mark.parametrize('flags', [('--retries', 1), ('--confirmed', '--retries', 101), ('--expires', '2020-01-01T00:00:00Z'),
                                   ('--expires', '1h', '--not-before', '2h'), ('--expires', '10x')],
                         ids=['retries-unconfirmed', 'too-many-retries', 'over', 'expires-first', 'no-time'])
def test_push_refuses_a_life_that_makes_no_sense(lab, dev, flags):
    r = lab.lsctl('queue', 'push', dev.dev_eui, '--port', 1, '--hex', '01', *flags, check=False)
    assert r.rc in (2, 5), r
    assert lab.queue(dev) == []


def test_size_is_checked_by_the_rate_of_the_window(lab, gw, dev):
    """51 octets fit the slowest rate, one more does not: that one waits for a faster uplink or RX2 of one."""
    item = lab.push(dev, 10, os.urandom(52))
    n, heard = lab.send(gw, dev, b'x', radio={'dr': 0, 'freq_hz': 868100000})
    e = lab.event(dev, 'log', code='DOWNLINK_PAYLOAD_SIZE')
    assert e['context']['queue_item_id'] == item and e['context']['max_payload_size'] == '51'
    payload = os.urandom(51)
    lab.push(dev, 10, payload)
    n, heard = lab.send(gw, dev, b'x', radio={'dr': 0, 'freq_hz': 868100000})
    assert lab.rx1(gw, dev, heard).application() == (10, payload)
