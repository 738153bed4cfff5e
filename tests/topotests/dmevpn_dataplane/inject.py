# SPDX-License-Identifier: GPL-2.0-or-later
"""The zebra module alone: a stand-in for nhrpd that says what the test says, and zebra's own word for its state."""

import json
import os
import subprocess
from re import findall

from lib.poll import poll

PROGRAM = os.path.join(os.environ.get("DMEVPN_BUILD", "/build"), "tests/helpers/dmevpn_inject")


class Inject:
    """tests/helpers/dmevpn_inject in a node; its commands are described there."""

    def __init__(self, node):
        self.node = node
        self.file = node.path("/tmp/inject.out")
        self.out = open(self.file, "w")
        self.process = node.popen([PROGRAM], stdin=subprocess.PIPE, stdout=self.out, stderr=self.out, text=True)
        poll(lambda: "up" in self.lines(), 10, what=f"{node.name}: the stand-in is connected to zebra")

    def lines(self, mark=0):
        """What the program has said so far, in whole lines: one that it is still writing comes the next time."""
        with open(self.file) as file:
            return file.read().rpartition("\n")[0].splitlines()[mark:]

    def out_ends_with(self, begin):
        """True when the last it said begins so; costs no more where it has said a lot."""
        with open(self.file, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
            lines = file.read().rpartition(b"\n")[0].splitlines()
        return bool(lines) and lines[-1].startswith(begin.encode())

    def mark(self):
        """For records(mark): only what comes from now on."""
        return len(self.lines())

    def say(self, *commands):
        self.process.stdin.write("\n".join(commands) + "\n")
        self.process.stdin.flush()

    def records(self, kind, mark=0, **wanted):
        """Records of a kind as dicts; only those whose fields are as wanted (all values are text)."""
        found = [dict(findall(r"(\w+)=(\S*)", line)) | {"line": line} for line in self.lines(mark) if line.split()[0] == kind]
        return [r for r in found if all(r.get(k) == str(v) for k, v in wanted.items())]

    def wait_for(self, kind, mark=0, deadline=5, **wanted):
        """The last such record, once there is one."""
        return poll(lambda: self.records(kind, mark, **wanted), deadline, what=f"{kind} {wanted}")[-1]

    def new_link(self, mark, name, old):
        """The LINK record of a device made anew: another ifindex (text) than `old` (a number)."""
        news = lambda: [r for r in self.records("LINK", mark, name=name) if r["ifindex"] != str(old)]
        return poll(news, 5, what=f"LINK of the new {name}")[-1]

    def hello(self, epoch):
        """Say HELLO, as often as it takes, until the dump for it has ended; returns the dump's records."""
        mark = self.mark()

        def dumped():
            self.say(f"hello {epoch}")
            return "DUMP_END" in self.lines(mark)

        poll(dumped, 10, step=0.2, what=f"{self.node.name}: the module answers HELLO with a dump")
        return self.lines(mark)

    def gone(self):
        """nhrpd's death."""
        self.process.stdin.close()
        self.process.wait(10)
        self.out.close()


def ask(node, daemon, command):
    """What a show command says in JSON, asked at the daemon's own socket, which is faster than vtysh."""
    return json.loads(node.ask_daemon(daemon, command))


def show(node):
    """`show zebra dmevpn json`, asked at zebra's own socket."""
    return ask(node, "zebra", "show zebra dmevpn json")


def counters(node):
    return show(node)["counters"]
