# SPDX-License-Identifier: GPL-2.0-or-later
"""Each daemon killed and brought back, on hub and spokes in turn, under steady flows, in the main job's net (lib.net.PICTURE).

Guards: kill -9 of nhrpd, of zebra or of mgmtd, with the start that watchfrr makes of it, costs no frame and makes no second
copy of one: not of a flow through a shortcut, of one by way of the hub, of broadcast or of unknown unicast, each of 1,000
frames a second, not while it happens and not when the time is over within which the daemons may still sweep; and then
daemons and kernels agree.

    shortcut   vm1 ──> spoke1 ═════════════════> spoke2 ──> vm2     vm2's MAC
    hub        vm1 <── spoke1 <═══ hub <════════ spoke2 <── vm2     another MAC of vm1's; spoke2 hears of no redirects
    broadcast  vm1 ──> spoke1 ═══> hub ════════> spoke2 ──> vm2
    unknown    vm1 <── spoke1 <═══ hub <════════ spoke2 <── vm2     a MAC that nobody has
"""

import contextlib
import time

import pytest

from lib import mainjob
from lib.consistent import assert_consistent
from lib.flow import Flow
from lib.frames import BROADCAST, marked, send_frames
from lib.frr import SANITIZED
from lib.mainjob import NBMA, VNI, instance, tunnel_targets
from lib.measured import measured
from lib.net import VM1_MAC, VM2_MAC
from lib.poll import pause, poll

HUB_WAY_MAC = "02:00:00:00:01:77"  # of vm1, too
NOBODY_MAC = "02:00:00:00:09:99"
RATE = 1000  # frames a second, of each flow
# seconds until what a restart leaves behind is swept, and some: the grace of a fresh nhrpd, which one that a fresh zebra
# meets does not need; nhrpd's last look after mgmtd has read its configuration
SWEEP = {"nhrpd": 31, "zebra": 5, "mgmtd": 3}
SHORTCUTS = (("spoke1", VM2_MAC, "spoke2"), ("spoke2", VM1_MAC, "spoke1"))
INDICATION = "ip proto 47 and ether[36:2] = 0x2001 and ether[83] = 8"  # GRE with key, VPN headers, type in the NHRP header


def prepare(net):
    net.add_devices()
    net.start_frr()


def all_stands(net):
    """Members at the hub, both spokes up, the shortcuts in kernel and nhrpd, all flooding to the hub."""
    assert mainjob.members(net.hub) == mainjob.all_members()
    for name, mac, far in SHORTCUTS:
        assert instance(net[name])["state"] == "up"
        assert mainjob.macs(net[name])
        assert tunnel_targets(net[name], mac) == [(NBMA[far], VNI[far])]
        assert tunnel_targets(net[name], mainjob.ZERO_MAC) == [(NBMA["hub"], mainjob.HUB_VNI)]
    assert not tunnel_targets(net.spoke2, HUB_WAY_MAC)
    return True


def keep_out(node, ifname, what):
    """Drop what comes in by an interface and matches a filter in the words of tcpdump."""
    code = node.run(["tcpdump", "-i", ifname, "-y", "EN10MB", "-ddd", what])
    bytecode = ",".join(code.strip().splitlines())
    node.run(["tc", "qdisc", "add", "dev", ifname, "clsact"])
    node.run(["tc", "filter", "add", "dev", ifname, "ingress", "bpf", "bytecode", bytecode, "action", "drop"])


def test_before(net):
    """Shortcuts both ways; from then on spoke2 is told of no further one."""
    poll(lambda: mainjob.members(net.hub) == mainjob.all_members(), 15, what="both spokes are members")
    assert net.vm1.ping("11.0.0.12", count=5)[1] >= 4
    poll(lambda: all_stands(net), 5)
    keep_out(net.spoke2, "eth1", INDICATION)


@contextlib.contextmanager
def four_flows(net, what, without_zebra=False):
    """The flows; when they end, nothing of them may be missing, and nothing there twice.

    `without_zebra`: a spoke whose zebra is away answers no probes, so what others send it by shortcut may go by way of
    the hub meanwhile.
    """
    send_frames(net.vm1, "eth1", marked(b"here", HUB_WAY_MAC))
    one, two = (net.vm1, "eth1", net.vm2, "eth1"), (net.vm2, "eth1", net.vm1, "eth1")
    flows = {
        "shortcut": Flow(*one, src=VM1_MAC, dst=VM2_MAC, rate=RATE),
        "hub": Flow(*two, src=VM2_MAC, dst=HUB_WAY_MAC, rate=RATE),
        "broadcast": Flow(*one, src=VM1_MAC, dst=BROADCAST, rate=RATE),
        "unknown": Flow(*two, src=VM2_MAC, dst=NOBODY_MAC, rate=RATE),
    }
    before = net.hub.counters("tun2")["rx"]["packets"]
    with contextlib.ExitStack() as stack:
        for flow in flows.values():
            stack.enter_context(flow)
        yield flows
    results = {name: flow.result() for name, flow in flows.items()}
    for name, result in results.items():
        keys = ("sent", "lost", "duplicated", "longestGap", "longestDelay", "late")
        measured(f"{what}, {name}", **{key: result[key] for key in keys})
    wrong = {n: r for n, r in results.items() if r["lost"] or r["duplicated"]}
    assert not wrong, wrong
    # by way of the hub went what was to, and the shortcut's flow did not
    by_hub = net.hub.counters("tun2")["rx"]["packets"] - before
    want, straight = sum(results[name]["sent"] for name in ("hub", "broadcast", "unknown")), results["shortcut"]["sent"]
    measured(f"{what}, frames by way of the hub", wanted=want, others=by_hub - want, ofShortcut=straight)
    assert want <= by_hub < want + straight * (0.9 if without_zebra else 0.1), (by_hub, want)


def running(flows, count=500):
    """Wait until each flow has brought `count` further frames."""
    goal = {name: flow.so_far()["received"] + count for name, flow in flows.items()}
    poll(lambda: all(flow.so_far()["received"] >= goal[name] for name, flow in flows.items()), 20, what="the flows run")


@pytest.mark.parametrize("daemon", ["nhrpd", "zebra", "mgmtd"])
def test_killed(net, daemon):
    """On each router in turn; then the flows go on until the sweep that follows a restart is over everywhere."""
    with four_flows(net, f"kill -9 of {daemon}", without_zebra=daemon == "zebra") as flows:
        running(flows)
        for name in ("hub", "spoke1", "spoke2"):
            net[name].kill(daemon)
            running(flows)
            net[name].revive(daemon)
            poll(lambda: all_stands(net), 30, what=f"all stands again after {daemon} of {name} was back")
            assert_consistent(net[name])
            running(flows)
        pause(SWEEP[daemon])
        all_stands(net)
        assert_consistent(*net.routers())


@pytest.mark.skipif(SANITIZED, reason="FRR's scripts start zebra and mgmtd without the libraries that sanitized modules need")
@pytest.mark.parametrize("name", ["hub", "spoke1"])
def test_watchfrr(net, name):
    """The same with FRR's own scripts on one router: watchfrr starts what was killed, and for zebra all daemons anew.

    It ends the others for that with the signal of an ordinary stop, on which a spoke leaves; but not while watchfrr runs.
    """
    router = net[name]
    config = router.read_file("/etc/frr/frr.conf")
    for daemon in ("nhrpd", "staticd", "zebra", "mgmtd"):
        router.kill(daemon)
    router.start_by_script(config, watchfrr="--min-restart-interval 1")
    poll(lambda: all_stands(net), 30, what="all stands with watchfrr")
    with four_flows(net, f"watchfrr on {name}", without_zebra=True) as flows:
        for daemon in ("nhrpd", "mgmtd", "zebra"):
            start = time.monotonic()
            new = router.restarted_by_watchfrr(daemon)
            assert ("nhrpd" in new) == (daemon != "mgmtd"), f"killed {daemon}, new are {new}"
            poll(lambda: all_stands(net), 40, what=f"all stands again after watchfrr restarted {new}")
            measured(f"watchfrr starts what was killed on {name}", daemon=daemon, secondsUntilAllStands=time.monotonic() - start)
            running(flows)
        assert_consistent(*net.routers())
    router.stop_by_script()
    if name == "spoke1":
        assert mainjob.members(net.hub) == {(NBMA["spoke2"], VNI["spoke2"])}, "stopped by the script it leaves"
    code, said = router.start(config)
    assert code == 0, said
