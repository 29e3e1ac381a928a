"""Runs on the machine behind the firewall: serves one port, and asks PortView about it.

Questions come as JSON lines on standard input, answers go out the same way.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
import sys
import threading
from dataclasses import asdict
from typing import Any

from portview.domain.errors import PortViewError
from portview.domain.firewall import FirewallQuestion, RuleEffect, RuleSpec
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.linux.backend import LinuxFirewall


def serve(ports: list[int]) -> None:
    selector = selectors.DefaultSelector()
    for port in ports:
        for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104
            server = socket.socket(family, socket.SOCK_STREAM)
            echo = socket.socket(family, socket.SOCK_DGRAM)
            for one in (server, echo):
                if family is socket.AF_INET6:
                    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                one.bind((address, port))
            server.listen()
            selector.register(server, selectors.EVENT_READ, "tcp")
            selector.register(echo, selectors.EVENT_READ, "udp")
    while True:
        for key, _ in selector.select():
            if key.data == "tcp":
                connection, _ = key.fileobj.accept()
                connection.setblocking(False)
                selector.register(connection, selectors.EVENT_READ, "connection")
            elif key.data == "connection":
                # It answers what it is asked: a client that can't send data gets none.
                selector.unregister(key.fileobj)
                with contextlib.suppress(OSError):
                    if key.fileobj.recv(100):
                        key.fileobj.send(b"!")
                key.fileobj.close()
            else:
                # An answer that may not leave is an error to the one who sends it.
                with contextlib.suppress(OSError):
                    data, sender = key.fileobj.recvfrom(100)
                    key.fileobj.sendto(data, sender)


def tell(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def answer(firewall: LinuxFirewall, request: dict[str, Any]) -> object:
    rules = firewall.read()
    match request["do"]:
        case "decide":
            answers = []
            for question in request["questions"]:
                question["protocol"] = Protocol(question["protocol"])
                answers.append(asdict(rules.decide(FirewallQuestion(**question))))
            return answers
        case "status":
            return {**asdict(rules.status), "generation": rules.generation}
        case "make":
            rule_spec = request["rule_spec"]
            rule_spec["effect"] = RuleEffect(rule_spec["effect"])
            rule_spec["protocol"] = Protocol(rule_spec["protocol"])
            rule_spec["remotes"] = tuple(rule_spec["remotes"])
            change = firewall.plan(RuleSpec(**rule_spec), rules)
            firewall.apply(change)
            return asdict(change)
        case "own":
            return [asdict(own) for own in rules.managed_rules]
        case "revoke":
            [own] = [own for own in rules.managed_rules if own.id == request["id"]]
            change = firewall.plan_removal(own)
            firewall.apply(change)
            return asdict(change)
    raise ValueError(request)


def main() -> None:
    ports = [int(port) for port in sys.argv[1:]]
    threading.Thread(target=serve, args=(ports,), daemon=True).start()
    firewall = LinuxFirewall()
    tell("ready")
    for line in sys.stdin:
        try:
            tell(answer(firewall, json.loads(line)))
        except PortViewError as error:
            tell({"error": error.code, "message": error.message})


main()
