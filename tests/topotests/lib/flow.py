# SPDX-License-Identifier: GPL-2.0-or-later
"""A steady flow of numbered Ethernet frames through a net, and what has become of each of them.

    with Flow(vm1, "eth1", vm2, "eth1", src=VM1_MAC, dst=VM2_MAC, rate=1000) as flow:
        …                           what must not cost a frame
    assert flow.result()["lost"] == 0

The work is done by tests/helpers/dmevpn_flow, which describes the figures; a loss that is the tool's own fails the
test instead of being counted.
"""

import json
import os
import select
import subprocess
import time

from .poll import poll

PROGRAM = os.path.join(os.environ.get("DMEVPN_BUILD", "/build"), "tests/helpers/dmevpn_flow")
SETTLE = 1.0  # seconds of silence after which nothing is under way any more
ANSWER = 30  # seconds


class _Side:
    """One process of the tool in a node."""

    def __init__(self, node, *argv):
        self.name = f"{node.name}: {' '.join(map(str, argv))}"
        self.process = node.popen(
            [PROGRAM, *map(str, argv)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )
        self.rest = b""

    def line(self):
        """Its next line; the test fails when it says nothing, and with what it complained of when it ended."""
        end = time.monotonic() + ANSWER
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            assert ready, f"{self.name}: no answer within {ANSWER} s"
            more = os.read(self.process.stdout.fileno(), 65536)
            assert more, f"{self.name}: ended: {self.process.stderr.read().decode()}"
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode()

    def ask(self):
        self.process.stdin.write(b"?\n")
        return json.loads(self.line())

    def end(self):
        """Its last word. Called again, nothing."""
        if self.process.stdin.closed:
            return None
        self.process.stdin.close()
        try:
            said = json.loads(self.line())
            assert self.process.wait(ANSWER) == 0, self.name
        finally:
            self.process.kill()
            self.process.wait(ANSWER)
        return said


class Flow:
    """`rate` frames a second from `sender`'s interface to one receiver's, or to those in `receivers`."""

    _numbers = iter(range(os.getpid() << 12, 1 << 32))

    def __init__(self, sender, ifname, receiver=None, receiver_ifname=None, *, src, dst, rate=1000, size=128, receivers=()):
        self.sender, self.ifname, self.rate = sender, ifname, rate
        self.places = list(receivers) or [(receiver, receiver_ifname)]
        self.words = (src, dst, rate, size)
        self.out, self.ins, self.final = None, [], None

    def start(self):
        number = next(self._numbers)
        self.backlog = backlog_drops()
        try:
            self.ins = [_Side(node, "receive", ifname, number) for node, ifname in self.places]
            for side in self.ins:
                assert side.line() == "ready"
            self.out = _Side(self.sender, "send", self.ifname, number, *self.words)
        except BaseException:
            self._end_all()
            raise
        return self

    def so_far(self):
        """The figures while it runs. What is under way right now counts as lost."""
        sent = self.out.ask()
        return self._figures(sent, [side.ask() for side in self.ins])

    def stop(self):
        """End the sender, wait until all has arrived or nothing more comes, and keep the figures."""
        if self.final:
            return
        try:
            sent = self.out.end()

            def at_rest():
                seen = [side.ask() for side in self.ins]
                done = all(s["received"] >= sent["sent"] for s in seen)
                return done or all(s["silent"] > SETTLE * 1000 for s in seen)

            poll(at_rest, 60, what=f"nothing more arrives of the flow from {self.sender.name}")
            self.final = self._figures(sent, [side.end() for side in self.ins])
        finally:
            self._end_all()

    def result(self):
        """After the block: {"sent", "received", "lost", "duplicated", "reordered", "longestGap", "longestDelay" (ms), …}.

        With several receivers, received, lost, duplicated and reordered are the sums of what each of them got and
        missed, longestGap and longestDelay the largest; "at" has each receiver's own (by name of the node), and "nowhere"
        the frames that none of them got, "gapNowhere" the ms in which nothing reached any of them, by the rate.
        """
        self.stop()
        return self.final

    def _figures(self, sent, seen):
        for s, (node, ifname) in zip(seen, self.places):
            assert s["dropped"] == 0, f"{node.name} {ifname}: the test's own socket was too small: {s}"
        at = {node.name: self._one(sent["sent"], s) for (node, _), s in zip(self.places, seen)}
        holes = nowhere([one["holes"] for one in at.values()])
        sums = {key: sum(one[key] for one in at.values()) for key in ("received", "lost", "duplicated", "reordered")}
        most = {key: max(one[key] for one in at.values()) for key in ("longestGap", "longestDelay")}
        return {
            "sent": sent["sent"],
            **sums,
            **most,
            "nowhere": sum(count for _, count in holes),
            "gapNowhere": max([count for _, count in holes], default=0) * 1000 / self.rate,
            "refused": sent["refused"],
            "late": sent["late"],
            "backlogDrops": backlog_drops() - self.backlog,
            "at": at,
        }

    def _one(self, sent, seen):
        """One receiver's figures, with the end that never arrived."""
        tail = max(0, sent - seen["next"])
        holes = seen["holes"] + ([[seen["next"], tail]] if tail else [])
        return {
            "received": seen["received"],
            "lost": sent - seen["received"],
            "duplicated": seen["duplicated"],
            "reordered": seen["reordered"],
            "longestGap": max(seen["longestGap"], tail * 1000 / self.rate),
            "longestDelay": seen["longestDelay"],
            "holes": holes,
            "holesCut": seen["holesCut"],
        }

    def _end_all(self):
        for side in [self.out, *self.ins]:
            if side:
                side.process.kill()
                side.process.wait(ANSWER)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *rest):
        if kind:
            self._end_all()
        else:
            self.stop()


def nowhere(tables):
    """What is missing in all of these lists of [first, count], in the same form."""
    common, *others = tables
    for table in others:
        both = []
        for first, count in common:
            for start, length in table:
                low, high = max(first, start), min(first + count, start + length)
                if low < high:
                    both.append([low, high - low])
        common = both
    return common


def backlog_drops():
    """Frames that the kernel's own queue between devices had no room for, in all of the sandbox so far."""
    with open("/proc/net/softnet_stat") as file:
        return sum(int(line.split()[1], 16) for line in file)
