# SPDX-License-Identifier: GPL-2.0-or-later
"""The net of the soak: a hub and three sites, each with a host in each of three VPNs, all MAC addresses the same in each.

                     hub  eth1 10.0.0.1, tun1 (mGRE), tun2 (VXLAN, external) in br-test: VPNs 1, 2, 3
                      |
     one IP network 10.0.0.0/24 (the switch `lan`, which can lose GRE)
         |                  |                  |
      spoke1 10.0.0.2    spoke2 10.0.0.3    spoke3 10.0.0.4
      for VPN v: tun{v+1} VXLAN VNI 100 * site + v, in br{v} with eth{v+1}
         |  |  |            |  |  |            |  |  |
        hosts1             hosts2             hosts3       port eth{v} in VPN v
"""

from .frr import OURS, FrrNode
from .net import MainNet, Net, Switch

VPNS = SITES = (1, 2, 3)
GRE = 47


def static_mac(site):
    """Of the host that stays at a site, in each VPN."""
    return f"02:00:00:00:00:{site:02x}"


def mobile_mac(number):
    return f"02:00:00:00:10:{number:02x}"


UNKNOWN_MAC = "02:00:00:00:ff:ff"
BROADCAST = "ff:ff:ff:ff:ff:ff"


class SoakNet(Net):
    def __init__(self):
        super().__init__()
        self.lan = self.add("lan", Switch)
        self.hub = self.add("hub", FrrNode)
        self.spokes = {site: self.add(f"spoke{site}", FrrNode) for site in SITES}
        self.hosts = {site: self.add(f"hosts{site}") for site in SITES}
        for number, router in enumerate(self.routers(), 1):
            self.link(router, "eth1", self.lan, router.name)
            router.ip(f"addr add 10.0.0.{number}/24 dev eth1")
        for site in SITES:
            for vpn in VPNS:
                self.link(self.hosts[site], f"eth{vpn}", self.spokes[site], f"eth{vpn + 1}")
        self.ports = [router.name for router in self.routers()]

    def add_devices(self):
        for number, router in enumerate(self.routers(), 1):
            MainNet.add_gre(router, number)
        MainNet.add_hub_bridge(self.hub)
        for site, spoke in self.spokes.items():
            for vpn in VPNS:
                self.add_vpn(spoke, site, vpn)
        for port in self.ports:
            # a place for netem that only GRE goes through
            self.lan.run(f"tc qdisc add dev {port} root handle 1: prio bands 3 priomap {' '.join(['1'] * 16)}")
            self.lan.run(f"tc filter add dev {port} parent 1: protocol ip u32 match ip protocol {GRE} 0xff flowid 1:1")

    @staticmethod
    def add_vpn(spoke, site, vpn):
        spoke.ip(
            f"link add br{vpn} type bridge mcast_snooping 0",
            f"link add tun{vpn + 1} type vxlan id {100 * site + vpn} local 10.0.0.{site + 1} dstport 4789 nolearning",
            f"link set tun{vpn + 1} master br{vpn}",
            f"link set eth{vpn + 1} master br{vpn}",
            f"link set br{vpn} up",
            f"link set tun{vpn + 1} up",
        )

    def start(self):
        for router in self.routers():
            code, said = router.start(configuration(router.name), daemons=OURS)
            assert code == 0, f"{router.name}: vtysh -b refused its configuration: {said}"

    def lose_gre(self, percent):
        for port in self.ports:
            self.lan.run(f"tc qdisc add dev {port} parent 1:1 netem loss {percent}%")

    def spare_gre(self):
        """End that; returns how many packets were lost."""
        dropped = 0
        for port in self.ports:
            for qdisc in self.lan.json(f"tc -j -s qdisc show dev {port}"):
                dropped += qdisc["drops"] if qdisc["kind"] == "netem" else 0
            self.lan.run(f"tc qdisc del dev {port} parent 1:1")
        return dropped


def configuration(name):
    """frr.conf of a router."""
    lines = [f"hostname {name}", "interface tun1", " ip nhrp network-id 1", " ip nhrp registration no-unique"]
    if name == "hub":
        lines += ["interface tun2", *[f" ip nhrp vpn-id {vpn}" for vpn in VPNS], " ip nhrp vpn controller tun1"]
        return "\n".join(lines) + "\n"
    lines.append(" ip nhrp nhs 1.0.0.1 nbma 10.0.0.1")
    for vpn in VPNS:
        lines += [f"interface tun{vpn + 1}", f" ip nhrp vpn-id {vpn}", " ip nhrp vpn controller tun1"]
    return "\n".join(lines) + "\n"
