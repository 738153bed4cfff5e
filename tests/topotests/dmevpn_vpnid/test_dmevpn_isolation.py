# SPDX-License-Identifier: GPL-2.0-or-later
"""Ethernet VPNs of the same index stay apart, and what somebody without keys tries against that.

The main job's net (lib.net.PICTURE), whose hub carries two VPNs by one controller:

    VPN 1              VLAN 1,  VNI 4097    spoke1 and spoke2, as ever
    VPN 00:00:5e:1     VLAN 13, VNI 4109    the outsider 10.0.0.4, which knows no VPNs: plain messages are of this VPN

Guards: the outsider registers, without headers, the very MACs that live in VPN 1, and asks, purges, answers and
redirects under both VPN-IDs and under some that are nowhere. Nothing of VPN 1 is answered, changed or purged: not at
the hub, not at the spokes, not in their kernels; and no frame of VPN 1 gets to the outsider, nor one of its to VPN 1.
"""

import pytest

from codec_decoder import craft
from codec_decoder.craft import END, cie, extension, ip, mac, vni
from lib import mainjob
from lib.capture import Capture
from lib.frames import marked, send_frames, send_gre, send_vxlan, vxlan_inner
from lib.net import SPOKE2_BRIDGE_MAC, VM1_MAC
from lib.poll import holds, poll

OUTSIDER = "10.0.0.4"
OUTSIDER_MAC = "02:00:00:00:44:44"
OUTSIDER_VNI = 204
OTHER_VNI = 4096 + 13
OTHER = (0x00005E, 1)
MINE = (0, 1)
TUNNEL_KEY = 42
PURGE_REQUEST, PURGE_REPLY, REGISTRATION_REPLY, RESOLUTION_REPLY = 5, 6, 4, 2


def prepare(net):
    net.add_devices()
    net.start_frr()
    mainjob.watch(net)
    code, said = net.hub.configure("interface tun2", "ip nhrp vpn-id 1 oui 00:00:5e vlan 13")
    assert code == 0, said


def state(router):
    """What a router holds of VPN 1, in nhrpd and in its kernel; times left out."""
    members = router.vtysh_json("show ip nhrp vpn members json").get("members", [])
    found = mainjob.macs(router)
    kept = ("nbma", "vni", "mac", "transport", "holdtime", "numMacs", "vpnAware")
    return (
        sorted([m[key] for key in kept] for m in members if m["vpnId"] == "1"),
        sorted((a, m["type"], m["remoteVtep"], m["vni"]) for a, l in found.items() for m in l if m["vpnId"] == "1"),
        {address: kernel_targets(router, address) for address in (VM1_MAC, SPOKE2_BRIDGE_MAC)},
    )


def kernel_targets(router, address):
    """[(dst, vni)] of a MAC in the kernel, in VPN 1: a hub's entries name the VNI by which they were made."""
    found = router.fdb_vxlan("tun2", address)
    return [(e["dst"], e.get("vni")) for e in found if e.get("src_vni") in (None, mainjob.HUB_VNI)]


def states(net):
    return {router.name: state(router) for router in net.routers()}


def refusals(router):
    return router.vtysh_json("show ip nhrp vpn counters json")["refused"]


def message(kind, vpn, nbma=OUTSIDER, number=OUTSIDER_VNI, source=OUTSIDER_MAC, about=None, request_id=1, **parts):
    """A message with MAC addresses in a VPN (OUI, index), or without headers for None."""
    draft = craft.message(
        kind,
        ip(nbma),
        vni(number),
        mac(source),
        mac(about or source),
        request_id=request_id,
        extensions=[extension(3, compulsory=True), END] if kind < 7 else [],
        **parts,
    )
    return draft.pack() if vpn is None else craft.vpn(draft.pack(), vpn[1], vpn[0])


def outsider_says(net, *payloads, to="hub"):
    send_gre(net.outsider, OUTSIDER, mainjob.NBMA[to], *[craft.gre(p, TUNNEL_KEY) for p in payloads])


def answers(net, request_id):
    """The replies and errors to the outsider with, or about, that ID."""
    about = request_id.to_bytes(4, "big")
    found = [m for m in mainjob.nhrp(net, where=("hub",)) if m.outer_destination == OUTSIDER]
    return [m for m in found if m.request_id == request_id or about in m.packet]


def test_main_job(net):
    """Before anything is tried: VPN 1 works, with its shortcut."""
    poll(lambda: mainjob.members(net.hub) == mainjob.all_members(), 20, what="both spokes are members")
    assert net.vm1.ping("11.0.0.11", count=3) == (3, 3)
    poll(lambda: mainjob.tunnel_targets(net.spoke1, SPOKE2_BRIDGE_MAC), 10, what="spoke1 has its shortcut")
    poll(lambda: mainjob.tunnel_targets(net.spoke2, VM1_MAC), 10, what="so has spoke2")
    found = {i["vpnId"]: i for i in net.hub.vtysh_json("show ip nhrp vpn json")["instances"]}
    poll(lambda: net.hub.vtysh_json("show ip nhrp vpn json")["instances"][1]["state"] == "up", 10)
    assert found["00:00:5e:1"]["vni"] == OTHER_VNI


def test_plain_before_the_line(net):
    """Nobody has given plain messages a VPN: one with MAC addresses is dropped by the guard."""
    before = net.hub.vtysh_json("show ip nhrp vpn counters json")["plain"]["protocol"]
    outsider_says(net, message(craft.REGISTRATION_REQUEST, None, cies=[cie()], request_id=10))
    poll(lambda: net.hub.vtysh_json("show ip nhrp vpn counters json")["plain"]["protocol"] == before + 1, 5)
    assert not answers(net, 10) and len(mainjob.members(net.hub)) == 2


def test_plain_member(net):
    """With the line the outsider is a member of 00:00:5e:1, with the MACs of VPN 1 behind it; it hears no VPN-ID."""
    code, said = net.hub.configure("interface tun1", "ip nhrp vpn plain-messages vpn-id 1 oui 00:00:5e")
    assert code == 0, said
    before = states(net)
    macs = [cie(protocol=mac(m)) for m in (VM1_MAC, SPOKE2_BRIDGE_MAC)]
    outsider_says(net, message(craft.REGISTRATION_REQUEST, None, cies=[cie()], request_id=20))
    (reply,) = poll(lambda: answers(net, 20), 5, what="the hub answers")
    assert (reply.type, reply.vpn_index, [c.code for c in reply.cies]) == ("registration-reply", None, [0])
    outsider_says(net, message(craft.REGISTRATION_REQUEST, None, cies=macs, request_id=21))
    (reply,) = poll(lambda: answers(net, 21), 5, what="the hub answers")
    assert (reply.vpn_index, [c.code for c in reply.cies]) == (None, [0, 0])

    members = net.hub.vtysh_json("show ip nhrp vpn members json")["members"]
    (plain,) = [m for m in members if m["vpnId"] == "00:00:5e:1"]
    assert (plain["nbma"], plain["vni"], plain["numMacs"], plain["vpnAware"]) == (OUTSIDER, OUTSIDER_VNI, 2, False)
    homes = {(m["vpnId"], m["remoteVtep"]) for m in mainjob.macs(net.hub)[VM1_MAC]}
    assert homes == {("1", mainjob.NBMA["spoke1"]), ("00:00:5e:1", OUTSIDER)}
    assert states(net) == before, "the same MACs in VPN 1 have not moved"


def table(router, command, columns):
    """The rows of a text table as {column: text}; each value stands below the beginning of its column's name."""
    head, rule, *rows = router.vtysh(command).splitlines()
    assert set(rule) <= {"-", " "} and rule.strip(), rule
    starts = [head.index(column) for column in columns]
    assert starts == sorted(starts), head
    rows = [row for row in rows if row.strip() and not row.startswith(("VPN ", "Plain "))]
    for row in rows:
        assert all(row[at - 1] == " " and row[at] != " " for at in starts if at), f"{head}\n{row}"
    return [dict(zip(columns, (row[a:b].strip() for a, b in zip(starts, starts[1:] + [None])))) for row in rows]


def test_tables(net):
    """The text of the show commands keeps its columns with a VPN-ID as long as they get, and says what JSON says."""
    hub = net.hub
    rows = table(hub, "show ip nhrp vpn", ("Interface", "VPN", "Role", "VNI", "State", "Hub or members", "MACs"))
    assert [(r["VPN"], r["Role"], r["VNI"], r["State"]) for r in rows] == [
        ("1", "hub", str(mainjob.HUB_VNI), "up"),
        ("00:00:5e:1", "hub", str(OTHER_VNI), "up"),
    ]
    assert [r["Hub or members"] for r in rows] == ["2 members", "1 member"]
    rows = table(hub, "show ip nhrp vpn members", ("Interface", "VPN", "NBMA", "VNI", "MAC", "Expires", "MACs"))
    assert ("00:00:5e:1", OUTSIDER, str(OUTSIDER_VNI), OUTSIDER_MAC) in {
        (r["VPN"], r["NBMA"], r["VNI"], r["MAC"]) for r in rows
    }
    assert len(rows) == 3 and all(r["Interface"] == "tun2" and r["Expires"].endswith("s") for r in rows)
    rows = table(hub, "show ip nhrp vpn mac", ("MAC", "Interface", "VPN", "Type", "Remote VTEP", "VNI", "Expires"))
    homes = {(r["VPN"], r["Remote VTEP"]) for r in rows if r["MAC"] == VM1_MAC}
    assert homes == {("1", mainjob.NBMA["spoke1"]), ("00:00:5e:1", OUTSIDER)}
    assert "Plain messages on tun1 are of VPN 00:00:5e:1\n" in hub.vtysh("show ip nhrp vpn")


def test_plain_question(net):
    """It is answered from its own VPN, and only from there; VPN 1's MACs of the spokes themselves are unknown there."""
    hub_mac = net.spoke1.json("ip -j link show dev tun2")[0]["address"]
    outsider_says(net, message(craft.RESOLUTION_REQUEST, None, about=hub_mac, request_id=30))
    (reply,) = poll(lambda: answers(net, 30), 5, what="the hub answers")
    assert (reply.vpn_index, reply.cies[0].code, reply.cies[0].nbma) == (None, 12, b"")


@pytest.mark.parametrize("vpn", [MINE, (0, 2), (0x5E, 2), (0x5F, 1), (0x5E0000, 1), (0xFFFFFF, 0xFFFFFFFF)])
def test_forged_requests(net, vpn):
    """Registration, question and purge under another VPN-ID: refused as a contradiction, error 16, nothing moved."""
    before, count = states(net), refusals(net.hub)["vpnMismatch"]
    gone = [cie(protocol=mac(VM1_MAC)), cie(protocol=mac(SPOKE2_BRIDGE_MAC)), cie(protocol=mac(VM1_MAC), prefix=1)]
    outsider_says(
        net,
        message(craft.REGISTRATION_REQUEST, vpn, cies=[cie()], request_id=40),
        message(craft.REGISTRATION_REQUEST, vpn, cies=[cie(protocol=mac(VM1_MAC))], request_id=41),
        message(craft.RESOLUTION_REQUEST, vpn, about=VM1_MAC, request_id=42),
        message(PURGE_REQUEST, vpn, cies=gone, request_id=43),
        # in the name of spoke1, from elsewhere
        message(PURGE_REQUEST, vpn, mainjob.NBMA["spoke1"], 100, VM1_MAC, cies=gone, request_id=44),
        message(PURGE_REPLY, vpn, cies=gone, request_id=45),
    )
    poll(lambda: refusals(net.hub)["vpnMismatch"] == count + 6, 5, what="all of them are refused")
    for error in [m for number in range(40, 46) for m in answers(net, number)]:
        assert (error.type, error.error_code) == ("error-indication", 16), error
    assert states(net) == before


def test_forged_plain(net):
    """Purges without headers of what is VPN 1's: its own VPN loses them, VPN 1 does not."""
    before = states(net)
    gone = [cie(protocol=mac(VM1_MAC)), cie(protocol=mac(SPOKE2_BRIDGE_MAC))]
    outsider_says(net, message(PURGE_REQUEST, None, cies=gone, request_id=50))
    poll(lambda: answers(net, 50), 5, what="it is acknowledged")
    poll(lambda: {m["vpnId"] for m in mainjob.macs(net.hub)[VM1_MAC]} == {"1"}, 5, what="gone in 00:00:5e:1")
    assert states(net) == before


@pytest.mark.parametrize("vpn", [OTHER, (0x5F, 1), (0, 2)])
def test_forged_words_of_the_hub(net, vpn):
    """In the hub's name to spoke1, under VPN-IDs that are none of spoke1's: no purge, no redirect, no answer, no error."""
    before, count = states(net), refusals(net.spoke1)["unknownVpn"]
    hub_mac = net.hub.json("ip -j link show dev tun2")[0]["address"]
    frame = mac(mainjob.STRANGER) + mac(VM1_MAC) + b"\x08\x00" + bytes(50)
    lie = [cie(ip(OUTSIDER), vni(OUTSIDER_VNI), mac(SPOKE2_BRIDGE_MAC))]
    # the ID of spoke1's last question, which its next one would have to be guessed for
    asked = mainjob.nhrp(net, "resolution-request", where=("spoke1",))[-1]
    words = [
        message(PURGE_REQUEST, vpn, mainjob.NBMA["hub"], OTHER_VNI, hub_mac, VM1_MAC, cies=[cie(protocol=mac(SPOKE2_BRIDGE_MAC))]),
        message(craft.TRAFFIC_INDICATION, vpn, mainjob.NBMA["hub"], OTHER_VNI, hub_mac, VM1_MAC, packet=frame),
        message(RESOLUTION_REPLY, vpn, mainjob.NBMA["spoke1"], 100, asked.source.hex(":"), asked.destination.hex(":"),
                request_id=asked.request_id, cies=lie),
        message(REGISTRATION_REPLY, vpn, mainjob.NBMA["spoke1"], 100, asked.source.hex(":"), cies=[cie(code=4, holding=0)]),
    ]  # fmt: skip
    send_gre(net.hub, mainjob.NBMA["hub"], mainjob.NBMA["spoke1"], *[craft.gre(w, TUNNEL_KEY) for w in words])
    poll(lambda: refusals(net.spoke1)["unknownVpn"] == count + 4, 5, what="all of them are refused")
    holds(lambda: states(net) == before, 1, what="nothing follows from them")
    assert mainjob.STRANGER not in mainjob.macs(net.spoke1)


def test_frames_stay_apart(net):
    """A flood in VPN 1 does not reach the outsider, nor one of its, under any VNI of the hub, VPN 1."""
    word = b"apart"
    with Capture(net.outsider, "eth1", direction="in") as there, Capture(net.vm2, "eth1", direction="in") as behind:
        send_frames(net.vm1, "eth1", marked(word + b" in VPN 1", VM1_MAC))
        behind.wait_for(lambda f: word in f, what="the flood arrives in VPN 1")
        for number in (OTHER_VNI, OUTSIDER_VNI, mainjob.HUB_VNI):
            send_vxlan(net.outsider, mainjob.NBMA["hub"], number, marked(word + b" from outside", OUTSIDER_MAC))
        send_frames(net.vm1, "eth1", marked(b"fence", VM1_MAC))
        behind.wait_for(lambda f: b"fence" in f, what="the fence arrives")
    assert not [f for f in there.frames() if vxlan_inner(f) and word in f]
    assert not [f for f in behind.frames() if b"from outside" in f]


def test_main_job_still(net):
    """The members, the shortcuts and the ping of the beginning."""
    assert {m for m in mainjob.members(net.hub) if m[0] != OUTSIDER} == mainjob.all_members()
    assert net.vm1.ping("11.0.0.11", count=3) == (3, 3)
    assert mainjob.tunnel_targets(net.spoke1, SPOKE2_BRIDGE_MAC) == [(mainjob.NBMA["spoke2"], 101)]


def test_every_message_to_the_outsider_is_plain(net):
    """But for errors about VPN-IDs that it named itself (RFC 2735 3.2, 3.4)."""
    heard = [m for m in mainjob.nhrp(net, where=("hub",)) if m.outer_destination == OUTSIDER]
    assert heard and {m.vpn_index for m in heard if m.type != "error-indication"} == {None}
