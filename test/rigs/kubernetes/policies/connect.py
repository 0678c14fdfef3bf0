"""Tries connections between networks of one machine: reads a list as JSON, writes which of them came about.

Each connection has `from` and `to` (paths of network namespaces), `host`, `port` and `protocol`. Everything is tried at
once. A refusal answers at once too; what has no answer after some seconds was dropped.
"""

import contextlib
import ctypes
import json
import os
import select
import socket
import sys
import time

CLONE_NEWNET = 0x40000000
SECONDS = 5
LIBC = ctypes.CDLL(None, use_errno=True)


def made_in(namespace: str, udp: bool) -> socket.socket:
    """A socket belongs for ever to the network in which it was made."""
    descriptor = os.open(namespace, os.O_RDONLY)
    try:
        if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    finally:
        os.close(descriptor)
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
    made.setblocking(False)
    return made


def listeners(connections: list[dict]) -> list[socket.socket]:
    found = {}
    for each in connections:
        key = (each["to"], each["host"], each["port"], each["protocol"])
        if key in found:
            continue
        udp = each["protocol"] == "UDP"
        listener = made_in(each["to"], udp)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((each["host"], each["port"]))
        if not udp:
            listener.listen(64)
        found[key] = listener
    return list(found.values())


def try_all(connections: list[dict]) -> list[bool]:
    serving = listeners(connections)
    calling = []
    for each in connections:
        caller = made_in(each["from"], each["protocol"] == "UDP")
        with contextlib.suppress(BlockingIOError):
            caller.connect((each["host"], each["port"]))
        if each["protocol"] == "UDP":
            caller.send(b"question")
        calling.append(caller)
    open_still = dict.fromkeys(range(len(calling)))
    answers = [False] * len(calling)
    deadline = time.monotonic() + SECONDS
    while open_still and time.monotonic() < deadline:
        tcp = [calling[index] for index in open_still if calling[index].type == socket.SOCK_STREAM]
        udp = [calling[index] for index in open_still if calling[index].type == socket.SOCK_DGRAM]
        readable, writable, _ = select.select([*serving, *udp], tcp, [], 0.2)
        for listener in serving:
            if listener in readable and listener.type == socket.SOCK_DGRAM:
                data, sender = listener.recvfrom(100)
                listener.sendto(data, sender)
        for index in list(open_still):
            caller = calling[index]
            if caller in writable:
                answers[index] = caller.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
                del open_still[index]
            elif caller in readable:
                with contextlib.suppress(OSError):
                    answers[index] = caller.recv(100) == b"question"
                del open_still[index]
    return answers


json.dump(try_all(json.load(sys.stdin)), sys.stdout)
