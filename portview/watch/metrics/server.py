"""Serves the metrics over HTTP: one path, a few requests at a time, nothing but GET."""

from __future__ import annotations

import gzip
import hmac
import ssl
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

from portview.override import override
from portview.watch.metrics.exposition import CONTENT_TYPE

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

_PATIENCE_S = 10.0
_MOST_AT_ONCE = 8
_KEPT_S = 1.0
"""For how long an answer is given again: many scrapers cost no more than one."""


class ServerOptions(NamedTuple):
    """Who may ask, and how."""

    token: str = ""
    certificate: Path | None = None
    key: Path | None = None


class MetricsServer(ThreadingHTTPServer):
    """Listens from its creation on; ``serve_forever`` answers until ``shutdown``."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = False
    request_queue_size = 32

    def __init__(
        self, address: tuple[str, int], render: Callable[[], bytes], options: ServerOptions
    ) -> None:
        """Bind. Raises OSError, and ssl.SSLError where the certificate can't be used."""
        import socket  # noqa: PLC0415 - one constant

        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self._render = render
        self._options = options
        self._slots = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self._lock = threading.Lock()
        self._kept: tuple[float, bytes] | None = None
        self._tls: ssl.SSLContext | None = None
        if options.certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(options.certificate, options.key)
        super().__init__(address, _Handler)

    @override
    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    @override
    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            request.settimeout(_PATIENCE_S)
            if self._tls is not None:
                # On the request's own thread: a client that sends nothing delays nobody.
                request = self._tls.wrap_socket(request, server_side=True)
            super().process_request_thread(request, client_address)
        except OSError:
            self.shutdown_request(request)
        finally:
            self._slots.release()

    @override
    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket],
                     client_address: Any) -> None:  # fmt: skip
        """Show nothing on the console: a client that went away is no error."""

    def is_allowed(self, authorization: str) -> bool:
        """Return whether a request with this header may be answered."""
        # untranslated: a header
        wanted = f"Bearer {self._options.token}"
        return not self._options.token or hmac.compare_digest(
            authorization.encode("latin-1", "replace"), wanted.encode()
        )

    def answer(self) -> bytes:
        """Return the metrics, at most a second old."""
        with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] > _KEPT_S:
                body = self._render()
                self._kept = (time.monotonic(), body)
            return self._kept[1]


class _Handler(BaseHTTPRequestHandler):
    server: MetricsServer
    server_version = "PortView"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer /metrics, and nothing else."""
        if self.path.partition("?")[0] != "/metrics":
            self._say(HTTPStatus.NOT_FOUND, b"The metrics are at /metrics.\n")
        elif not self.server.is_allowed(self.headers.get("Authorization", "")):
            self._say(HTTPStatus.UNAUTHORIZED, b"A bearer token is needed.\n")
        else:
            self._say(HTTPStatus.OK, self.server.answer(), CONTENT_TYPE)

    def _say(self, status: HTTPStatus, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        if status is HTTPStatus.OK and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, compresslevel=6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Keep no log of requests."""
