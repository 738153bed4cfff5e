# SPDX-License-Identifier: GPL-2.0-or-later
"""tools/lab soak: the overlay under random events, while its invariants are looked at every second.

usage: soak.py MINUTES [SEED]

Events: a MAC moves to another site; a daemon is killed (-9) on any node and started again as watchfrr does it; an
underlay link, a bridge port or a VXLAN device goes down and up; the network loses 30 % of all GRE (control) packets.
They overlap, at random, from a seed that is printed; the same seed brings the same events in the same order.

Invariants: no frame arrives twice, comes back to its own site, or is heard in another VPN; the hub's link carries no
more than flooding accounts for (a loop); no difference between nhrpd and its kernel stays for more than SETTLE seconds;
what is lost was sent while an event explains it: a link that was down, a MAC that had just moved. A killed daemon
and lost control packets explain nothing by themselves; they only make longer what something else explains.

Ends with 1 at the first violation, after the seed and the last events.
"""

import os
import random
import sys
import threading
import time
from dataclasses import dataclass
from typing import Callable

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests")
sys.path[:0] = [os.path.join(TESTS, "topotests"), TESTS]

from lib.consistent import assert_consistent, consistency  # noqa: E402
from lib.frr import OURS  # noqa: E402
from lib.measured import measured  # noqa: E402
from lib.poll import pause, poll  # noqa: E402
from lib.soaknet import BROADCAST, SITES, UNKNOWN_MAC, VPNS, SoakNet, mobile_mac, static_mac  # noqa: E402
from lib.traffic import Traffic, at_rest  # noqa: E402

SETTLE = 5.0  # seconds that a difference may last
GRACE = 2.0  # seconds from the end of an event until all that it explains is over
DELAY = 15.0  # the same, when daemons were down or control packets were lost meanwhile
LATE = 0.5  # seconds that a frame may be under way, with the sandbox's processor busy
MOVES, MOVES_IN = 4, 180.0  # of a MAC: more would be taken for a duplicate
RATE = {"unicast": 20, "mobile": 10, "flood": 5}  # frames a second
NEVER = float("inf")


@dataclass
class Event:
    """Something that was done to the net.

    `affects` says which flows' losses it explains, from `begin` to a bit after `end`; `delays` for which flows it disturbs
    daemons or control messages, so that what another event explains may last longer.
    """

    text: str
    begin: float
    affects: Callable
    delays: Callable
    heal: Callable
    end: float = NEVER


def until(event, events, flow):
    """When what the event explains of a flow is over: later where control was disturbed by others meanwhile."""
    over = event.end + GRACE
    meanwhile = [e.end for e in events if e.delays(flow) and e.begin < over and e.end > event.begin - GRACE]
    return min(max([over, *[end + GRACE for end in meanwhile]]), event.end + DELAY)


def explains(event, events, flow, first, last):
    """True when what was lost between the sending of two frames that arrived may be the event's doing."""
    lost_from = first + 1 / flow.rate
    return event.affects(flow) and event.begin - LATE <= lost_from and last <= until(event, events, flow)


class Soak:
    def __init__(self, net, seed):
        self.net, self.random = net, random.Random(seed)
        self.zero = time.time()
        self.events, self.active, self.healers = [], [], []
        self.wrong, self.longest, self.looks, self.compared = [], ("", 0.0), 0, 0
        self.since = {}  # (router, difference): seen first
        self.gre_lost, self.port_before = 0, None
        self.down = set()  # (router, daemon)
        self.moves = {}
        self.stopped = threading.Event()

    def say(self, text):
        print(f"{time.time() - self.zero:8.1f} s  {text}", flush=True)

    # Traffic

    def start_traffic(self):
        self.traffic = traffic = Traffic(self.net.hosts, VPNS)
        self.mobiles = {(vpn, number): {"home": number, "at": number % 3 + 1} for vpn in VPNS for number in (1, 2)}
        for vpn in VPNS:
            for site in SITES:
                to = site % 3 + 1
                traffic.start(f"{site} to {to}", vpn, site, static_mac(site), static_mac(to), RATE["unicast"], to)
            traffic.start("broadcast", vpn, 1, static_mac(1), BROADCAST, RATE["flood"])
            traffic.start("unknown", vpn, 2, static_mac(2), UNKNOWN_MAC, RATE["flood"])
        for (vpn, number), mobile in self.mobiles.items():
            self.start_mobile(vpn, number, mobile)
            home, mac = mobile["home"], mobile_mac(number)
            traffic.start(f"to mobile {number}", vpn, home, static_mac(home), mac, RATE["mobile"], mobile=mac)

    def start_mobile(self, vpn, number, mobile):
        name, home = f"from mobile {number}", mobile["home"]
        mobile["flow"] = self.traffic.start(
            name, vpn, mobile["at"], mobile_mac(number), static_mac(home), RATE["mobile"], home
        )

    # Events: each returns (text, whose losses it explains, for whom control suffers, how it is healed), or None

    def move(self):
        now = time.time()
        ready = [key for key in self.mobiles if len([t for t in self.moves.get(key, []) if now - t < MOVES_IN]) < MOVES]
        if not ready:
            return None
        vpn, number = key = self.random.choice(ready)
        mobile = self.mobiles[key]
        old = mobile["at"]
        mobile["at"] = ({1, 2, 3} - {old, mobile["home"]}).pop()
        self.moves.setdefault(key, []).append(now)
        self.traffic.end(mobile["flow"])
        self.start_mobile(vpn, number, mobile)
        mac = mobile_mac(number)
        return f"mobile {number} of VPN {vpn} moves from site {old} to {mobile['at']}", (
            lambda flow: flow.vpn == vpn and flow.mobile == mac
        ), nobody, lambda: None

    def kill(self):
        ready = [r for r in self.net.routers() if not any(name == r.name for name, _ in self.down)]
        if not ready:
            return None
        router, daemon = self.random.choice(ready), self.random.choice(OURS)
        self.down.add((router.name, daemon))
        router.kill(daemon)

        def revive():
            router.revive(daemon)
            self.down.discard((router.name, daemon))

        site = next((s for s, spoke in self.net.spokes.items() if spoke is router), 0)
        return f"kill -9 {daemon} on {router.name}", nobody, lambda flow: is_at(flow, site), revive

    def flap(self, router, device, text, affects, delays):
        if (router.name, device) in self.down:
            return None
        self.down.add((router.name, device))
        router.ip(f"link set {device} down")

        def up():
            router.ip(f"link set {device} up")
            self.down.discard((router.name, device))

        return f"{text} ({router.name} {device}) goes down", affects, delays, up

    def flap_underlay(self):
        site = self.random.choice((0, *SITES))
        router = self.net.spokes[site] if site else self.net.hub
        affects = lambda flow: is_at(flow, site)
        return self.flap(router, "eth1", "underlay link", affects, affects)

    def flap_port(self):
        site, vpn = self.random.choice(SITES), self.random.choice(VPNS)
        return self.flap(self.net.spokes[site], f"eth{vpn + 1}", "bridge port",
                         lambda flow: flow.vpn == vpn and is_at(flow, site), nobody)

    def flap_vxlan(self):
        site = self.random.choice((0, *SITES))
        if not site:
            return self.flap(self.net.hub, "tun2", "VXLAN device", lambda flow: True, nobody)
        vpn = self.random.choice(VPNS)
        return self.flap(self.net.spokes[site], f"tun{vpn + 1}", "VXLAN device",
                         lambda flow: flow.vpn == vpn and is_at(flow, site), nobody)

    def lose(self):
        if ("lan", "gre") in self.down:
            return None
        self.down.add(("lan", "gre"))
        self.net.lose_gre(30)

        def spare():
            self.gre_lost += self.net.spare_gre()
            self.down.discard(("lan", "gre"))

        return "30 % of GRE is lost", nobody, lambda flow: True, spare

    KINDS = ((move, 5, 0, 0), (kill, 5, 0, 2), (flap_underlay, 2, 0.5, 3), (flap_port, 2, 0.5, 3),
             (flap_vxlan, 2, 0.5, 3), (lose, 2, 3, 8))

    def begin(self):
        kind, _, least, most = self.random.choices(self.KINDS, [k[1] for k in self.KINDS])[0]
        duration, begin = self.random.uniform(least, most), time.time()
        done = kind(self)
        if not done:
            return
        text, affects, delays, heal = done
        event = Event(text, begin, affects, delays, heal)
        self.events.append(event)
        self.active.append((begin + duration, len(self.events), event))
        self.say(text)

    def heal_due(self, now):
        for item in sorted(self.active)[:]:
            when, _, event = item
            if when <= now:
                self.active.remove(item)
                # the start of a daemon takes seconds, in which other events go on
                healer = threading.Thread(target=self.heal, args=(event,))
                healer.start()
                self.healers.append(healer)

    def heal(self, event):
        try:
            event.heal()
        except Exception as err:
            self.wrong.append(f"it did not end: {event.text}: {err}")
        event.end = time.time()

    # Invariants

    def watch(self):
        """In a thread of its own, every second."""
        due = time.monotonic()
        while not self.stopped.wait(max(0.0, due - time.monotonic())):
            due = max(due + 1, time.monotonic())
            try:
                self.wrong += self.traffic.look()
                self.look_for_loop()
                for router in self.net.routers():
                    self.look_at(router)
                self.looks += 1
            except Exception as err:  # a thread's end must not pass for silence
                self.wrong.append(f"the watch itself: {err!r}")
                return

    def look_for_loop(self):
        now, packets = time.time(), self.net.lan.counters("hub")["tx"]["packets"]
        if self.port_before:
            rate = (packets - self.port_before[1]) / (now - self.port_before[0])
            sent = sum(RATE["unicast"] * 3 + RATE["flood"] * 2 + RATE["mobile"] * 4 for _ in VPNS)
            if rate > 2 * sent + 1000:
                self.wrong.append(f"a loop? {rate:.0f} packets a second go to the hub, and {sent} frames are sent")
        self.port_before = now, packets

    def look_at(self, router):
        now, gone = time.time(), [key for key in self.since if key[0] == router.name]
        try:
            answer = consistency(router)
        except AssertionError:
            answer = {"error": "nhrpd is not there"}
        self.compared += sum(answer.get("compared", {}).values())
        for d in answer.get("differences", []):
            if d["nhrpd"] == "none" and answer.get("syncIn"):
                continue  # what a restarted nhrpd has not asked for again goes later
            what = (d["interface"], d["object"], d.get("address"), d["nhrpd"], d["kernel"])
            key = router.name, what
            since = self.since.setdefault(key, now)
            if key in gone:
                gone.remove(key)
            if now - since > self.longest[1]:
                self.longest = f"{router.name} {what}", now - since
            if now - since > SETTLE:
                self.wrong.append(f"not consistent for {now - since:.1f} s: {router.name}: {what}")
                self.since[key] = now
        for key in gone:
            del self.since[key]

    def last_look(self, seconds):
        """What passes as nothing wrong must have been seen: each router has an answer, of something, and there were looks."""
        for router in self.net.routers():
            try:
                assert_consistent(router, deadline=SETTLE)
            except AssertionError as err:
                self.wrong.append(f"in the end: {err}")
        if self.looks < seconds / 6:
            self.wrong.append(f"only {self.looks} looks at the invariants in {seconds:.0f} s")

    # Its course

    def unexplained(self):
        """Losses that no event explains; what is explained is summed up."""
        self.explained, found = [], []
        for flow, count, first, last in self.traffic.lost():
            text = (f"{count} frames of {flow.name}, VPN {flow.vpn} from site {flow.site} lost between "
                    f"{first - self.zero:.2f} and {last - self.zero:.2f} s")
            why = next((e for e in reversed(self.events) if explains(e, self.events, flow, first, last)), None)
            if why:
                self.explained.append((last - first, count, f"{text}: {why.text} until {why.end - self.zero:.2f} s"))
            else:
                found.append((first, text))
        return [text for _, text in sorted(found)]

    def run(self, minutes):
        end = time.time() + 60 * minutes
        watcher = threading.Thread(target=self.watch, daemon=True)
        watcher.start()
        next_event = time.time() + 1
        try:
            while time.time() < end and not self.wrong:
                self.heal_due(time.time())
                if time.time() >= next_event:
                    self.begin()
                    next_event = time.time() + self.random.expovariate(1 / 2.0)
                pause(0.05)
        finally:
            self.heal_due(NEVER)
            for healer in self.healers:
                healer.join()
            self.say("all is healed")
            if not self.wrong:
                pause(GRACE + SETTLE + 2)
            self.stopped.set()
            watcher.join(30)
        if not self.wrong:
            self.last_look(60 * minutes)
        self.traffic.stop()
        at_rest(self.traffic)
        self.wrong += self.traffic.look()
        self.wrong += [f"loss: {text}" for text in self.unexplained()]


def nobody(flow):
    return False


def is_at(flow, site):
    """A flow that begins or ends at a site; 0: the hub, by way of which any may go. Mobiles may be anywhere."""
    return not site or site in (flow.site, flow.to) or flow.to is None


def ready(soak):
    """Everybody is registered and everything has been heard from everywhere."""
    hub = soak.net.hub
    poll(lambda: len(hub.vtysh_json("show ip nhrp vpn members json").get("members", [])) == len(SITES) * len(VPNS),
         60, what="all spokes are members of all VPNs")
    soak.start_traffic()
    pause(5)
    soak.say(f"{len(soak.traffic.flows)} flows in {len(VPNS)} VPNs")


def report(soak, minutes, seed):
    sent, heard = soak.traffic.totals()
    kinds = {}
    for event in soak.events:
        word = event.text.split(" (")[0] if " (" in event.text else event.text.split(" of VPN")[0].split(" on ")[0]
        kinds[word] = kinds.get(word, 0) + 1
    print("events:", ", ".join(f"{count} {word}" for word, count in sorted(kinds.items())))
    print(f"longest difference between nhrpd and kernel: {soak.longest[1]:.1f} s ({soak.longest[0] or 'none'})")
    longest = sorted(soak.explained, reverse=True)[:5]
    for _, _, text in longest:
        print("explained:", text)
    measured("soak", minutes=minutes, seed=seed, events=len(soak.events), looks=soak.looks, thingsCompared=soak.compared, framesSent=sent,
             framesHeard=heard, lostExplained=sum(count for _, count, _ in soak.explained),
             longestLoss=longest[0][0] if longest else 0.0,
             lostUnexplained=len([w for w in soak.wrong if w.startswith("loss")]), greLost=soak.gre_lost,
             longestDifference=soak.longest[1])


def main():
    minutes = float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int.from_bytes(os.urandom(4), "big")
    print(f"soak: {minutes:g} minutes, seed {seed}: again with `tools/lab soak {minutes:g} --seed {seed}`", flush=True)
    with SoakNet() as net:
        net.add_devices()
        net.start()
        soak = Soak(net, seed)
        try:
            ready(soak)
            soak.run(minutes)
            report(soak, minutes, seed)
            soak.wrong += net.complaints()
        except BaseException:
            print("logs and state:", net.collect("soak"))
            raise
        finally:
            if hasattr(soak, "traffic"):
                soak.traffic.close()
        if soak.wrong:
            print(f"soak: FAILED, seed {seed}; what went wrong:\n  " + "\n  ".join(soak.wrong[:40]))
            print("the last events:")
            for event in soak.events[-12:]:
                print(f"  {event.begin - soak.zero:8.1f} to {event.end - soak.zero:.1f} s  {event.text}")
            print("logs and state:", net.collect("soak"))
            return 1
    print(f"soak: passed, {minutes:g} minutes, seed {seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
