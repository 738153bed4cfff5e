#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turn a YANG module into a C header with its text, so that daemons need no file of it at run time.

usage: embed.py MODULE.yang OUTPUT.h

The header defines three macros' worth of constants: model_name, model_revision (the newest one) and
model_text. Only yang/nhrpd_model.c includes it.
"""

import re
import sys


def one(pattern, text, what):
    """The first match of pattern in text; an error that says what is missing otherwise."""
    match = re.search(pattern, text)
    if not match:
        sys.exit(f"embed.py: the module has no {what}")
    return match.group(1)


def literal(line):
    """A C string literal of one line of the model, its newline included."""
    escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'\t"{escaped}\\n"'


def main():
    source, output = sys.argv[1:3]
    with open(source, encoding="ascii") as stream:
        text = stream.read()
    name = one(r"\bmodule\s+([\w.-]+)\s*\{", text, "module statement")
    revision = one(r"\brevision\s+([\d-]+)\s*\{", text, "revision")
    lines = [
        "/* made by yang/embed.py: do not edit */",
        f'static const char model_name[] = "{name}";',
        f'static const char model_revision[] = "{revision}";',
        "static const char model_text[] =",
        *map(literal, text.splitlines()),
        "\t;",
    ]
    with open(output, "w", encoding="ascii") as stream:
        stream.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
