# SPDX-License-Identifier: GPL-2.0-or-later
"""The soak can fail: what it judges by, on observations of the test's own making. No net is made."""

import os
import sys
from types import SimpleNamespace

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tools", "lab.d"))

import soak  # noqa: E402
from lib import traffic  # noqa: E402

START = 1000.0


def flow(number=1, vpn=1, site=1, to=2, rate=10, mobile=None, sent=100):
    return traffic.Flow(number, "a flow", vpn, site, to, rate, None, START, mobile, sent=sent, ended=START + sent / rate)


def run(first, last, rate=10):
    return [first, last, (START + first / rate) * 1000, (START + last / rate) * 1000]


class Ear:
    def __init__(self, site, *heard):
        self.site, self.said = site, list(heard)

    def heard(self, what="?"):
        return self.said


def heard(number, ifname, *runs, duplicated=0):
    return {"if": ifname, "flow": number, "duplicated": duplicated, "runs": list(runs), "runsCut": False}


def traffic_of(flows, *ears):
    made = traffic.Traffic.__new__(traffic.Traffic)
    made.hosts, made.flows, made.ears = {1: None, 2: None, 3: None}, {f.number: f for f in flows}, list(ears)
    return made


def test_what_must_never_be_is_told_once():
    good = heard(1, "eth1", run(0, 99))
    for wrong, ear in (
        ("duplicate", Ear(2, heard(1, "eth1", run(0, 99), duplicated=1))),
        ("leak", Ear(2, good, heard(1, "eth2", run(5, 5)))),
        ("back at its own site", Ear(1, heard(1, "eth1", run(7, 7)))),
    ):
        seen = traffic_of([flow()], ear)
        (found,) = seen.look()
        assert found.startswith(wrong)
        assert seen.look() == []
    assert traffic_of([flow()], Ear(2, good), Ear(3)).look() == []


def test_lost_frames():
    def lost(one, *ears):
        return [(count, round(first, 2), round(last, 2)) for _, count, first, last in traffic_of([one], *ears).lost()]

    assert lost(flow(), Ear(2, heard(1, "eth1", run(0, 99)))) == []
    assert lost(flow(), Ear(2, heard(1, "eth1", run(0, 9), run(15, 99)))) == [(5, START + 0.9, START + 1.5)]
    assert lost(flow(), Ear(2, heard(1, "eth1", run(3, 89)))) == [(3, START, START + 0.3), (10, START + 8.9, START + 10)]
    assert lost(flow(), Ear(2)) == [(100, START, START + 10)]
    # one that came late is a run of its own, and not lost
    assert lost(flow(), Ear(2, heard(1, "eth1", run(0, 9), run(11, 99), run(10, 10)))) == []
    # a MAC that moved is heard at one place and then at another; what all are to hear, all must
    halves = Ear(2, heard(1, "eth1", run(0, 49))), Ear(3, heard(1, "eth1", run(50, 99)))
    assert lost(flow(to=None, mobile="a MAC"), *halves) == []
    assert [count for count, _, _ in lost(flow(to=None), *halves)] == [50, 50]
    # what was heard in another VPN does not count
    assert lost(flow(), Ear(2, heard(1, "eth2", run(0, 99)))) == [(100, START, START + 10)]


def event(begin, end, affects=lambda flow: True, delays=soak.nobody):
    return soak.Event("an event", START + begin, affects, delays, None, START + end)


def explained(first, last, *events):
    return any(soak.explains(e, events, flow(), START + first, START + last) for e in events)


def test_what_an_event_explains():
    flap = event(10, 12)
    assert explained(10.1, 12.5, flap)
    assert not explained(8, 12, flap), "it began before"
    assert not explained(10.1, 12 + soak.GRACE + 0.1, flap), "it lasted too long"
    assert not explained(10.1, 12, event(10, 12, affects=lambda flow: flow.vpn == 2)), "it is about others"
    everybody = lambda flow: True
    killed = event(11, 15, soak.nobody, everybody)
    assert not explained(11.1, 14, killed), "a killed daemon explains nothing"
    # but what a flap explains lasts longer while a daemon is down
    assert explained(10.1, 15 + soak.GRACE, flap, killed)
    assert not explained(10.1, 17, flap, event(20, 25, soak.nobody, everybody)), "it was killed later"
    assert not explained(10.1, 17, flap, event(11, 15, soak.nobody, lambda flow: flow.site == 3)), "on another node"
    assert not explained(10.1, 40, flap, event(11, 60, soak.nobody, everybody)), "no daemon takes so long"


def judge(monkeypatch, seconds, **answer):
    """What the soak finds wrong when a router says that for so long."""
    made = soak.Soak(None, 1)
    router, clock = SimpleNamespace(name="hub"), [START]
    monkeypatch.setattr(soak.time, "time", lambda: clock[0])
    monkeypatch.setattr(soak, "consistency", lambda router: answer)
    while clock[0] <= START + seconds:
        made.look_at(router)
        clock[0] += 1
    return made.wrong


def test_differences_that_stay(monkeypatch):
    one = {"interface": "tun2", "object": "fdb", "address": "02:00:00:00:00:01", "nhrpd": "10.0.0.2 vni 1", "kernel": "none"}
    assert judge(monkeypatch, soak.SETTLE - 1, differences=[one]) == []
    (found,) = judge(monkeypatch, soak.SETTLE + 2, differences=[one])
    assert "not consistent" in found and "02:00:00:00:00:01" in found
    assert judge(monkeypatch, 20, error="the zebra module went away") == []
    left_over = dict(one, nhrpd="none", kernel="10.0.0.2 vni 1")
    assert judge(monkeypatch, 20, differences=[left_over], syncIn=20) == []
    assert judge(monkeypatch, 20, differences=[left_over])


def test_loop(monkeypatch):
    made, packets, clock = soak.Soak(None, 1), [0], [START]
    monkeypatch.setattr(soak.time, "time", lambda: clock[0])
    made.net = SimpleNamespace(lan=SimpleNamespace(counters=lambda port: {"tx": {"packets": packets[0]}}))
    for step in (0, 500, 500):
        packets[0] += step
        clock[0] += 1
        made.look_for_loop()
    assert made.wrong == []
    packets[0] += 20000
    clock[0] += 1
    made.look_for_loop()
    assert "a loop?" in made.wrong[0]


def test_same_seed_same_choices():
    assert soak.Soak(None, 7).random.random() == soak.Soak(None, 7).random.random()


def test_what_passes_was_seen(monkeypatch):
    """A router that does not answer in the end, or a watch that hardly looked, is no success."""
    made = soak.Soak(SimpleNamespace(routers=lambda: [SimpleNamespace(name="hub")]), 1)
    monkeypatch.setattr(soak, "assert_consistent", lambda router, deadline: None)
    made.looks = 60
    made.last_look(60)
    assert made.wrong == []
    made.last_look(1000)
    assert "only 60 looks" in made.wrong.pop()

    def nothing(router, deadline):
        raise AssertionError(f"{router.name}: the zebra module did not answer")

    monkeypatch.setattr(soak, "assert_consistent", nothing)
    made.last_look(60)
    assert made.wrong == ["in the end: hub: the zebra module did not answer"]
