# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes NHRP messages octet by octet, right ones and broken ones, for tests that send what no peer would.

Like nhrp.py it is written from the RFCs alone. Every length and the checksum are right unless the caller
overwrites a field: message() returns a Draft, whose fields can be set to anything before it is packed.
"""

import ipaddress
import struct

from .nhrp import NHRP_SNAP, VPN_HEADER, checksum

RESOLUTION_REQUEST, REGISTRATION_REQUEST, REGISTRATION_REPLY, PURGE_REQUEST = 1, 3, 4, 5
ERROR_INDICATION, TRAFFIC_INDICATION = 7, 8
MAC = 0x6558


def ip(text):
    return ipaddress.ip_address(text).packed


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def vni(number):
    return struct.pack(">I", number)


def cie(nbma=b"", sub=b"", protocol=b"", code=0, prefix=0, mtu=1500, holding=600, preference=0):
    head = struct.pack(">BBHHHBBBB", code, prefix, 0, mtu, holding, len(nbma), len(sub), len(protocol), preference)
    return head + nbma + sub + protocol


def extension(kind, value=b"", compulsory=False):
    return struct.pack(">HH", kind | (0x8000 if compulsory else 0), len(value)) + value


END = extension(0, compulsory=True)


class Draft:
    """A message before it is packed: fields of the fixed header by name, then the parts behind it."""

    def __init__(self, kind, protocol=MAC):
        self.fixed = {
            "afn": 1,
            "protocol": protocol,
            "snap": bytes(5),
            "hops": 16,
            "size": None,
            "checksum": None,
            "extoff": None,
            "version": 1,
            "kind": kind,
            "shtl": 0,
            "sstl": 0,
        }
        self.mandatory, self.cies, self.extensions = b"", b"", b""

    def set(self, **fields):
        unknown = set(fields) - set(self.fixed)
        assert not unknown, f"no such field: {unknown}"
        self.fixed.update(fields)
        return self

    def pack(self):
        f, body = self.fixed, self.mandatory + self.cies
        extoff = f["extoff"] if f["extoff"] is not None else (20 + len(body) if self.extensions else 0)
        size = f["size"] if f["size"] is not None else 20 + len(body) + len(self.extensions)
        head = struct.pack(">HH5sBHHHBBBB", f["afn"], f["protocol"], f["snap"], f["hops"], size, 0, extoff,
                           f["version"], f["kind"], f["shtl"], f["sstl"])  # fmt: skip
        data = head + body + self.extensions
        right = f["checksum"] if f["checksum"] is not None else checksum(data)
        return data[:12] + struct.pack(">H", right) + data[14:]


def message(kind, nbma, sub, source, destination, cies=(), extensions=(), flags=0, request_id=1, packet=b""):
    """A Draft of any type; `packet` is what error and traffic indications carry."""
    draft = Draft(kind).set(shtl=len(nbma), sstl=len(sub))
    draft.mandatory = struct.pack(">BBHI", len(source), len(destination), flags, request_id)
    draft.mandatory += nbma + sub + source + destination + packet
    draft.cies = b"".join(cies)
    draft.extensions = b"".join(extensions)
    return draft


def vpn(nhrp, index=1, oui=0, outer=VPN_HEADER, inner=NHRP_SNAP):
    """RFC 2735 encapsulation around a packed message."""
    return outer + struct.pack(">II", oui, index) + inner + nhrp


def gre(payload, key=None, protocol=0x2001):
    """The GRE packet, without IP."""
    if key is None:
        return struct.pack(">HH", 0, protocol) + payload
    return struct.pack(">HHI", 0x2000, protocol, key) + payload


def ipv4(payload, source, destination, protocol=47):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, ip(source), ip(destination))
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def ethernet(payload, source="02:00:00:00:00:01", destination="02:00:00:00:00:02", kind=0x0800):
    return mac(destination) + mac(source) + struct.pack(">H", kind) + payload


def write_pcap(path, frames):
    """A capture file of Ethernet frames, one second apart."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for second, frame in enumerate(frames):
            file.write(struct.pack("<IIII", second, 0, len(frame), len(frame)) + frame)
