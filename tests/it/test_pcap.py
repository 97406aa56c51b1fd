"""Captures that Wireshark reads: frames of the daemon, through lsctl, dissected by tshark."""
import os
import subprocess

from daemon import BUILD


def tshark(capture, *fields):
    """The frames of a capture (octets), each as the list of these fields as tshark reads them."""
    args = [a for f in fields for a in ('-e', f)]
    p = subprocess.run(['tshark', '-n', '-r', '-', '-T', 'fields', *args], input=capture, capture_output=True, timeout=60)
    assert p.returncode == 0, p.stderr
    return [line.split('\t') for line in p.stdout.decode().splitlines()]


def lsctl(lab, *args, **kw):
    return subprocess.run([BUILD / 'lsctl', *args], env=lab.daemon.env(), capture_output=True, timeout=60, **kw)


def test_wireshark_dissects_stored_frames_with_their_radio_values(lab, gw, dev):
    gw.send(dev.uplink(b'far'), rssi=-119, snr=7.5)
    lab.up(dev, 0)
    capture = lsctl(lab, 'frame', 'list', '-w', 'dev_eui=' + dev.dev_eui, '-o', 'pcap').stdout
    frames = tshark(capture, 'loratap.channel.frequency', 'loratap.channel.sf', 'loratap.channel.bandwidth',
                    'loratap.rssi.packet', 'loratap.rssi.snr', 'loratap.syncword', 'lorawan.mhdr.mtype',
                    'lorawan.fhdr.devaddr', 'lorawan.fhdr.fcnt', 'lorawan.fport')
    frame = lab.lsctl('frame', 'list', '-w', 'dev_eui=' + dev.dev_eui, '-o', 'jsonl').jsonl()[0]
    assert frames == [[str(frame['freq_hz']), '7', '1', str(139 - 119), '30', '0x34', '2',
                       '0x' + dev.dev_addr.lower(), '0', '0x01']]


def test_a_live_capture_can_be_piped_into_tshark(lab, gw, dev):
    tail = subprocess.Popen([BUILD / 'lsctl', 'frame', 'tail', '--since', '1h', '-w', 'dev_eui=' + dev.dev_eui, '-o', 'pcap',
                             '--count', '2'], env=lab.daemon.env(), stdout=subprocess.PIPE)
    reader = subprocess.Popen(['tshark', '-n', '-l', '-i', '-', '-T', 'fields', '-e', 'lorawan.fhdr.fcnt'], stdin=tail.stdout,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    tail.stdout.close()
    for i in range(2):
        lab.send(gw, dev, b'live')
        lab.up(dev, i)
    out, _ = reader.communicate(timeout=60)
    assert tail.wait(10) == 0
    assert out.split() == ['0', '1']


def test_only_frames_are_captured_and_never_on_a_terminal(lab):
    r = lsctl(lab, 'device', 'list', '-o', 'pcap')
    assert r.returncode == 2 and b'only frames' in r.stderr and not r.stdout
    main, side = os.openpty()
    r = subprocess.run([BUILD / 'lsctl', 'frame', 'list', '-o', 'pcap'], env=lab.daemon.env(), stdout=side,
                       stderr=subprocess.PIPE, timeout=60)
    os.close(main)
    os.close(side)
    assert r.returncode == 2 and b'terminal' in r.stderr
