"""Watches that ask over the network, against real servers on loopback."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from portview.domain.cancellation import CancelToken
from portview.watch.evaluation.evaluator import Evaluator
from portview.watch.evaluation.local_facts import LocalReader
from portview.watch.incidents.machine import Evaluation
from portview.watch.rules.model import Expectation, Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD, BAD, UNREADABLE = Evaluation.GOOD, Evaluation.BAD, Evaluation.UNREADABLE
HOST = "127.0.0.1"


@pytest.fixture
def evaluator() -> Iterator[Evaluator]:
    made = Evaluator()
    yield made
    made.close()


def look(evaluator: Evaluator, expect: str, **keys: Any) -> Evaluation:
    watch = Watch("w", Expectation(expect), timeout_s=10.0, **keys)
    return evaluator.evaluate(watch, None, CancelToken()).evaluation


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = int(self.path.strip("/") or 200)
        body = b"all is well"
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/200")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def web_server() -> Iterator[int]:
    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "keys", "expected"),
    [
        ("/200", {}, GOOD),
        ("/302", {}, GOOD),
        ("/404", {}, BAD),
        ("/503", {}, BAD),
        ("/404", {"status": (404,)}, GOOD),
        ("/302", {"status": (302,)}, GOOD),
        ("/202", {"status": (200, 204)}, BAD),
        ("/204", {"status": (200, 204)}, GOOD),
        ("/200", {"contains": "well"}, GOOD),
        ("/200", {"contains": "ill"}, BAD),
    ],
)
def test_http(evaluator: Evaluator, path: str, keys: dict[str, Any], expected: Evaluation) -> None:
    with web_server() as port:
        url = f"http://{HOST}:{port}{path}"
        assert look(evaluator, "http", url=url, port=port, **keys) is expected
    assert look(evaluator, "http", url=url, port=port, **keys) is BAD


@pytest.mark.parametrize(("days", "limit", "expected"), [(60, 14, GOOD), (60, 90, BAD)])
def test_tls_is_about_time_left(
    evaluator: Evaluator, days: int, limit: float, expected: Evaluation
) -> None:
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=days, hours=1)
    certificate = trustme.CA().issue_cert(HOST, not_after=ends)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with socket.create_server((HOST, 0)) as listener:
        stop = threading.Event()
        listener.settimeout(0.1)

        def serve() -> None:
            while not stop.is_set():
                try:
                    connection, _peer = listener.accept()
                    connection.settimeout(5)
                    with context.wrap_socket(connection, server_side=True) as stream:
                        stream.recv(1)
                except OSError:
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        try:
            assert look(evaluator, "tls", port=port, host=HOST, days=limit) is expected
        finally:
            stop.set()
            thread.join()


def test_tls_of_what_speaks_no_tls_is_bad(evaluator: Evaluator) -> None:
    with web_server() as port:
        assert look(evaluator, "tls", port=port) is BAD


def test_udp_is_about_an_answer(evaluator: Evaluator) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((HOST, 0))
        server.settimeout(10)
        port = server.getsockname()[1]

        def echo() -> None:
            question, peer = server.recvfrom(1000)
            server.sendto(question, peer)

        thread = threading.Thread(target=echo)
        thread.start()
        assert look(evaluator, "udp", port=port, protocol="udp") is GOOD
        thread.join()
        silent = Watch("w", Expectation.UDP, port=port, protocol="udp", timeout_s=0.3)
        assert evaluator.evaluate(silent, None, CancelToken()).evaluation is BAD
    assert look(evaluator, "udp", port=port, protocol="udp") is BAD


def test_tcp(evaluator: Evaluator) -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        assert look(evaluator, "tcp", port=port) is GOOD
    assert look(evaluator, "tcp", port=port) is BAD


@pytest.mark.parametrize(
    ("code", "expected"), [(socket.EAI_AGAIN, UNREADABLE), (socket.EAI_NONAME, BAD)]
)
def test_a_name_server_that_is_silent_can_not_tell(
    evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch, code: int, expected: Evaluation
) -> None:
    real = socket.getaddrinfo

    def answer(host: str, *values: Any) -> Any:
        if host == "db.example":
            raise socket.gaierror(code, "made up")
        return real(host, *values)

    # No machine can be relied on to have a name server that is silent.
    monkeypatch.setattr(socket, "getaddrinfo", answer)
    for expect in ("tcp", "http", "tls", "udp"):
        assert look(evaluator, expect, host="db.example", port=5432) is expected


def test_a_port_that_opens_to_others_is_exposed(evaluator: Evaluator) -> None:
    with closing(LocalReader()) as reader, socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        watch = Watch("w", Expectation.NOT_EXPOSED, port=port)
        found = evaluator.evaluate(watch, reader.read(settled=True), CancelToken())
        assert found.evaluation is GOOD
    with closing(LocalReader()) as reader, socket.create_server(("0.0.0.0", port)):  # noqa: S104
        found = evaluator.evaluate(watch, reader.read(settled=True), CancelToken())
        # What the firewall does to it is this machine's own; open and untold are never "ok".
        assert found.evaluation is not GOOD or "firewall" in found.detail


def test_the_use_of_a_program_is_measured(evaluator: Evaluator) -> None:
    with closing(LocalReader()) as reader, socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        facts = reader.read(settled=True)

        def use(**keys: Any) -> Evaluation:
            watch = Watch("w", Expectation.RESOURCES, port=port, **keys)
            return evaluator.evaluate(watch, facts, CancelToken()).evaluation

        assert use(resource="memory", above=1.0) is BAD
        assert use(resource="memory", above=1e6) is GOOD
        assert use(resource="processor", above=10_000.0) is GOOD
