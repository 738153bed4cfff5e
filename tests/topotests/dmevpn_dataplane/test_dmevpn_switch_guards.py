# SPDX-License-Identifier: GPL-2.0-or-later
"""What the hub's switch keeps out or holds back, module alone: the net of test_dmevpn_dataplane with two VPNs.

    VPN   VLAN   VNI    members
     1      1    4097   m1, m2, m3
     2      2    4098   m2, m3        so what m1 brings in there came in where it should not

Guards that no member gets into another VPN, makes the hub repeat itself, or costs it more than its share.
"""

import contextlib

import pytest

from codec_decoder.craft import ethernet, ipv4
from dmevpn_dataplane.inject import counters, show
from dmevpn_dataplane.test_dmevpn_dataplane import MAC, MEMBERS, VNI, HubNet, Wires, fenced, learn, prepare, send
from lib.capture import Capture
from lib.frames import BROADCAST, EXPERIMENT, marked, send_frames, send_vxlan
from lib.poll import poll

OTHER_VNI = 4098  # of VLAN 2
PINS = "/sys/fs/bpf/dmevpn"
MEMBER_MACS = 16384

NET = HubNet
__all__ = ["prepare"]


@pytest.fixture
def hub(net):
    """Both VPNs ready, with their members as above, whatever the test before left."""
    mark = net.inject.mark()
    net.inject.say("instance tun2 1 hub 1", "instance tun2 2 hub 2")
    for vni in (VNI, OTHER_VNI):
        net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=vni)
    members(net)
    return net.hub


def members(net, vnis=None, other_vni=900):
    """All members again, m1 to m3 by VNIs other than MEMBERS says where `vnis` has some."""
    for name, (address, vni) in MEMBERS.items():
        net.inject.say(f"member tun2 {VNI} {address} {(vnis or {}).get(name, vni)}")
    net.inject.say(*[f"member tun2 {OTHER_VNI} {MEMBERS[n][0]} {other_vni + k}" for k, n in ((2, "m2"), (3, "m3"))])
    poll(lambda: [i["members"] for i in show(net.hub)["instances"]] == [3, 2], 5, what="the members are in the switch")


def rises(net, before, **by):
    """The named counters are that much higher than `before`, and stay so."""
    poll(lambda: {k: counters(net.hub)[k] - before[k] for k in by} == by, 5, what=f"counters rise by {by}")


@pytest.mark.parametrize("kind", (0x8100, 0x88A8))
def test_tag_inside_the_tunnel_opens_no_other_vpn(net, hub, kind):
    """The bridge would take the sender's own tag for the VLAN: m1's frame with tag 2 would be in VPN 2."""
    before = counters(hub)
    mark = net.inject.mark()
    tagged = ethernet(b"\0\2" + EXPERIMENT.to_bytes(2, "big") + b"hopped".ljust(46, b"\0"), "02:00:00:00:01:0a", BROADCAST, kind)
    with Wires(net) as wires:
        send_vxlan(net["m1"], "10.0.0.1", VNI, tagged)
        fenced(net, wires, "m1", b"fence", "m2", "m3")
    assert wires.got(b"hopped") == {}
    rises(net, before, taggedDropped=1)
    assert not net.inject.records("MAC_SEEN", mark, mac="02:00:00:00:01:0a")


def test_second_tag_of_a_local_port_stays_at_the_hub(net, hub):
    before = counters(hub)
    inner = b"\0\1\x81\0\0\2" + EXPERIMENT.to_bytes(2, "big") + b"two tags".ljust(46, b"\0")
    with Wires(net) as wires:
        send_frames(net.host, "eth1", ethernet(inner, "02:00:00:00:00:78", BROADCAST, 0x8100))
        send_frames(net.host, "eth1", marked(b"no tag", "02:00:00:00:00:78"))
        poll(lambda: set(wires.got(b"no tag")) == set(MEMBERS), 5)
    assert wires.got(b"two tags") == {}
    rises(net, before, taggedDropped=1)


def test_members_may_use_the_numbers_of_the_hub(net, hub):
    """VNIs of members are their own affair: those that are VNIs of this hub, too, get their copy once, as all others."""
    members(net, {"m2": VNI, "m3": OTHER_VNI}, other_vni=VNI - 2)
    before = counters(hub)
    with Wires(net) as wires:
        send(net, "m1", b"same numbers", MAC["m1"])
        fenced(net, wires, "m1", b"fence", "m2", "m3")
        learn(net, "m3")
        send(net, "m1", b"to m3 alone", MAC["m1"], MAC["m3"])
        fenced(net, wires, "m1", b"second fence", "m2", "m3")
    assert wires.got(b"same numbers") == {"m2": [VNI], "m3": [OTHER_VNI]}
    assert wires.got(b"to m3 alone") == {"m3": [OTHER_VNI]}
    # two for each of: same numbers, fence, hello of learn(), second fence
    rises(net, before, flooded=4, copies=8)


def long_packet(word):
    """An IPv4 packet of 1,300 octets that must not be fragmented."""
    packet = bytearray(ipv4(word.ljust(1280, b"\0"), "11.0.0.1", "11.0.0.2"))
    packet[6:8], packet[10:12] = b"\x40\0", b"\0\0"
    total = sum(int.from_bytes(packet[i : i + 2], "big") for i in range(0, 20, 2))
    packet[10:12] = (0xFFFF - (total + (total >> 16)) % 0xFFFF & 0xFFFF).to_bytes(2, "big")
    return bytes(packet)


def test_answer_of_the_kernel_to_a_long_frame_comes_into_no_vpn(net, hub):
    """Too long for the path to m2: the kernel's ICMP enters the VXLAN device with m2's VNI, which is VPN 2's here."""
    members(net, {"m2": OTHER_VNI})
    learn(net, "m1"), learn(net, "m2")
    hub.ip("route replace 10.0.0.3/32 dev eth1 mtu 1000")
    before = counters(hub)
    mark = net.inject.mark()
    with Wires(net) as wires:
        send_vxlan(net["m1"], "10.0.0.1", VNI, ethernet(long_packet(b"too long"), MAC["m1"], MAC["m2"]))
        rises(net, before, loopedDropped=1)
        hub.ip("route del 10.0.0.3/32 dev eth1 mtu 1000")
        fenced(net, wires, "m1", b"fence", "m2", "m3")
    assert wires.got(b"too long") == {}
    assert not net.inject.records("MAC_SEEN", mark, vni=OTHER_VNI)


def master_fdb(hub):
    """MACs that the bridge itself has learned behind the VXLAN device."""
    return {e["mac"] for e in hub.fdb("tun2") if "dst" not in e}


def test_mac_too_many_gets_nowhere(net, hub):
    """A member's limit holds for the hub as a whole: no frame, no report, and no entry in the bridge."""
    learn(net, "m2")
    net.inject.say(f"no_member tun2 {VNI} 10.0.0.4", f"member tun2 {VNI} 10.0.0.4 103")
    net.inject.say(*[f"bind tun2 {VNI} 02:00:00:03:{n >> 8:02x}:{n & 255:02x} 10.0.0.4 103" for n in range(MEMBER_MACS)])
    poll(lambda: show(hub)["instances"][0]["macs"] >= MEMBER_MACS, 30)
    before = counters(hub)
    mark = net.inject.mark()
    one_more = "02:00:00:00:03:0b"
    with Wires(net) as wires:
        send(net, "m3", b"one too many", one_more)
        send(net, "m3", b"one too many", one_more, MAC["m2"])
        fenced(net, wires, "m1", b"fence", "m2", "m3")
        send(net, "m3", b"one of them", "02:00:00:03:00:01", MAC["m2"])
        poll(lambda: wires.got(b"one of them") == {"m2": [102]}, 5)
    assert wires.got(b"one too many") == {}
    rises(net, before, overLimit=2)
    net.inject.wait_for("HAIRPIN", mark, src="02:00:00:03:00:01")
    assert not net.inject.records("HAIRPIN", mark, src=one_more)
    assert one_more not in master_fdb(hub) and "02:00:00:03:00:01" in master_fdb(hub)
    net.inject.say(f"no_member tun2 {VNI} 10.0.0.4")
    poll(lambda: show(hub)["instances"][0]["macs"] < MEMBER_MACS, 10, what="all of them are forgotten")


def octets(number, size=4):
    return " ".join(str(b) for b in number.to_bytes(size, "little"))


def lookup(hub, pinned, key):
    return bytes(int(b, 16) for b in hub.json(f"bpftool -j map lookup pinned {PINS}/{pinned} key {octets(key)}")["value"])


def test_member_can_bring_new_macs_only_so_fast(net, hub):
    """With the rate turned down to one in 1000 s and three ahead: the fourth is dropped, other members are not affected."""
    config = lookup(hub, "config", 0)
    slow = config[:16] + (10**12).to_bytes(8, "little") + (3 * 10**12).to_bytes(8, "little") + config[32:]
    set_config = lambda value: hub.run(f"bpftool map update pinned {PINS}/config key 0 0 0 0 value {' '.join(map(str, value))}")
    learn(net, "m1")
    net.inject.say(f"no_member tun2 {VNI} 10.0.0.4", f"member tun2 {VNI} 10.0.0.4 103")
    members(net)
    before = counters(hub)
    set_config(slow)
    with Wires(net) as wires:
        for number in range(5):
            send(net, "m3", b"new mac %d" % number, f"02:00:00:00:04:0{number}")
        send(net, "m3", b"mine now", MAC["m1"])
        send(net, "m2", b"and mine", "02:00:00:00:04:10")
        poll(lambda: wires.got(b"and mine"), 5)
    set_config(config)
    net.inject.say(f"no_member tun2 {VNI} 10.0.0.4")  # and its debt with it
    assert [bool(wires.got(b"new mac %d" % number)) for number in range(5)] == [True, True, True, False, False]
    assert wires.got(b"mine now") == {}, "a MAC of another member is no way around it"
    rises(net, before, overRate=3, learned=4, moved=0)


def test_reports_of_a_member_are_bounded(net, hub):
    """1,500 flows at once: all frames arrive, some hundred are reported, and another member's is in spite of them."""
    learn(net, "m1"), learn(net, "m3")
    many = [f"02:00:00:05:{n >> 8:02x}:{n & 255:02x}" for n in range(1500)]
    net.inject.say(*[f"bind tun2 {VNI} {mac} 10.0.0.3 102" for mac in many])
    poll(lambda: show(hub)["instances"][0]["macs"] >= len(many), 10)
    before = counters(hub)
    mark = net.inject.mark()
    send_vxlan(net["m1"], "10.0.0.1", VNI, *[marked(b"flow", MAC["m1"], mac) for mac in many])
    poll(lambda: counters(hub)["known"] == before["known"] + len(many), 20, what="all frames are forwarded")
    send(net, "m3", b"mine", MAC["m3"], many[0])
    net.inject.wait_for("HAIRPIN", mark, src=MAC["m3"])
    now = counters(hub)
    told = len(net.inject.records("HAIRPIN", mark, src=MAC["m1"]))
    assert now["hairpins"] - before["hairpins"] == len(many) + 1
    assert 400 <= told < len(many) and told + now["hairpinsHeld"] - before["hairpinsHeld"] == len(many)
    net.inject.say(*[f"no_mac tun2 {VNI} {mac}" for mac in many])


@contextlib.contextmanager
def filtered(hub, dev, direction, what):
    """A tc filter of the user's at a device."""
    hub.run(f"tc qdisc add dev {dev} clsact; tc filter add dev {dev} {direction} {what}")
    yield
    hub.run(f"tc qdisc del dev {dev} clsact")


def test_filters_of_the_user_do_not_hide_the_sender(net, hub):
    """Marks and verdicts of filters at the VXLAN device change nothing: no frame goes back to where it came from."""
    learn(net, "m1")
    before = counters(hub)
    filters = ("action ok", "flowid 1:11 action ok", "action skbedit mark 0x00110011")
    with Wires(net) as wires:
        for number, what in enumerate(filters, 1):
            with filtered(hub, "tun2", "ingress", "matchall " + what):
                send(net, "m1", b"filtered", MAC["m1"])
                send(net, "m1", b"to itself", "02:00:00:00:01:02", MAC["m1"])
                rises(net, before, reflectedDropped=number)
        fenced(net, wires, "m1", b"fence", "m2", "m3")
    assert wires.got(b"filtered") == {"m2": [102] * 3, "m3": [103] * 3}
    assert wires.got(b"to itself") == {}


def test_source_that_was_not_learned_is_not_forwarded_nor_reported(net, hub):
    """A filter makes the source another behind the switch's back: nobody knows whose frame that is."""
    learn(net, "m1"), learn(net, "m2")
    before = counters(hub)
    mark = net.inject.mark()
    with Wires(net) as wires:
        with filtered(hub, "tun2", "ingress", "matchall action pedit ex munge eth src set 02:00:00:00:0f:0f"):
            send(net, "m1", b"another source", MAC["m1"], MAC["m2"])
            rises(net, before, badSourceDropped=1, hairpins=0)
        send(net, "m1", b"its own", MAC["m1"], MAC["m2"])
        net.inject.wait_for("HAIRPIN", mark, src=MAC["m1"])
        poll(lambda: wires.got(b"its own") == {"m2": [102]}, 5)
    assert not net.inject.records("HAIRPIN", mark, src="02:00:00:00:0f:0f")
    assert wires.got(b"another source") == {}


def test_closed_vpn_lets_nothing_in(net, hub):
    """VNI and mapping are the user's and stay: between the VPN's end and nhrpd's SYNC_END nobody gets in by them."""
    net.inject.say("no_instance tun2 1")
    poll(lambda: len(show(hub)["instances"]) == 1, 5)
    hub.run("bridge vlan add dev tun2 vid 1 tunnel_info id 7000; bridge vni add dev tun2 vni 7000")
    mark = net.inject.mark()
    net.inject.hello(77)
    net.inject.say("instance tun2 1 hub 1", "instance tun2 2 hub 2")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=7000)
    net.inject.say("no_instance tun2 1")
    poll(lambda: len(show(hub)["instances"]) == 1, 5)
    before = counters(hub)
    with Capture(net.host, "eth1", direction="in") as local:
        send(net, "outsider", b"between", "02:00:00:00:00:aa", vni=7000)
        send(net, "m1", b"between", MAC["m1"], vni=7000)
        rises(net, before, closedDropped=2)
        net.inject.say("sync_end")

        def passes():
            send(net, "outsider", b"after it", "02:00:00:00:00:aa", vni=7000)
            return local.frames(lambda f: b"after it" in f)

        poll(passes, 5, step=0.2, what="the VNI is the user's again")
    assert not local.frames(lambda f: b"between" in f)
    hub.run("bridge vni del dev tun2 vni 7000; bridge vlan del dev tun2 vid 1 tunnel_info id 7000")


def counts(hub):
    """{slot: (MACs in the map, MACs counted)} of the members there are."""
    places = [m["formatted"]["value"] for m in hub.json(f"bpftool -j map dump pinned {PINS}/members")]
    wheres = [m["formatted"]["value"]["where"] for m in hub.json(f"bpftool -j map dump pinned {PINS}/macs")]
    found = {}
    for place in places:
        here = wheres.count(place["gen"] << 32 | place["slot"])
        found[place["slot"]] = (here, int.from_bytes(lookup(hub, "slot_stats", place["slot"])[:8], "little", signed=True))
    return found


def test_counts_hold_when_all_change_them(net, hub):
    """Frames move MACs to and fro while nhrpd forgets and binds them: in the end each slot counts what it has."""
    macs = [f"02:00:00:06:00:{n:02x}" for n in range(40)]
    for turn in range(12):
        for name, nbma, vni in (("m1", "10.0.0.3", 102), ("m3", "10.0.0.2", 101)):
            net.inject.say(*[f"no_mac tun2 {VNI} {mac}" for mac in macs])
            send_vxlan(net[name], "10.0.0.1", VNI, *[marked(b"to and fro", mac) for mac in macs])
            net.inject.say(*[f"bind tun2 {VNI} {mac} {nbma} {vni}" for mac in macs[::3]])
        net.inject.say(f"no_member tun2 {VNI} 10.0.0.4", f"member tun2 {VNI} 10.0.0.4 103")
    fence = net.inject.mark()
    net.inject.say(f"used tun2 {VNI} 02:00:00:06:ff:ff")
    net.inject.wait_for("USED_REPLY", fence, mac="02:00:00:06:ff:ff")
    poll(lambda: all(a == b for a, b in counts(hub).values()), 5, what="counts are those of the map")
    in_map = sum(1 for m in hub.json(f"bpftool -j map dump pinned {PINS}/macs") if m["formatted"]["key"]["vpn"]["vni"] == VNI)
    assert [i["macs"] for i in show(hub)["instances"] if i["vni"] == VNI] == [in_map]


def test_count_below_zero_shuts_nobody_out(net, hub):
    """What a count may be for a moment, when a frame and zebra meet at a slot, is none at all and not 2^64."""
    places = [m["formatted"] for m in hub.json(f"bpftool -j map dump pinned {PINS}/members")]
    (slot,) = [p["value"]["slot"] for p in places if p["key"]["vpn"]["vni"] == VNI and p["key"]["addr"][12:] == [10, 0, 0, 4]]
    stats = lookup(hub, "slot_stats", slot)
    below = b"\xff" * 8 + stats[8:]
    hub.run(f"bpftool map update pinned {PINS}/slot_stats key {octets(slot)} value {' '.join(map(str, below))}")
    mark = net.inject.mark()
    send(net, "m3", b"still welcome", "02:00:00:00:07:02")
    net.inject.wait_for("MAC_SEEN", mark, mac="02:00:00:00:07:02", nbma="10.0.0.4")
    net.inject.say(f"no_member tun2 {VNI} 10.0.0.4")


def test_binding_replaces_what_a_member_left_behind(net, hub):
    """MAC_SET for a MAC whose element names a member that is gone: as for one that is not known at all."""
    ghost = "02:00:00:00:07:01"
    send(net, "m3", b"soon gone", ghost)
    net.inject.wait_for("MAC_SEEN", mac=ghost)
    (element,) = [m for m in hub.json(f"bpftool -j map dump pinned {PINS}/macs") if bytes(m["formatted"]["key"]["mac"]).hex(":") == ghost]
    key, value = (" ".join(str(int(b, 16)) for b in element[part]) for part in ("key", "value"))
    net.inject.say(f"no_member tun2 {VNI} 10.0.0.4")
    poll(lambda: show(hub)["instances"][0]["members"] == 2, 5)
    hub.run(f"bpftool map update pinned {PINS}/macs key {key} value {value}")
    mark = net.inject.mark()
    net.inject.say(f"mac tun2 {VNI} {ghost} 10.0.0.3 102", f"used tun2 {VNI} {ghost}")
    assert net.inject.wait_for("USED_REPLY", mark, mac=ghost)["found"] == "1"
    net.inject.say(f"no_mac tun2 {VNI} {ghost}")


# classic BPF: the mark of the frame; 0 does not match, all others do
ANY_MARK = "4,32 0 0 4294963220,21 0 1 0,6 0 0 0,6 0 0 4294967295"


def test_mark_of_a_frame_is_the_users(net, hub):
    """The sender is not carried in skb->mark: what leaves by a local port has the mark that the user's filter gave it."""
    dropped = lambda: hub.json("tc -j -s filter show dev eth2 egress")[-1]["options"]["actions"][0]["stats"]["packets"]
    with Capture(net.host, "eth1", direction="in") as local, filtered(hub, "eth2", "egress", f"bpf bytecode '{ANY_MARK}' action drop"):
        send(net, "m3", b"unmarked", MAC["m3"])
        local.wait_for(lambda f: b"unmarked" in f)
        with filtered(hub, "tun2", "ingress", "matchall action skbedit mark 7"):
            send(net, "m3", b"dropped for its mark", MAC["m3"])
            poll(lambda: dropped() == 1, 5, what="the filter sees the user's mark")
    assert not local.frames(lambda f: b"dropped for its mark" in f)


def test_queue_on_the_device_is_refused(net, hub):
    """Frames in a queue would all leave with the last one's tunnel key: not ready, until it is gone."""
    for kind in ("pfifo", "fq_codel"):
        mark = net.inject.mark()
        hub.run(f"tc qdisc replace dev tun2 root {kind}")
        assert "tun2 has a queueing discipline" in net.inject.wait_for("INSTANCE_STATE", mark, ready=0, vni=VNI)["line"]
        mark = net.inject.mark()
        hub.run("tc qdisc del dev tun2 root")
        net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=VNI)
