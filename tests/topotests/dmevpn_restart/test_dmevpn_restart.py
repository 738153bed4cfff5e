# SPDX-License-Identifier: GPL-2.0-or-later
"""Daemons that end and come back, in the main job's net (lib.net.PICTURE) with both shortcuts standing.

Guards: nhrpd or zebra killed on the hub or on a spoke is said clearly in the log of the one that misses it, costs
no packet of a running conversation, and is made good when it is back; a spoke whose nhrpd is stopped leaves the VPN,
or with graceful restart keeps all of it; without mgmtd the VPN goes on, and a boot without it catches up later.
"""

import contextlib
import signal
import subprocess

import pytest

from lib import mainjob
from lib.asleep import Asleep
from lib.capture import Capture
from lib.consistent import assert_consistent
from lib.frames import marked, send_frames
from lib.mainjob import NBMA, SHORTCUTS, VNI, instance, tunnel_targets
from lib.net import SPOKE2_BRIDGE_MAC, VM1_MAC
from lib.poll import poll


def prepare(net):
    net.add_devices()
    net.start_frr()


@contextlib.contextmanager
def lossless_ping(net):
    """vm1 talks to spoke2's bridge throughout; not one packet may be missing."""
    ping = net.vm1.popen(["ping", "-n", "-i", "0.1", "-W", "1", "11.0.0.11"], stdout=subprocess.PIPE, text=True)
    try:
        yield
    finally:
        ping.send_signal(signal.SIGINT)
        out, _ = ping.communicate(timeout=20)
    assert " 0% packet loss" in out, out[-600:]


def all_stands(net):
    """Members at the hub, both spokes up, both shortcuts in the kernel and in nhrpd."""
    assert mainjob.members(net.hub) == mainjob.all_members()
    for name, mac, far in SHORTCUTS:
        assert instance(net[name])["state"] == "up"
        assert tunnel_targets(net[name], mac) == [(NBMA[far], VNI[far])]
        assert tunnel_targets(net[name], mainjob.ZERO_MAC) == [(NBMA["hub"], mainjob.HUB_VNI)]
    return True


def through_the_hub(net, word):
    """One broadcast of vm1 gets to spoke2: no shortcut carries it, only the hub's switch."""
    # only the hub's: a capture ends when its wire falls silent, and the conversation by the shortcut goes on
    with Capture(net.spoke2, "eth1", f"udp port 4789 and src host {NBMA['hub']}", direction="in") as wire:
        send_frames(net.vm1, "eth1", marked(word, VM1_MAC))
        wire.wait_for(lambda frame: word in frame)


def test_before(net):
    poll(lambda: mainjob.members(net.hub) == mainjob.all_members(), 15, what="both spokes are members")
    assert net.vm1.ping("11.0.0.11", count=5) == (5, 5)
    poll(lambda: all_stands(net), 5)


def wait_for_line(router, daemon, mark, sentence, deadline=10):
    """A line with `sentence` in a daemon's log, behind what stood there at `mark`."""
    poll(lambda: [line for line in router.log_since(daemon, mark) if sentence in line], deadline,
         what=f"{router.name}: {daemon} logs '{sentence}'")  # fmt: skip


def test_stopped_leaves(net):
    """Stopped in good order a spoke leaves the VPN: hub and other spoke forget it at once, its kernel has nothing left."""
    router = net.spoke1
    router.kill("nhrpd", signal.SIGTERM)
    assert mainjob.members(net.hub) == {(NBMA["spoke2"], VNI["spoke2"])}, "the hub has heard before nhrpd is gone"
    poll(lambda: not tunnel_targets(net.spoke2, VM1_MAC), 5, what="spoke2's shortcut was purged")
    for mac in (mainjob.ZERO_MAC, SPOKE2_BRIDGE_MAC):
        poll(lambda mac=mac: not tunnel_targets(router, mac), 5, what=f"spoke1 has no entry for {mac}")
    router.revive("nhrpd")
    poll(lambda: mainjob.members(net.hub) == mainjob.all_members(), 15, what="spoke1 is a member again")
    assert net.vm1.ping("11.0.0.11", count=5) == (5, 5)
    poll(lambda: all_stands(net), 5)


# who is killed, who misses it, and what that one says when it goes and when it is back
WITNESSES = [
    ("nhrpd", "zebra", "nhrpd has gone", "nhrpd is there"),
    ("zebra", "nhrpd", "zebra module: lost", "zebra module: connected"),
]


@pytest.mark.parametrize("name", ["hub", "spoke1"])
@pytest.mark.parametrize("daemon, witness, gone, back", WITNESSES, ids=["nhrpd", "zebra"])
def test_killed_and_back(net, name, daemon, witness, gone, back):
    """Killed like in a crash while a conversation runs; the witness says so, and says when it is back."""
    router = net[name]
    mark = len(router.log(witness))
    with lossless_ping(net):
        router.kill(daemon)
        wait_for_line(router, witness, mark, gone)
        through_the_hub(net, b"without it")
        router.revive(daemon)
        through_the_hub(net, b"just back")
        wait_for_line(router, witness, mark, back)
        poll(lambda: all_stands(net), 30, what="all stands again")
        through_the_hub(net, b"all stands")
    assert net.vm1.ping("11.0.0.11", count=5) == (5, 5)


def test_hub_takes_all_back_from_zebra(net):
    """No spoke says a word while the hub's nhrpd is killed and comes back: members and MACs are what zebra's module has."""
    homes = lambda: {mac: (e["remoteVtep"], e["vni"]) for mac, (e, *_) in mainjob.macs(net.hub).items()}
    before = homes()
    assert {VM1_MAC, SPOKE2_BRIDGE_MAC} <= set(before)
    with Asleep("nhrpd", net.spoke1, net.spoke2):
        net.hub.kill("nhrpd")
        net.hub.revive("nhrpd")
        poll(lambda: mainjob.members(net.hub) == mainjob.all_members(), 10, what="the hub has its members")
        poll(lambda: homes() == before, 10, what="the hub has its MACs, where they were")
        rows = net.hub.vtysh_json("show ip nhrp vpn members json")["members"]
        assert not [row for row in rows if "mac" in row], "which only a registration tells"
        through_the_hub(net, b"with members that say nothing")
    poll(lambda: all_stands(net), 30, what="all stands again")
    assert_consistent(*net.routers())


def test_stopped_with_graceful_restart(net):
    """The same with graceful restart costs no packet and is not noticed by anybody."""
    router = net.spoke1
    code, said = router.configure("interface tun2", "ip nhrp vpn graceful-restart")
    assert code == 0, said
    poll(lambda: instance(router)["gracefulRestart"], 10, what="nhrpd knows")
    with lossless_ping(net):
        router.kill("nhrpd", signal.SIGTERM)
        assert mainjob.members(net.hub) == mainjob.all_members()
        through_the_hub(net, b"between two runs")
        router.revive("nhrpd")
        poll(lambda: instance(router)["gracefulRestart"] and all_stands(net), 30, what="all stands again")
    code, said = router.configure("interface tun2", "no ip nhrp vpn graceful-restart")
    assert code == 0, said
    poll(lambda: not instance(router)["gracefulRestart"], 10, what="nhrpd knows of that, too")


def test_mgmtd_goes(net):
    """Without mgmtd the VPN runs on as configured; back, it has the configuration and nhrpd takes changes again."""
    router = net.spoke1
    mark = len(router.log("nhrpd"))
    with lossless_ping(net):
        router.kill("mgmtd")
        wait_for_line(router, "nhrpd", mark, "connection to mgmtd lost")
        assert instance(router)["state"] == "up"
        router.revive("mgmtd")
        poll(lambda: all_stands(net), 30)
    code, said = router.configure("interface tun2", "ip nhrp vpn holdtime 900")
    assert code == 0, said
    poll(lambda: instance(router)["holdtime"] == 900, 10, what="nhrpd takes changes again")
    router.configure("interface tun2", "no ip nhrp vpn holdtime")


def test_boot_without_mgmtd(net):
    """A router that boots without mgmtd says so; when mgmtd is started, it becomes a member after all."""
    router = net.spoke2
    config = router.read_file("/etc/frr/frr.conf")
    router.stop_frr()
    mark = len(router.log("nhrpd"))
    router.start(config, daemons=("zebra", "nhrpd"))
    wait_for_line(router, "nhrpd", mark, "no connection to mgmtd for", deadline=20)
    assert not router.vtysh_json("show ip nhrp vpn json").get("instances")
    router.revive("mgmtd")
    poll(lambda: instance(router)["state"] == "up", 15, what="spoke2 is registered after all")
    assert net.vm1.ping("11.0.0.11", count=5) == (5, 5)
