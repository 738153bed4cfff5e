# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job's net with a third spoke, and a host that goes from one site to another.

                             hub 10.0.0.1
      spoke1 10.0.0.2 ---------- | ---------- spoke2 10.0.0.3
       eth2  vm1 11.0.0.10       |             eth2  vm2 11.0.0.12
       eth3  site1 --- roamer    |             eth3  site2 --- roamer
             (a switch)          |                   (a switch)
                       spoke3 10.0.0.5, VNI 102
                        eth2  vm3 11.0.0.13

The roamer 11.0.0.20 has a cable to both sites and the same MAC at both; it is at the one whose switch has its port up.
So the spoke it has left does not see its own port go down, and its bridge goes on believing in it.
"""

from .frames import BROADCAST, arp, marked, send_frames
from .frr import FrrNode
from .net import MainNet, Switch

VM3_MAC = "02:00:00:00:03:13"
ROAMER_MAC = "02:00:00:00:00:20"
ROAMER_IP, VM3_IP = "11.0.0.20", "11.0.0.13"


class RoamingNet(MainNet):
    def __init__(self):
        super().__init__()
        self.spoke3, self.vm3 = self.add("spoke3", FrrNode), self.add("vm3")
        self.link(self.spoke3, "eth1", self.lan, "spoke3")
        self.spoke3.ip("addr add 10.0.0.5/24 dev eth1")
        self.link(self.vm3, "eth1", self.spoke3, "eth2", mac=VM3_MAC)
        self.vm3.ip(f"addr add {VM3_IP}/24 dev eth1")
        self.roamer = self.add("roamer")
        self.sites = {}
        for number, spoke in ((1, self.spoke1), (2, self.spoke2)):
            site = self.sites[number] = self.add(f"site{number}", Switch)
            self.link(spoke, "eth3", site, spoke.name)
            self.link(self.roamer, f"eth{number}", site, "roamer", mac=ROAMER_MAC)

    def add_devices(self):
        super().add_devices()
        self.add_gre(self.spoke3, 5)
        self.add_spoke_bridge(self.spoke3, 102)
        for spoke in (self.spoke1, self.spoke2):
            spoke.ip("link set eth3 master br-test")

    def place(self, number):
        """The roamer is at that site from now on; it says nothing of it."""
        for other, site in self.sites.items():
            site.ip(f"link set roamer {'up' if other == number else 'down'}")
            self.roamer.ip(f"addr flush dev eth{other}")
        self.roamer.ip(f"addr add {ROAMER_IP}/24 dev eth{number}", f"neigh flush dev eth{number}")

    def announce(self, number):
        """Gratuitous ARP, as a hypervisor sends it for a VM that has come."""
        send_frames(self.roamer, f"eth{number}", arp(ROAMER_MAC, ROAMER_IP, ROAMER_IP))

    def say(self, number, word, destination=BROADCAST):
        """One frame of no protocol."""
        send_frames(self.roamer, f"eth{number}", marked(word, ROAMER_MAC, destination))
