# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames and packets that no ordinary program sends, put on a node's wire.

Each sender is a short process in the node with one raw socket: no scapy, which takes longer to load in the sandbox
than most tests take.
"""

import sys

from codec_decoder.craft import ethernet, ipv4, mac

# An Ethernet type for local experiments: nothing in the nets answers to it.
EXPERIMENT = 0x88B5

BROADCAST = "ff:ff:ff:ff:ff:ff"
VXLAN_PORT = 4789

SEND_FRAMES = """
import socket, sys
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((sys.argv[1], 0))
for frame in sys.stdin: out.send(bytes.fromhex(frame))
"""
SEND_PACKETS = """
import socket, sys
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for packet in sys.stdin: out.sendto(bytes.fromhex(packet), (sys.argv[1], 0))
"""
SEND_UDP = """
import socket, sys
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for data in sys.stdin: out.sendto(bytes.fromhex(data), (sys.argv[1], int(sys.argv[2])))
"""


def _send(node, program, arguments, items):
    node.run([sys.executable, "-S", "-E", "-c", program, *map(str, arguments)], stdin="".join(i.hex() + "\n" for i in items))


def send_frames(node, ifname, *frames):
    """Ethernet frames as they are, out of `ifname`."""
    _send(node, SEND_FRAMES, [ifname], frames)


def send_gre(node, source, destination, *payloads):
    """GRE packets (header included) in IPv4, by the node's routing."""
    _send(node, SEND_PACKETS, [destination], [ipv4(p, source, destination) for p in payloads])


def send_vxlan(node, destination, vni, *frames):
    """Ethernet frames in VXLAN, from whatever address and port the node has."""
    header = b"\x08\0\0\0" + vni.to_bytes(3, "big") + b"\0"
    _send(node, SEND_UDP, [destination, VXLAN_PORT], [header + f for f in frames])


def marked(marker, source, destination=BROADCAST, size=60):
    """A frame of an experimental type with `marker` (octets) in it, of `size` octets at least."""
    return ethernet(marker.ljust(size - 14, b"\0"), source, destination, EXPERIMENT)


def carries(marker):
    """For Capture.frames(): does a frame, plain or inside VXLAN, carry `marker`?"""
    return lambda frame: marker in frame


def vxlan_inner(frame):
    """(outer source, outer destination, vni, inner frame) of a VXLAN frame, or None."""
    if len(frame) < 50 or frame[12:14] != b"\x08\x00" or frame[23] != 17:
        return None
    at = 14 + (frame[14] & 15) * 4
    if int.from_bytes(frame[at + 2 : at + 4], "big") != VXLAN_PORT:
        return None
    dotted = [".".join(map(str, frame[i : i + 4])) for i in (26, 30)]
    return dotted[0], dotted[1], int.from_bytes(frame[at + 12 : at + 15], "big"), frame[at + 16 :]


def icmp_echo(frame, kind=8):
    """Is this Ethernet frame an ICMP echo request (8) or reply (0)?"""
    return len(frame) > 35 and frame[12:14] == b"\x08\x00" and frame[23] == 1 and frame[14 + (frame[14] & 15) * 4] == kind


def mac_is(octets, text):
    return octets == mac(text)
