# SPDX-License-Identifier: GPL-2.0-or-later
"""The helpers themselves: that what must fail a test does fail it.

Guards against a green run that saw nothing: poll() without success, a daemon that fell over, a core, a sanitizer
report, and a capture that misses frames. Needs no part of this project but its helpers.

    lone (a router) ---- switch ---- host
"""

import os
import signal

import pytest

from lib.capture import Capture
from lib.flow import Flow, nowhere
from lib.frames import BROADCAST, marked, send_frames
from lib.frr import SANITIZER_OPTIONS, FrrNode
from lib.net import Net, Switch
from lib.measured import measured
from lib.node import CommandFailed
from lib.poll import holds, poll


class LoneNet(Net):
    def __init__(self):
        super().__init__()
        self.switch = self.add("switch", Switch)
        self.lone = self.add("lone", FrrNode)
        self.host = self.add("host")
        for node in (self.lone, self.host):
            self.link(node, "eth1", self.switch, node.name)


@pytest.fixture
def lone_net():
    """Not the `net` of conftest.py, which would fail these tests for what they do on purpose."""
    with LoneNet() as made:
        yield made


def test_poll_fails_with_what_it_saw():
    with pytest.raises(AssertionError, match="the reason"):
        poll(lambda: (_ for _ in ()).throw(AssertionError("the reason")), 0.1)
    with pytest.raises(AssertionError, match="did not hold"):
        holds(lambda: False, 0.1)


def test_commands_fail(lone_net):
    with pytest.raises(CommandFailed, match="ended with 3"):
        lone_net.host.run("exit 3")
    with pytest.raises(CommandFailed, match="no end"):
        lone_net.host.run("tail -f /dev/null", timeout=0.3)


def test_every_frame_is_captured(lone_net):
    words = [f"frame {number:04d}".encode() for number in range(500)]
    with Capture(lone_net.lone, "eth1", direction="in") as seen:
        send_frames(lone_net.host, "eth1", *[marked(word, "02:00:00:00:00:77") for word in words])
    assert [f[14:24] for f in seen.frames(lambda f: b"frame " in f)] == words


def test_dead_daemon_is_a_complaint(lone_net):
    router = lone_net.lone
    router.start("", daemons=("mgmtd", "zebra"), without_modules=("mgmtd", "zebra"))
    assert lone_net.complaints() == []
    os.kill(router.running["zebra"], signal.SIGKILL)
    assert "zebra has ended by itself" in poll(lambda: lone_net.complaints(), 5)[0]


def test_crash_is_a_complaint(lone_net):
    router = lone_net.lone
    router.attempt("sleep 60 & kill -SEGV $!; wait")
    (found,) = poll(lone_net.complaints, 5, what="the core is found")
    assert "core" in found


BAD_PROGRAMS = {
    "overflow": ("int n = 0x7fffffff; n += argc; return n == 1;", "__ubsan_handle_add_overflow"),
    "heap": ("char *c = malloc(4); free(c); return c[argc];", "heap-use-after-free"),
}


@pytest.mark.parametrize("fault", BAD_PROGRAMS)
def test_sanitizer_report_is_a_complaint(lone_net, fault):
    """A program built and run as the sanitized daemons are, that does what they must not."""
    body, report = BAD_PROGRAMS[fault]
    router = lone_net.lone
    router.write_file("/tmp/bad.c", f"#include <stdlib.h>\nint main(int argc, char **argv) {{ {body} }}\n")
    router.run("gcc -g -w -O0 -fsanitize=address,undefined -o /tmp/bad /tmp/bad.c", timeout=60)
    code, _, _ = router.attempt(["env", *SANITIZER_OPTIONS, "/tmp/bad"])
    assert code != 0
    (found,) = lone_net.complaints()
    assert report in found


FLOW = {"src": "02:00:00:00:00:77", "dst": BROADCAST}


def running(flow, count):
    """Wait until `count` frames have arrived."""
    poll(lambda: flow.so_far()["received"] >= count, 20, what=f"{count} frames have arrived")


def test_flow_counts(lone_net):
    """Nothing is lost where nothing loses: several flows at once, each with its own numbers and its own rate."""
    host, lone = lone_net.host, lone_net.lone
    with Flow(host, "eth1", lone, "eth1", rate=1000, **FLOW) as one, Flow(lone, "eth1", host, "eth1", rate=3000, **FLOW) as other:
        running(one, 2000)
    for flow in (one, other):
        result = flow.result()
        assert result["sent"] >= 2000 and result["received"] == result["sent"], result
        assert not result["lost"] + result["duplicated"] + result["reordered"] + result["refused"], result
        assert result["longestGap"] == 0 and result["nowhere"] == 0, result
    measured("flow over a cable", **{key: one.result()[key] for key in ("sent", "lost", "late", "longestDelay")})
    assert 2 < other.result()["sent"] / one.result()["sent"] < 4


def test_flow_counts_losses(lone_net):
    """Each frame that the wire loses, as the kernel counts them; one receiver of two, and both."""
    host = lone_net.host
    host.run("tc qdisc add dev eth1 root netem loss 20%")
    with Flow(host, "eth1", rate=1000, receivers=[(lone_net.lone, "eth1"), (lone_net.switch, "host")], **FLOW) as flow:
        running(flow, 1000)
        lone_net.lone.ip("link set eth1 down", "link set eth1 up")
    result = flow.result()
    (queue,) = (q for q in host.json("tc -j -s qdisc show dev eth1") if q["kind"] == "netem")
    assert result["at"]["switch"]["lost"] == result["nowhere"] == queue["drops"] > 0, (result, queue)
    assert result["lost"] == sum(one["lost"] for one in result["at"].values()) >= 2 * queue["drops"]
    assert result["longestGap"] > 0 and not result["duplicated"], result


def test_flow_counts_copies(lone_net):
    host = lone_net.host
    host.run("tc qdisc add dev eth1 root netem duplicate 100%")
    with Flow(host, "eth1", lone_net.lone, "eth1", **FLOW) as flow:
        running(flow, 500)
    result = flow.result()
    assert result["duplicated"] == result["received"] == result["sent"] and result["lost"] == 0, result


def test_flow_counts_late_ones(lone_net):
    """Frames that wait and overtake each other are neither lost nor copies, and are waited for."""
    host = lone_net.host
    host.run("tc qdisc add dev eth1 root netem delay 300ms 200ms")
    with Flow(host, "eth1", lone_net.lone, "eth1", **FLOW) as flow:
        running(flow, 500)
    result = flow.result()
    assert result["received"] == result["sent"] and result["reordered"] > 0 and not result["duplicated"], result
    assert 100 < result["longestDelay"] and result["longestGap"] < 600, result


def test_flow_that_ends_is_seen(lone_net):
    """The end that never arrives is lost too; a device that takes nothing is the sender's matter, and is said."""
    host, lone = lone_net.host, lone_net.lone
    with Flow(host, "eth1", lone, "eth1", **FLOW) as flow:
        running(flow, 200)
        lone_net.switch.ip("link set lone down")
        sent = flow.so_far()["sent"]
        poll(lambda: flow.so_far()["sent"] > sent + 200, 10, what="the sender goes on")
        host.ip("link set eth1 down")
        poll(lambda: flow.so_far()["refused"] > 0, 10, what="the sender is refused")
    result = flow.result()
    assert result["lost"] >= 200 and result["longestGap"] >= 200, result
    with pytest.raises(AssertionError, match="ended.*eth9"):
        Flow(host, "eth1", lone, "eth9", **FLOW).start()


def test_missing_everywhere():
    assert nowhere([[[0, 5], [10, 2]]]) == [[0, 5], [10, 2]]
    assert nowhere([[[0, 5], [10, 2]], [[3, 8]]]) == [[3, 2], [10, 1]]
    assert nowhere([[[0, 5]], []]) == []
