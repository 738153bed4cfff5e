# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting: every wait in the tests has a deadline and says in the end what it saw last."""

import select
import time

STEP = 0.05


def pause(seconds):
    """Give the processor away for a moment between two looks at something."""
    select.select([], [], [], seconds)


def poll(look, deadline=10.0, step=STEP, what=None):
    """Call `look` until it returns something true and return that; fail after `deadline` seconds.

    An AssertionError raised by `look` counts as "not yet" and is the explanation given in the end, so a look can
    be a plain function full of asserts that returns True.
    """
    end = time.monotonic() + deadline
    while True:
        seen, why = None, None
        try:
            seen = look()
        except AssertionError as err:
            why = err
        if seen:
            return seen
        if time.monotonic() >= end:
            name = what or getattr(look, "__doc__", None) or getattr(look, "__name__", "condition")
            raise AssertionError(f"not within {deadline:g} s: {name}; last seen: {why or seen!r}")
        pause(step)


def holds(look, seconds, step=STEP, what=None):
    """The opposite: `look` must stay true for `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert look(), f"did not hold for {seconds:g} s: {what or getattr(look, '__doc__', None)}"
        pause(step)
