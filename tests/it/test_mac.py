"""MAC commands: what is wished reaches the device, what it refuses is not asked again, and an operator can send any by hand."""
import pytest

VERSIONS = ['1.0.0', '1.0.1', '1.0.2', '1.0.3', '1.0.4', '1.1']
WISHES = ('--desired-rx1-delay-s', '2', '--desired-rx2-dr', '3', '--desired-max-duty-cycle', '2', '--adr-algorithm', 'off',
          '--dev-status-interval-s', '0')
QUIET = ('--adr-algorithm', 'off', '--dev-status-interval-s', '0')


def commands(down):
    return [c.name for c in down.commands()] if down else []


def confirmed_uplink(lab, gw, dev, **kw):
    """One uplink that is answered in any case; what the answer asks."""
    n, heard = lab.send(gw, dev, b'x', confirmed=True, **kw)
    lab.up(dev, n)
    return commands(lab.rx1(gw, dev, heard))


def shown(lab, dev):
    rows = lab.lsctl('device', 'mac', 'show', dev.dev_eui, '-o', 'jsonl').jsonl()
    return {r['item']: r for r in rows}


@pytest.mark.parametrize('version', VERSIONS)
def test_wishes_of_the_profile_reach_the_device(lab, version):
    gw, dev = lab.gateway(), lab.abp(version, profile=lab.profile(version, None, *WISHES))
    asked = [confirmed_uplink(lab, gw, dev) for _ in range(4)]
    assert dev.mac.rx1_delay == 2 and dev.mac.rx2[1] == 3 and dev.mac.max_dcycle == 2
    assert not [c for c in asked[-1] if c.endswith('Req')], asked
    rows = shown(lab, dev)
    assert (rows['rx1_delay_s']['wish'], rows['rx1_delay_s']['acknowledged']) == ('2', '2')
    assert rows['max_duty_cycle']['acknowledged'] == '2'
    assert 'DR3' in rows['rx_param']['acknowledged']
    assert not any(r['refused'] or r['asked'] for r in rows.values())


def test_wish_of_a_device_goes_before_that_of_its_profile(lab):
    gw, dev = lab.gateway(), lab.abp('1.0.3', profile=lab.profile('1.0.3', None, *WISHES))
    lab.lsctl('device', 'set', dev.dev_eui, '--desired-rx1-delay-s', '1', '--desired-max-duty-cycle', '4')
    for _ in range(2):
        confirmed_uplink(lab, gw, dev)
    assert dev.mac.rx1_delay == 1 and dev.mac.max_dcycle == 4 and dev.mac.rx2[1] == 3


def test_refused_parameter_is_shown_and_not_asked_again(lab):
    gw, dev = lab.gateway(), lab.abp('1.0.3', profile=lab.profile('1.0.3', None, *WISHES))
    dev.mac.refuse[0x05] = 0x05
    asked = [confirmed_uplink(lab, gw, dev) for _ in range(6)]
    assert sum(a.count('RXParamSetupReq') for a in asked) == 1
    assert dev.mac.rx1_delay == 2 and dev.mac.rx2[1] == 0
    row = shown(lab, dev)['rx_param']
    assert 'refused' in row['refused'] and 'DR3' in row['refused'] and 'DR3' in row['wish'] and 'DR0' in row['acknowledged']
    dev.mac.refuse.clear()
    lab.lsctl('device', 'set', dev.dev_eui, '--desired-rx2-dr', '2')
    assert 'RXParamSetupReq' in confirmed_uplink(lab, gw, dev)
    confirmed_uplink(lab, gw, dev)
    assert shown(lab, dev)['rx_param']['refused'] is None


def test_silent_device_is_asked_less_and_less_by_itself(lab):
    gw, dev = lab.gateway(), lab.abp('1.0.3', profile=lab.profile('1.0.3', None, *WISHES))
    dev.answers = False
    answered = []
    for i in range(14):
        n, heard = lab.send(gw, dev, b'x')
        lab.up(dev, n)
        lab.fence()
        down = gw.untaken()
        if down:
            dev.receive(gw.wait_downlink().phy)
            answered.append(i)
    assert answered[0] == 0 and len(answered) <= 4, answered


def test_status_asked_by_hand_is_an_event(lab):
    gw, dev = lab.gateway(), lab.abp('1.0.3', profile=lab.profile('1.0.3', None, *QUIET))
    confirmed_uplink(lab, gw, dev)
    lab.lsctl('device', 'mac', 'send', dev.dev_eui, 'dev-status')
    assert shown(lab, dev)['queued']['wish'] == 'DevStatusReq'
    dev.mac.battery, dev.mac.snr_margin = 127, -3
    n, heard = lab.send(gw, dev, b'x')
    assert commands(lab.rx1(gw, dev, heard)) == ['DevStatusReq']
    assert shown(lab, dev)['status']['asked'] == 'DevStatusReq'
    lab.send(gw, dev, b'x')
    e = lab.event(dev, 'status')
    assert e['margin'] == -3 and e['externalPowerSource'] is False and e['batteryLevelUnavailable'] is False
    assert e['batteryLevel'] == 50


def test_any_command_goes_by_hand(lab):
    gw, dev = lab.gateway(), lab.abp('1.0.4', profile=lab.profile('1.0.4', None, *QUIET))
    confirmed_uplink(lab, gw, dev)
    lab.lsctl('device', 'mac', 'send', dev.dev_eui, 'new-channel', '--values',
              'ch_index=3,frequency_hz=867100000,max_dr=5')
    lab.lsctl('device', 'mac', 'send', dev.dev_eui, '--hex', '0a03d2ad84')
    assert confirmed_uplink(lab, gw, dev) == ['NewChannelReq', 'DlChannelReq']
    confirmed_uplink(lab, gw, dev)
    assert '867100000 Hz, DR0-5' in shown(lab, dev)['channel_3']['acknowledged']


@pytest.mark.parametrize('args,words', [
    (('nonsense',), 'LinkADRReq'),
    (('link-check-ans',), 'no MAC command'),
    (('link-adr', '--values', 'nb_trans=16'), 'out of range'),
    (('link-adr', '--values', 'colour=1'), 'ch_mask_cntl'),
    (('link-adr', '--values', 'nb_trans'), 'name and value'),
    (('force-rejoin',), '1.1'),
    (('--hex', '0f'), 'whole MAC command'),
    (('--hex', 'ff'), 'whole MAC command'),
    (('--hex', '0202'), 'whole MAC command'),
    ((), 'needed'),
    (('dev-status', '--hex', '06'), 'needed'),
])
def test_what_no_device_could_be_told_is_refused(lab, args, words):
    gw, dev = lab.gateway(), lab.abp('1.0.4')
    confirmed_uplink(lab, gw, dev)
    r = lab.lsctl('device', 'mac', 'send', dev.dev_eui, *args, check=False)
    assert r.rc != 0 and words in r.err, r
    assert 'queued' not in shown(lab, dev)


def test_force_rejoin_has_no_answer_to_wait_for(lab):
    gw, dev = lab.gateway(), lab.abp('1.1', profile=lab.profile('1.1', None, *QUIET))
    confirmed_uplink(lab, gw, dev)
    lab.lsctl('device', 'mac', 'send', dev.dev_eui, 'force-rejoin', '--values', 'rejoin_type=2,data_rate=5')
    assert 'ForceRejoinReq' in confirmed_uplink(lab, gw, dev)
    assert dev.mac.force_rejoin
    assert not any(r['asked'] for r in shown(lab, dev).values())


def test_command_by_hand_goes_again_when_its_downlink_never_left(lab):
    gw, dev = lab.gateway(), lab.abp('1.0.4', profile=lab.profile('1.0.4', None, *QUIET))
    confirmed_uplink(lab, gw, dev)
    lab.lsctl('device', 'mac', 'send', dev.dev_eui, 'duty-cycle', '--values', 'max_dcycle=3')
    gw.answers = ['TOO_LATE', 'TOO_LATE']
    n, heard = lab.send(gw, dev, b'x', confirmed=True)
    lab.frames.wait(lambda f: f.get('dev_eui') == dev.dev_eui and f.get('drop_reason') == 'downlink_failed')
    gw.take_all()
    assert shown(lab, dev)['queued']['wish'].startswith('DutyCycleReq')
    assert confirmed_uplink(lab, gw, dev) == ['DutyCycleReq']
    assert confirmed_uplink(lab, gw, dev) == []
    assert shown(lab, dev)['max_duty_cycle']['acknowledged'] == '3'


def test_requests_of_the_device_are_answered_in_their_order(lab):
    gw, dev = lab.gateway(), lab.abp('1.0.0', profile=lab.profile('1.0.0', None, *QUIET))
    n, heard = lab.send(gw, dev, b'x', f_opts=dev.mac.ask('DeviceTimeReq') + dev.mac.ask('PingSlotInfoReq', periodicity=4)
                        + dev.mac.ask('LinkCheckReq'))
    assert commands(lab.rx1(gw, dev, heard)) == ['DeviceTimeAns', 'PingSlotInfoAns', 'LinkCheckAns']
    assert shown(lab, dev)['ping_slot_periodicity']['acknowledged'] == '4'


def test_state_survives_a_restart(own_lab):
    lab = own_lab
    gw, dev = lab.gateway(), lab.abp('1.0.3', profile=lab.profile('1.0.3', None, *WISHES))
    dev.mac.refuse[0x05] = 0
    for _ in range(3):
        confirmed_uplink(lab, gw, dev)
    before = shown(lab, dev)
    lab.daemon.stop()
    lab.daemon.start()
    assert shown(lab, dev) == before
    gw2 = lab.gateway()
    assert confirmed_uplink(lab, gw2, dev) == []


def test_device_without_a_session_has_no_parameters(lab):
    dev = lab.otaa()
    r = lab.lsctl('device', 'mac', 'show', dev.dev_eui, check=False)
    assert r.rc == 3 and 'no session' in r.err


def test_adr_raises_the_rate_of_a_device_that_is_heard_well(lab):
    gw, dev = lab.gateway(), lab.abp('1.0.3', profile=lab.profile('1.0.3', None, '--dev-status-interval-s', '0'))
    asked = []
    for _ in range(8):
        n, heard = lab.send(gw, dev, b'x', confirmed=True, adr=True, radio={'freq_hz': 868100000, 'dr': 3})
        lab.up(dev, n)
        asked += commands(dev.receive(gw.wait_downlink().phy))
        if 'LinkADRReq' in asked:
            break
    assert 'LinkADRReq' in asked
    assert dev.mac.dr > 3 or dev.mac.tx_power > 0
