#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the seeds of fuzz_vpn_engine that are stories rather than finds: engine_seeds.py FOLDER.

Each story is a list of steps as fuzz_vpn_engine.c describes them. Run it again after a change
of that format; what libFuzzer found in the old one is then noise, and may go.
"""
import struct
import sys
from pathlib import Path

HUB, SPOKE = 0, 1  # to whom
FROM_HUB, FROM_SPOKE, FROM_OTHER, FROM_STRANGER = 0, 2, 4, 6
UNTOUCHED, LATER, HEARD, SPECIAL = 8, 32, 64, 128
TUN = 20
HUB_VNI = 4097
VM1, VM2 = bytes.fromhex("02aa00000010"), bytes.fromhex("02aa00000011")
IPV4, MAC = b"\1", b"\3"


def step(what, octets=b""):
    return struct.pack("!BH", what, len(octets)) + octets


def special(to, kind, *rest):
    return step(SPECIAL | to, bytes([kind]) + b"".join(bytes([r]) if isinstance(r, int) else r for r in rest))


def cross(to, back=0, at=0, change=0, flags=0):
    return special(to | flags, 1, back, struct.pack("!HB", at, change))


def seconds(num):
    return special(HUB, 4, struct.pack("!H", num))


def keys(to, which):
    return special(to, 5, which)


def configure(to, setting, value):
    return special(to, 2, setting, value)


def look():
    return special(HUB, 7) + special(SPOKE, 7)


def nbma(last):
    return IPV4 + bytes([10, 0, 0, last])


def record(to, kind, body):
    return special(to, 3, kind, body)


def hairpin(src, dst):
    body = struct.pack("!II", TUN, HUB_VNI) + MAC + VM1 + MAC + VM2 + nbma(src) + nbma(dst)
    return record(HUB, 71, body + bytes([16]) + VM2 + VM1 + b"\x08\x00\x45\x00")


def local(mac, gone=0):
    return record(SPOKE, 74, struct.pack("!II", TUN, 100) + MAC + mac + bytes([gone]))


def cie(addresses, vni=0, code=0, hold=600, mtu=1450, prefix=0):
    """ADDRESSES: index of the NBMA address, and of the MAC times 8."""
    sub = b"" if addresses & 7 == 4 else bytes([vni])
    return struct.pack("!BBHHB", code, 0, mtu, hold, addresses) + sub + bytes([prefix])


def neigh(kind, ip, mac=b"", gone=None):
    body = struct.pack("!II", TUN, 100) + IPV4 + bytes([172, 16, 0, ip]) + (MAC + mac if mac else b"")
    return record(SPOKE, kind, body + (b"" if gone is None else bytes([gone])))


def composed(to, op, who, dst, cies=(), flags=0, exts=b"", how=0):
    body = bytes([how, op - 1]) + struct.pack("!HBBB", flags, who, dst, len(cies)) + b"".join(cies)
    return special(to, 0, body, exts)


def heard(sender, mac):
    return step(HUB | sender | HEARD, mac)


EXPECTED_ID, SRC_SPOKE = 4, 0x10 | 0x40
EXTS = bytes([0x80, 0, 0x81, 0, 0x82, 0, 6, 8]) + bytes(8)
REGISTER = cross(HUB) + cross(SPOKE)
OTHER = composed(HUB | FROM_OTHER, 3, 0x20 | 0x80, 0, [cie(2 | 2 << 3, 1)], exts=EXTS)
LEARN = heard(FROM_SPOKE, VM1) + heard(FROM_OTHER, VM2)
SHORTCUT = LEARN + hairpin(2, 3) + cross(SPOKE) + cross(HUB) + cross(SPOKE)
BATCH = bytes([0x47])  # a batch as the one extension: how, then request ID, life and a CIE for each entry


def batch(how, *entries):
    return BATCH + bytes([how]) + b"".join(bytes([7, 1 + n]) + entry for n, entry in enumerate(entries))


KEYS = keys(HUB, 15) + keys(SPOKE, 15)

STORIES = {
    "story-registration": REGISTER + look(),
    "story-registration-lost": seconds(1) + seconds(3) + seconds(9) + REGISTER + look(),
    "story-registration-many": composed(HUB | FROM_OTHER, 3, 0x20 | 0x80, 0, [cie(2 | 2 << 3, 1)])
    + composed(HUB | FROM_OTHER, 3, 0x20 | 0x80, 0, [cie(4 | n << 3) for n in range(4, 31)], exts=EXTS) + look(),
    "story-keys": KEYS + seconds(1) + cross(HUB) + cross(SPOKE) + cross(HUB) + cross(SPOKE) + look(),
    "story-keys-other-member": KEYS + OTHER + LEARN + look(),
    "story-keys-shortcut": KEYS + seconds(1) + REGISTER + REGISTER + OTHER + SHORTCUT + look(),
    "story-keys-spoilt": KEYS + b"".join(
        composed(HUB | FROM_OTHER, 3, 0x20 | 0x80, 0, [cie(2 | 2 << 3, 1)], exts=EXTS, how=1 << n) for n in range(4)),
    "story-keys-none": KEYS + keys(HUB, 2) + OTHER + seconds(2) + keys(HUB, 1) + OTHER + keys(SPOKE, 12) + look(),
    "story-shortcut": REGISTER + OTHER + SHORTCUT + look() + seconds(500) + cross(HUB) + cross(SPOKE),
    "story-shortcut-purged": REGISTER + OTHER + SHORTCUT + heard(FROM_SPOKE, VM2) + cross(SPOKE) + cross(HUB) + look(),
    "story-locals": REGISTER + OTHER + local(VM1) + SHORTCUT + local(b"\2\xbb\0\0\0\1") + cross(HUB) + cross(SPOKE)
    + local(VM1, 1) + cross(HUB) + look(),
    "story-resolution": OTHER + LEARN + composed(HUB | FROM_OTHER, 1, 0x20 | 0x80, 0x10, [cie(4 | 31 << 3)], exts=EXTS)
    + composed(HUB | FROM_SPOKE, 1, 0x50, 0x11, [cie(4 | 31 << 3)]) + heard(FROM_STRANGER, VM2) + look(),
    "story-purge": OTHER + LEARN + composed(HUB | FROM_OTHER, 5, 0x20 | 0x80, 0, [cie(2 | 2 << 3, 1)])
    + composed(HUB | FROM_OTHER, 5, 0x20 | 0x80, 0, [cie(4 | 0x11 << 3)], flags=0x8000) + look(),
    "story-errors": REGISTER + b"".join(
        composed(SPOKE | FROM_HUB, 7, EXPECTED_ID, 0, flags=code) for code in (1, 3, 6, 9, 11, 15, 16, 17)) + look(),
    "story-refused": composed(SPOKE | FROM_HUB, 4, EXPECTED_ID, 0, [cie(1, 0, code=4, hold=0)]) + seconds(30)
    + composed(SPOKE | FROM_HUB, 4, EXPECTED_ID, 0, [cie(1, 0, code=5, hold=0)]) + look(),
    "story-reconfigured": REGISTER + OTHER + LEARN + configure(HUB, 0, 6) + configure(HUB, 1, 0) + configure(SPOKE, 2, 0)
    + configure(SPOKE, 2, 1) + configure(SPOKE, 3, 2) + configure(SPOKE, 3, 0) + configure(SPOKE, 4, 1)
    + configure(HUB, 5, 2) + configure(HUB, 6, 2) + cross(HUB) + look(),
    "story-controller": REGISTER + configure(SPOKE, 9, 2) + seconds(5) + configure(SPOKE, 9, 3) + configure(SPOKE, 10, 0x22)
    + configure(SPOKE, 11, 3) + configure(SPOKE, 8, 6) + configure(HUB, 8, 6) + REGISTER + look(),
    "story-module": REGISTER + OTHER + special(HUB, 6, 0) + heard(FROM_OTHER, VM2) + special(HUB, 6, 1) + seconds(40)
    + special(SPOKE, 6, 2) + REGISTER + special(HUB, 6, 2) + REGISTER + look(),
    "story-layer3": configure(HUB, 5, 2) + look() + composed(HUB | FROM_OTHER, 8 + 3, 0x22, 0, [cie(2 | 2 << 3, 1)])
    + composed(HUB | FROM_OTHER, 8 + 3, 0x21, 0) + configure(HUB, 9, 0) + configure(HUB, 5, 7) + configure(HUB, 9, 3)
    + look() + configure(HUB, 6, 2) + look(),
    "story-neighbours": configure(HUB, 12, 1) + configure(SPOKE, 12, 1) + REGISTER + OTHER + LEARN + neigh(76, 4, VM1, 0)
    + cross(HUB) + cross(SPOKE) + neigh(77, 17) + cross(HUB) + cross(SPOKE)
    + composed(HUB | FROM_OTHER, 8 + 3, 0x20 | 0x80, 0, [cie(2 | 16 << 3, 0x90), cie(2 | 17 << 3, 0x91)], exts=EXTS)
    + seconds(11) + neigh(77, 16) + cross(HUB) + cross(SPOKE) + look()
    + composed(HUB | FROM_OTHER, 8 + 1, 0x20 | 0x80, 16, [cie(4 | 31 << 3)], exts=EXTS)
    + composed(HUB | FROM_OTHER, 8 + 5, 0x20 | 0x80, 0, [cie(4 | 16 << 3)]) + cross(SPOKE) + cross(HUB)
    + neigh(76, 4, VM1, 1) + configure(SPOKE, 12, 0) + look(),
    "story-neighbours6": configure(HUB, 12, 1) + OTHER + LEARN
    + composed(HUB | FROM_OTHER, 16 + 3, 0x20 | 0x80, 0, [cie(2 | 16 << 3, 0x90)], exts=EXTS)
    + composed(HUB | FROM_SPOKE, 16 + 1, 0x50, 16, [cie(4 | 31 << 3)]) + look(),
    "story-leaving": REGISTER + OTHER + SHORTCUT + special(SPOKE, 6, 4) + cross(HUB) + cross(SPOKE) + special(SPOKE, 6, 4)
    + REGISTER + configure(SPOKE, 13, 1) + special(SPOKE, 6, 4) + special(SPOKE, 6, 4) + look(),
    "story-plain": configure(HUB, 14, 0) + composed(HUB | FROM_OTHER, 32 + 3, 0x20 | 0x80, 0, [cie(2 | 2 << 3, 1)], exts=EXTS)
    + LEARN + composed(HUB | FROM_OTHER, 32 + 1, 0x20 | 0x80, 0x11, [cie(4 | 31 << 3)]) + REGISTER + look()
    + composed(HUB | FROM_OTHER, 3, 0x20 | 0x80, 0, [cie(2 | 2 << 3, 1)]) + configure(HUB, 14, 4) + look(),
    "story-batch": REGISTER + b"".join(
        composed(HUB | FROM_OTHER, 3, 0x20 | 0x80, 0, [cie(2 | 2 << 3, 1)],
                 exts=batch(how, cie(2 | 2 << 3, 1), cie(2 | 3 << 3, 2), cie(4 | 2 << 3)))
        for how in (0, 1, 2, 4, 0x11, 0x22, 0x32)) + look(),
    "story-batch-keys": KEYS + OTHER + composed(HUB | FROM_OTHER, 3, 0x20 | 0x80, 0, [cie(2 | 2 << 3, 1)],
                                                exts=batch(2, cie(2 | 2 << 3, 1), cie(2 | 3 << 3, 2), cie(2 | 2 << 3, 1)))
    + look() + special(HUB, 6, 2) + seconds(3) + cross(HUB) + cross(SPOKE) + look(),
    "story-batch-broken": composed(HUB | FROM_OTHER, 3, 0x20 | 0x80, 0, [cie(2 | 2 << 3, 1)],
                                   exts=bytes([7, 48, 1, 1]) + bytes(46))
    + composed(SPOKE | FROM_HUB, 4, EXPECTED_ID | 0x50, 0, [cie(1 | 1 << 3, 1)], exts=batch(4, cie(1 | 1 << 3, 1))) + look(),
    "story-silence": REGISTER + b"".join(seconds(2) for _ in range(8)) + look() + special(HUB, 6, 2) + REGISTER + REGISTER
    + look(),
    "story-crossing-changed": REGISTER + b"".join(cross(HUB, 0, at, 1) for at in range(24, 90, 6)),
}


def main():
    folder = Path(sys.argv[1])
    for name, octets in STORIES.items():
        (folder / name).write_bytes(octets)


if __name__ == "__main__":
    main()
