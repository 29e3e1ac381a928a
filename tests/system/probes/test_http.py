"""Web servers that answer well, badly, too much, in circles, or not at all."""

from __future__ import annotations

import socket
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
        parse_url(f"{site}/"),
        expectation=Expectation(body_text="is well"),
        report=seen.append,
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
    assert "not a web address" in probe_http(parse_url(f"{site}/mail")).detail
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
        (b"", "closed the connection without responding"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "was cut off"),
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
    assert "no complete HTTP response within 200 ms" in report.detail


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
    assert "no complete HTTP response" in report.detail


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


def talking(words: bytes) -> Any:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(words)

    return talk


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(150)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
    ],
)
def test_answers_that_every_client_takes(conversation: Any, answer: bytes) -> None:
    port = conversation(talking(answer)).port
    report = probe_http(parse_url(f"http://127.0.0.1:{port}/"))
    assert (report.verdict, report.status) == (Verdict.OK, 200)


def test_a_status_is_told_even_where_the_header_is_no_valid_http(conversation: Any) -> None:
    port = conversation(talking(b"HTTP/1.1 503 Busy\r\nBad Header : x\r\n\r\n")).port
    report = probe_http(parse_url(f"http://127.0.0.1:{port}/"))
    assert (report.verdict, report.status) == (Verdict.FAILED, 503)
    assert "HTTP 503 Busy" in report.detail


def test_a_stream_of_events_needs_no_end(conversation: Any) -> None:
    def stream(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a\n\n")
        connection.recv(1)

    url = parse_url(f"http://127.0.0.1:{conversation(stream).port}/")
    report = probe_http(url, expectation=Expectation(body_text="data: a"), timeout_ms=60_000)
    assert (report.verdict, report.status) == (Verdict.OK, 200)
    assert not report.is_body_complete
    missing = probe_http(url, expectation=Expectation(body_text="data: b"), timeout_ms=60_000)
    assert missing.verdict is Verdict.FAILED


def test_a_body_that_stops_before_its_length_fails(conversation: Any) -> None:
    def stall(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")
        connection.recv(1)

    url = parse_url(f"http://127.0.0.1:{conversation(stall).port}/")
    report = probe_http(url, timeout_ms=300)
    assert (report.verdict, report.status, report.body_bytes) == (Verdict.FAILED, 200, 5)
    assert "5 of 10 bytes" in report.detail


def test_a_request_asks_as_browsers_do(conversation: Any) -> None:
    heard: list[bytes] = []

    def hear(connection: socket.socket) -> None:
        heard.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    probe_http(parse_url(f"http://127.0.0.1:{conversation(hear).port}/bücher?a=b"))
    (request,) = heard
    assert request.startswith(b"GET /b%C3%BCcher?a=b HTTP/1.1\r\n")
    lines = request.decode().split("\r\n")
    (accept,) = [line for line in lines if line.lower().startswith("accept:")]
    assert "text/html" in accept
    assert "*/*" in accept


def test_cookies_last_for_the_redirects(conversation: Any) -> None:
    def wall(connection: socket.socket) -> None:
        if b"cookie: seen=1" in connection.recv(65536).lower():
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        else:
            head = b"HTTP/1.1 302 Found\r\nSet-Cookie: seen=1; Path=/\r\nContent-Length: 0\r\n"
            connection.sendall(head + b"Location: /x\r\n\r\n")

    report = probe_http(parse_url(f"http://127.0.0.1:{conversation(wall).port}/x"))
    assert [hop.status for hop in report.hops] == [302, 200]
    assert report.verdict is Verdict.OK


def test_a_cookie_stays_with_its_host(conversation: Any) -> None:
    heard: list[bytes] = []

    def other(connection: socket.socket) -> None:
        heard.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    place = b"http://localhost:%d/" % conversation(other).port
    redirect = b"HTTP/1.1 302 Found\r\nSet-Cookie: secret=1\r\nLocation: " + place + b"\r\n\r\n"
    probe_http(parse_url(f"http://127.0.0.1:{conversation(talking(redirect)).port}/"))
    assert heard
    assert b"secret" not in heard[0]


@pytest.mark.parametrize(
    ("status", "header", "words"),
    [
        (401, "WWW-Authenticate: Basic realm=x", "a sign-in (Basic)"),
        (403, "X: y", "allowed hosts"),
        (405, "Allow: POST, PUT", "only POST, PUT"),
        (405, "X: y", "only methods other than GET"),
        (407, "X: y", "proxy"),
        (421, "X: y", "host name"),
        (426, "Upgrade: websocket", "websocket"),
        (429, "Retry-After: 9", "Try again in 9 s"),
        (503, "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", "Try again after Wed"),
        (502, "X: y", "server behind it"),
        (404, "X: y", "path"),
    ],
)
def test_each_refusal_has_its_next_step(
    conversation: Any, status: int, header: str, words: str
) -> None:
    body = b"\r\n  So it is.\r\nMore."
    head = f"HTTP/1.1 {status} Said\r\n{header}\r\nContent-Length: {len(body)}\r\n\r\n"
    port = conversation(talking(head.encode() + body)).port
    report = probe_http(parse_url(f"http://127.0.0.1:{port}/"))
    assert report.verdict is Verdict.FAILED
    assert words in report.hint
    assert report.body_line == "So it is."
    assert "“So it is.”" in report.detail


def test_the_title_of_an_error_page_is_its_first_line(conversation: Any) -> None:
    page = (
        b"<!DOCTYPE html><style>b{}</style><head><title>Not\x1b[31m here &amp; now</title></head>"
    )
    head = b"HTTP/1.1 404 Gone\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page)
    report = probe_http(parse_url(f"http://127.0.0.1:{conversation(talking(head + page)).port}/"))
    assert report.body_line == "Not\N{REPLACEMENT CHARACTER}[31m here & now"


class _HttpsOnly:
    """Takes TLS, and answers plain HTTP with status 400, as nginx and Go do."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def __call__(self, connection: socket.socket) -> None:
        if connection.recv(1, socket.MSG_PEEK) != b"\x16":
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return
        try:
            with self._context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(65536)
                secure.sendall(b"HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n")
        except ssl.SSLError:
            pass


def test_plain_http_on_a_tls_port_is_asked_again_with_https(conversation: Any) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    port = conversation(_HttpsOnly(context)).port
    url = parse_url(f"http://127.0.0.1:{port}/x")
    report = probe_http(url, is_certificate_checked=False)
    assert (report.verdict, report.status) == (Verdict.FAILED, 400)
    assert "With https:// it answers: HTTP 200 Fine." in report.detail
    assert f"https://127.0.0.1:{port}/x" in report.hint
    assert "does not know its issuer" in probe_http(url).detail


@pytest.mark.parametrize(
    ("greeting", "name"),
    [
        (b"220 mail.example ESMTP\r\n", "SMTP"),
        (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", "IMAP"),
        (b"SSH-2.0-Example\r\n", "SSH"),
        (b"\x4a\0\0\0\x0a8.0.36\0", "MySQL"),
        (b"\0\0\x12\x04\0\0\0\0\0" + b"\0\x03\0\0\0\x80" * 3, "HTTP/2"),
        (b"ICY 200 OK\r\n\r\n", "Shoutcast"),
    ],
)
def test_another_protocol_is_named(conversation: Any, greeting: bytes, name: str) -> None:
    port = conversation(talking(greeting)).port
    report = probe_http(parse_url(f"http://127.0.0.1:{port}/"))
    assert report.verdict is Verdict.FAILED
    assert "not in HTTP" in report.detail
    assert name in report.detail
