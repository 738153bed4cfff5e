# SPDX-License-Identifier: GPL-2.0-or-later
"""Probed paths, module alone: zebra with zebra_dmevpn, a stand-in for nhrpd, and a VXLAN end that this test plays.

Guards that a shortcut is in the kernel only while its path answers, that only true answers count, that all of this goes
on without nhrpd, that a spoke answers whoever asks it (and what is no question not), and that no probe gets into the site.

    spoke  tun2 (VNI 100, 10.0.0.2) ---- br-test ---- eth2 ---- vm
           eth1 ---- lan ---- peer (10.0.0.3, VNI 101, octets made by lib.probe)
"""

import os
import select
import socket
import threading
import time

import pytest

from dmevpn_dataplane.inject import Inject, counters, show
from lib import probe
from lib.capture import Capture
from lib.frr import FrrNode
from lib.net import Net, Switch
from lib.poll import holds, poll

ZERO = "00:00:00:00:00:00"
FAR, FARTHER, ELSEWHERE = "02:00:00:00:0f:01", "02:00:00:00:0f:02", "02:00:00:00:0f:03"
PEER_MAC = "02:00:00:00:00:03"
PATH = "tun2 100 10.0.0.3 101"
MS = 200  # between two probes


def socket_in(node, family=socket.AF_INET, kind=socket.SOCK_DGRAM):
    """A socket of this process in a node's network."""
    made = []

    def make():
        with open(f"/proc/{node.pid}/ns/net") as net:
            os.setns(net.fileno(), os.CLONE_NEWNET)
        made.append(socket.socket(family, kind))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return made[0]


class Peer:
    """Answers probes at 10.0.0.3:4789 while `answers` is set; `spoil` are fields that are wrong then."""

    def __init__(self, node):
        self.socket = socket_in(node)
        self.socket.bind(("10.0.0.3", 4789))
        self.answers, self.spoil = False, {}
        self.heard = []  # (time, sender, VNI, fields) of probes and answers, (time, sender, VNI, None) of others
        self.ended = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended:
            if not select.select([self.socket], [], [], 0.1)[0]:
                continue
            data, sender = self.socket.recvfrom(2048)
            vni, fields = int.from_bytes(data[4:7], "big"), probe.parse(data[8:])
            self.heard.append((time.monotonic(), sender, vni, fields))
            if fields and not fields["answer"] and self.answers:
                self.send(fields["vni"], probe.answer_to(fields, "10.0.0.3", PEER_MAC, **self.spoil))

    def send(self, vni, inner):
        self.socket.sendto(probe.in_vxlan(vni, inner), ("10.0.0.2", 4789))

    def probes(self, since=0):
        return [h for h in self.heard[since:] if h[3] and not h[3]["answer"]]

    def answered(self, since=0):
        return [h for h in self.heard[since:] if h[3] and h[3]["answer"]]

    def ask(self, **changed):
        """A probe of ours to the spoke; returns what came back within half a second."""
        mark = len(self.heard)
        right = {"mine": 0x1234, "yours": 100, "vni": 101, "nonce": int.from_bytes(os.urandom(8), "big")}
        self.send(100, probe.frame("10.0.0.3", PEER_MAC, **(right | changed)))
        end = time.monotonic() + 0.5
        while time.monotonic() < end and not self.answered(mark):
            select.select([], [], [], 0.02)
        return self.answered(mark)

    def end(self):
        self.ended = True
        self.thread.join()
        self.socket.close()


class PathNet(Net):
    def __init__(self):
        super().__init__()
        self.lan = self.add("lan", Switch)
        self.spoke = self.add("spoke", FrrNode)
        self.far = self.add("far")
        self.vm = self.add("vm")
        self.link(self.spoke, "eth1", self.lan, "spoke")
        self.link(self.far, "eth1", self.lan, "far")
        self.link(self.vm, "eth1", self.spoke, "eth2")
        self.far.ip("addr add 10.0.0.3/24 dev eth1")
        self.spoke.ip(
            "addr add 10.0.0.2/24 dev eth1",
            "link add br-test type bridge group_fwd_mask 65528",
            "link add tun2 type vxlan id 100 local 10.0.0.2 dstport 4789 nolearning",
            "link set tun2 master br-test",
            "link set eth2 master br-test",
            "link set br-test up",
            "link set tun2 up",
        )


NET = PathNet


def prepare(net):
    net.spoke.start_daemon("zebra")
    net.inject = Inject(net.spoke)
    net.inject.hello(1)
    mark = net.inject.mark()
    net.inject.say("sync_end", "instance tun2 0 spoke 1")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1, vni=100)
    net.inject.say("hub tun2 100 10.0.0.1 4097")


@pytest.fixture(scope="module")
def peer(net):
    made = Peer(net.far)
    yield made
    made.end()


def entries(node, mac):
    return sorted(((e["dst"], e.get("vni")) for e in node.fdb_vxlan("tun2", mac)), key=str)


def state_after(net, mark, up, deadline=5):
    return net.inject.wait_for("PROBE_STATE", mark, deadline, nbma="10.0.0.3", remote_vni=101, up=up)


def test_not_before_the_first_answer(net, peer):
    """Probes leave at once and quickly at first, the entry waits for the answer, and is there right behind it."""
    net.inject.say(f"probe {PATH} 2000 3", f"mac tun2 100 {FAR} 10.0.0.3 101", f"mac tun2 100 {FARTHER} 10.0.0.3 101")
    poll(lambda: len(peer.probes()) >= 5, 5, what="probes of 0, 50, 150, 350, 750 ms")
    times = [h[0] for h in peer.probes()[:5]]
    assert times[-1] - times[0] < 1.2
    _, sender, vni, fields = peer.probes()[0]
    assert (sender[0], vni) == ("10.0.0.2", 101)
    wanted = {"source": "10.0.0.2", "destination": "127.0.0.1", "hops": 255, "version": 32, "state": probe.DOWN, "flags": 2}
    wanted |= {"length": 24, "yours": 101, "vni": 100, "interval": 2000000, "misses": 3, "our_version": 1, "echo": 0, "min_rx": 0}
    assert {key: fields[key] for key in wanted} == wanted
    nonces = [h[3]["nonce"] for h in peer.probes()]
    assert len(set(nonces)) == len(nonces)
    assert entries(net.spoke, FAR) == entries(net.spoke, FARTHER) == []
    assert not net.inject.records("PROBE_STATE"), "not judged yet"
    assert show(net.spoke)["instances"][0]["macs"] == 0
    peer.answers = True
    state = state_after(net, 0, up=1)
    assert 0 < int(state["rtt_us"]) < 1000000
    poll(lambda: entries(net.spoke, FAR) == entries(net.spoke, FARTHER) == [("10.0.0.3", 101)], 1)
    mark = len(peer.heard)
    poll(lambda: peer.probes(mark), 5)
    assert peer.probes(mark)[0][3]["state"] == probe.UP


def test_pace_at_rest(net, peer):
    """One probe an interval, for two MACs as for one; another interval takes effect at once."""
    net.inject.say(f"probe {PATH} {MS} 3")
    mark = len(peer.heard)
    poll(lambda: len(peer.probes(mark)) >= 11, 10)
    times = [h[0] for h in peer.probes(mark)]
    mean = (times[10] - times[0]) / 10
    assert 0.85 * MS <= mean * 1000 <= 1.5 * MS, f"ms: {mean * 1000}"


def test_misses_take_it_out_and_answers_bring_it_back(net, peer):
    mark = net.inject.mark()
    peer.answers = False
    start = time.monotonic()
    state_after(net, mark, up=0)
    took = time.monotonic() - start
    assert 2 * MS <= took * 1000, "three misses, not fewer"
    poll(lambda: entries(net.spoke, FAR) == entries(net.spoke, FARTHER) == [], 1)
    assert entries(net.spoke, ZERO) == [("10.0.0.1", 4097)], "by way of the hub, then"
    mark, seen = net.inject.mark(), len(peer.heard)
    peer.answers = True
    state_after(net, mark, up=1)
    poll(lambda: entries(net.spoke, FAR) == entries(net.spoke, FARTHER) == [("10.0.0.3", 101)], 1)
    assert len(peer.probes(seen)) >= 3, "not on the first answer of a path that has just failed"


def test_one_loss_is_no_miss_too_many(net, peer):
    """Two unanswered probes in a row change nothing."""
    mark = net.inject.mark()
    for _ in range(2):
        peer.answers = False
        seen = len(peer.heard)
        poll(lambda: len(peer.probes(seen)) >= 2, 5, step=0.005)
        peer.answers = True
        poll(lambda: len(peer.probes(seen)) >= 5, 5, step=0.005)
    assert not net.inject.records("PROBE_STATE", mark, up=0)
    assert entries(net.spoke, FAR) == [("10.0.0.3", 101)]


@pytest.mark.parametrize(
    "spoil",
    [{"nonce": 1}, {"yours": 7}, {"flags": 2}, {"hops": 64}, {"version": 2}, {"destination": "10.0.0.2"}, {"state": probe.DOWN}],
    ids=lambda spoil: next(iter(spoil)),
)
def test_wrong_answers_do_not_count(net, peer, spoil):
    """Answers that are not quite right do not keep a path up, and do not bring it up."""
    mark, before = net.inject.mark(), counters(net.spoke)
    peer.spoil = spoil
    state_after(net, mark, up=0)
    holds(lambda: not net.inject.records("PROBE_STATE", mark, up=1), 4 * MS / 1000)
    after = counters(net.spoke)
    wrong = sum(after[k] - before[k] for k in ("probeAnswersStray", "probesMalformed"))
    assert wrong >= 3 and after["probesAnswered"] - before["probesAnswered"] <= 2
    mark = net.inject.mark()
    peer.spoil = {}
    state_after(net, mark, up=1)


def test_an_answer_counts_once(net, peer):
    """An old answer, said again and again, keeps nothing up."""
    seen = len(peer.heard)
    poll(lambda: peer.probes(seen), 5)
    old = probe.answer_to(peer.probes(seen)[-1][3], "10.0.0.3", PEER_MAC)
    mark = net.inject.mark()
    peer.answers = False
    end = time.monotonic() + 6 * MS / 1000
    while time.monotonic() < end:
        peer.send(100, old)
        select.select([], [], [], 0.02)
    state_after(net, mark, up=0)
    mark = net.inject.mark()
    peer.answers = True
    state_after(net, mark, up=1)


def test_another_path_is_another(net, peer):
    """What leads elsewhere, or needs no path, is not touched by the failure of this one."""
    mark = net.inject.mark()
    net.inject.say(f"mac tun2 100 {ELSEWHERE} 10.0.0.3 102")
    poll(lambda: entries(net.spoke, ELSEWHERE) == [("10.0.0.3", 102)], 2, what="nobody probes VNI 102")
    peer.answers = False
    state_after(net, mark, up=0)
    poll(lambda: entries(net.spoke, FAR) == [], 1)
    assert entries(net.spoke, ELSEWHERE) == [("10.0.0.3", 102)]
    net.inject.say(f"mac tun2 100 {ELSEWHERE} 10.0.0.3 101")
    poll(lambda: entries(net.spoke, ELSEWHERE) == [], 2, what="moved behind the path that is down")
    net.inject.say(f"mac tun2 100 {FAR} 10.0.0.3 102")
    poll(lambda: entries(net.spoke, FAR) == [("10.0.0.3", 102)], 2, what="moved away from it")
    net.inject.say(f"mac tun2 100 {FAR} 10.0.0.3 101", f"no_mac tun2 100 {ELSEWHERE}")
    poll(lambda: entries(net.spoke, FAR) == [], 2)


def test_used_while_held(net, peer):
    """A shortcut that is kept out of the kernel is known, and not used."""
    mark = net.inject.mark()
    net.inject.say(f"used tun2 100 {FAR}")
    reply = net.inject.wait_for("USED_REPLY", mark, mac=FAR)
    assert reply["found"] == "1" and int(reply["idle_ms"]) > 10**9
    assert not net.inject.records("FAILURE", mark)


def test_without_nhrpd(net, peer):
    """nhrpd is dead: a path that heals and one that fails have their consequences all the same."""
    net.inject.gone()
    poll(lambda: not show(net.spoke)["connected"], 5)
    peer.answers = True
    poll(lambda: entries(net.spoke, FAR) == [("10.0.0.3", 101)], 5)
    assert peer.ask(), "and others are answered"
    peer.answers = False
    poll(lambda: entries(net.spoke, FAR) == [], 5)
    peer.answers = True
    poll(lambda: entries(net.spoke, FAR) == [("10.0.0.3", 101)], 5)


def test_nhrpd_comes_back(net, peer):
    """What is asked for again is told at once and never out of the kernel; what is not goes with SYNC_END."""
    net.inject = Inject(net.spoke)
    net.inject.hello(2)
    mark = net.inject.mark()
    net.inject.say("instance tun2 0 spoke 1", "hub tun2 100 10.0.0.1 4097")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1)
    net.inject.say(f"probe {PATH} {MS} 3", f"mac tun2 100 {FAR} 10.0.0.3 101")
    state_after(net, mark, up=1, deadline=1)
    assert entries(net.spoke, FAR) == [("10.0.0.3", 101)]
    net.inject.say("sync_end")
    poll(lambda: entries(net.spoke, FARTHER) == [], 5)
    assert (counters(net.spoke)["paths"], counters(net.spoke)["pathsUp"]) == (1, 1)
    net.inject.hello(3)
    mark = net.inject.mark()
    net.inject.say("instance tun2 0 spoke 1", "hub tun2 100 10.0.0.1 4097", f"mac tun2 100 {FAR} 10.0.0.3 101", "sync_end")
    poll(lambda: counters(net.spoke)["paths"] == 0, 5)
    assert entries(net.spoke, FAR) == [("10.0.0.3", 101)], "asked for, and no path wanted: it stays"


def test_zebra_comes_back(net, peer):
    """The entries of an earlier zebra stay while their path has not been judged anew, and go when it is down."""
    net.inject.gone()
    net.spoke.kill("zebra", 9)
    net.spoke.start_daemon("zebra")
    net.inject = Inject(net.spoke)
    net.inject.hello(4)
    mark = net.inject.mark()
    net.inject.say("instance tun2 0 spoke 1")
    net.inject.wait_for("INSTANCE_STATE", mark, ready=1)
    peer.answers = False
    net.inject.say("hub tun2 100 10.0.0.1 4097", f"probe {PATH} {MS} 3", f"mac tun2 100 {FAR} 10.0.0.3 101", "sync_end")
    seen = len(peer.heard)
    poll(lambda: peer.probes(seen), 5)
    assert entries(net.spoke, FAR) == [("10.0.0.3", 101)]
    state_after(net, mark, up=0)
    poll(lambda: entries(net.spoke, FAR) == [], 1)
    mark = net.inject.mark()
    peer.answers = True
    state_after(net, mark, up=1)
    poll(lambda: entries(net.spoke, FAR) == [("10.0.0.3", 101)], 1)


def test_end_of_probing(net, peer):
    """Without a path the entry is in at once; with one again it stays, and goes only when that is down."""
    mark = net.inject.mark()
    peer.answers = False
    state_after(net, mark, up=0)
    net.inject.say(f"no_probe {PATH}")
    poll(lambda: entries(net.spoke, FAR) == [("10.0.0.3", 101)], 2)
    seen, mark = len(peer.heard), net.inject.mark()
    holds(lambda: not peer.probes(seen), 3 * MS / 1000)
    net.inject.say(f"probe {PATH} {MS} 3")
    poll(lambda: peer.probes(seen), 2)
    assert entries(net.spoke, FAR) == [("10.0.0.3", 101)]
    state_after(net, mark, up=0)
    poll(lambda: entries(net.spoke, FAR) == [], 1)
    mark = net.inject.mark()
    peer.answers = True
    state_after(net, mark, up=1)


def test_device_goes_down_and_up(net, peer):
    """The kernel throws the entries away; the path is down, without complaints about them, and all is as before when it is up."""
    mark = net.inject.mark()
    net.spoke.run("ip link set tun2 down")
    state_after(net, mark, up=0)
    net.spoke.run("ip link set tun2 up")
    state_after(net, mark, up=1)
    poll(lambda: entries(net.spoke, FAR) == [("10.0.0.3", 101)], 2)
    assert not net.inject.records("FAILURE", mark)


def test_answers_who_asks(net, peer):
    """A right probe is answered, to the address in it and with the VNI in it, field by field as it must be."""
    before = counters(net.spoke)["probesReflected"]
    ((_, sender, vni, fields),) = peer.ask(nonce=0xABCDEF, interval=300000, misses=5, state=probe.DOWN, port=55555)
    assert (sender[0], vni) == ("10.0.0.2", 101)
    wanted = {"source": "10.0.0.2", "mine": 100, "yours": 0x1234, "nonce": 0xABCDEF, "vni": 101, "state": probe.UP, "flags": 0}
    wanted |= {"interval": 300000, "misses": 5, "port": 55555, "hops": 255, "sender": probe.mac(net.spoke.mac("tun2"))}
    assert {key: fields[key] for key in wanted} == wanted
    assert 0 < fields["min_rx"] <= 100000
    assert counters(net.spoke)["probesReflected"] == before + 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"yours": 101},
        {"answer": True},
        {"hops": 254},
        {"flags": 0},
        {"state": 0},
        {"misses": 0},
        {"mine": 0},
        {"vni": 0},
        {"version": 0},
        {"port": probe.PORT},
        {"destination": "10.0.0.2"},
        {"group": "01:80:c2:00:00:0e"},
        {"group": "ff:ff:ff:ff:ff:ff"},
    ],
    ids=lambda wrong: "-".join(wrong) + str(next(iter(wrong.values()))),
)
def test_answers_nothing_else(net, peer, wrong):
    assert peer.ask(**wrong) == []


def test_none_gets_into_the_site(net, peer):
    """Neither probes nor answers are forwarded, although the bridge forwards all link-local groups that it may."""
    with Capture(net.vm, "eth1") as seen:
        marks = len(peer.heard)
        for _ in range(5):
            assert peer.ask()
        poll(lambda: len(peer.probes(marks)) >= 5, 5)
        # what would get through shows that the capture is of use
        peer.send(100, probe.frame("10.0.0.3", PEER_MAC, 1, 100, 101, 1, group="ff:ff:ff:ff:ff:ff"))
        seen.wait_for(lambda frame: frame[:6] == b"\xff" * 6)
    assert not seen.frames(lambda frame: frame[:6] == probe.mac(probe.GROUP))


def test_flood_of_probes(net, peer):
    """Probes from an address that does not answer, as fast as this machine sends them: the path stays up meanwhile."""
    mark, before = net.inject.mark(), counters(net.spoke)
    end, sent = time.monotonic() + 3, 0
    while time.monotonic() < end:
        for _ in range(50):
            peer.send(100, probe.frame("10.0.0.99", PEER_MAC, 1, 100, 101, sent))
            sent += 1
    after = counters(net.spoke)
    done = {k: after[k] - before[k] for k in ("probesReflected", "probesUnsent", "probesOverRate", "probesLost")}
    assert sum(done.values()) >= sent / 2, (sent, done)
    assert done["probesReflected"] + done["probesUnsent"] <= 4 * 10000, done
    assert not net.inject.records("PROBE_STATE", mark, up=0), (sent, done)
    assert entries(net.spoke, FAR) == [("10.0.0.3", 101)]


def test_end_of_the_instance(net, peer):
    """Nobody is answered any more, and nothing is asked; what was held back does not get into the kernel on the way."""
    mark = net.inject.mark()
    peer.answers = False
    state_after(net, mark, up=0)
    net.inject.say("no_instance tun2 0")
    poll(lambda: counters(net.spoke)["paths"] == 0, 5)
    assert peer.ask() == []
    seen = len(peer.heard)
    holds(lambda: not peer.probes(seen), 3 * MS / 1000)
    assert entries(net.spoke, FAR) == []
    mark = net.inject.mark()
    net.inject.say(f"probe {PATH} {MS} 3")
    net.inject.wait_for("FAILURE", mark, rec="PROBE_SET", vni=100)
