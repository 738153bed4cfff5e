# SPDX-License-Identifier: GPL-2.0-or-later
"""Ageing, in the main job's net (lib.net.PICTURE) with a third host vm3 at spoke1's bridge and an ageing time of 10 s.

Guards: a MAC that neither the hub nor its home spoke's bridge hears leaves the hub's table, the other spoke's shortcut
and both kernels within the ageing time, a sixteenth of it and a second, as printed; one that either hears stays for several ageing times, also when
the hub hears none of it; frames to a silent host are not lost; a restart neither loses nor resets it.
"""

import json
import time

from lib import mainjob
from lib.capture import Capture
from lib.flow import Flow
from lib.frames import marked, send_frames
from lib.mainjob import tunnel_targets
from lib.measured import measured
from lib.net import SPOKE2_BRIDGE_MAC, VM1_MAC, VM2_MAC, MainNet
from lib.poll import holds, poll

AGEING = 10  # seconds, the shortest there is
LATEST = AGEING * 17 / 16 + 1  # by which it has gone: a spoke tells whole seconds
VM3_MAC = "02:00:00:00:01:13"
EARLY = 0.1  # seconds, between the frame's arrival and the end of its sender
SLACK = 1  # second, of which a node of the sandbox may be kept waiting for the processor


class AgeingNet(MainNet):
    def __init__(self):
        super().__init__()
        self.vm3 = self.add("vm3")
        self.link(self.vm3, "eth1", self.spoke1, "eth3", mac=VM3_MAC)


NET = AgeingNet


def prepare(net):
    net.add_devices()
    net.spoke1.ip("link set eth3 master br-test")
    net.start_frr()
    for router in net.routers():
        code, said = router.configure("interface tun2", f"ip nhrp vpn ageing-time {AGEING}")
        assert code == 0, said
    poll(lambda: mainjob.members(net.hub) == mainjob.all_members(), 15, what="both spokes are members")
    for router in net.routers():
        assert mainjob.instance(router)["ageingTime"] == AGEING


def macs(router):
    """Of `show ip nhrp vpn mac`, asked at nhrpd's own socket: a look by vtysh takes a second of the ageing time here."""
    return json.loads(router.ask_daemon("nhrpd", "show ip nhrp vpn mac json")).get("macs", {})


def at_hub(net):
    """The MACs in the hub's table."""
    return set(macs(net.hub))


def places(net, mac, spoke):
    """Where a MAC is known: the hub's table, its kernel, the other spoke's shortcut and kernel."""
    return (
        mac in at_hub(net),
        bool(net.hub.fdb_vxlan("tun2", mac)),
        "shortcut" in [entry["type"] for entry in macs(spoke).get(mac, [])],
        bool(tunnel_targets(spoke, mac)),
    )


EVERYWHERE = (True,) * 4


def both_stand(net):
    return places(net, VM2_MAC, net.spoke1) == places(net, VM1_MAC, net.spoke2) == EVERYWHERE


def octets(mac):
    return bytes.fromhex(mac.replace(":", ""))


def talk(net):
    """vm1 and vm2 exchange frames until each has a shortcut to the other; returns when the last frames were sent."""
    sent = []

    def stands():
        send_frames(net.vm1, "eth1", marked(b"there", VM1_MAC, VM2_MAC))
        send_frames(net.vm2, "eth1", marked(b"and back", VM2_MAC, VM1_MAC))
        sent.append(time.monotonic())
        return both_stand(net)

    poll(stands, 20, step=0.2, what="both shortcuts stand")
    return sent[-1]


def wait_until_gone(net, mac, spoke, since):
    """Seconds from `since`, when it was heard last, until it has left each of the four places."""
    left = [None] * 4

    def gone():
        for i, there in enumerate(places(net, mac, spoke)):
            if not there and left[i] is None:
                left[i] = time.monotonic() - since
        return all(left)

    poll(gone, 2 * AGEING, step=0.1, what=f"{mac} leaves all places")
    return left


def assert_in_time(test, left, early=EARLY):
    figures = dict(zip(("hub", "hubKernel", "shortcut", "spokeKernel"), left))
    measured(test, ageing=AGEING, **figures)
    assert all(AGEING - early < seconds < LATEST + SLACK for seconds in left), figures


def test_silent_mac_leaves_all_places(net):
    """vm2 falls silent while vm1 goes on talking to somebody else, and stays."""
    since = talk(net)
    with Flow(net.vm1, "eth1", net.vm3, "eth1", src=VM1_MAC, dst=VM3_MAC, rate=20):
        left = wait_until_gone(net, VM2_MAC, net.spoke1, since)
        assert_in_time("a silent MAC leaves", left)
        assert VM1_MAC in at_hub(net)
    aged = net.hub.vtysh_json("show ip nhrp vpn counters json")["macs"]["aged"]
    assert aged >= 1


def test_in_use_by_shortcuts_alone_stays(net):
    """Both directions run by shortcuts for several ageing times: the hub hears none of it, and nothing is lost."""
    talk(net)
    with Flow(net.vm1, "eth1", net.vm2, "eth1", src=VM1_MAC, dst=VM2_MAC, rate=100) as there:
        with Flow(net.vm2, "eth1", net.vm1, "eth1", src=VM2_MAC, dst=VM1_MAC, rate=100) as back:
            with Capture(net.hub, "eth1", "udp port 4789", direction="in") as heard:
                holds(lambda: both_stand(net), 4 * AGEING, what="both MACs are in all four places")
                frames = [f for f in heard.frames() if octets(VM1_MAC) in f]
    assert not frames, f"{len(frames)} frames went by way of the hub"
    results = there.result(), back.result()
    measured("in use by shortcuts alone", ageing=AGEING, seconds=4 * AGEING, hubHeard=len(frames),
             sent=sum(r["sent"] for r in results), lost=sum(r["lost"] for r in results))  # fmt: skip
    assert all(r["lost"] == 0 for r in results), results


def test_heard_by_its_bridge_alone_stays(net):
    """vm1 talks to vm3 within its site, and to nobody else; when it stops, it goes."""
    talk(net)
    send_frames(net.vm3, "eth1", marked(b"here I am", VM3_MAC, VM1_MAC))
    with Flow(net.vm1, "eth1", net.vm3, "eth1", src=VM1_MAC, dst=VM3_MAC, rate=20):
        with Capture(net.spoke1, "tun2", direction="out") as out:
            holds(lambda: places(net, VM1_MAC, net.spoke2) == EVERYWHERE, 3 * AGEING)
            left_the_site = [f for f in out.frames() if octets(VM1_MAC) == f[6:12]]
    since = time.monotonic()
    assert not left_the_site
    assert_in_time("heard by its bridge alone, then silent", wait_until_gone(net, VM1_MAC, net.spoke2, since))


def test_frames_for_a_silent_host_are_not_lost(net):
    """vm2 never answers: it ages during the flow, its frames then go by way of the hub, and each arrives."""
    since = talk(net)
    with Flow(net.vm1, "eth1", net.vm2, "eth1", src=VM1_MAC, dst=VM2_MAC, rate=500) as flow:
        left = wait_until_gone(net, VM2_MAC, net.spoke1, since)
        send_frames(net.vm1, "eth1", marked(b"still there?", VM1_MAC, VM2_MAC))
    result = flow.result()
    measured("towards a silent host", sent=result["sent"], lost=result["lost"], shortcutLeft=left[3])
    assert result["lost"] == 0 and result["duplicated"] == 0, result


def test_bridge_that_forgets_sooner(net):
    """The bridge at vm2's site drops the MAC after a second: the hub holds it for its ageing time all the same.

    By then the spoke cannot ask any more when it was heard last, so its word of before counts: a look earlier at most.
    """
    net.spoke2.ip("link set br-test type bridge ageing_time 100")
    since = talk(net)
    local = lambda: [e for e in net.spoke2.fdb("eth2") if e["mac"] == VM2_MAC]
    poll(lambda: not local(), 5, what="the bridge has forgotten vm2")
    assert places(net, VM2_MAC, net.spoke1) == EVERYWHERE
    left = wait_until_gone(net, VM2_MAC, net.spoke1, since)
    assert_in_time("its bridge forgets it after 1 s", left, early=AGEING / 3 + EARLY)
    net.spoke2.ip("link set br-test type bridge ageing_time 30000")


def test_restart_does_not_begin_anew(net):
    """nhrpd of the hub is killed half way: vm2, silent, goes when it would have gone; vm1, heard by its bridge, stays."""
    since = talk(net)
    send_frames(net.vm3, "eth1", marked(b"here I am", VM3_MAC, VM1_MAC))
    with Flow(net.vm1, "eth1", net.vm3, "eth1", src=VM1_MAC, dst=VM3_MAC, rate=20):
        poll(lambda: time.monotonic() - since > AGEING / 3, AGEING)
        net.hub.kill("nhrpd")
        net.hub.revive("nhrpd")
        poll(lambda: VM1_MAC in at_hub(net) and VM2_MAC in at_hub(net), AGEING / 2, what="the hub took its MACs back")
        poll(lambda: VM2_MAC not in at_hub(net) and not net.hub.fdb_vxlan("tun2", VM2_MAC), 2 * AGEING)
        seconds = time.monotonic() - since
        measured("silent, the hub's nhrpd killed meanwhile", ageing=AGEING, hub=seconds)
        assert AGEING - EARLY < seconds < LATEST + SLACK
        holds(lambda: VM1_MAC in at_hub(net), AGEING)


def test_static_and_bridge_macs_stay(net):
    """What needs no frames to be there: the bridge's own MAC, and one that is written down at a site."""
    written = "02:00:00:00:02:77"
    net.spoke2.run(f"bridge fdb add {written} dev eth2 master static")
    talk(net)  # so that spoke2 tells its MACs
    poll(lambda: {SPOKE2_BRIDGE_MAC, written} <= at_hub(net), AGEING, what="the hub was told of both")
    holds(lambda: {SPOKE2_BRIDGE_MAC, written} <= at_hub(net), 2 * AGEING)
    since = time.monotonic()
    net.spoke2.run(f"bridge fdb del {written} dev eth2 master")
    poll(lambda: written not in at_hub(net), 2 * AGEING)
    measured("a static entry that was removed", ageing=AGEING, hub=time.monotonic() - since)
    assert SPOKE2_BRIDGE_MAC in at_hub(net)
