#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the user guide against what users meet: commands, JSON keys and counters of nhrpd, leaves of the model.

Each must stand there in code font, a command as ``clicmd``. And where Sphinx is installed, it must read the
documents without a warning; where not, that half is left out.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("srcdir", "."))
GUIDE = "".join(path.read_text() for path in sorted((SOURCE / "doc/user").glob("*.rst")))

COMMANDS = ["nhrpd/vpn_vty.c", "nhrpd/vpn_vty_check.c", "nhrpd/vpn_vty_duplicate.c", "mgmtd/nhrp_cli.c", "zebra/dmevpn_vty.c"]
# files with tables of names that JSON shows, and how an entry begins there
NAMES = {
    "nhrpd/vpn_counters.c": r"\[(?:VPN_REFUSED|NHRP_OP)_\w+\]",
    "nhrpd/nhrp_beside.c": r"\[NHRP_BESIDE_\w+\]",
    "lib/nhrp_guard.c": r"\[NHRP_GUARD_\w+\]",
    "lib/nhrp_msg.c": r"\[NHRP_DROP_(?!NONE)\w+\]",
}


def commands():
    """The words of each command up to the first that stands for something else."""
    for name in COMMANDS:
        text = (SOURCE / name).read_text()
        for line in re.findall(r'DEFPY\w*\(\w+,\s*\w+,\s*"([^"]*)"', text):
            words = re.sub(r"^\[no(?:\$no)?\] ", "", line)
            yield re.match(r"[a-z0-9 -]*[a-z0-9](?= |$)", words).group()


def keys():
    """Every key that JSON has, but for addresses."""
    text = "".join((SOURCE / f"nhrpd/{name}").read_text() for name in ("vpn_vty.c", "vpn_vty_check.c", "vpn_vty_duplicate.c"))
    yield from re.findall(r'json_object_\w+_add\([\w>.-]+, "(\w+)"', text)
    yield from re.findall(r'json_(?:addr|list_add)\(\w+, "(\w+)"', text)
    yield from re.findall(r'counter_group\(vty, obj, "(\w+)"', text)
    for table in re.findall(r"names\[\] = \{([^}]*)\}", text):
        yield from re.findall(r'"(\w+)"', table)
    for name, entry in NAMES.items():
        yield from re.findall(entry + r' = "(\w+)"', (SOURCE / name).read_text())


def leaves():
    return re.findall(r"^ +leaf ([\w-]+)", (SOURCE / "yang/frr-nhrpd.yang").read_text(), flags=re.M)


def undocumented():
    """What there is and the guide does not name; the counts guard against patterns that have come to find nothing."""
    for what, names, least in (("command", commands(), 15), ("key", keys(), 100), ("leaf", leaves(), 9)):
        names = sorted(set(names))
        if len(names) < least:
            yield f"only {len(names)} names of the kind {what} found"
        for name in names:
            wanted = rf"clicmd:: {re.escape(name)}(?= |$)" if what == "command" else rf"``[^`\n]*\b{re.escape(name)}\b[^`\n]*``"
            if not re.search(wanted, GUIDE, flags=re.M):
                yield f"{what} {name} is not in doc/user"


def warnings():
    sphinx = shutil.which("sphinx-build")
    if not sphinx:
        return
    with tempfile.TemporaryDirectory() as folder:
        # -E and -d: nothing is written beside the documents
        argv = [sphinx, "-W", "--keep-going", "-q", "-E", "-d", f"{folder}/trees", "-b", "html", SOURCE / "doc", f"{folder}/html"]
        done = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        if done.returncode:
            yield "sphinx-build: " + done.stdout + done.stderr


def main():
    found = [*undocumented(), *warnings()]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
