"""Fixtures: a provisioned daemon for each module, gateways and devices for each test."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.dont_write_bytecode = True

from daemon import BUILD  # noqa: E402
from lab import Lab  # noqa: E402


def pytest_report_header(config):
    return 'loraserverd: %s, time-outs x %s' % (BUILD, os.environ.get('LS_SLOW', '1'))


@pytest.fixture(scope='module')
def lab(request, tmp_path_factory):
    """A daemon of this module with tenant acme and application meters. `LAB` of the module gives options."""
    lab = Lab(tmp_path_factory.mktemp('lab'), **getattr(request.module, 'LAB', {}))
    try:
        yield lab.start()
    finally:
        lab.end()


@pytest.fixture
def own_lab(request, tmp_path):
    """A daemon of this test alone, to be killed at will."""
    lab = Lab(tmp_path, **getattr(request.module, 'LAB', {}))
    try:
        yield lab.start()
    finally:
        lab.end()


@pytest.fixture
def gw(lab):
    """A registered gateway of this test, with its path open."""
    g = lab.gateway()
    yield g
    g.stop_pulling()


@pytest.fixture
def gw2(lab):
    g = lab.gateway()
    yield g
    g.stop_pulling()


@pytest.fixture
def dev(lab):
    """An ABP device of LoRaWAN 1.0.3."""
    return lab.abp()


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of the daemon's log."""
    report = (yield).get_result()
    used = item.funcargs.get('lab') or item.funcargs.get('own_lab') if hasattr(item, 'funcargs') else None
    if used and report.failed and call.when == 'call':
        report.sections.append(('loraserverd', used.daemon.log()[-6000:]))
