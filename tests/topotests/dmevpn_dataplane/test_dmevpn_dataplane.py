# SPDX-License-Identifier: GPL-2.0-or-later
"""The hub's switch and its device settings, module alone: zebra with zebra_dmevpn, and a stand-in for nhrpd.

Guards what the data plane promises whatever nhrpd does: only members get in, nothing goes back to its sender, known
MACs go to their member with its VNI, everything else to every other member once, and settings are taken back.

                     hub  br-test (VLAN-aware) [tun2 external vnifilter, eth2]
    10.0.0.1 eth1 |                                               | eth2
    ----------------- switch -----------------                   host (in VLAN 1 of the hub's bridge)
      |        |         |           |
      m1       m2        m3       outsider        plain nodes that send and capture VXLAN as UDP
   10.0.0.2  10.0.0.3  10.0.0.4   10.0.0.9
"""

import contextlib
import errno
import signal
import sys

import pytest

from dmevpn_dataplane.inject import Inject, counters, show
from lib.capture import Capture
from lib.frames import BROADCAST, marked, send_frames, send_vxlan, vxlan_inner
from lib.frr import FrrNode
from lib.net import MainNet, Net, Switch
from lib.poll import poll

VNI = 4097  # of VLAN 1, by default
MEMBERS = {"m1": ("10.0.0.2", 101), "m2": ("10.0.0.3", 102), "m3": ("10.0.0.4", 103)}
MAC = {"m1": "02:00:00:00:01:01", "m2": "02:00:00:00:02:02", "m3": "02:00:00:00:03:03"}


class HubNet(Net):
    def __init__(self):
        super().__init__()
        self.lan = self.add("lan", Switch)
        self.hub = self.add("hub", FrrNode)
        self.host = self.add("host")
        self.link(self.hub, "eth1", self.lan, "hub")
        self.hub.ip("addr add 10.0.0.1/16 dev eth1")
        for name, address in [(n, a) for n, (a, _) in MEMBERS.items()] + [("outsider", "10.0.0.9")]:
            node = self.add(name)
            self.link(node, "eth1", self.lan, name)
            node.ip(f"addr add {address}/16 dev eth1")
        self.link(self.host, "eth1", self.hub, "eth2")
        MainNet.add_hub_bridge(self.hub)
        self.hub.ip("link set eth2 master br-test", "link set tun2 type vxlan learning")


NET = HubNet


def prepare(net):
    net.before = settings(net.hub)
    net.hub.start_daemon("zebra")
    net.inject = Inject(net.hub)
    net.inject.hello(1)
    net.inject.say("sync_end")


def settings(hub):
    """Every setting that the module may change."""
    link, bridge = (hub.json(f"ip -j -d link show dev {dev}")[0]["linkinfo"] for dev in ("tun2", "br-test"))
    port = link["info_slave_data"]
    return {
        "learning": link["info_data"]["learning"],
        "port": {key: port[key] for key in ("hairpin", "vlan_tunnel") if key in port},
        "snooping": bridge["info_data"]["mcast_snooping"],
        "vlans": hub.run("bridge vlan show dev tun2"),
        "tunnels": hub.run("bridge vlan tunnelshow dev tun2"),
        "vnis": hub.run("bridge vni show dev tun2"),
        "programs": hub.run("bpftool net show dev tun2").count("tcx"),
    }


@pytest.fixture
def hub(net):
    """The hub with VPN 1 ready and three members, whatever the test before left."""
    say = net.inject.say
    mark = net.inject.mark()
    say("instance tun2 1 hub 1")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=VNI)
    for address, vni in MEMBERS.values():
        say(f"member tun2 {VNI} {address} {vni}")
    poll(lambda: show(net.hub)["instances"][0]["members"] == len(MEMBERS), 5, what="the members are in the switch")
    return net.hub


class Wires:
    """Captures at all members: who got which frame, and with which VNI."""

    def __init__(self, net):
        self.caps = {n: Capture(net[n], "eth1", "udp port 4789", direction="in") for n in MEMBERS}

    def __enter__(self):
        for cap in self.caps.values():
            cap.start()
        return self

    def __exit__(self, *exc):
        for cap in self.caps.values():
            cap.stop()

    def got(self, word):
        """{member: [VNI of each frame with that word in it]}; members that got none are left out."""
        found = {n: [v for _, _, v, inner in map(vxlan_inner, c.frames()) if word in inner] for n, c in self.caps.items()}
        return {n: vnis for n, vnis in found.items() if vnis}


def send(net, name, word, source, destination=BROADCAST, vni=VNI):
    send_vxlan(net[name], "10.0.0.1", vni, marked(word, source, destination))


def learn(net, name):
    """Make the hub know a member's MAC."""
    send(net, name, b"hello", MAC[name])

    def known():
        mark = net.inject.mark()
        net.inject.say(f"used tun2 {VNI} {MAC[name]}")
        return net.inject.wait_for("USED_REPLY", mark, mac=MAC[name])["found"] == "1"

    poll(known, 5, what=f"the hub knows the MAC of {name}")


def fenced(net, wires, name, word, *where):
    """A last frame behind what was sent; when it has arrived at `where`, nothing else is on its way."""
    send(net, name, word, MAC[name])
    poll(lambda: set(where) <= set(wires.got(word)), 5, what=f"{word} arrives at {where}")


def test_settings_are_made(net, hub):
    """Two facts from the user (device, VLAN-aware bridge), the rest is the module's."""
    now = settings(hub)
    assert now["learning"] is False and now["snooping"] == 0 and now["programs"] == 2
    assert now["port"] == {"hairpin": True, "vlan_tunnel": True}
    assert str(VNI) in now["tunnels"] and str(VNI) in now["vnis"]
    assert "PVID" not in now["vlans"] and net.before["vlans"].count("PVID") == 1


def test_broadcast_reaches_every_other_member_once(net, hub):
    with Wires(net) as wires:
        send(net, "m1", b"everybody", MAC["m1"])
        fenced(net, wires, "m1", b"fence", "m2", "m3")
    assert wires.got(b"everybody") == {"m2": [102], "m3": [103]}
    net.inject.wait_for("MAC_SEEN", mac=MAC["m1"], nbma="10.0.0.2", remote_vni=101, moved=0)


def test_outsider_is_dropped_and_not_learned(net, hub):
    before = counters(hub)
    mark = net.inject.mark()
    with Wires(net) as wires:
        send(net, "outsider", b"let me in", MAC["m2"])
        poll(lambda: counters(hub)["outsiderDropped"] == before["outsiderDropped"] + 1, 5)
        fenced(net, wires, "m1", b"fence", "m2", "m3")
    assert wires.got(b"let me in") == {}
    assert not net.inject.records("MAC_SEEN", mark, mac=MAC["m2"])
    assert counters(hub)["moved"] == before["moved"]


def test_member_of_another_vni_is_an_outsider(net, hub):
    """Being a member is for one VPN: the same sender with a VNI that nobody gave it gets nowhere."""
    with Wires(net) as wires:
        send(net, "m1", b"wrong vni", MAC["m1"], vni=VNI + 1)
        fenced(net, wires, "m1", b"fence", "m2", "m3")
    assert wires.got(b"wrong vni") == {}


def test_known_unicast_goes_to_its_member_alone(net, hub):
    learn(net, "m1"), learn(net, "m2")
    mark = net.inject.mark()
    with Wires(net) as wires:
        send(net, "m1", b"just you", MAC["m1"], MAC["m2"])
        send(net, "m1", b"just you again", MAC["m1"], MAC["m2"])
        send(net, "m1", b"nobody", MAC["m1"], "02:00:00:00:0f:0f")
        fenced(net, wires, "m1", b"fence", "m2", "m3")
    assert wires.got(b"just you") == {"m2": [102, 102]}
    assert wires.got(b"nobody") == {"m2": [102], "m3": [103]}, "an unknown MAC is flooded"
    (hairpin,) = net.inject.records("HAIRPIN", mark, src=MAC["m1"], dst=MAC["m2"])
    assert (hairpin["from"], hairpin["to"]) == ("10.0.0.2", "10.0.0.3")
    assert hairpin["frame"].startswith((MAC["m2"] + MAC["m1"]).replace(":", ""))
    assert b"just you".hex() in hairpin["frame"]


def test_frame_for_a_mac_of_its_own_site_goes_nowhere(net, hub):
    learn(net, "m1")
    before = counters(hub)["reflectedDropped"]
    with Wires(net) as wires:
        send(net, "m1", b"at home", "02:00:00:00:01:02", MAC["m1"])
        fenced(net, wires, "m1", b"fence", "m2", "m3")
    assert wires.got(b"at home") == {}
    assert counters(hub)["reflectedDropped"] == before + 1


def test_group_source_is_dropped(net, hub):
    before = counters(hub)["badSourceDropped"]
    with Wires(net) as wires:
        send(net, "m1", b"from a group", "03:00:00:00:01:01")
        fenced(net, wires, "m1", b"fence", "m2", "m3")
    assert wires.got(b"from a group") == {}
    assert counters(hub)["badSourceDropped"] == before + 1


def test_local_port_is_part_of_the_vpn(net, hub):
    """Frames of the hub's own bridge reach all members; a mark that looks like a member's does not fool the switch."""
    learn(net, "m2")
    hub.run("tc qdisc add dev eth2 clsact; tc filter add dev eth2 ingress matchall action skbedit mark 0x00100000")
    with Wires(net) as wires, Capture(net.host, "eth1", direction="in") as local:
        for word, destination in ((b"from the hub", BROADCAST), (b"to one", MAC["m2"])):
            send_frames(net.host, "eth1", marked(word, "02:00:00:00:00:77", destination))
        poll(lambda: wires.got(b"to one"), 5)
        send(net, "m1", b"for the host", MAC["m1"], "02:00:00:00:00:77")
        local.wait_for(lambda f: b"for the host" in f)
    hub.run("tc qdisc del dev eth2 clsact")
    assert wires.got(b"from the hub") == {"m1": [101], "m2": [102], "m3": [103]}
    assert wires.got(b"to one") == {"m2": [102]}
    assert wires.got(b"for the host") == {}


def test_move_takes_effect_with_the_first_frame(net, hub):
    learn(net, "m1"), learn(net, "m2")
    roamer = "02:00:00:00:00:99"
    with Wires(net) as wires:
        for name, old in (("m1", "-"), ("m2", "10.0.0.2")):
            mark = net.inject.mark()
            send(net, name, b"here I am", roamer)
            seen = net.inject.wait_for("MAC_SEEN", mark, mac=roamer, nbma=MEMBERS[name][0])
            assert seen["old"] == old and seen["moved"] == str(int(old != "-"))
            send(net, "m3", b"to the roamer at " + name.encode(), MAC["m3"], roamer)
        fenced(net, wires, "m3", b"fence", "m1", "m2")
    assert wires.got(b"roamer at m1") == {"m1": [101]}
    assert wires.got(b"roamer at m2") == {"m2": [102]}


def fdb_of(hub, mac):
    return [e for e in hub.fdb("tun2") if e["mac"] == mac and "dst" in e]


def test_binding_is_an_fdb_entry(net, hub):
    """What nhrpd confirms is to be seen in `bridge fdb`, and goes with MAC_DEL, from the switch, too."""
    learn(net, "m2")
    net.inject.say(f"mac tun2 {VNI} {MAC['m2']} 10.0.0.3 102")
    (entry,) = poll(lambda: fdb_of(hub, MAC["m2"]), 5)
    assert (entry["dst"], entry["vni"], entry["src_vni"]) == ("10.0.0.3", 102, VNI)
    assert "extern_learn" in entry["flags"]
    mark = net.inject.mark()
    net.inject.say(f"used tun2 {VNI} {MAC['m2']}")
    assert int(net.inject.wait_for("USED_REPLY", mark, found=1)["idle_ms"]) < 60000
    net.inject.say(f"no_mac tun2 {VNI} {MAC['m2']}", f"used tun2 {VNI} {MAC['m2']}")
    net.inject.wait_for("USED_REPLY", mark, found=0)
    poll(lambda: not fdb_of(hub, MAC["m2"]), 5, what="the FDB entry is gone")


def bound(net, mac):
    """USED_REPLY for a MAC: whether the switch knows it, and for how long it was silent."""
    mark = net.inject.mark()
    net.inject.say(f"used tun2 {VNI} {mac}")
    reply = net.inject.wait_for("USED_REPLY", mark, mac=mac)
    return int(reply["idle_ms"]) if reply["found"] == "1" else None


def test_bound_mac_is_known_without_a_frame_of_it(net, hub):
    """MAC_BIND: what a member speaks for goes to it alone; the last word counts, be it nhrpd's or a frame."""
    learn(net, "m1")
    silent = "02:00:00:00:00:5a"
    macs = show(hub)["instances"][0]["macs"]
    mark = net.inject.mark()
    net.inject.say(f"bind tun2 {VNI} {silent} 10.0.0.4 103")
    assert bound(net, silent) < 1000
    with Wires(net) as wires:
        send(net, "m1", b"to m3", MAC["m1"], silent)
        fenced(net, wires, "m1", b"fence one", "m2", "m3")
        net.inject.say(f"bind tun2 {VNI} {silent} 10.0.0.3 102 0 10.0.0.4")
        assert bound(net, silent) is not None
        send(net, "m1", b"to m2", MAC["m1"], silent)
        fenced(net, wires, "m1", b"fence two", "m2", "m3")
    assert wires.got(b"to m3") == {"m3": [103]}
    assert wires.got(b"to m2") == {"m2": [102]}
    assert show(hub)["instances"][0]["macs"] == macs + 1
    assert not net.inject.records("MAC_SEEN", mark, mac=silent), "nhrpd knows already"
    send(net, "m3", b"here I am", silent)
    assert net.inject.wait_for("MAC_SEEN", mark, mac=silent, nbma="10.0.0.4")["old"] == "10.0.0.3"
    poll(lambda: bound(net, silent) > 1500, 5, what="it has been silent for a while")
    net.inject.say(f"bind tun2 {VNI} {silent} 10.0.0.4 103")
    assert bound(net, silent) < 1000, "said again: as if heard again"
    net.inject.say(f"bind tun2 {VNI} {silent} 10.0.0.4 103 60000")
    assert bound(net, silent) < 2000, "heard a minute ago, when it has been heard since"
    net.inject.say(f"no_mac tun2 {VNI} {silent}", f"bind tun2 {VNI} {silent} 10.0.0.4 103 20000")
    assert 20000 <= bound(net, silent) < 22000, "it is as old as its member says"
    net.inject.say(f"no_mac tun2 {VNI} {silent}")
    assert bound(net, silent) is None


def test_what_cannot_be_bound(net, hub):
    """Members and VPNs that are not there, MACs that are no host's, more than a member may have."""
    refused = (
        (VNI, MAC["m2"], "10.0.0.9", errno.ENOENT),
        (VNI + 1, MAC["m2"], "10.0.0.3", errno.ENOENT),
        (VNI, BROADCAST, "10.0.0.3", errno.EINVAL),
    )
    for vni, mac, nbma, why in refused:
        mark = net.inject.mark()
        net.inject.say(f"bind tun2 {vni} {mac} {nbma} 1")
        assert net.inject.wait_for("FAILURE", mark, rec="MAC_BIND", vni=vni)["error"] == str(why)
    limit = 16384
    before = show(hub)
    net.inject.say(f"no_member tun2 {VNI} 10.0.0.4", f"member tun2 {VNI} 10.0.0.4 103")
    mark = net.inject.mark()
    macs = [f"02:00:00:02:{n >> 8:02x}:{n & 255:02x}" for n in range(limit + 2)]
    net.inject.say(*[f"bind tun2 {VNI} {mac} 10.0.0.4 103" for mac in macs[:-1]])
    failure = net.inject.wait_for("FAILURE", mark, rec="MAC_BIND", deadline=30)
    assert (failure["mac"], failure["error"]) == (macs[-2], str(errno.ENOSPC))
    assert counters(hub)["overLimit"] == before["counters"]["overLimit"] + 1
    # one goes to another member, so there is room for one
    mark = net.inject.mark()
    net.inject.say(f"bind tun2 {VNI} {macs[0]} 10.0.0.3 102 0 10.0.0.4")
    net.inject.say(*[f"bind tun2 {VNI} {mac} 10.0.0.4 103" for mac in macs[-2:]])
    assert net.inject.wait_for("FAILURE", mark, rec="MAC_BIND")["mac"] == macs[-1]
    assert len(net.inject.records("FAILURE", mark)) == 1
    net.inject.say(f"no_member tun2 {VNI} 10.0.0.4", f"no_mac tun2 {VNI} {macs[0]}")
    poll(lambda: show(hub)["instances"][0]["macs"] <= before["instances"][0]["macs"], 10, what="all of them are forgotten")


def test_member_that_went_is_an_outsider(net, hub):
    learn(net, "m3")
    learned = show(hub)["instances"][0]["macs"]
    net.inject.say(f"no_member tun2 {VNI} 10.0.0.4")
    poll(lambda: show(hub)["instances"][0]["macs"] == learned - 1, 5, what="its MAC is forgotten")
    before = counters(hub)["outsiderDropped"]
    with Wires(net) as wires:
        send(net, "m3", b"still me", MAC["m3"])
        poll(lambda: counters(hub)["outsiderDropped"] == before + 1, 5)
        send(net, "m1", b"without m3", MAC["m1"], MAC["m3"])
        fenced(net, wires, "m1", b"fence", "m2")
    assert wires.got(b"still me") == {}
    assert wires.got(b"without m3") == {"m2": [102]}


def test_six_hundred_members(net, hub):
    """More than one run of the flood program serves (256): tail calls, and every member gets its copy once."""
    extra = [f"10.0.{1 + n // 200}.{1 + n % 200}" for n in range(600)]
    net["m3"].ip(*[f"addr add {address}/32 dev eth1" for address in extra])
    mac = net["m3"].mac("eth1")
    hub.ip(*[f"neigh replace {address} lladdr {mac} dev eth1" for address in extra])
    net.inject.say(*[f"member tun2 {VNI} {address} {1000 + n}" for n, address in enumerate(extra)])
    poll(lambda: show(hub)["instances"][0]["members"] == 600 + len(MEMBERS), 10)
    before = counters(hub)
    with Capture(net["m3"], "eth1", "udp port 4789", direction="in") as cap:
        send(net, "m1", b"hello crowd", MAC["m1"])
        poll(lambda: counters(hub)["copies"] == before["copies"] + 602, 10, what="602 copies are made")
        cap.wait_for(lambda f: b"hello crowd" in f, count=601, deadline=10)
    got = sorted((f[1], f[2]) for f in map(vxlan_inner, cap.frames()) if f and b"hello crowd" in f[3])
    assert got == sorted([("10.0.0.4", 103)] + [(a, 1000 + n) for n, a in enumerate(extra)])
    assert counters(hub)["copyErrors"] == before["copyErrors"]
    net.inject.say(*[f"no_member tun2 {VNI} {address}" for address in extra])
    poll(lambda: show(hub)["instances"][0]["members"] == len(MEMBERS), 10)


@contextlib.contextmanager
def long_backlog():
    """A virtual cable takes no more frames at once than this; it stands for all nets of the machine."""
    path = "/proc/sys/net/core/netdev_max_backlog"
    with open(path) as file:
        usual = file.read()
    for value in ("20000", usual):
        with open(path, "w") as file:
            file.write(value)
        if value != usual:
            yield


def test_as_many_members_as_may_be(net, hub):
    """8,192 members of one VPN are all served by one broadcast; the next one is refused, and says why."""
    hub.ip("route add 10.64.0.0/16 via 10.0.0.4")
    extra = [f"10.64.{n >> 8}.{n & 255}" for n in range(8192 - len(MEMBERS))]
    mark = net.inject.mark()
    net.inject.say(*[f"member tun2 {VNI} {address} {5000 + n}" for n, address in enumerate(extra)])
    poll(lambda: show(hub)["instances"][0]["members"] == 8192, 20)
    assert not net.inject.records("FAILURE", mark)
    net.inject.say(f"member tun2 {VNI} 10.64.255.1 1")
    assert net.inject.wait_for("FAILURE", mark, rec="MEMBER_SET")["error"] == str(errno.ENOSPC)
    before, sent = counters(hub), hub.counters("tun2")["tx"]["packets"]
    with long_backlog():
        send(net, "m1", b"hello nation", MAC["m1"])
        poll(lambda: counters(hub)["copies"] == before["copies"] + 8191, 20, what="8,191 copies are made")
        assert hub.counters("tun2")["tx"]["packets"] == sent + 8191
    assert counters(hub)["copyErrors"] == before["copyErrors"]
    net.inject.say(*[f"no_member tun2 {VNI} {address}" for address in extra])
    poll(lambda: show(hub)["instances"][0]["members"] == len(MEMBERS), 60)


def test_burst_of_macs_is_learned_within_limits(net, hub):
    """More new MACs at once than the ring of events holds, and more than one member may have."""
    limit, many = 16384, 16500
    before = show(hub)
    macs = [f"02:00:00:01:{n >> 8:02x}:{n & 255:02x}" for n in range(many)]
    send_vxlan(net["m3"], "10.0.0.1", VNI, *[marked(b"burst", mac) for mac in macs])

    def learned():
        now = show(hub)
        return now["instances"][0]["macs"] >= limit and now["counters"]["overLimit"] > before["counters"]["overLimit"]

    poll(learned, 30, what="as many as may be are learned")
    told = poll(lambda: len(told := {r["mac"] for r in net.inject.records("MAC_SEEN", nbma="10.0.0.4")}) >= limit - 3 and told, 20)
    assert len(told & set(macs)) <= limit
    net.inject.say(f"no_member tun2 {VNI} 10.0.0.4")
    poll(lambda: show(hub)["instances"][0]["macs"] <= before["instances"][0]["macs"], 10, what="all of them are forgotten")


SEND_VXLAN6 = """
import socket, sys
out = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
out.sendto(bytes.fromhex(sys.argv[1]), ("fd00::1", 4789))
"""


def test_members_over_ipv6(net, hub):
    """The same switch serves members with IPv6 addresses, beside those with IPv4."""
    for number, name in enumerate(("hub", "m1", "m2"), 1):
        net[name].run(f"sysctl -qw net.ipv6.conf.all.disable_ipv6=0; ip addr add fd00::{number}/64 dev eth1 nodad")
    net.inject.say(f"member tun2 {VNI} fd00::2 201", f"member tun2 {VNI} fd00::3 202")
    poll(lambda: show(hub)["instances"][0]["members"] == len(MEMBERS) + 2, 5)
    mark = net.inject.mark()

    def send6(name, word, source, destination=BROADCAST):
        frame = b"\x08\0\0\0" + VNI.to_bytes(3, "big") + b"\0" + marked(word, source, destination)
        net[name].run([sys.executable, "-S", "-E", "-c", SEND_VXLAN6, frame.hex()])

    with Capture(net["m1"], "eth1", "udp port 4789") as one, Capture(net["m2"], "eth1", "udp port 4789", direction="in") as two:
        send6("m1", b"over ipv6", "02:00:00:00:06:01")
        assert net.inject.wait_for("MAC_SEEN", mark, mac="02:00:00:00:06:01")["nbma"] == "fd00::2"
        two.wait_for(lambda f: b"over ipv6" in f, count=2)
        send6("m2", b"answer over ipv6", "02:00:00:00:06:02", "02:00:00:00:06:01")
        one.wait_for(lambda f: b"answer over ipv6" in f)
    # (outer Ethernet type, VNI): m2 is a member twice, once by each address
    kind = {b"\x08\x00": 46, b"\x86\xdd": 66}
    seen = [(f[12:14], int.from_bytes(f[kind[f[12:14]] :][:3], "big")) for f in two.frames(lambda f: b"over ipv6" in f)]
    assert sorted(seen) == [(b"\x08\x00", 102), (b"\x86\xdd", 202)]
    assert [f[12:14] for f in one.frames(lambda f: b"answer over ipv6" in f)] == [b"\x86\xdd"]
    net.inject.say(f"no_member tun2 {VNI} fd00::2", f"no_member tun2 {VNI} fd00::3")
    poll(lambda: show(hub)["instances"][0]["members"] == len(MEMBERS), 5)


def test_version_of_another_build_is_refused(net, hub):
    mark = len(hub.log("zebra"))
    net.inject.say("version 99", f"no_instance tun2 1", "version 99", f"no_instance tun2 1")
    poll(lambda: "version 99" in hub.log("zebra")[mark:], 5)
    assert sum("version 99" in line for line in hub.log_since("zebra", mark)) == 1
    assert show(hub)["instances"][0]["ready"], "the record in it was not carried out"


def test_reasons_come_and_go(net, hub):
    """Whatever the user takes away is named, and once it is back everything works again without a word to zebra."""
    steps = (
        ("ip link set tun2 nomaster", "tun2 is not a port of a bridge", "ip link set tun2 master br-test"),
        ("ip link set br-test type bridge vlan_filtering 0", "not VLAN-aware", "ip link set br-test type bridge vlan_filtering 1"),
        ("ip link set tun2 down", "tun2 is down", "ip link set tun2 up"),
        ("bridge vni del dev tun2 vni 4097", None, None),
        ("bridge link set dev tun2 hairpin off", None, None),
    )
    for break_it, reason, mend_it in steps:
        mark = net.inject.mark()
        hub.run(break_it)
        if reason:
            assert reason in net.inject.wait_for("INSTANCE_STATE", mark, ready=0)["line"]
            hub.run(mend_it)
            net.inject.wait_for("INSTANCE_STATE", mark, ready=1)
        poll(lambda: settings(hub)["port"] == {"hairpin": True, "vlan_tunnel": True} and str(VNI) in settings(hub)["vnis"], 5)
        with Wires(net) as wires:
            fenced(net, wires, "m1", b"after " + break_it[:9].encode(), "m2", "m3")


def test_vni_of_another_device(net, hub):
    """A VNI that another device receives is refused with its reason, and taken when that device is gone."""
    net.inject.say("no_instance tun2 1")
    poll(lambda: str(VNI) not in settings(hub)["vnis"], 5)
    hub.ip("link add other type vxlan external vnifilter dstport 4789", "link set other up")
    hub.run(f"bridge vni add dev other vni {VNI}")
    mark = net.inject.mark()
    net.inject.say("instance tun2 1 hub 1")
    assert "cannot receive the VNI" in net.inject.wait_for("INSTANCE_STATE", mark, ready=0)["line"]
    hub.ip("link del other")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=VNI)


@pytest.mark.parametrize("vlan", (0, 4095, 60000))
def test_number_that_is_no_vlan(net, hub, vlan):
    """Refused with its reason before anything is set for it, and no harm to the VPN beside it."""
    before = settings(hub)
    mark = net.inject.mark()
    net.inject.say(f"instance tun2 {vlan} hub 5")
    said = net.inject.wait_for("INSTANCE_STATE", mark, vlan=vlan, ready=0)["line"]
    assert f"VLAN {vlan}: not 1 to 4094" in said
    assert settings(hub) == before
    net.inject.say(f"no_instance tun2 {vlan}")
    poll(lambda: len(show(hub)["instances"]) == 1, 5)
    assert settings(hub) == before


def test_mapping_of_the_user_gives_the_vni(net, hub):
    """An existing tunnel_info is respected and stays; when it goes, the VPN follows to the default, members and all."""
    net.inject.say("no_instance tun2 1")
    poll(lambda: settings(hub) == net.before, 5)
    hub.run("bridge link set dev tun2 vlan_tunnel on; bridge vlan add dev tun2 vid 1 tunnel_info id 7000")
    mark = net.inject.mark()
    net.inject.say("instance tun2 1 hub 1")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=7000)
    net.inject.say("member tun2 7000 10.0.0.2 101", "member tun2 7000 10.0.0.3 102")
    poll(lambda: show(hub)["instances"][0]["members"] == 2, 5)
    with Wires(net) as wires:
        send(net, "m1", b"other number", MAC["m1"], vni=7000)
        poll(lambda: wires.got(b"other number"), 5)
    assert wires.got(b"other number") == {"m2": [102]}
    net.inject.say("no_instance tun2 1")
    poll(lambda: "7000" not in settings(hub)["vnis"], 5)
    assert "7000" in settings(hub)["tunnels"], "what the user mapped stays mapped"
    mark = net.inject.mark()
    net.inject.say("instance tun2 1 hub 1")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=7000)
    mark = net.inject.mark()
    hub.run("bridge vlan del dev tun2 vid 1 tunnel_info id 7000")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=VNI)
    assert show(hub)["instances"][0]["members"] == 0
    # as before: the flag that was set by hand here is nobody else's to take back
    net.inject.say("no_instance tun2 1")
    poll(lambda: show(hub)["instances"] == [], 5)
    hub.run("bridge link set dev tun2 vlan_tunnel off")


def test_forwarding_outlives_zebra(net, hub):
    """zebra is killed: frames go on. It comes back: same members, nothing swept before nhrpd had its say."""
    learn(net, "m1"), learn(net, "m2")
    net.inject.say(f"mac tun2 {VNI} {MAC['m2']} 10.0.0.3 102")
    poll(lambda: fdb_of(hub, MAC["m2"]), 5)
    before, log = settings(hub), len(hub.log("zebra"))
    net.inject.gone()
    hub.kill("zebra", signal.SIGKILL)
    with Wires(net) as wires:
        send(net, "m1", b"while away", MAC["m1"], MAC["m2"])
        fenced(net, wires, "m1", b"fence", "m2", "m3")
        assert wires.got(b"while away") == {"m2": [102]}
        hub.start_daemon("zebra")
        poll(lambda: "connected to zebra" in " ".join(hub.log_since("zebra", log)), 10, what="the module is up")
        send(net, "m1", b"nobody speaks", MAC["m1"], MAC["m2"])
        fenced(net, wires, "m1", b"fence without nhrpd", "m2", "m3")
        assert wires.got(b"nobody speaks") == {"m2": [102]}
        assert settings(hub) == before, "without a word of nhrpd nothing is taken back"
        net.inject = Inject(hub)
        net.inject.hello(2)
        mark = net.inject.mark()
        # another VPN of the device is restated first: that is no word against this one
        net.inject.say("instance tun2 7 hub 7")
        net.inject.wait_for("INSTANCE_STATE", mark, vlan=7, ready=1)
        assert set(before["vnis"].split()) <= set(settings(hub)["vnis"].split())
        send(net, "m1", b"not restated yet", MAC["m1"], MAC["m2"])
        fenced(net, wires, "m1", b"fence before restating", "m2", "m3")
        assert wires.got(b"not restated yet") == {"m2": [102]}
        net.inject.say("no_instance tun2 7")
        net.inject.say("instance tun2 1 hub 1")
        net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=VNI)
        for address, vni in MEMBERS.values():
            net.inject.wait_for("MEMBER_HAVE", mark, nbma=address, remote_vni=vni)
        net.inject.wait_for("MAC_SEEN", mark, mac=MAC["m2"], nbma="10.0.0.3")
        send(net, "m1", b"back again", MAC["m1"], MAC["m2"])
        fenced(net, wires, "m1", b"second fence", "m2", "m3")
    assert wires.got(b"back again") == {"m2": [102]}
    # nhrpd wants m1 and m2 from now on, and no MAC
    for name in ("m1", "m2"):
        net.inject.say(f"member tun2 {VNI} {MEMBERS[name][0]} {MEMBERS[name][1]}")
    assert fdb_of(hub, MAC["m2"])
    net.inject.say("sync_end")
    poll(lambda: show(hub)["instances"][0]["members"] == 2, 5, what="m3 is swept")
    poll(lambda: not fdb_of(hub, MAC["m2"]), 5, what="the entry nobody asked for is swept")


def test_vpn_that_nobody_restates_is_taken_back(net, hub):
    """Deconfigured while zebra was down: the first SYNC_END takes back its settings, entries and members."""
    net.inject.say(f"mac tun2 {VNI} {MAC['m1']} 10.0.0.2 101")
    poll(lambda: fdb_of(hub, MAC["m1"]), 5)
    net.inject.gone()
    hub.kill("zebra", signal.SIGKILL)
    hub.start_daemon("zebra")
    net.inject = Inject(hub)
    net.inject.hello(3)
    assert fdb_of(hub, MAC["m1"]) and settings(hub) != net.before
    net.inject.say("sync_end")
    poll(lambda: settings(hub) == net.before, 5, what="settings are as before")
    poll(lambda: not fdb_of(hub, MAC["m1"]), 5, what="the entry is gone")


def test_everything_is_taken_back(net, hub):
    """The last VPN on the device goes: every setting is as the user had it."""
    net.inject.say("no_instance tun2 1")
    poll(lambda: settings(hub) == net.before, 5, what="settings are as before")
    assert show(hub)["instances"] == []
    assert hub.read_file("/run/frr/zebra_dmevpn.undo") == ""


def test_device_is_made_anew(net, hub):
    """Another device of the same name, this time with a local address, which is the source of what it sends."""
    old = hub.json("ip -j link show dev tun2")[0]["ifindex"]
    mark = net.inject.mark()
    hub.ip(
        "link del tun2",
        "addr add 10.0.0.5/16 dev eth1",
        "link add tun2 type vxlan external vnifilter nolearning local 10.0.0.5 dstport 4789",
        "link set tun2 master br-test",
        "link set tun2 up",
    )
    net.inject.wait_for("LINK_DEL", mark, ifindex=old)
    poll(lambda: f"-{old}" not in hub.run("ls /sys/fs/bpf/dmevpn"), 5, what="the old device's programs are gone")
    link = net.inject.new_link(mark, "tun2", old)
    net.inject.say("instance tun2 1 hub 1")
    net.inject.wait_for("INSTANCE_STATE", mark, ifindex=link["ifindex"], ready=1, vni=VNI)
    net.inject.say(*[f"member tun2 {VNI} {address} {vni}" for address, vni in MEMBERS.values()])
    poll(lambda: [i["members"] for i in show(hub)["instances"] if str(i["ifindex"]) == link["ifindex"]] == [3], 5)
    with Wires(net) as wires:
        fenced(net, wires, "m1", b"from the new one", "m2", "m3")
    assert {vxlan_inner(f)[0] for f in wires.caps["m2"].frames()} == {"10.0.0.5"}
