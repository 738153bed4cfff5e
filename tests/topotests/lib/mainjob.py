# SPDX-License-Identifier: GPL-2.0-or-later
"""What is to be seen in the net of the main job (lib.net.MainNet): for its test, and for the demo.

Functions here look or send and say what they saw; to judge is for their callers.
"""

from codec_decoder.nhrp import decode_frame, gre_payload

from .capture import Capture
from .frames import icmp_echo, marked, send_frames, send_vxlan, vxlan_inner
from .net import SPOKE2_BRIDGE_MAC, VM1_MAC
from .poll import poll

HUB_VNI = 4096 + 1
VNI = {"spoke1": 100, "spoke2": 101}
NBMA = {"hub": "10.0.0.1", "spoke1": "10.0.0.2", "spoke2": "10.0.0.3"}
ZERO_MAC = "00:00:00:00:00:00"
STRANGER = "02:00:00:00:66:66"


def watch(net):
    """Capture all that goes over each router's eth1 from now on, in net.wire[name]."""
    net.wire = {router.name: Capture(router, "eth1").start() for router in net.routers()}


def nhrp(net, kind=None, where=("hub", "spoke1", "spoke2")):
    """Every NHRP message seen so far, decoded; a malformed one raises."""
    found = [decode_frame(f) for name in where for f in net.wire[name].frames(gre_payload)]
    return [m for m in found if kind in (None, m.type)]


def vxlan_sent(net, name):
    """(destination, vni, inner frame) of every VXLAN frame that left a node's eth1."""
    found = [vxlan_inner(f) for f in net.wire[name].frames()]
    return [f[1:] for f in found if f and f[0] == NBMA[name]]


def gre_icmp(net, name):
    """How many frames with ICMP inside GRE went over a node's eth1."""
    inner = [gre_payload(f, 0x0800) for f in net.wire[name].frames()]
    return len([i for i in inner if i and i[2][9:10] == b"\x01"])


def first_time(net, name, match, what):
    """Seconds since the epoch of the first frame on a node's eth1 for which `match` is true."""
    return poll(lambda: next((when for when, frame in net.wire[name].timed() if match(frame)), None), 5, what=what)


def echo_between(source, destination, kind):
    """For first_time(): an ICMP echo request (8) or reply (0) in VXLAN from one node to another."""

    def match(frame):
        found = vxlan_inner(frame)
        return found and found[:2] == (NBMA[source], NBMA[destination]) and icmp_echo(found[3], kind)

    return match


def time_to_shortcut(net):
    """Seconds from vm1's first echo on its way to the hub until each spoke first sends straight, as captured."""
    start = first_time(net, "spoke1", echo_between("spoke1", "hub", 8), "the first echo goes to the hub")
    straight = [
        first_time(net, near, echo_between(near, far, kind), f"{near} sends to {far}")
        for near, far, kind in (("spoke1", "spoke2", 8), ("spoke2", "spoke1", 0))
    ]
    return start, [when - start for when in straight]


def instance(router):
    return router.vtysh_json("show ip nhrp vpn json")["instances"][0]


def members(router):
    """{(NBMA address, VNI)} of the hub's registered members."""
    found = router.vtysh_json("show ip nhrp vpn members json").get("members", [])
    return {(m["nbma"], m["vni"]) for m in found}


def all_members():
    return {(NBMA[spoke], vni) for spoke, vni in VNI.items()}


def macs(router):
    return router.vtysh_json("show ip nhrp vpn mac json").get("macs", {})


def zebra_counters(router):
    return router.vtysh_json("show zebra dmevpn json")["counters"]


def tunnel_targets(node, mac):
    """[(dst, vni)] of a MAC's VXLAN entries in the kernel; vni None where the kernel names none."""
    return [(entry["dst"], entry.get("vni")) for entry in node.fdb_vxlan("tun2", mac)]


# spoke, the MAC it talks to, and the spoke behind which that lives
SHORTCUTS = (("spoke1", SPOKE2_BRIDGE_MAC, "spoke2"), ("spoke2", VM1_MAC, "spoke1"))


def flood(net, destination):
    """Send one frame from vm1 and follow it: (times arrived behind spoke2, times back at spoke1, copies the hub sent).

    A second frame is the fence: what a hub would send back or twice, it sends before that one arrives.
    """
    flood_word, fence_word = (f"{word} to {destination}".encode() for word in ("flood", "fence"))
    with Capture(net.vm2, "eth1", direction="in") as there, Capture(net.spoke1, "tun2", direction="in") as back:
        for word in (flood_word, fence_word):
            send_frames(net.vm1, "eth1", marked(word, VM1_MAC, destination))
            there.wait_for(lambda f, word=word: word in f, what=f"{word} arrives behind spoke2")
    arrived, returned = (len(c.frames(lambda f: flood_word in f)) for c in (there, back))
    return arrived, returned, len([f for f in vxlan_sent(net, "hub") if flood_word in f[2]])


def intrude(net):
    """Let the outsider send VXLAN frames to the hub, as a stranger and under known MACs, with every VNI there is.

    Returns (frames sent, frames delivered to either spoke); a member's broadcast is the fence here.
    """
    word, fence = b"from the outside", b"fence after the outsider"
    frames = [
        marked(word, STRANGER),
        marked(word, VM1_MAC),
        marked(word, SPOKE2_BRIDGE_MAC, VM1_MAC),
        marked(word, STRANGER, SPOKE2_BRIDGE_MAC),
    ]
    with Capture(net.spoke1, "tun2", direction="in") as one, Capture(net.spoke2, "tun2", direction="in") as two:
        for vni in (HUB_VNI, *VNI.values()):
            send_vxlan(net.outsider, NBMA["hub"], vni, *frames)
        send_frames(net.vm1, "eth1", marked(fence, VM1_MAC))
        two.wait_for(lambda f: fence in f, what="a member's frame still arrives")
    return 3 * len(frames), len(one.frames(lambda f: word in f) + two.frames(lambda f: word in f))
