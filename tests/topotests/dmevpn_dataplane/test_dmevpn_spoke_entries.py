# SPDX-License-Identifier: GPL-2.0-or-later
"""A spoke's forwarding entries, module alone: zebra with zebra_dmevpn, and a stand-in for nhrpd.

Guards that the all-zero entry has one destination at any time, that shortcuts carry the remote VNI and outlive what
they must outlive (nhrpd's death, zebra's death, the device going down and up), and that what was the user's comes back.

    spoke  tun2 (VXLAN VNI 100, made with `remote` and learning) ---- br-test ---- eth2 ---- vm
"""

import signal
import time

import pytest

from dmevpn_dataplane.inject import Inject, show
from lib.frames import marked, send_frames
from lib.frr import FrrNode
from lib.net import Net, Switch
from lib.poll import poll

ZERO = "00:00:00:00:00:00"
FAR, FARTHER = "02:00:00:00:0f:01", "02:00:00:00:0f:02"


class SpokeNet(Net):
    def __init__(self):
        super().__init__()
        self.lan = self.add("lan", Switch)
        self.spoke = self.add("spoke", FrrNode)
        self.vm = self.add("vm")
        self.link(self.spoke, "eth1", self.lan, "spoke")
        self.link(self.vm, "eth1", self.spoke, "eth2")
        self.spoke.ip(
            "addr add 10.0.0.2/24 dev eth1",
            "link add br-test type bridge",
            "link add tun2 type vxlan id 100 local 10.0.0.2 remote 10.0.0.77 dstport 4789 learning",
            "link set tun2 master br-test",
            "link set eth2 master br-test",
            "link set br-test up",
            "link set tun2 up",
        )


NET = SpokeNet


def prepare(net):
    net.spoke.start_daemon("zebra")
    net.inject = Inject(net.spoke)
    net.inject.hello(1)
    net.inject.say("sync_end")


def entries(node, mac):
    """[(dst, vni)] of a MAC, in no order; the device's own VNI is not shown by the kernel and stands as None."""
    return sorted(((e["dst"], e.get("vni")) for e in node.fdb_vxlan("tun2", mac)), key=str)


def is_learning(node):
    return node.json("ip -j -d link show dev tun2")[0]["linkinfo"]["info_data"]["learning"]


@pytest.fixture
def spoke(net):
    mark = net.inject.mark()
    net.inject.say("instance tun2 0 spoke 1")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=100)
    return net.spoke


def test_hub_takes_the_place_of_what_was_there(net, spoke):
    assert not is_learning(spoke)
    net.inject.say("hub tun2 100 10.0.0.1 4097")
    poll(lambda: entries(spoke, ZERO) == [("10.0.0.1", 4097)], 5, what="the hub is the one destination")
    net.inject.say("hub tun2 100 10.0.0.9 4098")
    poll(lambda: entries(spoke, ZERO) == [("10.0.0.9", 4098)], 5, what="the other hub is the one destination")
    net.inject.say("hub tun2 100 10.0.0.1 4097")
    poll(lambda: entries(spoke, ZERO) == [("10.0.0.1", 4097)], 5, what="back again")


def test_replacing_the_hub_leaves_no_gap(net, spoke):
    """All the while there is a destination: `bridge monitor` never sees the last one go."""
    log, probe = spoke.path("/tmp/monitor"), "02:00:00:00:0e:0e"

    def listening():
        spoke.run(f"bridge fdb add {probe} dev tun2 dst 10.0.0.66; bridge fdb del {probe} dev tun2 dst 10.0.0.66")
        return probe in open(log).read()

    with open(log, "w") as out:
        monitor = spoke.popen(["bridge", "monitor", "fdb"], stdout=out)
        poll(listening, 5, what="the monitor sees a change")
        # 10.0.0.9 first, so that each of them is a change
        net.inject.say(*[f"hub tun2 100 10.0.0.{9 - n % 2 * 8} 4097" for n in range(20)])
        poll(lambda: open(log).read().count(f"Deleted {ZERO}") == 20, 5, what="the changes are seen")
        poll(lambda: entries(spoke, ZERO) == [("10.0.0.1", 4097)], 5)
        monitor.terminate()
        monitor.wait(10)
    there, least = {"10.0.0.1"}, 1
    for line in open(log):
        if ZERO not in line:
            continue
        address = line.split("dst ")[1].split()[0]
        there = there - {address} if line.startswith("Deleted") else there | {address}
        least = min(least, len(there))
    assert least == 1


def test_shortcut_is_an_entry_with_the_remote_vni(net, spoke):
    net.inject.say(f"mac tun2 100 {FAR} 10.0.0.3 101", f"mac tun2 100 {FARTHER} 10.0.0.4 102")
    poll(lambda: entries(spoke, FAR) == [("10.0.0.3", 101)] and entries(spoke, FARTHER), 5)
    (entry,) = spoke.fdb_vxlan("tun2", FAR)
    assert "extern_learn" in entry["flags"] and entry["state"] == ""
    net.inject.say(f"mac tun2 100 {FAR} 10.0.0.5 105")
    poll(lambda: entries(spoke, FAR) == [("10.0.0.5", 105)], 5, what="another destination replaces the first")
    net.inject.say(f"no_mac tun2 100 {FAR}")
    poll(lambda: entries(spoke, FAR) == [], 5)
    net.inject.say(f"mac tun2 100 {FAR} 10.0.0.3 101")
    poll(lambda: entries(spoke, FAR) == [("10.0.0.3", 101)], 5)


def idle_ms(net, mac):
    mark = net.inject.mark()
    net.inject.say(f"used tun2 100 {mac}")
    reply = net.inject.wait_for("USED_REPLY", mark, mac=mac)
    return int(reply["idle_ms"]) if reply["found"] == "1" else None


def test_use_is_told(net, spoke):
    poll(lambda: idle_ms(net, FAR) > 500, 5, what="nobody sends to it")
    start = time.monotonic()
    send_frames(net.vm, "eth1", marked(b"use it", "02:00:00:00:01:10", FAR))
    idle = idle_ms(net, FAR)
    assert idle <= 1000 * (time.monotonic() - start) + 50, "since the frame, whatever time that took to send"
    assert idle_ms(net, "02:00:00:00:0f:0f") is None


def test_entries_outlive_the_device_going_down(net, spoke):
    mark = net.inject.mark()
    spoke.run("ip link set tun2 down")
    assert "tun2 is down" in net.inject.wait_for("INSTANCE_STATE", mark, ready=0)["line"]
    assert entries(spoke, FAR) == [], "the kernel throws them away, which is why they must be told again"
    spoke.run("ip link set tun2 up")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1)
    poll(lambda: entries(spoke, FAR) == [("10.0.0.3", 101)], 5)
    assert entries(spoke, ZERO) == [("10.0.0.1", 4097)]


def test_nhrpd_goes_and_comes(net, spoke):
    """Nothing is flushed when it goes; what it does not ask for again goes with its SYNC_END."""
    net.inject.gone()
    poll(lambda: not show(spoke)["connected"], 5)
    assert entries(spoke, FAR) and entries(spoke, FARTHER) and entries(spoke, ZERO)
    net.inject = Inject(spoke)
    net.inject.hello(2)
    mark = net.inject.mark()
    net.inject.say("instance tun2 0 spoke 1")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1)
    net.inject.say("hub tun2 100 10.0.0.1 4097", f"mac tun2 100 {FAR} 10.0.0.3 101")
    assert entries(spoke, FARTHER)
    net.inject.say("sync_end")
    poll(lambda: entries(spoke, FARTHER) == [], 5)
    assert entries(spoke, FAR) == [("10.0.0.3", 101)] and entries(spoke, ZERO) == [("10.0.0.1", 4097)]


def test_zebra_goes_and_comes(net, spoke):
    net.inject.gone()
    spoke.kill("zebra", signal.SIGKILL)
    assert entries(spoke, FAR) == [("10.0.0.3", 101)]
    spoke.start_daemon("zebra")
    net.inject = Inject(spoke)
    net.inject.hello(3)
    mark = net.inject.mark()
    net.inject.say("instance tun2 0 spoke 1")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=100)
    net.inject.say("hub tun2 100 10.0.0.9 4098")
    poll(lambda: entries(spoke, ZERO) == [("10.0.0.9", 4098)], 5, what="the old hub is known to the new zebra")
    net.inject.say("sync_end")
    poll(lambda: entries(spoke, FAR) == [], 5, what="the entry nobody asked for is swept")


def test_refusals_are_told(net, spoke):
    mark = net.inject.mark()
    net.inject.say(f"mac tun2 100 {FAR} 224.0.0.1 101", f"mac tun2 999 {FAR} 10.0.0.3 101", "member tun2 100 10.0.0.3 101")
    net.inject.wait_for("FAILURE", mark, rec="MAC_SET", vni=999)
    net.inject.wait_for("FAILURE", mark, rec="MEMBER_SET", vni=100)


def test_device_is_made_anew(net, spoke):
    """Another ifindex under the same name: the old instance says so, the new one works."""
    old = spoke.json("ip -j link show dev tun2")[0]["ifindex"]
    mark = net.inject.mark()
    spoke.run("ip link del tun2")
    net.inject.wait_for("LINK_DEL", mark, ifindex=old)
    net.inject.wait_for("INSTANCE_STATE", mark, ifindex=old, ready=0, vni=0)
    spoke.ip(
        "link add tun2 type vxlan id 100 local 10.0.0.2 remote 10.0.0.77 dstport 4789 learning",
        "link set tun2 master br-test",
        "link set tun2 up",
    )
    link = net.inject.new_link(mark, "tun2", old)
    net.inject.say("instance tun2 0 spoke 1")
    net.inject.wait_for("INSTANCE_STATE", mark, ifindex=link["ifindex"], ready=1, vni=100)
    net.inject.say("hub tun2 100 10.0.0.1 4097")
    poll(lambda: entries(spoke, ZERO) == [("10.0.0.1", 4097)], 5)


def test_everything_is_taken_back(net, spoke):
    net.inject.say(f"mac tun2 100 {FAR} 10.0.0.3 101")
    poll(lambda: entries(spoke, FAR), 5)
    net.inject.say("no_instance tun2 0")
    poll(lambda: entries(spoke, ZERO) == [("10.0.0.77", None)], 5, what="the user's own remote is back")
    poll(lambda: is_learning(spoke), 5)
    assert entries(spoke, FAR) == []
