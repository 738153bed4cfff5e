# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration: how it comes in, what is refused, what only waits, and that it survives.

Guards:
  - a boot without the devices keeps every line, another daemon's lines included; VPNs are inactive with a reason
  - devices that appear heal it without a word from anyone, and devices that go are missed by name
  - what the configuration alone shows to be wrong is refused with a sentence that names it, and leaves no trace
  - the same leaves by YANG path
  - show running-config, write, `vtysh -b`, FRR's own start script

Hub and spoke1 of lib.net.PICTURE; their devices are made in the middle of the story. Each test stands on the one
before.
"""

import os

import pytest

from lib import mainjob
from lib.mainjob import instance
from lib.poll import holds, poll

HERE = os.path.dirname(os.path.abspath(__file__))
VPN_LINES = {
    "hub": [
        "ip nhrp vpn-id 1",
        "ip nhrp vpn-id 70000 vlan 12",
        "ip nhrp vpn-id 1 oui 00:00:5e vlan 13",
        "ip nhrp vpn controller tun1",
    ],
    "spoke1": ["ip nhrp vpn-id 1", "ip nhrp vpn controller tun1", "ip nhrp vpn holdtime 600"],
}
# what the boot's files do not have; spoke1 gets it in the end
LATER_LINES = [
    ("tun2", "ip nhrp vpn graceful-restart"),
    ("tun2", "ip nhrp vpn arp-suppress"),
    ("tun1", "ip nhrp vpn plain-messages vpn-id 77 oui 00:00:5e"),
]
STATIC_LINE = "ip route 192.0.2.0/24 Null0"


def config(name):
    with open(os.path.join(HERE, name, "frr.conf")) as file:
        return file.read()


def prepare(net):
    """No device of the VPN is there when the daemons read their configuration."""
    for name in VPN_LINES:
        code, said = net[name].start(config(name))
        assert code == 0, f"{name}: {said}"


def lines(router, interface="tun2"):
    """The configuration lines of an interface, from show running-config, sorted."""
    found, inside = [], False
    for line in router.running_config().splitlines():
        if line.startswith("interface "):
            inside = line == f"interface {interface}"
        elif line.startswith(("exit", "!")):
            inside = False
        elif inside:
            found.append(line.strip())
    return sorted(found)


def refused(router, *commands, names):
    """The commands are refused by a sentence that holds every word of `names`, and change nothing."""
    before = router.running_config()
    _, said = router.configure(*commands)
    assert all(word in said for word in names), f"{commands}: {said!r}"
    assert router.running_config() == before


@pytest.mark.parametrize("name", VPN_LINES)
def test_boot_without_devices(net, name):
    """Every line is there, of this project, of stock nhrpd and of staticd; the VPN says what it misses."""
    router = net[name]
    assert lines(router) == sorted(VPN_LINES[name])
    assert STATIC_LINE in router.running_config()
    assert "ip nhrp network-id 1" in lines(router, "tun1")
    # until zebra's module has told of its devices the reason is that it has not
    poll(lambda: "tun2" in instance(router)["reason"], 15, what="the reason names the missing device")
    assert instance(router)["state"] == "inactive"
    assert "tun2" in router.vtysh("show ip nhrp vpn")
    for what in ("members", "mac", "neighbor"):
        assert router.vtysh_json(f"show ip nhrp vpn {what} json") == {}, what


def test_devices_appear(net):
    """They are made one by one; nothing is configured again, and in the end the spoke is a member."""
    net.add_gre(net.hub, 1)
    net.add_gre(net.spoke1, 2)
    holds(lambda: instance(net.spoke1)["state"] == "inactive", 0.5, what="tun1 alone is not enough")
    net.add_hub_bridge(net.hub)
    net.add_spoke_bridge(net.spoke1, 100)
    poll(lambda: instance(net.hub)["state"] == "up", 15, what="the hub is up")
    poll(lambda: instance(net.spoke1)["state"] == "up", 15, what="the spoke is registered")
    assert mainjob.members(net.hub) == {("10.0.0.2", 100)}


def test_second_vpn_of_the_hub(net):
    """VPN 70000 lives in the VLAN it names, beside VPN 1, with the VNI that follows from it."""
    found = {i["vpnId"]: i for i in net.hub.vtysh_json("show ip nhrp vpn json")["instances"]}
    assert (found["70000"]["vlan"], found["70000"]["vni"], found["70000"]["state"]) == (12, 4096 + 12, "up")
    assert (found["1"]["vlan"], found["1"]["vni"], found["1"]["oui"]) == (1, 4096 + 1, "00:00:00")


def test_same_index_of_another_organization(net):
    """VPN 1 of OUI 00:00:5e is another VPN than VPN 1: its VLAN, its VNI, its line, in nhrpd, zebra and the tables."""
    found = {i["vpnId"]: i for i in net.hub.vtysh_json("show ip nhrp vpn json")["instances"]}
    other = found["00:00:5e:1"]
    assert (other["oui"], other["vpnIndex"], other["vlan"], other["vni"]) == ("00:00:5e", 1, 13, 4096 + 13)
    assert other["state"] == "up"
    below = {i["vpnId"]: i for i in net.hub.vtysh_json("show zebra dmevpn json")["instances"]}
    assert (below["00:00:5e:1"]["vni"], below["00:00:5e:1"]["oui"], below["1"]["vni"]) == (4096 + 13, "00:00:5e", 4096 + 1)
    for command in ("show ip nhrp vpn", "show zebra dmevpn"):
        assert "00:00:5e:1" in net.hub.vtysh(command).split(), command
    # the line takes the VPN that it names, and takes capitals; alone, it means OUI 00:00:00
    code, said = net.hub.configure("interface tun2", "no ip nhrp vpn-id 1 oui 00:00:5E")
    assert code == 0, said
    left = sorted(set(VPN_LINES["hub"]) - {"ip nhrp vpn-id 1 oui 00:00:5e vlan 13"})
    assert lines(net.hub) == left
    code, said = net.hub.configure("interface tun2", "ip nhrp vpn-id 1 oui 00:00:5E vlan 13")
    assert code == 0, said
    assert lines(net.hub) == sorted(VPN_LINES["hub"])


def reload(router, text):
    """A running configuration, or what was made of one, as the new file of frr-reload.py."""
    router.write_file("/etc/frr/reload.conf", text[text.index("frr version") :], "frr:frr")
    code, out, err = router.attempt(["/usr/lib/frr/frr-reload.py", "--reload", "/etc/frr/reload.conf"], timeout=30)
    assert code == 0, out + err


def in_effect(router):
    """What nhrpd has of LATER_LINES."""
    found = instance(router)
    plain = router.vtysh_json("show ip nhrp vpn json").get("plainMessages", [])
    return found["gracefulRestart"], found["arpSuppress"], [p["vpnId"] for p in plain]


def test_reload(net):
    """frr-reload.py makes the least of a new file: a VPN that changes its OUI, and back."""
    router, line = net.hub, " ip nhrp vpn-id 1 oui 00:00:5e vlan 13\n"
    before = router.running_config()
    for text in (before.replace(line, line.replace("5e", "5f")), before):
        reload(router, text)
        poll(lambda: [l for l in lines(router) if "oui" in l] == [l.strip() for l in text.splitlines() if "oui" in l], 5)
    assert router.running_config() == before


def test_device_goes_and_comes(net):
    """A device that goes makes the VPN inactive and is named; when it is back, so is the VPN."""
    net.spoke1.ip("link del tun2")
    poll(lambda: instance(net.spoke1)["state"] == "inactive", 5, what="the VPN is inactive without its device")
    assert "tun2" in instance(net.spoke1)["reason"]
    net.spoke1.ip(
        "link add tun2 type vxlan id 105 local 10.0.0.2 dstport 4789 nolearning",
        "link set tun2 master br-test",
        "link set tun2 up",
    )
    poll(lambda: instance(net.spoke1)["state"] == "up", 15, what="registered again")
    poll(lambda: mainjob.members(net.hub) == {("10.0.0.2", 105)}, 10, what="the hub has the new VNI")


def test_unknown_controller(net):
    """A controller that is not there is accepted, and named as the reason; its return heals."""
    code, said = net.spoke1.configure("interface tun2", "ip nhrp vpn controller tun9")
    assert code == 0, said
    poll(lambda: instance(net.spoke1)["state"] == "inactive", 5, what="inactive without its controller")
    assert "tun9" in instance(net.spoke1)["reason"]
    net.spoke1.configure("interface tun2", "ip nhrp vpn controller tun1")
    poll(lambda: instance(net.spoke1)["state"] == "up", 15, what="registered by tun1 again")


@pytest.mark.parametrize(
    "commands, names",
    [
        (["interface eth1", "ip nhrp vpn-id 1"], ["VPN-ID"]),
        (["interface tun2", "ip nhrp vpn-id 5 vlan 12"], ["VLAN 12", "70000"]),
        (["interface tun2", "ip nhrp vpn-id 12"], ["VLAN"]),
        (["interface tun2", "ip nhrp vpn-id 1 oui 00:00:5f"], ["00:00:5f:1", "VLAN 1", "tun2", "by default"]),
        (["interface tun2", "ip nhrp vpn-id 5 oui 00:00:5f vlan 13"], ["00:00:5f:5", "VLAN 13", "00:00:5e:1"]),
        (["interface eth1", "ip nhrp vpn-id 1 oui 00:00:5e"], ["00:00:5e:1", "eth1", "tun2"]),
        (["interface tun2", "ip nhrp vpn-id 5 oui 0:0:5e"], ["0:0:5e", "no OUI"]),
        (["interface tun2", "ip nhrp vpn controller tun2"], ["controller"]),
    ],
    ids=["vpn-on-two-devices", "vlan-twice", "vlan-is-a-default", "same-default-vlan", "vlan-of-another-oui",
         "oui-on-two-devices", "no-oui", "own-controller"],  # fmt: skip
)
def test_refused_at_commit(net, commands, names):
    """A sentence, no change, and the next good line is taken as if nothing had been."""
    refused(net.hub, *commands, names=names)
    code, said = net.hub.configure("interface tun2", "ip nhrp vpn holdtime 1800")
    assert code == 0, said
    poll(lambda: instance(net.hub)["holdtime"] == 1800, 5)
    net.hub.configure("interface tun2", "no ip nhrp vpn holdtime")
    poll(lambda: instance(net.hub)["holdtime"] == 7200, 5)


@pytest.mark.parametrize("seconds", [10, 0, 65535])
def test_ageing_time(net, seconds):
    """As a bridge has it: 300 s without a line, 0 is never."""
    code, said = net.hub.configure("interface tun2", f"ip nhrp vpn ageing-time {seconds}")
    assert code == 0, said
    poll(lambda: instance(net.hub)["ageingTime"] == seconds, 5)
    assert f"ip nhrp vpn ageing-time {seconds}" in lines(net.hub)
    net.hub.configure("interface tun2", "no ip nhrp vpn ageing-time")
    poll(lambda: instance(net.hub)["ageingTime"] == 300, 5)
    assert not [found for found in lines(net.hub) if "ageing-time" in found]


def test_arp_suppress(net):
    """On and off again at a spoke; a hub answers without it, and says so. It is one line, and no line when it is off."""
    line = "ip nhrp vpn arp-suppress"
    assert instance(net.spoke1)["arpSuppress"] is False
    assert instance(net.spoke1)["arpSuppressState"] == "inactive"
    code, said = net.spoke1.configure("interface tun2", line)
    assert code == 0, said
    poll(lambda: instance(net.spoke1)["arpSuppress"] is True, 5, what="nhrpd has it")
    assert lines(net.spoke1).count(line) == 1
    net.spoke1.configure("interface tun2", "no " + line)
    poll(lambda: instance(net.spoke1)["arpSuppress"] is False, 5, what="nhrpd has it no more")
    assert not [found for found in lines(net.spoke1) if "arp-suppress" in found]
    assert instance(net.hub)["arpSuppressState"] == "answering"


def test_keepalive(net):
    """What is asked for is what the spoke does, and `no` is the default again."""
    hub = lambda: instance(net.spoke1)["hubs"][0]
    assert (instance(net.spoke1)["keepalive"], hub()["keepalive"]) == (2000, 2000)
    net.spoke1.configure("interface tun2", "ip nhrp vpn keepalive 200")
    poll(lambda: (instance(net.spoke1)["keepalive"], hub()["keepalive"]) == (200, 200), 5, what="nhrpd has it")
    assert lines(net.spoke1).count("ip nhrp vpn keepalive 200") == 1
    before = hub()["keepalivesSent"]
    poll(lambda: hub()["keepalivesSent"] >= before + 10, 4, what="several a second")
    assert hub()["state"] == "registered" and hub()["keepalivesMissed"] == 0
    net.spoke1.configure("interface tun2", "no ip nhrp vpn keepalive")
    poll(lambda: (instance(net.spoke1)["keepalive"], hub()["keepalive"]) == (2000, 2000), 5, what="nhrpd has it no more")
    assert not [found for found in lines(net.spoke1) if "keepalive" in found]


def test_probe(net):
    """Times and switch apart, each back to its default by `no` with what was given; nhrpd follows."""
    probe = lambda: tuple(instance(net.spoke1).get(key) for key in ("probe", "probeInterval", "probeMisses"))
    poll(lambda: probe() == (True, 1000, 3), 15)
    net.spoke1.configure("interface tun2", "ip nhrp vpn probe interval 1000 misses 7")
    poll(lambda: probe() == (True, 1000, 7), 5)
    assert lines(net.spoke1).count("ip nhrp vpn probe interval 1000 misses 7") == 1
    net.spoke1.configure("interface tun2", "ip nhrp vpn probe interval 60000 misses 10", "no ip nhrp vpn probe")
    poll(lambda: probe() == (False, None, None), 5)
    assert [found for found in lines(net.spoke1) if "vpn probe" in found] == [
        "ip nhrp vpn probe interval 60000 misses 10",
        "no ip nhrp vpn probe",
    ]
    net.spoke1.configure("interface tun2", "ip nhrp vpn probe")
    poll(lambda: probe() == (True, 60000, 10), 5)
    net.spoke1.configure("interface tun2", "no ip nhrp vpn probe interval 60000 misses 10")
    poll(lambda: probe() == (True, 1000, 3), 5)
    assert not [found for found in lines(net.spoke1) if "probe" in found]


@pytest.mark.parametrize("line", ["ip nhrp vpn-id 0", "ip nhrp vpn-id 4294967296", "ip nhrp vpn holdtime 0",
                                  "ip nhrp vpn keepalive 99", "ip nhrp vpn keepalive 60001",
                                  "ip nhrp vpn probe interval 99 misses 3", "ip nhrp vpn probe interval 100 misses 11",
                                  "ip nhrp vpn holdtime 65536", "ip nhrp vpn-id 5 vlan 4095",
                                  "ip nhrp vpn ageing-time 9", "ip nhrp vpn ageing-time 65536"])  # fmt: skip
def test_out_of_range(net, line):
    before = net.hub.running_config()
    code, said = net.hub.configure("interface tun2", line)
    assert code != 0 and said.strip(), f"{line} was accepted"
    assert net.hub.running_config() == before


def test_by_yang_path(net):
    """The same leaf as `ip nhrp vpn holdtime`, by its path; the command's view and the engine's follow."""
    path = "/frr-interface:lib/interface[name='tun2']/frr-nhrpd:nhrp/vpn/holdtime"
    commit = "mgmt commit apply"
    net.spoke1.vtysh("configure terminal file-lock", f"mgmt set-config {path} 300", commit)
    poll(lambda: instance(net.spoke1)["holdtime"] == 300, 5)
    assert "ip nhrp vpn holdtime 300" in lines(net.spoke1)
    net.spoke1.vtysh("configure terminal file-lock", f"mgmt set-config {path} 600", commit)
    poll(lambda: instance(net.spoke1)["holdtime"] == 600, 5)


def test_role_is_overridden(net):
    """A hub's role on a device that can only be a spoke's: said, not silently ignored; and back again."""
    code, said = net.spoke1.configure("interface tun2", "ip nhrp vpn role hub")
    assert code == 0, said
    poll(lambda: instance(net.spoke1)["state"] == "inactive", 5, what="inactive as a hub")
    assert "tun2" in instance(net.spoke1)["reason"], instance(net.spoke1)["reason"]
    net.spoke1.configure("interface tun2", "no ip nhrp vpn role")
    poll(lambda: instance(net.spoke1)["state"] == "up", 15, what="a spoke again")


def test_debug(net):
    """`debug nhrp vpn` tells of each message, and its `no` ends that."""
    net.spoke1.vtysh("debug nhrp vpn")
    mark = len(net.spoke1.log("nhrpd"))
    net.spoke1.configure("interface tun2", "ip nhrp vpn holdtime 601")  # which the hub is told
    poll(lambda: "sent Registration Request to 10.0.0.1" in "\n".join(net.spoke1.log_since("nhrpd", mark)), 10)
    net.spoke1.vtysh("no debug nhrp vpn")
    mark = len(net.spoke1.log("nhrpd"))
    net.spoke1.configure("interface tun2", "ip nhrp vpn holdtime 600")
    poll(lambda: {m["holdtime"] for m in net.hub.vtysh_json("show ip nhrp vpn members json")["members"]} == {600}, 10)
    assert "sent Registration Request" not in "\n".join(net.spoke1.log_since("nhrpd", mark))


def test_removed_and_back(net):
    """`no` takes the VPN out of the engine and the kernel, the hub forgets it, and the line brings it back."""
    assert len(mainjob.members(net.hub)) == 1
    net.spoke1.configure("interface tun2", "no ip nhrp vpn-id 1")
    poll(lambda: net.spoke1.vtysh_json("show ip nhrp vpn json") == {}, 5, what="no instance is left")
    assert "No interface has a VPN" in net.spoke1.vtysh("show ip nhrp vpn")
    poll(lambda: not mainjob.tunnel_targets(net.spoke1, mainjob.ZERO_MAC), 5, what="the flood entry is gone")
    poll(lambda: not mainjob.members(net.hub), 5, what="the spoke left at the hub")
    code, said = net.spoke1.configure("interface tun2", "ip nhrp vpn-id 1")
    assert code == 0, said
    poll(lambda: instance(net.spoke1)["state"] == "up", 15, what="registered again")


def test_write_and_restart(net):
    """What `write` wrote is what the next boot reads: same lines, and the spoke registers by itself."""
    router = net.spoke1
    for interface, line in LATER_LINES:
        code, said = router.configure(f"interface {interface}", line)
        assert code == 0, said
    before = router.running_config()
    for interface, line in LATER_LINES:
        assert line in lines(router, interface), line
    assert "OK" in router.vtysh("write memory")
    for line in VPN_LINES["spoke1"] + [STATIC_LINE]:
        assert line in router.read_file("/etc/frr/frr.conf")
    written = router.read_file("/etc/frr/frr.conf")
    router.stop_frr()
    code, said = router.start(written)
    assert code == 0, said
    assert router.running_config() == before
    poll(lambda: instance(router)["state"] == "up", 15, what="registered after the restart")
    assert in_effect(router) == (True, True, ["00:00:5e:77"])


def test_reload_of_later_lines(net):
    """frr-reload.py takes each of them out of what is running, and puts it in again."""
    router, before = net.spoke1, net.spoke1.running_config()
    for interface, line in LATER_LINES:
        reload(router, before.replace(f" {line}\n", "", 1))
        assert line not in lines(router, interface), line
        reload(router, before)
        assert router.running_config() == before
    poll(lambda: in_effect(router) == (True, True, ["00:00:5e:77"]), 5, what="nhrpd has them all again")
    for interface, line in LATER_LINES:
        code, said = router.configure(f"interface {interface}", f"no {line}")
        assert code == 0, said
        assert line not in lines(router, interface)
    poll(lambda: in_effect(router) == (False, False, []), 5, what="and none of them")
    assert "OK" in router.vtysh("write memory")


def test_frr_start_script(net):
    """FRR's own frrinit.sh with /etc/frr/daemons brings the same up, watchfrr and all; stopped by it, the spoke leaves."""
    router = net.spoke1
    written = router.read_file("/etc/frr/frr.conf")
    router.stop_frr()
    router.start_by_script(written)
    poll(lambda: lines(router) == sorted(VPN_LINES["spoke1"]), 20, what="the lines are back")
    assert STATIC_LINE in router.running_config()
    poll(lambda: instance(router)["state"] == "up", 15, what="registered after frrinit.sh")
    router.stop_by_script()
    assert not router.pid_of("nhrpd"), "frrinit.sh stop ended it"
    assert not mainjob.members(net.hub), "the hub has heard of it"
