#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the conformance table against the tests that it names.

Every row must name a test, give a reason or be marked open; every test named, in a row or elsewhere, must exist, and be
run: a C test in the list of its program, a topotest by its name.
"""

import os
import re
import sys
import pathlib

SOURCE = pathlib.Path(os.environ.get("srcdir", "."))
TABLE = SOURCE / "doc/developer/conformance.rst"


def rows(text):
    """Each row as its four cells, the lines of a cell joined; head rows left out."""
    for block in re.split(r"^   \* - ", text, flags=re.M)[1:]:
        body = re.match(r"(?:.*\n)(?:     .*\n)*", block).group()
        cells = [" ".join(cell.split()) for cell in re.split(r"^     - ", body, flags=re.M)]
        if cells[0] != "text":
            yield cells


def tests_that_run():
    """Names of tests that some program lists, or that pytest would collect."""
    for path in (SOURCE / "tests").rglob("*.[cp]*"):
        if path.suffix == ".c":
            yield from re.findall(r"(?:CASE|cmocka_unit_test(?:_setup_teardown)?)\((test_\w+)", path.read_text())
        elif path.suffix == ".py":
            yield from re.findall(r"^def (test_\w+)\(", path.read_text(), flags=re.M)


def complaints():
    known = set(tests_that_run())
    count = 0
    for cells in rows(TABLE.read_text()):
        count += 1
        if len(cells) != 4:
            yield f"{cells[0]}: {len(cells)} cells"
            continue
        named = re.findall(r"``(test_\w+)``", cells[3])
        if not named and cells[3] not in ("*reason*", "**open**"):
            yield f"{cells[0]}, {cells[1]!r}: shown by nothing"
        if cells[3] == "**open**" and "**Open**" not in cells[2]:
            yield f"{cells[0]}, {cells[1]!r}: open, but what is missing?"
    for name in sorted(set(re.findall(r"``(test_\w+)``", TABLE.read_text())) - known):
        yield f"{name} does not exist"
    if not count:
        yield f"{TABLE}: no rows found"


def main():
    found = list(complaints())
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
