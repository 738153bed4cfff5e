# SPDX-License-Identifier: GPL-2.0-or-later
"""python3 -m codec_decoder FILE.pcap (from tests/): prints every NHRP message; ends with 1 if one is malformed."""

import sys

from .nhrp import Malformed, decode_frame
from .pcap import read_pcap


def line(when, message):
    vpn = "" if message.vpn_index is None else f" vpn {message.vpn_oui:06x}:{message.vpn_index}"
    cies = "".join(
        f"\n    CIE code {c.code} {c.protocol_text}/{c.prefix_length} nbma {c.nbma_text} vni {c.vni} mac {c.mac_text} hold {c.holding_time}"
        for c in message.cies
    )
    return (
        f"{when:.6f} {message.outer_source} > {message.outer_destination}{vpn} {message.type} id {message.request_id}"
        f" from {message.source_text} to {message.destination_text} vni {message.vni}"
        f" extensions {','.join(message.extensions)}{cies}"
    )


def main(path):
    bad = 0
    for when, frame in read_pcap(path):
        try:
            message = decode_frame(frame)
        except Malformed as err:
            print(f"{when:.6f} MALFORMED {err}")
            bad += 1
            continue
        if message:
            print(line(when, message))
    return 1 if bad else 0


sys.exit(main(sys.argv[1]))
