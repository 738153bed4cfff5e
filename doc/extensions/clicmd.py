# SPDX-License-Identifier: GPL-2.0-or-later
"""The directive ``.. clicmd::`` for a command of the CLI, and ``frr`` as a language of code blocks."""
from pygments.lexer import RegexLexer
from pygments.token import Comment, Keyword, Text
from sphinx import addnodes
from sphinx.directives import ObjectDescription


class CliCommand(ObjectDescription):
    """One command; its text is its signature and its index entry."""

    def handle_signature(self, sig, signode):
        signode += addnodes.desc_name(sig, sig)
        return sig

    def add_target_and_index(self, name, sig, signode):
        anchor = "clicmd-" + "-".join("".join(c if c.isalnum() else " " for c in name).split())
        signode["ids"].append(anchor)
        self.indexnode["entries"].append(("single", name, anchor, "", None))


class FrrLexer(RegexLexer):
    """Configuration of FRR: comments, and the first word of a line."""

    name = "frr"
    aliases = ["frr"]
    tokens = {"root": [(r"!.*$", Comment), (r"^\s*(no|interface|ip|exit|show|configure)\b", Keyword), (r"(?s).", Text)]}


def setup(app):
    app.add_directive("clicmd", CliCommand)
    app.add_lexer("frr", FrrLexer)
    return {"version": "1", "parallel_read_safe": True}
