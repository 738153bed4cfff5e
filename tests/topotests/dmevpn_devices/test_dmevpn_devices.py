# SPDX-License-Identifier: GPL-2.0-or-later
"""Device life, in the main job's net (lib.net.PICTURE): what may become of a VXLAN device, its bridge port and its
controller, on a spoke and on the hub, while frames flow.

Guards: the overlay follows within 2 s of each, as printed; what nhrpd, zebra's module and the kernel have is the same
everywhere afterwards; and nothing of the former state is left at any node: members, MACs, shortcuts, entries of the kernel, settings
of the port, undo notes.
"""

import json
import time

import pytest

from lib import mainjob
from lib.consistent import assert_consistent
from lib.flow import Flow
from lib.frames import marked, send_frames
from lib.mainjob import HUB_VNI, NBMA, VNI, ZERO_MAC, tunnel_targets
from lib.measured import measured
from lib.net import VM1_MAC, VM2_MAC, MainNet
from lib.poll import poll

WITHIN = 2.0  # seconds
OTHER = {"spoke1": "10.0.0.22", "hub": "10.0.0.21"}
UNDO = "/run/frr/zebra_dmevpn.undo"
OF_PORT = {"hairpin", "vlan_tunnel", "vlan", "vlan_flags", "tunnel"}  # kinds of notes on settings of a port


def prepare(net):
    net.add_devices()
    net.start_frr()
    for name, address in OTHER.items():
        net[name].ip(f"addr add {address}/24 dev eth1")
    poll(lambda: mainjob.members(net.hub) == mainjob.all_members(), 15, what="both spokes are members")


def ask(router, what):
    """A show command of nhrpd as JSON, asked at its own socket: many looks a second cost little so."""
    return json.loads(router.ask_daemon("nhrpd", f"show ip nhrp vpn {what}json"))


def instance(router):
    return ask(router, "")["instances"][0]


def members_now(net):
    return {(m["nbma"], m["vni"]) for m in ask(net.hub, "members ").get("members", [])}


def macs(router):
    return ask(router, "mac ").get("macs", {})


def follows(name, look, since):
    """Seconds from `since` until `look` holds; more than 2 fail the test."""
    poll(look, 10, step=0.05, what=name)
    seconds = time.monotonic() - since
    assert seconds < WITHIN, f"{name}: {seconds:.2f} s"
    return seconds


def says(router, reason, undone=lambda note: False):
    """Seconds from now until a router's VPN gives this reason, and no such note is left; more than 2 fail the test."""

    def look():
        assert reason in instance(router).get("reason", "")
        left = [note for note in undo_notes(router) if undone(note)]
        assert not left, f"still noted: {left}"
        return True

    return follows(f"{router.name}: {reason}", look, time.monotonic())


def settled(net, members=None, hub=(NBMA["hub"], HUB_VNI)):
    """Who is a member is one at the hub, alone; both spokes are up and send what all shall hear to the hub."""
    assert members_now(net) == (members or mainjob.all_members())
    assert instance(net.hub)["state"] == "up"
    for spoke in (net.spoke1, net.spoke2):
        assert instance(spoke)["state"] == "up"
        assert tunnel_targets(spoke, ZERO_MAC) == [hub]
    return True


def shortcuts(net):
    """vm1 and vm2 talk until each has a shortcut to the other."""

    def stand():
        send_frames(net.vm1, "eth1", marked(b"there", VM1_MAC, VM2_MAC))
        send_frames(net.vm2, "eth1", marked(b"back", VM2_MAC, VM1_MAC))
        return tunnel_targets(net.spoke1, VM2_MAC) and tunnel_targets(net.spoke2, VM1_MAC)

    poll(stand, 20, step=0.2, what="both shortcuts stand")


def assert_same_everywhere(net):
    for router in net.routers():
        assert_consistent(router)


def everything(router):
    """All that a node says of the VPN's data plane, as text: kernel, module, nhrpd, undo notes."""
    said = [
        router.run(command)
        for command in ("bridge fdb show dev tun2", "bridge vlan tunnelshow", "bridge vni", "ip neigh show dev br-test")
        if router.has_link("tun2") or "dev tun2" not in command
    ]
    said += [router.vtysh(f"show {what} json") for what in ("zebra dmevpn", "ip nhrp vpn members", "ip nhrp vpn mac", "ip nhrp vpn")]
    try:
        said.append(router.read_file(UNDO))
    except FileNotFoundError:
        pass
    return said


def leftovers(net, *former):
    """(node, line) with one of these words in what any node says."""
    return [
        (router.name, word, line)
        for router in net.routers()
        for text in everything(router)
        for line in text.splitlines()
        for word in former
        if word in line
    ]


def undo_notes(router):
    """{(kind, device, VLAN, VNI, address)} of the settings that the module would take back."""
    return {(kind, *rest) for kind, _, *rest in (line.split() for line in router.read_file(UNDO).splitlines())}


def ifindex(router, name="tun2"):
    return router.json(f"ip -j link show {name}")[0]["ifindex"]


def spoke1_device(net, vni=VNI["spoke1"], local=NBMA["spoke1"], bridge="br-test"):
    net.spoke1.ip(
        f"link add tun2 type vxlan id {vni} local {local} dstport 4789 nolearning",
        f"link set tun2 master {bridge}",
        "link set tun2 up",
    )
    return time.monotonic()


def hub_device(net, bridge="br-test"):
    net.hub.ip(
        "link add tun2 type vxlan external vnifilter nolearning dstport 4789",
        f"link set tun2 master {bridge}",
        "link set tun2 up",
    )
    return time.monotonic()


class Flowing:
    """What flows over a whole test; a flow in `whole` must not have lost a frame in the end."""

    def __init__(self, unicast, broadcast):
        self.unicast, self.broadcast, self.whole = unicast, broadcast, []


@pytest.fixture
def flowing(net):
    """A flow from vm1 to vm2 by a shortcut, and one of vm2's broadcasts by way of the hub."""
    settled(net)
    shortcuts(net)
    with Flow(net.vm1, "eth1", net.vm2, "eth1", src=VM1_MAC, dst=VM2_MAC, rate=200) as unicast:
        with Flow(net.vm2, "eth1", net.vm1, "eth1", src=VM2_MAC, dst="ff:ff:ff:ff:ff:ff", rate=200) as broadcast:
            flows = Flowing(unicast, broadcast)
            yield flows
    for flow in flows.whole:
        assert flow.result()["lost"] == 0, flow.result()


def arrives_again(flow):
    """For a poll(): the flow's frames arrive now."""
    before = flow.so_far()["received"]
    return lambda: flow.so_far()["received"] > before


def figures(net, test, flowing, **seconds):
    """Print what was measured, once both flows arrive again."""
    flows = {"unicastLost": flowing.unicast, "broadcastLost": flowing.broadcast}
    for flow in flows.values():
        poll(arrives_again(flow), 5, what="frames arrive again")
    measured(test, **seconds, **{name: max(0, flow.so_far()["lost"]) for name, flow in flows.items()})


def nothing_of_spoke1(net):
    """No node but spoke1 itself has anything of spoke1's in the VPN."""
    assert members_now(net) == {(NBMA["spoke2"], VNI["spoke2"])}
    assert VM1_MAC not in macs(net.hub) and not net.hub.fdb_vxlan("tun2", VM1_MAC)
    assert VM1_MAC not in macs(net.spoke2) and not tunnel_targets(net.spoke2, VM1_MAC)
    return True


# --- a spoke -----------------------------------------------------------------------


def test_spoke_device_deleted_and_recreated(net, flowing):
    former = ifindex(net.spoke1)
    since = time.monotonic()
    net.spoke1.ip("link del tun2")
    gone = follows("spoke1 has left", lambda: nothing_of_spoke1(net), since)
    assert "does not exist" in instance(net.spoke1)["reason"]
    assert not [note for note in undo_notes(net.spoke1) if "tun2" in note]
    back = follows("spoke1 is back", lambda: settled(net), spoke1_device(net))
    figures(net, "spoke: device deleted, and made again", flowing, gone=gone, back=back)
    assert_same_everywhere(net)
    assert not [line for line in leftovers(net, f'"ifindex":{former},') if line[0] == "spoke1"]


def test_spoke_gets_another_vni(net, flowing):
    """Deleted and made again with it, in one go; the kernel does not change it in place."""
    code, _, said = net.spoke1.attempt("ip link set tun2 type vxlan id 200")
    assert code != 0, said
    net.spoke1.ip("link del tun2")
    back = follows("VNI 200", lambda: settled(net, {(NBMA["spoke1"], 200), (NBMA["spoke2"], VNI["spoke2"])}), spoke1_device(net, 200))
    figures(net, "spoke: another VNI", flowing, back=back)
    assert_same_everywhere(net)
    for router in (net.hub, net.spoke2):
        assert f"vni {VNI['spoke1']} " not in router.run("bridge fdb show dev tun2")
    shortcuts(net)
    assert tunnel_targets(net.spoke2, VM1_MAC) == [(NBMA["spoke1"], 200)]
    net.spoke1.ip("link del tun2")
    follows("VNI 100 again", lambda: settled(net), spoke1_device(net))


def test_spoke_gets_another_address(net, flowing):
    """The device goes on with another local address, then with the former one again."""
    other = {(OTHER["spoke1"], VNI["spoke1"]), (NBMA["spoke2"], VNI["spoke2"])}
    seconds = []
    for local, members, former in ((OTHER["spoke1"], other, NBMA["spoke1"]), (NBMA["spoke1"], None, OTHER["spoke1"])):
        net.spoke1.ip(f"link set tun2 type vxlan id {VNI['spoke1']} local {local}")
        since = time.monotonic()
        seconds.append(follows(f"local {local}", lambda members=members: settled(net, members), since))
        assert_same_everywhere(net)
        for router in (net.hub, net.spoke2):
            assert f"dst {former} " not in router.run("bridge fdb show dev tun2")
        shortcuts(net)
        assert tunnel_targets(net.spoke2, VM1_MAC) == [(local, VNI["spoke1"])]
    figures(net, "spoke: another local address, and back", flowing, there=seconds[0], back=seconds[1])


def test_spoke_leaves_its_bridge(net, flowing):
    """Nothing is behind it then; it is a member all the same, as one that has nothing."""
    net.spoke1.ip("link set tun2 nomaster")
    since = time.monotonic()

    def nothing_behind():
        assert VM1_MAC not in macs(net.hub) and not net.hub.fdb_vxlan("tun2", VM1_MAC)
        assert not tunnel_targets(net.spoke2, VM1_MAC) and not tunnel_targets(net.spoke1, VM2_MAC)
        return settled(net)

    gone = follows("nothing behind spoke1", nothing_behind, since)
    assert_same_everywhere(net)
    net.spoke1.ip("link set tun2 master br-test")
    since = time.monotonic()
    back = follows("back in its bridge", lambda: settled(net), since)
    shortcuts(net)
    figures(net, "spoke: out of its bridge, and back", flowing, gone=gone, back=back)
    assert_same_everywhere(net)


def test_spoke_moves_to_another_bridge(net, flowing):
    """What was behind the former bridge is not told any more; what is behind the other one is."""
    there = "02:00:00:00:01:55"
    net.spoke1.ip("link add br-other type bridge mcast_snooping 0", "link set br-other up", "link set tun2 master br-other")
    since = time.monotonic()

    def vm1_is_gone():
        assert VM1_MAC not in macs(net.hub) and not tunnel_targets(net.spoke2, VM1_MAC)
        return settled(net)

    moved = follows("in the other bridge", vm1_is_gone, since)
    net.spoke1.ip("link add host type veth peer name port", "link set port master br-other", "link set port up", "link set host up")
    send_frames(net.spoke1, "host", marked(b"from the other bridge", there))
    poll(lambda: there in macs(net.hub), 5, what="the hub hears what is behind the other bridge")
    assert_same_everywhere(net)
    net.spoke1.ip("link set tun2 master br-test")
    since = time.monotonic()

    def other_is_gone():
        assert there not in macs(net.hub)
        return settled(net)

    back = follows("in its bridge again", other_is_gone, since)
    net.spoke1.ip("link del host", "link del br-other")
    shortcuts(net)
    figures(net, "spoke: to another bridge, and back", flowing, there=moved, back=back)
    assert_same_everywhere(net)


@pytest.mark.parametrize("name", ["spoke1", "hub"])
def test_link_down_and_up(net, flowing, name):
    """The kernel drops what a device that goes down had; nobody else need know, and it is there again at once."""
    net[name].ip("link set tun2 down")
    gone = says(net[name], "is down")
    net[name].ip("link set tun2 up")
    since = time.monotonic()
    back = follows(f"{name} is up", lambda: settled(net), since)
    figures(net, f"{name}: link down, and up", flowing, gone=gone, back=back)
    shortcuts(net)
    assert_same_everywhere(net)


@pytest.mark.parametrize("name", ["spoke1", "hub"])
def test_controller_deleted_and_recreated(net, flowing, name):
    """Without its controller a node cannot talk, but frames flow on; it is the same way when it is there again."""
    router, number = net[name], int(NBMA[name].rsplit(".", 1)[1])
    flowing.whole = [flowing.unicast, flowing.broadcast]
    router.ip("link del tun1")
    gone = says(router, "controller tun1")
    assert tunnel_targets(net.spoke1, VM2_MAC) and tunnel_targets(net.spoke2, VM1_MAC)
    MainNet.add_gre(router, number)
    since = time.monotonic()
    back = follows("the controller is back", lambda: settled(net), since)
    figures(net, f"{name}: controller deleted, and made again", flowing, gone=gone, back=back)
    assert_same_everywhere(net)


def test_device_renamed_while_zebra_is_down(net):
    """It is the VPN's no more: its settings are what they were before, and the entries of the VPN are gone."""
    net.spoke1.ip("link del tun2")
    net.spoke1.ip(
        f"link add tun2 type vxlan id {VNI['spoke1']} local {NBMA['spoke1']} dstport 4789",
        "link set tun2 master br-test",
        "link set tun2 up",
    )
    poll(lambda: settled(net), 5)
    assert "nolearning" in net.spoke1.run("ip -d link show tun2")
    net.spoke1.kill("zebra")
    net.spoke1.ip("link set tun2 down", "link set tun2 name tun9", "link set tun9 up")
    net.spoke1.revive("zebra")

    def as_it_was():
        assert "nolearning" not in net.spoke1.run("ip -d link show tun9")
        assert f"dst {NBMA['hub']} " not in net.spoke1.run("bridge fdb show dev tun9")
        return nothing_of_spoke1(net) and not undo_notes(net.spoke1)

    poll(as_it_was, 60, step=0.5, what="tun9 is as tun2 was made")
    net.spoke1.ip("link set tun9 down", "link set tun9 name tun2", "link set tun2 up")
    since = time.monotonic()
    measured("spoke: device renamed", back=follows("its name again", lambda: settled(net), since))
    shortcuts(net)
    assert_same_everywhere(net)


# --- the hub --------------------------------------------------------------------------


def test_hub_device_deleted_and_recreated(net, flowing):
    """The members and their MACs are stated to the new device; shortcuts do not notice."""
    former, members = ifindex(net.hub), mainjob.all_members()
    flowing.whole = [flowing.unicast]
    net.hub.ip("link del tun2")
    gone = says(net.hub, "does not exist", undone=lambda note: "tun2" in note)
    back = follows("the hub is back", lambda: settled(net, members), hub_device(net))
    figures(net, "hub: device deleted, and made again", flowing, gone=gone, back=back)
    assert_same_everywhere(net)
    assert not [line for line in leftovers(net, f'"ifindex":{former},') if line[0] == "hub"]
    shortcuts(net)


def remap(hub, former, vni):
    """Map VLAN 1 to another VNI, in one go; again when the module was quicker, which maps a VLAN that has none."""
    lines = (f"vlan del dev tun2 vid 1 tunnel_info id {former}", f"vlan add dev tun2 vid 1 tunnel_info id {vni}")
    batch = "".join(line + "\n" for line in lines)
    poll(lambda: hub.attempt("bridge -batch -", stdin=batch)[0] == 0, 5, what="the VLAN is mapped anew")


def test_hub_gets_another_vni(net, flowing):
    """By another mapping of the VLAN on the tunnel's port: the spokes hear of it and send by the new one."""
    other = 5001
    flowing.whole = [flowing.unicast]
    remap(net.hub, HUB_VNI, other)
    since = time.monotonic()
    there = follows("VNI 5001", lambda: settled(net, hub=(NBMA["hub"], other)), since)
    assert_same_everywhere(net)
    found = leftovers(net, str(HUB_VNI))
    assert not found, found
    net.hub.run(f"bridge vlan del dev tun2 vid 1 tunnel_info id {other}")
    since = time.monotonic()
    back = follows("its own VNI again", lambda: settled(net), since)
    assert_same_everywhere(net)
    assert not leftovers(net, str(other))
    figures(net, "hub: another VNI, and back", flowing, there=there, back=back)


def test_hub_gets_another_address(net, flowing):
    """Its VXLAN device is made again with a local address: frames go there, NHRP goes on as before."""
    seconds, flowing.whole = [], [flowing.unicast]
    for local in (OTHER["hub"], NBMA["hub"]):
        net.hub.ip("link del tun2")
        net.hub.ip(
            f"link add tun2 type vxlan external vnifilter nolearning local {local} dstport 4789",
            "link set tun2 master br-test",
            "link set tun2 up",
        )
        since = time.monotonic()
        seconds.append(follows(f"hub at {local}", lambda local=local: settled(net, hub=(local, HUB_VNI)), since))
        assert_same_everywhere(net)
    figures(net, "hub: another local address, and back", flowing, there=seconds[0], back=seconds[1])


def test_hub_leaves_its_bridge(net, flowing):
    flowing.whole = [flowing.unicast]
    net.hub.ip("link set tun2 nomaster")
    gone = says(net.hub, "not a port of a bridge", undone=lambda note: note[0] in OF_PORT)
    net.hub.ip("link set tun2 master br-test")
    since = time.monotonic()
    back = follows("back in its bridge", lambda: settled(net), since)
    figures(net, "hub: out of its bridge, and back", flowing, gone=gone, back=back)
    assert_same_everywhere(net)


def test_hub_moves_to_another_bridge(net, flowing):
    flowing.whole = [flowing.unicast]
    net.hub.ip("link add br-other type bridge vlan_filtering 1", "link set br-other up", "link set tun2 master br-other")
    since = time.monotonic()
    there = follows("in the other bridge", lambda: settled(net), since)
    assert_same_everywhere(net)
    assert "mcast_snooping 0" in net.hub.run("ip -d link show br-other")
    poll(lambda: "mcast_snooping 1" in net.hub.run("ip -d link show br-test"), 5, what="the former bridge is as it was")
    net.hub.ip("link set tun2 master br-test")
    since = time.monotonic()
    back = follows("in its bridge again", lambda: settled(net), since)
    net.hub.ip("link del br-other")
    figures(net, "hub: to another bridge, and back", flowing, there=there, back=back)
    assert_same_everywhere(net)


def test_all_is_as_it_was(net):
    """After all of that: the same members, settings and entries as at the begin, and frames by shortcuts again."""
    settled(net)
    shortcuts(net)
    assert_same_everywhere(net)
    assert not leftovers(net, *OTHER.values(), "br-other", " 200 ", "5001")
    with Flow(net.vm1, "eth1", net.vm2, "eth1", src=VM1_MAC, dst=VM2_MAC, rate=500) as flow:
        poll(lambda: flow.so_far()["sent"] > 1000, 10)
    assert flow.result()["lost"] == 0
