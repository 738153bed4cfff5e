# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes this folder importable as the package codec_decoder, as the topotests import it."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
