# SPDX-License-Identifier: GPL-2.0-or-later
"""What `tools/lab demo` runs: it ends well when the main job runs, and does not when it cannot."""

import os
import subprocess
import sys

from lib.net import BASIC

DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tools", "lab.d", "demo.py")
STEPS = ["registered", "first ping", "indication", "resolved", "shortcut", "hub idle", "broadcast", "outsider", "done"]


def demo(*arguments):
    done = subprocess.run([sys.executable, DEMO, *arguments], capture_output=True, text=True, timeout=150)
    return done.returncode, done.stdout, done.stderr


def test_every_step_is_told():
    code, told, err = demo()
    assert code == 0, told + err
    lines = told.splitlines()
    for step in STEPS:
        assert [line for line in lines if f" s  {step} " in line], f"{step} is missing in\n{told}"


def test_fails_without_a_hub(tmp_path):
    """spoke1 is not told who its next hop server is, so it cannot register, and the demo says that."""
    for router in ("hub", "spoke1", "spoke2"):
        (tmp_path / router).mkdir()
        with open(os.path.join(BASIC, router, "frr.conf")) as file:
            lines = [line for line in file if not (router == "spoke1" and "nhrp nhs" in line)]
        (tmp_path / router / "frr.conf").write_text("".join(lines))
    code, told, _ = demo(str(tmp_path))
    assert code == 1, told
    assert "FAILED" in told and "spoke1 is a member" in told and " done " not in told
