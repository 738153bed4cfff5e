# SPDX-License-Identifier: GPL-2.0-or-later
"""`show ip nhrp vpn consistency`: what nhrpd believes against what the kernel really has.

Guards that a healthy net has no difference, with a number of things compared on hub and spokes; that each kind of
difference is told, with both sides, when somebody changes the kernel behind the module's back, in ways that bring no
event or none that the module mends; that a zebra that is stopped, or away, is told of and keeps nobody waiting; and
that ending a vtysh that waits for the answer does no harm.

The net is lib.net.PICTURE with arp-suppress at both spokes. Each test leaves the net as it found it.
"""

import os

import pytest

from lib import mainjob
from lib.asleep import Asleep
from lib.consistent import assert_consistent, consistency, differences
from lib.frames import arp, send_frames
from lib.measured import measured
from lib.net import SPOKE2_BRIDGE_MAC, VM1_MAC
from lib.poll import poll

PINS = "/sys/fs/bpf/dmevpn"
NOWHERE = "10.0.0.99"
ASK = ["vtysh", "-d", "nhrpd", "-c", "show ip nhrp vpn consistency"]
STRAY = "02:00:00:00:77:77"


def prepare(net):
    net.add_devices()
    net.start_frr(os.path.join(os.path.dirname(__file__), "..", "dmevpn_arpsuppress"))


def told(router, **expected):
    """The router tells exactly these differences: object=(address, what nhrpd has, what the kernel has)."""
    want = {(name, address): (nhrpd, kernel) for name, (address, nhrpd, kernel) in expected.items()}

    def look():
        found = differences(router)
        assert found == want
        return True

    return poll(look, 10, step=0.2, what=f"{router.name} tells of what was changed in its kernel")


def test_healthy(net):
    """Registered, talking by shortcuts, answering ARP: no difference, and everything has been compared."""
    poll(lambda: mainjob.members(net.hub) == mainjob.all_members(), 20, what="both spokes are members")
    send_frames(net.vm1, "eth1", arp(VM1_MAC, "11.0.0.10", "11.0.0.10"))

    def talking():
        net.vm1.run("ip neigh flush dev eth1")
        net.vm1.ping("11.0.0.11", count=2)
        return mainjob.tunnel_targets(net.spoke1, SPOKE2_BRIDGE_MAC) and mainjob.tunnel_targets(net.spoke2, VM1_MAC)

    poll(talking, 20, what="both shortcuts are there")
    poll(lambda: consistency(net.spoke1)["compared"]["neighbor"], 20, what="spoke1 answers for spoke2's bridge")
    compared = assert_consistent(*net.routers())
    for name in ("member", "floodTarget", "switchMac", "fdb", "instance"):
        assert compared["hub"][name] >= 1, name
    assert compared["hub"]["member"] == 2
    for name in ("instance", "hub", "fdb", "neighbor", "bridgeMac", "localMac"):
        assert compared["spoke1"][name] >= 1, name
    said = net.hub.vtysh("show ip nhrp vpn consistency")
    assert "nhrpd and the kernel agree" in said and "member 2" in said
    measured("consistency", compared={name: sum(counts.values()) for name, counts in compared.items()},
             took_ms={router.name: consistency(router)["tookMs"] for router in net.routers()})


def test_other_destination(net):
    """A shortcut that somebody pointed elsewhere, and an entry with a control plane's marks that nobody asked for."""
    (where,) = [e for e in net.spoke1.fdb_vxlan("tun2", mainjob.ZERO_MAC)]
    net.spoke1.run(f"bridge fdb append {mainjob.ZERO_MAC} dev tun2 dst {NOWHERE} vni 7 self")
    net.spoke1.run(f"bridge fdb add {STRAY} dev tun2 dst {NOWHERE} vni 7 self extern_learn")
    assert told(net.spoke1, hub=(NOWHERE, "none", "vni 7"), fdb=(STRAY, "none", f"{NOWHERE} vni 7"))
    assert where["dst"] == mainjob.NBMA["hub"]
    net.spoke1.run(f"bridge fdb del {mainjob.ZERO_MAC} dev tun2 dst {NOWHERE} vni 7 self")
    net.spoke1.run(f"bridge fdb del {STRAY} dev tun2 dst {NOWHERE} vni 7 self")
    assert_consistent(net.spoke1)


def test_static_entry_of_the_user(net):
    """What a user wrote down for a MAC that nhrpd knows nothing of is no difference."""
    net.spoke1.run(f"bridge fdb add {STRAY} dev tun2 dst {NOWHERE} vni 7 self static")
    assert_consistent(net.spoke1)
    net.spoke1.run(f"bridge fdb del {STRAY} dev tun2 dst {NOWHERE} vni 7 self")


def test_hub_entry(net):
    """A hub's forwarding entry of a MAC that points elsewhere."""
    vni = mainjob.HUB_VNI
    change = f"bridge fdb replace {VM1_MAC} dev tun2 src_vni {vni} dst %s vni %s self extern_learn"
    net.hub.run(change % (NOWHERE, 7))
    assert told(net.hub, fdb=(VM1_MAC, f"{mainjob.NBMA['spoke1']} vni 100", f"{NOWHERE} vni 7"))
    net.hub.run(change % (mainjob.NBMA["spoke1"], 100))
    assert_consistent(net.hub)


def test_neighbour(net):
    """A neighbour that a spoke's bridge answers for with another MAC, one that nobody asked for, and a MAC's entry."""
    change = "ip neigh replace 11.0.0.11 dev br-test lladdr %s extern_learn proto nhrp nud noarp"
    net.spoke1.run(change % STRAY)
    assert told(net.spoke1, neighbor=("11.0.0.11", SPOKE2_BRIDGE_MAC, STRAY))
    net.spoke1.run(change % SPOKE2_BRIDGE_MAC)
    net.spoke1.run(f"ip neigh add 11.0.0.77 dev br-test lladdr {STRAY} extern_learn proto nhrp nud noarp")
    net.spoke1.run(f"bridge fdb add {STRAY} dev tun2 master extern_learn")
    assert told(net.spoke1, neighbor=("11.0.0.77", "none", STRAY), bridgeMac=(STRAY, "none", "present"))
    net.spoke1.run("ip neigh del 11.0.0.77 dev br-test")
    net.spoke1.run(f"bridge fdb del {STRAY} dev tun2 master")
    assert_consistent(net.spoke1)


def hex_octets(*numbers):
    """Octets as bpftool wants them."""
    return " ".join(f"0x{octet:02x}" for number in numbers for octet in number)


def native(number):
    return number.to_bytes(4, "little")


def mapped(address):
    """An IPv4 address as the switch's maps have it."""
    return bytes(10) + b"\xff\xff" + bytes(int(part) for part in address.split("."))


def vpn_key(net):
    ifindex = net.hub.json("ip -j link show dev tun2")[0]["ifindex"]
    return native(ifindex) + native(mainjob.HUB_VNI)


def restart_zebra(net):
    """What was taken out of the maps, nobody tells the module: a new one reads them, and nhrpd restates."""
    net.hub.kill("zebra")
    net.hub.revive("zebra")
    assert_consistent(net.hub, deadline=20)


def test_switch_maps(net):
    """A member and a MAC that are missing in the switch's maps, and one that is behind the wrong member."""
    spoke1 = mainjob.NBMA["spoke1"]
    member = hex_octets(vpn_key(net), mapped(spoke1))
    net.hub.run(f"bpftool map delete pinned {PINS}/members key {member}")
    assert told(net.hub, member=(spoke1, "present", "none"))
    mac = hex_octets(vpn_key(net), bytes.fromhex(VM1_MAC.replace(":", "")), bytes(2))
    net.hub.run(f"bpftool map delete pinned {PINS}/macs key {mac}")
    poll(lambda: ("switchMac", VM1_MAC) in differences(net.hub), 10, what="the MAC is missing, too")
    assert differences(net.hub)["switchMac", VM1_MAC] == (f"{spoke1} vni 100", "none")
    restart_zebra(net)


def test_flood_list(net):
    """A member that the switch would not flood to: its slot was emptied."""
    net.hub.run(f"bpftool map dump pinned {PINS}/chunks -j >/dev/null")
    found = net.hub.json(f"bpftool map lookup pinned {PINS}/chunks key {hex_octets(native(1))} -j")
    octets = bytearray(int(octet, 16) for octet in found["value"])
    octets[8:12] = bytes(4)  # the generation of the first target
    lost = ".".join(str(o) for o in octets[8 + 28 : 8 + 32])
    net.hub.run(f"bpftool map update pinned {PINS}/chunks key {hex_octets(native(1))} value {hex_octets(octets)}")
    poll(lambda: ("floodTarget", lost) in differences(net.hub), 10, what="nobody floods to the member")
    assert differences(net.hub)["floodTarget", lost][1] == "none"
    restart_zebra(net)


def test_settings(net):
    """Programs that were taken off the device, and the flood program, of which the kernel says no word."""
    ifindex = net.hub.json("ip -j link show dev tun2")[0]["ifindex"]
    net.hub.run(f"bpftool map delete pinned {PINS}/programs key {hex_octets(native(0))}")
    assert told(net.hub, instance=(None, "ready", "without flood program"))
    net.hub.run(f"bpftool link detach pinned {PINS}/in-{ifindex}")
    assert told(net.hub, instance=(None, "ready", "without ingress program, flood program"))
    restart_zebra(net)


@pytest.mark.parametrize("router", ("hub", "spoke1"))
def test_zebra_does_not_answer(net, router):
    """A zebra that is stopped: the command ends by itself, and says why it has nothing to say."""
    router = net[router]
    with Asleep("zebra", router):
        said = router.run(ASK)
        assert "the zebra module did not answer" in said, said
        assert "zebra module" in consistency(router)["error"]
        # the vty that waits goes away: nhrpd must not use it when the time is up
        waiting = router.popen(ASK)
        poll(lambda: router.attempt("pgrep -f 'vpn consistency'")[0] == 0, 5, what="vtysh runs")
        waiting.kill()
        waiting.wait()
        assert "zebra module" in consistency(router)["error"]
    assert_consistent(router, deadline=20)


def test_several_at_once(net):
    """Who asks while a check is under way gets an answer of his own."""
    asking = [net.hub.popen(ASK, stdout=-1, text=True) for _ in range(5)]
    for one in asking:
        assert "nhrpd and the kernel agree" in one.communicate(timeout=30)[0]


TELNET = """
import socket, sys
with socket.create_connection(("127.0.0.1", 2610), 5) as terminal:
    terminal.settimeout(5)
    for prompt, line in ((b"Password: ", "secret"), (b"> ", sys.argv[1]), (b"> ", "show ip nhrp vpn json")):
        said = b""
        while not said.endswith(prompt):
            part = terminal.recv(65536)
            assert part, said
            said += part
        sys.stdout.write(said.decode(errors="replace"))
        terminal.sendall(line.encode() + b"\\r\\n")
    said = b""
    while not said.endswith(b"> "):
        said += terminal.recv(65536)
    sys.stdout.write(said.decode(errors="replace"))
"""


def test_telnet_terminal(net):
    """It is refused where libfrr has nothing that waits for the answer; the terminal goes on."""
    assert net.hub.configure("password secret")[0] == 0
    try:
        said = net.hub.run(["python3", "-c", TELNET, "show ip nhrp vpn consistency"])
    finally:
        net.hub.configure("no password")
    assert "This command is for vtysh" in said and '"instances"' in said, said
    assert_consistent(net.hub)


def test_zebra_away(net):
    net.spoke2.kill("zebra")
    try:
        poll(lambda: "error" in consistency(net.spoke2), 15, what="nhrpd says that there is nobody to ask")
    finally:
        net.spoke2.revive("zebra")
    assert_consistent(net.spoke2, deadline=30)


def test_without_vpns(net):
    """Nothing is configured: nothing is compared, nothing differs."""
    assert net.hub.configure("interface tun2", "no ip nhrp vpn-id 1")[0] == 0
    try:
        answer = poll(lambda: not sum((now := consistency(net.hub))["compared"].values()) and now, 10, what="no VPN is left")
        assert answer["differences"] == [] and answer["numDifferences"] == 0
    finally:
        assert net.hub.configure("interface tun2", "ip nhrp vpn-id 1")[0] == 0
        poll(lambda: mainjob.members(net.hub) == mainjob.all_members(), 40, what="both spokes are members again")
    assert_consistent(*net.routers(), deadline=20)
