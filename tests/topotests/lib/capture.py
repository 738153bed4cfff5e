# SPDX-License-Identifier: GPL-2.0-or-later
"""Packet captures in a node, and what tshark makes of them."""

import os
import shutil
import signal
import subprocess
import tempfile
import time

from codec_decoder.nhrp import TYPES, address_text, decode_frame, gre_payload
from codec_decoder.pcap import read_pcap

from .node import Background
from .poll import pause, poll

SETTLE = 15  # seconds
HERE = os.path.dirname(os.path.abspath(__file__))
DISSECTOR = os.path.join(HERE, "..", "..", "dissector", "dmevpn.lua")


class Capture:
    """tcpdump on one interface: `with Capture(node, "eth1", "proto 47") as cap: …`, then `cap.frames()`.

    frames() may be called while it runs: each frame is written to the file as soon as tcpdump has it.
    """

    def __init__(self, node, ifname, bpf="", direction=None):
        """`direction`: "in" or "out" to take one only; a clone sent twice is then counted twice, not four times."""
        handle, self.file = tempfile.mkstemp(prefix=f"{node.name}-{ifname}-", suffix=".pcap", dir=captures())
        os.close(handle)
        self.log = self.file + ".log"
        # Every slot of the kernel's ring is as long as -s says: a short one makes room for thousands of frames.
        argv = ["tcpdump", "-i", ifname, "-U", "--immediate-mode", "-n", "-s", "2048", "-B", "16384", "-Z", "root"]
        argv += ["-Q", direction] if direction else []
        # The node has a /tmp of its own, so tcpdump writes to a file that is opened here.
        self.out, self.err = open(self.file, "wb"), open(self.log, "wb")
        self.process = Background(
            node,
            argv + ["-w", "-"] + ([bpf] if bpf else []),
            ready=lambda: b"listening on" in open(self.log, "rb").read(),
            stdout=self.out,
            stderr=self.err,
        )

    def start(self):
        self.process.start()
        return self

    def stop(self):
        """End it once what was under way is written; a capture that missed frames proves nothing and fails."""
        if self.out.closed:
            return self
        self._settle()
        self.process.stop(signal.SIGINT)
        self.out.close()
        self.err.close()
        with open(self.log) as file:
            said = file.read()
        assert "\n0 packets dropped by kernel" in said, f"{self.file}: {said}"
        return self

    def _settle(self):
        """Wait until the wire is silent, or until it is plain that it will not be."""
        size, end = -1, time.monotonic() + SETTLE
        while size != (size := os.path.getsize(self.file)) and time.monotonic() < end:
            pause(0.2)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    def timed(self):
        """[(seconds since the epoch, frame)], so far."""
        return list(read_pcap(self.file))

    def frames(self, match=lambda frame: True):
        """The captured Ethernet frames, as octets, for which `match` is true."""
        return [frame for _, frame in self.timed() if match(frame)]

    def wait_for(self, match, count=1, deadline=5, what=None):
        """Frames for which `match` is true, once there are `count` of them."""
        return poll(lambda: len(got := self.frames(match)) >= count and got, deadline, what=what or "frame in capture")


def captures():
    """Where captures of this run lie: with the run's other results, else in /tmp."""
    folder = os.path.join(os.environ.get("LAB_RUN", "/tmp"), "captures")
    os.makedirs(folder, exist_ok=True)
    return folder


def tshark(pcap, *fields, display_filter="nhrp"):
    """Decode a capture with the project's dissector; one dict a packet that passes the filter.

    tshark loads Lua only for a user and group without privileges, so it works as nobody on copies of both files.
    Values are strings; a field that stands several times has them joined by commas.
    """
    folder = tempfile.mkdtemp(prefix="tshark.")
    try:
        os.chmod(folder, 0o755)
        for source, name in ((pcap, "in.pcap"), (DISSECTOR, "dmevpn.lua")):
            shutil.copyfile(source, os.path.join(folder, name))
            os.chmod(os.path.join(folder, name), 0o644)
        argv = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "env", "HOME=" + folder]
        argv += ["tshark", "-n", "-r", f"{folder}/in.pcap", "-X", f"lua_script:{folder}/dmevpn.lua"]
        argv += ["-Y", display_filter, "-T", "fields", "-E", "separator=|", "-E", "occurrence=a"]
        for field in fields:
            argv += ["-e", field]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"tshark: {done.stderr}"
        return [dict(zip(fields, line.split("|"))) for line in done.stdout.splitlines()]
    finally:
        shutil.rmtree(folder)


# What tshark calls the fields of a header; and of a mandatory part, where an address stands in one field of three by its kind.
HEADER = ("nhrp.hdr.afn", "nhrp.hdr.pro.type", "nhrp.hdr.op.type", "nhrp.hdr.hopcnt")
ADDRESSES = {
    "nbma": ("nhrp.src.nbma.addr", "nhrp.src.nbma.addr.ipv6"),
    "nbma_sub": ("nhrp.src.nbma.saddr",),
    "source": ("nhrp.src.prot.addr", "nhrp.src.prot.addr.ipv6", "nhrp.src.prot.addr_bytes"),
    # the last is what tshark calls it
    "destination": ("nhrp.dst.prot.addr", "nhrp.dst.prot.addr.ipv6", "nhrp.dst.prot.addr_byets"),
}
NUMBERS = ("nhrp.flags", "nhrp.reqid")
VPN = ("nhrpvpn.oui", "nhrpvpn.index")
TYPE_NUMBERS = {name: number for number, name in TYPES.items()}


def assert_tshark_agrees(captures):
    """tshark and the independent decoder read the same headers and mandatory parts, in each NHRP message of these.

    `captures`: router name -> Capture, which ends. There must be NHRP in each of them.
    """
    fields = [*HEADER, *NUMBERS, *VPN, *sum(ADDRESSES.values(), ()), "nhrp.hdr.chksum.status", "_ws.malformed"]
    for name, capture in captures.items():
        capture.stop()
        ours = [decode_frame(f) for f in capture.frames(gre_payload)]
        # A node without the tunnel returns what it got, in an ICMP error.
        rows = tshark(capture.file, *fields, display_filter="nhrp and not icmp.type == 3")
        assert len(rows) == len(ours) > 0, f"{name}: tshark reads {len(rows)} NHRP messages of {len(ours)}"
        for row, message in zip(rows, ours):
            # An error carries the message that it is about, or its beginning: the fields of both stand there.
            cut = message.type == "error-indication" and int.from_bytes(message.packet[10:12], "big") > len(message.packet)
            sums = row["nhrp.hdr.chksum.status"].split(",")[: 1 if cut else None]
            assert set(sums) == {"1"}, f"{name}: {row} {message}"
            # tshark does not step over an entry's subaddress, and is lost in what follows.
            lost = any(c.nbma_sub for c in message.cies[:-1])
            assert cut or lost or row["_ws.malformed"] == "", f"{name}: {row} {message}"
            _assert_same_fields(name, row, message)


def _assert_same_fields(name, row, message):
    first = {field: value.split(",")[0] for field, value in row.items()}
    theirs = [int(first[field], 0) for field in HEADER]
    assert theirs == [message.afn, message.protocol_type, TYPE_NUMBERS[message.type], message.hop_count], f"{name}: {row} {message}"
    vpn = tuple(int(first[field], 0) if first[field] else None for field in VPN)
    assert vpn == (message.vpn_oui, message.vpn_index), f"{name}: {row} {message}"
    if message.type == "error-indication":
        return  # what it leaves out would be taken from the message in it
    for kind, names in ADDRESSES.items():
        octets = getattr(message, kind)
        ours = address_text(octets) if kind != "nbma_sub" and len(octets) != 6 else octets.hex()
        assert "".join(first[field] for field in names) == ours, f"{name}: {kind}: {row} {message}"
    if message.type != "traffic-indication":
        theirs = [int(first[field], 0) for field in NUMBERS]
        assert theirs == [message.flags, message.request_id], f"{name}: {row} {message}"
