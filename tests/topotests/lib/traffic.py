# SPDX-License-Identifier: GPL-2.0-or-later
"""Many flows at once, and who heard which of their frames: for the soak.

A flow (tests/helpers/dmevpn_flow) belongs to a VPN and starts at a site. Ears (tests/helpers/dmevpn_hear) stand at the
host's end of every site's port of every VPN and hear all there is. So one look tells what must never be: a frame that
arrives twice at one place, one that comes back to the site it was sent from, one in another VPN. What was lost is
told by runs(): the frames of a flow that no ear heard, with the times between which they were sent.
"""

import itertools
import json
import os
import subprocess
import time
from dataclasses import dataclass, field

from .flow import _Side
from .poll import poll

PROGRAM = os.path.join(os.environ.get("DMEVPN_BUILD", "/build"), "tests/helpers/dmevpn_hear")


@dataclass
class Flow:
    """One flow, from one site to one MAC; `to` is the site where that lives, None: anywhere or nowhere."""

    number: int
    name: str
    vpn: int
    site: int
    to: int | None
    rate: int
    sender: _Side
    started: float
    mobile: str | None = None  # the MAC that it is to, or from, when that moves
    sent: int | None = None  # once it has ended
    ended: float | None = None
    told: set = field(default_factory=set)


class Ears(_Side):
    """One process that hears at all ports of a site."""

    def __init__(self, site, node, ifnames):
        self.site, self.name = site, f"{node.name}: hears"
        self.process = node.popen(
            [PROGRAM, *ifnames], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )
        self.rest = b""
        assert self.line() == "ready"

    def heard(self, what="?"):
        self.process.stdin.write(what.encode() + b"\n")
        *heard, last = json.loads(self.line())
        assert last["dropped"] == 0, f"{self.name}: the test's own sockets were too small: {last}"
        return heard


class Traffic:
    """The flows of a net whose hosts{site} nodes have port eth{vpn} in each VPN."""

    def __init__(self, hosts, vpns):
        self.hosts, self.vpns = hosts, vpns
        self.flows, self.numbers = {}, itertools.count(1)
        self.ears = [Ears(site, node, [f"eth{vpn}" for vpn in vpns]) for site, node in hosts.items()]

    def start(self, name, vpn, site, src, dst, rate, to=None, mobile=None):
        number = next(self.numbers)
        sender = _Side(self.hosts[site], "send", f"eth{vpn}", number, src, dst, rate, 128)
        self.flows[number] = Flow(number, name, vpn, site, to, rate, sender, time.time(), mobile)
        return self.flows[number]

    def end(self, flow):
        flow.sent, flow.ended = flow.sender.end()["sent"], time.time()
        return flow

    def look(self):
        """What must never be, in words, each thing once."""
        found = []
        for ear in self.ears:
            for heard in ear.heard():
                flow = self.flows[heard["flow"]]
                place = f"at site {ear.site}, {heard['if']}"
                wrongs = {
                    "leak": heard["if"] != f"eth{flow.vpn}",
                    "back at its own site": ear.site == flow.site and heard["if"] == f"eth{flow.vpn}",
                    "duplicate": heard["duplicated"],
                }
                for wrong, is_so in wrongs.items():
                    if is_so and (wrong, place) not in flow.told:
                        flow.told.add((wrong, place))
                        found.append(f"{wrong}: flow {flow.name} of VPN {flow.vpn} from site {flow.site}, {place}: {heard}")
        return found

    def lost(self):
        """[(flow, frames, from, until)]: each run of frames that nobody heard, and the time in which it was sent.

        Of flows to all (`to` None and no mobile) each other site must hear each frame; elsewhere one is enough.
        """
        runs = {}
        for ear in self.ears:
            for heard in ear.heard("runs"):
                assert not heard["runsCut"], f"too many runs of {self.flows[heard['flow']].name}"
                if heard["if"] == f"eth{self.flows[heard['flow']].vpn}":
                    runs[heard["flow"], ear.site] = sorted(heard["runs"])
        for flow in self.flows.values():
            yield from self._lost_of(flow, runs)

    def _lost_of(self, flow, runs):
        others = [site for site in self.hosts if site != flow.site]
        of_site = {site: runs.get((flow.number, site), []) for site in others}
        groups = [of_site[site] for site in others] if flow.to is None and not flow.mobile else [sum(of_site.values(), [])]
        sent = flow.sent if flow.sent is not None else flow.sender.ask()["sent"]
        for group in groups:
            yield from gaps(flow, sorted(group), sent)

    def totals(self):
        sent = sum(f.sent if f.sent is not None else f.sender.ask()["sent"] for f in self.flows.values())
        return sent, sum(h["received"] for ear in self.ears for h in ear.heard())

    def stop(self):
        for flow in self.flows.values():
            if flow.sent is None:
                self.end(flow)

    def close(self):
        for side in [f.sender for f in self.flows.values()] + self.ears:
            side.process.kill()
            side.process.wait(10)


def gaps(flow, runs, sent):
    """Runs of numbers that are in none of these runs (by first number), with the times around them."""
    expected, before = 0, flow.started
    for first, last, sent_first, sent_last in runs:
        if first > expected:
            yield flow, first - expected, before, sent_first / 1000
        if last + 1 > expected:
            expected, before = last + 1, sent_last / 1000
    if sent > expected:
        yield flow, sent - expected, before, flow.ended or time.time()


def at_rest(traffic, seconds=1.0):
    """Wait until nothing more arrives of flows that have ended."""
    last = [None, time.monotonic()]

    def quiet():
        now = traffic.totals()
        if now != last[0]:
            last[:] = now, time.monotonic()
        return time.monotonic() - last[1] > seconds

    poll(quiet, 30, step=0.2, what="nothing is under way any more")
