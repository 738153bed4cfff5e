# SPDX-License-Identifier: GPL-2.0-or-later
"""Decodes NHRP on GRE, RFC 2735 encapsulation included, without mercy.

Written from the texts of RFC 2332 (5.1 to 5.3), RFC 2735 (4.1, 4.2) and RFC 2784/2890 alone, and sharing no line
with lib/, so that the two cannot be wrong in the same way. It reads what tshark does not: the NBMA subaddress of
a client information entry. Anything left over, cut short or inconsistent raises Malformed with the place.

It judges single messages only: whether a reply fits its request is for the tests to say.

    frame:   Ethernet | IPv4 | GRE 0x2001 | [VPN header 16 | LLC/SNAP 8] | NHRP
"""

import ipaddress
import struct
from dataclasses import dataclass, field

GRE_PROTOCOL = 0x2001
VPN_HEADER = bytes.fromhex("aaaa0300005e0008")  # followed by PAD, OUI, index
NHRP_SNAP = bytes.fromhex("aaaa0300005e0003")
ETHERTYPE_MAC = 0x6558  # transparent Ethernet bridging: a MAC address as protocol address

TYPES = {
    1: "resolution-request",
    2: "resolution-reply",
    3: "registration-request",
    4: "registration-reply",
    5: "purge-request",
    6: "purge-reply",
    7: "error-indication",
    8: "traffic-indication",  # not in RFC 2332: the redirect of DMVPN phase 3
}
CARRIES_PACKET = ("error-indication", "traffic-indication")
CARRIES_CIES = {3: "responder", 4: "forward-transit", 5: "reverse-transit"}
BATCH = 0x3805  # this project's own, as doc/developer/wire-format.rst draws it
MOVES = 0x3803  # for each entry of the message: number of its last move, milliseconds since then
EXTENSIONS = {0: "end", **CARRIES_CIES, 7: "authentication", 8: "vendor", 9: "nat-address", BATCH: "batch", MOVES: "moves"}
BATCH_FORMS = {1: "question", 2: "answer"}


class Malformed(ValueError):
    """The message breaks the RFC; the text says where and how."""


class Reader:
    """Takes octets from the front and never more than there are."""

    def __init__(self, data, what):
        self.data, self.at, self.what = data, 0, what

    def take(self, count, name):
        if self.at + count > len(self.data):
            raise Malformed(f"{self.what}: {name} needs {count} octets at {self.at}, {len(self.data) - self.at} left")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, count, name):
        return int.from_bytes(self.take(count, name), "big")

    def left(self):
        return len(self.data) - self.at


@dataclass
class Cie:
    """A client information entry (5.2.0.1)."""

    code: int
    prefix_length: int
    mtu: int
    holding_time: int
    preference: int
    nbma: bytes
    nbma_sub: bytes
    protocol: bytes

    @property
    def nbma_text(self):
        return address_text(self.nbma)

    @property
    def protocol_text(self):
        return address_text(self.protocol)

    @property
    def vni(self):
        """The subaddress as this project uses it, None without one."""
        return vni_of(self.nbma_sub)

    @property
    def mac_text(self):
        """The MAC address behind the VNI, which an entry about an IP address has; None without one."""
        return address_text(self.nbma_sub[4:]) if len(self.nbma_sub) == 10 else None


@dataclass
class BatchEntry:
    """The registration of one more VPN, in a question or in its answer."""

    vpn_oui: int
    vpn_index: int
    request_id: int
    life: int
    cie: Cie


@dataclass
class Batch:
    """An extension of this project's: registrations of further VPNs."""

    form: str
    entries: list


@dataclass
class Message:
    """One NHRP message, every field of the mandatory part under the RFC's name."""

    outer_source: str = ""
    outer_destination: str = ""
    vpn_oui: int = None
    vpn_index: int = None
    afn: int = 0
    protocol_type: int = 0
    hop_count: int = 0
    type: str = ""
    flags: int = 0
    request_id: int = 0
    error_code: int = 0
    error_offset: int = 0
    nbma: bytes = b""
    nbma_sub: bytes = b""
    source: bytes = b""
    destination: bytes = b""
    cies: list = field(default_factory=list)
    extensions: dict = field(default_factory=dict)  # name -> value, or list of Cie, or Batch
    packet: bytes = b""

    @property
    def source_text(self):
        return address_text(self.source)

    @property
    def destination_text(self):
        return address_text(self.destination)

    @property
    def vni(self):
        return vni_of(self.nbma_sub)


def vni_of(subaddress):
    """4 octets are a VNI, 10 a VNI and a MAC address."""
    return int.from_bytes(subaddress[:4], "big") if len(subaddress) in (4, 10) else None


def address_text(octets):
    if len(octets) in (4, 16):
        return str(ipaddress.ip_address(octets))
    return octets.hex(":")


def checksum(data):
    """The Internet checksum; 0 for data that contains its own right one."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def gre_payload(frame, wanted=GRE_PROTOCOL):
    """(source, destination, payload) of an Ethernet frame that is IPv4 GRE of that protocol; None for any other."""
    if len(frame) < 34 or frame[12:14] != b"\x08\x00" or frame[14] >> 4 != 4 or frame[23] != 47:
        return None
    header = (frame[14] & 15) * 4
    packet = frame[14 : 14 + int.from_bytes(frame[16:18], "big")]
    gre = Reader(packet[header:], "GRE")
    flags, protocol = gre.number(2, "flags"), gre.number(2, "protocol")
    if protocol != wanted:
        return None
    for bit, name in ((0x8000, "checksum"), (0x2000, "key"), (0x1000, "sequence")):
        if flags & bit:
            gre.take(4, name)
    return address_text(packet[12:16]), address_text(packet[16:20]), gre.take(gre.left(), "payload")


def decode_frame(frame):
    """The Message in an Ethernet frame, or None where there is no NHRP in it."""
    found = gre_payload(frame)
    if not found:
        return None
    message = decode(found[2])
    message.outer_source, message.outer_destination = found[:2]
    return message


def decode(payload):
    """A GRE 0x2001 payload: a VPN message starts with 0xAA, a plain one with its address family number."""
    message = Message()
    if payload[:1] == b"\xaa":
        reader = Reader(payload, "VPN encapsulation")
        if reader.take(8, "LLC/SNAP") != VPN_HEADER:
            raise Malformed(f"VPN encapsulation: LLC/SNAP is {payload[:8].hex()}")
        reader.take(1, "PAD")
        message.vpn_oui, message.vpn_index = reader.number(3, "OUI"), reader.number(4, "VPN index")
        if reader.take(8, "inner LLC/SNAP") != NHRP_SNAP:
            raise Malformed(f"VPN encapsulation: inner LLC/SNAP is {payload[16:24].hex()}")
        payload = payload[24:]
    decode_nhrp(payload, message)
    return message


def decode_nhrp(data, message):
    fixed = Reader(data, "fixed header")
    message.afn, message.protocol_type = fixed.number(2, "ar$afn"), fixed.number(2, "ar$pro.type")
    snap = fixed.take(5, "ar$pro.snap")
    message.hop_count, size = fixed.number(1, "ar$hopcnt"), fixed.number(2, "ar$pktsz")
    fixed.take(2, "ar$chksum")
    extensions_at, version = fixed.number(2, "ar$extoff"), fixed.number(1, "ar$op.version")
    kind, shtl, sstl = fixed.number(1, "ar$op.type"), fixed.number(1, "ar$shtl"), fixed.number(1, "ar$sstl")
    if size != len(data):
        raise Malformed(f"fixed header: ar$pktsz is {size}, there are {len(data)} octets")
    if checksum(data):
        raise Malformed("fixed header: wrong checksum")
    if version != 1 or kind not in TYPES:
        raise Malformed(f"fixed header: version {version} type {kind}")
    if message.protocol_type != 0x80 and any(snap):
        raise Malformed("fixed header: ar$pro.snap without long form")
    if extensions_at and not fixed.at <= extensions_at <= size:
        raise Malformed(f"fixed header: ar$extoff {extensions_at} outside the message")
    message.type = TYPES[kind]
    body = Reader(data[fixed.at : extensions_at or size], message.type)
    decode_mandatory(body, length_of(shtl), length_of(sstl), message)
    if extensions_at:
        decode_extensions(Reader(data[extensions_at:], "extensions"), message)


def length_of(type_length):
    """An address type and length octet (5.1): the top bit is reserved, the next tells E.164 from NSAP."""
    if type_length & 0x80:
        raise Malformed(f"address length octet {type_length:#x}: reserved bit set")
    return type_length & 0x3F


def decode_mandatory(body, nbma_length, sub_length, message):
    source_length, destination_length = body.number(1, "Src Proto Len"), body.number(1, "Dst Proto Len")
    message.flags = body.number(2, "Flags")
    if message.type in CARRIES_PACKET:
        message.error_code, message.error_offset = body.number(2, "code"), body.number(2, "offset")
    else:
        message.request_id = body.number(4, "Request ID")
    message.nbma = body.take(nbma_length, "Source NBMA Address")
    message.nbma_sub = body.take(sub_length, "Source NBMA Subaddress")
    message.source = body.take(source_length, "Source Protocol Address")
    message.destination = body.take(destination_length, "Destination Protocol Address")
    if message.type in CARRIES_PACKET:
        message.packet = body.take(body.left(), "packet")
    message.cies = list(decode_cies(body))


def decode_cies(reader):
    while reader.left():
        yield decode_cie(reader)


def decode_batch(reader):
    form, number = reader.number(1, "form"), reader.number(1, "number of entries")
    if form not in BATCH_FORMS:
        raise Malformed(f"{reader.what}: form {form}")
    entries = []
    while reader.left():
        oui, index, zero = reader.number(3, "OUI"), reader.number(4, "VPN index"), reader.number(1, "unused")
        if zero:
            raise Malformed(f"{reader.what}: unused octet {zero:#x}")
        request_id, life = reader.number(4, "Request ID"), reader.number(8, "life")
        entries.append(BatchEntry(oui, index, request_id, life, decode_cie(reader)))
    if not number or len(entries) != number:
        raise Malformed(f"{reader.what}: {number} entries are told, {len(entries)} are there")
    return Batch(BATCH_FORMS[form], entries)


def decode_cie(reader):
    code, prefix = reader.number(1, "Code"), reader.number(1, "Prefix Length")
    reader.take(2, "unused")
    mtu, holding = reader.number(2, "MTU"), reader.number(2, "Holding Time")
    address, sub = length_of(reader.number(1, "Cli Addr T/L")), length_of(reader.number(1, "Cli SAddr T/L"))
    protocol, preference = reader.number(1, "Cli Proto Len"), reader.number(1, "Preference")
    return Cie(
        code,
        prefix,
        mtu,
        holding,
        preference,
        reader.take(address, "Client NBMA Address"),
        reader.take(sub, "Client NBMA Subaddress"),
        reader.take(protocol, "Client Protocol Address"),
    )


def decode_moves(value, entries):
    """[(number, age)], one for each entry of the message; any other length says nothing and is left as it is."""
    if len(value) != 8 * entries:
        return value
    return list(struct.iter_unpack(">II", value))


def decode_extensions(reader, message):
    """5.3: the list ends with the End extension, and nothing follows it."""
    while True:
        kind, length = reader.number(2, "Type"), reader.number(2, "Length")
        if kind & 0x4000:
            raise Malformed(f"extension {kind & 0x3FFF}: unused bit set")
        kind &= 0x3FFF
        value = reader.take(length, f"extension {kind}")
        if kind == 0:
            if length or reader.left():
                raise Malformed(f"extensions: {length + reader.left()} octets after the end")
            return
        name = EXTENSIONS.get(kind, str(kind))
        if kind == 9 and length == 8:
            # Two extensions share this number; only RFC 2735's is of exactly 8 octets.
            name = "capabilities"
        if name in message.extensions and name != "vendor":
            raise Malformed(f"extension {name} twice")
        if kind in CARRIES_CIES:
            value = list(decode_cies(Reader(value, f"extension {name}")))
        elif kind == BATCH:
            value = decode_batch(Reader(value, "batch"))
        elif kind == MOVES:
            value = decode_moves(value, len(message.cies))
        elif name == "capabilities":
            value = struct.unpack(">II", value)
        message.extensions[name] = value
