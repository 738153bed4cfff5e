# SPDX-License-Identifier: GPL-2.0-or-later
"""Does nhrpd believe what the kernel has? `show ip nhrp vpn consistency`, for any test that has upset the two."""

import json

from .poll import poll


def consistency(router):
    """The answer of one router, as its JSON; {"error": …} where it could not compare."""
    try:
        return json.loads(router.ask_daemon("nhrpd", "show ip nhrp vpn consistency json"))
    except OSError as err:
        raise AssertionError(f"{router.name}: nhrpd: {err}") from None


def differences(router):
    """{(object, address): (what nhrpd has, what the kernel has)} of one router; fails where it could not compare."""
    answer = consistency(router)
    assert "error" not in answer, f"{router.name}: {answer['error']}"
    assert not answer["truncated"], f"{router.name}: {answer['numDifferences']} differences"
    return {(d["object"], d.get("address")): (d["nhrpd"], d["kernel"]) for d in answer["differences"]}


def _agrees(router, not_ready):
    answer = consistency(router)
    assert "error" not in answer, f"{router.name}: {answer['error']}"
    found = "\n".join(f"{d['object']} {d.get('address', '')}: nhrpd {d['nhrpd']}, kernel {d['kernel']}" for d in answer["differences"])
    assert not answer["numDifferences"], f"{router.name}: {answer['numDifferences']} differences:\n{found}"
    assert answer["notCompared"] == not_ready, f"{router.name}: {answer['notCompared']} instances are not ready"
    return answer["compared"]


def assert_consistent(*routers, deadline=10, not_ready=0):
    """Every router's nhrpd and kernel agree, within `deadline` seconds; fails with what differs.

    At least one thing must have been compared. `not_ready`: instances that are not ready, and so are not compared.
    Returns {router: {object: how many were compared}}.
    """
    compared = {}
    for router in routers:
        compared[router.name] = poll(
            lambda router=router: _agrees(router, not_ready), deadline, step=0.2, what=f"{router.name} and its kernel agree"
        )
        assert not_ready or sum(compared[router.name].values()), f"{router.name}: nothing was compared"
    return compared
