# SPDX-License-Identifier: GPL-2.0-or-later
"""NHRP messages of a VPN under keys of FRR's key chains, in the main job's net (lib.net.PICTURE).

Guards:
  - `key chain` in vtysh reaches nhrpd by way of mgmtd; both spokes register, and a shortcut works
  - every message but an Error Indication carries the keyed hash, and Python's own HMAC finds it right
  - a spoke with another key stays out, and the hub counts it
  - a key chain that does not exist yet, or goes, is a reason shown, and heals by itself
  - keys roll over by their lifetimes without a message refused or a packet lost
  - nhrpd that starts anew, at the hub or at a spoke, is back within seconds, and its epoch has grown, even with a
    clock that went back
  - tshark and the independent decoder read every message
  - the controller's password: the stock code's messages with a wrong one are refused before it sees them

The tests tell one story: each stands on the state in which the one before left the net.
"""

import hashlib
import hmac
import json
import subprocess

from codec_decoder import craft
from codec_decoder.nhrp import gre_payload
from lib import mainjob
from lib.capture import assert_tshark_agrees
from lib.frames import send_gre
from lib.mainjob import NBMA, SHORTCUTS, VNI, instance, nhrp, tunnel_targets
from lib.poll import holds, poll

SECRETS = {1: b"first-secret-of-the-overlay", 2: b"second-secret-of-the-overlay"}
CHAIN = f"""key chain overlay
 key 1
  key-string {SECRETS[1].decode()}
  cryptographic-algorithm hmac-sha-256
 exit
exit
!
"""
KEYED = "interface tun2\n ip nhrp vpn authentication key-chain overlay\nexit\n!\n"
VPN_HEADER = 24
OUTSIDER = "10.0.0.4"
AUTHENTICATION = 7
DIGEST = 32


def prepare(net):
    net.add_devices()
    mainjob.watch(net)
    net.start_frr(first="debug nhrp vpn\n" + CHAIN + KEYED)


def refused(router):
    return router.vtysh_json("show ip nhrp vpn counters json")["refused"]


def configure(router, *lines):
    code, said = router.configure(*lines)
    assert code == 0, said


def all_stands(net):
    assert mainjob.members(net.hub) == mainjob.all_members()
    for name in VNI:
        assert instance(net[name])["state"] == "up"
    return True


def key_2(*rest):
    """Lines that make key 2, and what else is to be said of either key."""
    return (
        "key chain overlay",
        "key 2",
        f"key-string {SECRETS[2].decode()}",
        "cryptographic-algorithm hmac-sha-256",
        *rest,
    )


def authentications(net):
    """(message type, key number, is the hash right) of every VPN message seen, by hand: (type, None, None) without."""
    found = []
    for capture in net.wire.values():
        for frame in capture.frames(gre_payload):
            _, _, octets = gre_payload(frame)
            if octets[:2] == b"\xaa\xaa":
                found.append(check(octets))
    return found


def check(octets):
    vpn, packet = octets[8:16], bytearray(octets[VPN_HEADER:])
    size, offset = (int.from_bytes(packet[at : at + 2], "big") for at in (10, 14))
    del packet[size:]
    at = offset
    while at and at < size:
        kind, length = int.from_bytes(packet[at : at + 2], "big") & 0x3FFF, int.from_bytes(packet[at + 2 : at + 4], "big")
        if kind == AUTHENTICATION:
            key = int.from_bytes(packet[at + 6 : at + 8], "big")
            digest = slice(at + 4 + length - DIGEST, at + 4 + length)
            theirs = bytes(packet[digest])
            packet[digest] = bytes(DIGEST)
            packet[12:14] = bytes(2)
            vpn = b"\0" + vpn[1:]
            return packet[17], key, hmac.digest(SECRETS[key], vpn + bytes(packet), hashlib.sha256) == theirs
        at += 4 + length
    return packet[17], None, None


def test_registration_and_shortcut(net):
    poll(lambda: all_stands(net), 15, what="both spokes are members")
    for name in ("hub", *VNI):
        mine = instance(net[name])
        assert (mine["authentication"], mine["keyChain"]) == ("keyChain", "overlay")
    assert net.vm1.ping("11.0.0.11", count=5) == (5, 5)
    for name, mac, far in SHORTCUTS:
        poll(lambda: tunnel_targets(net[name], mac) == [(NBMA[far], VNI[far])], 5, what=f"{name} has its shortcut")
    for router in (net.hub, net.spoke1, net.spoke2):
        assert refused(router)["authentication"] == 0


def test_hash_by_hand(net):
    """A hash function and a key written down elsewhere find every hash on the wire right."""
    seen = authentications(net)
    assert {kind for kind, _, _ in seen} >= {1, 2, 3, 4, 8}
    assert all(key == 1 and right for kind, key, right in seen if kind != 7), seen
    assert nhrp(net, "registration-reply"), "the independent decoder reads them too"


def test_wrong_key_stays_out(net):
    """spoke2 with other octets under the same number is refused, counted, and told by error 11."""
    before = refused(net.hub)["authentication"]
    configure(net.spoke2, "key chain overlay", "key 1", "key-string something-else")
    net.spoke2.kill("nhrpd")
    net.spoke2.revive("nhrpd")
    poll(lambda: refused(net.hub)["authentication"] >= before + 3, 15, what="the hub counts what it refuses")
    holds(lambda: instance(net.spoke2)["state"] == "registering", 1)
    errors = [m for m in nhrp(net, "error-indication") if m.vpn_index == 1]
    assert errors and {m.error_code for m in errors} == {11}
    assert instance(net.spoke1)["state"] == "up"
    configure(net.spoke2, "key chain overlay", "key 1", f"key-string {SECRETS[1].decode()}")
    poll(lambda: instance(net.spoke2)["state"] == "up", 32, what="with the right key it comes in")


def test_missing_chain_is_a_reason(net):
    """Neither a key chain that is not there nor one that goes is an error of the configuration; both are shown."""
    configure(net.spoke1, "no key chain overlay")
    poll(lambda: instance(net.spoke1).get("reason") == "key chain overlay does not exist", 5)
    configure(net.spoke1, "key chain overlay", "key 1", "key-string x")
    poll(lambda: "has no hmac-sha-256 key" in instance(net.spoke1).get("reason", ""), 5)
    configure(net.spoke1, *CHAIN.replace("!", "").splitlines()[:4])
    poll(lambda: instance(net.spoke1)["state"] == "up", 5, what="the key is there, and so is the VPN")
    assert mainjob.members(net.hub) == mainjob.all_members(), "it was a member all the time"


def test_configuration_is_shown_and_kept(net):
    shown = net.spoke1.running_config()
    assert " ip nhrp vpn authentication key-chain overlay\n" in shown
    assert shown.count("key chain overlay") == 1, "mgmtd keeps it, and nobody shows it a second time"
    configure(net.spoke1, "interface tun2", "no ip nhrp vpn authentication key-chain")
    poll(lambda: instance(net.spoke1)["authentication"] == "none", 5)
    configure(net.spoke1, "interface tun2", "ip nhrp vpn authentication key-chain overlay")
    poll(lambda: instance(net.spoke1)["state"] == "up", 5)


def test_roll_over(net):
    """Key 2 for all; then key 1 is no more sent with, node by node; a conversation goes on throughout."""
    routers = (net.hub, net.spoke1, net.spoke2)
    poll(lambda: all_stands(net), 10)
    before = [refused(router)["authentication"] for router in routers]
    ping = net.vm1.popen(["ping", "-n", "-i", "0.1", "-c", "60", "-W", "1", "11.0.0.11"], stdout=subprocess.PIPE, text=True)
    for router in routers:
        configure(router, *key_2())
    for router in routers:
        configure(router, "key chain overlay", "key 1", "send-lifetime 00:00:00 1 January 2000 00:00:00 2 January 2000")
    for name in ("spoke1", "spoke2"):  # whatever is said now is said with key 2
        configure(net[name], "interface tun2", "ip nhrp vpn holdtime 600")
    poll(lambda: {h["expiresIn"] <= 600 for s in ("spoke1", "spoke2") for h in instance(net[s])["hubs"]} == {True}, 10)
    for router in routers:
        configure(router, "key chain overlay", "no key 1")
    out, _ = ping.communicate(timeout=30)
    assert " 0% packet loss" in out, out
    assert [refused(router)["authentication"] for router in routers] == before
    assert all_stands(net)
    assert any(key == 2 and right for _, key, right in authentications(net))


def epoch(router):
    return json.loads(router.read_file("/var/lib/frr/nhrpd.json"))["epoch"]


def test_starts(net):
    """Hub and spoke in turn; a wall clock from before the last start does not take the epoch back."""
    for name in ("hub", "spoke1"):
        router = net[name]
        router.kill("nhrpd")
        ahead = epoch(router) + 10**18
        router.write_file("/var/lib/frr/nhrpd.json", json.dumps({"epoch": ahead}), "frr:frr")
        router.revive("nhrpd")
        assert epoch(router) == ahead + 1
        poll(lambda: instance(router)["state"] == "up", 10, what=f"{name} is up again")
        assert net.vm1.ping("11.0.0.11", count=5) == (5, 5)
    poll(lambda: all_stands(net), 35)
    assert refused(net.hub)["authentication"] == refused(net.spoke1)["authentication"] == 0


def plain_registration(password):
    """A stock Registration Request of the outsider, with that password."""
    message = craft.message(
        craft.REGISTRATION_REQUEST, craft.ip(OUTSIDER), b"", craft.ip("1.0.0.4"), craft.ip("1.0.0.1"),
        cies=[craft.cie(craft.ip(OUTSIDER), prefix=32, holding=60)],
        extensions=[craft.extension(AUTHENTICATION, b"\0\0\0\1" + password, compulsory=True), craft.END],
    )  # fmt: skip
    return message.set(protocol=0x0800).pack()


def test_plain_password(net):
    """With a password on the controllers layer 3 goes on; a wrong one is counted, answered, and not handed over."""
    for router in (net.hub, net.spoke1, net.spoke2):
        configure(router, "interface tun1", "ip nhrp authentication cisco123")

    def packets():
        return net.hub.vtysh_json("show ip nhrp vpn counters json")["packets"]

    def cache():
        return {e["protocol"] for e in net.hub.vtysh_json("show ip nhrp cache json")["table"] if e["type"] == "dynamic"}

    before = packets()["wrongPassword"]
    send_gre(net.outsider, OUTSIDER, NBMA["hub"], craft.gre(plain_registration(b"cisco124"), key=42))
    poll(lambda: packets()["wrongPassword"] > before, 5, what="the wrong password is counted")
    assert "1.0.0.4" not in cache()
    send_gre(net.outsider, OUTSIDER, NBMA["hub"], craft.gre(plain_registration(b"cisco123"), key=42))
    poll(lambda: "1.0.0.4" in cache(), 5, what="the right one is taken by the stock code")


def test_tshark_reads_it_all(net):
    """The hash, epoch and counter in it take nothing from what others can read of a message."""
    assert_tshark_agrees(net.wire)
