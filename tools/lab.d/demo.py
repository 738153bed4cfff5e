# SPDX-License-Identifier: GPL-2.0-or-later
"""tools/lab demo: the main job on real packets, every step printed as it happens, with its time.

Runs in the sandbox on the topotests' helpers and configuration. Times after "first packet" come from the captures,
so they are those of the wire and not of this program. Ends with 1, after what went wrong, if any step fails.

usage: demo.py [FOLDER], of which FOLDER/<router>/frr.conf are used in place of dmevpn_basic's
"""

import os
import subprocess
import sys
from time import monotonic

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests")
sys.path[:0] = [os.path.join(TESTS, "topotests"), TESTS]

from codec_decoder.nhrp import decode_frame, gre_payload  # noqa: E402
from lib import mainjob  # noqa: E402
from lib.frames import BROADCAST  # noqa: E402
from lib.mainjob import HUB_VNI, NBMA, SHORTCUTS, VNI  # noqa: E402
from lib.net import BASIC, PICTURE, MainNet  # noqa: E402
from lib.poll import poll  # noqa: E402

CONFIG = sys.argv[1] if len(sys.argv) > 1 else BASIC


class Story:
    """Prints steps; the clock can be set anew."""

    def __init__(self):
        self.zero = monotonic()

    def tell(self, step, text, seconds=None):
        seconds = monotonic() - self.zero if seconds is None else seconds
        print(f"{seconds:9.3f} s  {step:<12} {text}", flush=True)


def is_nhrp(kind, mac=None):
    def match(frame):
        message = decode_frame(frame) if gre_payload(frame) else None
        return message and message.type == kind and mac in (None, message.destination_text)

    return match


def start(story, net):
    net.add_devices()
    mainjob.watch(net)
    story.tell("net", "four machines, a VM and a silent host are wired up; FRR starts")
    net.start_frr(CONFIG)
    for router in net.routers():
        lines = [line.strip() for line in router.running_config().splitlines() if "nhrp vpn" in line]
        assert len(lines) == 2, f"{router.name}: expected two lines of VPN configuration, got {lines}"
    story.tell("configured", f"interface tun2 of each: {' / '.join(lines)}")


def register(story, net):
    for name, vni in VNI.items():
        poll(lambda: (NBMA[name], vni) in mainjob.members(net.hub), 15, what=f"{name} is a member")
        poll(lambda: mainjob.instance(net[name])["state"] == "up", 10, what=f"{name} knows its hub")
        story.tell("registered", f"{name} {NBMA[name]} wants VNI {vni}; the hub answers with {HUB_VNI}")


def first_ping(story, net):
    """Ping while watching; what happens is told in the order of the wire."""
    net.vm1.run("ip neigh flush dev eth1")
    ping = net.vm1.popen("ping -n -i 0.1 -c 20 -W 1 11.0.0.11", stdout=subprocess.PIPE, text=True)
    for name, mac, _ in SHORTCUTS:
        poll(lambda: mainjob.tunnel_targets(net[name], mac), 10, what=f"{name} has its shortcut")
    out, _ = ping.communicate(timeout=30)
    assert "20 packets transmitted, 20 received" in out, out
    zero, straight = mainjob.time_to_shortcut(net)
    events = [(zero, "first ping", "vm1's first packet leaves spoke1 for the hub")]

    def saw(name, kind, step, text, mac=None):
        events.append((mainjob.first_time(net, name, is_nhrp(kind, mac), f"{kind} at {name}"), step, text))

    for (name, mac, far), after in zip(SHORTCUTS, straight):
        saw(name, "traffic-indication", "indication", f"the hub tells {name} there is a shorter way")
        saw(name, "resolution-request", "asked", f"{name}: where is {mac}?", mac)
        saw(name, "resolution-reply", "resolved", f"{name} hears: {mac} is behind {NBMA[far]}, VNI {VNI[far]}", mac)
        events.append((zero + after, "shortcut", f"{name} sends straight to {far}"))
    for when, step, text in sorted(events):
        story.tell(step, text, when - zero)
    assert max(straight) <= 2, f"seconds until the spokes send straight: {straight}"
    story.tell("ping", "20 of 20 packets answered, the first included", max(events)[0] - zero)
    for name, mac, far in SHORTCUTS:
        assert mainjob.tunnel_targets(net[name], mac) == [(NBMA[far], VNI[far])]
        story.tell("FDB", f"{name}: {mac} dst {NBMA[far]} vni {VNI[far]}")


def hub_idle(story, net):
    before = net.hub.counters("tun2")
    assert net.vm1.ping("11.0.0.11", count=20, interval=0.05) == (20, 20)
    after = net.hub.counters("tun2")
    moved = [after[way]["packets"] - before[way]["packets"] for way in ("rx", "tx")]
    assert moved == [0, 0], f"the hub carried {moved} packets (rx, tx)"
    story.tell("hub idle", "20 more pings; the hub's VXLAN device carried 0 in, 0 out")


def broadcast(story, net):
    seen = mainjob.flood(net, BROADCAST)
    assert seen == (1, 0, 1), f"(arrived, came back, copies) are {seen}"
    story.tell("broadcast", "from vm1: 1 copy left the hub, 1 arrived behind spoke2, 0 came back to spoke1")


def outsider(story, net):
    homes = {mac: mainjob.tunnel_targets(net.hub, mac) for _, mac, _ in SHORTCUTS}
    sent, delivered = mainjob.intrude(net)
    assert delivered == 0, f"{delivered} frames of the outsider were delivered"
    assert {mac: mainjob.tunnel_targets(net.hub, mac) for mac in homes} == homes, "a MAC moved"
    assert mainjob.STRANGER not in mainjob.macs(net.hub), "the outsider's MAC was learned"
    story.tell("outsider", f"sent {sent} VXLAN frames to the hub: 0 delivered, no MAC moved")


def main():
    print(PICTURE)
    story = Story()
    with MainNet() as net:
        try:
            for step in (start, register, first_ping, hub_idle, broadcast, outsider):
                step(story, net)
            found = net.complaints()
            assert not found, "\n".join(found)
        except AssertionError as err:
            story.tell("FAILED", str(err))
            print("logs and state:", net.collect("demo"))
            return 1
        story.tell("done", "the main job ran")
    return 0


sys.exit(main())
