"""What was done by mistake: history, undo, trash, dry runs, and what has to be named before it is done."""
import json
import os
import subprocess
import time

from daemon import BUILD

KEY = '00112233445566778899aabbccddeeff'


def last_change(lab):
    return lab.lsctl('history', '-n', '1', '-o', 'jsonl').jsonl()[0]


def test_history_says_who_when_why_and_what_but_no_key(lab):
    dev = lab.abp()
    key = os.urandom(16)
    lab.lsctl('device', 'keys', 'set', dev.dev_eui, '--app-key', lab.daemon.secret(key), '--reason', 'new root key')
    lab.lsctl('device', 'set', dev.dev_eui, '--description', 'cellar')
    rows = lab.lsctl('history', dev.dev_eui, '-o', 'jsonl').jsonl()
    assert [r['method'] for r in rows] == ['device set', 'device keys set', 'device activate', 'device create']
    assert rows[0]['who'] == 'uid:%d' % os.getuid() and rows[1]['reason'] == 'new root key'
    assert rows[0]['diff'] == [{'op': '~', 'entity': 'device', 'id': dev.dev_eui,
                                'fields': {'description': ['', 'cellar']}}]
    assert rows[1]['diff'][0]['fields'] == {'app_key': 'changed'}
    text = json.dumps(rows).lower()
    assert key.hex() not in text and dev.session.app_s_key.hex() not in text
    assert key.hex() not in lab.daemon.log()
    assert lab.lsctl('history', '-w', 'method="device keys set" and reason="new root key"', '-g', 'object_id').out.split() == \
        [dev.dev_eui]


def test_a_write_for_a_version_that_is_gone_is_refused(lab):
    dev = lab.abp()
    version = lab.daemon.lsctl_json('device', 'show', dev.dev_eui)['version']
    changed = lab.daemon.lsctl_json('device', 'set', dev.dev_eui, '--description', 'one', '--if-version', version)
    assert changed['version'] > version
    r = lab.lsctl('device', 'set', dev.dev_eui, '--description', 'two', '--if-version', version, check=False)
    assert r.rc == 6 and 'changed meanwhile' in r.err
    assert lab.daemon.lsctl_json('device', 'show', dev.dev_eui)['description'] == 'one'


def test_undo_brings_back_fields_keys_and_queue_and_can_itself_be_undone(lab):
    dev = lab.abp()
    lab.lsctl('device', 'keys', 'set', dev.dev_eui, '--app-key', KEY)
    lab.lsctl('device', 'keys', 'delete', dev.dev_eui, '--yes')
    lab.lsctl('undo')
    show = ('device', 'keys', 'show', dev.dev_eui, '--show-secrets', '-g', 'app_key')
    assert lab.lsctl(*show).out.strip() == KEY
    undo = last_change(lab)
    lab.lsctl('undo', undo['change_id'])
    assert lab.lsctl(*show).out.strip() == ''
    r = lab.lsctl('undo', undo['change_id'], check=False)
    assert r.rc == 6 and 'undone already' in r.err
    item = lab.lsctl('queue', 'push', dev.dev_eui, '--port', '3', '--hex', '0102').out.strip()
    lab.lsctl('queue', 'flush', dev.dev_eui, '--yes')
    lab.lsctl('undo')
    assert lab.lsctl('queue', 'list', dev.dev_eui, '-g', 'queue_item_id').out.split() == [item]


def test_undo_leaves_what_others_changed_since(lab):
    dev = lab.abp()
    lab.lsctl('device', 'set', dev.dev_eui, '--name', 'first-' + dev.dev_eui)
    change = last_change(lab)['change_id']
    lab.lsctl('device', 'set', dev.dev_eui, '--description', 'kept')
    lab.lsctl('undo', change)
    now = lab.daemon.lsctl_json('device', 'show', dev.dev_eui)
    assert now['name'] == 'dev-' + dev.dev_eui and now['description'] == 'kept'
    lab.lsctl('device', 'set', dev.dev_eui, '--name', 'second-' + dev.dev_eui)
    change = last_change(lab)['change_id']
    lab.lsctl('device', 'set', dev.dev_eui, '--name', 'third-' + dev.dev_eui)
    r = lab.lsctl('undo', change, check=False)
    assert r.rc == 6 and 'name was changed since' in r.err
    assert lab.daemon.lsctl_json('device', 'show', dev.dev_eui)['name'] == 'third-' + dev.dev_eui


def test_a_session_that_was_used_is_not_undone(lab, gw):
    dev = lab.abp()
    change = last_change(lab)['change_id']
    lab.exchange(gw, dev, b'\x01')
    r = lab.lsctl('undo', change, check=False)
    assert r.rc == 6 and 'on air cannot be undone' in r.err
    lab.exchange(gw, dev, b'\x02')


def test_a_restored_device_goes_on_with_its_session_and_keys(lab, gw):
    dev = lab.abp()
    lab.exchange(gw, dev, b'\x01')
    lab.lsctl('device', 'keys', 'set', dev.dev_eui, '--app-key', KEY)
    lab.lsctl('device', 'delete', dev.dev_eui, '--yes')
    assert dev.dev_eui in lab.lsctl('trash', 'list').out
    assert lab.lsctl('device', 'show', dev.dev_eui, check=False).rc == 3
    lab.lsctl('trash', 'restore', dev.dev_eui)
    assert lab.lsctl('device', 'keys', 'show', dev.dev_eui, '--show-secrets', '-g', 'app_key').out.strip() == KEY
    lab.exchange(gw, dev, b'\x02')
    assert dev.dev_eui not in lab.lsctl('trash', 'list').out


def test_a_deleted_eui_can_be_created_anew_and_then_the_old_one_is_not_restored(lab):
    dev = lab.abp()
    lab.lsctl('device', 'delete', dev.dev_eui, '--yes')
    lab.lsctl('device', 'create', dev.dev_eui, '--name', 'anew-' + dev.dev_eui, '-t', 'acme', '-a', 'meters', '--profile',
              lab.profile())
    r = lab.lsctl('trash', 'restore', dev.dev_eui, check=False)
    assert r.rc == 6 and 'exists again' in r.err
    lab.lsctl('device', 'delete', dev.dev_eui, '--yes')
    old = lab.lsctl('trash', 'list', '-w', 'object_id=%s' % dev.dev_eui, '-g', 'change_id').out.split()
    assert len(old) == 2
    lab.lsctl('trash', 'restore', min(old, key=int))
    assert lab.daemon.lsctl_json('device', 'show', dev.dev_eui)['name'] == 'dev-' + dev.dev_eui


def test_a_purge_is_for_ever_and_has_to_be_named(lab):
    dev = lab.abp()
    lab.lsctl('device', 'delete', dev.dev_eui, '--yes')
    change = last_change(lab)['change_id']
    assert lab.lsctl('trash', 'purge', dev.dev_eui, check=False).rc == 6
    lab.lsctl('trash', 'purge', dev.dev_eui, '--confirm', dev.dev_eui)
    r = lab.lsctl('trash', 'restore', dev.dev_eui, check=False)
    assert r.rc == 3
    r = lab.lsctl('undo', change, check=False)
    assert r.rc == 6 and 'gone for ever' in r.err


def test_join_nonces_and_counters_go_on_behind_those_of_the_device_before(lab, gw, gw2):
    dev = lab.otaa()
    lab.join(gw, dev)
    first = lab.daemon.lsctl_json('device', 'keys', 'show', dev.dev_eui)['join_nonce']
    lab.lsctl('device', 'delete', dev.dev_eui, '--yes')
    lab.lsctl('device', 'create', dev.dev_eui, '--name', 'again-' + dev.dev_eui, '-t', 'acme', '-a', 'meters', '--profile',
              lab.profile(), '--app-key', lab.daemon.secret(dev.app_key))
    lab.join(gw2, dev)  # the first accept has the air of the other gateway for itself
    assert lab.daemon.lsctl_json('device', 'keys', 'show', dev.dev_eui)['join_nonce'] > first


def test_a_dry_run_checks_like_the_write_and_changes_nothing(lab):
    dev = lab.abp()
    before = lab.daemon.lsctl_json('device', 'show', dev.dev_eui)
    n = last_change(lab)['change_id']
    r = lab.lsctl('device', 'set', dev.dev_eui, '--description', 'x', '--dry-run')
    assert r.out == '~ device %s\n    description:  -> x\n' % dev.dev_eui
    r = lab.lsctl('device', 'delete', dev.dev_eui, '--dry-run')
    assert r.out.startswith('- device %s' % dev.dev_eui)
    r = lab.lsctl('tenant', 'create', 'acme', '--dry-run', check=False)
    assert r.rc == 6
    r = lab.lsctl('application', 'create', 'dry', '-t', 'acme', '--dry-run', '-o', 'json').json()
    assert r['dry_run'] is True and r['diff'][0]['op'] == '+' and r['diff'][0]['name'] == 'dry'
    assert lab.daemon.lsctl_json('device', 'show', dev.dev_eui) == before and last_change(lab)['change_id'] == n
    lab.lsctl('application', 'create', 'dry', '-t', 'acme')


def test_the_journal_survives_a_kill_and_undo_after_it(own_lab):
    dev = own_lab.abp()
    own_lab.lsctl('device', 'delete', dev.dev_eui, '--yes')
    own_lab.daemon.restart()
    own_lab.lsctl('undo')
    assert own_lab.lsctl('device', 'session', 'show', dev.dev_eui, '-g', 'slot').out.split() == ['current']
    own_lab.daemon.restart()
    own_lab.lsctl('device', 'show', dev.dev_eui)


def some_devices(lab, n):
    """Devices made in one go over the socket."""
    euis = [lab.eui() for _ in range(n)]
    profile = lab.profile()
    with lab.daemon.control() as c:
        c.call('hello', {})
        ids = [c.send('device.create', {'dev_eui': e, 'name': 'dev-' + e, 'application_id': 'meters', 'profile_id': profile,
                                        'app_key': KEY}) for e in euis]
        for i in ids:
            c.answer(i)
    return euis


def present(lab, euis):
    there = set(lab.lsctl('device', 'list', '-o', 'id', '--all').out.split())
    return [e for e in euis if e in there]


def test_many_ids_are_one_change_that_is_done_or_not(lab):
    euis = some_devices(lab, 5)
    r = lab.lsctl('device', 'delete', *euis, 'ffffffffffffffff', '--yes', check=False)
    assert r.rc == 3 and 'ffffffffffffffff' in r.err and 'nothing was written' in r.err
    assert present(lab, euis) == euis
    r = lab.lsctl('device', 'delete', '-', '--yes', '--keep-going', input='\n'.join(euis[:2] + ['ffffffffffffffff']), check=False)
    assert r.rc == 7 and present(lab, euis) == euis[2:]
    lab.lsctl('device', 'set', *euis[2:], '--description', 'one change', '--yes')
    assert lab.lsctl('device', 'list', '-w', 'description="one change"', '-o', 'id').out.split() == euis[2:]
    lab.lsctl('undo')
    assert lab.lsctl('device', 'list', '-w', 'description="one change"', '-o', 'id').out == ''
    lab.lsctl('device', 'set', '-w', 'dev_eui=%s' % euis[3], '--description', 'by filter', '--yes')
    assert lab.lsctl('device', 'list', '-w', 'description="by filter"', '-o', 'id').out.split() == [euis[3]]


def test_more_than_twenty_objects_have_to_be_counted(lab, tmp_path):
    euis = some_devices(lab, 21)
    ids = tmp_path / 'ids'
    ids.write_text(''.join('%s\tname\n' % e for e in euis))
    r = lab.lsctl('device', 'delete', '@%s' % ids, '--yes', check=False)
    assert r.rc == 6 and '--expect 21' in r.err
    assert lab.lsctl('device', 'delete', '@%s' % ids, '--expect', '20', check=False).rc == 6
    assert len(lab.lsctl('device', 'delete', '@%s' % ids, '--dry-run').out.splitlines()) == 21
    assert present(lab, euis) == euis
    lab.lsctl('device', 'delete', '@%s' % ids, '--expect', '21')
    assert present(lab, euis) == []
    lab.lsctl('trash', 'restore', euis[0])
    assert present(lab, euis) == euis[:1]
    lab.lsctl('undo', '--expect', '20')
    assert sorted(present(lab, euis)) == euis


def test_a_bulk_that_is_not_committed_leaves_nothing_and_holds_nobody(lab, gw):
    dev = lab.abp()
    with lab.daemon.control() as c:
        c.call('hello', {})
        c.call('bulk.begin', {})
        c.send('device.set', {'dev_eui': dev.dev_eui, 'description': 'never'})
        c.send('device.delete', {'dev_eui': dev.dev_eui})
    lab.exchange(gw, dev, b'\x01')
    assert lab.daemon.lsctl_json('device', 'show', dev.dev_eui)['description'] == ''


def test_an_application_goes_with_all_it_owns_when_it_is_named(lab, gw):
    lab.lsctl('application', 'create', 'doomed', '-t', 'acme')
    dev = lab.abp()
    lab.lsctl('device', 'set', dev.dev_eui, '--app', 'doomed')
    r = lab.lsctl('application', 'delete', 'doomed', '--yes', check=False)
    assert r.rc == 6 and 'owns 1 device' in r.err
    assert lab.lsctl('application', 'delete', 'doomed', '--confirm', 'meters', check=False).rc == 6
    assert lab.lsctl('application', 'delete', 'doomed', '--expect', '1', check=False).rc == 6
    assert '- device ' + dev.dev_eui in lab.lsctl('application', 'delete', 'doomed', '--dry-run').out
    lab.exchange(gw, dev, b'\x01')
    lab.lsctl('application', 'delete', 'doomed', '--confirm', 'doomed')
    assert lab.lsctl('device', 'show', dev.dev_eui, check=False).rc == 3
    lab.lsctl('trash', 'restore', 'doomed')
    lab.exchange(gw, dev, b'\x02')


def test_a_tenant_goes_with_all_it_owns_and_comes_back(lab):
    lab.lsctl('tenant', 'create', 'brief')
    lab.lsctl('application', 'create', 'a', '-t', 'brief')
    lab.lsctl('profile', 'create', 'p', '-t', 'brief', '--region', 'EU868', '--mac-version', '1.0.3')
    eui = lab.eui()
    lab.lsctl('device', 'create', eui, '--name', 'd', '-t', 'brief', '-a', 'a', '--profile', 'p')
    lab.lsctl('tenant', 'delete', 'brief', '--expect', '4')
    assert 'brief' not in lab.lsctl('tenant', 'list', '-g', 'name').out.split()
    lab.lsctl('undo')
    assert lab.daemon.lsctl_json('device', 'show', eui)['application_name'] == 'a'
    lab.lsctl('tenant', 'delete', 'brief', '--confirm', 'brief')


def test_a_kill_leaves_a_bulk_or_its_undo_whole_or_not_done(own_lab):
    euis = some_devices(own_lab, 60)
    d = own_lab.daemon
    for wait in (0.0, 0.004, 0.008, 0.012, 0.02):
        there = present(own_lab, euis)
        args = ['undo', '--expect', '60'] if not there else ['device', 'delete', '-', '--expect', '60']
        p = subprocess.Popen([str(BUILD / 'lsctl')] + args, env=d.env(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, text=True)
        p.stdin.write('\n'.join(there) + '\n')
        p.stdin.close()
        time.sleep(wait)   # no condition: the kill shall fall anywhere
        d.kill9()
        p.wait()
        d.start()
        assert len(present(own_lab, euis)) in (0, 60)


def test_a_batch_stops_at_the_first_failure_or_does_all_or_goes_on(lab):
    euis = [lab.eui() for _ in range(30)]
    create = ''.join("device create %s --name 'dev %s' -t acme -a meters --profile %s  # a comment\n" % (e, e, lab.profile())
                     for e in euis)
    bad = create + 'device create %s --name twice -t acme -a meters --profile %s\n' % (euis[0], lab.profile())
    r = lab.lsctl('batch', '-', '--atomic', input=bad, check=False)
    assert r.rc == 6 and present(lab, euis) == []
    r = lab.lsctl('batch', '-', '--atomic', '--dry-run', input=create)
    assert all(row['result']['dry_run'] for row in r.jsonl()) and present(lab, euis) == []
    r = lab.lsctl('batch', '-', '--atomic', input=create)
    assert [row['line'] for row in r.jsonl()] == list(range(1, 31)) and sorted(present(lab, euis)) == euis
    r = lab.lsctl('batch', '-', '--keep-going', input='device shwo x\ndevice show %s\n' % euis[0], check=False)
    assert r.rc == 7 and [row['exit'] for row in r.jsonl()] == [2, 0]
    r = lab.lsctl('batch', '-', input='device show %s\ndevice show ffffffffffffffff\ndevice show %s\n' % (euis[0], euis[1]),
                  check=False)
    assert r.rc == 3 and [row['exit'] for row in r.jsonl()] == [0, 3]
    r = lab.lsctl('batch', '-', input='device delete %s\n' % euis[0], check=False)
    assert r.rc == 2 and euis[0] in present(lab, euis)
