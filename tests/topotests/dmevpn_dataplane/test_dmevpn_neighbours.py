# SPDX-License-Identifier: GPL-2.0-or-later
r"""ARP and ND suppression at a spoke, module alone: zebra with zebra_dmevpn, and a stand-in for nhrpd.

Guards that the addresses of the spoke's own side are told, each once; that what nhrpd knows of others is answered
for by the bridge and does not go over the tunnel; that what users wrote down is left alone, what others remove comes
again, and everything is given back. One suite over IPv4 and IPv6.

    far  10.0.0.3 ---- lan ---- 10.0.0.2  spoke  tun2 (VXLAN VNI 100) ---- br-test ---- eth2 ---- vm
         (stands for the hub)                                        11.0.0.2    \---- eth3 ---- vm2
"""

import os
import signal

import pytest

from dmevpn_dataplane.inject import Inject, counters, show
from lib.capture import Capture
from lib.frames import NA, NS, answers_for, arp, asks_for, marked, neighbour, send_frames, send_vxlan, vxlan_inner
from lib.frr import SANITIZED, FrrNode
from lib.net import MainNet, Net, Switch
from lib.poll import holds, poll

BRIDGE = "02:00:00:00:00:02"
HOST, OTHER, FAR, FARTHER = "02:00:00:00:01:10", "02:00:00:00:01:11", "02:00:00:00:0f:01", "02:00:00:00:0f:02"
FENCE = "02:00:00:00:fe:01"

# (of the bridge, of HOST, a further one, at FAR, one nobody knows)
ADDRESSES = {
    4: ("11.0.0.2", "11.0.0.10", "11.0.0.11", "11.0.0.99", "11.0.0.200"),
    6: ("2001:db8::2", "2001:db8::10", "2001:db8::11", "2001:db8::99", "2001:db8::200"),
}
ANY = {4: "0.0.0.0", 6: "::"}
ND_FLAGS = 14 + 40 + 4  # offset in a frame
FLOOD, AT_ONCE = 4000, 500  # frames; the latter: fewer than zebra's socket holds
UNDO = "/run/frr/zebra_dmevpn.undo"
BOTH = pytest.mark.parametrize("family", (4, 6), ids=("IPv4", "IPv6"))


class SpokeNet(Net):
    def __init__(self):
        super().__init__()
        self.lan = self.add("lan", Switch)
        self.spoke = self.add("spoke", FrrNode)
        self.far, self.vm, self.vm2 = self.add("far"), self.add("vm"), self.add("vm2")
        self.link(self.spoke, "eth1", self.lan, "spoke")
        self.link(self.far, "eth1", self.lan, "far")
        self.link(self.vm, "eth1", self.spoke, "eth2")
        self.link(self.vm2, "eth1", self.spoke, "eth3")
        self.spoke.ip("addr add 10.0.0.2/24 dev eth1")
        self.far.ip("addr add 10.0.0.3/24 dev eth1")
        MainNet.add_spoke_bridge(self.spoke, 100)
        self.spoke.run("sysctl -qw net.ipv6.conf.br-test.disable_ipv6=0 net.ipv6.conf.br-test.accept_dad=0")
        self.spoke.ip(
            "link set eth3 master br-test",
            f"link set br-test address {BRIDGE}",
            "addr add 11.0.0.2/24 dev br-test",
            "addr add 2001:db8::2/64 dev br-test nodad",
        )


NET = SpokeNet


def prepare(net):
    net.epoch = 1
    net.spoke.start_daemon("zebra", options=("-s", "180000000"))
    net.inject = Inject(net.spoke)
    net.inject.hello(net.epoch)
    net.inject.say("sync_end")


@pytest.fixture
def spoke(net):
    """The instance is ready, and suppression in effect."""
    return make_ready(net)


def make_ready(net):
    mark = net.inject.mark()
    net.inject.say("instance tun2 0 spoke 1")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=100)
    net.inject.say("hub tun2 100 10.0.0.3 100", "suppress tun2 100 1")
    net.inject.wait_for("SUPPRESS_STATE", mark, on=1)
    return net.spoke


def comes_again(net, zebra=False):
    """nhrpd has ended (with ZEBRA: zebra was killed, too), and says HELLO in a new life; returns its dump."""
    net.inject.gone()
    if zebra:
        net.spoke.kill("zebra", signal.SIGKILL)
        net.spoke.start_daemon("zebra", options=("-s", "180000000"))
    net.inject = Inject(net.spoke)
    net.epoch += 1
    return net.inject.hello(net.epoch)


# What stations say


def asks(family, sender, source, target):
    return arp(sender, source, target) if family == 4 else neighbour(NS, sender, source, target, option=source != "::")


def tagged(frame, vlan):
    return frame[:12] + b"\x81\0" + vlan.to_bytes(2, "big") + frame[12:]


def announces(family, sender, address):
    return arp(sender, address, address) if family == 4 else neighbour(NA, sender, address, address, "ff02::1")


def told(net, mark, ip, kind="LOCAL_NEIGH"):
    """[(MAC, gone)] that were told of an address, once what comes behind it was told, too."""
    fence = f"11.0.9.{net.inject.mark() % 200 + 1}"
    send_frames(net.vm, "eth1", arp(FENCE, "0.0.0.0", fence))
    net.inject.wait_for("NEIGH_WANTED", mark, ip=fence)
    return [(r["mac"], int(r["gone"])) for r in net.inject.records(kind, mark, ip=ip)]


def asleep(spoke, work):
    """Do `work` while zebra stands still."""
    pid = spoke.running["zebra"]
    spoke.run(f"kill -STOP {pid}")
    try:
        work()
    finally:
        spoke.run(f"kill -CONT {pid}")


def says_until_told(net, mac, ip, frame):
    """As stations repeat themselves, which zebra counts on: word of a port's settings may come behind its frame."""
    mark = net.inject.mark()

    def told_now():
        send_frames(net.vm2, "eth1", frame)
        return net.inject.records("LOCAL_NEIGH", mark, ip=ip, mac=mac, gone=0)

    poll(told_now, 20, step=0.2, what=f"{ip} is told with {mac}")


def neighbours(spoke, ip, dev="br-test"):
    """[(MAC, state)] of the entries that are ours."""
    found = spoke.json(["ip", "-j", "-d", "neigh", "show", "dev", dev, "to", ip])
    return [(n["lladdr"], n["state"][0]) for n in found if n.get("protocol") == "nhrp" and "extern_learn" in n]


def bridge_port(spoke, mac, vlan=None):
    """(port, made by a control plane) of a MAC in the bridge's own table; None when it knows none."""
    found = [e for e in spoke.json("bridge -j fdb show br br-test") if e["mac"] == mac and "dst" not in e]
    found = [e for e in found if e.get("vlan") == vlan and e.get("master") == "br-test"]
    return (found[0]["ifname"], "extern_learn" in found[0].get("flags", ())) if found else None


def port_settings(spoke):
    return spoke.json("ip -j -d link show dev tun2")[0]["linkinfo"]["info_slave_data"]


def is_suppressing(spoke):
    return port_settings(spoke)["neigh_suppress"]


def instance(spoke):
    return show(spoke)["instances"][0]


def work(net, family, target, sender=HOST, source=None, vm=None):
    """Ask for `target` on the wire of vm: (MACs in answers that vm got, copies that left by the tunnel)."""
    vm = vm or net.vm
    source = source or ADDRESSES[family][1]
    fence = b"behind the question %d" % net.inject.mark()
    with Capture(vm, "eth1", direction="in") as back, Capture(net.spoke, "eth1", direction="out") as out:
        send_frames(vm, "eth1", asks(family, sender, source, target), marked(fence, sender))
        out.wait_for(lambda f: fence in f, what="the frame behind the question has left")
    answers = [f[22:28] if family == 4 else f[-6:] for f in back.frames(answers_for(target))]
    return [a.hex(":") for a in answers], len(out.frames(lambda f: vxlan_inner(f) and asks_for(target)(f)))


def set_far(net, family, mac=FAR):
    """nhrpd's word on the remote address, and the kernel's entries for it."""
    address = ADDRESSES[family][3]
    net.inject.say(f"neigh tun2 100 {address} {mac}")
    poll(lambda: neighbours(net.spoke, address) == [(mac, "NOARP")], 5, what=f"{address} stands at the bridge")
    return address


# Tests


def test_it_is_put_into_effect_and_told(net):
    assert not is_suppressing(net.spoke)
    spoke = make_ready(net)
    assert is_suppressing(spoke) and "neigh_suppress" in spoke.read_file(UNDO)
    for family in (4, 6):
        net.inject.wait_for("LOCAL_NEIGH", ip=ADDRESSES[family][0], mac=BRIDGE, gone=0)
    kinds = [line.split()[0] for line in net.inject.lines()]
    assert kinds.index("LOCAL") < kinds.index("SUPPRESS_STATE") < kinds.index("LOCAL_NEIGH")
    assert instance(spoke)["arpSuppress"] and instance(spoke)["arpSuppressReason"] == ""


@BOTH
def test_sender_is_told_once(net, spoke, family):
    """With a request, an announcement, and whatever it says again."""
    _, host, further, _, unknown = ADDRESSES[family]
    mark = net.inject.mark()
    send_frames(net.vm, "eth1", *[asks(family, HOST, host, unknown)] * 2, announces(family, OTHER, further))
    net.inject.wait_for("LOCAL_NEIGH", mark, ip=host, mac=HOST, gone=0)
    net.inject.wait_for("LOCAL_NEIGH", mark, ip=further, mac=OTHER, gone=0)
    assert told(net, mark, host) == [(HOST, 0)]
    assert told(net, mark, further) == [(OTHER, 0)]


@BOTH
def test_probe_asks_and_does_not_bind(net, spoke, family):
    """A host that finds out whether an address is free does not have it yet."""
    free = ADDRESSES[family][4][:-3] + "77"
    mark = net.inject.mark()
    send_frames(net.vm, "eth1", asks(family, OTHER, ANY[family], free))
    net.inject.wait_for("NEIGH_WANTED", mark, ip=free)
    assert told(net, mark, free) == []


@BOTH
def test_question_is_told_once_a_second(net, spoke, family):
    """Not one for an address that is here."""
    _, host, _, _, unknown = ADDRESSES[family]
    target = unknown[:-3] + "78"
    mark = net.inject.mark()
    frames = [asks(family, OTHER, ADDRESSES[family][2], t) for t in (target, host) for _ in range(5)]
    # all at once, however slow the machine is
    asleep(spoke, lambda: send_frames(net.vm, "eth1", *frames))
    net.inject.wait_for("NEIGH_WANTED", mark, ip=target)
    assert told(net, mark, host, "NEIGH_WANTED") == []
    assert len(net.inject.records("NEIGH_WANTED", mark, ip=target)) == 1

    def again():
        send_frames(net.vm, "eth1", asks(family, OTHER, ADDRESSES[family][2], target))
        return len(net.inject.records("NEIGH_WANTED", mark, ip=target)) == 2

    poll(again, 5, what="a second later it is told again")


@BOTH
def test_bridge_asks_itself(net, spoke, family):
    target = ADDRESSES[family][4][:-3] + "79"
    mark = net.inject.mark()
    spoke.attempt(["ping", "-c", "1", "-W", "1", target])
    net.inject.wait_for("NEIGH_WANTED", mark, ip=target)
    spoke.run(f"ip neigh flush dev br-test to {target}")


@BOTH
def test_known_remote_is_answered_for_here(net, spoke, family):
    """Nothing of the question leaves by the tunnel; one for an unknown address does."""
    unknown = ADDRESSES[family][4]
    address = ADDRESSES[family][3]
    assert work(net, family, address) == ([], 1), "before, it is flooded"
    set_far(net, family)
    poll(lambda: bridge_port(spoke, FAR) == ("tun2", True), 5)
    assert work(net, family, address) == ([FAR], 0)
    assert work(net, family, unknown) == ([], 1)
    mark = net.inject.mark()
    poll(lambda: work(net, family, address) and net.inject.records("NEIGH_WANTED", mark, ip=address), 5, what="use is told")
    net.inject.say(f"neigh tun2 100 {address} {FARTHER}")
    poll(lambda: neighbours(spoke, address) == [(FARTHER, "NOARP")], 5, what="another MAC takes its place")
    poll(lambda: bridge_port(spoke, FAR) is None and bridge_port(spoke, FARTHER) == ("tun2", True), 5)
    assert work(net, family, address) == ([FARTHER], 0)
    net.inject.say(f"no_neigh tun2 100 {address} {FARTHER}")
    poll(lambda: neighbours(spoke, address) == [] and bridge_port(spoke, FARTHER) is None, 5)
    assert work(net, family, address) == ([], 1)


def test_router_stays_a_router(net, spoke):
    """An answer without the Router flag would cost the remote router its place in the host's default routers."""
    address = set_far(net, 6)
    poll(lambda: bridge_port(spoke, FAR) == ("tun2", True), 20)
    with Capture(net.vm, "eth1", direction="in") as back:
        send_frames(net.vm, "eth1", asks(6, HOST, ADDRESSES[6][1], address))
        (answer,) = back.wait_for(answers_for(address))
    assert answer[ND_FLAGS] == 0xE0, "Router, Solicited, Override"


def test_mac_stays_while_a_neighbour_has_it(net, spoke):
    four, six = set_far(net, 4), set_far(net, 6)
    poll(lambda: instance(spoke)["remoteNeighbors"] == 2, 5)
    net.inject.say(f"no_neigh tun2 100 {four} {FAR}")
    poll(lambda: neighbours(spoke, four) == [], 5)
    assert bridge_port(spoke, FAR) == ("tun2", True)
    net.inject.say(f"no_neigh tun2 100 {six} {FAR}")
    poll(lambda: neighbours(spoke, six) == [] and bridge_port(spoke, FAR) is None, 5)


@BOTH
def test_address_moves_between_macs(net, spoke, family):
    """It is told with the new MAC, without a gone; and goes with that MAC."""
    roaming = ADDRESSES[family][2]
    mark = net.inject.mark()
    send_frames(net.vm, "eth1", announces(family, OTHER, roaming))
    send_frames(net.vm2, "eth1", announces(family, "02:00:00:00:01:12", roaming))
    net.inject.wait_for("LOCAL_NEIGH", mark, ip=roaming, mac="02:00:00:00:01:12")
    spoke.run("bridge fdb del 02:00:00:00:01:12 dev eth3 master")
    net.inject.wait_for("LOCAL_NEIGH", mark, ip=roaming, mac="02:00:00:00:01:12", gone=1)
    assert told(net, mark, roaming)[-2:] == [("02:00:00:00:01:12", 0), ("02:00:00:00:01:12", 1)]
    words = [line.split()[0] for line in net.inject.lines(mark) if "02:00:00:00:01:12" in line]
    assert words == ["LOCAL", "LOCAL_NEIGH", "LOCAL_NEIGH", "LOCAL"], "the MAC is told first, and goes last"


@BOTH
def test_who_speaks_here_is_here(net, spoke, family):
    """A remote address that is heard on the own side is not answered for; nhrpd's next word turns it round again."""
    address = set_far(net, family)
    mark = net.inject.mark()
    send_frames(net.vm2, "eth1", announces(family, OTHER, address))
    net.inject.wait_for("LOCAL_NEIGH", mark, ip=address, mac=OTHER, gone=0)
    poll(lambda: neighbours(spoke, address) == [], 5)
    set_far(net, family)
    net.inject.wait_for("LOCAL_NEIGH", mark, ip=address, mac=OTHER, gone=1)
    net.inject.say(f"no_neigh tun2 100 {address} {FAR}")
    poll(lambda: neighbours(spoke, address) == [], 5)


@BOTH
def test_announcement_goes_to_the_others(net, spoke, family):
    """So that the bridge that a host has left learns of it; where the kernel can."""
    if "neigh_forward_grat" not in port_settings(spoke):
        pytest.skip("the kernel has no neigh_forward_grat")
    address = ADDRESSES[family][2]
    with Capture(net.spoke, "eth1", direction="out") as out:
        send_frames(net.vm, "eth1", announces(family, OTHER, address))
        match = asks_for(address) if family == 4 else answers_for(address)
        out.wait_for(lambda f: vxlan_inner(f) and match(f), what="the announcement leaves by the tunnel")


@BOTH
def test_address_that_speaks_behind_the_tunnel_is_gone(net, spoke, family):
    """It moved to another site, while the MAC that had it stays. The bridge's own address stays, whoever claims it."""
    own, _, moving, _, _ = ADDRESSES[family]
    mark = net.inject.mark()
    send_frames(net.vm, "eth1", announces(family, OTHER, moving))
    poll(lambda: told(net, 0, moving)[-1] == (OTHER, 0), 5, what="it is here")
    send_vxlan(net.far, "10.0.0.2", 100, announces(family, FARTHER, own), announces(family, FARTHER, moving))
    net.inject.wait_for("LOCAL_NEIGH", mark, ip=moving, mac=OTHER, gone=1)
    assert told(net, mark, own) == []
    send_frames(net.vm, "eth1", announces(family, OTHER, moving))
    net.inject.wait_for("LOCAL_NEIGH", mark, ip=moving, mac=OTHER, gone=0)


@pytest.mark.parametrize("shut,open_again", (("state 0", "state 3"), ("locked on", "locked off")))
def test_port_that_drops_its_frames_teaches_nothing(net, spoke, shut, open_again):
    """Of a station whose frames the bridge does not take, as with spanning tree or 802.1X, nobody can say that it is here."""
    _, _, address, _, unknown = ADDRESSES[4]
    send_frames(net.vm, "eth1", announces(4, HOST, ADDRESSES[4][1]))
    net.inject.wait_for("LOCAL", mac=HOST, gone=0)
    spoke.run(f"bridge link set dev eth3 {shut}")
    settings = spoke.json("ip -j -d link show dev eth3")[0]["linkinfo"]["info_slave_data"]
    assert settings["state"] == "disabled" or settings["locked"]
    mark = net.inject.mark()
    told(net, mark, address)  # zebra has had its turn since
    send_frames(net.vm2, "eth1", announces(4, HOST, address), asks(4, HOST, ADDRESSES[4][1], unknown[:-3] + "76"))
    assert told(net, mark, address) == []
    assert not net.inject.records("NEIGH_WANTED", mark, ip=unknown[:-3] + "76")
    spoke.run(f"bridge link set dev eth3 {open_again}")
    newcomer = "02:00:00:00:01:13" if shut == "state 0" else "02:00:00:00:01:14"
    says_until_told(net, newcomer, address, announces(4, newcomer, address))


def test_mac_that_speaks_here_is_here(net, spoke):
    """Frames for it go where it is, whatever nhrpd says; when it is gone, the bridge answers for it again."""
    address = set_far(net, 4)
    poll(lambda: bridge_port(spoke, FAR) == ("tun2", True), 5)
    mark = net.inject.mark()
    send_frames(net.vm2, "eth1", marked(b"I am here", FAR))
    net.inject.wait_for("LOCAL", mark, mac=FAR, gone=0)
    net.inject.say(f"no_neigh tun2 100 {address} {FAR}", f"neigh tun2 100 {address} {FAR}")
    poll(lambda: neighbours(spoke, address), 5)
    assert bridge_port(spoke, FAR)[0] == "eth3"
    spoke.run(f"bridge fdb del {FAR} dev eth3 master")
    poll(lambda: bridge_port(spoke, FAR) == ("tun2", True), 5)
    send_frames(net.vm2, "eth1", marked(b"I am here", FAR))
    poll(lambda: bridge_port(spoke, FAR)[0] == "eth3", 5)
    send_vxlan(net.far, "10.0.0.2", 100, marked(b"and now there", FAR))
    poll(lambda: bridge_port(spoke, FAR) == ("tun2", True), 5, what="it moved to the tunnel")
    net.inject.say(f"no_neigh tun2 100 {address} {FAR}")
    poll(lambda: neighbours(spoke, address) == [], 5)


def test_nothing_is_left_of_a_mac_that_came_here(net, spoke):
    """Without a VLAN the kernel makes an entry for each VLAN of the port; a MAC that speaks here takes one of them along."""
    address = set_far(net, 4)
    poll(lambda: bridge_port(spoke, FAR) == ("tun2", True), 5)
    send_frames(net.vm2, "eth1", marked(b"I am here", FAR))
    poll(lambda: bridge_port(spoke, FAR)[0] == "eth3", 5)
    net.inject.say(f"no_neigh tun2 100 {address} {FAR}")
    poll(lambda: not [e for e in spoke.fdb("tun2") if e["mac"] == FAR and "dst" not in e], 5, what="all of it is gone")
    assert bridge_port(spoke, FAR)[0] == "eth3", "and it is still here"
    spoke.run(f"bridge fdb del {FAR} dev eth3 master")


@BOTH
def test_what_others_remove_comes_again(net, spoke, family):
    address = set_far(net, family)
    poll(lambda: bridge_port(spoke, FAR) == ("tun2", True), 5)
    for command in (f"ip neigh del {address} dev br-test", f"bridge fdb del {FAR} dev tun2 master", "bridge link set dev tun2 neigh_suppress off"):
        spoke.run(command)
        poll(lambda: neighbours(spoke, address) and bridge_port(spoke, FAR) == ("tun2", True), 5, what=command)
    poll(lambda: is_suppressing(spoke), 5)
    assert work(net, family, address) == ([FAR], 0)


def test_bridge_goes_down_and_up(net, spoke):
    """The kernel forgets its neighbours then."""
    mark = net.inject.mark()
    address = set_far(net, 4)
    spoke.run("ip link set br-test down")
    assert "bridge br-test is down" in net.inject.wait_for("SUPPRESS_STATE", mark, on=0)["line"]
    assert "bridge br-test is down" in instance(spoke)["arpSuppressReason"]
    spoke.run("ip link set br-test up; ip addr add 2001:db8::2/64 dev br-test nodad || true")
    net.inject.wait_for("SUPPRESS_STATE", mark, on=1)
    net.inject.wait_for("LOCAL_NEIGH", mark, ip=ADDRESSES[4][0], gone=0)
    poll(lambda: neighbours(spoke, address) == [(FAR, "NOARP")], 5)


def test_what_users_wrote_down_is_left_alone(net, spoke):
    """A permanent neighbour, a static entry of the bridge, and its own MAC."""
    (_, _, _, four, _), (_, _, _, six, _) = ADDRESSES[4], ADDRESSES[6]
    net.inject.say(f"no_neigh tun2 100 {four} {FAR}", f"no_neigh tun2 100 {six} {FAR}")
    poll(lambda: neighbours(spoke, four) == neighbours(spoke, six) == [] and bridge_port(spoke, FAR) is None, 5)
    spoke.run(f"ip neigh add {four} lladdr {OTHER} dev br-test nud permanent; bridge fdb add {FAR} dev eth3 master static")
    mark = net.inject.mark()
    net.inject.say(f"neigh tun2 100 {four} {FAR}", f"neigh tun2 100 {six} {BRIDGE}")
    net.inject.wait_for("FAILURE", mark, rec="NEIGH_SET", mac=FAR, error=17)
    poll(lambda: neighbours(spoke, six), 5)
    net.inject.say(f"no_neigh tun2 100 {four} {FAR}", f"no_neigh tun2 100 {six} {BRIDGE}")
    poll(lambda: neighbours(spoke, six) == [], 5)
    assert "PERMANENT" in spoke.run(f"ip neigh show {four} dev br-test")
    assert bridge_port(spoke, FAR) == ("eth3", False) and bridge_port(spoke, BRIDGE) == ("br-test", False)
    net.inject.say(f"neigh tun2 100 {four} {FAR}")
    spoke.run(f"ip neigh del {four} dev br-test; bridge fdb del {FAR} dev eth3 master")
    poll(lambda: neighbours(spoke, four) == [(FAR, "NOARP")], 5, what="what was in the way has gone")
    poll(lambda: bridge_port(spoke, FAR) == ("tun2", True), 5)


def test_dynamic_neighbour_gives_way(net, spoke):
    net.inject.say(f"no_neigh tun2 100 {ADDRESSES[4][3]} {FAR}")
    poll(lambda: neighbours(spoke, ADDRESSES[4][3]) == [], 5)
    spoke.run(f"ip neigh add {ADDRESSES[4][3]} lladdr {FARTHER} dev br-test nud reachable")
    set_far(net, 4)


def test_refusals(net, spoke):
    mark = net.inject.mark()
    own = ADDRESSES[4][0]
    net.inject.say(f"neigh tun2 100 {own} {FAR}", f"neigh tun2 100 224.0.0.9 {FARTHER}", f"neigh eth1 100 11.0.0.98 {OTHER}", "suppress tun2 99 1")
    net.inject.wait_for("FAILURE", mark, rec="NEIGH_SET", mac=FAR, error=17)
    net.inject.wait_for("FAILURE", mark, rec="NEIGH_SET", mac=FARTHER, error=22)
    net.inject.wait_for("FAILURE", mark, rec="NEIGH_SET", mac=OTHER, error=2)
    assert "no spoke's instance" in net.inject.wait_for("SUPPRESS_STATE", mark, on=0, vni=99)["line"]


def test_malformed_frames_teach_nothing(net, spoke):
    before = counters(spoke)["snoopedMalformed"]
    ip = "2001:db8::66"
    mark = net.inject.mark()
    bad = [
        arp("02:00:00:00:06:06", "127.0.0.1", "11.0.0.9"),
        arp("02:00:00:00:06:06", "224.0.0.1", "11.0.0.9"),
        arp("02:00:00:00:06:06", "11.0.0.66", "11.0.0.9")[:35],
        neighbour(NA, "02:00:00:00:06:06", ip, ip, "ff02::1", hops=254),
        neighbour(NA, "02:00:00:00:06:06", ip, ip, "ff02::1", sum_error=1),
        neighbour(NA, "02:00:00:00:06:06", ip, ip, "ff02::1", flags=0x40000000),
    ]
    send_frames(net.vm, "eth1", *bad)
    assert told(net, mark, ip) == [] and told(net, mark, "11.0.0.66") == []
    assert counters(spoke)["snoopedMalformed"] == before + len(bad)


def test_too_many_addresses_of_a_mac(net, spoke):
    mark = net.inject.mark()
    before = counters(spoke)["neighborOverLimit"]
    send_frames(net.vm, "eth1", *[arp("02:00:00:00:07:07", f"11.0.7.{n}", f"11.0.7.{n}") for n in range(1, 21)])
    poll(lambda: counters(spoke)["neighborOverLimit"] > before, 5)
    told(net, mark, "11.0.7.1")
    assert len(net.inject.records("LOCAL_NEIGH", mark, mac="02:00:00:00:07:07", gone=0)) == 16


def test_bridges_own_address_comes_and_goes(net, spoke):
    mark = net.inject.mark()
    spoke.run("ip addr add 11.0.0.3/24 dev br-test")
    net.inject.wait_for("LOCAL_NEIGH", mark, ip="11.0.0.3", mac=BRIDGE, gone=0)
    spoke.run("ip addr del 11.0.0.3/24 dev br-test")
    net.inject.wait_for("LOCAL_NEIGH", mark, ip="11.0.0.3", gone=1)


def test_nhrpd_comes_back(net, spoke):
    """It is told all again, and what it does not state again goes with its SYNC_END."""
    four, six = set_far(net, 4), set_far(net, 6)
    send_frames(net.vm, "eth1", announces(4, HOST, ADDRESSES[4][1]))
    net.inject.wait_for("LOCAL_NEIGH", ip=ADDRESSES[4][1], gone=0)
    dump = comes_again(net)
    assert [line for line in dump if line.startswith("SUPPRESS_STATE") and "on=1" in line]
    assert [line for line in dump if line.startswith("LOCAL_NEIGH") and f"ip={ADDRESSES[4][1]} mac={HOST} gone=0" in line]
    make_ready(net)
    net.inject.say(f"neigh tun2 100 {four} {FAR}", "sync_end")
    poll(lambda: neighbours(spoke, six) == [], 5)
    assert neighbours(spoke, four) == [(FAR, "NOARP")] and bridge_port(spoke, FAR) == ("tun2", True)


def test_zebra_comes_back(net, spoke):
    """The bridge answers all the while; what nobody states again goes with SYNC_END."""
    four, six = set_far(net, 4), set_far(net, 6, FARTHER)
    poll(lambda: bridge_port(spoke, FARTHER) == ("tun2", True), 5)
    comes_again(net, zebra=True)
    assert is_suppressing(spoke) and work(net, 4, four) == ([FAR], 0) and work(net, 6, six) == ([FARTHER], 0)
    make_ready(net)
    net.inject.say(f"neigh tun2 100 {four} {FAR}")
    told(net, 0, four)
    assert neighbours(spoke, six) == [(FARTHER, "NOARP")], "nothing is swept before SYNC_END"
    net.inject.say("sync_end")
    poll(lambda: neighbours(spoke, six) == [] and bridge_port(spoke, FARTHER) is None, 5)
    assert neighbours(spoke, four) == [(FAR, "NOARP")] and bridge_port(spoke, FAR) == ("tun2", True)
    assert work(net, 4, four) == ([FAR], 0)


def is_given_back(spoke):
    ours = [neighbours(spoke, ADDRESSES[family][3]) for family in (4, 6)]
    flags = is_suppressing(spoke) or port_settings(spoke).get("neigh_forward_grat")
    return ours == [[], []] and bridge_port(spoke, FAR) is None and not flags


@pytest.mark.parametrize("how", ("suppress", "instance", "while zebra was away"))
def test_all_is_given_back(net, spoke, how):
    set_far(net, 4), set_far(net, 6)
    poll(lambda: bridge_port(spoke, FAR) == ("tun2", True), 5)
    if how == "suppress":
        mark = net.inject.mark()
        net.inject.say("suppress tun2 100 0")
        net.inject.wait_for("SUPPRESS_STATE", mark, on=0)
    elif how == "instance":
        net.inject.say("no_instance tun2 0")
    else:
        comes_again(net, zebra=True)
        net.inject.say("sync_end")
    poll(lambda: is_given_back(spoke), 5, what="flag, neighbours and MACs are gone")
    poll(lambda: not {"neigh_suppress", "neigh_forward_grat", "neighbours", "bridge_macs"} & set(spoke.read_file(UNDO).split()), 5)
    mark = net.inject.mark()
    send_frames(net.vm, "eth1", announces(4, HOST, ADDRESSES[4][1]))
    holds(lambda: not net.inject.records("LOCAL_NEIGH", mark), 0.5, what="nobody listens")


def test_port_leaves_its_bridge_and_comes_back(net, spoke):
    address = set_far(net, 4)
    mark = net.inject.mark()
    spoke.run("ip link set tun2 nomaster")
    assert "tun2 is not a port of a bridge" in net.inject.wait_for("SUPPRESS_STATE", mark, on=0)["line"]
    poll(lambda: neighbours(spoke, address) == [], 5)
    spoke.run("ip link set tun2 master br-test")
    net.inject.wait_for("SUPPRESS_STATE", mark, on=1)
    poll(lambda: neighbours(spoke, address) and bridge_port(spoke, FAR) == ("tun2", True) and is_suppressing(spoke), 5)
    assert work(net, 4, address) == ([FAR], 0)


def test_flag_that_the_user_set_stays(net, spoke):
    net.inject.say("suppress tun2 100 0")
    poll(lambda: is_given_back(spoke), 5)
    spoke.run("bridge link set dev tun2 neigh_suppress on")
    make_ready(net)
    mark = net.inject.mark()
    net.inject.say("suppress tun2 100 0")
    net.inject.wait_for("SUPPRESS_STATE", mark, on=0)
    poll(lambda: spoke.read_file(UNDO).find("bridge_macs") < 0, 5)
    assert is_suppressing(spoke)
    spoke.run("bridge link set dev tun2 neigh_suppress off")


@BOTH
def test_vlan_aware_bridge(net, spoke, family):
    """Without a device of IP for the VLAN the bridge answers nobody, and says so; with one it does; other VLANs are
    nobody's business."""
    address = set_far(net, family)
    mark = net.inject.mark()
    spoke.ip("link set br-test type bridge vlan_filtering 1")
    refusal = net.inject.wait_for("SUPPRESS_STATE", mark, on=0)["line"]
    assert "VLAN-aware" in refusal and "VLAN 1" in refusal
    poll(lambda: neighbours(spoke, address) == [], 5)
    spoke.ip("link add vlan1 link br-test type vlan id 1", "link set vlan1 up")
    spoke.run("sysctl -qw net.ipv6.conf.vlan1.disable_ipv6=0 net.ipv6.conf.vlan1.accept_dad=0; bridge vlan add dev br-test vid 1 self")
    net.inject.wait_for("SUPPRESS_STATE", mark, on=1)
    poll(lambda: neighbours(spoke, address, "vlan1") == [(FAR, "NOARP")], 5)
    poll(lambda: bridge_port(spoke, FAR, 1) == ("tun2", True), 5)
    assert work(net, family, address) == ([FAR], 0)
    mark = net.inject.mark()
    other = ADDRESSES[family][2]
    spoke.run("bridge vlan add dev eth3 vid 10 pvid untagged")
    send_frames(net.vm2, "eth1", announces(family, OTHER, other))
    poll(lambda: bridge_port(spoke, OTHER, 10), 5)
    assert told(net, mark, other) == [], "another VLAN"
    spoke.run("bridge vlan del dev eth3 vid 1")
    send_frames(net.vm2, "eth1", tagged(announces(family, HOST, other), 1), tagged(asks(family, HOST, ADDRESSES[family][1], ADDRESSES[family][4]), 1))
    assert told(net, mark, other) == [], "a tag alone does not make a port's frames those of another VLAN"
    assert not net.inject.records("NEIGH_WANTED", mark, ip=ADDRESSES[family][4])
    spoke.run("bridge vlan add dev eth3 vid 1")
    says_until_told(net, OTHER, other, tagged(announces(family, OTHER, other), 1))
    spoke.run("bridge vlan add dev eth3 vid 1 pvid untagged; bridge vlan del dev eth3 vid 10")
    third = "02:00:00:00:01:12"
    says_until_told(net, third, other, announces(family, third, other))
    spoke.ip("link del vlan1")
    net.inject.wait_for("SUPPRESS_STATE", mark, on=0)
    spoke.ip("link set br-test type bridge vlan_filtering 0")
    net.inject.wait_for("SUPPRESS_STATE", mark, on=1)
    poll(lambda: neighbours(spoke, address) == [(FAR, "NOARP")], 5)


def test_frames_that_do_not_fit_are_counted(net, spoke):
    """zebra sleeps while stations say more than its socket holds; it lives, and says how many it missed."""
    before = counters(spoke)["snoopedLost"]
    frames = [arp(OTHER, "11.0.0.11", "11.0.0.12")] * 4000
    asleep(spoke, lambda: send_frames(net.vm, "eth1", *frames))
    poll(lambda: counters(spoke)["snoopedLost"] > before, 10)
    assert told(net, net.inject.mark(), "11.0.0.11", "NEIGH_WANTED") == []


def usage(spoke):
    """(resident memory in KiB, seconds of CPU) of zebra."""
    pid = spoke.running["zebra"]
    with open(f"/proc/{pid}/status") as status, open(f"/proc/{pid}/stat") as stat:
        memory = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        ticks = stat.read().rpartition(")")[2].split()
    return memory, (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")


def seen(spoke):
    """Frames that zebra read, or that it was told it missed."""
    count = counters(spoke)
    return count["snoopedFrames"] + count["snoopedLost"]


def test_flood_of_claims(net, spoke, capsys):
    """Some thousand MACs, each with an address, and one MAC with thousands of them: what zebra holds is bounded, it
    answers all the while, and all of it goes when the stations go. Figures in the output."""
    before, (memory, seconds) = instance(spoke)["localNeighbors"], usage(spoke)
    over = counters(spoke)["neighborOverLimit"]
    many = [(f"02:00:00:77:{n >> 8:02x}:{n & 255:02x}", f"11.1.{n >> 8}.{n & 255}") for n in range(FLOOD)]
    one = [("02:00:00:00:01:77", f"11.2.{n >> 8}.{n & 255}") for n in range(FLOOD)]
    # twice: what does not wait for the bridge's word on a MAC is heard the second time
    frames = [arp(mac, ip, "11.0.0.2") for claims in (many, many, one) for mac, ip in claims]
    for first in range(0, len(frames), AT_ONCE):
        end = seen(spoke) + AT_ONCE
        send_frames(net.vm, "eth1", *frames[first : first + AT_ONCE])
        poll(lambda: seen(spoke) >= end, 20, what="zebra is through with them")
    held = instance(spoke)["localNeighbors"] - before
    more, busy = (now - then for now, then in zip(usage(spoke), (memory, seconds)))
    with capsys.disabled():
        print(f"\nzebra, for {3 * FLOOD} claims: {held} addresses, {more} KiB, {busy:.2f} s of CPU")
    # some of the bridge's own may come meanwhile
    assert FLOOD * 3 // 4 < held < FLOOD + 16 + 8
    assert counters(spoke)["neighborOverLimit"] > over
    assert SANITIZED or more < 16 * 1024
    spoke.ip("link set eth2 nomaster", "link set eth2 master br-test")
    poll(lambda: instance(spoke)["localNeighbors"] <= before, 20, what="with the MACs the addresses go")
