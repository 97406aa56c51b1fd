"""lssim before the daemon itself: every region and version, and classes B and C. lssim judges what it is sent."""
import json
import subprocess

import pytest

from daemon import BUILD, wait_until

REGIONS = ('EU868', 'US915', 'CN779', 'EU433', 'AU915', 'CN470', 'AS923', 'AS923_2', 'AS923_3', 'AS923_4', 'KR920',
           'IN865', 'RU864', 'ISM2400')
LAB = {'regions': {r: {} for r in REGIONS}}
VERSIONS = ('1.0.0', '1.0.4', '1.1')


def start(lab, region, version, *args, profile=()):
    """Register a gateway and a device of lssim, and let them run."""
    gateway_id, dev_eui = lab.eui(), lab.eui()
    lab.lsctl('gateway', 'create', gateway_id, '--name', 'gw-' + gateway_id, '-t', 'acme', '--region', region)
    own = ['--region', region, '--mac-version', version, '--dev-eui', dev_eui, *args]
    d = json.loads(subprocess.run([BUILD / 'lssim', *own, '--devices-out', '-'], check=True, capture_output=True).stdout)
    name = lab.profile(version if version != '1.1' else '1.1.0', region, *profile)
    keys = [x for k in ('app_key', 'nwk_key') if k in d for x in ('--' + k.replace('_', '-'), lab.daemon.secret(bytes.fromhex(d[k])))]
    lab.lsctl('device', 'create', dev_eui, '--name', 'sim-' + dev_eui, '-t', 'acme', '-a', 'meters', '--profile', name,
              '--join-eui', d['join_eui'], *keys)
    p = subprocess.Popen([BUILD / 'lssim', '--server', lab.daemon.address if isinstance(lab.daemon.address, str)
                          else '%s:%d' % lab.daemon.address, '--gateway-id', gateway_id, '--interval', '100ms', '--json', *own],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return dev_eui, p


def end(p):
    out, err = p.communicate(timeout=120)
    assert p.returncode == 0, err
    return json.loads(out)


@pytest.mark.parametrize('version', VERSIONS)
def test_devices_of_every_region_join_and_are_answered(lab, version):
    running = [(r, start(lab, r, version, '--count', '2', '--confirmed', '100', '--adr', '--ask', 'LinkCheckReq')[1])
               for r in REGIONS]
    wrong = []
    for region, p in running:
        out, err = p.communicate(timeout=120)
        if p.returncode or json.loads(out)['uplinks_acknowledged'] != 2 or json.loads(out)['mac_answers'] < 2:
            wrong.append((region, p.returncode, out, err))
    assert not wrong


def test_devices_of_class_b_and_c_are_told_when_they_listen(lab):
    running = []
    for device_class in 'BC':
        for version in ('1.0.4', '1.1'):
            running.append((device_class, version, *start(
                lab, 'EU868', version, '--class', device_class, '--ping-periodicity', '1', '--duration', '24s', '--interval',
                '6s', profile=('--supports-class-' + device_class.lower(),))))
    for _, _, dev_eui, _ in running:
        wait_until(lambda: (lab.lsctl('device', 'show', dev_eui, '-o', 'json').json()['f_cnt_up'] or 0) >= 2, 22)
        for n in range(2):
            lab.lsctl('queue', 'push', dev_eui, '--port', 7, '--hex', '0%d' % n)
    for device_class, version, _, p in running:
        assert end(p)['downlinks_class_' + device_class.lower()] >= 1, (device_class, version)
