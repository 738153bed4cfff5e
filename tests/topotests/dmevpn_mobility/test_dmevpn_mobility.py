# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM moves from spoke1 to spoke2 while spoke3 sends to it by a shortcut; the net is drawn in lib/roaming.py.

Guards: the hub learns of it from the first frame, or from the new home where none comes by the hub; exactly those that had
asked are purged, and the old home is told; a third spoke reaches the VM again within a second and two round trips, by a
shortcut within two seconds more (figures are printed); hosts behind the old home reach it, too; what the old home
said before, said again, changes nothing; a MAC that moves too often is held, shown, and released by time and by hand.

A VM that says nothing at all after its move cannot be found by anybody: no frame of it tells, and whoever sends to it gets
no answer. What holds then is that a broadcast reaches it, as ARP is once a neighbour does not answer, and its reply tells.
"""

import contextlib
import time

import pytest

from codec_decoder.craft import mac as octets
from lib import mainjob
from lib.capture import Capture
from lib.flow import Flow
from lib.frames import EXPERIMENT, marked, send_frames, vxlan_inner
from lib.measured import measured
from lib.poll import holds, poll
from lib.roaming import ROAMER_IP, ROAMER_MAC, VM3_IP, VM3_MAC, RoamingNet

NET = RoamingNet
OLD, NEW, THIRD, HUB = "10.0.0.2", "10.0.0.3", "10.0.0.5", "10.0.0.1"
REACHED, SHORTCUT = 1.0, 2.0  # seconds
FLAPPER = "02:00:00:00:00:99"
UNASKED, UNASKED_NEXT = "02:00:00:00:00:97", "02:00:00:00:00:98"


def prepare(net):
    net.add_devices()
    net.start_frr(__file__.rpartition("/")[0])
    poll(lambda: len(mainjob.members(net.hub)) == 3, 15, what="the spokes are members")
    # the tests themselves move it more often than any VM should
    code, said = net.hub.configure("interface tun2", "ip nhrp vpn dup-addr-detection max-moves 1000 time 180")
    assert code == 0, said
    mainjob.watch(net)


def binding(net, mac=ROAMER_MAC):
    """What the hub has of a MAC; {} when that is nothing."""
    return mainjob.macs(net.hub).get(mac, [{}])[0]


def shortcut(spoke, mac):
    return [e["remoteVtep"] for e in mainjob.macs(spoke).get(mac, []) if e["type"] == "shortcut"]


def straight(net, mac, target):
    """spoke3's kernel sends straight to `target` what is for the MAC."""
    return [dst for dst, _ in mainjob.tunnel_targets(net.spoke3, mac)] == [target]


def settle_at_old_home(net):
    """The roamer is at spoke1, talks with vm3 by shortcuts both ways, and spoke1 has registered it."""
    net.place(1)
    net.announce(1)
    poll(lambda: binding(net).get("remoteVtep") == OLD, 10, what="the hub has it at spoke1")

    def talking():
        net.roamer.ping(VM3_IP, count=1)
        return straight(net, ROAMER_MAC, OLD) and shortcut(net.spoke1, VM3_MAC)

    poll(talking, 20, step=0.2, what="shortcuts both ways")
    poll(lambda: registrations(net, "spoke1"), 10, what="spoke1 has registered the roamer")
    assert net.vm1.ping(ROAMER_IP, count=2)[1], "a host behind the same spoke reaches it"


def registrations(net, spoke):
    """Frames on the spoke's wire by which it registered the roamer, the last one last."""
    found = []
    for frame in net.wire[spoke].frames(mainjob.gre_payload):
        message = mainjob.decode_frame(frame)
        if message.type == "registration-request" and ROAMER_MAC in [c.protocol_text for c in message.cies]:
            found.append(frame)
    return found


def purges(net, mac=ROAMER_MAC):
    """[(to whom, message)] of all purges of the MAC that the hub has sent, repeated ones too."""
    sent = mainjob.nhrp(net, "purge-request", where=("hub",))
    return [(m.outer_destination, m) for m in sent if m.outer_source == HUB and mac in [c.protocol_text for c in m.cies]]


def is_of_flow(inner):
    """A frame of the flow from vm3 to the roamer."""
    return inner[:14] == octets(ROAMER_MAC) + octets(VM3_MAC) + EXPERIMENT.to_bytes(2, "big")


def arrivals(net, since, source=None):
    """Times at which frames of the flow reached spoke2, by way of the hub or straight."""
    found = [(when, vxlan_inner(frame)) for when, frame in net.wire["spoke2"].timed() if when >= since]
    return [when for when, i in found if i and i[1] == NEW and is_of_flow(i[3]) and source in (None, i[0])]


def from_roamer(net, since, spoke="spoke2"):
    """When its first frame left the new home, as captured there."""
    found = [
        when
        for when, frame in net.wire[spoke].timed()
        if when >= since and (i := vxlan_inner(frame)) and i[0] == NEW and i[3][6:12].hex(":") == ROAMER_MAC
    ]
    return found[0] if found else None


def announce(net):
    net.announce(2)


def speak(net):
    net.say(2, b"a frame for one", VM3_MAC)


def speak_past_the_hub(net):
    """spoke2 has a shortcut to vm3, so that the hub hears none of it: it is told by spoke2."""
    speak(net)


@contextlib.contextmanager
def far_apart(net, delay):
    """Every frame between the sites takes `delay` ms."""
    for router in net.routers() if delay else ():
        router.run(f"tc qdisc add dev eth1 root netem delay {delay}ms limit 10000")
    yield 2 * delay / 1000
    for router in net.routers() if delay else ():
        router.run("tc qdisc del dev eth1 root")


@pytest.mark.parametrize("how", (announce, speak, speak_past_the_hub), ids=lambda f: f.__name__)
def test_vm_moves(net, how):
    reached, direct = vm_moves(net, how, 0)
    assert reached < REACHED and direct < SHORTCUT


@pytest.mark.parametrize("delay", (40,))
def test_vm_moves_between_sites_far_apart(net, delay):
    with far_apart(net, delay) as round_trip:
        reached, direct = vm_moves(net, announce, round_trip)
    assert reached < REACHED + 2 * round_trip and direct < SHORTCUT


def vm_moves(net, how, round_trip):
    """The move, with all that must hold whatever it takes; seconds until it is reached, and from then to the shortcut."""
    settle_at_old_home(net)
    if how is speak_past_the_hub:
        poll(lambda: net.spoke2.run(f"ping -c1 -W1 {VM3_IP} || true") and shortcut(net.spoke2, VM3_MAC), 20, step=0.2)
    number = binding(net)["moveNumber"]
    asked_before = len(purges(net))
    flow = Flow(net.vm3, "eth1", net.roamer, "eth1", src=VM3_MAC, dst=ROAMER_MAC, rate=200)
    with flow:
        poll(lambda: flow.so_far()["received"] > 20, 5, what="the flow runs")
        net.place(2)
        moved = time.time()
        how(net)
        poll(lambda: arrivals(net, moved), 5, what="frames reach the roamer at its new home")
        poll(lambda: arrivals(net, moved, THIRD), 10, what="frames come straight from spoke3")
    start = from_roamer(net, moved)
    assert start, "its first frame was captured"
    reached, direct = arrivals(net, moved)[0] - start, arrivals(net, moved, THIRD)[0] - start
    measured(f"mobility, {how.__name__}, round trip {round_trip:g} s", reached=reached, shortcut=direct, unit="s after its first frame")
    assert binding(net)["remoteVtep"] == NEW and binding(net)["moveNumber"] == number + 1
    told = {to for to, _ in purges(net)[asked_before:]}
    assert told == {THIRD, OLD}, "who had asked, and the former home; nobody else"
    (last,) = {m.extensions["moves"][0][0] for to, m in purges(net)[asked_before:] if to == OLD}
    assert last == number + 1 and all("moves" not in m.extensions for to, m in purges(net)[asked_before:] if to == THIRD)
    poll(lambda: not [e for e in net.spoke1.fdb("eth3") if e["mac"] == ROAMER_MAC], 5, what="the old home's bridge has forgotten it")
    assert net.vm1.ping(ROAMER_IP, count=3)[1], "a host behind the old home reaches it"
    return reached, direct - reached


def test_who_has_not_asked_is_not_told(net):
    """A MAC that nobody has asked for moves: its former home is told, and of the two other spokes none."""
    send_frames(net.vm1, "eth1", marked(b"at home", UNASKED))
    poll(lambda: binding(net, UNASKED).get("remoteVtep") == OLD, 5, what="the hub hears it at spoke1")
    send_frames(net.vm2, "eth1", marked(b"moved", UNASKED))
    poll(lambda: binding(net, UNASKED).get("remoteVtep") == NEW, 5, what="the hub hears it at spoke2")
    poll(lambda: {to for to, _ in purges(net, UNASKED)} == {OLD}, 5, what="its former home is told")
    # what is told later is about another MAC: by then it would have been told of this one, too
    send_frames(net.vm2, "eth1", marked(b"at home", UNASKED_NEXT))
    poll(lambda: binding(net, UNASKED_NEXT).get("remoteVtep") == NEW, 5)
    send_frames(net.vm1, "eth1", marked(b"moved", UNASKED_NEXT))
    poll(lambda: NEW in {to for to, _ in purges(net, UNASKED_NEXT)}, 5, what="of the next one spoke2 is told")
    assert {to for to, _ in purges(net, UNASKED)} == {OLD}
    assert {to for to, _ in purges(net, UNASKED_NEXT)} == {NEW}


def test_silent_vm_is_found_by_a_broadcast(net):
    settle_at_old_home(net)
    net.place(2)
    net.vm3.ip("neigh flush dev eth1")
    asked = time.time()
    poll(lambda: net.vm3.ping(ROAMER_IP, count=1)[1], 10, step=0.01, what="it answers")
    took = time.time() - asked
    measured("mobility, silent until asked by ARP", answered=took, unit="s after the first request")
    assert binding(net)["remoteVtep"] == NEW
    poll(lambda: not [e for e in net.spoke1.fdb("eth3") if e["mac"] == ROAMER_MAC], 5)


def test_old_words_change_nothing(net):
    """What spoke1 said of the VM before it moved, said again by the wire, once and many times."""
    settle_at_old_home(net)
    old = registrations(net, "spoke1")[-1]
    net.place(2)
    net.announce(2)
    poll(lambda: binding(net).get("remoteVtep") == NEW, 5)
    poll(lambda: not [e for e in net.spoke1.fdb("eth3") if e["mac"] == ROAMER_MAC], 5)
    number = binding(net)["moveNumber"]
    before = len(purges(net))
    replies = len(mainjob.nhrp(net, "registration-reply", where=("hub",)))
    for _ in range(5):
        send_frames(net.spoke1, "eth1", old)
        holds(lambda: (binding(net)["remoteVtep"], binding(net)["moveNumber"]) == (NEW, number), 0.3)
    refused = [
        m
        for m in mainjob.nhrp(net, "registration-reply", where=("hub",))[replies:]
        if ROAMER_MAC in [c.protocol_text for c in m.cies]
    ]
    assert len(refused) == 5
    assert {(m.cies[0].code, m.extensions["moves"][0][0]) for m in refused} == {(14, number)}
    assert len(purges(net)) == before, "nobody was told of a move"


# --- duplicates ---


def flap(net, times, first=0):
    """Frames of one MAC from both sites in turn; the hub hears each before the next."""
    for turn in range(first, first + times):
        host, home = ((net.vm1, OLD), (net.vm2, NEW))[turn % 2]
        send_frames(host, "eth1", marked(b"here I am", FLAPPER))
        poll(lambda home=home: binding(net, FLAPPER).get("remoteVtep") == home, 5, what=f"the hub hears it at {home}")


def duplicates(net):
    return net.hub.vtysh_json("show ip nhrp vpn duplicate json").get("duplicates", [])


@pytest.fixture
def held(net):
    """The flapping MAC has moved six times and is held at vm1's spoke; 30 s is the shortest time for that."""
    code, said = net.hub.configure("interface tun2", "no ip nhrp vpn dup-addr-detection max-moves", "ip nhrp vpn dup-addr-detection freeze 30")
    assert code == 0, said
    if not duplicates(net):
        for line in ("no ip nhrp vpn dup-addr-detection", "ip nhrp vpn dup-addr-detection"):  # forgets what moved before
            net.hub.configure("interface tun2", line)
        flap(net, 1)
        poll(lambda: binding(net, FLAPPER), 5)
        flap(net, 5, 1)
        assert not duplicates(net) and "duplicate" not in binding(net, FLAPPER), "five moves are none too many"
        flap(net, 1, 6)
    poll(lambda: duplicates(net), 5, what="it is held")
    return duplicates(net)[0]


def test_flapping_mac_is_held_and_shown(net, held):
    assert (held["address"], held["remoteVtep"], held["otherVtep"], held["moves"]) == (FLAPPER, OLD, NEW, 6)
    assert held["releasedIn"] <= 30 and not held["permanent"]
    assert binding(net, FLAPPER)["duplicate"] is True
    said = [line for line in net.hub.log("nhrpd").splitlines() if "duplicate address" in line and FLAPPER in line]
    assert len(said) == 1 and OLD in said[0] and NEW in said[0], "reported once, with both places"
    assert FLAPPER in net.hub.vtysh("show ip nhrp vpn duplicate")
    before = mainjob.zebra_counters(net.hub)
    with Capture(net.vm3, "eth1", direction="in") as there:
        send_frames(net.vm2, "eth1", marked(b"not from there", FLAPPER))
        poll(lambda: mainjob.zebra_counters(net.hub)["duplicateDropped"] > before["duplicateDropped"], 5)
        send_frames(net.vm1, "eth1", marked(b"from home", FLAPPER))
        there.wait_for(lambda f: b"from home" in f)
    assert not there.frames(lambda f: b"not from there" in f)
    assert binding(net, FLAPPER)["remoteVtep"] == OLD and mainjob.zebra_counters(net.hub)["moved"] == before["moved"]


def test_held_mac_stays_held_over_a_crash_of_nhrpd(net, held):
    net.hub.kill("nhrpd")
    net.hub.revive("nhrpd")
    poll(lambda: duplicates(net), 20, what="the switch's map knows it")
    assert duplicates(net)[0]["address"] == FLAPPER
    assert "otherVtep" not in duplicates(net)[0]
    poll(lambda: len(mainjob.members(net.hub)) == 3, 20)


def test_held_mac_is_released_by_clear(net, held):
    code, said = net.hub.vtysh_attempt("clear ip nhrp vpn duplicate 02:00:00:00:0f:0f")
    assert "No such address" in said and duplicates(net)
    code, said = net.hub.vtysh_attempt(f"clear ip nhrp vpn duplicate {FLAPPER} vpn-id 2")
    assert "No such address" in said and duplicates(net)
    net.hub.vtysh(f"clear ip nhrp vpn duplicate {FLAPPER} vpn-id 1")
    assert not duplicates(net) and net.hub.vtysh_json("show ip nhrp vpn duplicate json") == {}
    assert "No address is held" in net.hub.vtysh("show ip nhrp vpn duplicate")
    flap(net, 2, 1)


def test_held_mac_is_released_by_its_timer(net, held):
    since = time.time()
    poll(lambda: not duplicates(net), 35, step=0.5, what="it is released by itself")
    measured("mobility, held MAC released by its timer", seconds=time.time() - since, left=held["releasedIn"])
    assert time.time() - since >= held["releasedIn"] - 2
    flap(net, 2, 1)


def test_everything_agrees_in_the_end(net):
    poll(lambda: net.hub.vtysh_json("show ip nhrp vpn consistency json").get("differences") == [], 20)
    assert holds_nothing(net.hub) and holds_nothing(net.spoke1)


def holds_nothing(router):
    return router.vtysh_json("show ip nhrp vpn duplicate json") == {}
