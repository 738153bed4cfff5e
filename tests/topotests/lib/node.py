# SPDX-License-Identifier: GPL-2.0-or-later
"""One machine of a test net: a mininet node with a network and a mount namespace of its own.

A node's shell, held by mininet, keeps both namespaces alive, and with them everything mounted for it: its private
folders and its bpffs, in which pinned maps therefore outlive the processes that pinned them. Commands do not go
through that shell but are processes of their own (mininet's mnexec joins them to the node), so they may run side
by side and have an exit code, and output and errors apart.

What it does not do: no process namespace. Daemons are told apart by the pid files in the node's own /run/frr.
"""

import json
import os
import signal
import subprocess

from mininet.node import Node as MininetNode

from .poll import poll

PRIVATE = ["/etc/frr", "/run/frr", "/var/lib/frr", "/var/log/frr", "/tmp", "/var/tmp"]


class CommandFailed(AssertionError):
    """A command in a node ended with another exit code than the test expects."""


class Node(MininetNode):
    """A host, or anything else that is configured by `ip`."""

    def __init__(self, name, **params):
        super().__init__(name, privateDirs=PRIVATE, **params)
        self.run("mount -t bpf bpf /sys/fs/bpf; chmod 1777 /tmp /var/tmp; ip link set lo up")

    def popen(self, command, **kwargs):
        """Start a command (shell text or list) in the node and return its Popen."""
        argv = ["sh", "-c", command] if isinstance(command, str) else list(command)
        return subprocess.Popen(["mnexec", "-a", str(self.pid)] + argv, **kwargs)

    def attempt(self, command, timeout=30, stdin=None):
        """Run a command to its end; return (exit code, standard output, standard error)."""
        proc = self.popen(
            command,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            out, err = proc.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(proc.pid, signal.SIGKILL)
            try:
                out, err = proc.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                out, err = "", "(a process that it left behind keeps its output open)"
            raise CommandFailed(f"{self.name}: no end of `{command}` within {timeout} s\n{out}{err}") from None
        return proc.returncode, out, err

    def run(self, command, **kwargs):
        """Run a command that must succeed; return its standard output."""
        code, out, err = self.attempt(command, **kwargs)
        if code != 0:
            raise CommandFailed(f"{self.name}: `{command}` ended with {code}\n{out}{err}")
        return out

    def ip(self, *lines):
        """Give `ip` several lines at once: a process costs more than what most of them do."""
        return self.run(["ip", "-batch", "-"], stdin="\n".join(lines) + "\n")

    def json(self, command):
        """A command's output, read as JSON; an empty output is an empty list."""
        return json.loads(self.run(command) or "[]")

    # What the kernel knows

    def counters(self, ifname):
        """The device's own statistics: {"rx": {"packets": …, "bytes": …}, "tx": {…}}."""
        return self.json(["ip", "-j", "-s", "link", "show", "dev", ifname])[0]["stats64"]

    def mac(self, ifname):
        return self.json(["ip", "-j", "link", "show", "dev", ifname])[0]["address"]

    def has_link(self, ifname):
        return os.path.exists(f"/proc/{self.pid}/root/sys/class/net/{ifname}")

    def fdb(self, ifname):
        """The device's forwarding entries as `bridge fdb` has them."""
        return self.json(["bridge", "-j", "fdb", "show", "dev", ifname])

    def fdb_vxlan(self, ifname, mac):
        """The VXLAN entries of one MAC, those with a destination: [{"mac", "dst", "vni"?, …}]."""
        return [e for e in self.fdb(ifname) if e["mac"] == mac and "dst" in e]

    # Files in the node's own folders

    def path(self, path):
        """Where a file of this node is to be found from outside."""
        return f"/proc/{self.pid}/root{path}"

    def read_file(self, path):
        try:
            with open(self.path(path), errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def write_file(self, path, text, owner=None):
        with open(self.path(path), "w") as file:
            file.write(text)
        if owner:
            self.run(["chown", owner, path])

    # Traffic

    def ping(self, target, count=3, interval=0.2, extra=()):
        """Ping and return (sent, received)."""
        _, out, err = self.attempt(
            ["ping", "-n", "-c", str(count), "-i", str(interval), "-W", "1", *extra, target],
            timeout=count * interval + 15,
        )
        for line in out.splitlines():
            if "packets transmitted" in line:
                words = line.split()
                return int(words[0]), int(words[3])
        raise CommandFailed(f"{self.name}: ping {target} says nothing of use\n{out}{err}")


class Background:
    """A process in a node that is ended, gently, when its `with` block ends."""

    def __init__(self, node, argv, ready=None, **kwargs):
        """`ready`: a callable polled until true before the block begins."""
        self.node, self.argv, self.ready, self.kwargs = node, argv, ready, kwargs
        self.proc = None

    def start(self):
        self.proc = self.node.popen(self.argv, **self.kwargs)
        if self.ready:
            poll(self.ready, 10, what=f"{self.node.name}: {self.argv[0]} is ready")
        return self

    def stop(self, signum=signal.SIGTERM, timeout=10):
        if self.proc.poll() is None:
            self.proc.send_signal(signum)
            try:
                self.proc.wait(timeout)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait(timeout)
        return self.proc.returncode

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()
