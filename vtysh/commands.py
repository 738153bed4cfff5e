#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make vtysh's table of our commands out of the programs that have them.

usage: commands.py XREF.json OUTPUT.c DAEMON=FILE...

XREF.json is what FRR's xrelfo reads from the compiled programs: each command's string, help, and the
nodes it is installed in. DAEMON=FILE says, for each of these programs, which daemon vtysh is to send
its commands to. Left out are commands of FRR's own sources in nhrpd, which the stock vtysh has, and
those that enter a node, which are marked so that vtysh does not take them.
"""

import json
import sys

# vtysh's numbers of the daemons
DAEMONS = {"zebra": 0x1, "nhrpd": 0x400, "mgmtd": 0x200000}

# where the stock nhrpd sources are when ours are compiled
STOCK = "nhrpd/stock/"

HEAD = """/* made by vtysh/commands.py: do not edit */
#include <config.h>
#include <zebra.h>

#include "lib/command.h"

#include "vtysh/vtysh_dmevpn.h"
"""


def literal(text):
    """A C string literal, one line of text a line."""
    parts = text.splitlines(keepends=True) or [""]
    quoted = (p.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for p in parts)
    return "\n".join(f'\t"{p}"' for p in quoted)


def is_ours(command):
    """Whether vtysh lacks this command and may have it."""
    if "nosh" in command.get("attrs", []) or not command.get("nodes"):
        return False
    return STOCK not in command["defun"]["file"]


def commands(xref, daemons):
    """(name, daemon, command) of each of our commands, in a fixed order."""
    for name, origins in sorted(xref["cli"].items()):
        for origin, command in sorted(origins.items()):
            if origin not in daemons:
                sys.exit(f"commands.py: {name} is of {origin}, which is no argument")
            if is_ours(command):
                yield f"{daemons[origin]}_{name}", daemons[origin], command


def definition(name, daemon, command):
    """The command as vtysh knows it: no function, but a daemon to send it to."""
    return (
        f"\nstatic DEFUN_CMD_ELEMENT(NULL, {name},\n{literal(command['string'])},\n"
        f"{literal(command['doc'])},\n\t{command.get('attr', 0)}, {DAEMONS[daemon]:#x})\n"
    )


def main():
    xref_file, output = sys.argv[1:3]
    daemons = {path: daemon for daemon, path in (arg.split("=", 1) for arg in sys.argv[3:])}
    with open(xref_file, encoding="utf-8") as stream:
        found = list(commands(json.load(stream), daemons))
    missing = set(daemons.values()) - {daemon for _, daemon, _ in found}
    if missing:
        sys.exit(f"commands.py: no command found of {', '.join(sorted(missing))}")
    with open(output, "w", encoding="utf-8") as stream:
        stream.write(HEAD)
        for entry in found:
            stream.write(definition(*entry))
        stream.write("\nvoid vtysh_dmevpn_install_commands(void)\n{\n")
        for name, _, command in found:
            for node in sorted({n["node"] for n in command["nodes"]}):
                stream.write(f"\tinstall_element({node}, &{name});\n")
        stream.write("}\n")


if __name__ == "__main__":
    main()
