# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames and packets that no ordinary program sends, put on a node's wire.

Each sender is a short process in the node with one raw socket: no scapy, which takes longer to load in the sandbox
than most tests take.
"""

import sys

from codec_decoder.craft import ethernet, ip, ipv4, mac
from codec_decoder.nhrp import checksum

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


ZERO_MAC = "00:00:00:00:00:00"
ARP, IPV6, ICMPV6 = 0x0806, 0x86DD, 58
NS, NA = 135, 136


def arp(sender, sender_ip, target_ip, reply=False, destination=BROADCAST):
    """An ARP request, or a reply; a request for the sender's own address is an announcement."""
    body = bytes.fromhex("0001080006040002" if reply else "0001080006040001")
    body += mac(sender) + ip(sender_ip) + mac(destination if reply else ZERO_MAC) + ip(target_ip)
    return ethernet(body.ljust(46, b"\0"), sender, destination, ARP)


def neighbour(kind, sender, source, target, destination=None, option=True, flags=0, hops=255, sum_error=0):
    """A neighbour solicitation (NS) or advertisement (NA); `option`: with the sender's link-layer address."""
    to = ip(destination) if destination else bytes.fromhex("ff0200000000000000000001ff") + ip(target)[13:]
    lladdr = bytes([1 if kind == NS else 2, 1]) + mac(sender) if option else b""
    body = bytes([kind, 0, 0, 0]) + flags.to_bytes(4, "big") + ip(target) + lladdr
    pseudo = ip(source) + to + len(body).to_bytes(4, "big") + bytes([0, 0, 0, ICMPV6])
    right = (checksum(pseudo + body) + sum_error) & 0xFFFF
    body = body[:2] + right.to_bytes(2, "big") + body[4:]
    head = b"\x60\0\0\0" + len(body).to_bytes(2, "big") + bytes([ICMPV6, hops]) + ip(source) + to
    return ethernet(head + body, sender, "33:33:" + ":".join(f"{b:02x}" for b in to[12:]), IPV6)


def asks_for(address):
    """For Capture.frames(): is it an ARP request or a neighbour solicitation for `address`, plain or inside VXLAN?"""
    wanted = ip(address)

    def match(frame):
        inner = (vxlan_inner(frame) or (None, None, None, frame))[3]
        if inner[12:14] == ARP.to_bytes(2, "big"):
            return inner[20:22] == b"\0\1" and inner[38:42] == wanted
        return inner[12:14] == IPV6.to_bytes(2, "big") and inner[20] == ICMPV6 and inner[54] == NS and inner[62:78] == wanted

    return match


def answers_for(address):
    """The same for an ARP reply or a neighbour advertisement."""
    wanted = ip(address)

    def match(frame):
        inner = (vxlan_inner(frame) or (None, None, None, frame))[3]
        if inner[12:14] == ARP.to_bytes(2, "big"):
            return inner[20:22] == b"\0\2" and inner[28:32] == wanted
        return inner[12:14] == IPV6.to_bytes(2, "big") and inner[20] == ICMPV6 and inner[54] == NA and inner[62:78] == wanted

    return match


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
