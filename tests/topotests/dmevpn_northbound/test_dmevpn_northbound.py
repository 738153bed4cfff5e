# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration as a management system gives it, and nhrpd's own commands beside it.

Guards:
  - VPNs by YANG path over mgmtd's native front end: written, read back, seen by vtysh and by nhrpd
  - the model's rules hold for that client, with nhrpd there and without; a refusal leaves the candidate clean
  - nhrpd's own commands (log, access-list, interface …) neither undo what mgmtd sent, nor fail in the middle of one
    of its transactions
  - an interface that goes takes its VPNs along
  - at boot a refused line is left out alone
  - thousands of VPNs are read in seconds, so no rule of the model searches where it could look up

    mgmt_client.py ---- mgmtd ---- nhrpd ---- vtysh          one router; no device of any VPN exists
"""

import itertools
import os
import signal
import subprocess
import sys

import pytest

from lib.asleep import Asleep
from lib.frr import FrrNode
from lib.mgmt_client import CANDIDATE, RUNNING, MgmtClient, MgmtError, instance_data, interface_path, vpn_path
from lib.net import Net
from lib.poll import poll

FIRST = """hostname router
!
ip route 192.0.2.0/24 Null0
!
interface tun2
 ip nhrp vpn-id 1
 ip nhrp vpn-id 70000 vlan 12
 ip nhrp vpn-id 70001 vlan 12
 ip nhrp vpn-id 1 oui 00:00:5e vlan 13
 ip nhrp vpn-id 1 oui 00:00:5F
 ip nhrp vpn-id 8 oui 5e
 ip nhrp vpn controller tun1
exit
!
interface tun3
 ip nhrp vpn-id 1
 ip nhrp vpn-id 3
exit
!
"""
MANY = 4094
MODEL = os.path.join(os.path.dirname(__file__), "..", "..", "..", "yang")


class OneRouter(Net):
    def __init__(self):
        super().__init__()
        self.router = self.add("router", FrrNode)


NET = OneRouter


def prepare(net):
    net.said_at_boot = net.router.start(FIRST)


@pytest.fixture
def mgmt(net):
    with MgmtClient(net.router.path("/run/frr/mgmtd_fe.sock")) as client:
        yield client


def commit(mgmt, ifname, *args, **leaves):
    """One VPN, and leaves of its interface, in a transaction of their own."""
    with mgmt.transaction():
        mgmt.merge(interface_path(ifname), instance_data(ifname, *args, **leaves))


def plain(vpn_id):
    """A VPN-ID as the tests write it: a number where its OUI is 00:00:00, else the text."""
    return int(vpn_id) if vpn_id.isdigit() else vpn_id


def vpns(router):
    """What nhrpd has: {(interface, VPN-ID)}."""
    found = router.vtysh_json("show ip nhrp vpn json").get("instances", [])
    return {(i["interface"], plain(i["vpnId"])) for i in found}


def configured(mgmt):
    """What mgmtd has: {(interface, VPN-ID)}."""
    interfaces = mgmt.get("/frr-interface:lib").get("frr-interface:lib", {}).get("interface", [])
    found = [(i["name"], i.get("frr-nhrpd:nhrp", {}).get("vpn", {}).get("instance", [])) for i in interfaces]
    return {(name, plain(instance["vpn-id"])) for name, instances in found for instance in instances}


def test_boot_leaves_out_what_is_wrong(net, mgmt):
    """Each wrong line is named with its reason; every other line is there, mgmtd's and staticd's."""
    code, said = net.said_at_boot
    assert code != 0
    assert "VPN-ID 70001 cannot have VLAN 12 of interface tun2: VPN-ID 70000 has it" in said
    assert "VPN-ID 1 cannot be on interface tun3: it is on interface tun2" in said
    assert "VPN-ID 00:00:5f:1 cannot have VLAN 1 of interface tun2 by default: VPN-ID 1 has it by default" in said
    assert "5e is no OUI: give three octets in hexadecimal, as in 00:00:5e" in said
    assert configured(mgmt) == {("tun2", 1), ("tun2", 70000), ("tun2", "00:00:5e:1"), ("tun3", 3)}
    poll(lambda: vpns(net.router) == configured(mgmt), 10, what="nhrpd has what mgmtd has")
    assert "ip route 192.0.2.0/24 Null0" in net.router.running_config()


def test_by_path(net, mgmt):
    """Written with one message and read back; the command line shows it and nhrpd has it."""
    leaves = {"controller": "tun1", "role": "hub", "holdtime": 600, "keepalive": 500, "ageing-time": 60}
    leaves |= {"graceful-restart": True, "probe": False, "probe-interval": 500, "probe-misses": 5}
    leaves |= {"authentication-key-chain": "keys", "arp-suppress": True, "plain-messages-vpn-id": "00:00:5e:7"}
    commit(mgmt, "tun4", 4, vlan=44, **leaves)
    vpn = mgmt.get(vpn_path("tun4"))["frr-interface:lib"]["interface"][0]["frr-nhrpd:nhrp"]["vpn"]
    assert vpn == {
        "instance": [{"vpn-id": "4", "vlan": 44}],
        **leaves,
    }
    shown = net.router.running_config()
    others = ("holdtime 600", "keepalive 500", "ageing-time 60", "graceful-restart", "authentication key-chain keys", "arp-suppress")
    others += ("plain-messages vpn-id 7 oui 00:00:5e", "probe interval 500 misses 5")
    for line in ("vpn-id 4 vlan 44", "vpn controller tun1", "vpn role hub", *(f"vpn {line}" for line in others)):
        assert f" ip nhrp {line}\n" in shown
    assert " no ip nhrp vpn probe\n" in shown
    poll(lambda: ("tun4", 4) in vpns(net.router), 5, what="nhrpd has the VPN")
    with mgmt.locked():
        changed, _ = mgmt.delete(vpn_path("tun4", "/instance[vpn-id='4']"), datastore=RUNNING)
    assert changed
    poll(lambda: ("tun4", 4) not in vpns(net.router), 5, what="nhrpd has it no more")


WRONG = {
    "vpn-on-two-devices": (("tun5", 1), {}, ["[vpn-id='1']", "configured on another interface already"]),
    "vlan-twice": (("tun2", 5, 12), {}, ["[vpn-id='70000']", "vlan"]),
    "vlan-is-a-default": (("tun2", 5, 1), {}, ["[vpn-id='5']/vlan", "default VLAN of the VPN"]),
    "default-is-a-vlan": (("tun2", 12), {}, ["[vpn-id='70000']/vlan", "default VLAN of the VPN"]),
    "own-controller": (("tun5", 5), {"controller": "tun5"}, ["[name='tun5']", "cannot be its own controller"]),
    "vpn-with-oui-on-two-devices": (("tun5", "00:00:5e:1"), {}, ["[vpn-id='00:00:5e:1']", "another interface already"]),
    "same-default-vlan": (("tun2", "00:00:5f:1"), {}, ["[vpn-id='00:00:5f:1']", "the same default VLAN"]),
    "vpn-index-0": (("tun5", 0), {}, ["vpn-id", "out of range: RFC 2685 gives 1 to 4294967295"]),
    "vpn-index-too-great": (("tun5", 4294967296), {}, ["vpn-id", "out of range: RFC 2685 gives 1 to 4294967295"]),
    "oui-too-short": (("tun5", "0:0:5e:5"), {}, ["vpn-id", "is no VPN-ID"]),
    "oui-in-capitals": (("tun5", "00:00:5E:5"), {}, ["vpn-id", "is no VPN-ID"]),
    "oui-of-zeros": (("tun5", "00:00:00:5"), {}, ["vpn-id", "written without it"]),
    "vlan-4095": (("tun5", 5, 4095), {}, ["vlan", "out of range: IEEE 802.1Q gives 1 to 4094"]),
    "holdtime-0": (("tun5", 5), {"holdtime": 0}, ["holdtime", "out of range: RFC 2332 gives 1 to 65535"]),
    "ageing-time-9": (("tun5", 5), {"ageing-time": 9}, ["ageing-time", "out of range: 10 to 65535 seconds, or 0"]),
    "keepalive-99": (("tun5", 5), {"keepalive": 99}, ["keepalive", "out of range: 100 to 60000 milliseconds"]),
    "probe-interval-99": (("tun5", 5), {"probe-interval": 99}, ["probe-interval", "out of range: 100 to 60000 milliseconds"]),
    "probe-misses-11": (("tun5", 5), {"probe-misses": 11}, ["probe-misses", "out of range: 1 to 10"]),
    "no-name": (("tun5", 5), {"authentication-key-chain": ""}, ["authentication-key-chain", "1 to 127 octets"]),
    "plain-messages-of-no-vpn": (("tun5", 5), {"plain-messages-vpn-id": "0"}, ["plain-messages-vpn-id", "out of range"]),
    "unknown-role": (("tun5", 5), {"role": "boss"}, ["role", "boss"]),
}


def refuse(mgmt, case):
    """The transaction is refused for the reason it deserves, and nothing of it stays."""
    args, leaves, words = WRONG[case]
    running, candidate = mgmt.get("/frr-interface:lib"), mgmt.get("/frr-interface:lib", datastore=CANDIDATE)
    with pytest.raises(MgmtError) as refusal:
        commit(mgmt, *args, **leaves)
    assert all(word in refusal.value.text for word in words), refusal.value.text
    assert mgmt.get("/frr-interface:lib") == running
    assert mgmt.get("/frr-interface:lib", datastore=CANDIDATE) == candidate


@pytest.mark.parametrize("case", WRONG)
def test_refused(net, mgmt, case):
    refuse(mgmt, case)
    assert vpns(net.router) == configured(mgmt)


def test_refused_without_nhrpd(net, mgmt):
    """The rules are mgmtd's: they hold while nhrpd is away, and it takes what was configured meanwhile."""
    net.router.kill("nhrpd", signal.SIGTERM)
    for case in ("vpn-on-two-devices", "vlan-twice", "vlan-is-a-default"):
        refuse(mgmt, case)
    commit(mgmt, "tun6", 6)
    net.router.revive("nhrpd")
    poll(lambda: vpns(net.router) == configured(mgmt), 10, what="nhrpd has what mgmtd has")
    assert ("tun6", 6) in vpns(net.router)


def test_local_commands_undo_nothing(net, mgmt):
    """Commands that nhrpd commits by itself are not the difference to a configuration without VPNs."""
    before = vpns(net.router)
    assert before
    code, said = net.router.configure("log syslog errors", "access-list own seq 5 permit 10.0.0.0/8")
    assert code == 0, said
    code, said = net.router.configure("interface tun1", "ip nhrp network-id 1", "description of the GRE")
    assert code == 0, said
    assert vpns(net.router) == before == configured(mgmt)
    shown = net.router.running_config()
    for line in ("access-list own seq 5 permit 10.0.0.0/8", " ip nhrp network-id 1", " description of the GRE"):
        assert line in shown


def test_local_commands_in_a_transaction(net):
    """zebra is held, so mgmtd waits between prepare and apply; nhrpd takes its own commands all the same."""
    router = net.router
    with Asleep("zebra", router):
        program = os.path.join(os.path.dirname(__file__), "..", "lib", "mgmt_client.py")
        argv = [sys.executable, program, "--socket", router.path("/run/frr/mgmtd_fe.sock"), "merge", vpn_path("tun7")]
        pending = subprocess.Popen(argv + ['{"frr-nhrpd:vpn": {"instance": [{"vpn-id": "7"}]}}'])
        numbers = itertools.count(1)
        line = poll(lambda: command_that_waits(router, pending, next(numbers)), 5, what="a command has to wait")
        code, said = router.attempt(
            ["vtysh", "-d", "nhrpd", "-c", "configure terminal", "-c", "interface tun9", "-c", "ip nhrp network-id 9"]
        )[:2]
        assert code == 0, said
        assert pending.poll() is None, "the transaction did not wait"
    assert pending.wait(10) == 0
    poll(lambda: ("tun7", 7) in vpns(router), 5, what="the transaction arrived")
    poll(lambda: line in router.running_config(), 5, what="so did the command")
    assert "interface tun9\n ip nhrp network-id 9" in router.running_config()


def command_that_waits(router, pending, number):
    """Give nhrpd a command of its own; return it when it was accepted and is not there yet."""
    assert pending.poll() is None, "the transaction did not wait"
    line = f"access-list waits seq {number} permit 11.0.{number}.0/24"
    code, out, err = router.attempt(["vtysh", "-d", "nhrpd", "-c", "configure terminal", "-c", line])
    assert code == 0, out + err
    return None if line in router.run(["vtysh", "-d", "nhrpd", "-c", "show running-config"]) else line


def test_interface_goes(net, mgmt):
    """`no interface` is one change to FRR; the VPNs below it go with it, and a new interface has none."""
    assert ("tun2", 70000) in vpns(net.router)
    code, said = net.router.configure("no interface tun2")
    assert code == 0, said
    poll(lambda: not {v for v in vpns(net.router) if v[0] == "tun2"}, 5, what="nhrpd has no VPN of tun2")
    net.router.configure("interface tun2", "ip nhrp vpn-id 22")
    poll(lambda: {v for v in vpns(net.router) if v[0] == "tun2"} == {("tun2", 22)}, 5, what="only the new one")
    assert vpns(net.router) == configured(mgmt)


@pytest.mark.parametrize("oui", ["", " oui 00:00:5e"], ids=["index", "oui"])
@pytest.mark.parametrize("vlan", [" vlan {0}", ""], ids=["vlan", "default-vlan"])
def test_many(net, mgmt, oui, vlan):
    """About as many VPNs as there are VLANs, as at the boot of a hub. Seconds, where a search for each took half a minute."""
    base = 100000 if vlan else 0  # without a VLAN of its own a VPN has that of its index
    numbers = range(100, MANY + 1)  # those below belong to other tests' VPNs
    lines = ["interface tun10", *(f" ip nhrp vpn-id {base + n}{oui}{vlan.format(n)}" for n in numbers), "exit"]
    net.router.write_file("/etc/frr/many.conf", "\n".join(lines) + "\n", "frr:frr")
    code, out, err = net.router.attempt(["vtysh", "-f", "/etc/frr/many.conf"], timeout=15)
    assert code == 0, (out + err)[-1000:]
    assert len({v for v in configured(mgmt) if v[0] == "tun10"}) == len(numbers)
    poll(lambda: len({v for v in vpns(net.router) if v[0] == "tun10"}) == len(numbers), 20, what="nhrpd has them all")
    with mgmt.transaction():
        mgmt.delete(interface_path("tun10"))
    poll(lambda: not {v for v in vpns(net.router) if v[0] == "tun10"}, 20, what="and lets them all go")


def test_model_is_valid(tmp_path):
    """yanglint has no word to say about the module, beside FRR's own."""
    argv = ["yanglint", "-p", "/usr/share/yang", "-p", MODEL, "-f", "tree", os.path.join(MODEL, "frr-nhrpd.yang")]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60)  # it searches below its cwd
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert "+--rw instance* [vpn-id]" in done.stdout
