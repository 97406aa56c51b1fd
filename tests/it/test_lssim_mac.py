"""MAC commands to the devices of lssim: what they answer and how they send then, and that it names what no server should do."""
import subprocess
import time

import lorawan_class_b as class_b
from lssim_server import MacServer, f_opts, once, play
from test_lssim import LSSIM, fleet, summary


def test_link_adr_req_moves_rate_power_and_number_of_transmissions():
    s, p = play(once(0, f_opts=bytes([3, 0x32, 7, 0, 2])), '--adr')
    assert p.returncode == 0, p.stderr
    assert [h[1] & 0x80 for h in s.heard] == [0x80] * 5
    assert f_opts(s) == [b'', b'\x03\x07', b'\x03\x07', b'', b'']  # the next uplink has the answer, and its repeat
    assert [h[2]['datr'] for h in s.heard] == ['SF7BW125'] + ['SF9BW125'] * 4
    assert [h[2]['rssi'] for h in s.heard] == [-60] + [-64] * 4 and s.heard[1][2]['lsnr'] == 3.0
    assert [s.uplinks[i][2][6] for i in range(5)] == [0, 1, 1, 2, 2]
    assert summary(p)['mac_requests'] == 1 and summary(p)['mac_refused'] == 0


def test_a_refused_request_changes_nothing_and_is_answered_with_a_no():
    s, p = play(once(0, f_opts=bytes([3, 0x32, 7, 0, 2, 7, 3, 0x18, 0x4f, 0x84, 0x50])), '--adr', '--refuse', 'LinkADRReq,NewChannel')
    assert p.returncode == 0, p.stderr
    assert f_opts(s) == [b'', b'\x03\x00\x07\x00', b'']
    assert {h[2]['datr'] for h in s.heard} == {'SF7BW125'}
    assert summary(p)['mac_refused'] == 2


def test_a_block_of_link_adr_req_is_answered_by_each_version_in_its_way():
    block = bytes([3, 0x50, 0xff, 0, 0x60]) + bytes([3, 0x50, 1, 0, 1])
    for version, answer in (('1.0.1', b'\x03\x07\x03\x07'), ('1.0.3', b'\x03\x07\x03\x07')):
        s, p = play(once(0, f_opts=block), '--adr', '--mac-version', version)
        assert p.returncode == 0, p.stderr
        assert f_opts(s) == [b'', answer, b'']
        assert [h[2]['freq'] for h in s.heard[1:]] == [868.1, 868.1]


def test_new_channels_are_used_and_dl_channel_req_moves_rx1():
    def script(n, up):
        if n == 0:   # channel 3 at 867.1 MHz, and it alone
            return dict(f_opts=bytes([7, 3, 0x18, 0x4f, 0x84, 0x50, 3, 0x50, 8, 0, 1]))
        if n == 1:   # its RX1 at 867.3 MHz
            return dict(f_opts=bytes([0x0a, 3, 0xe8, 0x56, 0x84]))
        return dict(port=1, freq=867.3)
    s, p = play(script, '--adr')
    assert p.returncode == 0, p.stderr
    assert f_opts(s) == [b'', b'\x07\x03\x03\x07', b'\x0a\x03']
    assert [h[2]['freq'] for h in s.heard[1:]] == [867.1, 867.1]
    assert summary(p)['downlinks_rx1'] == 3


def test_sticky_answers_are_repeated_until_a_class_a_downlink():
    setup = bytes([5, 0x13, 0xd2, 0xad, 0x84])    # RX1DROffset 1, RX2 DR3 at 869.525 MHz

    def script(n, up):
        return dict(f_opts=setup) if n == 0 else dict(port=1, rx=2, datr='SF9BW125') if n == 2 else None
    s, p = play(script, count=4)
    assert p.returncode == 0, p.stderr
    assert f_opts(s) == [b'', b'\x05\x07', b'\x05\x07', b'']
    s, p = play(lambda n, up: dict(f_opts=setup) if n == 0 else dict(port=1, rx=2) if n == 1 else None)
    assert p.returncode == 1 and 'RX2 data rate SF12BW125, expected SF9BW125' in p.stderr
    s, p = play(once(0, f_opts=setup), '--mac-version', '1.0.0')
    assert f_opts(s) == [b'', b'\x05\x07', b'']


def test_rx_timing_setup_and_dev_status_and_duty_cycle():
    def script(n, up):
        if n == 0:
            return dict(f_opts=bytes([8, 3, 6, 4, 0]))
        return dict(port=1, delay_s=3) if n == 1 else None
    s, p = play(script, count=2)
    assert p.returncode == 0, p.stderr
    assert s.heard[1][0][:1] == b'\x08' and sorted(s.heard[1][0][1:]) == sorted(b'\x06\xc8\x07\x04')
    s, p = play(lambda n, up: dict(f_opts=bytes([8, 3])) if n == 0 else dict(port=1), count=2)
    assert p.returncode == 1 and 'no receive window' in p.stderr


def test_what_is_asked_is_answered_with_the_right_time():
    def script(n, up):
        assert up['f_opts'] == b'\x02\x0d'
        at = class_b.gps_ms(time.time()) + (0 if n == 0 else 500)
        return dict(f_opts=b'\x02\x09\x01\x0d' + (at // 1000).to_bytes(4, 'little') + bytes([at % 1000 * 256 // 1000]))
    s, p = play(script, '--ask', 'LinkCheckReq,DeviceTimeReq', count=2)
    assert p.returncode == 1 and 'DeviceTimeAns is' in p.stderr and 'ms off' in p.stderr
    assert summary(p)['wrong'] == 1 and summary(p)['mac_asked'] == 4 and summary(p)['mac_answers'] == 4


# name: (options, FOpts of a downlink, part of the message)
WRONG = {
    'undefined_channel': (['--adr'], bytes([3, 0x50, 0x0f, 0, 1]), 'channels the device does not have'),
    'no_channel': (['--adr'], bytes([3, 0x50, 0, 0, 1]), 'no channel on'),
    'rate_of_no_channel': (['--adr'], bytes([3, 0x60, 7, 0, 1]), 'DR6, which no channel'),
    'rate_without_adr': ([], bytes([3, 0x40, 7, 0, 1]), 'has ADR off'),
    'power': (['--adr'], bytes([3, 0x5e, 7, 0, 1]), 'TXPower 14'),
    'keep_before_1_0_4': (['--adr'], bytes([3, 0xff, 7, 0, 1]), 'DR15'),
    'default_channel': ([], bytes([7, 0, 0x18, 0x4f, 0x84, 0x50]), 'NewChannelReq for channel 0'),
    'rx2_out_of_band': ([], bytes([5, 0, 0, 0, 0x10]), 'RXParamSetupReq'),
    'not_of_the_region': ([], bytes([9, 0x1d]), 'TxParamSetupReq in a region'),
    'not_of_the_version': (['--mac-version', '1.0.1'], bytes([0x0a, 0, 0x18, 0x4f, 0x84]), 'not known to a device of version 1.0.1'),
    'of_1_1': ([], bytes([0x0c, 0x65]), 'ADRParamSetupReq is not known'),
    'too_much': ([], bytes([6] * 6), 'more is asked than an uplink can answer: 18'),
    'minor': (['--mac-version', '1.1'], bytes([1, 2]), 'ResetConf with minor version 2'),
}


def test_each_wrong_command_is_named():
    running = {}
    for name, (args, octets, text) in WRONG.items():
        s = MacServer(fleet('--abp', *args), once(0, f_opts=octets), '1.1' in args)
        argv = [LSSIM, '--server', s.address, '--json', '--abp', '--count', '1', *args]
        running[name] = s, subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True), text
    wrong = []
    for name, (s, p, text) in running.items():
        out, err = p.communicate(timeout=60)
        if p.returncode != 1 or text not in err or s.errors:
            wrong.append((name, p.returncode, err, out, s.errors))
    assert not wrong
