# SPDX-License-Identifier: GPL-2.0-or-later
"""What is to be seen of NHRP on several GRE tunnels between the same nodes, told apart by their keys.

The net has its captures in net.wire[name]. Functions here look and say what they saw; to judge is for their callers.
"""

from codec_decoder.nhrp import decode_frame, gre_payload


def gre_key(frame):
    """The GRE key of an Ethernet frame that is NHRP over GRE."""
    at = 14 + (frame[14] & 15) * 4
    assert frame[at] & 0x20, "a tunnel without key"
    return int.from_bytes(frame[at + 4 : at + 8], "big")


def messages(net, name, key=None, kind=None):
    """Every NHRP message on a router's wire so far as (GRE key, message); a malformed one raises."""
    found = [(gre_key(f), decode_frame(f)) for f in net.wire[name].frames(gre_payload)]
    return [(k, m) for k, m in found if key in (None, k) and kind in (None, m.type)]


def cache(router, *types, ipv="ip"):
    """{(interface, protocol address, NBMA address)} of the cache entries of these types."""
    table = router.vtysh_json(f"show {ipv} nhrp cache json").get("table", [])
    return {(e["interface"], e["protocol"], e["nbma"]) for e in table if e["type"] in types}


def counter(router, group, name):
    return router.vtysh_json("show ip nhrp vpn counters json")[group][name]
