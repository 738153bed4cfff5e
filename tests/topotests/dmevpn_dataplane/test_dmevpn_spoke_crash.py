# SPDX-License-Identifier: GPL-2.0-or-later
"""What a spoke's module owes the user when zebra dies at a bad moment, and when others touch the entries.

Module alone, in the net of test_dmevpn_spoke_entries. Guards that a change is noted before it is made, that a VPN
deconfigured while zebra was away leaves nothing behind, that entries which somebody removes are made again, and
that entries which are the user's are left alone.
"""

import signal

import pytest

from dmevpn_dataplane.inject import Inject, show
from dmevpn_dataplane.test_dmevpn_spoke_entries import FAR, FARTHER, ZERO, SpokeNet, entries, is_learning
from lib.poll import poll

NET = SpokeNet
UNDO = "/run/frr/zebra_dmevpn.undo"


def prepare(net):
    net.spoke.start_daemon("zebra", options=("-s", "90000000"))
    net.inject = Inject(net.spoke)
    net.inject.hello(1)
    net.inject.say("sync_end")


@pytest.fixture
def spoke(net):
    mark = net.inject.mark()
    net.inject.say("instance tun2 0 spoke 1")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=100)
    net.inject.say("hub tun2 100 10.0.0.1 4097", f"mac tun2 100 {FAR} 10.0.0.3 101", f"mac tun2 100 {FARTHER} 10.0.0.4 102")
    poll(lambda: stands(net.spoke), 5, what="hub and both shortcuts are in the kernel")
    return net.spoke


def stands(node):
    """Everything that the fixture asked for, and nothing else, is in the kernel."""
    return [entries(node, mac) for mac in (ZERO, FAR, FARTHER)] == [[("10.0.0.1", 4097)], [("10.0.0.3", 101)], [("10.0.0.4", 102)]]


def comes_again(net, epoch):
    net.inject.gone()
    net.spoke.kill("zebra", signal.SIGKILL)
    net.spoke.start_daemon("zebra", options=("-s", "90000000"))
    net.inject = Inject(net.spoke)
    net.inject.hello(epoch)


def test_notes_are_there_before_the_change(net, spoke):
    """Whatever the kernel shows of ours is in the file already: a zebra killed now could take it back."""
    noted = spoke.read_file(UNDO)
    assert "flood_ours" in noted and "10.0.0.77" in noted and "learning" in noted


def test_vpn_that_nobody_restates_is_taken_back(net, spoke):
    """Deconfigured while zebra was down: nothing changes before SYNC_END, and with it the user has his own again."""
    comes_again(net, 2)
    assert stands(spoke) and not is_learning(spoke)
    net.inject.say("sync_end")
    poll(lambda: entries(spoke, ZERO) == [("10.0.0.77", None)], 5, what="the user's own remote is back")
    poll(lambda: is_learning(spoke), 5)
    assert entries(spoke, FAR) == entries(spoke, FARTHER) == []
    poll(lambda: spoke.read_file(UNDO) == "", 5, what="no note is left")


def test_line_cut_short_does_no_harm(net, spoke):
    """A zebra killed while it wrote a note: that line is skipped, and the next one does not continue it."""
    net.inject.gone()
    spoke.kill("zebra", signal.SIGKILL)
    spoke.write_file(UNDO, spoke.read_file(UNDO) + "flood 3 tun2 0 100 10.0.0.6")
    spoke.start_daemon("zebra", options=("-s", "90000000"))
    net.inject = Inject(spoke)
    net.inject.hello(3)
    net.inject.say("sync_end")
    poll(lambda: entries(spoke, ZERO) == [("10.0.0.77", None)], 5, what="the user's remote is back, and nothing else")
    poll(lambda: spoke.read_file(UNDO) == "", 5)
    assert entries(spoke, ZERO) == [("10.0.0.77", None)]


@pytest.mark.parametrize(
    "command",
    [
        f"bridge fdb del {FAR} dev tun2 dst 10.0.0.3 vni 101",
        f"bridge fdb del {ZERO} dev tun2 dst 10.0.0.1 vni 4097",
        "bridge fdb flush dev tun2 self",
    ],
)
def test_entries_that_others_remove_come_back(net, spoke, command):
    """Without a word to nhrpd; a spoke without its all-zero entry would be cut off."""
    mark = net.inject.mark()
    spoke.run(command)
    poll(lambda: stands(spoke), 5, what="all entries are there again")
    assert not net.inject.records("FAILURE", mark)
    net.inject.say(f"no_mac tun2 100 {FAR}")
    poll(lambda: entries(spoke, FAR) == [], 5, what="what is not wanted goes and stays away")


def test_entry_of_the_user_is_left_alone(net, spoke):
    """MAC_DEL for a MAC that was never ours removes nothing."""
    static = "02:00:00:00:0e:01"
    spoke.run(f"bridge fdb add {static} dev tun2 dst 10.0.0.8 static")
    net.inject.say(f"no_mac tun2 100 {static}", f"no_mac tun2 100 {FAR}")
    poll(lambda: entries(spoke, FAR) == [], 5, what="the record behind it was carried out")
    assert entries(spoke, static) == [("10.0.0.8", None)]


def test_lost_device_notifications_are_made_good(net, spoke):
    """More device events than the socket holds while zebra stands still, the device going down and up among them."""
    before = show(spoke)["counters"]["netlinkOverruns"]
    # many names make an event large, so that a few thousand are too many: stock zebra takes 16 KB and its time for each
    names = "".join(f"link property add dev eth2 altname {'n' * 120}{n:03}\n" for n in range(40))
    spoke.write_file("/tmp/events", names + "".join(f"link set dev eth2 mtu {1400 + n % 2}\n" for n in range(3000)))
    pid = spoke.running["zebra"]
    spoke.run(f"kill -STOP {pid}; ip -batch /tmp/events; ip link set tun2 down; ip link set tun2 up; kill -CONT {pid}")
    poll(lambda: show(spoke)["counters"]["netlinkOverruns"] > before, 60, what="notifications were lost")
    assert poll(lambda: stands(spoke), 60, what="all entries are there again")
