# SPDX-License-Identifier: GPL-2.0-or-later
# Sphinx configuration of the user guide and the developer guide:
#   sphinx-build -W -b html doc OUTPUT
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "extensions"))
project = "DMEVPN on FRRouting"
copyright = "2026, the DMEVPN on FRRouting developers"
extensions = ["clicmd"]
root_doc = "index"
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"page_width": "1240px", "body_max_width": "none"}
highlight_language = "none"
