#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A front-end client of mgmtd: configuration by YANG path, without vtysh.

It speaks mgmtd's native messages over its front-end socket, as a management system would, so that the tests do
not only prove what FRR's own command line sends. Messages are described in FRR's lib/mgmt_msg_native.h, their
framing in lib/mgmt_msg.h; data travels as JSON in the encoding of RFC 7951.

    with MgmtClient("/run/frr/mgmtd_fe.sock") as mgmt:
        with mgmt.transaction():
            mgmt.merge(interface_path("tun2"), instance_data("tun2", 1, controller="tun1"))
        mgmt.get(interface_path("tun2"))

In a node of a test net it runs as a program, since the socket is in the node's own file system:

    mgmt_client.py get XPATH | merge XPATH JSON | delete XPATH

What it does not do: notifications, RPCs, subscriptions.
"""

import argparse
import errno
import json
import select
import socket
from contextlib import contextmanager
import struct
import sys
import time

SOCKET = "/run/frr/mgmtd_fe.sock"

# framing: marker ("###" and the version, 1 for native) and the length of the whole, both in host order
FRAME = struct.Struct("=II")
MARKER = 0x23232301

# every native message: code, reserved, length of the first of two variable parts, session, request
HEADER = struct.Struct("=HHIQQ")

ERROR, TREE_DATA, GET_DATA = 0, 2, 3
EDIT, EDIT_REPLY = 5, 6
SESSION, SESSION_REPLY = 10, 11
LOCK, LOCK_REPLY = 19, 20
COMMIT, COMMIT_REPLY = 21, 22

RUNNING, CANDIDATE, OPERATIONAL = 1, 2, 3
JSON_FORMAT = 2
GET_STATE, GET_CONFIG, GET_EXACT = 0x01, 0x02, 0x04
OPERATIONS = {"create": 0, "merge": 2, "remove": 3, "delete": 4, "replace": 5}
APPLY, ABORT, VALIDATE = 0, 1, 2


class MgmtError(Exception):
    """mgmtd refused something: its number and its sentence."""

    def __init__(self, number, text):
        super().__init__(f"mgmtd: {text} ({number})")
        self.number = number
        self.text = text


def interface_path(ifname):
    """The path of an interface's configuration."""
    return f"/frr-interface:lib/interface[name='{ifname}']"


def vpn_path(ifname, below=""):
    """The path of what frr-nhrpd has on an interface, or of a node below it."""
    return f"{interface_path(ifname)}/frr-nhrpd:nhrp/vpn{below}"


def instance_data(ifname, vpn_id, vlan=None, **leaves):
    """An interface with one VPN (7 or "00:00:5e:7") as JSON data; leaves: controller, role, holdtime."""
    instance = {"vpn-id": str(vpn_id)}
    if vlan is not None:
        instance["vlan"] = vlan
    vpn = {"instance": [instance], **leaves}
    return {"frr-interface:interface": [{"name": ifname, "frr-nhrpd:nhrp": {"vpn": vpn}}]}


class MgmtClient:
    """One connection to mgmtd with one session."""

    def __init__(self, path=SOCKET, name="topotest", timeout=10.0):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.patience = timeout
        self.session = 0
        self.request = 0
        try:
            self.socket.connect(path)
            fixed = struct.pack("=B7x", JSON_FORMAT)
            self.session = self._ask(SESSION, fixed, name.encode() + b"\0", SESSION_REPLY)["session"]
        except Exception:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """mgmtd ends the session, and gives up its locks, when the connection goes."""
        self.socket.close()

    # --- what a management system does --------------------------------------

    def lock(self, datastore, locked=True):
        """Take a datastore for this session, or let it go. Waits while another session has it."""
        end = time.monotonic() + self.patience
        while True:
            try:
                self._ask(LOCK, struct.pack("=BB6x", datastore, locked), b"", LOCK_REPLY)
                return
            except MgmtError as error:
                # a vtysh that has ended holds its locks until mgmtd has noticed
                if abs(error.number) != errno.EBUSY or time.monotonic() >= end:
                    raise
                select.select([], [], [], 0.05)

    @contextmanager
    def locked(self):
        """Both datastores are this session's in this block, as mgmtd wants it for whatever changes the running one."""
        self.lock(CANDIDATE)
        try:
            self.lock(RUNNING)
            try:
                yield
            finally:
                self.lock(RUNNING, False)
        finally:
            self.lock(CANDIDATE, False)

    @contextmanager
    def transaction(self):
        """Edits in this block are committed together at its end, or none of them."""
        with self.locked():
            try:
                yield
                self.commit()
            except BaseException:
                self.commit(ABORT)
                raise

    def edit(self, operation, xpath, data=None, datastore=CANDIDATE):
        """Change one node of a datastore; an edit of the running one, in a block of locked(), commits itself.

        operation: a name of RFC 8072's edits, see OPERATIONS. xpath: the node, or for "create" its parent.
        data: the node as JSON, for those operations that bring some. Returns (changed, created).
        """
        path = xpath.encode() + b"\0"
        value = b"" if data is None else json.dumps(data).encode() + b"\0"
        fixed = struct.pack("=BBBB4x", JSON_FORMAT, 0, datastore, OPERATIONS[operation])
        body = self._ask(EDIT, fixed, path + value, EDIT_REPLY, vsplit=len(path))["body"]
        return bool(body[0]), bool(body[1])

    def merge(self, xpath, data, **kwargs):
        """Add data to a node that may be there."""
        return self.edit("merge", xpath, data, **kwargs)

    def delete(self, xpath, **kwargs):
        """Delete a node that must be there."""
        return self.edit("delete", xpath, **kwargs)

    def commit(self, action=APPLY):
        """Make the candidate the running configuration (APPLY), or forget it (ABORT), or only check it (VALIDATE)."""
        self._ask(COMMIT, struct.pack("=BBBB4x", CANDIDATE, RUNNING, action, 0), b"", COMMIT_REPLY)

    def get(self, xpath, datastore=RUNNING, flags=GET_CONFIG):
        """What a datastore has at a path, as JSON data; {} where there is nothing."""
        fixed = struct.pack("=BBBB4x", JSON_FORMAT, flags, 0, datastore)
        reply = self._ask(GET_DATA, fixed, xpath.encode() + b"\0", TREE_DATA)
        text = reply["body"][8:]
        while reply["body"][2]:  # more of it comes in further messages
            reply = self._answer(TREE_DATA)
            text += reply["body"][8:]
        return json.loads(text.rstrip(b"\0") or b"{}")

    # --- messages ------------------------------------------------------------

    def _ask(self, code, fixed, variable, expected, vsplit=0):
        """Send a request, return its answer; MgmtError where mgmtd refuses it."""
        self.request += 1
        message = HEADER.pack(code, 0, vsplit, self.session, self.request) + fixed + variable
        self.socket.sendall(FRAME.pack(MARKER, FRAME.size + len(message)) + message)
        return self._answer(expected)

    def _answer(self, expected):
        """The next message that belongs to the current request."""
        while True:
            message = self._receive()
            code, _, _, session, request = HEADER.unpack_from(message)
            body = message[HEADER.size :]
            if request != self.request:
                continue
            if code == ERROR:
                (number,) = struct.unpack_from("=h", body)
                raise MgmtError(number, body[8:].split(b"\0")[0].decode(errors="replace"))
            if code != expected:
                raise MgmtError(0, f"message {code} came where {expected} was due")
            return {"session": session, "body": body}

    def _receive(self):
        marker, length = FRAME.unpack(self._read(FRAME.size))
        if marker != MARKER or length < FRAME.size + HEADER.size:
            raise MgmtError(0, f"no native message: marker {marker:#x}, length {length}")
        return self._read(length - FRAME.size)

    def _read(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise MgmtError(0, "mgmtd closed the connection")
            data += piece
        return data


def main():
    """See the module's text. Errors of mgmtd go to standard error, with exit code 1."""
    parser = argparse.ArgumentParser(description="Configuration by YANG path")
    parser.add_argument("--socket", default=SOCKET)
    parser.add_argument("--state", action="store_true", help="get: operational state too")
    parser.add_argument("action", choices=["get", "merge", "delete"])
    parser.add_argument("xpath")
    parser.add_argument("data", nargs="?", help="merge: the node as JSON")
    args = parser.parse_args()
    if (args.action == "merge") != (args.data is not None):
        parser.error("merge takes data, the others take none")
    try:
        with MgmtClient(args.socket) as mgmt:
            if args.action == "get":
                where = {"datastore": OPERATIONAL, "flags": GET_STATE | GET_CONFIG} if args.state else {}
                print(json.dumps(mgmt.get(args.xpath, **where), indent=2))
                return 0
            with mgmt.transaction():
                if args.action == "merge":
                    mgmt.merge(args.xpath, json.loads(args.data))
                else:
                    mgmt.delete(args.xpath)
    except (MgmtError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
