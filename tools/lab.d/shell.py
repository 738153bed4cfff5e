# SPDX-License-Identifier: GPL-2.0-or-later
"""tools/lab shell: the net of the main job, running, and a shell in which every machine is a command."""

import os
import shlex
import subprocess
import sys
import tempfile

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests")
sys.path[:0] = [os.path.join(TESTS, "topotests"), TESTS]

from lib import mainjob  # noqa: E402
from lib.net import PICTURE, MainNet  # noqa: E402
from lib.poll import poll  # noqa: E402

WELCOME = """
  hub, spoke1, spoke2        vtysh on that router          hub -c 'show ip nhrp vpn members'
  at NODE COMMAND...         any command on any node       at vm1 ping 11.0.0.11
                             nodes: {nodes}
  picture                    the net                       exit ends it all

Try: spoke1 -c 'show ip nhrp vpn', at vm1 ping -c 3 11.0.0.11, at spoke1 bridge fdb show dev tun2
"""


def commands(net):
    """A bash start-up file that makes each node a command."""
    lines = ["PS1='lab# '", f"cat <<'END'\n{WELCOME.format(nodes=' '.join(net.nodes))}END"]
    lines.append(f"picture() {{ cat <<'END'\n{PICTURE}END\n}}")
    pids = " ".join(f"[{name}]={node.pid}" for name, node in net.nodes.items())
    lines.append(f"declare -A NODES=({pids})")
    lines.append('at() { local pid=${NODES[$1]:-}; [ -n "$pid" ] || { echo "no node $1" >&2; return 1; }')
    lines.append('  shift; mnexec -a "$pid" "${@:-bash}"; }')
    for router in net.routers():
        lines.append(f'{router.name}() {{ at {router.name} {shlex.join(router.named())} vtysh "$@"; }}')
    return "\n".join(lines) + "\n"


def main():
    print("starting the net ...", flush=True)
    with MainNet() as net:
        net.add_devices()
        net.start_frr(os.path.join(TESTS, "topotests", "dmevpn_basic"))
        print(PICTURE)
        try:
            poll(lambda: mainjob.members(net.hub) == mainjob.all_members(), 15, what="both spokes are members")
        except AssertionError as err:
            print(err)
        with tempfile.NamedTemporaryFile("w", suffix=".bashrc") as rc:
            rc.write(commands(net))
            rc.flush()
            subprocess.run(["bash", "--rcfile", rc.name, "-i"], check=False)
    return 0


sys.exit(main())
