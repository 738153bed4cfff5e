# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting: every wait in the tests has a deadline and says in the end what it saw last.

Deadlines are what a machine takes that has nothing else to do, and some. One that is busy gets more time: what comes
late is a warning of pytest, and fails only when it is later than GRACE allows. So a deadline that shows that something
does not come by a timer needs a timer that runs for GRACE_MAX longer.
"""

import select
import time
import warnings

STEP = 0.05
GRACE = 2  # further deadlines
GRACE_MAX = 20  # seconds


def pause(seconds):
    """Give the processor away for a moment between two looks at something."""
    select.select([], [], [], seconds)


def poll(look, deadline=10.0, step=STEP, what=None):
    """Call `look` until it returns something true and return that; fail after `deadline` seconds and the grace.

    An AssertionError raised by `look` counts as "not yet" and is the explanation given in the end, so a look can
    be a plain function full of asserts that returns True.
    """
    name = what or getattr(look, "__doc__", None) or getattr(look, "__name__", "condition")
    start = time.monotonic()
    end = start + deadline + min(GRACE * deadline, GRACE_MAX)
    while True:
        seen, why = None, None
        try:
            seen = look()
        except AssertionError as err:
            why = err
        now = time.monotonic()
        if seen:
            if now > start + deadline + step:
                warnings.warn(f"late, {now - start:.1f} s instead of {deadline:g}: {name}", stacklevel=2)
            return seen
        if now >= end:
            raise AssertionError(f"not within {end - start:g} s: {name}; last seen: {why or seen!r}")
        pause(step)


def holds(look, seconds, step=STEP, what=None):
    """The opposite: `look` must stay true for `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert look(), f"did not hold for {seconds:g} s: {what or getattr(look, '__doc__', None)}"
        pause(step)
