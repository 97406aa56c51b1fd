"""Class A downlinks: windows, the queue, what the gateway answers, acknowledgements."""
import os
import time

import pytest

import lorawan as lw
from daemon import wait_until
from gateway import SILENCE
from lorawan import EU868

ERRORS = ['TOO_LATE', 'TOO_EARLY', 'COLLISION_PACKET', 'COLLISION_BEACON', 'TX_FREQ', 'TX_POWER', 'GPS_UNLOCKED', 'UNKNOWN',
          'IGNORED', 'QUEUE_FULL', 'INTERNAL_ERROR', 'DUTY_CYCLE_OVERFLOW', 'SOMETHING_NEW']


def test_confirmed_uplink_is_acknowledged_in_rx1(lab, gw, dev):
    n, heard = lab.send(gw, dev, b'x', confirmed=True)
    down = lab.rx1(gw, dev, heard)
    assert down.ack and not down.confirmed and down.f_cnt == 0 and down.application() is None and not down.f_pending
    assert lab.device_json(dev)['f_cnt_down'] == 1


def test_unconfirmed_uplink_is_not_answered(lab, gw, dev):
    n, _ = lab.send(gw, dev, b'x')
    lab.up(dev, n)
    lab.nothing_more(gw)


@pytest.mark.parametrize('dr', range(7))
def test_rx1_uses_frequency_and_data_rate_of_the_uplink(lab, gw, dev, dr):
    freq = EU868.cf_list[dr % 5] if dr < 6 else 868300000
    n, heard = lab.send(gw, dev, b'x', confirmed=True, radio={'dr': dr, 'freq_hz': freq})
    assert lab.rx1(gw, dev, heard).ack


def test_queued_item_goes_down_in_rx1(lab, gw, dev):
    item = lab.push(dev, 10, b'\x01\xff')
    assert [q['queue_item_id'] for q in lab.queue(dev)] == [item]
    n, heard = lab.send(gw, dev, b'x')
    down = lab.rx1(gw, dev, heard)
    assert down.application() == (10, b'\x01\xff') and not down.ack and not down.confirmed and not down.f_pending
    e = lab.event(dev, 'txack')
    assert e['queueItemId'] == item and e['fCntDown'] == down.f_cnt and e['gatewayId'] == gw.gateway_id
    assert e['txInfo']['frequency'] == 868100000
    lab.wait_queue_empty(dev)
    f = lab.frame(down.phy)
    assert f['direction'] == 'down' and f['f_cnt'] == down.f_cnt and f['f_port'] == 10 and f['gateways'] == [gw.gateway_id]
    assert f['dev_eui'] == dev.dev_eui and f['drop_reason'] is None


def test_item_and_acknowledgement_share_a_frame(lab, gw, dev):
    lab.push(dev, 10, b'\x01')
    n, heard = lab.send(gw, dev, b'x', confirmed=True)
    down = lab.rx1(gw, dev, heard)
    assert down.ack and down.application() == (10, b'\x01')


def test_queue_is_first_in_first_out_and_f_pending_says_there_is_more(lab, gw, dev):
    for i in range(3):
        lab.push(dev, 10 + i, bytes([i]))
    for i in range(3):
        n, heard = lab.send(gw, dev, b'x')
        down = lab.rx1(gw, dev, heard)
        assert down.application() == (10 + i, bytes([i])) and down.f_pending == (i < 2)
        lab.event(dev, 'txack', count=i + 1)
    lab.wait_queue_empty(dev)


def test_item_pushed_right_after_the_event_makes_it_into_the_same_window(own_lab):
    """The application has downlink_data_delay to answer an event."""
    lab = own_lab
    lab.daemon.write_config({'EU868': {}}, {'deduplication_delay': '100ms', 'downlink_data_delay': '500ms'})
    lab.daemon.restart('term')
    gw, dev = lab.gateway(), lab.abp()
    with lab.daemon.control() as c:
        c.call('hello', {})
        _, sub = c.subscribe('event.tail')
        n, heard = lab.send(gw, dev, b'question')
        while c.item(sub)['kind'] != 'up':
            pass
        c.call('queue.push', {'dev_eui': dev.dev_eui, 'f_port': 3, 'data': '2a'})
        assert lab.rx1(gw, dev, heard).application() == (3, b'\x2a')


def test_every_port_limit(lab, dev):
    for port in (1, 223):
        lab.push(dev, port, b'x')
    for port in (0, 224, 255, 256, -1):
        r = lab.lsctl('queue', 'push', dev.dev_eui, '--port', port, '--hex', '01', check=False)
        assert r.rc in (2, 5), r
    assert len(lab.queue(dev)) == 2


def test_flush_empties_the_queue(lab, gw, dev):
    lab.push(dev, 1, b'x')
    lab.lsctl('queue', 'flush', dev.dev_eui, '--yes')
    assert lab.queue(dev) == []
    n, _ = lab.send(gw, dev, b'x')
    lab.up(dev, n)
    lab.nothing_more(gw)


def test_confirmed_downlink_is_acknowledged(lab, gw, dev):
    item = lab.push(dev, 10, b'\x01', '--confirmed')
    n, heard = lab.send(gw, dev, b'x')
    down = lab.rx1(gw, dev, heard)
    assert down.confirmed
    lab.event(dev, 'txack', queueItemId=item)
    n, heard = lab.send(gw, dev, b'y')      # the device sets ACK by itself
    assert heard.phy[5] & 0x20
    e = lab.event(dev, 'ack')
    assert e['acknowledged'] is True and e['queueItemId'] == item and e['fCntDown'] == down.f_cnt
    assert e['deduplicationId'] == lab.up(dev, n)['deduplicationId']
    lab.wait_queue_empty(dev)


def test_next_uplink_without_ack_is_a_nack(lab, gw, dev):
    item = lab.push(dev, 10, b'\x01', '--confirmed')
    n, heard = lab.send(gw, dev, b'x')
    down = lab.rx1(gw, dev, heard)
    lab.event(dev, 'txack', queueItemId=item)
    lab.send(gw, dev, b'y', ack=False)
    e = lab.event(dev, 'ack')
    assert e['acknowledged'] is False and e['queueItemId'] == item and e['fCntDown'] == down.f_cnt
    lab.fence()
    assert len(lab.all_events(dev, 'ack')) == 1


def test_repeat_is_no_nack(lab, gw, dev):
    item = lab.push(dev, 10, b'\x01', '--confirmed')
    n, heard = lab.send(gw, dev, b'x')
    lab.rx1(gw, dev, heard)
    lab.event(dev, 'txack', queueItemId=item)
    gw.skip(3)
    gw.send(dev.repeat())                   # the device did not hear the downlink
    lab.frame(dev.repeat(), drop_reason='repeat')
    lab.fence()
    assert lab.all_events(dev, 'ack') == []
    dev.session.ack_due = True
    lab.send(gw, dev, b'y')
    assert lab.event(dev, 'ack')['acknowledged'] is True


def test_rx2_follows_every_error_with_the_same_bytes(lab):
    """One device and gateway per error word, all at once."""
    cases = []
    for word in ERRORS:
        g, dev = lab.gateway(), lab.abp()
        g.answers = [word]
        cases.append((word, g, dev, lab.push(dev, 10, word.encode())))
    heard = {word: lab.send(g, dev, b'x')[1] for word, g, dev, _ in cases}
    for word, g, dev, item in cases:
        first = lab.check_rx1(g.wait_downlink(), heard[word])
        second = lab.check_rx2(g.wait_downlink(), heard[word])
        assert second.phy == first.phy, word
        assert dev.receive(second.phy).application() == (10, word.encode())
        e = lab.event(dev, 'txack', queueItemId=item)
        assert e['txInfo']['frequency'] == 869525000
        lab.wait_queue_empty(dev)


@pytest.mark.parametrize('answer', ['NONE', '', {}, {'warn': 'TX_POWER', 'value': 12}, {'warn': 'TX_POWER', 'value': '12'},
                                    b'\0', b'{}', b'{"txpk_ack":', b'{"txpk_ack":{"error":null}}'],
                         ids=['NONE', 'empty-word', 'empty-object', 'warn', 'warn-text', 'stray-octet', 'no-txpk-ack',
                              'cut-json', 'null'])
def test_answers_that_mean_sent(lab, gw, dev, answer):
    gw.answers = [{'error': answer} if isinstance(answer, str) else answer]
    item = lab.push(dev, 10, b'\x01')
    n, heard = lab.send(gw, dev, b'x')
    lab.rx1(gw, dev, heard)
    if answer == b'{"txpk_ack":':        # unreadable: nothing is known, so it counts as sent in the end
        lab.wait_queue_empty(dev)
    else:
        lab.event(dev, 'txack', queueItemId=item)
        lab.wait_queue_empty(dev)
    lab.nothing_more(gw)


def test_item_stays_when_both_windows_were_refused(lab, gw, dev):
    gw.answers = ['TOO_LATE', 'TOO_LATE']
    item = lab.push(dev, 10, b'\x01')
    n, heard = lab.send(gw, dev, b'x')
    first = lab.check_rx1(gw.wait_downlink(), heard)
    second = lab.check_rx2(gw.wait_downlink(), heard)
    assert first.phy == second.phy
    refused = dev.session.open(first.phy)
    lab.frame(first.phy, drop_reason='downlink_failed')
    assert [q['queue_item_id'] for q in lab.queue(dev)] == [item]
    assert lab.all_events(dev, 'txack') == []
    n, heard = lab.send(gw, dev, b'y')
    down = lab.rx1(gw, dev, heard)
    assert down.application() == (10, b'\x01') and down.f_cnt > refused.f_cnt
    assert lab.event(dev, 'txack')['queueItemId'] == item
    lab.wait_queue_empty(dev)


def test_item_too_long_for_rx2_waits_for_the_next_uplink(lab, gw, dev):
    payload = os.urandom(200)               # fits DR5, not DR0
    gw.answers = ['TOO_LATE']
    item = lab.push(dev, 10, payload)
    n, heard = lab.send(gw, dev, b'x')
    first = lab.check_rx1(gw.wait_downlink(), heard)
    refused = dev.session.open(first.phy)
    lab.nothing_more(gw)
    assert [q['queue_item_id'] for q in lab.queue(dev)] == [item]
    n, heard = lab.send(gw, dev, b'y')
    down = lab.rx1(gw, dev, heard)
    assert down.application() == (10, payload) and down.f_cnt > refused.f_cnt


def test_longest_payload_of_a_data_rate_fits(lab, gw, dev):
    payload = os.urandom(242)
    lab.push(dev, 1, payload)
    n, heard = lab.send(gw, dev, b'x')
    assert lab.rx1(gw, dev, heard).application() == (1, payload)


def test_item_too_long_for_the_data_rate_is_not_sent_but_named(lab, gw, dev):
    item = lab.push(dev, 1, os.urandom(52))
    n, heard = lab.send(gw, dev, b'x', confirmed=True, radio={'dr': 0, 'freq_hz': 868100000})
    down = lab.rx1(gw, dev, heard)          # the acknowledgement goes all the same
    assert down.ack and down.application() is None

    def named():
        log = [e for e in lab.all_events(dev, 'log') if e['code'] == 'DOWNLINK_PAYLOAD_SIZE']
        frames = lab.frames.all(lambda f: f.get('drop_reason') == 'payload_too_long' and f.get('dev_eui') == dev.dev_eui)
        return log or frames
    wait_until(named, 5, 'payload_too_long')
    log = [e for e in lab.all_events(dev, 'log') if e['code'] == 'DOWNLINK_PAYLOAD_SIZE']
    assert not log or log[0]['context']['queue_item_id'] == item


def test_silence_of_the_gateway_counts_as_sent(lab, gw, dev):
    gw.answers = [SILENCE]
    lab.push(dev, 10, b'\x01')
    n, heard = lab.send(gw, dev, b'x')
    lab.rx1(gw, dev, heard)
    lab.wait_queue_empty(dev)
    lab.nothing_more(gw)                    # and RX2 was not tried


def test_late_tx_ack_is_harmless(lab, gw, dev):
    gw.answers = [SILENCE]
    lab.push(dev, 10, b'\x01')
    n, heard = lab.send(gw, dev, b'x')
    down = gw.wait_downlink()
    dev.receive(down.phy)
    lab.wait_queue_empty(dev)
    gw.tx_ack(down.token, 'TOO_LATE')
    gw.tx_ack(down.token, 'OK')
    gw.tx_ack(b'zz', 'TOO_LATE')            # and so is one of a downlink that never was
    lab.exchange(gw, dev)


def test_tx_ack_of_another_gateway_is_not_believed(lab, gw, gw2, dev):
    gw.answers = [SILENCE]
    lab.push(dev, 10, b'\x01')
    n, heard = lab.send(gw, dev, b'x')
    down = gw.wait_downlink()
    dev.receive(down.phy)
    gw2.tx_ack(down.token, 'TOO_LATE')
    lab.nothing_more(gw, gw2)               # a believed error would have brought RX2
    lab.wait_queue_empty(dev)


def test_downlink_goes_through_the_strongest_gateway(lab, gw, gw2, dev):
    phy = dev.uplink(b'x', confirmed=True)
    gw.send(phy, rssi=-115, snr=-12.0, wait=False)
    heard = gw2.send(phy, rssi=-80, snr=8.0)
    lab.rx1(gw2, dev, heard)
    lab.nothing_more(gw, gw2)


def test_gateway_without_path_is_passed_over(lab, gw, dev):
    deaf = lab.gateway(pull=False)
    phy = dev.uplink(b'x', confirmed=True)
    deaf.send(phy, rssi=-40, snr=12.0, wait=False)
    heard = gw.send(phy, rssi=-100, snr=1.0)
    lab.rx1(gw, dev, heard)
    lab.nothing_more(deaf)


def test_item_stays_when_no_gateway_has_a_path(lab, gw, dev):
    deaf = lab.gateway(pull=False)
    item = lab.push(dev, 10, b'\x01')
    n, heard = lab.send(deaf, dev, b'x')
    lab.up(dev, n)
    lab.frames.wait(lambda f: f.get('drop_reason') == 'no_gateway_path' and f.get('dev_eui') == dev.dev_eui)
    assert [q['queue_item_id'] for q in lab.queue(dev)] == [item]
    n, heard = lab.send(gw, dev, b'y')
    assert lab.rx1(gw, dev, heard).application() == (10, b'\x01')


def test_copies_that_disagree_take_the_strongest_s_frequency(lab, gw, gw2, dev):
    phy = dev.uplink(b'x', confirmed=True)
    gw.send(phy, freq_hz=868300000, rssi=-120, snr=-19.0, wait=False)   # mirror reception
    heard = gw2.send(phy, freq_hz=868100000, rssi=-50, snr=9.0)
    lab.rx1(gw2, dev, heard)
    lab.nothing_more(gw, gw2)


def test_newest_pull_data_wins(lab, gw, dev):
    old = gw.pull.getsockname()
    gw.change_address()
    assert gw.pull.getsockname() != old
    n, heard = lab.send(gw, dev, b'x', confirmed=True)
    down = gw.wait_downlink()
    assert down.address == gw.pull.getsockname()
    lab.check_rx1(down, heard)
    dev.receive(down.phy)


def test_address_change_between_uplink_and_downlink(lab, gw, dev):
    n, heard = lab.send(gw, dev, b'x', confirmed=True)
    gw.change_address()
    down = gw.wait_downlink()
    lab.check_rx1(down, heard)
    dev.receive(down.phy)
    assert down.address == gw.pull.getsockname()


def test_pull_data_of_a_stranger_does_not_steal_downlinks(lab, gw, dev):
    stranger = lab.gateway(registered=False)
    n, heard = lab.send(gw, dev, b'x', confirmed=True)
    lab.rx1(gw, dev, heard)
    lab.nothing_more(stranger)


@pytest.mark.parametrize('start', [0x100000000 - 300000, 0x100000000 - 1000000, 0x100000000 - 1, 0],
                         ids=['wraps-before-the-window', 'window-at-zero', 'wraps-at-once', 'restarted'])
def test_gateway_counter_wraps_between_uplink_and_downlink(lab, gw, dev, start):
    lab.exchange(gw, dev)
    gw.set_tmst(start)
    phy = dev.uplink(b'x', confirmed=True)
    heard = gw.send(phy, tmst=start)
    down = lab.check_rx1(gw.wait_downlink(), heard)
    assert down.tmst == (start + 1000000) % 0x100000000
    assert dev.receive(down.phy).ack


def test_gateways_with_unlike_clocks_get_their_own_time(lab, gw, gw2, dev):
    gw.set_tmst(4000000000)
    gw2.set_tmst(17)
    phy = dev.uplink(b'x', confirmed=True)
    gw.send(phy, rssi=-100, snr=-5.0, wait=False)
    heard = gw2.send(phy, rssi=-60, snr=9.0)
    lab.rx1(gw2, dev, heard)


def test_version_1_gateway_gets_it_just_before_the_window(lab):
    """It has no queue: a second PULL_RESP would overwrite the first."""
    gw1, dev = lab.gateway(version=1), lab.otaa()
    heard = lab.send_join(gw1, dev)
    down = gw1.wait_downlink(8)
    lab.check_window(down, heard, 5, heard.freq_hz, heard.dr)
    assert down.version == 1 and down.margin_us < 1000000
    dev.accept(down.phy)
    lab.push(dev, 10, b'\x01')
    n, heard = lab.send(gw1, dev, b'x', confirmed=True)
    down = lab.rx1(gw1, dev, heard)
    assert down.ack and down.application() == (10, b'\x01')
    lab.wait_queue_empty(dev)               # removed on send: no TX_ACK will come


def test_version_of_the_latest_pull_data_is_used(lab, gw, dev):
    gw.version = 1
    gw.open_path()
    n, heard = lab.send(gw, dev, b'x', confirmed=True)
    assert gw.wait_downlink().version == 1


def test_link_check_is_answered(lab, gw, gw2, dev):
    phy = dev.uplink(f_opts=lw.mac_link_check_req())
    heard = gw.send(phy, snr=5.5, rssi=-60)  # margin 5.5 - -7.5
    gw2.send(phy, snr=-1.0, rssi=-99, wait=False)
    down = lab.rx1(gw, dev, heard)
    assert down.mac() == [(0x02, bytes([13, 2]))] and not down.ack


def test_link_check_on_port_0_is_answered(lab, gw, dev):
    n, phy = dev.f_cnt_up, dev.uplink(lw.mac_link_check_req(), f_port=0)
    heard = gw.send(phy, snr=-2.5, dr=3)     # SF9: floor -12.5
    down = lab.rx1(gw, dev, heard)
    assert down.mac() == [(0x02, bytes([10, 1]))]


def test_link_check_below_the_floor_has_margin_0(lab, gw, dev):
    heard = gw.send(dev.uplink(f_opts=lw.mac_link_check_req()), snr=-9.0)
    assert lab.rx1(gw, dev, heard).mac() == [(0x02, bytes([0, 1]))]


def test_link_check_is_answered_again_for_a_repeat(lab, gw, dev):
    phy = dev.uplink(b'x', f_port=1, confirmed=True, f_opts=lw.mac_link_check_req())
    lab.rx1(gw, dev, gw.send(phy, snr=5.5))
    gw.skip(3)
    down = lab.rx1(gw, dev, gw.send(phy, snr=2.5))
    assert down.ack and down.mac() == [(0x02, bytes([10, 1]))]


def gps_now():
    return time.time() - 315964800 + 18


@pytest.mark.parametrize('version', ['1.0.0', '1.0.3', '1.0.4'])   # whatever the profile's version says
def test_device_time_is_answered(lab, gw, version):
    dev = lab.abp(version)
    at = gps_now()
    heard = gw.send(dev.uplink(f_opts=lw.mac_device_time_req()))
    down = lab.rx1(gw, dev, heard)
    (cid, p), = down.mac()
    assert cid == 0x0d
    told = int.from_bytes(p[:4], 'little') + p[4] / 256
    assert -0.1 < told - at < 1.0            # reception here, not the moment of the answer


def test_device_time_uses_the_gateway_s_gps_time(lab, gw, dev):
    heard = gw.send(dev.uplink(f_opts=lw.mac_device_time_req()), time='2025-03-04T10:15:31.500000Z',
                    tmms=int((1741083331.5 - 315964800 + 18) * 1000))
    (cid, p), = lab.rx1(gw, dev, heard).mac()
    told = int.from_bytes(p[:4], 'little') + p[4] / 256
    near_gateway = abs(told - (1741083331.5 - 315964800 + 18)) < 0.1
    assert near_gateway or abs(told - gps_now()) < 5   # a claim far from the server's clock may be refused


def test_both_requests_are_answered_in_one_frame_with_the_item(lab, gw, dev):
    lab.push(dev, 10, b'\x01')
    n, heard = lab.send(gw, dev, f_opts=lw.mac_link_check_req() + lw.mac_device_time_req(), confirmed=True)
    down = lab.rx1(gw, dev, heard)
    assert {c for c, _ in down.mac()} == {0x02, 0x0d} and down.ack and down.application() == (10, b'\x01')


def test_adr_ack_req_is_answered_by_any_downlink(lab, gw, dev):
    n, heard = lab.send(gw, dev, b'x', adr=True, adr_ack_req=True)
    down = lab.rx1(gw, dev, heard)
    assert down.application() is None and not down.ack


def test_downlink_counter_goes_over_65535(lab, gw):
    dev = lab.abp(f_cnt_up=10, f_cnt_down=65535)
    for want in (65535, 65536, 65537):
        lab.push(dev, 4, b'%d' % want)
        n, heard = lab.send(gw, dev, b'x')
        down = lab.rx1(gw, dev, heard)
        assert down.f_cnt == want and down.application() == (4, b'%d' % want)
        lab.wait_queue_empty(dev)


def test_private_gateway_of_another_tenant_gives_no_service(lab, gw):
    lab.lsctl('tenant', 'create', 'other')
    g = lab.gateway(registered=False)
    lab.lsctl('gateway', 'create', g.gateway_id, '--name', 'theirs', '-t', 'other', '--private')
    dev = lab.abp()
    phy = dev.uplink(b'x', confirmed=True)
    g.send(phy, rssi=-30)
    lab.fence()
    assert lab.all_events(dev, 'up') == []
    lab.exchange(gw, dev)


def test_item_waits_when_mac_answers_leave_no_room_for_it(lab, gw, dev):
    """242 octets fit DR5, but not beside a LinkCheckAns: the answer goes alone, the item with the next uplink."""
    payload = os.urandom(242)
    item = lab.push(dev, 1, payload)
    n, heard = lab.send(gw, dev, b'x', f_opts=lw.mac_link_check_req())
    down = lab.rx1(gw, dev, heard)
    assert [c for c, _ in down.mac()] == [0x02] and down.application() is None and down.f_pending
    assert [q['queue_item_id'] for q in lab.queue(dev)] == [item]
    n, heard = lab.send(gw, dev, b'y')
    assert lab.rx1(gw, dev, heard).application() == (1, payload)
    assert not [e for e in lab.all_events(dev, 'log') if e['code'] == 'DOWNLINK_PAYLOAD_SIZE']


def test_queue_goes_on_after_an_activation_amid_a_downlink(lab, gw, dev):
    gw.answers = [SILENCE]
    lab.push(dev, 10, b'\x01')
    n, heard = lab.send(gw, dev, b'x')
    dev.receive(gw.wait_downlink().phy)
    old = dev.session
    dev.activate('01fe0%03x' % (hash(dev.dev_eui) & 0xfff), os.urandom(16), os.urandom(16))
    lab.lsctl('device', 'activate', dev.dev_eui, '--dev-addr', dev.dev_addr, '--nwk-s-key',
              lab.daemon.secret(dev.session.nwk_s_key), '--app-s-key', lab.daemon.secret(dev.session.app_s_key))
    assert old is not dev.session
    assert [q['state'] for q in lab.queue(dev)] != ['sent']
    n, heard = lab.send(gw, dev, b'y')
    assert lab.rx1(gw, dev, heard).application() == (10, b'\x01')    # better twice than never


def test_device_time_ignores_a_gateway_whose_gps_is_far_off(lab, gw, dev):
    at = gps_now()
    heard = gw.send(dev.uplink(f_opts=lw.mac_device_time_req()), tmms=1000)
    (cid, p), = lab.rx1(gw, dev, heard).mac()
    assert abs(int.from_bytes(p[:4], 'little') - at) < 2
