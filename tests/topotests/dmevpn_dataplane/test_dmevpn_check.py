# SPDX-License-Identifier: GPL-2.0-or-later
"""CHECK, module alone: what zebra_dmevpn tells of the kernel, and what that costs zebra.

Guards that the records say what the kernel has and not what the module believes, that a new CHECK ends the one under
way, and that 100,000 entries are told while zebra goes on answering. The net is that of test_dmevpn_spoke_entries.py.
"""

import time

import pytest

from dmevpn_dataplane.inject import Inject, show
from dmevpn_dataplane.test_dmevpn_spoke_entries import FAR, FARTHER, SpokeNet
from lib.measured import measured
from lib.poll import poll

MANY = 100000
INSTANCE, FLOOD, FDB, LOCAL = "1", "2", "3", "9"  # kinds of lib/dmevpn_msg.h
UP, NOLEARNING = 1, 2

NET = SpokeNet


def prepare(net):
    net.spoke.start_daemon("zebra")
    net.inject = Inject(net.spoke)
    net.inject.hello(1)
    net.inject.say("sync_end", "instance tun2 0 spoke 1")
    net.inject.wait_for("INSTANCE_STATE", ready=1, vni=100)
    net.inject.say("hub tun2 100 10.0.0.1 4097", f"mac tun2 100 {FAR} 10.0.0.3 101")
    poll(lambda: net.spoke.fdb_vxlan("tun2", FAR), 5, what="the shortcut is in the kernel")
    poll(lambda: len(net.spoke.fdb_vxlan("tun2", "00:00:00:00:00:00")) == 1, 5, what="the hub is the one destination")


@pytest.fixture
def check(net, numbers=iter(range(5, 1000))):
    """Ask and wait; returns {(kind, address): record}."""

    def ask():
        number, mark = next(numbers), net.inject.mark()
        net.inject.say(f"check {number}")
        assert net.inject.wait_for("CHECK_END", mark, number=number, deadline=30)["reason"] == ""
        return {(r["kind"], r["addr"]): r for r in net.inject.records("CHECK_HAVE", mark, number=number)}

    return ask


def test_what_the_kernel_has(net, check):
    told = check()
    (settings,) = [r for (kind, _), r in told.items() if kind == INSTANCE]
    assert int(settings["settings"]) & (UP | NOLEARNING) == UP | NOLEARNING and settings["vni"] == "100"
    hub, shortcut = told[FLOOD, "10.0.0.1"], told[FDB, FAR]
    assert (hub["remote_vni"], hub["ours"]) == ("4097", "1")
    assert (shortcut["at"], shortcut["remote_vni"], shortcut["ours"]) == ("10.0.0.3", "101", "1")
    assert (LOCAL, net.spoke.mac("br-test")) in told


def test_not_what_the_module_believes(net, check):
    """Behind its back: an entry points elsewhere, and one has come that is somebody's own."""
    net.spoke.run(f"bridge fdb replace {FAR} dev tun2 dst 10.0.0.9 vni 7 self extern_learn")
    net.spoke.run(f"bridge fdb add {FARTHER} dev tun2 dst 10.0.0.9 self static")
    told = check()
    assert (told[FDB, FAR]["at"], told[FDB, FAR]["remote_vni"]) == ("10.0.0.9", "7")
    assert (told[FDB, FARTHER]["ours"], told[FDB, FARTHER]["remote_vni"]) == ("0", "100")
    net.spoke.run(f"bridge fdb del {FARTHER} dev tun2 dst 10.0.0.9 self")
    assert (FDB, FARTHER) not in check()


def test_device_that_is_down(net, check):
    net.spoke.ip("link set tun2 down")
    told = check()
    assert (FDB, FAR) not in told
    assert not any(int(r["settings"]) & UP for (kind, _), r in told.items() if kind == INSTANCE)
    net.spoke.ip("link set tun2 up")
    poll(lambda: (FDB, FAR) in check(), 10, what="the entry is told again once the module has made it again")


def test_new_check_ends_the_old(net):
    mark = net.inject.mark()
    net.inject.say("check 3", "check 4")
    net.inject.wait_for("CHECK_END", mark, number=4)
    assert not net.inject.records("CHECK_END", mark, number=3)
    assert not net.inject.records("CHECK_HAVE", mark, number=3)


def test_hundred_thousand(net):
    """All are told, and zebra answers others in between: the longest it takes is near what it always takes."""
    lines = [f"fdb add 02:01:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}:01 dev tun2 dst 10.0.0.3 vni 9 self" for n in range(MANY)]
    net.spoke.run(["bridge", "-batch", "-"], stdin="\n".join(lines) + "\n", timeout=120)
    usual = max(timed(lambda: show(net.spoke)) for _ in range(10))
    mark = net.inject.mark()
    start = time.monotonic()
    net.inject.say("check 1000")
    answers = []
    while not (last := net.inject.out_ends_with("CHECK_END number=1000")) and time.monotonic() < start + 60:
        answers.append(timed(lambda: show(net.spoke)))
    took = time.monotonic() - start
    assert last, "the check has come to its end"
    assert net.inject.records("CHECK_END", mark, number=1000)[0]["reason"] == ""
    assert len([r for r in net.inject.records("CHECK_HAVE", mark) if r["kind"] == FDB]) >= MANY
    measured("check of 100,000 entries", seconds=took, longest_answer_of_zebra=max(answers), usual_answer=usual)
    assert max(answers) < usual + 0.5


def timed(call):
    start = time.monotonic()
    call()
    return time.monotonic() - start
