# SPDX-License-Identifier: GPL-2.0-or-later
"""What a hub does when its BPF file system is not as it should be: it says so, and goes on where it can.

    hub  br-test (VLAN-aware) [tun2 external vnifilter]
"""

import pytest

from dmevpn_dataplane.inject import Inject
from lib.frr import FrrNode
from lib.net import MainNet, Net


class HubAlone(Net):
    def __init__(self):
        super().__init__()
        self.hub = self.add("hub", FrrNode)
        MainNet.add_hub_bridge(self.hub)


NET = HubAlone


def prepare(net):
    """Each test starts zebra itself."""


@pytest.fixture
def hub(net):
    yield net.hub
    net.hub.stop_frr()


def state(hub):
    """INSTANCE_STATE of a VPN on tun2 in a zebra that is started now."""
    hub.start_daemon("zebra")
    inject = Inject(hub)
    inject.hello(1)
    mark = inject.mark()
    inject.say("instance tun2 1 hub 1")
    told = inject.wait_for("INSTANCE_STATE", mark)
    inject.gone()
    return told


def test_without_bpffs(net, hub):
    hub.run("umount /sys/fs/bpf")
    told = state(hub)
    hub.run("mount -t bpf bpf /sys/fs/bpf")
    assert told["ready"] == "0" and "/sys/fs/bpf is no BPF file system" in told["line"]
    assert hub.run("bpftool net show dev tun2").count("tcx") == 0
    assert hub.run("bridge vni show dev tun2").count("4097") == 0, "no VNI is open while nobody guards it"


def test_closed_bpffs(net, hub):
    """As systemd mounts it: nobody but root may enter, and zebra runs as user frr, before and after a restart."""
    hub.run("chmod 700 /sys/fs/bpf")
    for _ in range(2):
        assert state(hub)["ready"] == "1"
        assert hub.run("bpftool net show dev tun2").count("tcx") == 2
        hub.stop_frr()
    hub.run("chmod 1777 /sys/fs/bpf")


def test_maps_that_do_not_fit(net, hub):
    """A map that is no map of ours, or of an older layout: a log line, and a fresh start."""
    hub.run("rm -rf /sys/fs/bpf/dmevpn; mkdir /sys/fs/bpf/dmevpn; bpftool map create /sys/fs/bpf/dmevpn/macs type hash key 4 value 4 entries 1 name macs")
    hub.run("chown -R frr:frr /sys/fs/bpf/dmevpn")
    mark = len(hub.log("zebra"))
    assert state(hub)["ready"] == "1"
    assert "maps of an earlier zebra do not fit" in hub.log("zebra")[mark:]


def test_layout_of_another_version(net, hub):
    assert state(hub)["ready"] == "1"
    hub.stop_frr()
    octets = hub.json("bpftool -j map show pinned /sys/fs/bpf/dmevpn/config")["bytes_value"]
    hub.run("bpftool map update pinned /sys/fs/bpf/dmevpn/config key 0 0 0 0 value 99" + " 0" * (octets - 1))
    mark = len(hub.log("zebra"))
    assert state(hub)["ready"] == "1"
    assert "maps of an earlier zebra do not fit" in hub.log("zebra")[mark:]
    assert hub.run("bpftool net show dev tun2").count("tcx") == 2


def test_pins_are_kept_when_loading_fails(net, hub):
    """Maps that cannot be opened for now are not taken for maps that do not fit: the hub they serve goes on."""
    pins = lambda: hub.run("ls -i /sys/fs/bpf/dmevpn")
    assert state(hub)["ready"] == "1"
    hub.stop_frr()
    before = pins()
    hub.run("chown root:root /sys/fs/bpf/dmevpn/vpns; chmod 600 /sys/fs/bpf/dmevpn/vpns")
    told = state(hub)
    assert told["ready"] == "0" and "the BPF switch cannot be loaded" in told["line"]
    assert pins() == before and hub.run("bpftool net show dev tun2").count("tcx") == 2
    hub.stop_frr()
    hub.run("chown frr:frr /sys/fs/bpf/dmevpn/vpns")
    assert state(hub)["ready"] == "1"
    assert pins() == before
