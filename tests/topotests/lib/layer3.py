# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of layer 3 NHRP share: GRE tunnels told apart by their keys, and looking at wires and caches.

A net that is looked at has `wire`: router name -> running Capture.
"""

from codec_decoder.nhrp import decode_frame, gre_payload

from .capture import Capture


def add_tunnel(node, tunnel, nbma, *addresses):
    """`tunN` with key N, up, with its addresses (text with prefix length)."""
    node.ip(
        f"link add {tunnel} type gre local {nbma} key {tunnel[3:]} ttl 64",
        f"link set {tunnel} up",
        *(f"addr add {address} dev {tunnel}" for address in addresses),
    )


def start_captured(net, folder, first=""):
    """net.start_frr(), but the node `stock` has FRR's own nhrpd, and all is captured from before the first daemon starts."""
    net["stock"].use_stock_nhrpd()
    net.wire = {router.name: Capture(router, "eth1").start() for router in net.routers()}
    net.start_frr(folder, first)


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


def shortcuts(router, ipv="ip"):
    """The prefixes that lead past the server."""
    table = router.vtysh_json(f"show {ipv} nhrp shortcut json").get("table", [])
    return {e["prefix"] for e in table if e["type"] == "dynamic"}


def counter(router, group, name):
    return router.vtysh_json("show ip nhrp vpn counters json")[group][name]
