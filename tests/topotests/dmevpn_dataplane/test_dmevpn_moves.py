# SPDX-License-Identifier: GPL-2.0-or-later
"""MACs that move, and MACs that may not, in the hub's switch, module alone: the net of test_dmevpn_dataplane.

Guards that a word of nhrpd never undoes what the switch has heard meanwhile, and that a MAC which is held stays
where it is, whatever comes with it from elsewhere, over restarts too.
"""

import signal

import pytest

from dmevpn_dataplane.inject import Inject, counters, show
from dmevpn_dataplane.test_dmevpn_dataplane import MAC, MEMBERS, VNI, HubNet, Wires, fenced, hub, learn, prepare, send
from lib.poll import poll

NET = HubNet
ROAMER = "02:00:00:00:00:99"
__all__ = ["hub", "prepare"]


def goes_to(net, word):
    """Which members get a frame for the roamer that m1 sends."""
    with Wires(net) as wires:
        send(net, "m1", word, MAC["m1"], ROAMER)
        fenced(net, wires, "m1", b"fence", "m2", "m3")
    return list(wires.got(word))


def hold(net, address, held=1):
    """Say so, and wait until the records before the answer to a question have been carried out."""
    mark = net.inject.mark()
    net.inject.say(f"hold tun2 {VNI} {ROAMER} {address} {held}", f"used tun2 {VNI} {ROAMER}")
    net.inject.wait_for("USED_REPLY", mark, mac=ROAMER)
    return mark


@pytest.fixture
def at_m2(net, hub):
    """The roamer is behind m2, and free."""
    hold(net, "10.0.0.3", 0)
    learn(net, "m1")
    send(net, "m2", b"here I am", ROAMER)
    poll(lambda: goes_to(net, b"where") == ["m2"], 5)
    return hub


def test_bind_does_not_undo_what_was_heard(net, at_m2):
    """nhrpd has the roamer at m3 and takes it to m1; a frame has been heard from m2, of which nhrpd has yet to hear."""
    mark = net.inject.mark()
    net.inject.say(f"bind tun2 {VNI} {ROAMER} 10.0.0.2 101 0 10.0.0.4")
    assert net.inject.wait_for("MAC_SEEN", mark, mac=ROAMER)["nbma"] == "10.0.0.3"
    assert goes_to(net, b"still") == ["m2"]
    mark = net.inject.mark()
    net.inject.say(f"bind tun2 {VNI} {ROAMER} 10.0.0.4 103 0 10.0.0.3")
    assert goes_to(net, b"moved") == ["m3"]
    assert not net.inject.records("MAC_SEEN", mark, mac=ROAMER), "nhrpd knows"


def test_held_mac_stays(net, at_m2):
    hold(net, "10.0.0.3")
    before = counters(at_m2)
    mark = net.inject.mark()
    with Wires(net) as wires:
        for _ in range(3):
            send(net, "m3", b"I am the roamer", ROAMER)
        send(net, "m3", b"I am the roamer", ROAMER, MAC["m1"])
        fenced(net, wires, "m3", b"fence", "m1", "m2")
    assert wires.got(b"I am the roamer") == {}
    poll(lambda: counters(at_m2)["duplicateDropped"] - before["duplicateDropped"] == 4, 5)
    assert counters(at_m2)["moved"] == before["moved"]
    assert not net.inject.records("MAC_SEEN", mark, mac=ROAMER)
    assert goes_to(net, b"held") == ["m2"]
    with Wires(net) as wires:
        send(net, "m2", b"from home", ROAMER)
        poll(lambda: set(wires.got(b"from home")) == {"m1", "m3"}, 5, what="its home goes on with it")
    hold(net, "10.0.0.3", 0)
    send(net, "m3", b"here I am", ROAMER)
    net.inject.wait_for("MAC_SEEN", mark, mac=ROAMER, nbma="10.0.0.4", old="10.0.0.3")


def test_hold_somewhere_else_is_told(net, at_m2):
    """It moved before the switch was told: nhrpd hears where it is, puts it back and holds it."""
    mark = hold(net, "10.0.0.4")
    assert net.inject.wait_for("MAC_SEEN", mark, mac=ROAMER, nbma="10.0.0.3")["held"] == "0"
    net.inject.say(f"bind tun2 {VNI} {ROAMER} 10.0.0.4 103 0 10.0.0.3")
    hold(net, "10.0.0.4")
    send(net, "m2", b"here I am", ROAMER)
    assert goes_to(net, b"back") == ["m3"]
    mark = net.inject.mark()
    net.inject.say(f"hold tun2 {VNI} 02:00:00:00:0f:0f 10.0.0.3 1")
    net.inject.wait_for("FAILURE", mark, rec="MAC_HOLD")


def test_hold_ends_with_its_home(net, at_m2):
    """Behind a member that is gone it is as good as unknown."""
    hold(net, "10.0.0.3")
    address, vni = MEMBERS["m2"]
    net.inject.say(f"no_member tun2 {VNI} {address}", f"member tun2 {VNI} {address} {vni}")
    mark = net.inject.mark()
    send(net, "m3", b"here I am", ROAMER)
    net.inject.wait_for("MAC_SEEN", mark, mac=ROAMER, nbma="10.0.0.4")
    assert goes_to(net, b"free") == ["m3"]


def test_hold_outlives_nhrpd_and_zebra(net, at_m2):
    """The pinned map has it: the dump says so, and the switch goes on meanwhile."""
    hold(net, "10.0.0.3")
    dump = net.inject.hello(2)
    assert [line for line in dump if line.startswith("MAC_SEEN") and ROAMER in line and line.endswith("held=1")]
    net.inject.gone()
    at_m2.kill("zebra", signal.SIGTERM)
    send(net, "m3", b"here I am", ROAMER)
    at_m2.start_daemon("zebra")
    net.inject = Inject(at_m2)
    net.inject.hello(3)
    net.inject.say("instance tun2 1 hub 1", *[f"member tun2 {VNI} {a} {v}" for a, v in MEMBERS.values()], "sync_end")
    poll(lambda: [i["members"] for i in show(at_m2)["instances"]] == [len(MEMBERS)], 5)
    mark = net.inject.mark()
    net.inject.hello(4)
    seen = net.inject.records("MAC_SEEN", mark, mac=ROAMER)
    assert seen and seen[-1]["held"] == "1" and seen[-1]["nbma"] == "10.0.0.3"
    assert goes_to(net, b"after all") == ["m2"]
