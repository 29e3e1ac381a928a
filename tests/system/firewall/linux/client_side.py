"""Runs on the machine before the firewall: tries to reach a server, several ways at once.

Attempts come as a JSON line on standard input, what they met goes out the same way.
"""

from __future__ import annotations

import itertools
import json
import selectors
import socket
import sys
import time

PORTS = itertools.cycle(range(20_000, 61_000))
"""The clients' ports, each once: connection tracking on the way still remembers those that were
used under earlier rules, and the system's own choice comes back to one of them now and then."""


def attempt(one: dict[str, object]) -> socket.socket:
    source, target = str(one["source"]), str(one["target"])
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    is_tcp = one["protocol"] == "tcp"
    client = socket.socket(family, socket.SOCK_STREAM if is_tcp else socket.SOCK_DGRAM)
    client.setblocking(False)
    client.bind((source, int(str(one.get("source_port") or next(PORTS)))))
    client.connect_ex((target, one["port"]))
    if not is_tcp:
        client.send(b"?")
    return client


def met(client: socket.socket) -> str:
    """Return what an attempt met, empty while it still waits."""
    try:
        return "reached" if client.recv(1) else ""
    except BlockingIOError:
        return ""
    except OSError:
        return "refused"


def asked(client: socket.socket) -> str:
    """Send the server something over a new connection; return what that met, empty for nothing."""
    try:
        client.send(b"?")
    except OSError:
        return "refused"
    return ""


def try_all(attempts: list[dict[str, object]]) -> list[str]:
    selector = selectors.DefaultSelector()
    results = ["silence"] * len(attempts)
    clients = []
    started = time.monotonic()
    for place, one in enumerate(attempts):
        client = attempt(one)
        clients.append(client)
        is_tcp = one["protocol"] == "tcp"
        events = selectors.EVENT_WRITE if is_tcp else selectors.EVENT_READ
        selector.register(client, events, place)
    while selector.get_map():
        waits = {
            place: float(str(attempts[place]["patience_s"])) - (time.monotonic() - started)
            for place in (key.data for key in selector.get_map().values())
        }
        for key, _ in selector.select(max(0, min(waits.values()))):
            if key.events == selectors.EVENT_WRITE:
                result = asked(key.fileobj)
                selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
            else:
                result = met(key.fileobj)
            if result:
                results[key.data] = result
                selector.unregister(key.fileobj)
        for place, wait in waits.items():
            if wait <= 0 and clients[place] in {k.fileobj for k in selector.get_map().values()}:
                selector.unregister(clients[place])
    for client in clients:
        client.close()
    return results


def tell(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    tell("ready")
    for line in sys.stdin:
        tell(try_all(json.loads(line)))


main()
