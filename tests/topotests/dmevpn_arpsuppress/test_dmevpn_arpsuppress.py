# SPDX-License-Identifier: GPL-2.0-or-later
"""`ip nhrp vpn arp-suppress`, with all daemons: who has an address is asked of the hub, not of everybody.

Guards, over IPv4 and IPv6 alike, that the hosts' addresses get registered, that a question for a known one is answered
at the spoke and nothing of it reaches the hub, that one for an unknown address is flooded and learned, that addresses
move between MACs and sites, that the hub floods less for the same work, and that everything is given back.

The net is lib.net.PICTURE; each VM has many addresses, and spoke2 has another VM on eth3. Nobody writes a neighbour
down. The tests tell one story: each stands on the state in which the one before left the net.
"""

import json
import os

import pytest

from lib import mainjob
from lib.capture import Capture, assert_tshark_agrees
from lib.frames import NA, arp, asks_for, neighbour, send_frames, vxlan_inner
from lib.net import VM1_MAC, VM2_MAC, MainNet
from lib.poll import poll

VM3_MAC, ROAMER_MAC = "02:00:00:00:02:13", "02:00:00:00:02:99"
HOSTS = 6  # addresses of a VM in each family, its first among them
ROUNDS = 3
BOTH = pytest.mark.parametrize("family", (4, 6), ids=("IPv4", "IPv6"))


def address(family, vm, host=0):
    """The `host`th address of VM 1, 2 or 3."""
    return f"11.0.0.{vm * 20 + host}" if family == 4 else f"2001:db8::{vm * 20 + host}"


def hosts(family, vm):
    return [address(family, vm, host) for host in range(HOSTS)]


class ArpNet(MainNet):
    def __init__(self):
        super().__init__()
        self.vm3 = self.add("vm3")
        self.link(self.vm3, "eth1", self.spoke2, "eth3", mac=VM3_MAC)
        for number, vm in enumerate((self.vm1, self.vm2, self.vm3), 1):
            vm.run("sysctl -qw net.ipv6.conf.eth1.disable_ipv6=0 net.ipv6.conf.eth1.accept_dad=0")
            # several at once, where many would ask one by one
            vm.run("sysctl -qw net.ipv4.neigh.eth1.retrans_time_ms=300 net.ipv6.neigh.eth1.retrans_time_ms=300")
            vm.ip(
                "neigh flush dev eth1 nud permanent",
                "addr flush dev eth1 scope global",
                *[f"addr add {a}/24 dev eth1" for a in hosts(4, number)],
                *[f"addr add {a}/64 dev eth1 nodad" for a in hosts(6, number)],
            )

    def add_devices(self):
        super().add_devices()
        self.spoke2.ip("link set eth3 master br-test")
        for spoke in (self.spoke1, self.spoke2):
            spoke.run("sysctl -qw net.ipv6.conf.br-test.disable_ipv6=0 net.ipv6.conf.br-test.accept_dad=0")


NET = ArpNet


def prepare(net):
    """As usual, but with everything on the wires captured from before the first daemon starts."""
    net.add_devices()
    mainjob.watch(net)
    net.start_frr(os.path.dirname(__file__))


def announce(vm, mac, *addresses):
    send_frames(vm, "eth1", *[arp(mac, a, a) if "." in a else neighbour(NA, mac, a, a, "ff02::1") for a in addresses])


def known(router, kind=None):
    """{ip: entry} of what a router's nhrpd knows."""
    found = router.vtysh_json("show ip nhrp vpn neighbor json").get("neighbors", [])
    return {n["ip"]: n for n in found if kind in (None, n["type"])}


def in_kernel(spoke, ip):
    """The MACs by which the spoke's bridge answers for an address."""
    found = spoke.json(["ip", "-j", "-d", "neigh", "show", "dev", "br-test", "to", ip])
    return [n["lladdr"] for n in found if n.get("protocol") == "nhrp"]


def has_at(hub, ip, mac, spoke):
    entry = known(hub).get(ip)
    return entry and (entry["mac"], entry["remoteVtep"]) == (mac, mainjob.NBMA[spoke])


def forget(vm):
    vm.run("ip neigh flush dev eth1; ip -6 neigh flush dev eth1")


def neighbour_of(vm, ip):
    found = [n for n in vm.json(["ip", "-j", "neigh", "show", "dev", "eth1", "to", ip]) if "lladdr" in n]
    return found[0]["lladdr"] if found else None


def questions(capture, *addresses):
    """Requests and solicitations for these addresses in VXLAN frames of a capture."""
    matches = [asks_for(a) for a in addresses]
    return len(capture.frames(lambda f: vxlan_inner(f) and any(m(f) for m in matches)))


def is_suppressing(spoke):
    return spoke.json("ip -j -d link show dev tun2")[0]["linkinfo"]["info_slave_data"]["neigh_suppress"]


def test_in_effect(net):
    poll(lambda: mainjob.members(net.hub) == mainjob.all_members(), 20, what="both spokes are members")
    for name in ("spoke1", "spoke2"):
        poll(lambda: mainjob.instance(net[name])["state"] == "up", 10, what=f"{name} is registered")
        poll(lambda: is_suppressing(net[name]), 10, what=f"{name}'s port has neigh_suppress")
        assert net[name].vtysh_json("show zebra dmevpn json")["instances"][0]["arpSuppress"]
    assert "arp-suppress" in net.spoke1.running_config()


@BOTH
def test_addresses_are_registered(net, family):
    """Those of the hosts, and the bridge's own."""
    announce(net.vm1, VM1_MAC, *hosts(family, 1))
    announce(net.vm2, VM2_MAC, *hosts(family, 2))
    for vm, mac, spoke in ((1, VM1_MAC, "spoke1"), (2, VM2_MAC, "spoke2")):
        for ip in hosts(family, vm):
            poll(lambda ip=ip, mac=mac, spoke=spoke: has_at(net.hub, ip, mac, spoke), 15, what=f"the hub knows {ip}")
            assert known(net[spoke])[ip]["mac"] == mac
    if family == 4:
        poll(lambda: has_at(net.hub, "11.0.0.11", net.spoke2.mac("br-test"), "spoke2"), 15, what="the bridge's own address")


@BOTH
def test_known_host_is_answered_for_at_the_spoke(net, family):
    """The first question may still be flooded, while nhrpd asks the hub; from then on none leaves the spoke."""
    target = address(family, 2, 1)
    forget(net.vm1)
    assert net.vm1.ping(target, 3) == (3, 3)
    poll(lambda: in_kernel(net.spoke1, target) == [VM2_MAC], 10, what=f"{target} stands at spoke1's bridge")
    with Capture(net.hub, "eth1", direction="in") as arrived, Capture(net.vm1, "eth1", direction="out") as asked:
        forget(net.vm1)
        assert net.vm1.ping(target, 3) == (3, 3)
    assert asked.frames(asks_for(target)), "vm1 did ask"
    assert questions(arrived, target) == 0
    assert neighbour_of(net.vm1, target) == VM2_MAC
    assert known(net.spoke1)[target]["mac"] == VM2_MAC


def test_known_host_outlives_nhrpd(net):
    """A restarted nhrpd asks its hub for what its kernel answers for; in between it is answered for as ever."""
    targets = [address(family, 2, 1) for family in (4, 6)]
    net.spoke1.kill("nhrpd")
    with Capture(net.hub, "eth1", direction="in") as arrived:
        net.spoke1.revive("nhrpd")
        for target in targets:
            poll(lambda target=target: known(net.spoke1, "remote").get(target), 15, what=f"spoke1 knows {target} again")
            assert in_kernel(net.spoke1, target) == [VM2_MAC]
    assert questions(arrived, *targets) == 0


@BOTH
def test_unknown_host_is_flooded_and_learned(net, family):
    """vm3 has said nothing so far: the question goes to everybody, its answer teaches spoke2, and that the hub."""
    target = address(family, 3)
    assert target not in known(net.hub)
    forget(net.vm1)
    with Capture(net.vm3, "eth1", direction="in") as arrived:
        assert net.vm1.ping(target, 3)[1] >= 1
    assert arrived.frames(asks_for(target)), "it was flooded"
    poll(lambda: has_at(net.hub, target, VM3_MAC, "spoke2"), 15, what="the hub knows it now")

    def answered():
        forget(net.vm1)
        net.vm1.ping(target, 1)
        return in_kernel(net.spoke1, target) == [VM3_MAC]

    poll(answered, 15, step=1, what="spoke1 answers for it now")


@BOTH
def test_address_moves_to_another_mac(net, family):
    """From vm2 to vm3 at the same site: spoke1 answers with the new MAC."""
    moving = address(family, 2, 1)
    prefix = "/24" if family == 4 else "/64"
    net.vm2.ip(f"addr del {moving}{prefix} dev eth1")
    net.vm3.ip(f"addr add {moving}{prefix} dev eth1" + (" nodad" if family == 6 else ""))
    announce(net.vm3, VM3_MAC, moving)
    poll(lambda: has_at(net.hub, moving, VM3_MAC, "spoke2"), 15, what="the hub has the new MAC")
    poll(lambda: in_kernel(net.spoke1, moving) in ([VM3_MAC], []), 15, what="spoke1 does not answer with the old one")

    def reached():
        forget(net.vm1)
        return net.vm1.ping(moving, 1)[1] == 1 and neighbour_of(net.vm1, moving) == VM3_MAC

    poll(reached, 15, step=0.5, what="vm1 reaches it")
    assert known(net.hub)[moving]["mac"] == VM3_MAC


@BOTH
def test_address_moves_to_another_site(net, family):
    """From vm2 at spoke2 to vm1's site: spoke1 does not answer for what is here now, and spoke2 answers for it."""
    moving = address(family, 2, 2)
    prefix = "/24" if family == 4 else "/64"
    forget(net.vm1)
    assert net.vm1.ping(moving, 2)[1] >= 1
    poll(lambda: in_kernel(net.spoke1, moving) == [VM2_MAC], 10)
    net.vm2.ip(f"addr del {moving}{prefix} dev eth1")
    net.vm1.ip(f"addr add {moving}{prefix} dev eth1" + (" nodad" if family == 6 else ""))
    announce(net.vm1, VM1_MAC, moving)
    poll(lambda: in_kernel(net.spoke1, moving) == [], 10, what="spoke1 does not answer for its own host")
    poll(lambda: has_at(net.hub, moving, VM1_MAC, "spoke1"), 15, what="the hub has it at spoke1")

    def answered():
        forget(net.vm3)
        net.vm3.ping(moving, 1)
        return in_kernel(net.spoke2, moving) == [VM1_MAC]

    poll(answered, 15, step=0.5, what="spoke2 answers for it")
    assert moving not in known(net.spoke2, "local")


@BOTH
def test_former_site_is_told_by_the_hub(net, family):
    """An address that comes up at spoke1 without a frame that spoke2 could hear: the hub's word is enough."""
    moving = address(family, 3, 2)
    announce(net.vm3, VM3_MAC, moving)
    poll(lambda: has_at(net.hub, moving, VM3_MAC, "spoke2"), 15, what="the hub has it at spoke2")
    bridge = net.spoke1.mac("br-test")
    whisper = arp(VM1_MAC, moving, moving, reply=True, destination=bridge) if family == 4 else neighbour(NA, VM1_MAC, moving, moving, "ff02::1")
    # to the bridge alone, which keeps it to itself
    send_frames(net.vm1, "eth1", bytes.fromhex(bridge.replace(":", "")) + whisper[6:])
    poll(lambda: has_at(net.hub, moving, VM1_MAC, "spoke1"), 15, what="the hub has it at spoke1")
    poll(lambda: in_kernel(net.spoke2, moving) == [VM1_MAC], 15, what="spoke2 answers for it with the new MAC")
    assert known(net.spoke2)[moving]["type"] == "remote"


# what vm1 looks for
TARGETS = [a for family in (4, 6) for a in hosts(family, 2)[3:]]


def flood_work(net):
    """The same work each time: vm1 looks for every address of vm2, ROUNDS times with an empty cache.

    Returns (questions that came to the hub, frames the hub flooded, copies it sent for them)."""
    before = mainjob.zebra_counters(net.hub)
    with Capture(net.hub, "eth1", direction="in") as arrived:
        for _ in range(ROUNDS):
            forget(net.vm1)
            for target in TARGETS:
                assert net.vm1.ping(target, 2)[1] >= 1, target
    after = mainjob.zebra_counters(net.hub)
    return questions(arrived, *TARGETS), after["flooded"] - before["flooded"], after["copies"] - before["copies"]


@BOTH
def test_host_moves_to_another_site(net, family):
    """With its MAC, from spoke2 to spoke1: its announcement turns round what both bridges know."""
    if "neigh_forward_grat" not in net.spoke1.json("ip -j -d link show dev tun2")[0]["linkinfo"]["info_slave_data"]:
        pytest.skip("the kernel keeps announcements out of the tunnel: the former site learns when its entry ages")
    moving = address(family, 3, 1)
    here, there = (net.vm1, net.vm3) if family == 4 else (net.vm3, net.vm1)
    near, far = ("spoke1", "spoke2") if family == 4 else ("spoke2", "spoke1")
    announce(there, ROAMER_MAC, moving)
    poll(lambda: has_at(net.hub, moving, ROAMER_MAC, far), 15, what=f"the hub has it at {far}")
    announce(here, ROAMER_MAC, moving)
    poll(lambda: has_at(net.hub, moving, ROAMER_MAC, near), 15, what=f"the hub has it at {near}")
    poll(lambda: known(net[far], "local").get(moving) is None, 10, what=f"{far} has it no more")
    poll(lambda: [e for e in net[far].fdb("tun2") if e["mac"] == ROAMER_MAC and "dst" not in e], 10, what=f"{far}'s bridge sends by the tunnel")
    assert has_at(net.hub, moving, ROAMER_MAC, near), "and it stays there"


def test_broadcast_load_falls(net, capsys):
    """The same work with and without; figures in the results. The last part of the story: it is given back."""
    flood_work(net)
    for target in TARGETS:
        poll(lambda target=target: in_kernel(net.spoke1, target) == [VM2_MAC], 10, what=f"spoke1 answers for {target}")
    with_it = flood_work(net)
    for spoke in (net.spoke1, net.spoke2):
        spoke.configure("interface tun2", "no ip nhrp vpn arp-suppress")
        poll(lambda: not is_suppressing(spoke), 10, what=f"{spoke.name}: the port's setting is given back")
        poll(lambda: not in_kernel(spoke, address(4, 2, 3)) and not in_kernel(spoke, address(6, 2, 3)), 10)
    without = flood_work(net)
    names = ("questions", "flooded", "copies")
    figures = {"with": dict(zip(names, with_it)), "without": dict(zip(names, without))}
    with capsys.disabled():
        print("\nthe hub, for the same work:", json.dumps(figures))
    with open(os.path.join(os.environ.get("LAB_RUN", "/tmp"), "arpsuppress.json"), "w") as file:
        json.dump(figures, file)
    assert with_it[0] == 0, "every question was answered at the spoke"
    assert without[0] >= ROUNDS * (HOSTS - 3) * 2
    assert with_it[1] * 4 < without[1] and with_it[2] * 4 < without[2]


def test_nothing_is_left(net):
    """No neighbour and no MAC of ours at the bridges, no note of them, and nothing is registered any more."""
    for spoke in (net.spoke1, net.spoke2):
        left = [n for n in spoke.json("ip -j -d neigh show dev br-test") if n.get("protocol") == "nhrp"]
        assert not left
        assert not [e for e in spoke.fdb("tun2") if "dst" not in e and "extern_learn" in e.get("flags", ())]
        poll(lambda: not {"neigh_suppress", "neighbours", "bridge_macs"} & set(spoke.read_file("/run/frr/zebra_dmevpn.undo").split()), 5)
    poll(lambda: not known(net.hub), 10, what="the hub knows no address")


def test_tshark_reads_it_all(net):
    """Messages about IPv4 and IPv6 addresses in the VPN: registrations, questions, answers, and what is taken back."""
    assert_tshark_agrees(net.wire)
    seen = {(m.type, m.protocol_type) for m in mainjob.nhrp(net) if m.vpn_index == 1}
    kinds = ("registration-request", "registration-reply", "resolution-request", "resolution-reply", "purge-request")
    assert {(kind, protocol) for kind in kinds for protocol in (0x0800, 0x86DD)} <= seen
