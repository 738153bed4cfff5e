# SPDX-License-Identifier: GPL-2.0-or-later
"""Layer 3 purges and request IDs: what this project's nhrpd does beside FRR's own code, in a VPN and in plain.

    tunnel  VPN    hub             spoke1          spoke2                        stock (FRR's own nhrpd)
    tun13   13     3.0.0.1 fd03::1 3.0.0.2 fd03::2 3.0.0.3 fd03::3, and
                                                   192.168.2.0/24 behind it
    tun14   none   4.0.0.1                                                       4.0.0.4 registers with our hub
    tun15   none                   5.0.0.2         5.0.0.3                       5.0.0.4 is the hub of our spokes

    hub 10.0.0.1, spoke1 10.0.0.2, spoke2 10.0.0.3, stock 10.0.0.4 in one network; the password is everywhere

Guards: a spoke that ends is taken back at its server, and the server purges who was told of it, over IPv4 and IPv6,
in the encapsulation of the VPN; so does a station whose own answer became wrong; each purge is acknowledged; whoever
has no right to it voids nothing, not even by way of the hub; request IDs on the wire cannot be guessed, those of
others pass unchanged; and FRR's own nhrpd, which answers no purge, keeps working and is asked four times at most.

The redirect of a stock hub comes by NFLOG, which the sandbox's kernel has no way to produce, so the indications are
of our making, from the hub's address; all that follows is nhrpd's own. The tests tell one story.
"""

import os
import signal
import socket
import time

import pytest

from codec_decoder import craft
from codec_decoder.craft import END, cie, extension, ip
from codec_decoder.nhrp import gre_payload
from lib.asleep import Asleep
from lib.capture import tshark
from lib.frames import send_gre
from lib.frr import FrrNode
from lib.layer3 import add_tunnel, cache, counter, messages, shortcuts, start_captured
from lib.measured import measured
from lib.net import Net, Switch
from lib.poll import holds, poll

NBMA = {"hub": "10.0.0.1", "spoke1": "10.0.0.2", "spoke2": "10.0.0.3", "stock": "10.0.0.4"}
ADDRESSES = {
    "hub": {"tun13": "3.0.0.1", "tun14": "4.0.0.1"},
    "spoke1": {"tun13": "3.0.0.2", "tun15": "5.0.0.2"},
    "spoke2": {"tun13": "3.0.0.3", "tun15": "5.0.0.3"},
    "stock": {"tun14": "4.0.0.4", "tun15": "5.0.0.4"},
}
NUMBER = {"hub": 1, "spoke1": 2, "spoke2": 3}
PASSWORD = extension(7, b"\0\0\0\1sesame", compulsory=True)
NO_REPLY = 0x8000
# command word, prefix of the tunnels' addresses, that of hosts
FAMILIES = {"ip": ("3.0.0.", 32), "ipv6": ("fd03::", 128)}


class PurgeNet(Net):
    """The tunnels of the picture, on one switch."""

    def __init__(self):
        super().__init__()
        lan = self.add("lan", Switch)
        for name, nbma in NBMA.items():
            node = self.add(name, FrrNode)
            self.link(node, "eth1", lan, name)
            node.ip(f"addr add {nbma}/24 dev eth1")
            for tunnel, address in ADDRESSES[name].items():
                add_tunnel(node, tunnel, nbma, f"{address}/32")
            if name in NUMBER:
                node.run("sysctl -qw net.ipv6.conf.tun13.disable_ipv6=0 net.ipv6.conf.all.forwarding=1")
                node.ip(f"addr add fd03::{NUMBER[name]}/128 dev tun13")
        self["spoke2"].ip("link add site type dummy", "link set site up", "addr add 192.168.2.1/24 dev site")


NET = PurgeNet


def prepare(net):
    start_captured(net, os.path.dirname(__file__), "debug nhrp common\n")


# What is sent, and what there is to see


def send(net, node, payload, to, key=13, source=None, index=13):
    """A packed message from one router's wire, in its own name or another's; plain without `index`."""
    packed = craft.vpn(payload, index=index) if index else payload
    send_gre(net[node], source or NBMA[node], NBMA[to], craft.gre(packed, key))


def purge(source, destination, *entries, nbma, hops=255, flags=0, password=PASSWORD, request_id=0x47114711):
    """A packed Purge Request for (address, prefix length) each."""
    draft = craft.message(
        craft.PURGE_REQUEST,
        ip(nbma),
        b"",
        ip(source),
        ip(destination),
        cies=[cie(protocol=ip(a), prefix=p, mtu=0, holding=0) for a, p in entries],
        extensions=[password, END] if password else [],
        flags=flags,
        request_id=request_id,
    )
    return draft.set(protocol=0x86DD if ":" in source else 0x0800, hops=hops).pack()


def redirect(net, destination):
    """The hub tells spoke1 that a packet to `destination` could go straight."""
    if ":" in destination:
        packet = b"\x60\0\0\0\0\0\x3b\x40" + ip("fd03::2") + ip(destination)
        hub, spoke, protocol = "fd03::1", "fd03::2", 0x86DD
    else:
        packet = craft.ipv4(b"\x08" + bytes(7), "3.0.0.2", destination, 1)
        hub, spoke, protocol = "3.0.0.1", "3.0.0.2", 0x0800
    indication = craft.message(
        craft.TRAFFIC_INDICATION, ip(NBMA["hub"]), b"", ip(hub), ip(spoke), packet=packet, extensions=[PASSWORD, END]
    ).set(protocol=protocol)
    send(net, "hub", indication.pack(), to="spoke1")


def make_shortcut(net, destination, prefix, ipv="ip"):
    poll(lambda: redirect(net, destination) or prefix in shortcuts(net["spoke1"], ipv), 20, step=0.5)


def said(net, wire, sender, kind, mark=0):
    """Messages of a kind in tun13 that `sender` put on the wire, beyond the first `mark` messages of it."""
    return [m for k, m in messages(net, wire)[mark:] if k == 13 and m.type == kind and m.outer_source == NBMA[sender]]


def entries(message):
    return {(c.protocol_text, c.prefix_length) for c in message.cies}


def stock_counter(net, name, which):
    return counter(net[name], "stock", which)


def registered(net, ipv="ip"):
    prefix = FAMILIES[ipv][0]
    wanted = {("tun13", f"{prefix}{NUMBER[n]}", NBMA[n]) for n in ("spoke1", "spoke2")}
    return lambda: wanted <= cache(net["hub"], "dynamic", ipv=ipv)


# The story


def test_registration(net):
    """Everybody is registered: in the VPN, at FRR's own nhrpd, and it at our hub."""
    for ipv in FAMILIES:
        poll(registered(net, ipv), 20, what=f"both spokes are registered ({ipv})")
    poll(lambda: ("tun14", "4.0.0.4", NBMA["stock"]) in cache(net["hub"], "dynamic"), 20)
    poll(lambda: {e[1] for e in cache(net["stock"], "dynamic")} == {"5.0.0.2", "5.0.0.3"}, 20)
    assert all(m.vpn_index == 13 for _, m in messages(net, "hub", 13)), "from the first message on"


@pytest.mark.parametrize("ipv", FAMILIES)
def test_spoke_that_leaves(net, ipv):
    """`no ip nhrp nhs`: a Purge Request to the server, from the server one to who was told, replies to both; the
    shortcut is gone at once, not with the holding time."""
    prefix, bits = FAMILIES[ipv]
    server, asker, station = (f"{prefix}{n}" for n in (1, 2, 3))
    hub, spoke1, spoke2 = net["hub"], net["spoke1"], net["spoke2"]
    make_shortcut(net, station, f"{station}/{bits}", ipv)
    mark = len(messages(net, "hub"))
    code, out = spoke2.configure("interface tun13", f"no {ipv} nhrp nhs {server} nbma {NBMA['hub']}")
    assert code == 0, out

    poll(lambda: f"{station}/{bits}" not in shortcuts(spoke1, ipv), 4, what="the shortcut is gone")
    assert station not in {e[1] for e in cache(hub, "dynamic", ipv=ipv)}, "the hub has no binding of it"
    assert station not in {e[1] for e in cache(spoke1, "dynamic", ipv=ipv)}, "nor has the asker"
    assert asker in {e[1] for e in cache(hub, "dynamic", ipv=ipv)}, "all else stays"
    poll(lambda: said(net, "hub", "spoke1", "purge-reply", mark), 3, what="spoke1 acknowledges")

    (leaving,) = said(net, "hub", "spoke2", "purge-request", mark)
    assert (leaving.vpn_index, leaving.hop_count, leaving.flags) == (13, 255, 0)
    assert (leaving.source_text, leaving.destination_text) == (station, server)
    assert entries(leaving) == {(station, bits)}
    (c,) = leaving.cies
    assert (c.code, c.mtu, c.holding_time, c.preference) == (0, 0, 0, 0), "RFC 2332 5.2.5"
    (told,) = said(net, "hub", "hub", "purge-request", mark)
    assert (told.vpn_index, told.source_text, told.destination_text) == (13, server, asker), "in the server's own name"
    assert told.outer_destination == NBMA["spoke1"] and entries(told) == {(station, bits)}
    for request, replier in ((leaving, "hub"), (told, "spoke1")):
        (reply,) = said(net, "hub", replier, "purge-reply", mark)
        assert reply.vpn_index == 13 and entries(reply) == entries(request)
        same = ("request_id", "source", "destination", "nbma", "flags")
        assert [getattr(reply, f) for f in same] == [getattr(request, f) for f in same], "RFC 2332 5.2.6"
        assert "authentication" in request.extensions and "authentication" in reply.extensions

    code, out = spoke2.configure("interface tun13", f"{ipv} nhrp nhs {server} nbma {NBMA['hub']}")
    assert code == 0, out
    poll(registered(net, ipv), 10, what="and it is back")
    make_shortcut(net, station, f"{station}/{bits}", ipv)


def test_station_behind_another_address(net):
    """A registration that leads elsewhere than before purges who was told of the old one."""
    mark, spoke1 = len(messages(net, "hub")), net["spoke1"]
    make_shortcut(net, "3.0.0.3", "3.0.0.3/32")
    moved = craft.message(
        craft.REGISTRATION_REQUEST,
        ip("10.0.0.77"),
        b"",
        ip("3.0.0.3"),
        ip("3.0.0.1"),
        cies=[cie(prefix=32)],
        extensions=[PASSWORD, END],
        flags=0x0002,
    ).set(protocol=0x0800)
    send(net, "stock", moved.pack(), to="hub", source="10.0.0.77")
    poll(lambda: "3.0.0.3/32" not in shortcuts(spoke1), 4, what="the shortcut to the old place is gone")
    (told,) = said(net, "hub", "hub", "purge-request", mark)
    assert entries(told) == {("3.0.0.3", 32)}
    poll(registered(net), 20, what="the true one registers again")


def test_answer_that_became_wrong(net):
    """A station that answered for what lies behind it says so itself when the way there is gone."""
    spoke1, spoke2, mark = net["spoke1"], net["spoke2"], len(messages(net, "spoke2"))
    make_shortcut(net, "192.168.2.9", "192.168.2.0/24")
    redirect(net, "192.168.2.77")
    poll(lambda: [m for m in said(net, "spoke2", "spoke2", "resolution-reply", mark) if m.destination[3] == 77], 5)
    spoke2.ip("link set site down")
    poll(lambda: "192.168.2.0/24" not in shortcuts(spoke1), 5, what="the shortcut is gone")
    told = said(net, "spoke2", "spoke2", "purge-request", mark)
    assert [(m.vpn_index, m.source_text, m.destination_text) for m in told] == [(13, "3.0.0.3", "3.0.0.2")]
    assert entries(told[0]) == {("192.168.2.9", 24), ("192.168.2.77", 24), ("3.0.0.3", 32)}, "in one message"
    spoke2.ip("link set site up")


def test_strangers_void_nothing(net):
    """Another router with the right password and VPN: its purges are acknowledged, and void nothing it does not own."""
    spoke1, hub = net["spoke1"], net["hub"]
    make_shortcut(net, "3.0.0.3", "3.0.0.3/32")
    before, at_hub = stock_counter(net, "spoke1", "purged"), stock_counter(net, "hub", "purged")
    mark = len(messages(net, "stock"))
    stock = NBMA["stock"]
    # in its own name, in that of the hub, in that of the station; one address, all of them
    for source, nbma in (("3.0.0.4", stock), ("3.0.0.1", NBMA["hub"]), ("3.0.0.3", NBMA["spoke2"])):
        for entry in (("3.0.0.3", 32), ("3.0.0.0", 1)):
            send(net, "stock", purge(source, "3.0.0.2", entry, nbma=nbma), to="spoke1")
            send(net, "stock", purge(source, "3.0.0.1", entry, nbma=nbma), to="hub")
    poll(lambda: stock_counter(net, "spoke1", "purgesReceived") >= 6, 5)
    poll(lambda: len([1 for _, m in messages(net, "stock")[mark:] if m.type == "purge-reply"]) >= 6, 5)
    assert stock_counter(net, "spoke1", "purged") == before
    assert stock_counter(net, "hub", "purged") == at_hub
    assert "3.0.0.3/32" in shortcuts(spoke1) and registered(net)()


def test_forged_by_way_of_the_hub(net):
    """The hub passes messages on, and what arrives then comes from the hub; nobody may make use of that."""
    hub = net["hub"]
    make_shortcut(net, "3.0.0.3", "3.0.0.3/32")
    before, received = stock_counter(net, "spoke1", "purged"), stock_counter(net, "spoke1", "purgesReceived")
    own = stock_counter(net, "hub", "ownName")
    send(net, "stock", purge("3.0.0.1", "3.0.0.2", ("3.0.0.3", 32), nbma=NBMA["hub"]), to="hub")
    poll(lambda: stock_counter(net, "hub", "ownName") == own + 1, 5, what="not in the hub's own name")
    send(net, "stock", purge("3.0.0.3", "3.0.0.2", ("3.0.0.3", 32), nbma=NBMA["spoke2"]), to="hub")
    poll(lambda: stock_counter(net, "spoke1", "purgesReceived") == received + 1, 5, what="the other is passed on")
    assert said(net, "spoke1", "hub", "purge-request")[-1].hop_count == 254
    assert stock_counter(net, "spoke1", "purged") == before and "3.0.0.3/32" in shortcuts(net["spoke1"])
    assert registered(net)()
    # nor may a request for a reply that the hub would take for its own
    request = craft.message(
        craft.RESOLUTION_REQUEST, ip(NBMA["hub"]), b"", ip("3.0.0.1"), ip("3.0.0.3"), extensions=[PASSWORD, END]
    ).set(protocol=0x0800)
    send(net, "stock", request.pack(), to="hub")
    poll(lambda: stock_counter(net, "hub", "ownName") == own + 2, 5)
    assert hub.vtysh("show ip nhrp cache")


def test_wrong_password(net):
    """Without the password even the owner is not heard: error 11, and everything stays."""
    mark, before = len(messages(net, "spoke2")), stock_counter(net, "hub", "purgesReceived")
    wrong = extension(7, b"\0\0\0\1sesamE", compulsory=True)
    send(net, "spoke2", purge("3.0.0.3", "3.0.0.1", ("3.0.0.3", 32), nbma=NBMA["spoke2"], password=wrong), to="hub")
    poll(lambda: [m for m in said(net, "spoke2", "hub", "error-indication", mark) if m.error_code == 11], 5)
    assert stock_counter(net, "hub", "purgesReceived") == before and registered(net)()


def test_owner_without_reply(net):
    """The station itself, bit N, by a prefix: what leads to it goes, what leads elsewhere stays, and no reply."""
    mark = len(messages(net, "spoke2"))
    make_shortcut(net, "3.0.0.3", "3.0.0.3/32")
    payload = purge("3.0.0.3", "3.0.0.2", ("3.0.0.0", 24), nbma=NBMA["spoke2"], flags=NO_REPLY)
    send(net, "spoke2", payload, to="spoke1")
    poll(lambda: "3.0.0.3/32" not in shortcuts(net["spoke1"]), 3, what="the shortcut is gone")
    assert ("tun13", "3.0.0.1") in {e[:2] for e in cache(net["spoke1"], "nhs")}, "the server stays"
    payload = purge("3.0.0.3", "3.0.0.2", ("3.0.0.9", 0), nbma=NBMA["spoke2"], request_id=0x47124712)
    send(net, "spoke2", payload, to="spoke1")
    poll(lambda: said(net, "spoke2", "spoke1", "purge-reply", mark), 3, what="of nothing: acknowledged")
    assert [m.request_id for m in said(net, "spoke2", "spoke1", "purge-reply", mark)] == [0x47124712]


def test_vpn_taken_away(net):
    """The VPN-ID goes: the registration is taken back in the VPN that was, once, and no reply is asked for."""
    spoke2, mark = net["spoke2"], len(messages(net, "spoke2"))
    code, out = spoke2.configure("interface tun13", "no ip nhrp vpn-id 13")
    assert code == 0, out
    gone = {("tun13", "3.0.0.3"), ("tun13", "fd03::3")}
    poll(lambda: not gone & {e[:2] for i in FAMILIES for e in cache(net["hub"], "dynamic", ipv=i)}, 5)
    back = [m for m in said(net, "spoke2", "spoke2", "purge-request", mark) if m.outer_destination == NBMA["hub"]]
    assert {(m.vpn_index, m.flags, m.source_text) for m in back} == {(13, NO_REPLY, a) for _, a in gone}
    assert len(back) == 2
    code, out = spoke2.configure("interface tun13", "ip nhrp vpn-id 13")
    assert code == 0, out
    for ipv in FAMILIES:
        poll(registered(net, ipv), 15, what="back in the VPN")


def test_network_id_taken_away(net):
    """`no ip nhrp network-id` ends the registration, too, and the answers that were given."""
    spoke2, mark = net["spoke2"], len(messages(net, "spoke2"))
    make_shortcut(net, "3.0.0.3", "3.0.0.3/32")
    code, out = spoke2.configure("interface tun13", "no ip nhrp network-id 13")
    assert code == 0, out
    poll(lambda: ("tun13", "3.0.0.3") not in {e[:2] for e in cache(net["hub"], "dynamic")}, 5)
    poll(lambda: "3.0.0.3/32" not in shortcuts(net["spoke1"]), 5)
    poll(lambda: len(said(net, "spoke2", "hub", "purge-reply", mark)) == 1, 5, what="the hub acknowledges")
    code, out = spoke2.configure("interface tun13", "ip nhrp network-id 13")
    assert code == 0, out
    poll(registered(net), 15)


def test_restart_is_silent(net):
    """A daemon that ends, however orderly, takes nothing back: forwarding goes on, and it is there again in a moment."""
    spoke2, mark = net["spoke2"], len(messages(net, "spoke2"))
    make_shortcut(net, "3.0.0.3", "3.0.0.3/32")
    spoke2.kill("nhrpd", signal.SIGTERM)
    spoke2.revive("nhrpd")
    poll(lambda: ("tun13", "3.0.0.1") in {e[:2] for e in cache(spoke2, "nhs")}, 15, what="registered again")
    assert not said(net, "spoke2", "spoke2", "purge-request", mark)


def back_at_the_stock_server(net):
    """spoke1 has its server in tun15 again; its binding there says nothing, as the stock code never takes that away."""
    mark = len(messages(net, "spoke1"))
    code, out = net["spoke1"].configure("interface tun15", f"ip nhrp nhs 5.0.0.4 nbma {NBMA['stock']}")
    assert code == 0, out

    def replied():
        return [k for k, m in messages(net, "spoke1")[mark:] if k == 15 and m.type == "registration-reply"]

    poll(replied, 10, what="registered there again")
    assert net["spoke1"].ping("5.0.0.4") == (3, 3)


def test_stock_server_never_answers(net):
    """FRR's own nhrpd as the server: it ignores purges, is asked four times, and works as before."""
    spoke1, mark = net["spoke1"], len(messages(net, "spoke1"))
    before = stock_counter(net, "spoke1", "purgesUnanswered")
    code, out = spoke1.configure("interface tun15", f"no ip nhrp nhs 5.0.0.4 nbma {NBMA['stock']}")
    assert code == 0, out
    poll(lambda: stock_counter(net, "spoke1", "purgesUnanswered") == before + 1, 25, what="it is given up")
    asked = [m for k, m in messages(net, "spoke1")[mark:] if k == 15 and m.type == "purge-request"]
    assert len(asked) == 4 and {m.vpn_index for m in asked} == {None} and len({m.request_id for m in asked}) == 1
    assert ("tun15", "5.0.0.3", NBMA["spoke2"]) in cache(net["stock"], "dynamic")
    back_at_the_stock_server(net)


def test_registering_again_ends_the_purge(net):
    """A server that is taken out and put back at once: what was under way must not take the new registration back."""
    spoke1, mark = net["spoke1"], len(messages(net, "spoke1"))
    code, out = spoke1.configure("interface tun15", f"no ip nhrp nhs 5.0.0.4 nbma {NBMA['stock']}")
    assert code == 0, out

    def asked():
        return [m for k, m in messages(net, "spoke1")[mark:] if k == 15 and m.type == "purge-request"]

    poll(asked, 4, what="the first try")
    back_at_the_stock_server(net)
    asked_before, unanswered = len(asked()), stock_counter(net, "spoke1", "purgesUnanswered")
    kinds = [m.type for k, m in messages(net, "spoke1")[mark:] if k == 15]
    assert "registration-request" in kinds[kinds.index("purge-request") :]
    assert kinds[::-1].index("registration-reply") < kinds[::-1].index("purge-request"), "the registration came last"
    # the next try would have come within 4 s
    holds(lambda: len(asked()) == asked_before, 5, what="it is not tried again")
    assert stock_counter(net, "spoke1", "purgesUnanswered") == unanswered
    assert net["spoke1"].ping("5.0.0.4") == (3, 3)


def answer(request, code=0):
    """A packed Registration Reply that fits a request seen on the wire, all but for who sends it."""
    return craft.message(
        craft.REGISTRATION_REPLY,
        request.nbma,
        b"",
        request.source,
        request.destination,
        cies=[cie(prefix=32, code=code, holding=30)],
        extensions=[PASSWORD, END],
        request_id=request.request_id,
    ).set(protocol=0x0800)


def test_replies_that_answer_nothing(net):
    """An ID that counts, another sender, a request that is no more: dropped. The right one is heard.

    The last is a use after free in the stock code, which keeps the address of a registration that it has freed.
    """
    spoke1, mark = net["spoke1"], len(messages(net, "spoke1"))
    line = "ip nhrp nhs 5.0.0.9 nbma 10.0.0.9"
    spoke1.ip("neigh replace 10.0.0.9 lladdr 02:00:00:00:cc:09 dev eth1")
    code, out = spoke1.configure("interface tun15", line)
    assert code == 0, out

    def asked():
        return [m for k, m in messages(net, "spoke1")[mark:] if m.outer_destination == "10.0.0.9"]

    (request, *_) = poll(asked, 10, what="a registration that nobody answers")
    reply = answer(request)

    def dropped(payload, source, count=1):
        before = stock_counter(net, "spoke1", "unexpectedReply")
        for one in payload:
            send(net, "stock", one, to="spoke1", key=15, index=None, source=source)
        poll(lambda: stock_counter(net, "spoke1", "unexpectedReply") == before + count, 10)

    guesses = []
    for guess in range(1, 41):
        request.request_id = guess
        guesses.append(answer(request).pack())
    dropped(guesses, "10.0.0.9", 40)
    dropped([reply.pack()], "10.0.0.8")
    assert ("tun15", "5.0.0.9") not in {e[:2] for e in cache(spoke1, "nhs")}
    send(net, "stock", reply.pack(), to="spoke1", key=15, index=None, source="10.0.0.9")
    poll(lambda: ("tun15", "5.0.0.9") in {e[:2] for e in cache(spoke1, "nhs")}, 5, what="the right one is heard")
    code, out = spoke1.configure("interface tun15", "no " + line)
    assert code == 0, out

    mark = len(messages(net, "spoke1"))
    code, out = spoke1.configure("interface tun15", line)
    assert code == 0, out
    (request, *_) = poll(lambda: [m for m in asked() if m.type == "registration-request"], 10)
    code, out = spoke1.configure("interface tun15", "no " + line)
    assert code == 0, out
    dropped([answer(request).pack()], "10.0.0.9")


class Terminal:
    """vtysh's own connection to nhrpd, on which a line can be left to wait."""

    def __init__(self, router, *lines):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(router.path("/run/frr/nhrpd.vty"))
        for line in lines:
            self.say(line)
            assert self.answer() == 0, line

    def say(self, line):
        self.socket.sendall(line.encode() + b"\0")

    def answer(self):
        """The return code of the line: what follows three zeros."""
        said = b""
        while b"\0\0\0" not in said[:-1]:
            said += self.socket.recv(4096)
        return said[-1]


def test_reply_that_waits_while_its_server_goes(net):
    """The reply has come in, the stock code has not read it yet, and `no ip nhrp nhs` frees what it would be for."""
    hub, spoke2, mark = net["hub"], net["spoke2"], len(messages(net, "spoke2"))
    line = f"ip nhrp nhs 3.0.0.1 nbma {NBMA['hub']}"
    before = stock_counter(net, "spoke2", "unexpectedReply")
    terminal = Terminal(spoke2, "enable", "configure terminal", "interface tun13")

    def asked():
        return [m for m in said(net, "spoke2", "spoke2", "registration-request", mark) if len(m.source) == 4]

    def replies():
        return [m for m in said(net, "spoke2", "hub", "registration-reply", mark) if len(m.source) == 4]

    with Asleep("nhrpd", hub) as sleep:
        for each in ("no " + line, line):
            terminal.say(each)
            assert terminal.answer() == 0, each
        poll(asked, 5, what="a registration that is not answered yet")
        terminal.say("interface tun13")
        assert terminal.answer() == 0
        with Asleep("nhrpd", spoke2):
            sleep.wake()
            poll(lambda: len(replies()) == len(asked()), 5, what="the replies are there")
            terminal.say("no " + line)
    assert terminal.answer() == 0
    # besides those of IPv6 that were asked for twice while the hub slept
    poll(lambda: stock_counter(net, "spoke2", "unexpectedReply") >= before + len(replies()), 5, what="nobody awaits them")
    terminal.say(line)
    assert terminal.answer() == 0
    terminal.socket.close()
    poll(registered(net), 15, what="and it is back")


def error_about(kind, code, destination, request_id):
    """The hub's packed Error Indication to spoke1, which carries a request of that kind and ID."""
    carried = craft.message(kind, ip(NBMA["spoke1"]), b"", ip("3.0.0.2"), ip(destination), request_id=request_id)
    return (
        craft.message(
            craft.ERROR_INDICATION,
            ip(NBMA["hub"]),
            b"",
            ip("3.0.0.1"),
            ip("3.0.0.2"),
            packet=carried.set(protocol=0x0800).pack(),
            request_id=code << 16,
            extensions=[PASSWORD, END],
        )
        .set(protocol=0x0800)
        .pack()
    )


def test_errors(net):
    """One about a request that this node did not send, under an ID that counts, is dropped; the right one is heard."""
    spoke1 = net["spoke1"]
    before = stock_counter(net, "spoke1", "unexpectedReply")
    for guess in range(1, 11):
        send(net, "hub", error_about(craft.REGISTRATION_REQUEST, 6, "3.0.0.1", guess), to="spoke1")
    poll(lambda: stock_counter(net, "spoke1", "unexpectedReply") == before + 10, 5)
    assert ("tun13", "3.0.0.1") in {e[:2] for e in cache(spoke1, "nhs")}

    def asked():
        seen = messages(net, "spoke1", 13, "resolution-request")
        return [m for _, m in seen if m.destination_text == "3.0.0.200" and m.outer_source == NBMA["spoke1"]]

    def negative():
        table = spoke1.vtysh_json("show ip nhrp shortcut json").get("table", [])
        return [e for e in table if (e["prefix"], e["type"]) == ("3.0.0.200/32", "negative")]

    redirect(net, "3.0.0.200")
    (request, *_) = poll(asked, 5, what="spoke1 asks for an address that nobody has")
    send(net, "hub", error_about(craft.RESOLUTION_REQUEST, 6, "3.0.0.200", request.request_id ^ 1), to="spoke1")
    poll(lambda: stock_counter(net, "spoke1", "unexpectedReply") == before + 11, 5)
    assert not negative()
    send(net, "hub", error_about(craft.RESOLUTION_REQUEST, 6, "3.0.0.200", request.request_id), to="spoke1")
    poll(negative, 5, what="the stock code has heard that the address is unreachable")


def test_indications_have_a_limit(net):
    """Each may make the stock code keep an address for half a minute: so many a second, and no more. They come faster
    than that code reads, and what waits for it has room."""
    spoke1 = net["spoke1"]
    full = counter(spoke1, "packets", "stockQueueFull")
    payloads = []
    for last in range(1500):
        packet = craft.ipv4(b"\x08" + bytes(7), "3.0.0.2", f"3.9.{last >> 8}.{last & 255}", 1)
        indication = craft.message(
            craft.TRAFFIC_INDICATION,
            ip(NBMA["hub"]),
            b"",
            ip("3.0.0.1"),
            ip("3.0.0.2"),
            packet=packet,
            extensions=[PASSWORD, END],
        ).set(protocol=0x0800)
        payloads.append(craft.gre(craft.vpn(indication.pack(), index=13), 13))
    send_gre(net["hub"], NBMA["hub"], NBMA["spoke1"], *payloads)
    poll(lambda: stock_counter(net, "spoke1", "indicationsLimited") > 0, 10, what="some are dropped")
    poll(registered(net), 15, what="and the node lives")
    assert counter(spoke1, "packets", "stockQueueFull") == full
    table = spoke1.vtysh_json("show ip nhrp shortcut json").get("table", [])
    assert len([e for e in table if e["prefix"].startswith("3.9.")]) < 1500, "what was dropped left nothing behind"


def test_errors_have_a_limit(net):
    """The stock code answers each message whose hop count is used up; ten a second of these leave."""
    before, mark = stock_counter(net, "hub", "errorsLimited"), len(messages(net, "spoke1"))
    request = craft.message(
        craft.RESOLUTION_REQUEST, ip(NBMA["spoke1"]), b"", ip("3.0.0.2"), ip("3.0.0.3"), extensions=[PASSWORD, END]
    ).set(protocol=0x0800, hops=0)
    payload = craft.gre(craft.vpn(request.pack(), index=13), 13)
    send_gre(net["spoke1"], NBMA["spoke1"], NBMA["hub"], *[payload] * 200)
    poll(lambda: stock_counter(net, "hub", "errorsLimited") > before, 10, what="some are kept back")
    errors = poll(lambda: [m for m in said(net, "spoke1", "hub", "error-indication", mark) if m.error_code == 15], 5)
    assert len(errors) + stock_counter(net, "hub", "errorsLimited") - before <= 200 and len(errors) < 100


def test_ids_on_the_wire(net):
    """Requests of our nodes: numbers that do not count, kept by those who pass them on; of the stock node: as ever."""
    for name in ("hub", "spoke1", "spoke2"):
        own = set(ADDRESSES[name].values()) | {f"fd03::{NUMBER[name]}"}
        asked = {
            (m.type, m.request_id): m.destination_text
            for _, m in messages(net, name)
            if m.outer_source == NBMA[name] and m.source_text in own
            if m.type in ("registration-request", "resolution-request", "purge-request")
        }
        small = [i for _, i in asked if i < 1 << 16]
        assert len(asked) >= 3 and len(small) <= 1, f"{name}: {asked}"
    stocks = [m for k, m in messages(net, "stock", 14, "registration-request")]
    assert stocks and all(m.request_id < 1000 for m in stocks), "the stock code counts"
    answered = {m.request_id for _, m in messages(net, "stock", 14, "registration-reply")}
    assert answered and answered <= {m.request_id for m in stocks}
    mine = {m.request_id for _, m in messages(net, "spoke1", 13, "resolution-request") if m.source_text == "3.0.0.2"}
    passed = {m.request_id for _, m in messages(net, "spoke2", 13, "resolution-request") if m.source_text == "3.0.0.2"}
    assert passed and passed <= mine, "the hub passes them on as they are"


def test_every_purge_reads_well(net):
    """tshark, which knows neither this code nor the decoder of these tests, reads all purges that were said."""
    for name, capture in net.wire.items():
        capture.stop()
        frames = [f for f, (_, m) in zip(capture.frames(gre_payload), messages(net, name)) if m.type.startswith("purge")]
        rows = tshark(
            capture.file,
            "nhrp.hdr.chksum.status",
            "_ws.malformed",
            display_filter="(nhrp.hdr.op.type == 5 || nhrp.hdr.op.type == 6) && !icmp && !(nhrp.hdr.op.type == 7)",
        )
        assert len(rows) == len(frames), f"{name}: tshark reads {len(rows)} purges of {len(frames)}"
        assert all((r["nhrp.hdr.chksum.status"], r["_ws.malformed"]) == ("1", "") for r in rows), f"{name}: {rows}"


def nhrp_routes(router, ipv):
    """({prefix} that zebra has of nhrpd, {prefix} of them in the kernel), hosts without their length.

    Of two routes to one prefix the kernel has one: a static one counts for more than a shortcut to the same prefix.
    """
    told = router.vtysh_json(f"show {ipv} route nhrp json")
    kernel = router.json(f"ip -j {'-6' if ipv == 'ipv6' else '-4'} route show proto 191")
    return {p.removesuffix("/32").removesuffix("/128") for p in told}, {r["dst"] for r in kernel}


ROUTES = {
    "hub": {"ip": {"3.0.0.2", "3.0.0.3", "4.0.0.4"}, "ipv6": {"fd03::2", "fd03::3"}},
    "spoke1": {"ip": {"3.0.0.1", "5.0.0.4", "3.0.0.3", "192.168.2.0/24"}, "ipv6": {"fd03::1", "fd03::3"}},
}


@pytest.mark.parametrize("name", ROUTES)
def test_routes_come_back_with_zebra(net, name):
    """zebra is killed: what it knew of our nhrpd, hosts behind bindings and prefixes behind shortcuts, it knows again when it
    is back, with nothing registered or resolved anew; the kernel, too. FRR's own nhrpd does not do so."""
    router = net[name]
    for destination, prefix, ipv in (("192.168.2.9", "192.168.2.0/24", "ip"), ("fd03::3", "fd03::3/128", "ipv6")):
        make_shortcut(net, destination, prefix, ipv)

    def there():
        for ipv, wanted in ROUTES[name].items():
            told, kernel = nhrp_routes(router, ipv)
            assert wanted <= told and wanted - {"192.168.2.0/24"} <= kernel, (ipv, wanted, told, kernel)
        return True

    poll(there, 5, what="the routes are there before")
    router.kill("zebra")
    start = time.monotonic()
    router.revive("zebra")
    back = time.monotonic()
    poll(there, 10, what="the routes are there again")
    figures = {"secondsWithItsStart": time.monotonic() - start, "seconds": time.monotonic() - back}
    measured(f"routes of nhrpd after kill -9 of zebra on {name}", **figures)
