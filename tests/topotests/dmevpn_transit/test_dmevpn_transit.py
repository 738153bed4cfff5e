# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hubs that ask each other, on real GRE, with a spoke each.

Guards:
  - a MAC that nobody registered with a spoke's hub is resolved by the other hub, and the shortcut carries frames
  - each message that is passed on says so as RFC 2332 has it: hop count, transit records, the answering hub as responder
  - what the other hub takes back reaches the spoke through its own hub, which acknowledges
  - a MAC that neither hub knows ends with code 12, after one question each
  - tshark and a decoder that never saw our codec read all of it

    vm1 -- spoke1 10.0.0.2 ----- hub 10.0.0.1 ==== hub2 10.0.0.5 ----- spoke2 10.0.0.3 -- vm2
           VNI 100                                                     VNI 101

Frames do not pass from hub to hub yet, so no hub has reason to redirect spoke1 to a MAC of the other one: the test
sends that Traffic Indication from hub's address. The tests tell one story: each stands on the state in which the one
before left the net.
"""

import os

from codec_decoder import craft
from lib import mainjob
from lib.capture import Capture, assert_tshark_agrees
from lib.frames import marked, send_frames, send_gre
from lib.frr import FrrNode
from lib.mainjob import HUB_VNI, NBMA, instance, macs, nhrp, tunnel_targets
from lib.net import VM1_MAC, VM2_MAC, MainNet
from lib.poll import poll

HUB2 = "10.0.0.5"
TUNNEL_KEY = 42
NOBODY = "02:00:00:00:99:99"
HOPS = 255
NO_BINDING = 12


class TwoHubs(MainNet):
    """The main job's net and one more hub."""

    def __init__(self):
        super().__init__()
        self.hub2 = self.add("hub2", FrrNode)
        self.link(self.hub2, "eth1", self.lan, "hub2")
        self.hub2.ip(f"addr add {HUB2}/24 dev eth1")

    def add_devices(self):
        super().add_devices()
        self.add_gre(self.hub2, 5)
        self.add_hub_bridge(self.hub2)


NET = TwoHubs


def prepare(net):
    net.add_devices()
    mainjob.watch(net)
    net.start_frr(os.path.dirname(__file__))


def redirect(net, destination):
    """Tell spoke1, as its hub would, that a frame of vm1's to `destination` passed the hub."""
    source = craft.mac(net.hub.mac("tun2"))
    frame = craft.ethernet(bytes(50), VM1_MAC, destination)
    indication = craft.message(
        craft.TRAFFIC_INDICATION, craft.ip(NBMA["hub"]), craft.vni(HUB_VNI), source, craft.mac(VM1_MAC), packet=frame
    )
    send_gre(net.hub, NBMA["hub"], NBMA["spoke1"], craft.gre(craft.vpn(indication.pack()), TUNNEL_KEY))


def between(net, kind, source, destination):
    """VPN messages of that type on the hub's wire from one address to another."""
    found = nhrp(net, kind, where=("hub",))
    return [m for m in found if m.vpn_index == 1 and (m.outer_source, m.outer_destination) == (source, destination)]


def first(net, kind, source, destination):
    """The first of them: on a slow machine a request may be repeated, and then all of it."""
    return between(net, kind, source, destination)[0]


def element(net, name, nbma):
    """What a hub's entry in a record must say."""
    return nbma, HUB_VNI, net[name].mac("tun2"), 0, 0


def entries(message, name):
    return [(c.nbma_text, c.vni, c.protocol_text, c.code, c.prefix_length) for c in message.extensions[name]]


def test_each_spoke_has_its_hub(net):
    poll(lambda: mainjob.members(net.hub) == {(NBMA["spoke1"], 100)}, 15, what="spoke1 is hub's member")
    poll(lambda: mainjob.members(net.hub2) == {(NBMA["spoke2"], 101)}, 15, what="spoke2 is hub2's member")
    for name, node in (("vm1", net.hub), ("vm2", net.hub2)):
        mac = VM1_MAC if name == "vm1" else VM2_MAC
        send_frames(net[name], "eth1", marked(b"here I am", mac))
        poll(lambda: mac in str(macs(node)), 5, what=f"{node.name} has heard {name}")
    assert VM2_MAC not in str(macs(net.hub))
    assert tunnel_targets(net.spoke1, VM2_MAC) == []


def test_the_other_hub_answers(net):
    """spoke1's hub does not know vm2 and asks; spoke1 sends straight to spoke2, with spoke2's VNI."""
    redirect(net, VM2_MAC)
    poll(lambda: tunnel_targets(net.spoke1, VM2_MAC) == [(NBMA["spoke2"], 101)], 5, what="spoke1 has its shortcut")
    assert VM2_MAC not in str(macs(net.hub)), "what passes through is not kept"
    with Capture(net.vm2, "eth1", direction="in") as there:
        send_frames(net.vm1, "eth1", marked(b"by the shortcut", VM1_MAC, VM2_MAC))
        there.wait_for(lambda f: b"by the shortcut" in f, what="the frame arrives at vm2")


def test_what_was_passed_on(net):
    """Field by field, as another decoder reads it."""
    hub, spoke1 = NBMA["hub"], NBMA["spoke1"]
    asked = first(net, "resolution-request", spoke1, hub)
    passed = first(net, "resolution-request", hub, HUB2)
    assert (asked.hop_count, passed.hop_count) == (HOPS, HOPS - 1)
    for name in ("request_id", "flags", "nbma", "nbma_sub", "source", "destination", "cies"):
        assert getattr(asked, name) == getattr(passed, name), name
    assert list(asked.extensions) == list(passed.extensions)
    assert (entries(asked, "forward-transit"), entries(passed, "forward-transit")) == ([], [element(net, "hub", hub)])
    assert (entries(passed, "reverse-transit"), entries(passed, "responder")) == ([], [])

    answered = first(net, "resolution-reply", HUB2, hub)
    handed = first(net, "resolution-reply", hub, spoke1)
    assert (answered.hop_count, handed.hop_count) == (HOPS, HOPS - 1)
    assert answered.cies == handed.cies and handed.request_id == asked.request_id
    assert [(c.code, c.nbma_text, c.vni, c.protocol_text) for c in handed.cies] == [(0, NBMA["spoke2"], 101, VM2_MAC)]
    assert entries(answered, "reverse-transit") == []
    assert entries(handed, "reverse-transit") == [element(net, "hub", hub)]
    assert entries(handed, "forward-transit") == [element(net, "hub", hub)]
    assert entries(handed, "responder") == [element(net, "hub2", HUB2)]


def test_what_is_taken_back(net):
    """spoke2 leaves hub2, which tells spoke1 by way of hub; the acknowledgement comes back the same way."""
    hub, spoke1 = NBMA["hub"], NBMA["spoke1"]
    code, said = net.spoke2.configure("interface tun2", "no ip nhrp vpn-id 1")
    assert code == 0, said
    poll(lambda: mainjob.members(net.hub2) == set(), 5, what="hub2 has lost spoke2")
    poll(lambda: tunnel_targets(net.spoke1, VM2_MAC) == [], 5, what="spoke1's shortcut is gone")
    poll(lambda: between(net, "purge-reply", hub, HUB2), 5, what="hub2 has the acknowledgement")
    purged = first(net, "purge-request", HUB2, hub)
    handed = first(net, "purge-request", hub, spoke1)
    assert purged.source_text == handed.source_text == net.hub2.mac("tun2")
    assert purged.destination_text == handed.destination_text == net.spoke1.mac("tun2")
    assert (purged.hop_count - handed.hop_count, [c.protocol_text for c in handed.cies]) == (1, [VM2_MAC])
    assert first(net, "purge-reply", hub, HUB2).request_id == purged.request_id


def test_what_nobody_knows(net):
    """Each hub is asked once, neither asks back, and the refusal reaches spoke1."""
    redirect(net, NOBODY)
    refused, *_ = poll(
        lambda: [m for m in between(net, "resolution-reply", NBMA["hub"], NBMA["spoke1"]) if m.destination_text == NOBODY],
        5,
        what="hub hands the refusal on",
    )
    assert [c.code for c in refused.cies] == [NO_BINDING]
    assert entries(refused, "responder") == [element(net, "hub2", HUB2)]
    found = [m for m in nhrp(net, "resolution-request", where=("hub",)) if m.destination_text == NOBODY]
    assert {(m.outer_source, m.outer_destination) for m in found} == {(NBMA["spoke1"], NBMA["hub"]), (NBMA["hub"], HUB2)}
    assert len({m.request_id for m in found}) == 1
    assert instance(net.spoke1)["state"] == "up"
    counters = net.hub.vtysh_json("show ip nhrp vpn counters json")
    # Three exchanges, there and back.
    assert counters["packets"]["passedOn"] >= 6
    assert counters["refused"]["loop"] == counters["refused"]["unreachable"] == counters["refused"]["hopCount"] == 0


def test_tshark_reads_it_all(net):
    assert_tshark_agrees(net.wire)
