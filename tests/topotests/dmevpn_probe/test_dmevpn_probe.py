# SPDX-License-Identifier: GPL-2.0-or-later
"""Verified shortcuts: the way between two spokes is cut, and nothing else. The picture is lib.net.PICTURE.

Guards, in the middle of flows of numbered frames both ways:
  - over a path that has never worked no shortcut goes in: no frame is lost, and nobody asks the hub again and again
  - a path that fails, both ways or one, has the traffic back on the hub's way after three misses; nothing is lost then
  - a path that heals has its shortcuts back, and no frame is lost or doubled by that
  - all of that without nhrpd; and a peer whose zebra is dead for a while costs no frame
  - what is probed is BFD to tshark, and stays on the underlay
  - the times can be set, and probing can be turned off

The tests tell one story: each stands on the state in which the one before left the net.
"""

import contextlib
import time

from lib import mainjob, probe
from lib.capture import Capture, tshark
from lib.flow import Flow
from lib.frames import marked, send_frames, vxlan_inner
from lib.mainjob import NBMA, VNI, instance, macs, nhrp, tunnel_targets
from lib.measured import measured
from lib.net import BASIC, VM1_MAC, VM2_MAC
from lib.poll import holds, pause, poll

RATE = 1000  # frames a second
ENDS = (("spoke1", VM2_MAC, "spoke2"), ("spoke2", VM1_MAC, "spoke1"))
NEW = "02:00:00:00:03:0"  # and a digit: MACs that nobody has heard of


def prepare(net):
    net.add_devices()
    net.wire = {name: Capture(net[name], "eth1").start() for name in ("spoke1", "spoke2")}
    net.start_frr(BASIC)
    for port in ("spoke1", "spoke2"):
        net.lan.run(f"tc qdisc add dev {port} clsact")


def cut(net, *ways):
    """Drop VXLAN from the one spoke to the other on the switch between them; without `ways`, both ways."""
    for near, far in ways or (("spoke1", "spoke2"), ("spoke2", "spoke1")):
        match = f"ip_proto udp src_ip {NBMA[near]} dst_ip {NBMA[far]} dst_port 4789"
        net.lan.run(f"tc filter add dev {near} ingress protocol ip flower {match} action drop")


def heal(net):
    for port in ("spoke1", "spoke2"):
        net.lan.run(f"tc filter del dev {port} ingress")


@contextlib.contextmanager
def flows(net):
    """One flow each way, from vm1 (the second is the slower one)."""
    there = Flow(net.vm1, "eth1", net.vm2, "eth1", src=VM1_MAC, dst=VM2_MAC, rate=RATE)
    back = Flow(net.vm2, "eth1", net.vm1, "eth1", src=VM2_MAC, dst=VM1_MAC, rate=200)
    with there, back:
        yield there, back


def paths(net, name):
    return net[name].vtysh_json("show ip nhrp vpn path json").get("paths", [])


def path_states(net):
    return [[p["state"] for p in paths(net, name)] for name, _, _ in ENDS]


def straight(net):
    """Is the shortcut of either spoke in the kernel?"""
    return [tunnel_targets(net[name], mac) == [(NBMA[far], VNI[far])] for name, mac, far in ENDS]


def requests(net):
    return len(nhrp(net, "resolution-request", where=("spoke1", "spoke2")))


def figures(flow):
    result = flow.result()
    return {key: result[key] for key in ("sent", "lost", "duplicated", "longestGap")}


def whole(flow):
    result = figures(flow)
    assert (result["lost"], result["duplicated"]) == (0, 0), result
    return result


def one_hole(flow):
    """Frames were lost in one stretch, and none after; returns its milliseconds."""
    result = flow.result()
    (seen,) = result["at"].values()
    assert len(seen["holes"]) == 1 and result["duplicated"] == 0, result
    return seen["holes"][0][1] * 1000 / flow.rate


def test_path_that_never_worked(net):
    poll(lambda: mainjob.members(net.hub) == mainjob.all_members(), 15, what="both spokes are members")
    cut(net)
    with flows(net) as (there, back):
        poll(lambda: path_states(net) == [["down"], ["down"]], 15, what="both paths are found to be down")
        asked = requests(net)
        holds(lambda: straight(net) == [False, False], 5)
    assert requests(net) == asked, "the redirects that go on are no reason to ask"
    there, back = whole(there), whole(back)
    for name, mac, far in ENDS:
        (entry,) = macs(net[name])[mac]
        assert (entry["type"], entry["path"], entry["installed"]) == ("shortcut", "down", False)
        assert instance(net[name])["numShortcuts"] == 0
        (path,) = paths(net, name)
        assert (path["remoteVtep"], path["vni"], path["numMacs"]) == (NBMA[far], VNI[far], 1)
        assert "rttMicroseconds" not in path
    table = net.spoke1.vtysh("show ip nhrp vpn path")
    assert any(NBMA["spoke2"] in line and "down" in line for line in table.splitlines()), table
    measured("dmevpn_probe never worked", sent=there["sent"] + back["sent"], lost=there["lost"] + back["lost"], asked=asked)


def test_path_heals(net):
    """With the first answers the shortcuts go in, in the middle of the flow, and nothing is lost or doubled."""
    with flows(net) as (there, back):
        pause(0.5)
        heal(net)
        start = time.monotonic()
        poll(lambda: straight(net) == [True, True], 10, what="both shortcuts are in")
        took = time.monotonic() - start
        poll(lambda: path_states(net) == [["up"], ["up"]], 5)
        pause(0.5)
    there, back = whole(there), whole(back)
    (path,) = paths(net, "spoke1")
    assert 0 < path["rttMicroseconds"] < 1000000 and macs(net.spoke1)[VM2_MAC][0]["installed"]
    measured("dmevpn_probe heals", seconds=took, lost=there["lost"] + back["lost"], duplicated=there["duplicated"])


def cut_then_healed(net, *ways, rest=1):
    """During flows: the path is cut until both spokes go by way of the hub, `rest` seconds more, and healed until both go straight."""
    pause(1)
    cut(net, *ways)
    poll(lambda: straight(net) == [False, False], 10, what="both shortcuts are out")
    pause(rest)
    heal(net)
    poll(lambda: straight(net) == [True, True], 10, what="both shortcuts are back")
    pause(0.5)


def test_path_is_cut(net):
    """Three misses, 1 s apart, and the traffic is back on the hub's way, where nothing is lost; then back again."""
    assert straight(net) == [True, True]
    with flows(net) as (there, back):
        cut_then_healed(net, rest=2)
    gaps = [one_hole(there), one_hole(back)]
    assert all(1800 <= gap <= 4500 for gap in gaps), gaps
    measured("dmevpn_probe cut", seconds=max(gaps) / 1000, seconds_back=gaps[1] / 1000, lost=there.result()["lost"])


def test_path_is_cut_one_way(net):
    """Only what spoke1 sends to spoke2 is dropped: neither uses the path, for an answer is part of it."""
    with flows(net) as (there, back):
        cut_then_healed(net, ("spoke1", "spoke2"))
    gap = one_hole(there)
    assert 1800 <= gap <= 4500, gap
    whole(back)
    measured("dmevpn_probe cut one way", seconds=gap / 1000, lost=there.result()["lost"], lost_back=0)


def test_path_is_cut_without_nhrpd(net):
    """spoke1's nhrpd is dead: its traffic is back on the hub's way, and straight again, all the same."""
    net.spoke1.kill("nhrpd")
    with flows(net) as (there, back):
        cut_then_healed(net)
    gap = one_hole(there)
    assert gap <= 4500, gap
    with flows(net) as (there, back):
        net.spoke1.revive("nhrpd")
        poll(lambda: instance(net.spoke1)["state"] == "up", 20)
        poll(lambda: path_states(net) == [["up"], ["up"]], 20, what="nhrpd knows of the path again")
    whole(there), whole(back)
    measured("dmevpn_probe cut without nhrpd", seconds=gap / 1000)


def test_other_end_without_zebra(net):
    """Nobody answers at spoke2 while its zebra is dead, so spoke1 goes by way of the hub: that costs no frame, nor the way back."""
    with flows(net) as (there, back):
        pause(0.5)
        net.spoke2.kill("zebra")
        poll(lambda: not straight(net)[0], 10, what="spoke1 goes by way of the hub")
        pause(1)
        net.spoke2.revive("zebra")
        poll(lambda: straight(net) == [True, True], 20, what="both shortcuts are in")
        pause(0.5)
    there, back = whole(there), whole(back)
    measured("dmevpn_probe zebra away", sent=there["sent"] + back["sent"], lost=there["lost"] + back["lost"])


def test_other_times(net):
    """A quarter of a second and two misses: faster."""
    for name, _, _ in ENDS:
        net[name].configure("interface tun2", "ip nhrp vpn probe interval 250 misses 2")
    assert " ip nhrp vpn probe interval 250 misses 2" in net.spoke1.vtysh("show running-config")
    poll(lambda: [instance(net[n])["probeInterval"] for n, _, _ in ENDS] == [250, 250], 5)
    with flows(net) as (there, _):
        pause(1)
        cut(net)
        poll(lambda: straight(net) == [False, False], 5)
        heal(net)
        poll(lambda: straight(net) == [True, True], 5)
        pause(0.5)
    gap = one_hole(there)
    assert gap <= 1000, gap
    measured("dmevpn_probe interval 250 misses 2", seconds=gap / 1000)
    for name, _, _ in ENDS:
        net[name].configure("interface tun2", "no ip nhrp vpn probe interval 250 misses 2")
    assert "nhrp vpn probe" not in net.spoke1.vtysh("show running-config")


def first_to_straight(net, mac):
    """Seconds from the first frame for a MAC that has just been heard until one goes straight, as captured at spoke1."""
    send_frames(net.vm2, "eth1", marked(b"here I am", mac))
    poll(lambda: mac in macs(net.hub), 5)

    def first(far, frames):
        sent = (NBMA["spoke1"], NBMA[far])
        wanted = (f[0] for f in frames if (i := vxlan_inner(f[1])) and i[:2] == sent and i[3][:6] == probe.mac(mac))
        return next(wanted, None)

    with Capture(net.spoke1, "eth1", "udp port 4789") as seen:
        with Flow(net.vm1, "eth1", net.vm2, "eth1", src=VM1_MAC, dst=mac, rate=RATE) as flow:
            poll(lambda: tunnel_targets(net.spoke1, mac), 5)
            pause(0.3)
        frames = seen.timed()
    whole(flow)
    return first("spoke2", frames) - first("hub", frames)


def test_from_first_frame_to_shortcut(net):
    """With a path that is known, with one that has to be probed first, and unprobed."""
    known = first_to_straight(net, NEW + "1")
    for name, _, _ in ENDS:
        net[name].configure("interface tun2", "no ip nhrp vpn probe")
    poll(lambda: not paths(net, "spoke1"), 5)
    assert straight(net) == [True, True], "as they were"
    assert " no ip nhrp vpn probe" in net.spoke1.vtysh("show running-config")
    assert macs(net.spoke1)[VM2_MAC][0]["path"] == "unprobed" and not instance(net.spoke1)["probe"]
    unprobed = first_to_straight(net, NEW + "2")
    # a path that exists for no MAC: nhrpd forgets what it has when its VPN is made anew
    net.spoke1.configure("interface tun2", "ip nhrp vpn probe", "no ip nhrp vpn-id 1")
    poll(lambda: not tunnel_targets(net.spoke1, VM2_MAC), 5)
    net.spoke1.configure("interface tun2", "ip nhrp vpn-id 1")
    poll(lambda: instance(net.spoke1)["state"] == "up" and mainjob.members(net.hub) == mainjob.all_members(), 15)
    fresh = first_to_straight(net, NEW + "3")
    assert [p["numMacs"] for p in paths(net, "spoke1")] == [1]
    measured("dmevpn_probe first frame to shortcut", probed=fresh, known_path=known, unprobed=unprobed)


def test_probes_at_rest(net):
    """One probe a second and path, answered; no more packets between the spokes than that."""
    with Capture(net.spoke1, "eth1", "udp port 4789 and host 10.0.0.3") as seen:
        start = time.monotonic()
        pause(5)
        took = time.monotonic() - start
    found = probe.probes(seen.frames())
    asked = [f for f in found if not f[3]["answer"] and f[0] == NBMA["spoke1"]]
    answered = [f for f in found if f[3]["answer"] and f[1] == NBMA["spoke1"]]
    assert took - 1.5 <= len(asked) <= took * 1.12 + 1, (len(asked), took)
    assert len(asked) - len(answered) <= 1
    measured("dmevpn_probe at rest", probes_a_second=len(asked) / took)


def test_tshark_reads_bfd(net):
    """Each probe and answer of the story is Seamless BFD to somebody who does not know us."""
    fields = ["bfd.version", "bfd.sta", "bfd.flags.d", "bfd.detect_time_multiplier", "bfd.my_discriminator"]
    fields += ["bfd.your_discriminator", "bfd.desired_min_tx_interval", "bfd.required_min_rx_interval", "udp.dstport", "_ws.malformed"]
    for capture in net.wire.values():
        capture.stop()
        ours = [p[3] for p in probe.probes(capture.frames())]
        rows = tshark(capture.file, *fields, display_filter="bfd")
        assert len(rows) == len(ours) > 20
        for row, mine in zip(rows, ours):
            numbers = {name: int(row[name].split(",")[-1], 0) for name in fields[:-1] if name != "bfd.flags.d"}
            assert numbers["bfd.version"] == 1 and numbers["bfd.sta"] == mine["state"]
            assert row["bfd.flags.d"] in (("0", "False") if mine["answer"] else ("1", "True")), row
            assert numbers["bfd.detect_time_multiplier"] == mine["misses"]
            assert numbers["bfd.my_discriminator"] == mine["mine"] and numbers["bfd.your_discriminator"] == mine["yours"]
            assert numbers["bfd.required_min_rx_interval"] == mine["min_rx"]
            assert row["_ws.malformed"] == "", row
