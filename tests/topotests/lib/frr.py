# SPDX-License-Identifier: GPL-2.0-or-later
"""A node that runs FRR with this project's parts: starting, asking, killing and the last look at what it left.

Start order: mgmtd before zebra (zebra's module and nhrpd register with it), nhrpd last. The configuration is read
by `vtysh -b` once they all listen, exactly as FRR's own start script does it; start_by_script() uses that script.
"""

import glob
import json
import os
import shlex
import signal
import socket

from .node import Node
from .poll import poll

BINARIES = "/usr/lib/frr"
LOGS = "/var/log/frr"
MODULES = {"mgmtd": "mgmtd_dmevpn", "zebra": "zebra_dmevpn"}
OURS = ("mgmtd", "zebra", "nhrpd")
ORDER = ("mgmtd", "zebra", "staticd", "nhrpd")

# Set by `tools/lab check` for its sanitized run. The stock daemons are not built for it: those that load our
# modules get the runtime preloaded.
SANITIZED = os.environ.get("DMEVPN_SANITIZED") == "1"

# A report goes to a file, which complaints() finds. UBSan writes one only where the first finding ends the program.
# What has been freed is kept for 16 MB only, not 256: user-mode Linux maps a process page by page, and the machine
# allows it 65,530 mappings (vm.max_map_count); beyond, the process faults forever.
SANITIZER_OPTIONS = [
    f"ASAN_OPTIONS=log_path={LOGS}/sanitizer:detect_leaks=0:handle_abort=1:abort_on_error=1:disable_coredump=1"
    ":quarantine_size_mb=16",
    f"UBSAN_OPTIONS=log_path={LOGS}/sanitizer:print_stacktrace=1:halt_on_error=1:abort_on_error=1",
]


class FrrNode(Node):
    """A router."""

    def __init__(self, name, **params):
        super().__init__(name, **params)
        self.running = {}
        self.ours = OURS
        folders = f"/etc/frr /run/frr /var/lib/frr {LOGS}"
        # The daemons open their logs as root and then again as frr, so the files must be there and frr's.
        logs = " ".join(f"{LOGS}/{daemon}.log" for daemon in ORDER)
        self.run(f"chmod 755 {folders}; touch {logs}; chown frr:frr {folders} {logs}; sysctl -qw net.ipv4.ip_forward=1")

    def use_stock_nhrpd(self):
        """FRR's own nhrpd, which ours has set aside, in this node only."""
        self.run(f"mount --bind {BINARIES}/nhrpd.distrib {BINARIES}/nhrpd")
        self.ours = tuple(daemon for daemon in OURS if daemon != "nhrpd")

    # Life

    def write_config(self, text):
        self.write_file("/etc/frr/frr.conf", text, "frr:frr")
        self.write_file("/etc/frr/vtysh.conf", "service integrated-vtysh-config\n", "frr:frr")

    def start(self, config, daemons=ORDER, without_modules=()):
        """Write `config` (text) as frr.conf, start the daemons and have vtysh read it; return what vtysh said."""
        self.write_config(config)
        for daemon in ORDER:
            if daemon in daemons:
                self.start_daemon(daemon, module=daemon not in without_modules)
        return self.read_config()

    def read_config(self, daemon=None):
        """`vtysh -b`, as at boot, or for one daemon as after its restart: (exit code, all it said)."""
        only = ["-n", "-d", daemon] if daemon else []
        code, out, err = self.attempt(["vtysh", "-b", *only], timeout=60)
        return code, out + err

    def start_daemon(self, daemon, module=True, options=()):
        argv = [f"{BINARIES}/{daemon}", "-d", "--log", f"file:{LOGS}/{daemon}.log"]
        # libyang alone fills mgmtd's log at level debug, and its start takes twice as long.
        argv += ["--log-level", "info" if daemon == "mgmtd" else "debug"]
        if module and daemon in MODULES:
            argv += ["-M", MODULES[daemon]]
        self._launch(["env", *self._sanitizer_env(daemon), *argv, *options], f"{daemon}.start")
        self.running[daemon] = poll(lambda: self.pid_of(daemon), 10, what=f"{self.name}: {daemon} has a pid file")
        poll(lambda: self.answers(daemon), 20, what=f"{self.name}: {daemon} answers")
        if SANITIZED and daemon in self.ours:
            assert b"__asan_init" in self._our_part(daemon), f"{self.name}: our part of {daemon} is not the sanitized one"

    def _launch(self, argv, log):
        """Run something that leaves daemons behind; they keep its output open, so that must not be a pipe."""
        code, _, _ = self.attempt(f"{shlex.join([*self.named(), *argv])} >>{LOGS}/{log} 2>&1", timeout=120)
        said = self.read_file(f"{LOGS}/{log}")
        assert code == 0, f"{self.name}: {argv} ended with {code}: {said}"
        return said

    def named(self):
        """Command prefix under which a program takes the node's name for the host's."""
        return ["unshare", "-u", "sh", "-c", 'hostname "$0"; exec "$@"', self.name]

    def _our_part(self, daemon):
        """The octets of our module in a daemon, or of our nhrpd, as this node sees the file."""
        name = f"/usr/lib/*/frr/modules/{MODULES[daemon]}.so" if daemon in MODULES else f"{BINARIES}/{daemon}"
        (file,) = glob.glob(self.path(name))
        with open(file, "rb") as part:
            return part.read()

    @staticmethod
    def _sanitizer_env(daemon):
        if not SANITIZED:
            return []
        preload = ["LD_PRELOAD=" + sanitizer_libraries()] if daemon in MODULES else []
        return [*SANITIZER_OPTIONS, *preload]

    def start_by_script(self, config, daemons=ORDER, watchfrr=""):
        """FRR's own start script (frrinit.sh with /etc/frr/daemons), watchfrr included, with further options of its own."""
        self.write_config(config)
        lines = [f"{d}={'yes' if d in daemons else 'no'}" for d in ("bgpd", "staticd", "nhrpd")]
        lines += ["vtysh_enable=yes", "frr_profile=traditional", f'watchfrr_options="{watchfrr}"']
        for daemon in ("mgmtd", "zebra", "nhrpd", "staticd"):
            module = f" -M {MODULES[daemon]}" if daemon in MODULES else ""
            lines.append(f'{daemon}_options="-A 127.0.0.1{module} --log file:{LOGS}/{daemon}.log --log-level debug"')
        self.write_file("/etc/frr/daemons", "\n".join(lines) + "\n", "frr:frr")
        out = self._launch([f"{BINARIES}/frrinit.sh", "start"], "frrinit.log")
        for daemon in daemons:
            self.running[daemon] = poll(lambda: self.pid_of(daemon), 30, what=f"{daemon} has a pid file")
            poll(lambda: self.answers(daemon), 30, what=f"{self.name}: {daemon} answers")
        return out

    def restarted_by_watchfrr(self, daemon, deadline=60):
        """Kill a daemon as in a crash, and wait until watchfrr has brought up again whatever it ended for that.

        For zebra it ends and starts all of them, mgmtd included; for another daemon that one. Returns those that are new.
        """
        before = dict(self.running)
        self.kill(daemon)
        gone = ORDER if daemon == "zebra" else (daemon,)
        # what it ends for zebra has not ended by itself
        for each in gone:
            self.running.pop(each, None)
        for each in [d for d in gone if d in before]:
            poll(lambda: self.pid_of(each) not in (None, before[each]), deadline, what=f"{self.name}: watchfrr has started {each}")
            poll(lambda: self.answers(each), 30, what=f"{self.name}: {each} answers")
            self.running[each] = self.pid_of(each)
        return {each for each in before if before[each] != self.running[each]}

    def stop_by_script(self):
        self.running.clear()
        return self._launch([f"{BINARIES}/frrinit.sh", "stop"], "frrinit.log")

    def pid_of(self, daemon):
        text = self.read_file(f"/run/frr/{daemon}.pid").strip()
        return int(text) if text and os.path.exists(f"/proc/{text}") else None

    def answers(self, daemon):
        return self.attempt(["vtysh", "-d", daemon, "-c", "show version"])[0] == 0

    def kill(self, daemon, signum=signal.SIGKILL):
        """End a daemon and wait until it is gone; SIGKILL for a crash, SIGTERM for an orderly stop."""
        pid = self.running.pop(daemon)
        os.kill(pid, signum)
        poll(lambda: not alive(pid), 15, what=f"{self.name}: {daemon} has ended")

    def revive(self, daemon):
        """What watchfrr does for a daemon that ended: start it, and give it its part of the configuration."""
        self.start_daemon(daemon)
        code, said = self.read_config(daemon)
        assert code == 0, f"{self.name}: {daemon} refused its configuration: {said}"

    def stop_frr(self):
        for daemon in reversed(ORDER):
            if daemon in self.running and alive(self.running[daemon]):
                self.kill(daemon, signal.SIGTERM)
        self.running.clear()

    # Asking

    def vtysh(self, *commands):
        """Commands in one vtysh; its output. Fails where vtysh does."""
        code, out = self.vtysh_attempt(*commands)
        assert code == 0, f"{self.name}: vtysh {commands}: {out}"
        return out

    def vtysh_attempt(self, *commands):
        argv = ["vtysh"]
        for command in commands:
            argv += ["-c", command]
        code, out, err = self.attempt(argv)
        return code, out + err

    def configure(self, *lines):
        """Lines of configuration mode, in one vtysh; returns what it said."""
        return self.vtysh_attempt("configure terminal", *lines)

    def vtysh_json(self, command):
        out = self.vtysh(command)
        try:
            return json.loads(out)
        except ValueError:
            raise AssertionError(f"{self.name}: `{command}` is not JSON: {out!r}") from None

    def ask_daemon(self, daemon, command):
        """A show command at a daemon's own socket: for what vtysh does not know, or without its time."""
        with socket.socket(socket.AF_UNIX) as vty:
            vty.settimeout(60)
            vty.connect(self.path(f"/run/frr/{daemon}.vty"))
            for line in ("enable", command):
                vty.send(line.encode() + b"\0")
                answer = b""
                while answer[-4:-1] != b"\0\0\0":
                    part = vty.recv(65536)
                    assert part, f"{self.name}: {daemon} closed its vty: {answer!r}"
                    answer += part
        return answer[:-4].decode()

    def running_config(self):
        return self.vtysh("show running-config")

    def log(self, daemon):
        return self.read_file(f"{LOGS}/{daemon}.log")

    def log_since(self, daemon, mark):
        """Lines of a daemon's log behind the first `mark` characters of it."""
        return self.log(daemon)[mark:].splitlines()

    # The last look

    def complaints(self):
        """What must not be there after any test: sanitizer reports, cores, daemons that ended by themselves."""
        found = []
        for file in sorted(glob.glob(self.path(f"{LOGS}/sanitizer.*"))):
            found.append(f"{self.name}: sanitizer report\n" + open(file, errors="replace").read()[:6000])
        found += [f"{self.name}: core {os.path.basename(f)}" for f in glob.glob(self.path("/tmp/core.*"))]
        for daemon, pid in self.running.items():
            if not alive(pid):
                found.append(f"{self.name}: {daemon} has ended by itself; its log ends\n" + self.log(daemon)[-3000:])
        return found

    def collect(self, folder):
        """Copy logs and configuration to `folder`, and the state as the show commands give it."""
        target = os.path.join(folder, self.name)
        os.makedirs(target, exist_ok=True)
        for file in glob.glob(self.path(f"{LOGS}/*")) + glob.glob(self.path("/etc/frr/*.conf")):
            with open(file, "rb") as source, open(os.path.join(target, os.path.basename(file)), "wb") as copy:
                copy.write(source.read())
        state = []
        for command in ("ip -d -s link", "ip addr", "ip route", "ip neigh", "bridge -d fdb", "bridge vlan tunnelshow"):
            state.append(f"# {command}\n" + self.attempt(command)[1])
        for show in ("show ip nhrp vpn", "show ip nhrp vpn members", "show ip nhrp vpn mac", "show ip nhrp vpn consistency", "show zebra dmevpn"):
            state.append(f"# {show}\n" + self.vtysh_attempt(show)[1])
        with open(os.path.join(target, "state.txt"), "w") as file:
            file.write("\n".join(state))


def alive(pid):
    """A process that is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def sanitizer_libraries():
    names = []
    for library in ("libasan.so", "libubsan.so"):
        names += [os.popen(f"gcc -print-file-name={shlex.quote(library)}").read().strip()]
    return ":".join(names)
