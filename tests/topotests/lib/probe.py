# SPDX-License-Identifier: GPL-2.0-or-later
"""Probes of a VXLAN path and their answers, made and read from doc/developer/wire-format.rst alone."""

import socket
import struct

from codec_decoder.craft import ip, mac
from codec_decoder.nhrp import checksum

from .frames import vxlan_inner

PORT = 7784
GROUP = "01:80:c2:00:00:01"
UP, DOWN = 3, 1
DEMAND = 2


def frame(source, sender, mine, yours, vni, nonce, answer=False, state=UP, port=49152, interval=1000000, misses=3, **other):
    """The inner Ethernet frame. `other`: fields that should not be as they are (hops, destination, group, flags, version)."""
    flags = state << 6 | other.get("flags", 0 if answer else DEMAND)
    bfd = struct.pack("!BBBBIIIII", 1 << 5, flags, misses, 24, mine, yours, interval, other.get("min_rx", 0), 0)
    ours = struct.pack("!IQ", other.get("version", 1) << 24 | vni, nonce)
    ports = (PORT, port) if answer else (port, PORT)
    length = 8 + len(bfd) + len(ours)
    destination = ip(other.get("destination", "127.0.0.1"))
    udp = struct.pack("!HHHH", *ports, length, 0) + bfd + ours
    pseudo = ip(source) + destination + struct.pack("!HH", 17, length)
    udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp) or 0xFFFF) + udp[8:]
    head = struct.pack("!BBHIBBH", 0x45, 0xC0, 20 + length, 0, other.get("hops", 255), 17, 0) + ip(source) + destination
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return mac(other.get("group", GROUP)) + mac(sender) + b"\x08\x00" + head + udp


def in_vxlan(vni, inner):
    """What goes into UDP."""
    return struct.pack("!II", 8 << 24, vni << 8) + inner


def parse(inner):
    """The fields of a probe or answer as a dict, or None for any other frame."""
    if inner[:6] != mac(GROUP) or inner[12:14] != b"\x08\x00" or inner[23] != 17 or len(inner) != 78:
        return None
    ports = struct.unpack("!HH", inner[34:38])
    if PORT not in ports:
        return None
    version, flags, misses, length, mine, yours, interval, min_rx, echo = struct.unpack("!BBBBIIIII", inner[42:66])
    ours, nonce = struct.unpack("!IQ", inner[66:78])
    return {
        "answer": ports[0] == PORT,
        "port": ports[1] if ports[0] == PORT else ports[0],
        "source": socket.inet_ntoa(inner[26:30]),
        "destination": socket.inet_ntoa(inner[30:34]),
        "hops": inner[22],
        "sender": inner[6:12],
        "version": version,
        "state": flags >> 6,
        "flags": flags & 0x3F,
        "misses": misses,
        "length": length,
        "mine": mine,
        "yours": yours,
        "interval": interval,
        "min_rx": min_rx,
        "echo": echo,
        "our_version": ours >> 24,
        "vni": ours & 0xFFFFFF,
        "nonce": nonce,
    }


def answer_to(ask, source, sender, **changed):
    """The answer to a probe as parse() gives it; `changed` fields of frame() differ from what is right."""
    fields = {
        "mine": ask["yours"],
        "yours": ask["mine"],
        "vni": ask["vni"],
        "nonce": ask["nonce"],
        "port": ask["port"],
        "interval": ask["interval"],
        "misses": ask["misses"],
        "min_rx": ask["interval"],
        "answer": True,
    }
    return frame(source, sender, **(fields | changed))


def probes(frames):
    """[(outer source, outer destination, VNI, fields)] of the probes and answers among captured frames."""
    found = []
    for captured in frames:
        outer = vxlan_inner(captured)
        fields = outer and parse(outer[3])
        if fields:
            found.append((*outer[:3], fields))
    return found

