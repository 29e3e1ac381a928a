"""The notice of a newer version believes one signed file, read over TLS, and nothing else."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.errors import PortViewError
from portview.update_notice import (
    PREFIX,
    Release,
    UpdateSource,
    newer_release,
    update_source,
    verified,
    why_no_updates,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()
PAGE = "https://example.org/releases/tag/v2.0.0"


def signed(values: object, *, key: Ed25519PrivateKey = KEY, prefix: bytes = PREFIX) -> bytes:
    text = json.dumps(values)
    signature = base64.b64encode(key.sign(prefix + text.encode())).decode()
    return json.dumps({"signed": text, "signature": signature}).encode()


GOOD = signed({"version": "2.0.0", "page": PAGE})


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[str, ssl.SSLContext]]]:
    """Give a function that serves answers by path over TLS on this machine."""
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    servers: list[tuple[HTTPServer, threading.Thread]] = []

    def start(
        answers: dict[str, tuple[int, bytes, str]], *, with_tls: bool = True
    ) -> tuple[str, ssl.SSLContext]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body, place = answers[self.path]
                self.send_response(status)
                if place:
                    self.send_header("Location", place)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        authority = trustme.CA()
        server = HTTPServer(("127.0.0.1", 0), Handler)
        client = ssl.create_default_context()
        authority.configure_trust(client)
        if with_tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1").configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        servers.append((server, thread))
        scheme = "https" if with_tls else "http"
        return f"{scheme}://127.0.0.1:{server.server_port}", client

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_newer_version_is_named_with_its_page(
    serve: Callable[..., tuple[str, ssl.SSLContext]],
) -> None:
    address, context = serve({"/latest": (302, b"", "/file"), "/file": (200, GOOD, "")})
    source = UpdateSource(f"{address}/latest", PUBLIC)
    assert newer_release(source, "1.9", context=context) == Release("2.0.0", PAGE)
    assert newer_release(source, "2.0", context=context) is None
    assert newer_release(source, "2.0.1rc1", context=context) is None


@pytest.mark.parametrize(
    "answer",
    [
        (404, b"", ""),
        (200, b"x" * 70_000, ""),
        (200, b"{}", ""),
        (200, signed({"version": "2.0.0", "page": PAGE}, prefix=b""), ""),
        (302, b"", "file:///etc/passwd"),
    ],
    ids=["missing", "too large", "no file", "signed for something else", "elsewhere"],
)
def test_anything_else_says_nothing(
    serve: Callable[..., tuple[str, ssl.SSLContext]], answer: tuple[int, bytes, str]
) -> None:
    address, context = serve({"/latest": answer})
    with pytest.raises(PortViewError) as caught:
        newer_release(UpdateSource(f"{address}/latest", PUBLIC), "1.0", context=context)
    assert caught.value.code in {"update_unreadable", "update_not_signed"}


def test_no_redirect_leads_out_of_tls(serve: Callable[..., tuple[str, ssl.SSLContext]]) -> None:
    plain, _unused = serve({"/file": (200, GOOD, "")}, with_tls=False)
    address, context = serve({"/latest": (302, b"", f"{plain}/file")})
    with pytest.raises(PortViewError, match="http"):
        newer_release(UpdateSource(f"{address}/latest", PUBLIC), "1.0", context=context)


def test_a_server_that_the_system_does_not_trust_is_not_read(
    serve: Callable[..., tuple[str, ssl.SSLContext]],
) -> None:
    address, _trusting = serve({"/latest": (200, GOOD, "")})
    with pytest.raises(PortViewError, match=r"(?i)certificate"):
        newer_release(UpdateSource(f"{address}/latest", PUBLIC), "1.0")


def test_another_key_s_signature_is_refused() -> None:
    other = Ed25519PrivateKey.generate()
    content = signed({"version": "9.0", "page": PAGE}, key=other)
    with pytest.raises(PortViewError) as caught:
        verified(content, PUBLIC)
    assert caught.value.code == "update_not_signed"


@pytest.mark.parametrize(
    "values",
    [
        {"version": "2.0.0", "page": "http://example.org"},
        {"version": "2.0.0", "page": "https://" + "x" * 500},
        {"version": "2", "page": PAGE},
        {"version": 2, "page": PAGE},
        {"page": PAGE},
        ["2.0.0"],
    ],
)
def test_what_is_signed_still_has_to_make_sense(values: object) -> None:
    with pytest.raises(PortViewError) as caught:
        verified(signed(values), PUBLIC)
    assert caught.value.code == "update_unreadable"


@given(st.binary(max_size=300) | st.just(GOOD), st.integers(0, 400), st.integers(1, 255))
def test_no_change_of_the_file_passes(content: bytes, place: int, change: int) -> None:
    if content == GOOD:
        changed = bytearray(GOOD)
        changed[place % len(changed)] ^= change
        content = bytes(changed)
    try:
        release = verified(content, PUBLIC)
    except PortViewError:
        return
    assert release == Release("2.0.0", PAGE), "another way to write the same JSON, at most"


def test_a_copy_without_a_key_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portview.update_notice.resource_path", lambda *_parts: tmp_path / "no")
    assert update_source() is None
    assert "without an address" in why_no_updates()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"url": 1, "public_key": ""}',
        json.dumps({"url": "http://a", "public_key": base64.b64encode(PUBLIC).decode()}).encode(),
        json.dumps({"url": "https://a", "public_key": "AAAA"}).encode(),
    ],
    # Not by content: the key is another one in each process that collects the tests.
    ids=["nothing", "a list", "a number", "without TLS", "a short key"],
)
def test_a_damaged_resource_is_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    file = tmp_path / "update.json"
    file.write_bytes(content)
    monkeypatch.setattr("portview.update_notice.resource_path", lambda *_parts: file)
    assert update_source() is None
