# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads capture files in the classic pcap format (tcpdump -w), of Ethernet frames."""

import struct

MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}


def read_pcap(path):
    """Yield (time in seconds, frame) for every complete record; a file that is still being written is fine."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 24:
        return
    if data[:4] not in MAGIC:
        raise ValueError(f"{path}: not a pcap file")
    order, unit = MAGIC[data[:4]]
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, length, _ = struct.unpack_from(order + "IIII", data, at)
        if at + 16 + length > len(data):
            return
        yield seconds + fraction * unit, data[at + 16 : at + 16 + length]
        at += 16 + length
