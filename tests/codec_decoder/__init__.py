# SPDX-License-Identifier: GPL-2.0-or-later
"""An NHRP decoder of its own, for the tests; see nhrp.py."""
