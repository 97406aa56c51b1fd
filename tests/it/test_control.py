"""The control socket and lsctl: pipelining, errors, exit codes, streams, what the issue promises word for word."""
import json
import os
import socket
import stat
import subprocess

import pytest

from daemon import BUILD, ControlError
from gateway import SLOW


def test_hello_names_protocol_version_role_and_schema(lab):
    with lab.daemon.control() as c:
        h = c.call('hello', {'client': 'test 1'})
    assert h['protocol'] == 1 and h['role'] and h['schema_hash'] and h['version']


def refused_for_being_read_only(control, method, params):
    try:
        control.call(method, params)
    except ControlError as e:
        return e.error['data']['exit'] == 8 and 'read-only' in e.error['data']['why']
    return False


def test_a_read_only_connection_changes_nothing_whatever_it_says_later(lab):
    with lab.daemon.control() as c:
        assert c.call('hello', {'read_only': True})['read_only'] is True
        assert c.call('hello', {'read_only': False})['read_only'] is True
        for m in c.call('describe')['methods']:
            name = m['name'].replace(' ', '.')
            assert (m['right'] in ('operate', 'admin') and not name.endswith('.show')) == \
                refused_for_being_read_only(c, name, {'no_such': 1}), name
        assert c.call('tenant.list')['items']


def test_lsctl_read_only_by_flag_or_environment(lab):
    def create(*flags, **env):
        return lab.daemon.lsctl('tenant', 'create', 'guarded', *flags, check=False, more_env=env)
    for r in create('--read-only'), create(LSCTL_READONLY='1'), create(LSCTL_READONLY='no'), create('--read-only', '--dry-run'):
        assert r.rc == 8 and 'read-only' in r.err
    assert 'guarded' not in lab.lsctl('tenant', 'list', '--read-only', '-g', 'name').out.split()
    assert create(LSCTL_READONLY='0').rc == 0
    assert lab.lsctl('tenant', 'delete', 'guarded', '--yes').rc == 0


def test_describe_tells_entities_fields_and_methods(lab):
    with lab.daemon.control() as c:
        d = c.call('describe')
    text = json.dumps(d)
    for word in ('tenant', 'application', 'profile', 'gateway', 'device', 'f_cnt_up', 'queue.push', 'event.tail'):
        assert word in text
    assert c.buffer == b''


def test_pipelined_requests_are_all_answered(lab):
    tenant = lab.lsctl('tenant', 'show', 'acme', '-g', 'tenant_id').out.strip()
    with lab.daemon.control() as c:
        c.call('hello', {})
        ids = [c.send('application.create', {'name': 'pipe-%d' % i, 'tenant_id': tenant}) for i in range(200)]
        made = [c.answer(i)['application_id'] for i in ids]
    assert len(set(made)) == 200
    names = lab.lsctl('application', 'list', '-t', 'acme', '--all', '-F', 'name', '-o', 'tsv').out.split()
    assert {'pipe-%d' % i for i in range(200)} <= set(names)


def test_requests_in_one_write_and_a_request_in_many(lab):
    with lab.daemon.control() as c:
        lines = b''.join(json.dumps({'jsonrpc': '2.0', 'id': i, 'method': 'status'}).encode() + b'\n' for i in range(1, 21))
        c.send_raw(lines)
        for i in range(1, 21):
            assert c.answer(i)
        for octet in json.dumps({'jsonrpc': '2.0', 'id': 99, 'method': 'status'}).encode() + b'\n':
            c.send_raw(bytes([octet]))
        assert c.answer(99)


@pytest.mark.parametrize('line,code', [(b'{', -32700), (b'nonsense', -32700), (b'[]', -32600), (b'5', (-32600, -32700)),
                                       (b'{"jsonrpc":"2.0","id":1}', -32600), (b'{"jsonrpc":"2.0","id":1,"method":5}', -32600),
                                       (b'{"jsonrpc":"2.0","id":1,"method":"no.such"}', -32601),
                                       (b'{"jsonrpc":"2.0","id":1,"method":"status","params":7}', (-32602, -32600)),
                                       (b'[' * 5000, (-32700, -32600)), (b'\xff\xfe{}', -32700)],
                         ids=['cut', 'text', 'array', 'number', 'no-method', 'method-number', 'unknown-method', 'params-number',
                              'deep', 'bad-utf-8'])
def test_bad_request_gets_an_error_and_the_connection_lives(lab, line, code):
    with lab.daemon.control() as c:
        c.send_raw(line + b'\n')
        m = c.read()
        assert m['error']['code'] in (code if isinstance(code, tuple) else (code,)), m
        assert c.call('status')


def test_endless_line_ends_only_its_connection(lab):
    with lab.daemon.control() as c:
        try:
            for _ in range(40):
                c.send_raw(b'x' * 65536)
            while True:
                c.read()
        except OSError:
            pass
    assert lab.daemon.lsctl('status').rc == 0


def test_error_object_names_field_and_exit(lab):
    with lab.daemon.control() as c:
        with pytest.raises(ControlError) as e:
            c.call('device.show', {'dev_eui': 'fffffffffffffff0'})
        assert e.value.exit == 3 and e.value.code == -32003
        with pytest.raises(ControlError) as e:
            c.call('queue.push', {'dev_eui': 'fffffffffffffff0', 'f_port': 500})
        assert e.value.data['field'] == 'f_port'
        with pytest.raises(ControlError) as e:
            c.call('tenant.create', {'name': 'x', 'colour': 'red'})
        assert e.value.data['field'] == 'colour'


def test_subscription_ends_by_cancel(lab, gw, dev):
    with lab.daemon.control() as c:
        id, sub = c.subscribe('event.tail')
        lab.send(gw, dev, b'1')
        assert c.item(sub)['kind'] == 'up'
        c.call('cancel', {'id': id})
        lab.send(gw, dev, b'2')
        lab.up(dev, 1)
        c.call('status')
        late = [m for m in c.kept if m.get('method') == 'stream' and 'item' in m['params']]
        assert not late


def test_two_subscribers_see_the_same(lab, gw, dev):
    with lab.daemon.control() as a, lab.daemon.control() as b:
        sa, sb = a.subscribe('event.tail')[1], b.subscribe('event.tail')[1]
        for i in range(3):
            lab.send(gw, dev, b'%d' % i)
        assert [a.item(sa) for _ in range(3)] == [b.item(sb) for _ in range(3)]


def test_client_that_does_not_read_harms_nobody(lab, gw):
    slow = lab.daemon.control()
    slow.subscribe('event.tail')
    slow.subscribe('frame.tail')
    try:
        for _ in range(3000):
            slow.send('describe')
    except OSError:                         # its output is full: the daemon stops reading it
        pass
    lab.exchange(gw, lab.abp())
    slow.close()
    lab.exchange(gw, lab.abp())


def test_cursors_are_strictly_ordered_and_resume_anywhere(lab, gw, dev):
    for i in range(4):
        n, _ = lab.send(gw, dev, b'%d' % i)
        lab.up(dev, n)
    mine = lab.all_events(dev)
    with lab.daemon.control() as c:
        for k in range(4):
            id, sub = c.subscribe('event.tail', {'cursor': mine[k]['cursor']})
            got = []
            while len(got) < 3 - k:
                e = c.item(sub)
                if e['deviceInfo']['devEui'] == dev.dev_eui:
                    got.append(e)
            assert got == mine[k + 1:]
            c.call('cancel', {'id': id})


@pytest.mark.parametrize('cursor', ['', 'x', '1', '0-0', '-', '99999999-1', '1-99999999999999999999', '1-1-1'])
def test_bad_cursor_is_an_error_or_a_gap(lab, cursor):
    with lab.daemon.control() as c:
        try:
            id, _ = c.subscribe('event.tail', {'cursor': cursor})
        except ControlError as e:
            assert e.exit in (3, 5, 2) or e.code == -32602, e
        else:
            c.call('cancel', {'id': id})
        assert c.call('status')


def test_socket_directory_is_private(lab):
    assert stat.S_IMODE(os.stat(lab.daemon.run).st_mode) & 0o007 == 0
    assert stat.S_ISSOCK(os.stat(lab.daemon.socket).st_mode)


# ---- lsctl

def test_lorawan_1_1_has_two_names_and_1_1_1_is_refused(lab):
    lab.lsctl('profile', 'create', 'eleven', '-t', 'acme', '--region', 'EU868', '--mac-version', '1.1')
    assert lab.lsctl('profile', 'show', 'eleven', '-t', 'acme', '-o', 'json').json()['mac_version'] == '1.1.0'
    r = lab.lsctl('profile', 'create', 'later', '-t', 'acme', '--region', 'EU868', '--mac-version', '1.1.1', check=False)
    assert r.rc == 5 and '1.1.1' in r.err and r.out == ''


def test_command_lines_of_the_issue(lab, tmp_path):
    (tmp_path / 'app.key').write_text('000102030405060708090a0b0c0d0e0f\n')
    (tmp_path / 'n.key').write_text('000102030405060708090a0b0c0d0e0f\n')
    (tmp_path / 'a.key').write_text('101112131415161718191a1b1c1d1e1f')
    for line in ('status -o json',
                 'tenant create acme2',
                 'application create meters -t acme2',
                 'profile create basic -t acme2 --region EU868 --mac-version 1.0.3',
                 'gateway create 0016c001f153a14c --name roof-01 -t acme2',
                 'device create 0004a30b001c0530 --name pump -t acme2 -a meters --profile basic --join-eui 0000000000000000 --app-key @app.key',
                 'device create 0004a30b001c0531 --name pump2 -t acme2 -a meters --profile basic',
                 'device activate 0004a30b001c0531 --dev-addr 01020304 --nwk-s-key @n.key --app-s-key @a.key',
                 'device show 0004a30b001c0530 -o json',
                 'device list -t acme2 -o jsonl',
                 'queue push 0004a30b001c0531 --port 10 --hex 01ff',
                 'queue push 0004a30b001c0531 --port 10 --hex 01ff --confirmed'):
        p = subprocess.run([str(BUILD / 'lsctl')] + line.split(), env=lab.daemon.env(), cwd=tmp_path, capture_output=True,
                           text=True, stdin=subprocess.DEVNULL, timeout=20 * SLOW)
        assert p.returncode == 0, (line, p.stdout, p.stderr)
        if '-o json' in line:
            [json.loads(x) for x in ([p.stdout] if line.endswith('json') else p.stdout.splitlines())]
    d = lab.lsctl('device', 'show', '0004a30b001c0531', '-o', 'json').json()
    assert d['dev_addr'] == '01020304' and d['f_cnt_up'] == 0 and d['f_cnt_down'] == 0
    assert 'last_seen_at' in d


def test_secrets_are_not_shown_unasked(lab):
    dev = lab.abp()
    otaa = lab.otaa()
    for args in (('device', 'show', dev.dev_eui), ('device', 'list', '-t', 'acme', '--all'), ('device', 'session', 'show', dev.dev_eui),
                 ('device', 'keys', 'show', otaa.dev_eui)):
        for out in ('json', 'detail'):
            r = lab.lsctl(*args, '-o', out, check=False)
            for key in (dev.session.nwk_s_key, dev.session.app_s_key, otaa.app_key):
                assert key.hex() not in (r.out + r.err).lower()
    text = lab.daemon.log().lower()
    assert otaa.app_key.hex() not in text and dev.session.nwk_s_key.hex() not in text


def test_activate_does_not_create_the_device(lab):
    r = lab.lsctl('device', 'activate', '0004a30bfffffff1', '--dev-addr', '01020305', '--nwk-s-key', lab.daemon.secret(bytes(16)),
                  '--app-s-key', lab.daemon.secret(bytes(16)), check=False)
    assert r.rc == 3


@pytest.mark.parametrize('args,rc', [
    (('device', 'show', '0004a30bffffff00'), 3),
    (('tenant', 'show', 'nobody'), 3),
    (('tenant', 'create', 'acme'), 6),
    (('application', 'create', 'meters', '-t', 'acme'), 6),
    (('tenant', 'delete', 'acme', '--yes'), 6),
    (('tenant', 'delete', 'acme'), 2),
    (('device', 'shwo'), 2),
    (('nonsense',), 2),
    (('device', 'list', '--colour-of-the-sky', 'x'), 2),
    (('gateway', 'create', 'xyz', '--name', 'x', '-t', 'acme'), (2, 5)),
    (('profile', 'create', 'x', '-t', 'acme', '--region', 'MOON1', '--mac-version', '1.0.3'), 5),
], ids=lambda a: '-'.join(a) if isinstance(a, tuple) and isinstance(a[0], str) else str(a))
def test_exit_codes(lab, args, rc):
    r = lab.lsctl(*args, check=False)
    assert r.rc in (rc if isinstance(rc, tuple) else (rc,)), r
    assert r.out == '' and r.err.startswith('lsctl: '), r


def test_error_as_json(lab):
    r = lab.lsctl('device', 'show', '0004a30bffffff00', '-o', 'json', check=False)
    e = json.loads(r.err)
    assert r.rc == 3 and e['exit'] == 3 and e['message'] and r.out == ''


def test_no_daemon_is_exit_9(lab, tmp_path):
    r = lab.lsctl('-s', str(tmp_path / 'nobody.sock'), 'status', check=False)
    assert r.rc == 9


def test_nwk_key_is_refused_for_1_0(lab):
    r = lab.lsctl('device', 'create', '0004a30bfffffff2', '--name', 'x', '-t', 'acme', '-a', 'meters', '--profile', lab.profile(),
                  '--nwk-key', lab.daemon.secret(bytes(16)), check=False)
    assert r.rc == 5 and '--app-key' in r.err


def test_create_prints_only_the_id(lab):
    r = lab.lsctl('application', 'create', 'only-id', '-t', 'acme')
    assert len(r.out.strip()) == 36 and r.out.count('\n') == 1
    r = lab.lsctl('gateway', 'create', '0016c001ffff0001', '--name', 'only-id', '-t', 'acme')
    assert r.out == '0016c001ffff0001\n'


def test_list_forms(lab, dev):
    one = lab.lsctl('device', 'list', '-t', 'acme', '-a', 'meters', '--all', '-o', 'jsonl').jsonl()
    arr = lab.lsctl('device', 'list', '-t', 'acme', '-a', 'meters', '--all', '-o', 'json').json()
    ids = lab.lsctl('device', 'list', '-t', 'acme', '-a', 'meters', '--all', '-o', 'id').out.split()
    csv = lab.lsctl('device', 'list', '-t', 'acme', '-a', 'meters', '--all', '-o', 'csv', '-F', 'dev_eui,name').out.splitlines()
    assert one == arr and [d['dev_eui'] for d in arr] == ids and dev.dev_eui in ids
    assert csv[0] == 'dev_eui,name' and '%s,dev-%s' % (dev.dev_eui, dev.dev_eui) in csv
    found = lab.lsctl('device', 'list', '-w', 'name=dev-%s' % dev.dev_eui, '-o', 'id').out.split()
    assert found == [dev.dev_eui]
    assert lab.lsctl('device', 'list', '-w', 'name=nobody-has-this', '-o', 'json').json() == []
    assert lab.lsctl('device', 'show', dev.dev_eui, '-g', 'name').out == 'dev-%s\n' % dev.dev_eui


def test_several_filters_hold_together_though_one_says_or(lab, dev):
    name = 'dev-' + dev.dev_eui
    both = ['-w', 'name = %s or name = nobody' % name, '-w']
    assert lab.lsctl('device', 'list', *both, 'enabled', '-o', 'id').out.split() == [dev.dev_eui]
    assert lab.lsctl('device', 'list', *both, 'not enabled', '-o', 'id').out == ''


def test_tail_with_count_ends_with_0(lab, gw, dev):
    for i in range(2):
        lab.send(gw, dev, b'x')
        lab.up(dev, i)
    r = lab.lsctl('event', 'tail', '-o', 'jsonl', '--since', '1h', '--count', '2')
    assert len(r.jsonl()) == 2


def test_tail_for_a_time_ends_with_0_and_10_when_count_was_not_reached(lab):
    assert lab.lsctl('event', 'tail', '-o', 'jsonl', '--for', '200ms').rc == 0
    r = lab.lsctl('event', 'tail', '-o', 'jsonl', '--for', '200ms', '--count', '5', check=False)
    assert r.rc == 10


def test_device_with_all_it_owns_can_be_deleted(lab, gw, dev):
    lab.push(dev, 1, b'x')
    lab.lsctl('device', 'delete', dev.dev_eui, '--yes')
    assert lab.lsctl('device', 'show', dev.dev_eui, check=False).rc == 3
    phy = dev.uplink(b'x')
    gw.send(phy)
    lab.dropped(phy, 'unknown_dev_addr')


def test_activate_again_starts_the_counters_given(lab, gw, dev):
    lab.exchange(gw, dev)
    old = dev.uplink(b'old')
    dev.activate('01fd0001', os.urandom(16), os.urandom(16), 1000, 2000)
    lab.lsctl('device', 'activate', dev.dev_eui, '--dev-addr', '01fd0001', '--nwk-s-key', lab.daemon.secret(dev.session.nwk_s_key),
              '--app-s-key', lab.daemon.secret(dev.session.app_s_key), '--f-cnt-up', '1000', '--f-cnt-down', '2000')
    assert lab.exchange(gw, dev).f_cnt == 2000
    gw.send(old)
    lab.dropped(old, ('old_session', 'unknown_dev_addr'))
    d = lab.device_json(dev)
    assert (d['f_cnt_up'], d['f_cnt_down']) == (1001, 2001)


def test_deactivated_device_is_unknown(lab, gw, dev):
    lab.exchange(gw, dev)
    lab.lsctl('device', 'deactivate', dev.dev_eui, '--yes')
    phy = dev.uplink(b'x')
    gw.send(phy)
    lab.dropped(phy, ('unknown_dev_addr', 'old_session'))


def test_configuration_errors_name_file_and_line(lab, tmp_path):
    for text, word in (('[server]\ndata_dri = /tmp\n', 'data_dir'), ('# here\n[netwrok]\n', 'network'),
                       ('[network]\n\ndeduplication_delay = 200\n', 'deduplication_delay'), ('[region EU867]\n', 'EU868')):
        path = tmp_path / 'bad.ini'
        path.write_text(text)
        p = subprocess.run([str(BUILD / 'loraserverd'), '-c', str(path), '--check'], capture_output=True, text=True,
                           timeout=20 * SLOW, env=lab.daemon.env())
        line = len(text.splitlines())
        assert p.returncode == 2, (text, p.stderr)
        assert '%s:%d' % (path, line) in p.stderr and word in p.stderr, p.stderr


def test_good_configuration_passes_the_check(lab):
    p = subprocess.run([str(BUILD / 'loraserverd'), '-c', str(lab.daemon.config), '--check'], capture_output=True, text=True,
                       timeout=20 * SLOW, env=lab.daemon.env())
    assert p.returncode == 0, p.stderr


# ---- what reviews found

def activate(lab, dev, keys, f_cnt_down=None, check=True):
    more = [] if f_cnt_down is None else ['--f-cnt-down', f_cnt_down]
    return lab.lsctl('device', 'activate', dev.dev_eui, '--dev-addr', dev.dev_addr, '--nwk-s-key', lab.daemon.secret(keys[0]),
                     '--app-s-key', lab.daemon.secret(keys[1]), *more, check=check)


def test_deactivating_does_not_forget_downlink_counters(own_lab):
    lab = own_lab
    gw, dev = lab.gateway(), lab.abp()
    lab.push(dev, 1, b'x')
    assert lab.exchange(gw, dev).f_cnt == 0
    keys, other = (dev.session.nwk_s_key, dev.session.app_s_key), (os.urandom(16), os.urandom(16))
    used = lab.device_json(dev)['f_cnt_down']
    assert used > 0
    lab.lsctl('device', 'deactivate', dev.dev_eui, '--yes')
    assert lab.lsctl('device', 'session', 'show', dev.dev_eui, '-o', 'json').json() in ([], {}, None)
    assert lab.device_json(dev)['dev_addr'] is None
    phy = dev.uplink(b'late')
    gw.send(phy)
    lab.dropped(phy, 'old_session')
    r = activate(lab, dev, keys, check=False)
    assert r.rc == 6 and 'f-cnt-down %d' % used in r.err, r
    lab.daemon.restart()                    # the store has it, not only memory
    assert activate(lab, dev, keys, check=False).rc == 6
    activate(lab, dev, other)
    assert activate(lab, dev, keys, used - 1, check=False).rc == 6
    activate(lab, dev, other, 0)
    assert activate(lab, dev, keys, used - 1, check=False).rc == 6
    activate(lab, dev, keys, used)
    gw.open_path()
    assert lab.exchange(gw, dev).f_cnt == used


def test_logs_of_one_tenant_or_application(own_lab):
    lab = own_lab
    gw, dev = lab.gateway(), lab.abp()
    with lab.daemon.control() as c:
        c.call('tenant.create', {'name': 'beta'})
        c.call('application.create', {'name': 'pumps', 'tenant_id': 'beta'})
        c.call('application.create', {'name': 'pumps', 'tenant_id': 'acme'})
        subs = {scope: c.subscribe(m, dict(zip(('tenant_id', 'application_id'), scope[1:])))[1] for scope in
                (('event', 'acme', 'meters'), ('event', 'acme'), ('event', 'beta'), ('event', 'acme', 'pumps'), ('frame', 'acme'), ('frame', 'beta'))
                for m in (scope[0] + '.tail',)}
        n, _ = lab.send(gw, dev, b'1')
        lab.up(dev, n)
        stray = bytes.fromhex('40010203ff0000000155555555')
        gw.send(stray)
        lab.frame(stray)
        for scope in (('event', 'acme', 'meters'), ('event', 'acme')):
            assert c.item(subs[scope])['deviceInfo']['devEui'] == dev.dev_eui
        assert c.item(subs['frame', 'acme'])['dev_eui'] == dev.dev_eui
        c.call('status')
        silent = {subs['event', 'beta'], subs['event', 'acme', 'pumps'], subs['frame', 'beta']}
        assert not [m for m in c.kept if m.get('method') == 'stream' and m['params']['subscription'] in silent]
        assert not [m for m in c.kept if m.get('method') == 'stream' and m['params'].get('item', {}).get('phy_payload') == stray.hex()]
    for noun in ('event', 'frame'):
        assert lab.lsctl(noun, 'list', '-t', 'acme', '-a', 'meters', '-o', 'json').json()
        assert lab.lsctl(noun, 'list', '-t', 'acme', '-a', 'pumps', '-o', 'json').json() == []
        assert lab.lsctl(noun, 'list', '-t', 'beta', '-o', 'json').json() == []
    assert len(lab.lsctl('event', 'tail', '-t', 'acme', '--since', '1h', '--count', '1', '-o', 'jsonl').jsonl()) == 1


def test_cursor_ahead_of_the_log_is_refused(lab):
    with lab.daemon.control() as c:
        epoch = c.call('hello', {})['epoch']
        for method in ('event.tail', 'event.list', 'frame.tail'):
            with pytest.raises(ControlError) as e:
                c.call(method, {'cursor': '%d-99999999' % epoch})
            assert e.value.exit == 5 and e.value.data['field'] == 'cursor' and '%d-' % epoch in e.value.data['hint']


def test_damaged_eui_is_said_to_be_one(own_lab):
    lab = own_lab
    dev = lab.otaa()
    for more in (False, True):
        if more:
            lab.lsctl('tenant', 'create', 'Beta')
        r = lab.lsctl('device', 'show', '4.3E+15', check=False)
        assert r.rc == 3 and 'spreadsheet' in r.err and 'which tenant' not in r.err, r
        r = lab.lsctl('device', 'show', dev.dev_eui[:14] + 'f', check=False)    # neither head nor tail of one there is
        assert r.rc == 3 and '15 hex digits' in r.err, r
        r = lab.lsctl('gateway', 'show', dev.dev_eui[:15] + 'g', check=False)
        assert r.rc == 3 and "'g'" in r.err, r
    r = lab.lsctl('device', 'show', 'pump', check=False)
    assert r.rc == 2 and 'which tenant' in r.err


def test_the_tenant_question_names_them_in_order_and_the_whole_command(own_lab):
    for name in ('zeta', 'beta', 'mid'):
        own_lab.lsctl('tenant', 'create', name)
    r = own_lab.lsctl('application', 'create', 'meters', '--description', 'of the town', check=False)
    assert r.rc == 2 and 'there are acme, beta, mid, zeta' in r.err, r
    assert "try: lsctl application create meters -t acme --description 'of the town'\n" in r.err, r
    r = own_lab.lsctl('application', 'create', 'meters', check=False)
    assert "try: lsctl application create meters -t acme\n" in r.err, r


def test_unknown_gateways_take_a_limit_only(lab):
    with lab.daemon.control() as c:
        assert 'items' in c.call('gateway.heard-unknown', {'limit': 1})
        for param in ('filter', 'sort', 'cursor'):
            with pytest.raises(ControlError) as e:
                c.call('gateway.heard-unknown', {param: 'x'})
            assert e.value.exit == 2 and e.value.data['field'] == param


def test_last_line_without_newline_is_answered(lab):
    with lab.daemon.control() as c:
        c.send_raw(b'{"jsonrpc":"2.0","id":1,"method":"status"}\n{"jsonrpc":"2.0","id":2,"method":"status"}')
        c.sock.shutdown(socket.SHUT_WR)
        assert c.answer(1) and c.answer(2)
        with pytest.raises(ConnectionError):
            c.read()


def test_id_of_an_open_stream_is_not_taken_twice(lab):
    with lab.daemon.control() as c:
        id, _ = c.subscribe('event.tail')
        for method in ('event.tail', 'status'):
            c.send(method, {}, id=id)
            with pytest.raises(ControlError) as e:
                c.answer(id)
            assert e.value.exit == 2
        assert c.call('cancel', {'id': id})['cancelled'] is True
        c.send('status', {}, id=id)
        assert c.answer(id)


@pytest.mark.parametrize('line,text', [(b'{"id":1,', 'not valid JSON, column '), (b'{"id":1,"id":2}', 'a key stands twice, column '),
                                       (b'\xff{}', 'not valid JSON, column ')])
def test_json_faults_are_said_in_our_words(lab, line, text):
    with lab.daemon.control() as c:
        c.send_raw(line + b'\n')
        message = c.read()['error']['message']
        assert message.startswith(text) and message[len(text):].isdigit(), message


def test_busy_port_is_a_conflict(lab, tmp_path):
    d = type(lab.daemon)(tmp_path)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(d.address)
        p = d.spawn()
        assert p.wait(20 * SLOW) == 6
    text = d.log()
    assert 'why: ' in text and 'try: ' in text and str(d.port) in text


def test_euis_of_nobody_and_names_like_euis(lab):
    for args in (('gateway', 'create', '0000000000000000', '--name', 'x', '-t', 'acme'),
                 ('gateway', 'create', 'ffffffffffffffff', '--name', 'x', '-t', 'acme'),
                 ('gateway', 'create', '0016c001fffffff9', '--name', '0016c001fffffff8', '-t', 'acme'),
                 ('device', 'create', 'ffffffffffffffff', '--name', 'x', '-t', 'acme', '-a', 'meters', '--profile', lab.profile())):
        r = lab.lsctl(*args, check=False)
        assert r.rc == 5 and 'EUI' in r.err, r
