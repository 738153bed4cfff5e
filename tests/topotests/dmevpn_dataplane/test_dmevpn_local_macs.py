# SPDX-License-Identifier: GPL-2.0-or-later
"""A spoke's local MACs, module alone: zebra with zebra_dmevpn, and a stand-in for nhrpd.

Guards that every MAC of the bridge is told once when it comes and once when it goes, whatever took it away, that
those behind the tunnel and those of ports are not told, and that lost notifications cost nothing but a second.

    far  10.0.0.3 ---- lan ---- 10.0.0.2  spoke  tun2 (VXLAN VNI 100) ---- br-test ---- eth2 ---- vm
"""

import signal

import pytest

from codec_decoder.craft import ethernet
from dmevpn_dataplane.inject import Inject, counters, show
from lib.frames import BROADCAST, EXPERIMENT, marked, send_frames, send_vxlan
from lib.frr import FrrNode
from lib.net import MainNet, Net, Switch
from lib.poll import poll

BRIDGE = "02:00:00:00:00:02"
HOST, ROAMER = "02:00:00:00:01:10", "02:00:00:00:01:11"
MANY, LIMIT = 66000, 65536


class SpokeNet(Net):
    def __init__(self):
        super().__init__()
        self.lan = self.add("lan", Switch)
        self.spoke = self.add("spoke", FrrNode)
        self.far, self.vm = self.add("far"), self.add("vm")
        self.link(self.spoke, "eth1", self.lan, "spoke")
        self.link(self.far, "eth1", self.lan, "far")
        self.link(self.vm, "eth1", self.spoke, "eth2")
        self.spoke.ip("addr add 10.0.0.2/24 dev eth1")
        self.far.ip("addr add 10.0.0.3/24 dev eth1")
        MainNet.add_spoke_bridge(self.spoke, 100)
        self.spoke.ip(f"link set br-test address {BRIDGE}")


NET = SpokeNet


def prepare(net):
    net.spoke.start_daemon("zebra")
    net.inject = Inject(net.spoke)
    net.inject.hello(1)


@pytest.fixture
def spoke(net):
    """The instance is ready, and everything that is told of it is told."""
    mark = net.inject.mark()
    net.inject.say("instance tun2 0 spoke 1")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=100)
    net.inject.wait_for("LOCAL", mark, mac=BRIDGE, gone=0)
    return net.spoke


def say_hello(net, mac):
    send_frames(net.vm, "eth1", marked(b"from the vm", mac))


def told(net, mark, mac):
    """The values of `gone` that were told of a MAC, in their order, once a later change has been told, too."""
    send_frames(net.vm, "eth1", marked(b"fence", "02:00:00:00:fe:01"))
    net.inject.wait_for("LOCAL", mark, mac="02:00:00:00:fe:01", gone=0)
    net.spoke.run("bridge fdb del 02:00:00:00:fe:01 dev eth2 master")
    net.inject.wait_for("LOCAL", mark, mac="02:00:00:00:fe:01", gone=1)
    return [int(r["gone"]) for r in net.inject.records("LOCAL", mark, mac=mac)]


def local_macs(spoke):
    return show(spoke)["instances"][0]["localMacs"]


def here_now(net):
    """The MACs nhrpd must take for local after all that it was told."""
    here = set()
    for line in net.inject.lines():
        if line.startswith("LOCAL "):
            mac, gone = line.split()[-2:]
            (here.discard if gone == "gone=1" else here.add)(mac.removeprefix("mac="))
    return here


def test_what_is_there_already_is_told_when_it_gets_ready(net):
    say_hello(net, HOST)
    poll(lambda: [e for e in net.spoke.fdb("eth2") if e["mac"] == HOST], 5, what="the bridge has heard the host")
    mark = net.inject.mark()
    net.inject.say("instance tun2 0 spoke 1")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=100)
    for mac in (HOST, BRIDGE):
        net.inject.wait_for("LOCAL", mark, mac=mac, vni=100, gone=0)
    kinds = [line.split()[0] for line in net.inject.lines(mark)]
    assert kinds.index("INSTANCE_STATE") < kinds.index("LOCAL")
    assert here_now(net) == {HOST, BRIDGE}, "nothing of ports, of the tunnel, of groups"
    assert local_macs(net.spoke) == 2


def test_new_mac_is_told_once(net, spoke):
    mark = net.inject.mark()
    for _ in range(3):
        say_hello(net, ROAMER)
    assert told(net, mark, ROAMER) == [0]


def test_mac_that_moves_to_the_tunnel_is_gone(net, spoke):
    """The other way round, too: with the first frame from our own side it is told again."""
    mark = net.inject.mark()
    send_vxlan(net.far, "10.0.0.2", 100, marked(b"over here", ROAMER))
    net.inject.wait_for("LOCAL", mark, mac=ROAMER, gone=1)
    send_vxlan(net.far, "10.0.0.2", 100, marked(b"and I", "02:00:00:00:0f:01"))
    say_hello(net, ROAMER)
    assert told(net, mark, ROAMER) == [1, 0]
    assert told(net, mark, "02:00:00:00:0f:01") == [], "what is behind the tunnel from the beginning is not ours"


def test_what_is_elsewhere_goes(net, spoke):
    """nhrpd says that a MAC is behind another member: what the bridge has learned goes, until it hears it again."""
    say_hello(net, ROAMER)
    poll(lambda: [e for e in spoke.fdb("eth2") if e["mac"] == ROAMER], 5)
    mark = net.inject.mark()
    net.inject.say(f"elsewhere tun2 100 {ROAMER} 0")
    net.inject.wait_for("LOCAL", mark, mac=ROAMER, gone=1)
    assert not [e for e in spoke.fdb("eth2") if e["mac"] == ROAMER]
    say_hello(net, ROAMER)
    assert told(net, mark, ROAMER) == [1, 0]
    # one that has gone by itself, and one that nobody knows, are nothing
    net.inject.say("elsewhere tun2 100 02:00:00:00:0f:77 0")
    assert told(net, mark, "02:00:00:00:0f:77") == []
    assert not net.inject.records("FAILURE", mark)


def test_what_was_heard_since_it_is_elsewhere_stays(net, spoke):
    """The word was under way while the host came back: nhrpd hears of it once more."""
    say_hello(net, ROAMER)
    poll(lambda: [e for e in spoke.fdb("eth2") if e["mac"] == ROAMER], 5)
    mark = net.inject.mark()
    net.inject.say(f"elsewhere tun2 100 {ROAMER} 60000")
    assert int(net.inject.wait_for("LOCAL", mark, mac=ROAMER, gone=0)["idle_ms"]) < 10000
    assert [e for e in spoke.fdb("eth2") if e["mac"] == ROAMER]
    assert told(net, mark, ROAMER) == [0]


@pytest.mark.parametrize("flags", ("static", "static sticky", "permanent"))
def test_what_was_written_down_is_not_taken_away(net, spoke, flags):
    """A user's entries, of ports and the bridge's own stay, whatever nhrpd hears of them."""
    mac = "02:00:00:00:01:78"
    mark = net.inject.mark()
    spoke.run(f"bridge fdb add {mac} dev eth2 master {flags}")
    told(net, mark, mac)
    mark = net.inject.mark()
    net.inject.say(*[f"elsewhere tun2 100 {m} 0" for m in (mac, BRIDGE, spoke.mac("eth2"))])
    said = told(net, mark, mac)
    there = [e for e in spoke.fdb("eth2") if e["mac"] == mac]
    spoke.run(f"bridge fdb del {mac} dev eth2 master")
    assert there and said == []
    assert not net.inject.records("LOCAL", mark, mac=BRIDGE)


def test_deleted_mac_is_gone(net, spoke):
    mark = net.inject.mark()
    spoke.run(f"bridge fdb del {ROAMER} dev eth2 master")
    net.inject.wait_for("LOCAL", mark, mac=ROAMER, gone=1)
    assert told(net, mark, ROAMER) == [1]


def test_silent_mac_ages(net, spoke):
    mark = net.inject.mark()
    say_hello(net, ROAMER)
    net.inject.wait_for("LOCAL", mark, mac=ROAMER, gone=0)
    spoke.ip("link set br-test type bridge ageing_time 100")
    net.inject.wait_for("LOCAL", mark, mac=ROAMER, gone=1, deadline=10)
    spoke.ip("link set br-test type bridge ageing_time 30000")
    assert told(net, mark, ROAMER) == [0, 1]


def heard(net, within):
    """{MAC: ms since the bridge heard it} of those that it heard within so many ms, as nhrpd is told; BRIDGE comes first."""
    mark = net.inject.mark()
    net.inject.say(f"heard tun2 100 {within}")
    net.inject.wait_for("LOCAL_HEARD", mark, mac=BRIDGE)
    net.inject.say(f"used tun2 100 {HOST}")  # by the same queue: the answers before it are all there
    net.inject.wait_for("USED_REPLY", mark, mac=HOST)
    return {r["mac"]: int(r["idle_ms"]) for r in net.inject.records("LOCAL_HEARD", mark)}


def test_who_was_heard_of_late(net, spoke):
    """Asked, the module tells the MACs that frames came from within that time, and those that need no frames."""
    written = "02:00:00:00:01:77"
    mark = net.inject.mark()
    say_hello(net, HOST)
    net.inject.wait_for("LOCAL", mac=HOST, gone=0)
    spoke.run(f"bridge fdb add {written} dev eth2 master static")
    poll(lambda: heard(net, 60000).get(HOST, 0) > 1500, 10, what="the host is silent for a while")
    say_hello(net, ROAMER)
    net.inject.wait_for("LOCAL", mark, mac=ROAMER, gone=0)
    told = heard(net, 1000)
    assert HOST not in told and told[ROAMER] < 1000 and told[written] == told[BRIDGE] == 0
    say_hello(net, HOST)
    poll(lambda: heard(net, 60000)[HOST] < 1000, 5, what="heard again, of which the kernel notifies nobody")
    spoke.run(f"bridge fdb del {written} dev eth2 master; bridge fdb del {ROAMER} dev eth2 master")
    net.inject.wait_for("LOCAL", mark, mac=ROAMER, gone=1)
    assert not {written, ROAMER} & set(heard(net, 60000))


def test_who_was_heard_in_a_vlan(net, spoke):
    """On a bridge that filters, an entry is asked for in its VLAN."""
    spoke.run("ip link set br-test type bridge vlan_filtering 1")
    mark = net.inject.mark()
    say_hello(net, ROAMER)
    net.inject.wait_for("LOCAL", mark, mac=ROAMER, gone=0)
    assert heard(net, 60000)[ROAMER] < 5000
    spoke.run(f"bridge fdb del {ROAMER} dev eth2 vlan 1 master; ip link set br-test type bridge vlan_filtering 0")
    net.inject.wait_for("LOCAL", mark, mac=ROAMER, gone=1)


def test_macs_of_ports_are_not_told(net, spoke):
    mark = net.inject.mark()
    spoke.ip(
        "link add own type dummy",
        "link set own address 02:00:00:00:0a:0a",
        "link set own master br-test",
        "link set own up",
    )
    assert "permanent" in spoke.run("bridge fdb show dev own")
    assert told(net, mark, "02:00:00:00:0a:0a") == []
    spoke.ip("link del own")


def test_mac_of_the_bridge_follows_it(net, spoke):
    other = "02:00:00:00:00:22"
    mark = net.inject.mark()
    spoke.ip(f"link set br-test address {other}")
    net.inject.wait_for("LOCAL", mark, mac=BRIDGE, gone=1)
    net.inject.wait_for("LOCAL", mark, mac=other, gone=0)
    spoke.ip(f"link set br-test address {BRIDGE}")
    net.inject.wait_for("LOCAL", mark, mac=BRIDGE, gone=0)
    assert told(net, mark, other) == [0, 1] and told(net, mark, BRIDGE) == [1, 0]


def test_mac_in_two_vlans_is_told_once(net, spoke):
    """It is gone when the last VLAN has lost it."""
    spoke.run("ip link set br-test type bridge vlan_filtering 1; bridge vlan add dev eth2 vid 10")
    mark = net.inject.mark()
    tagged = ethernet(b"\x00\x0a" + EXPERIMENT.to_bytes(2, "big") + bytes(50), ROAMER, BROADCAST, 0x8100)
    send_frames(net.vm, "eth1", marked(b"untagged", ROAMER), tagged)
    poll(lambda: {e.get("vlan") for e in spoke.fdb("eth2") if e["mac"] == ROAMER} == {1, 10}, 5)
    assert told(net, mark, ROAMER) == [0]
    spoke.run(f"bridge fdb del {ROAMER} dev eth2 vlan 1 master")
    assert told(net, mark, ROAMER) == [0]
    spoke.run(f"bridge fdb del {ROAMER} dev eth2 vlan 10 master")
    assert told(net, mark, ROAMER) == [0, 1]
    spoke.run("bridge vlan del dev eth2 vid 10; ip link set br-test type bridge vlan_filtering 0")


def test_device_down_and_up(net, spoke):
    """What went while the device was down is told; what is there is told again when it is ready again."""
    say_hello(net, HOST), say_hello(net, ROAMER)
    net.inject.wait_for("LOCAL", mac=ROAMER, gone=0)
    mark = net.inject.mark()
    spoke.run("ip link set tun2 down")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=0)
    spoke.run(f"bridge fdb del {ROAMER} dev eth2 master")
    net.inject.wait_for("LOCAL", mark, mac=ROAMER, gone=1)
    mark = net.inject.mark()
    spoke.run("ip link set tun2 up")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1)
    for mac in (HOST, BRIDGE):
        net.inject.wait_for("LOCAL", mark, mac=mac, gone=0)
    assert told(net, mark, ROAMER) == []


def test_another_bridge(net, spoke):
    """The device leaves its bridge: all is gone; it joins another: that one's own MAC; it comes back: all as before."""
    before = here_now(net)
    mark = net.inject.mark()
    spoke.run("ip link set tun2 nomaster")
    for mac in before:
        net.inject.wait_for("LOCAL", mark, mac=mac, gone=1)
    poll(lambda: local_macs(spoke) == 0, 5)
    other = "02:00:00:00:00:33"
    spoke.ip(
        "link add br-other type bridge",
        f"link set br-other address {other}",
        "link set br-other up",
        "link set tun2 master br-other",
    )
    net.inject.wait_for("LOCAL", mark, mac=other, gone=0)
    assert here_now(net) == {other}
    spoke.ip("link del br-other")
    net.inject.wait_for("LOCAL", mark, mac=other, gone=1)
    spoke.ip("link set tun2 master br-test")
    poll(lambda: here_now(net) == before, 5, what="the first bridge is back")


def test_nhrpd_comes_back(net, spoke):
    """A new life of nhrpd is told all again, in the dump and after the state that answers its INSTANCE_SET."""
    before = here_now(net)
    poll(lambda: heard(net, 60000)[HOST] > 1000, 5)
    net.inject.gone()
    poll(lambda: not show(spoke)["connected"], 5)
    net.inject = Inject(spoke)
    dump = net.inject.hello(2)
    assert {line.split("mac=")[1].split()[0] for line in dump if line.startswith("LOCAL")} == before >= {HOST, BRIDGE}
    assert int(net.inject.records("LOCAL", mac=HOST)[0]["idle_ms"]) > 1000, "it does not begin anew with nhrpd"
    assert net.inject.records("LOCAL", mac=BRIDGE)[0]["idle_ms"] == "0"
    mark = net.inject.mark()
    net.inject.say("instance tun2 0 spoke 1")
    for mac in before:
        net.inject.wait_for("LOCAL", mark, mac=mac, gone=0)
    kinds = [line.split()[0] for line in net.inject.lines(mark)]
    assert kinds.index("INSTANCE_STATE") < kinds.index("LOCAL")


def many(spoke, word, numbers):
    macs = [f"02:00:01:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}" for n in numbers]
    spoke.run("bridge -batch -", stdin="".join(f"fdb {word} {m} dev eth2 master static\n" for m in macs), timeout=120)


def test_too_many_macs_and_lost_notifications(net, spoke):
    """zebra sleeps while more MACs come than its socket and its table hold; those left out are found when others go."""
    before = counters(spoke)
    pid = spoke.running["zebra"]
    # a static entry is made in every VLAN of its port; one is enough
    spoke.run(f"bridge vlan del dev eth2 vid 1; kill -STOP {pid}")
    try:
        many(spoke, "add", range(MANY))
    finally:
        spoke.run(f"kill -CONT {pid}")
    poll(lambda: local_macs(spoke) == LIMIT, 30, what="as many as may be are local")
    now = counters(spoke)
    assert now["netlinkOverruns"] > before["netlinkOverruns"]
    assert now["localOverLimit"] >= before["localOverLimit"] + MANY + 2 - LIMIT
    poll(lambda: len(here_now(net)) == LIMIT, 30, step=1, what="nhrpd was told of all of them")
    # a dump begins with the newest, so the first are the ones left out
    left = range(2000)
    for first in range(len(left), MANY, 8000):
        many(spoke, "del", range(first, min(first + 8000, MANY)))
        show(spoke)
    assert counters(spoke)["netlinkOverruns"] == now["netlinkOverruns"], "it can keep up with these"
    poll(lambda: local_macs(spoke) == len(left) + 2, 60, what="those that are left are all known")
    many(spoke, "del", left)
    poll(lambda: local_macs(spoke) == 2, 30, what="all of them are gone, and those of before are known")
    poll(lambda: here_now(net) == {HOST, BRIDGE}, 30, step=1)
    assert spoke.running["zebra"] == spoke.pid_of("zebra")
    spoke.run("bridge vlan add dev eth2 vid 1 pvid untagged")


def test_nothing_is_told_of_an_instance_that_ended(net, spoke):
    mark = net.inject.mark()
    net.inject.say("no_instance tun2 0")
    poll(lambda: show(spoke)["instances"] == [], 5)
    say_hello(net, ROAMER)
    poll(lambda: [e for e in spoke.fdb("eth2") if e["mac"] == ROAMER], 5)
    net.inject.say("instance tun2 0 spoke 1")
    net.inject.wait_for("LOCAL", mark, mac=ROAMER, gone=0)
    assert net.inject.lines(mark)[0].startswith("INSTANCE_STATE"), "until then not a word"
    assert not net.inject.records("LOCAL", mark, gone=1)


def test_zebra_comes_back(net, spoke):
    net.inject.gone()
    spoke.kill("zebra", signal.SIGKILL)
    spoke.run(f"bridge fdb del {ROAMER} dev eth2 master")
    spoke.start_daemon("zebra")
    net.inject = Inject(spoke)
    net.inject.hello(3)
    net.inject.say("instance tun2 0 spoke 1")
    for mac in (HOST, BRIDGE):
        net.inject.wait_for("LOCAL", mac=mac, gone=0)
    assert told(net, 0, ROAMER) == []
