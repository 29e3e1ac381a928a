"""Situations of a port, made for real in a network namespace, and questions about them."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from tests.netns import ROOT, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.netns import Namespace

TCP_SERVER = """
import socket, threading
server = socket.socket(socket.AF_INET6 if ":" in "{address}" else socket.AF_INET)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
{options}
server.bind(("{address}", {port}))
server.listen(16)
def serve():
    while True:
        client, _ = server.accept()
        threading.Thread(target=answer, args=(client,), daemon=True).start()
def answer(client):
    try:
        client.recv(1000)
        client.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi")
    except OSError:
        pass
    client.close()
threading.Thread(target=serve, daemon=True).start()
"""
WAIT = "\nprint('ready', flush=True)\nimport time\ntime.sleep(600)\n"

ASKING = """
import json, sys
from portview.diagnosis.answer import diagnose
from portview.diagnosis.asking import parse_question
from portview.diagnosis.collect import collect_facts
from portview.diagnosis.document import answer_document
from portview.domain.sockets.socket_row import Protocol
for line in sys.stdin:
    asked = json.loads(line)
    question = parse_question(
        asked["what"], Protocol(asked.get("proto", "tcp")), asked.get("address")
    )
    print(json.dumps(answer_document(diagnose(collect_facts(question)))), flush=True)
"""

AS_NOBODY = (
    "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
    # A checkout may be open to root alone; this says nothing about ports or processes.
    "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
)  # fmt: skip


def http_server(port: int, address: str = "0.0.0.0", options: str = "") -> str:  # noqa: S104
    """Code of a server that answers every request."""
    return TCP_SERVER.format(address=address, port=port, options=options) + WAIT


@contextmanager
def several(machine: Namespace, *codes: str) -> Iterator[None]:
    """Keep several programs running on a machine."""
    with ExitStack() as stack:
        for code in codes:
            stack.enter_context(serving(machine, code))
        yield


class Asker:
    """PortView on a machine, ready to be asked; one process for many questions."""

    def __init__(self, machine: Namespace, prefix: tuple[str, ...] = ()) -> None:
        self._process = machine.start(
            *prefix, sys.executable, "-c", ASKING, stdin=subprocess.PIPE, cwd=ROOT
        )

    def ask(self, what: int | str, **asked: str) -> dict[str, Any]:
        """Return the document of ``why``."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"what": str(what), **asked}) + "\n")
        self._process.stdin.flush()
        document: dict[str, Any] = json.loads(self._process.stdout.readline())
        return document

    def close(self) -> None:
        self._process.communicate(timeout=30)


def codes(document: dict[str, Any], side: str) -> dict[str, str]:
    """Return the causes on one side with their certainty."""
    return {one["code"]: one["certainty"] for one in document["causes"] if one["side"] == side}
