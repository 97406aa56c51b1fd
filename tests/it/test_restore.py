"""loraserverd --restore: an old backup takes the place of the database, and counts on."""
import shutil
import sqlite3
import subprocess
from contextlib import closing

import pytest

from daemon import BUILD
from gateway import SLOW


def restore(lab, copy):
    return subprocess.run([str(BUILD / 'loraserverd'), '-c', str(lab.daemon.config), '--restore', str(copy)], text=True,
                          env=lab.daemon.env(), stdin=subprocess.DEVNULL, capture_output=True, timeout=20 * SLOW)


@pytest.fixture
def world(own_lab, tmp_path):
    """(lab, gateway, device, path of the database, a backup of it made while the daemon runs)."""
    gw, dev = own_lab.gateway(), own_lab.abp()
    own_lab.exchange(gw, dev)
    path, copy = own_lab.daemon.data / 'loraserver.db', tmp_path / 'copy.db'
    with closing(sqlite3.connect(path)) as db:
        db.execute('VACUUM INTO ?', (str(copy),))
    return own_lab, gw, dev, path, copy


def test_restored_database_counts_on_and_keeps_what_was_replaced(world):
    lab, gw, dev, path, copy = world
    for _ in range(3):
        lab.exchange(gw, dev)
    lab.daemon.stop()
    r = restore(lab, copy)
    assert r.returncode == 0 and 'restored' in r.stderr, r
    aside = path.with_name('loraserver.db.before-restore')
    assert aside.exists() and path.stat().st_mode & 0o077 == 0 and aside.stat().st_mode & 0o077 == 0
    assert sorted(p.name for p in path.parent.iterdir()) == ['lock', 'loraserver.db', 'loraserver.db.before-restore']
    lab.daemon.start()
    gw.open_path()
    assert lab.exchange(gw, dev).f_cnt == 1 + 4096


def test_restore_is_refused_while_a_daemon_runs(world):
    lab, gw, dev, path, copy = world
    r = restore(lab, copy)
    assert r.returncode != 0 and 'in use by another daemon' in r.stderr, r
    lab.exchange(gw, dev)


@pytest.mark.parametrize('how', ['absent', 'text', 'foreign', 'cut', 'newer'])
def test_what_is_no_backup_leaves_the_database_alone(world, how):
    lab, gw, dev, path, copy = world
    if how == 'absent':
        copy.unlink()
    elif how == 'text':
        copy.write_text('no database\n' * 100)
    elif how == 'cut':
        copy.write_bytes(copy.read_bytes()[:20000])
    elif how == 'foreign':
        copy.unlink()
        with closing(sqlite3.connect(copy)) as db:
            db.execute('CREATE TABLE other (x)')
    else:
        with closing(sqlite3.connect(copy)) as db:
            db.execute('PRAGMA user_version = 999')
    lab.daemon.stop()
    r = restore(lab, copy)
    assert r.returncode != 0 and 'not restored' in r.stderr, r
    assert sorted(p.name for p in path.parent.iterdir()) == ['lock', 'loraserver.db']
    lab.daemon.start()
    gw.open_path()
    assert lab.exchange(gw, dev).f_cnt == 1


def test_restore_into_an_empty_folder(world):
    lab, gw, dev, path, copy = world
    lab.daemon.kill9()
    shutil.rmtree(path.parent)
    path.parent.mkdir(mode=0o700)
    assert restore(lab, copy).returncode == 0
    lab.daemon.start()
    gw.open_path()
    lab.exchange(gw, dev)


def test_log_of_the_unclean_end_is_not_taken_for_the_copy_s(world):
    """After kill -9 the database has a WAL beside it, which belongs to what is replaced."""
    lab, gw, dev, path, copy = world
    lab.exchange(gw, dev)
    lab.daemon.kill9()
    assert path.with_name('loraserver.db-wal').stat().st_size > 0
    assert restore(lab, copy).returncode == 0
    assert not path.with_name('loraserver.db-wal').exists()
    lab.daemon.start()
    gw.open_path()
    assert lab.device_json(dev)['f_cnt_up'] == 1
    lab.exchange(gw, dev)


def test_cursor_of_the_lost_life_gets_a_gap(world):
    lab, gw, dev, path, copy = world
    cursor = lab.up(dev, 0)['cursor']
    lab.daemon.stop()
    assert restore(lab, copy).returncode == 0
    lab.daemon.start()
    gw.open_path()
    with lab.daemon.control() as c:
        c.call('hello', {})
        _, sub = c.subscribe('event.tail', {'cursor': cursor})
        assert c.item(sub)['kind'] == 'gap'
    assert lab.up(dev, 0)['cursor'] != cursor


def test_join_nonce_counts_on(own_lab, tmp_path):
    lab, gw = own_lab, own_lab.gateway()
    dev = lab.otaa()
    assert lab.join(gw, dev).join_nonce == 1
    lab.daemon.stop()
    copy = tmp_path / 'copy.db'
    shutil.copy2(lab.daemon.data / 'loraserver.db', copy)
    assert restore(lab, copy).returncode == 0
    lab.daemon.start()
    gw.open_path()
    assert lab.join(gw, dev).join_nonce == 1 + 256 + 1
    lab.exchange(gw, dev)


def test_multicast_counter_counts_on(world):
    lab, gw, dev, path, _ = world
    lab.lsctl('multicast', 'create', 'all', '-t', 'acme', '-a', 'meters', '--group-type', 'C', '--region', 'EU868', '--dr', '0',
              '--mc-addr', '01ffff01', '--mc-nwk-s-key', lab.daemon.secret(b'n' * 16), '--mc-app-s-key',
              lab.daemon.secret(b'a' * 16))
    lab.daemon.stop()
    copy = path.parent.parent / 'later.db'
    shutil.copy2(path, copy)
    assert restore(lab, copy).returncode == 0
    lab.daemon.start()
    assert lab.lsctl('multicast', 'show', 'all', '-o', 'json').json()['f_cnt_down'] == 4096
