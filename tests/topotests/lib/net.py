# SPDX-License-Identifier: GPL-2.0-or-later
"""A net of nodes, and the one of the project's main job.

A switch is a plain Linux bridge in a node of its own: nothing but the kernel, and no daemon to wait for.
"""

import os

from mininet.log import setLogLevel
from mininet.net import Mininet

from .frr import FrrNode
from .node import Node

# The configuration of the main job, which tests of other things use too.
BASIC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "dmevpn_basic")

setLogLevel("warning")


class Switch(Node):
    """A bridge that takes every link made to it."""

    def __init__(self, name, **params):
        super().__init__(name, **params)
        self.ip("link add lan type bridge mcast_snooping 0", "link set lan up")

    def take(self, port):
        self.ip(f"link set {port} master lan", f"link set {port} up")


class Net:
    """Nodes and links; a context manager that ends everything it started.

    On a failed test call collect(); complaints() is for after every test.
    """

    def __init__(self):
        self.mininet = Mininet(topo=None, controller=None, build=False, autoSetMacs=False)
        self.nodes = {}

    def __getitem__(self, name):
        return self.nodes[name]

    def add(self, name, cls=Node):
        node = self.mininet.addHost(name, cls=cls)
        node.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1")
        self.nodes[name] = node
        return node

    def link(self, node, ifname, peer, peer_ifname=None, mac=None, peer_mac=None):
        """A cable from `node` to `peer`; at a switch the port is named after the node."""
        peer_ifname = peer_ifname or f"{node.name}-{ifname}"
        cable = len(self.mininet.links) + 1
        mac, peer_mac = mac or f"02:00:00:00:aa:{cable:02x}", peer_mac or f"02:00:00:00:bb:{cable:02x}"
        self.mininet.addLink(node, peer, intfName1=ifname, intfName2=peer_ifname, addr1=mac, addr2=peer_mac)
        node.ip(f"link set {ifname} up")
        if isinstance(peer, Switch):
            peer.take(peer_ifname)
        else:
            peer.ip(f"link set {peer_ifname} up")

    def routers(self):
        return [n for n in self.nodes.values() if isinstance(n, FrrNode)]

    def start_frr(self, folder=BASIC, first="", **kwargs):
        """Start the routers, each with `folder`/<name>/frr.conf behind the lines in `first`; nothing may be refused."""
        for router in self.routers():
            with open(os.path.join(folder, router.name, "frr.conf")) as file:
                code, said = router.start(first + file.read(), **kwargs)
            assert code == 0, f"{router.name}: vtysh -b refused its configuration: {said}"

    def complaints(self):
        return [text for router in self.routers() for text in router.complaints()]

    def collect(self, name):
        """Keep every router's logs and state below the run's results; returns the folder."""
        folder = os.path.join(os.environ.get("LAB_RUN", "/tmp"), name)
        for router in self.routers():
            router.collect(folder)
        return folder

    def stop(self):
        """End everything; return the complaints that only came up while ending."""
        before = self.complaints()
        for router in self.routers():
            router.stop_frr()
        ended = [text for text in self.complaints() if text not in before]
        self.mininet.stop()
        return ended

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()


PICTURE = """
                    hub  eth1 10.0.0.1, tun1 1.0.0.1 (mGRE),
                     |   tun2 (VXLAN, external, port of the VLAN-aware bridge br-test)
                     |
     one IP network 10.0.0.0/24 ------------------ outsider 10.0.0.4 (registered nowhere)
             |                             |
 spoke1 eth1 10.0.0.2                  spoke2 eth1 10.0.0.3
        tun1 1.0.0.2 (mGRE)                   tun1 1.0.0.3 (mGRE)
        tun2 VXLAN VNI 100                    tun2 VXLAN VNI 101
        br-test [eth2, tun2]                  br-test [eth2, tun2] 11.0.0.11/24
           |                                     |
      vm1 11.0.0.10                         vm2 11.0.0.12 (silent: says nothing until asked)
"""

VM1_MAC = "02:00:00:00:01:10"
VM2_MAC = "02:00:00:00:02:12"
SPOKE2_BRIDGE_MAC = "02:00:00:00:02:11"


class MainNet(Net):
    """The main job's topology (PICTURE). Devices only: nothing of the VPN is configured by hand."""

    def __init__(self):
        super().__init__()
        self.lan = self.add("lan", Switch)
        self.hub = self.add("hub", FrrNode)
        self.spoke1 = self.add("spoke1", FrrNode)
        self.spoke2 = self.add("spoke2", FrrNode)
        self.outsider = self.add("outsider")
        self.vm1, self.vm2 = self.add("vm1"), self.add("vm2")
        for number, node in enumerate((self.hub, self.spoke1, self.spoke2, self.outsider), 1):
            self.link(node, "eth1", self.lan, node.name)
            node.ip(f"addr add 10.0.0.{number}/24 dev eth1")
        self.link(self.vm1, "eth1", self.spoke1, "eth2", mac=VM1_MAC)
        self.link(self.vm2, "eth1", self.spoke2, "eth2", mac=VM2_MAC)
        # A silent host does not even ask who has an address: its one neighbour is written down.
        self.vm1.ip("addr add 11.0.0.10/24 dev eth1")
        self.vm2.ip("addr add 11.0.0.12/24 dev eth1", f"neigh add 11.0.0.10 lladdr {VM1_MAC} dev eth1")

    def add_devices(self):
        """Everything the routers' configuration names."""
        for node, number in ((self.hub, 1), (self.spoke1, 2), (self.spoke2, 3)):
            self.add_gre(node, number)
        self.add_hub_bridge(self.hub)
        self.add_spoke_bridge(self.spoke1, 100)
        self.add_spoke_bridge(self.spoke2, 101)
        self.spoke2.ip(f"link set br-test address {SPOKE2_BRIDGE_MAC}", "addr add 11.0.0.11/24 dev br-test")

    @staticmethod
    def add_gre(node, number):
        """Multipoint GRE, as stock nhrpd wants it."""
        node.ip(
            f"link add tun1 type gre local 10.0.0.{number} key 42 ttl 64",
            "link set tun1 up",
            f"addr add 1.0.0.{number}/32 dev tun1",
        )

    @staticmethod
    def add_hub_bridge(node):
        node.ip(
            "link add br-test type bridge vlan_filtering 1",
            "link add tun2 type vxlan external vnifilter nolearning dstport 4789",
            "link set tun2 master br-test",
            "link set br-test up",
            "link set tun2 up",
        )

    @staticmethod
    def add_spoke_bridge(node, vni):
        local = node.json("ip -j -4 addr show dev eth1")[0]["addr_info"][0]["local"]
        node.ip(
            "link add br-test type bridge mcast_snooping 0",
            f"link add tun2 type vxlan id {vni} local {local} dstport 4789 nolearning",
            "link set tun2 master br-test",
            "link set eth2 master br-test",
            "link set br-test up",
            "link set tun2 up",
        )
