"""How objects are named on the command line: heads and tails of EUIs, kinds, paths, and who may abbreviate what."""
import pytest


HEAD = 'a84041ffff1e'


@pytest.fixture(scope='module')
def named(lab):
    """Devices of one vendor in two applications and two tenants, and two gateways."""
    profile = lab.profile()
    lab.lsctl('application', 'create', 'heat', '-t', 'acme')
    for tail, name, app in (('2c01', 'cellar-17', 'meters'), ('2c02', 'cellar-18', 'meters'), ('3d02', 'beef', 'heat'),
                            ('beef', 'by-eui', 'heat'), ('4e01', 'twin', 'meters'), ('4e02', 'twin', 'heat')):
        lab.lsctl('device', 'create', HEAD + tail, '--name', name, '-t', 'acme', '-a', app, '--profile', profile,
                  '--tag', 'door=' + tail)
    lab.lsctl('gateway', 'create', '0016c001f153a14c', '--name', 'roof-01', '-t', 'acme')
    lab.lsctl('gateway', 'create', '0016c001f1539999', '--name', 'roof/02', '-t', 'acme')
    lab.lsctl('device', 'activate', HEAD + '2c01', '-t', 'acme', '--dev-addr', '0a1b2c3d',
              '--nwk-s-key', lab.daemon.secret(bytes(15) + b'\1'), '--app-s-key', lab.daemon.secret(bytes(15) + b'\2'))
    return lab


def shown(lab, *words):
    noun = 'gateway' if words[0] == 'gateway' else 'device'
    words = words[1:] if noun == 'gateway' else words
    return lab.lsctl(noun, 'show', *words, '-g', 'gateway_id' if noun == 'gateway' else 'dev_eui', check=False)


@pytest.mark.parametrize('words,eui', [
    (('2c01',), HEAD + '2c01'), (('2C:01',), HEAD + '2c01'), (('0x1e2c01',), HEAD + '2c01'), ((HEAD + '2c0', '-a', 'heat'), None),
    (('A8-40-41-FF-FF-1E-2C-01',), HEAD + '2c01'), (('eui:2c02',), HEAD + '2c02'), (('beef',), HEAD + '3d02'),
    (('eui:beef',), HEAD + 'beef'), (('name:beef',), HEAD + '3d02'), (('addr:0a1b2c3d',), HEAD + '2c01'),
    (('0a1b2c3d',), HEAD + '2c01'), (('tag:door=2c02',), HEAD + '2c02'), (('id:' + HEAD + '2c02',), HEAD + '2c02'),
    (('acme/meters/cellar-17',), HEAD + '2c01'), (('meters/cellar-17', '-t', 'acme'), HEAD + '2c01'),
    (('acme/heat/twin',), HEAD + '4e02'), (('heat/cellar-17',), None), (('nobody/heat/twin',), None),
    (('name:2c01',), None), (('id:2c01',), None), (('addr:0a1b2c3e',), None), (('tag:door=x',), None), (('tag:door',), None),
    (('gateway', '0016c001f153a'), '0016c001f153a14c'), (('gateway', 'a14c'), '0016c001f153a14c'),
    (('gateway', 'acme/roof-01'), '0016c001f153a14c'), (('gateway', 'roof/02'), '0016c001f1539999'),
])
def test_a_name_in_every_form_finds_what_it_means(named, words, eui):
    r = shown(named, *words)
    if eui:
        assert (r.rc, r.out.strip()) == (0, eui), r
    else:
        assert r.rc == 3 and 'no device' in r.err, r


def test_what_fits_several_is_refused_with_the_candidates(named):
    r = shown(named, HEAD)
    assert r.rc == 4 and '6 devices fit ' + HEAD in r.err and HEAD + '2c02 cellar-18' in r.err, r
    r = shown(named, 'twin')
    assert r.rc == 4 and '2 devices are named twin' in r.err and HEAD + '4e01 twin' in r.err, r
    r = shown(named, 'gateway', '0016c001')
    assert r.rc == 4 and '2 gateways fit' in r.err, r


def test_more_than_eight_candidates_are_not_listed(named):
    for i in range(9):
        named.lsctl('device', 'create', '70b3d57ed00500%02x' % i, '--name', 'm%d' % i, '-t', 'acme', '-a', 'meters',
                    '--profile', named.profile())
    r = shown(named, '70b3d57e')
    assert r.rc == 4 and '9 devices fit' in r.err and r.err.count('70b3d57ed00500') == 9 and '...' in r.err, r


@pytest.mark.parametrize('how', ['2c01', 'addr:0a1b2c3d', 'tag:door=2c01'])
def test_a_script_writes_only_by_the_full_id(named, how):
    before = named.daemon.lsctl_json('device', 'show', HEAD + '2c01')
    r = named.lsctl('device', 'set', how, '--description', 'changed', check=False)
    assert r.rc == 4 and 'try: lsctl device set %s2c01 --description changed' % HEAD in r.err, r
    assert named.daemon.lsctl_json('device', 'show', HEAD + '2c01') == before


def test_a_script_writes_by_exact_name_and_by_path(named):
    named.lsctl('device', 'set', 'cellar-18', '-t', 'acme', '--description', 'by name')
    assert named.lsctl('device', 'show', '2c02', '-g', 'description').out == 'by name\n'
    named.lsctl('device', 'set', 'acme/meters/cellar-18', '--description', 'by path')
    assert named.lsctl('device', 'show', '2c02', '-g', 'description').out == 'by path\n'


def test_the_form_that_apply_takes_names_everything_that_can_be_set(named):
    text = named.lsctl('device', 'show', '2c02', '-o', 'conf').out
    assert text.startswith('[device %s2c02]\napplication = meters\ntenant = acme\n' % HEAD) and 'tag.door = 2c02\n' in text
    assert 'dev_addr' not in text and 'last_seen_at' not in text


def test_with_several_tenants_a_path_and_an_abbreviation_need_no_tenant(named):
    named.lsctl('tenant', 'create', 'other')
    named.lsctl('application', 'create', 'meters', '-t', 'other')
    assert shown(named, '2c01').out.strip() == HEAD + '2c01'
    assert shown(named, 'acme/meters/cellar-17').out.strip() == HEAD + '2c01'
    assert shown(named, 'cellar-17', '-a', 'acme/meters').out.strip() == HEAD + '2c01'
    assert shown(named, '2c01', '-t', 'other').rc == 3
    r = shown(named, 'cellar-17')
    assert r.rc == 2 and 'which tenant' in r.err, r
