# SPDX-License-Identifier: GPL-2.0-or-later
"""The independent decoder itself: right messages read right, and every kind of damage called so.

A decoder that lets everything pass would make the topotests' claims worthless, so each rule it enforces has a
message here that breaks it.
"""

import pytest

from codec_decoder import craft
from codec_decoder.craft import END, cie, extension, ip, mac, vni
from codec_decoder.nhrp import Malformed, decode, decode_frame

SPOKE, HUB, MAC = ip("10.0.0.2"), ip("10.0.0.1"), mac("02:00:00:00:01:10")

# A plain registration request, written down octet by octet from RFC 2332's pictures.
BY_HAND = bytes.fromhex(
    "0001 0800 0000000000 10 003c 3f6a 0034 01 03 04 00"  # fixed header
    "04 04 8002 00000007 0a000002 01000002 01000001"  # mandatory part, request 7
    "00 ff 0000 05dc 1c20 00 00 00 00"  # CIE: prefix 255, MTU 1500, 7200 s
    "8003 0000 8000 0000"  # responder address, end
)


def reply(**fields):
    draft = craft.message(
        2,
        SPOKE,
        vni(100),
        MAC,
        MAC,
        cies=[cie(HUB, vni(101), MAC, holding=600)],
        extensions=[extension(3, cie(HUB, vni(4097), MAC), True), extension(9, bytes(7) + b"\1"), END],
        request_id=7,
    )
    return draft.set(**fields)


def parts(**values):
    draft = reply()
    for name, value in values.items():
        setattr(draft, name, value)
    return craft.vpn(draft.pack())


def test_message_written_by_hand():
    message = decode(BY_HAND)
    assert (message.vpn_index, message.type, message.request_id, message.flags) == (None, "registration-request", 7, 0x8002)
    assert (message.source_text, message.destination_text) == ("1.0.0.2", "1.0.0.1")
    (entry,) = message.cies
    assert (entry.prefix_length, entry.mtu, entry.holding_time, entry.vni) == (255, 1500, 7200, None)
    assert message.extensions == {"responder": []}


def batch(form=1, number=1, unused=0, tail=b""):
    entry = bytes(3) + vni(7) + bytes([unused]) + vni(9) + bytes(8) + cie(SPOKE, vni(107), MAC, code=255)
    return parts(extensions=extension(0x3805, bytes([form, number]) + entry + tail) + END)


def test_batch():
    (found,) = decode(batch()).extensions["batch"].entries
    assert (found.vpn_index, found.request_id, found.cie.vni, found.cie.code) == (7, 9, 107, 255)


@pytest.mark.parametrize("broken", [{"form": 0}, {"form": 3}, {"number": 0}, {"number": 2}, {"unused": 1}, {"tail": b"\0"}])
def test_batch_that_is_broken(broken):
    with pytest.raises(Malformed):
        decode(batch(**broken))


def test_vpn_reply_with_subaddresses():
    message = decode(craft.vpn(reply().pack(), index=7, oui=0x123456))
    assert (message.vpn_oui, message.vpn_index, message.vni) == (0x123456, 7, 100)
    (entry,) = message.cies
    assert (entry.nbma_text, entry.vni, entry.protocol_text) == ("10.0.0.1", 101, "02:00:00:00:01:10")
    assert message.extensions["responder"][0].vni == 4097
    assert message.extensions["capabilities"] == (0, 1)


def test_ip_address_with_vni_and_mac():
    sub = vni(101) + mac("02:00:00:00:00:0b")
    for address in ("192.168.1.11", "fe80::b"):
        draft = craft.message(2, SPOKE, vni(100), bytes(len(ip(address))), ip(address), cies=[cie(HUB, sub, ip(address))])
        message = decode(craft.vpn(draft.set(protocol=0x0800 if "." in address else 0x86DD).pack()))
        (entry,) = message.cies
        assert (entry.vni, entry.mac_text, entry.protocol_text) == (101, "02:00:00:00:00:0b", address)
        assert message.vni == 100
    assert cie_of(vni(101)).mac_text is None


def cie_of(sub):
    return decode(craft.vpn(craft.message(2, SPOKE, vni(100), MAC, MAC, cies=[cie(HUB, sub, MAC)]).pack())).cies[0]


def test_frame():
    packet = craft.ipv4(craft.gre(craft.vpn(reply().pack()), key=42), "10.0.0.1", "10.0.0.2")
    message = decode_frame(craft.ethernet(packet))
    assert (message.outer_source, message.outer_destination) == ("10.0.0.1", "10.0.0.2")
    assert decode_frame(craft.ethernet(craft.ipv4(bytes(20), "10.0.0.1", "10.0.0.2", 17))) is None


DAMAGED = {
    "outer LLC": craft.vpn(reply().pack(), outer=bytes(8)).replace(b"\0", b"\xaa", 1),
    "inner LLC": craft.vpn(reply().pack(), inner=bytes(8)),
    "version": craft.vpn(reply(version=0).pack()),
    "type": craft.vpn(reply(kind=9).pack()),
    "size": craft.vpn(reply(size=100).pack()),
    "checksum": craft.vpn(reply(checksum=1).pack()),
    "snap": craft.vpn(reply(snap=b"\0\0\0\0\1").pack()),
    "extension offset": craft.vpn(reply(extoff=2000).pack()),
    "reserved bit": craft.vpn(reply(shtl=0x84).pack()),
    "CIE cut": parts(cies=cie(HUB, vni(101), MAC)[:-1]),
    "CIE address past the end": parts(cies=cie()[:8] + b"\x04\0\0\0"),
    "extension past the end": parts(extensions=b"\0\3\0\x40" + END),
    "no end": parts(extensions=extension(3)),
    "behind the end": parts(extensions=END + b"\0"),
    "twice": parts(extensions=extension(3) * 2 + END),
    "unused bit": parts(extensions=extension(0x4003) + END),
    "extension's CIE cut": parts(extensions=extension(3, cie()[:-1]) + END),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_called_so(name):
    with pytest.raises(Malformed):
        decode(DAMAGED[name])


def test_cut_anywhere():
    whole = craft.vpn(reply().pack())
    for length in range(len(whole)):
        with pytest.raises(Malformed):
            decode(whole[:length])
