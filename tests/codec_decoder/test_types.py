# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages of each type that our builder makes octet for octet, field by field by the independent decoder.

The octets are the unit tests' vectors (tests/unit/nhrp_vectors.c), of which only name and octets are taken; what must
be read from them is written down here.
"""

import os
import re

import pytest

from codec_decoder.nhrp import TYPES, Batch, Cie, address_text, decode

VECTORS = os.path.join(os.path.dirname(__file__), "..", "unit", "nhrp_vectors.c")

SPOKE_MAC, HUB_MAC, VM1, VM2 = "02:00:00:00:00:02", "02:00:00:00:00:01", "02:00:00:00:00:0a", "02:00:00:00:00:0b"


def entry(nbma="", vni=None, protocol="", code=0, prefix=0, mtu=0, hold=0, preference=0, mac=None):
    return code, prefix, mtu, hold, preference, nbma, vni, mac, protocol


OWN = entry("10.0.0.2", 100, SPOKE_MAC, prefix=255, mtu=1450, hold=30)
HUB = entry("10.0.0.1", 4097, HUB_MAC, mtu=1450, hold=30)

# name: type, hop count, flags, request ID, source NBMA, its VNI, source and destination protocol address, entries, extensions
MESSAGES = {
    "vpn-registration-request": (
        "registration-request", 255, 0x8000, 1, "10.0.0.2", 100, SPOKE_MAC, SPOKE_MAC, [OWN],
        {"responder": [], "forward-transit": [], "reverse-transit": [], "capabilities": (1, 0)},
    ),
    "vpn-registration-reply": (
        "registration-reply", 255, 0x8000, 1, "10.0.0.2", 100, SPOKE_MAC, SPOKE_MAC, [OWN],
        {"responder": [HUB], "capabilities": (1, 1)},
    ),
    "vpn-registration-moves": (
        "registration-request", 255, 0, 3, "10.0.0.2", 100, SPOKE_MAC, HUB_MAC,
        [entry(protocol=VM1, mtu=1450, hold=300), entry(protocol=VM2, mtu=1450, hold=60)],
        {"moves": [(7, 0), (0, 0)]},
    ),
    "vpn-purge-moves": (
        "purge-request", 255, 0, 11, "10.0.0.1", 4097, HUB_MAC, SPOKE_MAC, [entry(protocol=VM1)], {"moves": [(8, 1000)]},
    ),
    "vpn-batch-question": (
        "registration-request", 255, 0, 1, "10.0.0.2", 100, SPOKE_MAC, SPOKE_MAC,
        [entry("10.0.0.2", 100, SPOKE_MAC, mtu=1450, hold=30)],
        {
            "responder": [],
            "batch": ("question", [
                (0, 7, 0x102, 0x1122334455667788, entry("10.0.0.2", 107, "02:00:00:00:07:02", code=255, mtu=1450, hold=30)),
                (0x5E, 8, 0xFFFFFFFF, 1, entry("10.0.0.2", 108, "02:00:00:00:08:02", code=255, mtu=1400, hold=600)),
            ]),
        },
    ),
    "vpn-batch-answer": (
        "registration-reply", 255, 0, 1, "10.0.0.2", 100, SPOKE_MAC, SPOKE_MAC,
        [entry("10.0.0.2", 100, SPOKE_MAC, mtu=1450, hold=30)],
        {
            "responder": [HUB],
            "batch": ("answer", [
                (0, 7, 0x102, 0x99AABBCCDDEEFF00, entry("10.0.0.1", 4103, HUB_MAC, mtu=1450, hold=30)),
                (0x5E, 8, 0xFFFFFFFF, 0, entry(code=4)),
                (0, 9, 3, 0, entry(code=255)),
            ]),
        },
    ),
    "vpn-registration-refused": (
        "registration-reply", 255, 0, 0xFFFFFFFF, "10.0.0.2", 100, SPOKE_MAC, SPOKE_MAC,
        [entry(code=5), entry(vni=100, protocol=SPOKE_MAC, code=4, preference=255)], {},
    ),
    "vpn-resolution-request": (
        "resolution-request", 254, 0x4800, 258, "10.0.0.2", 100, VM1, VM2, [entry(mtu=1450, hold=120)], {"responder": []},
    ),
    "vpn-resolution-reply": (
        "resolution-reply", 255, 0x6800, 258, "10.0.0.2", 100, VM1, VM2,
        [entry("10.0.0.3", 101, VM2, prefix=48, mtu=1450, hold=120, preference=9)],
        {"responder": [entry("10.0.0.1", 4097, HUB_MAC)]},
    ),
    "vpn-purge-request": (
        "purge-request", 255, 0x8000, 10, "10.0.0.1", 4097, HUB_MAC, SPOKE_MAC,
        [entry(protocol=VM2, prefix=48), entry("10.0.0.3", 101, "02:00:00:00:00:0c", prefix=48)], {},
    ),
    "vpn-purge-reply": (
        "purge-reply", 255, 0, 10, "10.0.0.1", 4097, HUB_MAC, SPOKE_MAC, [entry(protocol=VM2, prefix=48)], {},
    ),
    "vpn-error-indication": ("error-indication", 255, 0, 0, "10.0.0.1", None, HUB_MAC, SPOKE_MAC, [], {}),
    "vpn-traffic-indication": ("traffic-indication", 255, 0, 0, "10.0.0.1", 4097, HUB_MAC, VM1, [], {}),
    "vpn-ip-registration-request": (
        "registration-request", 255, 0, 5, "10.0.0.2", 100, "0.0.0.0", "0.0.0.0",
        [
            entry("10.0.0.2", 100, "192.168.1.10", mtu=1450, hold=30, mac=VM1),
            entry("", 100, "192.168.1.11", prefix=32, hold=30, mac="01:00:5e:00:00:01"),
        ],
        {"responder": []},
    ),
    "vpn-ip6-resolution-reply": (
        "resolution-reply", 255, 0x4800, 6, "10.0.0.2", 100, "::", "fe80::b",
        [entry("10.0.0.3", 101, "fe80::b", mtu=1450, hold=120, mac=VM2)],
        {"responder": [entry("10.0.0.1", 4097, "", mtu=1450, hold=120, mac=HUB_MAC)]},
    ),
}  # fmt: skip


def octets(name):
    """The vector of that name: its string literals behind .hex, VPN_1 being the headers of VPN 1."""
    with open(VECTORS, encoding="utf-8") as file:
        text = file.read()
    headers = "".join(re.findall(r'"([^"]*)"', re.search(r"#define VPN_1((?:.*\\\n)*.*)", text)[1]))
    literals = re.search(rf'\.name = "{name}",\s*\.hex = ((?:VPN_1|"[^"]*"|\s)+),', text)[1]
    return bytes.fromhex(literals.replace("VPN_1", headers).replace('"', "").replace("\n", " ").replace("\t", " "))


def fields(cie):
    return (
        cie.code, cie.prefix_length, cie.mtu, cie.holding_time, cie.preference,
        cie.nbma_text, cie.vni, cie.mac_text, cie.protocol_text,
    )  # fmt: skip


def readable(value):
    if isinstance(value, Batch):
        return value.form, [(e.vpn_oui, e.vpn_index, e.request_id, e.life, fields(e.cie)) for e in value.entries]
    return [fields(cie) if isinstance(cie, Cie) else cie for cie in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", MESSAGES)
def test_every_field(name):
    kind, hops, flags, number, nbma, vni, source, destination, entries, extensions = MESSAGES[name]
    m = decode(octets(name))
    assert (m.type, m.hop_count, m.flags, m.afn) == (kind, hops, flags, 1)
    assert (m.request_id, address_text(m.nbma), m.vni) == (number, nbma, vni)
    assert (m.source_text, m.destination_text) == (source, destination)
    assert [fields(cie) for cie in m.cies] == entries
    assert {k: readable(v) for k, v in m.extensions.items() if k != "vendor" and not k.isdigit()} == extensions


def test_indications_carry_their_packet():
    error = decode(octets("vpn-error-indication"))
    assert (error.vpn_oui, error.vpn_index, error.error_code, error.error_offset, len(error.packet)) == (0, 9, 17, 24, 20)
    frame = decode(octets("vpn-traffic-indication")).packet
    assert (address_text(frame[:6]), address_text(frame[6:12]), frame[12:14]) == (VM2, VM1, b"\x08\x00")


def test_vpn_with_oui():
    m = decode(octets("vpn-resolution-request"))
    assert (m.vpn_oui, m.vpn_index) == (0x00005E, 7)


def test_each_type_is_here():
    assert {m[0] for m in MESSAGES.values()} == set(TYPES.values())
