# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon that is stopped and goes on later: what is sent to it waits, and it says nothing."""

import os
import signal
import time


class Asleep:
    """`daemon` of some nodes is stopped within the block; `awake` says when (time.monotonic()) it went on."""

    def __init__(self, daemon, *nodes):
        self.pids = [node.pid_of(daemon) for node in nodes]

    def __enter__(self):
        for pid in self.pids:
            os.kill(pid, signal.SIGSTOP)
        return self

    def __exit__(self, *exc):
        self.wake()

    def wake(self):
        """Before the block ends; its end does no harm then."""
        for pid in self.pids:
            os.kill(pid, signal.SIGCONT)
        self.awake = time.monotonic()
