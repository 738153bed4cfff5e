# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures that a test measured: printed, and kept with the run, at whose end tools/lab shows them."""

import os


def measured(test, **figures):
    """One line: what was measured (text), and its figures by name; a float is given with three digits behind the point."""
    said = ", ".join(f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items())
    line = f"{test}: {said}"
    print("measured:", line)
    with open(os.path.join(os.environ.get("LAB_RUN", "/tmp"), "measured.txt"), "a") as file:
        file.write(line + "\n")
