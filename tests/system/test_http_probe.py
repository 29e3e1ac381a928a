"""Web servers that answer well, badly, too much, in circles, or not at all."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from portview.domain.cancellation import Cancelled, CancelToken
from portview.domain.user_input.targets import parse_url
from portview.domain.verdicts import Verdict
from portview.probes.http import MAX_BODY_BYTES, Expectation, probe_http

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

REDIRECTS = {
    "/moved": "/fine?from=moved",
    "/loop": "/pool",
    "/pool": "/loop",
    "/self": "/self",
    "/mail": "mailto:someone@example.org",
    "/dead": "http://127.0.0.1:1/",
    **{f"/chain{n}": f"/chain{n + 1}" for n in range(20)},
}


class Site(BaseHTTPRequestHandler):
    server_version = "ExampleServer/1.0"
    sys_version = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in REDIRECTS:
            self._answer(302, b"", {"Location": REDIRECTS[path]})
        elif path.startswith("/status/"):
            self._answer(int(path.removeprefix("/status/")), b"so it is")
        elif path == "/huge":
            self._answer(200, b"x" * (MAX_BODY_BYTES + 10))
        elif path == "/nowhere":
            self._answer(302, b"")
        else:
            self._answer(200, b"all is well")

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class QuietServer(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, *_: Any) -> None:
        """Say nothing: a prober may hang up when it has read enough."""


def serve(context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = QuietServer(("127.0.0.1", 0), Site)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def site() -> Iterator[str]:
    for port in serve():
        yield f"http://127.0.0.1:{port}"


def test_a_good_answer(site: str) -> None:
    seen: list[Any] = []
    report = probe_http(
        parse_url(f"{site}/"), expectation=Expectation(body_text="is well"), report=seen.append
    )
    assert report.verdict is Verdict.OK
    assert report.status == 200
    assert report.server == "ExampleServer/1.0"
    assert report.body_bytes == len("all is well")
    assert report.latency_ms
    assert report.latency_ms > 0
    assert [hop.address.address for hop in report.hops] == ["127.0.0.1"]
    assert [one.text for one in seen] == [f"Asking {site}/"]


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_error_answers_fail(site: str, status: int) -> None:
    report = probe_http(parse_url(f"{site}/status/{status}"))
    assert (report.verdict, report.status) == (Verdict.FAILED, status)
    assert str(status) in report.detail
    assert report.hint


def test_an_error_answer_may_be_what_is_expected(site: str) -> None:
    url = parse_url(f"{site}/status/401")
    assert probe_http(url, expectation=Expectation(401, 401)).verdict is Verdict.OK
    wrong = probe_http(parse_url(site), expectation=Expectation(401, 401))
    assert wrong.verdict is Verdict.FAILED
    assert "status 401" in wrong.detail


def test_a_body_without_the_expected_text_fails(site: str) -> None:
    report = probe_http(parse_url(site), expectation=Expectation(body_text="is ill"))
    assert report.verdict is Verdict.FAILED
    assert "“is ill”" in report.detail


def test_redirects_are_followed_and_told(site: str) -> None:
    report = probe_http(parse_url(f"{site}/moved"))
    assert report.verdict is Verdict.OK
    assert [(hop.url, hop.status) for hop in report.hops] == [
        (f"{site}/moved", 302),
        (f"{site}/fine?from=moved", 200),
    ]
    assert "Redirected" in report.detail


def test_redirects_need_not_be_followed(site: str) -> None:
    report = probe_http(parse_url(f"{site}/moved"), max_redirects=0)
    assert (report.status, len(report.hops)) == (302, 1)


@pytest.mark.parametrize("path", ["/loop", "/self"])
def test_a_redirect_loop_is_named(site: str, path: str) -> None:
    report = probe_http(parse_url(site + path))
    assert report.verdict is Verdict.FAILED
    assert "in a circle" in report.detail
    assert f"{site}{path}" in report.detail
    assert report.status == 302


def test_too_many_redirects(site: str) -> None:
    report = probe_http(parse_url(f"{site}/chain0"), max_redirects=5)
    assert report.verdict is Verdict.FAILED
    assert "more than 5 times" in report.detail
    assert len(report.hops) == 6


def test_a_redirect_that_leads_nowhere(site: str) -> None:
    assert "no web address" in probe_http(parse_url(f"{site}/mail")).detail
    assert probe_http(parse_url(f"{site}/dead")).verdict is Verdict.CLOSED
    assert probe_http(parse_url(f"{site}/nowhere")).status == 302


def test_a_huge_answer_is_cut(site: str) -> None:
    report = probe_http(parse_url(f"{site}/huge"), expectation=Expectation(body_text="y"))
    assert report.is_body_cut
    assert report.body_bytes == MAX_BODY_BYTES
    assert report.verdict is Verdict.FAILED
    assert "first" in report.hint


def test_https(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca_file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    for port in serve(context):
        url = parse_url(f"https://127.0.0.1:{port}/")
        assert probe_http(url, ca_file=str(ca_file)).verdict is Verdict.OK
        refused = probe_http(url)
        assert refused.verdict is Verdict.FAILED
        assert "does not know its issuer" in refused.detail
        assert probe_http(url, is_certificate_checked=False).verdict is Verdict.OK
        plain = probe_http(parse_url(f"http://127.0.0.1:{port}/"))
        assert plain.verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (b"SSH-2.0-Example\r\n", "not in HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "speaks TLS"),
        (b"", "hung up"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "broke off"),
    ],
)
def test_what_is_no_http(conversation: Any, words: bytes, expected: str) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(words)

    report = probe_http(parse_url(f"http://127.0.0.1:{conversation(talk).port}/"))
    assert report.verdict is Verdict.FAILED
    assert expected in report.detail


def test_a_server_that_accepts_and_says_nothing(conversation: Any) -> None:
    server = conversation(lambda connection: connection.recv(4096) and connection.recv(1))
    report = probe_http(parse_url(f"http://127.0.0.1:{server.port}/"), timeout_ms=200)
    assert report.verdict is Verdict.FAILED
    assert "no complete HTTP answer within 200 ms" in report.detail


def test_a_server_that_drips_is_not_waited_for(conversation: Any) -> None:
    def drip(connection: socket.socket) -> None:
        connection.settimeout(0.02)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            try:
                if not connection.recv(4096):
                    return
            except TimeoutError:
                connection.sendall(b"x")

    report = probe_http(parse_url(f"http://127.0.0.1:{conversation(drip).port}/"), timeout_ms=300)
    assert report.verdict is Verdict.FAILED
    assert "no complete HTTP answer" in report.detail


def test_a_closed_port_and_an_unknown_name(free_port: Any) -> None:
    assert probe_http(parse_url(f"http://127.0.0.1:{free_port()}")).verdict is Verdict.CLOSED
    assert probe_http(parse_url("http://no-such.invalid")).verdict is Verdict.UNRESOLVED


def test_cancelling_a_request_that_hangs(conversation: Any) -> None:
    cancel = CancelToken()

    def hang(connection: socket.socket) -> None:
        connection.recv(4096)
        cancel.cancel()
        connection.recv(1)

    url = parse_url(f"http://127.0.0.1:{conversation(hang).port}/")
    with pytest.raises(Cancelled):
        probe_http(url, timeout_ms=100_000, cancel=cancel)
