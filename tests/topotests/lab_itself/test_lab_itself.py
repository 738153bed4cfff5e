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
from lib.frames import marked, send_frames
from lib.frr import SANITIZER_OPTIONS, FrrNode
from lib.net import Net, Switch
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
