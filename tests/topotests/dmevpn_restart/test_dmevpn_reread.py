# SPDX-License-Identifier: GPL-2.0-or-later
"""mgmtd starts anew while frr.conf is edited, in the main job's net (lib.net.PICTURE) with both shortcuts standing.

Guards: an empty configuration of an mgmtd that has not read frr.conf deletes nothing, nor does a single line typed into it;
what was removed from frr.conf in the meantime goes when it has been read, and what was not goes on without a packet lost; a
VPN, a leaf, a key chain, all lines. The same of nhrpd, started while mgmtd has nothing: the kernel is left alone.
"""

import json

import pytest

from lib import mainjob
from lib.flow import Flow
from lib.mainjob import instance
from lib.measured import measured
from lib.net import SPOKE2_BRIDGE_MAC, VM1_MAC
from lib.poll import holds, poll

SECOND = """
interface tun8
 ip nhrp vpn-id 8
 ip nhrp vpn controller tun1
 ip nhrp vpn holdtime 900
 ip nhrp vpn authentication key-chain secret
exit
!
key chain secret
 key 1
  key-string one
 exit
 key 2
  key-string two
 exit
exit
!
"""


def prepare(net):
    net.add_devices()
    net.start_frr()


def vpns(router):
    """{interface: instance} as nhrpd has them."""
    return {i["interface"]: i for i in router.vtysh_json("show ip nhrp vpn json").get("instances", [])}


def stands(net):
    return mainjob.members(net.hub) == mainjob.all_members() and mainjob.tunnel_targets(net.spoke1, SPOKE2_BRIDGE_MAC)


@pytest.fixture(scope="module")
def spoke(net):
    """spoke1 with a second VPN, whose device does not exist."""
    router = net.spoke1
    poll(lambda: mainjob.members(net.hub) == mainjob.all_members(), 15, what="both spokes are members")
    assert net.vm1.ping("11.0.0.11", count=5)[1] >= 4
    poll(lambda: stands(net), 5)
    router.whole = router.read_file("/etc/frr/frr.conf") + SECOND
    router.write_config(router.whole)
    code, said = router.read_config("mgmtd")
    assert code == 0, said
    poll(lambda: set(vpns(router)) == {"tun2", "tun8"}, 10, what="both VPNs are there")
    return router


def restart_mgmtd(router, config):
    """mgmtd ends, and comes back without any configuration; frr.conf is another by then."""
    router.kill("mgmtd")
    router.write_config(config)
    mark = len(router.log("nhrpd"))
    router.start_daemon("mgmtd")
    poll(lambda: any("connected to mgmtd" in line for line in router.log_since("nhrpd", mark)), 15, what="nhrpd has noticed")


def conversation(net):
    return Flow(net.vm1, "eth1", net.spoke2, "br-test", src=VM1_MAC, dst=SPOKE2_BRIDGE_MAC)


def lossless(flow, what):
    result = flow.result()
    measured(what, **{key: result[key] for key in ("sent", "lost", "duplicated")})
    assert result["lost"] == result["duplicated"] == 0, result


def test_empty_configuration_deletes_nothing(net, spoke):
    """Twelve seconds, longer than all that nhrpd waits for; a line that somebody types is no replay either."""
    with conversation(net) as flow:
        restart_mgmtd(spoke, spoke.whole)
        holds(lambda: set(vpns(spoke)) == {"tun2", "tun8"}, 12, step=0.5)
        code, said = spoke.configure("interface tun9", "ip nhrp vpn-id 9")
        assert code == 0, said
        poll(lambda: set(vpns(spoke)) == {"tun2", "tun8", "tun9"}, 5, what="the new VPN has been taken")
        holds(lambda: set(vpns(spoke)) == {"tun2", "tun8", "tun9"}, 3, step=0.5)
        code, said = spoke.read_config("mgmtd")
        assert code == 0, said
        holds(lambda: {"tun2", "tun8"} <= set(vpns(spoke)), 3, step=0.5)
        assert instance(spoke)["state"] == "up" and vpns(spoke)["tun8"]["holdtime"] == 900
    lossless(flow, "mgmtd without configuration for 15 s")
    assert spoke.configure("interface tun9", "no ip nhrp vpn-id 9")[0] == 0
    poll(lambda: set(vpns(spoke)) == {"tun2", "tun8"}, 5)


def keys(router):
    """{number of a key: its string} of all chains that nhrpd has."""
    tree = json.loads(router.ask_daemon("nhrpd", "show configuration running json"))
    chains = tree.get("ietf-key-chain:key-chains", {}).get("key-chain", [])
    return {int(k["key-id"]): k["key-string"]["keystring"] for chain in chains for k in chain["key"]}


REMOVALS = {
    "leaf": (" ip nhrp vpn holdtime 900\n", lambda r: vpns(r)["tun8"]["holdtime"] == 7200),
    "key": (" key 2\n  key-string two\n exit\n", lambda r: keys(r) == {1: "one"}),
    "vpn": (SECOND.split("key chain")[0], lambda r: "tun8" not in vpns(r)),
}


@pytest.mark.parametrize("what", REMOVALS)
def test_removed_line_goes(net, spoke, what):
    """One thing is removed from frr.conf while mgmtd is dead; it goes, the rest does not notice."""
    line, gone = REMOVALS[what]
    assert line in spoke.whole and not gone(spoke)
    with conversation(net) as flow:
        restart_mgmtd(spoke, spoke.whole.replace(line, ""))
        holds(lambda: not gone(spoke), 2, step=0.5)
        code, said = spoke.read_config("mgmtd")
        assert code == 0, said
        poll(lambda: gone(spoke), 5, what=f"the {what} that was removed is gone")
        assert vpns(spoke)["tun2"]["state"] == "up"
    lossless(flow, f"mgmtd restarted, a {what} removed meanwhile")
    restart_mgmtd(spoke, spoke.whole)
    code, said = spoke.read_config("mgmtd")
    assert code == 0, said
    poll(lambda: not gone(spoke), 5, what="it is back")


def test_nhrpd_waits_for_the_configuration(net, spoke):
    """nhrpd starts while mgmtd has nothing, and for longer than the grace: what is in the kernel stays there."""
    with conversation(net) as flow:
        spoke.kill("nhrpd")
        restart_mgmtd_only(spoke)
        spoke.start_daemon("nhrpd")
        holds(lambda: mainjob.tunnel_targets(spoke, SPOKE2_BRIDGE_MAC), 33, step=0.5)
        for daemon in ("mgmtd", "nhrpd"):
            code, said = spoke.read_config(daemon)
            assert code == 0, said
        poll(lambda: vpns(spoke).get("tun2", {}).get("state") == "up", 15, what="the VPN is back")
        holds(lambda: mainjob.tunnel_targets(spoke, SPOKE2_BRIDGE_MAC), 3, step=0.5)
    lossless(flow, "nhrpd without configuration for 33 s")


def restart_mgmtd_only(router):
    router.kill("mgmtd")
    router.start_daemon("mgmtd")


def test_all_lines_removed(net, spoke):
    """A frr.conf that has been read and has no VPN in it is an answer, too."""
    lines = [line for line in spoke.whole.replace(SECOND, "").splitlines() if "nhrp vpn" not in line]
    restart_mgmtd(spoke, "\n".join(lines) + "\n")
    holds(lambda: "tun2" in vpns(spoke), 2, step=0.5)
    code, said = spoke.read_config("mgmtd")
    assert code == 0, said
    poll(lambda: not vpns(spoke), 20, what="the VPNs have gone")
    poll(lambda: not mainjob.tunnel_targets(spoke, SPOKE2_BRIDGE_MAC), 5, what="the kernel has nothing of them")
