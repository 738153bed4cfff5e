# SPDX-License-Identifier: GPL-2.0-or-later
"""VPN-IDs with an OUI, peers that know no VPNs, and the default routing instance, on layer 3.

    tunnel  key   VPN           hub        spoke1     spoke2     stock (FRR's own nhrpd: it knows no VPNs)
    tun21   21    21            1.0.0.1*   1.0.0.2*   1.0.0.3    1.0.0.4       * plain messages are of VPN 21
    tun22   22    00:00:5e:21   1.0.0.1               1.0.0.2                  the same index and addresses
    tun23   23    23                       4.0.0.2*              4.0.0.4       stock is the hub here
    tun24   24    none          5.0.0.1    5.0.0.2                             the default routing instance

    hub 10.0.0.1, spoke1 10.0.0.2, spoke2 10.0.0.3, stock 10.0.0.4 in one network

Guards: FRR's own nhrpd is a member of a VPN by configuration, as a spoke and as a hub, and never sees a VPN-ID; who
knows VPNs is spoken to with headers on the same interface; VPNs of the same index and other OUIs stay apart with the
same addresses; a message in the wrong VPN, or in none, is refused as RFC 2735 3.4 says and binds nothing; VPN-ID 0 is
the default routing instance.

The tests tell one story: each stands on the state in which the one before left the net.
"""

import os

from codec_decoder import craft
from codec_decoder.craft import END, cie, extension, ip
from lib.capture import assert_tshark_agrees
from lib.frames import send_gre
from lib.frr import FrrNode
from lib.layer3 import add_tunnel, cache, counter, messages, start_captured
from lib.net import Net, Switch
from lib.poll import holds, poll

NBMA = {"hub": "10.0.0.1", "spoke1": "10.0.0.2", "spoke2": "10.0.0.3", "stock": "10.0.0.4"}
ADDRESSES = {
    "hub": {"tun21": "1.0.0.1", "tun22": "1.0.0.1", "tun24": "5.0.0.1"},
    "spoke1": {"tun21": "1.0.0.2", "tun23": "4.0.0.2", "tun24": "5.0.0.2"},
    "spoke2": {"tun21": "1.0.0.3", "tun22": "1.0.0.2"},
    "stock": {"tun21": "1.0.0.4", "tun23": "4.0.0.4"},
}
BINDINGS = {
    ("tun21", "1.0.0.2", NBMA["spoke1"]),
    ("tun21", "1.0.0.3", NBMA["spoke2"]),
    ("tun21", "1.0.0.4", NBMA["stock"]),
    ("tun22", "1.0.0.2", NBMA["spoke2"]),
    ("tun24", "5.0.0.2", NBMA["spoke1"]),
}
IANA = 0x00005E
PURGE_REQUEST = 5


class VpnIdNet(Net):
    """The tunnels of the picture, on one switch."""

    def __init__(self):
        super().__init__()
        lan = self.add("lan", Switch)
        for name in NBMA:
            node = self.add(name, FrrNode)
            self.link(node, "eth1", lan, name)
            node.ip(f"addr add {NBMA[name]}/24 dev eth1")
            for tunnel, address in ADDRESSES[name].items():
                add_tunnel(node, tunnel, NBMA[name], f"{address}/32")


NET = VpnIdNet


def prepare(net):
    start_captured(net, os.path.dirname(__file__))


# What there is to see and to send


def vpn_of(message):
    """(OUI, index) of a message, None for a plain one."""
    return None if message.vpn_index is None else (message.vpn_oui, message.vpn_index)


def said(net, source, destination, key):
    """{VPN of the messages that one node sent another by one tunnel}, errors left out."""
    found = [m for _, m in messages(net, source, key) if m.type != "error-indication"]
    return {vpn_of(m) for m in found if (m.outer_source, m.outer_destination) == (NBMA[source], NBMA[destination])}


def request(kind, source, destination, node, cies=(), request_id=4711):
    """A right IPv4 request of a node."""
    draft = craft.message(
        kind,
        ip(NBMA[node]),
        b"",
        ip(source),
        ip(destination),
        cies=cies,
        extensions=[extension(3, compulsory=True), END],
        flags=0x0002,
        request_id=request_id,
    )
    return draft.set(protocol=0x0800).pack()


def registration(source, node, destination="1.0.0.1", request_id=4711):
    return request(craft.REGISTRATION_REQUEST, source, destination, node, [cie(prefix=32)], request_id)


def send(net, node, payload, key):
    send_gre(net[node], NBMA[node], NBMA["hub"], craft.gre(payload, key))


def errors(net, node, code, request_id):
    """Error Indications of that code to a node about a request of that ID: [(VPN, message)]."""
    found = [m for _, m in messages(net, node, kind="error-indication") if m.error_code == code]
    about = request_id.to_bytes(4, "big")
    return [(vpn_of(m), m) for m in found if m.outer_destination == NBMA[node] and about in m.packet]


def replies(net, node, request_id):
    """[(VPN, message)] of the replies to a node with that ID."""
    found = [m for _, m in messages(net, node) if m.type.endswith("-reply") and m.request_id == request_id]
    return [(vpn_of(m), m) for m in found if m.outer_destination == NBMA[node]]


# The story


def test_lines(net):
    """Both commands are kept as they were given, and shown."""
    hub, shown = net["hub"], net["hub"].running_config()
    assert " ip nhrp vpn plain-messages vpn-id 21\n" in shown
    assert " ip nhrp vpn-id 21 oui 00:00:5e\n" in shown
    answer = poll(lambda: hub.vtysh_json("show ip nhrp vpn json"), 5)
    found = {i["vpnId"]: (i["interface"], i["role"]) for i in answer["instances"]}
    assert found == {"21": ("tun21", "l3"), "00:00:5e:21": ("tun22", "l3")}
    misplaced = {"holdtime", "keepalive", "gracefulRestart", "vlan", "vni", "arpSuppress"}
    assert not [i for i in answer["instances"] if misplaced & set(i)], "of VXLAN devices"
    wanted = {"interface": "tun21", "vpnId": "21", "oui": "00:00:00", "vpnIndex": 21, "state": "up"}
    poll(lambda: hub.vtysh_json("show ip nhrp vpn json")["plainMessages"] == [wanted], 5)
    rows = [line.split() for line in hub.vtysh("show ip nhrp vpn").splitlines()]
    assert ["tun22", "00:00:5e:21", "l3", "-", "up", "-", "-"] in rows
    assert "Plain messages on tun21 are of VPN 21".split() in rows


def test_registration(net):
    """Everyone is bound in the VPN that its messages name, or that the configuration gives them."""
    poll(lambda: cache(net["hub"], "dynamic") == BINDINGS, 20, what="the hub has everyone in every VPN")
    poll(lambda: ("tun21", "1.0.0.1") in {e[:2] for e in cache(net["stock"], "nhs")}, 10, what="so does the stock spoke")
    assert counter(net["hub"], "layer3", "plainAssigned") >= 2
    assert counter(net["hub"], "layer3", "sentPlain") >= 2
    assert net["stock"].ping("1.0.0.1") == (3, 3)


def test_each_in_its_own_form(net):
    """FRR's own nhrpd never sees a VPN-ID, spoke2 always does, on one interface of the hub; spoke1 is asked plainly."""
    for node in ("stock", "spoke1"):
        assert said(net, node, "hub", 21) == said(net, "hub", node, 21) == {None}, node
    assert said(net, "spoke2", "hub", 21) == said(net, "hub", "spoke2", 21) == {(0, 21)}
    assert said(net, "spoke2", "hub", 22) == said(net, "hub", "spoke2", 22) == {(IANA, 21)}
    assert said(net, "spoke1", "hub", 24) == said(net, "hub", "spoke1", 24) == {None}


def test_server_that_knows_no_vpns(net):
    """Our spoke in VPN 23 registers with FRR's own nhrpd: own requests leave without headers, from the first on."""
    poll(lambda: ("tun23", "4.0.0.4") in {e[:2] for e in cache(net["spoke1"], "nhs")}, 15, what="spoke1 is registered")
    assert ("tun23", "4.0.0.2", NBMA["spoke1"]) in cache(net["stock"], "dynamic")
    assert said(net, "spoke1", "stock", 23) == said(net, "stock", "spoke1", 23) == {None}
    assert net["spoke1"].ping("4.0.0.4") == (3, 3)


def test_resolution_with_a_stock_peer(net):
    """spoke1 resolves the stock node's address in VPN 21 by way of the hub; nobody on the way says a VPN-ID."""
    spoke1 = net["spoke1"]
    echo = craft.ipv4(b"\x08" + bytes(7), "1.0.0.2", "1.0.0.4", 1)
    indication = craft.message(
        craft.TRAFFIC_INDICATION, ip(NBMA["hub"]), b"", ip("1.0.0.1"), ip("1.0.0.2"), packet=echo
    ).set(protocol=0x0800)
    send_gre(net["hub"], NBMA["hub"], NBMA["spoke1"], craft.gre(indication.pack(), 21))

    def shortcut():
        table = spoke1.vtysh_json("show ip nhrp shortcut json").get("table", [])
        return [e for e in table if e["prefix"] == "1.0.0.4/32" and e["type"] == "dynamic"]

    poll(shortcut, 5, what="spoke1 has resolved 1.0.0.4")
    seen = [m for _, m in messages(net, "stock", 21) if m.type.startswith("resolution")]
    assert {m.type for m in seen} == {"resolution-request", "resolution-reply"} and {vpn_of(m) for m in seen} == {None}
    # the number of capabilities is that of another extension to who knows no VPNs
    assert not [m for m in seen if "capabilities" in m.extensions]


def test_same_index_other_oui(net):
    """One VPN's message on the other's interface: error 16 in the VPN that it named, and nothing is bound."""
    hub, before = net["hub"], counter(net["hub"], "refused", "vpnMismatch")
    for number, (key, oui, node) in enumerate(((22, 0, "spoke2"), (21, IANA, "spoke2"), (21, 0x5E0000, "spoke2")), 100):
        send(net, node, craft.vpn(registration("1.0.0.66", node, request_id=number), 21, oui), key)
        (error,) = poll(lambda: errors(net, node, 16, number), 5, what=f"error 16 about {number}")
        assert error[0] == (oui, 21)
    assert counter(hub, "refused", "vpnMismatch") == before + 3
    assert cache(hub, "dynamic") == BINDINGS


def passed_on(net, *numbers):
    """{(ID, GRE key, VPN)} of the resolutions with those IDs that the hub sent."""
    found = [(key, m) for key, m in messages(net, "hub") if m.request_id in numbers and m.type.startswith("resolution")]
    return {(m.request_id, key, vpn_of(m)) for key, m in found if m.outer_source == NBMA["hub"]}


def ask_in_both(net, first, second):
    """spoke2 asks for 1.0.0.2 in VPN 21 and in 00:00:5e:21."""
    for number, key, oui in ((first, 21, 0), (second, 22, IANA)):
        payload = request(craft.RESOLUTION_REQUEST, "1.0.0.3", "1.0.0.2", "spoke2", [cie()], number)
        send(net, "spoke2", craft.vpn(payload, 21, oui), key)


def test_resolution_stays_in_its_vpn(net):
    """Both VPNs have 1.0.0.2, and the one routing table one of them. Neither VPN's question gets into the other."""
    ask_in_both(net, 200, 201)
    right = {(200, 21, (0, 21)), (200, 21, None), (201, 22, (IANA, 21))}
    poll(lambda: passed_on(net, 200, 201), 5, what="the one that the routing table is about is passed on")
    holds(lambda: passed_on(net, 200, 201) <= right, 1, what="each by its own tunnel, in its own VPN")
    assert passed_on(net, 200, 201) & {(200, 21, (0, 21)), (201, 22, (IANA, 21))}


def test_one_network_id_for_two_vpns(net):
    """With it FRR's own code takes either tunnel for its NBMA network, and would pass a question on by the other's:
    it is kept back and counted (RFC 2735 3.1)."""
    hub, before = net["hub"], counter(net["hub"], "layer3", "otherVpn")
    code, out = hub.configure("interface tun22", "ip nhrp network-id 21")
    assert code == 0, out
    ask_in_both(net, 210, 211)
    poll(lambda: counter(hub, "layer3", "otherVpn") > before, 5, what="one of the two is kept back")
    right = {(210, 21, (0, 21)), (210, 21, None), (211, 22, (IANA, 21))}
    holds(lambda: passed_on(net, 210, 211) <= right, 1, what="each by its own tunnel, in its own VPN")
    code, out = hub.configure("interface tun22", "ip nhrp network-id 22")
    assert code == 0, out
    poll(lambda: cache(hub, "dynamic") == BINDINGS, 60, what="everyone is bound as before")


def test_purge_stays_in_its_vpn(net):
    """Who takes 1.0.0.2 back in one VPN, or on the wrong interface, or in none, takes nothing in the other."""
    others = BINDINGS - {("tun22", "1.0.0.2", NBMA["spoke2"])}
    gone = [cie(protocol=ip("1.0.0.2"), prefix=32)]
    purge = [request(PURGE_REQUEST, "1.0.0.2", "1.0.0.1", "spoke2", gone, number) for number in (300, 301, 302)]
    send(net, "spoke2", craft.vpn(purge[0], 21, IANA), 22)
    send(net, "spoke2", craft.vpn(purge[1], 21, IANA), 21)
    send(net, "spoke2", purge[2], 22)
    poll(lambda: errors(net, "spoke2", 16, 301), 5, what="the one on the wrong interface is refused")
    holds(lambda: others <= cache(net["hub"], "dynamic"), 1, what="VPN 21 has what it had")
    assert {(vpn, m.type) for vpn, m in replies(net, "spoke2", 300)} == {((IANA, 21), "purge-reply")}, "the first is right"
    assert not replies(net, "spoke2", 301) and not replies(net, "spoke2", 302)


def test_plain_without_the_line_is_dropped(net):
    """On the interface of 00:00:5e:21 nobody has given plain messages a VPN: dropped and counted, as ever."""
    before = counter(net["hub"], "layer3", "plainOnVpn")
    send(net, "spoke2", registration("1.0.0.77", "spoke2", request_id=400), 22)
    poll(lambda: counter(net["hub"], "layer3", "plainOnVpn") == before + 1, 5, what="it is counted")
    assert not replies(net, "spoke2", 400) and not [e for e in cache(net["hub"], "dynamic") if e[1] == "1.0.0.77"]


def test_contradiction(net):
    """The stock node's address is in VPN 21 by configuration: with the headers of another VPN it is refused."""
    send(net, "stock", craft.vpn(registration("1.0.0.88", "stock", request_id=500), 22), 21)
    (error,) = poll(lambda: errors(net, "stock", 16, 500), 5, what="error 16")
    assert error[0] == (0, 22)
    line = "10.0.0.4 sends plain messages, which are of VPN 21, and now sent one of VPN 22"
    poll(lambda: line in net["hub"].log("nhrpd"), 5, what="the log says why")
    assert not [e for e in cache(net["hub"], "dynamic") if e[1] == "1.0.0.88"]


def test_vpn_id_0(net):
    """VPN-ID 0 is the default routing instance: the stock code on tun24, VPN 21 on tun21, nobody on tun22."""
    hub, before = net["hub"], counter(net["hub"], "layer3", "defaultInstance")
    send(net, "spoke2", craft.vpn(registration("5.0.0.3", "spoke2", "5.0.0.1", 600), 0), 24)
    ((vpn, _),) = poll(lambda: replies(net, "spoke2", 600), 5, what="the hub answers")
    assert vpn is None, "which names the default routing instance, too"
    assert counter(hub, "layer3", "defaultInstance") == before + 1
    assert ("tun24", "5.0.0.3", NBMA["spoke2"]) in cache(hub, "dynamic")

    send(net, "stock", craft.vpn(registration("1.0.0.4", "stock", request_id=601), 0), 21)
    ((vpn, _),) = poll(lambda: replies(net, "stock", 601), 5, what="the hub answers in VPN 21")
    assert vpn is None
    assert counter(hub, "layer3", "defaultInstance") == before + 1

    send(net, "spoke2", craft.vpn(registration("1.0.0.99", "spoke2", request_id=602), 0), 22)
    (error,) = poll(lambda: errors(net, "spoke2", 16, 602), 5, what="error 16")
    assert error[0] == (0, 0)
    assert not [e for e in cache(hub, "dynamic") if e[1] == "1.0.0.99"]


def test_without_the_line(net):
    """The line goes: plain messages are dropped, what they bound is forgotten; it comes back, and so do they."""
    hub, stock_entry = net["hub"], ("tun21", "1.0.0.4", NBMA["stock"])
    before = counter(hub, "layer3", "plainOnVpn")
    code, out = hub.configure("interface tun21", "no ip nhrp vpn plain-messages")
    assert code == 0, out
    poll(lambda: stock_entry not in cache(hub, "dynamic"), 5, what="the hub has forgotten the stock node")
    send(net, "stock", registration("1.0.0.4", "stock", request_id=700), 21)
    poll(lambda: counter(hub, "layer3", "plainOnVpn") > before, 5, what="its messages are dropped")
    assert stock_entry not in cache(hub, "dynamic")
    assert "plainMessages" not in hub.vtysh_json("show ip nhrp vpn json")
    code, out = hub.configure("interface tun21", "ip nhrp vpn plain-messages vpn-id 21")
    assert code == 0, out
    send(net, "stock", registration("1.0.0.4", "stock", request_id=701), 21)
    poll(lambda: stock_entry in cache(hub, "dynamic"), 5, what="it is taken again")


def test_nobody_was_told_of_another_vpn(net):
    """All that the hub ever said: to the stock node no VPN-ID but in errors, to spoke2 the one of the tunnel."""
    assert said(net, "hub", "stock", 21) == {None}
    assert said(net, "hub", "spoke2", 22) == {(IANA, 21)}
    assert said(net, "hub", "spoke2", 21) == {(0, 21)}
    assert said(net, "spoke1", "stock", 23) == {None}


def test_tshark_reads_it_all(net):
    """VPN-IDs with an OUI, VPN-ID 0 and plain messages, as tshark and as the independent decoder read them."""
    assert_tshark_agrees(net.wire)
