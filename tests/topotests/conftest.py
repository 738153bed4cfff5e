# SPDX-License-Identifier: GPL-2.0-or-later
"""What all topotests share: the net fixture, and the rule that nothing ends badly unseen.

A test module gets its net by the fixture `net`, made once for the module. It may say how:

    NET = MainNet            the class of the net (MainNet when it says nothing)
    def prepare(net): …      called before anything is started; without it the devices are made and every router
                             starts with <folder>/<router>/frr.conf

After every test each router is asked for sanitizer reports, cores and daemons that ended by themselves; any of
them fails the test. When something failed, logs, configuration and state of all routers are kept with the run.
"""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from lib.net import MainNet  # noqa: E402  (found by the path set above)


@pytest.fixture(scope="module")
def net(request):
    module, folder = request.module, os.path.dirname(request.module.__file__)
    made = getattr(module, "NET", MainNet)()
    failed_before = request.session.testsfailed
    try:
        if hasattr(module, "prepare"):
            module.prepare(made)
        else:
            made.add_devices()
            made.start_frr(folder)
        yield made
    except BaseException:
        print("logs and state:", made.collect(module.__name__))
        raise
    finally:
        if request.session.testsfailed > failed_before:
            print("logs and state:", made.collect(module.__name__))
        ended = made.stop()
    assert not ended, "when the net was stopped:\n" + "\n".join(ended)


@pytest.fixture(autouse=True)
def nothing_broke(request):
    """Runs after the test proper, so a daemon that fell over fails the test it fell over in."""
    yield
    if "net" in request.fixturenames:
        found = request.getfixturevalue("net").complaints()
        assert not found, "\n".join(found)
