# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages that no peer should send, on real GRE, against a hub with two registered spokes.

Guards: each kind of damage is dropped and counted under its own reason; what is cut short anywhere never reaches
the stock parser; the log names sender and reason and says so at most once a second; plain messages have their
guard, with reasons of its own; and after all of it the same daemons still serve the same members.

          outsider 10.0.0.4 ---- GRE key 42, protocol 0x2001, damaged ----> hub 10.0.0.1
          spoke1 10.0.0.2   ---- the same, as a registered member -------->
"""

import re
import time

import pytest

from codec_decoder import craft
from codec_decoder.craft import END, cie, extension, ip, mac, vni
from lib import mainjob
from lib.frames import send_gre
from lib.poll import poll

HUB = mainjob.NBMA["hub"]
OUTSIDER = "10.0.0.4"
SOURCE = mac("02:00:00:00:77:77")
TUNNEL_KEY = 42


def prepare(net):
    """The main job's net; log lines with fractions of a second, and the stock code telling what it parses."""
    net.add_devices()
    net.start_frr(first="log timestamp precision 3\ndebug nhrp common\n")


def registration(**fields):
    """A registration request of nobody's, right in every octet but for `fields` of its fixed header."""
    draft = craft.message(
        craft.REGISTRATION_REQUEST,
        ip(OUTSIDER),
        vni(200),
        SOURCE,
        SOURCE,
        cies=[cie(ip(OUTSIDER), vni(200), SOURCE, prefix=0xFF)],
        extensions=[extension(3, compulsory=True), END],
    )
    return draft.set(**fields)


def with_parts(**parts):
    """The same with whole parts exchanged: cies, extensions (octets)."""
    draft = registration()
    for name, value in parts.items():
        setattr(draft, name, value)
    return draft


GOOD = craft.vpn(registration().pack())

DAMAGE = {
    "outer-llc": ("encapsulation", craft.vpn(registration().pack(), outer=bytes.fromhex("aaaa0300005e0007"))),
    "inner-llc": ("encapsulation", craft.vpn(registration().pack(), inner=bytes.fromhex("aaaa03000000800b"))),
    "version": ("version", craft.vpn(registration(version=2).pack())),
    "type": ("type", craft.vpn(registration(kind=99).pack())),
    "size-too-small": ("size", craft.vpn(registration(size=19).pack())),
    "size-too-large": ("size", craft.vpn(registration(size=1400).pack())),
    "checksum": ("checksum", craft.vpn(registration(checksum=0x1234).pack())),
    "nbma-family": ("family", craft.vpn(registration(afn=99).pack())),
    "protocol": ("family", craft.vpn(registration(protocol=0x1234).pack())),
    "nbma-length": ("address", craft.vpn(registration(shtl=3).pack())),
    "nbma-reserved-bit": ("address", craft.vpn(registration(shtl=0x84).pack())),
    "extension-offset-low": ("extensionOffset", craft.vpn(registration(extoff=4).pack())),
    "extension-offset-high": ("extensionOffset", craft.vpn(registration(extoff=1400).pack())),
    "extension-past-end": ("extension", craft.vpn(with_parts(extensions=b"\x80\x03\x00\x40" + END).pack())),
    "extension-no-end": ("extension", craft.vpn(with_parts(extensions=extension(3)).pack())),
    "extension-twice": ("extension", craft.vpn(with_parts(extensions=extension(3) * 2 + END).pack())),
    "cie-past-end": ("cie", craft.vpn(with_parts(cies=cie()[:-1] + b"\x00\x40").pack())),
    "cie-address-past-end": ("cie", craft.vpn(with_parts(cies=cie(nbma=bytes(4))[:-2]).pack())),
    "cie-missing": ("cie", craft.vpn(with_parts(cies=b"").pack())),
}


VPN_HEADERS = len(craft.vpn(b""))
# the same damage to messages without VPN headers, but for what is about those headers
PLAIN_DAMAGE = {
    name: (reason, payload[VPN_HEADERS:]) for name, (reason, payload) in DAMAGE.items() if reason != "encapsulation"
}


def plain(nbma=ip(OUTSIDER), sub=b"", source=ip("1.0.0.77"), destination=ip("1.0.0.1"), extensions=(), **fields):
    """A packed registration of an IPv4 address, right but for what is given."""
    extensions = [extension(3, compulsory=True), *extensions, END]
    draft = craft.message(
        craft.REGISTRATION_REQUEST, nbma, sub, source, destination, cies=[cie(prefix=32)], extensions=extensions
    )
    return draft.set(**{"protocol": 0x0800} | fields).pack()


# well-formed, but not what FRR's own code may be given
UNFIT = {
    "mac-addresses": ("protocol", registration().pack()),
    "nbma-ipv6": ("transport", plain(nbma=ip("fd00::4"), afn=2)),
    "no-nbma": ("noAddress", plain(nbma=b"")),
    "no-source": ("noAddress", plain(source=b"")),
    "no-destination": ("noAddress", plain(destination=b"")),
    "subaddress": ("subaddress", plain(sub=vni(200))),
    "nbma-group": ("unusableAddress", plain(nbma=ip("224.0.0.18"))),
    "source-zero": ("unusableAddress", plain(source=ip("0.0.0.0"))),
    "nat-extension": ("natExtension", plain(extensions=[extension(9, b"\1\2\3")])),
    "too-large": ("tooLarge", plain(extensions=[extension(8, bytes(1400))])),
}


def counters(router):
    return router.vtysh_json("show ip nhrp vpn counters json")


def dropped(router):
    return counters(router)["dropped"]


def difference(after, before):
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def send(net, *payloads, node=None, source=OUTSIDER):
    send_gre(node or net.outsider, source, HUB, *[craft.gre(p, TUNNEL_KEY) for p in payloads])


def test_all_is_well_before(net):
    assert poll(lambda: mainjob.members(net.hub) == mainjob.all_members(), 15, what="both spokes are members")


@pytest.mark.parametrize("name", DAMAGE)
def test_each_damage_has_its_reason(net, name):
    """Dropped, and counted exactly once, under the reason that an operator would look for."""
    reason, payload = DAMAGE[name]
    before = dropped(net.hub)
    send(net, payload)
    poll(lambda: difference(dropped(net.hub), before), 5, what=f"{name} is counted")
    assert difference(dropped(net.hub), before) == {reason: 1}


def guarded(router):
    """What the guard kept from FRR's own code: by its reasons, and the malformed ones by the decoder's."""
    found = counters(router)
    return {k: n for k, n in found["plain"].items() if k != "passed"}, found["plainDropped"]


def test_right_plain_message_passes(net):
    """What the damage is done to is taken by FRR's own code."""
    before = counters(net.hub)["plain"]["passed"]
    send(net, plain(nbma=ip("10.0.0.5")), source="10.0.0.5")
    poll(lambda: "1.0.0.77" in net.hub.vtysh("show ip nhrp cache"), 5, what="it is bound")
    assert counters(net.hub)["plain"]["passed"] > before


@pytest.mark.parametrize("name", [*PLAIN_DAMAGE, *UNFIT])
def test_guard_has_a_reason(net, name):
    """A plain message that is damaged, or that FRR's own code takes nothing like, is counted once, by its reason."""
    before = guarded(net.hub)
    reason, payload = {**PLAIN_DAMAGE, **UNFIT}[name]
    send(net, payload)
    poll(lambda: guarded(net.hub) != before, 5, what=f"{name} is counted")
    found = tuple(difference(after, was) for after, was in zip(guarded(net.hub), before))
    assert found == (({"malformed": 1}, {reason: 1}) if name in PLAIN_DAMAGE else ({reason: 1}, {}))
    assert f"  {reason} " in net.hub.vtysh("show ip nhrp vpn counters"), "in text, too"


def test_cut_anywhere(net):
    """A good message cut at every octet: each piece is dropped, none is taken for a message."""
    before, received = dropped(net.hub), counters(net.hub)["received"]["registrationRequest"]
    # The kernel's own GRE takes nothing that carries less than four octets.
    pieces = [GOOD[:length] for length in range(4, len(GOOD))]
    send(net, *pieces)
    poll(lambda: sum(difference(dropped(net.hub), before).values()) >= len(pieces), 10, what="every piece is counted")
    assert sum(difference(dropped(net.hub), before).values()) == len(pieces)
    # The spokes' own refreshes come in meanwhile; a hundred pieces cannot hide among them.
    assert counters(net.hub)["received"]["registrationRequest"] - received < 10


def test_every_octet_flipped(net):
    """One octet wrong anywhere, from a registered member: no daemon minds, and no member changes."""
    # Octet 0 tells VPN messages from plain ones, and 8 is the PAD, which is ignored.
    places = [at for at in range(1, len(GOOD)) if at != 8]
    pieces = [GOOD[:at] + bytes([GOOD[at] ^ 0xFF]) + GOOD[at + 1 :] for at in places]
    before = dropped(net.hub)
    send(net, *pieces, node=net.spoke1, source=mainjob.NBMA["spoke1"])
    # The seven octets of the VPN-ID are no damage: they name another VPN. The checksum covers all behind the headers.
    damaged = len(pieces) - 7
    poll(lambda: sum(difference(dropped(net.hub), before).values()) >= damaged, 10, what="they are counted")
    assert sum(difference(dropped(net.hub), before).values()) == damaged
    assert mainjob.members(net.hub) == mainjob.all_members()


def test_not_even_a_header(net):
    """Empty and tiny GRE payloads, VPN or plain, leave the daemon running."""
    before = dropped(net.hub)
    send(net, b"", b"\x00", b"\xaa", b"\xaa" * 4, b"\x00\x01\x08\x00", bytes(20), b"\xff" * 64)
    poll(lambda: difference(dropped(net.hub), before) == {"truncated": 1}, 5, what="the one that begins as VPN is counted")
    assert net.hub.vtysh_json("show ip nhrp vpn json")["instances"][0]["state"] == "up"


def test_log_is_limited(net):
    """The log names sender and reason, and two such lines are at least a second apart."""
    bad, end = DAMAGE["checksum"][1], time.monotonic() + 3
    before = net.hub.log("nhrpd")
    while time.monotonic() < end:
        send(net, *[bad] * 20)

    def lines():
        return [line for line in net.hub.log("nhrpd")[len(before) :].splitlines() if "malformed VPN message" in line]

    poll(lambda: len(lines()) >= 2, 5)
    assert all(OUTSIDER in line and "checksum" in line for line in lines())
    stamps = [re.match(r"\S+ (\d+):(\d+):(\d+\.\d+)", line).groups() for line in lines()]
    seconds = [int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in stamps]
    apart = [(b - a) % 86400 for a, b in zip(seconds, seconds[1:])]  # a day may end in between
    assert all(gap >= 0.99 for gap in apart), seconds


def test_stock_parser_saw_none_of_it(net):
    """With `debug nhrp common` the stock code logs each message it parses: none of those was ours."""
    taken = [line for line in net.hub.log("nhrpd").splitlines() if "Recv" in line]
    assert taken, "the stock code logs what it takes"
    assert not [line for line in taken if OUTSIDER in line]


def test_all_is_well_after(net):
    """Same members, and the main job's ping still works."""
    assert mainjob.members(net.hub) == mainjob.all_members()
    assert net.vm1.ping("11.0.0.11", count=5) == (5, 5)
