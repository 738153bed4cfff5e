# SPDX-License-Identifier: GPL-2.0-or-later
"""A spoke in many VPNs has one control channel to its hub, and notices a hub that restarts.

             hub eth1 10.0.0.1: tun2 (external, VLAN-aware bridge), VPNs 1 to 20 in as many VLANs
              |
    10.0.0.0/24 -----------------+
              |                  |
    spoke1 eth1 10.0.0.2      spoke2 eth1 10.0.0.3
           vx1 … vx20: a VXLAN device and a bridge for each VPN, VNI 100 + VPN and 200 + VPN
           br7 [eth2]             br7 [eth2]
            |                      |
           vm1                    vm2

Guards: twenty VPNs register in a few messages and are kept by one keepalive every 2 s; a hub's nhrpd that was killed
is told of all of them within 5 s of its being there again, also after 20 s of silence, which is shown; no frame that
goes by way of the hub is lost meanwhile. So is a hub of which nothing was left. tshark and the independent decoder read all of it.
"""

import time

import pytest

from codec_decoder.nhrp import decode_frame, gre_payload
from lib.capture import Capture, assert_tshark_agrees
from lib.consistent import assert_consistent
from lib.flow import Flow
from lib.frr import FrrNode
from lib.measured import measured
from lib.net import MainNet, Net, Switch
from lib.poll import holds, poll

VPNS = range(1, 21)
WATCHED = 7
SPOKES = {"spoke1": ("10.0.0.2", 100), "spoke2": ("10.0.0.3", 200)}
VM1_MAC = "02:00:00:00:07:01"
EVERYBODY = "ff:ff:ff:ff:ff:ff"


class ChannelNet(Net):
    def __init__(self):
        super().__init__()
        self.lan = self.add("lan", Switch)
        self.hub, self.spoke1, self.spoke2 = (self.add(name, FrrNode) for name in ("hub", "spoke1", "spoke2"))
        self.vm1, self.vm2 = self.add("vm1"), self.add("vm2")
        for number, node in enumerate(self.routers(), 1):
            self.link(node, "eth1", self.lan, node.name)
            node.ip(f"addr add 10.0.0.{number}/24 dev eth1")
            MainNet.add_gre(node, number)
        self.link(self.vm1, "eth1", self.spoke1, "eth2", mac=VM1_MAC)
        self.link(self.vm2, "eth1", self.spoke2, "eth2")
        MainNet.add_hub_bridge(self.hub)
        for name, (nbma, vni) in SPOKES.items():
            self[name].ip(*(line for vpn in VPNS for line in self.devices(vpn, nbma, vni + vpn)))
            self[name].ip(f"link set eth2 master br{WATCHED}")

    @staticmethod
    def devices(vpn, nbma, vni):
        return (
            f"link add br{vpn} type bridge mcast_snooping 0",
            f"link add vx{vpn} type vxlan id {vni} local {nbma} dstport 4789 nolearning",
            f"link set vx{vpn} master br{vpn}",
            f"link set br{vpn} up",
            f"link set vx{vpn} up",
        )


NET = ChannelNet


def config(name):
    """A line a VPN, on one device of the hub and on a device each of a spoke."""
    lines = [f"hostname {name}", "interface tun1", " ip nhrp network-id 1", " ip nhrp registration no-unique"]
    if name != "hub":
        lines.append(" ip nhrp nhs 1.0.0.1 nbma 10.0.0.1")
    lines.append("exit")
    for vpn in VPNS:
        device = "tun2" if name == "hub" else f"vx{vpn}"
        lines += [f"interface {device}", f" ip nhrp vpn-id {vpn}", " ip nhrp vpn controller tun1", "exit"]
    return "\n".join(lines) + "\n"


def prepare(net):
    net.wire = Capture(net.hub, "eth1", "proto 47").start()
    for router in net.routers():
        code, said = router.start(config(router.name))
        assert code == 0, said


def instances(router):
    return router.vtysh_json("show ip nhrp vpn json").get("instances", [])


def hubs(net):
    """What each spoke's VPNs show of their hub."""
    return [i["hubs"][0] for name in SPOKES for i in instances(net[name])]


def members(net):
    """{(NBMA address, VPN): VXLAN MAC address} of the hub's members; none of one that it only took back from zebra."""
    found = net.hub.vtysh_json("show ip nhrp vpn members json").get("members", [])
    return {(m["nbma"], m["vpnIndex"]): m.get("mac") for m in found}


def all_registered(net):
    """Every VPN of every spoke is a member that has spoken to this run of the hub's nhrpd."""
    found = members(net)
    assert set(found) == {(nbma, vpn) for nbma, _ in SPOKES.values() for vpn in VPNS}
    assert all(found.values()), f"not heard of yet: {[who for who, mac in found.items() if not mac]}"
    assert {h["state"] for h in hubs(net)} == {"registered"}
    return True


def requests(net, name, since=0.0):
    """Registration Requests of a spoke's VPNs on the wire; the tunnel registers its IP address by itself."""
    found = [decode_frame(frame) for when, frame in net.wire.timed() if when >= since and gre_payload(frame)]
    found = [m for m in found if m and m.type == "registration-request" and m.outer_source == SPOKES[name][0]]
    return [m for m in found if m.vpn_index]


def batch(message):
    """The VPNs that a message carries besides its own."""
    found = message.extensions.get("batch")
    return [entry.vpn_index for entry in found.entries] if found else []


def test_twenty_vpns_register_in_a_few_messages(net):
    poll(lambda: all_registered(net), 30, what="all VPNs of both spokes are registered")
    for name in SPOKES:
        sent = requests(net, name)
        first = next(n for n in range(1, len(sent) + 1) if {v for m in sent[:n] for v in [m.vpn_index, *batch(m)]} == set(VPNS))
        measured("registration of 20 VPNs", spoke=name, messages=first, largest_batch=max(map(len, map(batch, sent))))
        assert first <= 4
    for hub in hubs(net):
        assert (hub["channelVpns"], hub["batches"], hub["keepalive"]) == (len(VPNS), True, 2000)
    packets = net.hub.vtysh_json("show ip nhrp vpn counters json")["packets"]
    assert packets["batchAnswered"] >= 2 * len(VPNS) - 8


def test_one_keepalive_for_all(net):
    """In 10 s a spoke sends some six messages, and with them what is due to be renewed."""
    poll(lambda: all_registered(net), 10)
    before, since = {h["keepalivesSent"] for h in hubs(net)}, time.time()
    holds(lambda: {h["keepalivesMissed"] for h in hubs(net)} == {0}, 10, step=1, what="every keepalive is answered")
    for name in SPOKES:
        sent = [m for m in requests(net, name, since)]
        measured("keepalive of 20 VPNs in 10 s", spoke=name, messages=len(sent))
        assert 4 <= len(sent) <= 10
        assert len({m.vpn_index for m in sent}) > 1, "they take turns"
    assert min(h["keepalivesSent"] for h in hubs(net)) >= min(before) + 4


def told_of_all(net):
    """Seconds from when all VPNs of a hub that starts are up until it has been told of them by both spokes."""
    poll(lambda: {i["state"] for i in instances(net.hub)} == {"up"} and len(instances(net.hub)) == len(VPNS), 20)
    ready = time.monotonic()
    poll(lambda: all_registered(net), 5, what="all VPNs of both spokes are registered anew")
    return time.monotonic() - ready


@pytest.mark.parametrize("dead", [0, 20])
def test_killed_hub_is_told_of_all(net, dead):
    """Its nhrpd is killed, and started at once or after so many seconds; broadcast by way of the hub loses no frame."""
    poll(lambda: all_registered(net), 10)
    marks = {name: len(net[name].log("nhrpd")) for name in SPOKES}
    with Flow(net.vm1, "eth1", net.vm2, "eth1", src=VM1_MAC, dst=EVERYBODY, rate=100) as flow:
        net.hub.kill("nhrpd")
        if dead:
            killed = time.monotonic()
            poll(lambda: {h["state"] for h in hubs(net)} == {"silent"}, 8, what="it is shown as silent")
            assert all(h["active"] and h["silentFor"] >= 4 for h in hubs(net)), "and stays what it was"
            assert "has been silent for" in net.spoke1.vtysh("show ip nhrp vpn")
            poll(lambda: time.monotonic() - killed >= dead, dead + 1)
            since = {h["keepalivesMissed"] for h in hubs(net)}
            assert max(since) >= 8, "it is asked on"
        net.hub.revive("nhrpd")
        noticed = told_of_all(net)
    lost = flow.result()["lost"]
    measured("restarted hub has all 40 registrations", after_dead_for=dead, seconds=noticed, lost=lost)
    assert noticed <= 5
    assert lost == 0
    for name, mark in marks.items():
        said = "\n".join(net[name].log_since("nhrpd", mark))
        assert "hub 10.0.0.1 has started anew" in said
        assert said.count("hub 10.0.0.1 is silent") == (1 if dead else 0), "once"


def test_rebooted_hub_is_told_of_all(net):
    """All of the hub is lost: its daemons, its devices, the maps of its switch, its undo notes."""
    poll(lambda: all_registered(net), 10)
    config = net.hub.read_file("/etc/frr/frr.conf")
    for daemon in list(net.hub.running):
        net.hub.kill(daemon)
    net.hub.ip("link del tun2", "link del br-test", "link del tun1")
    net.hub.run("rm -rf /sys/fs/bpf/dmevpn /run/frr/zebra_dmevpn.undo")
    MainNet.add_gre(net.hub, 1)
    MainNet.add_hub_bridge(net.hub)
    code, said = net.hub.start(config)
    assert code == 0, said
    noticed = told_of_all(net)
    measured("rebooted hub has all 40 registrations", seconds=noticed)
    assert noticed <= 5
    assert_consistent(*net.routers())
    with Flow(net.vm1, "eth1", net.vm2, "eth1", src=VM1_MAC, dst=EVERYBODY, rate=100) as flow:
        poll(lambda: flow.so_far()["sent"] > 200, 10, what="frames go by way of the hub")
    assert flow.result()["lost"] == flow.result()["duplicated"] == 0, flow.result()


def test_what_went_over_the_wire(net):
    """Questions and answers as the formats have them, by two decoders that know nothing of each other."""
    assert_tshark_agrees({"hub": net.wire})
    found = [decode_frame(frame) for frame in net.wire.frames(gre_payload)]
    forms = {(m.type, m.extensions["batch"].form) for m in found if m and "batch" in m.extensions}
    assert forms == {("registration-request", "question"), ("registration-reply", "answer")}
    for m in found:
        if m and m.type == "registration-reply" and "batch" in m.extensions:
            assert {(e.cie.code, e.cie.nbma_text, e.cie.vni) for e in m.extensions["batch"].entries} <= {
                *((0, "10.0.0.1", 4096 + vpn) for vpn in VPNS),
                (255, "", None),
            }
