"""Whether there is a newer version: one signed file, read only where a person switched that on.

A copy that was built with an address and a public key (``resources/update.json``) reads the file
``PortView-latest.json`` there. What it says counts only if its signature is right: Ed25519 over
``PREFIX`` and the text, so that a signature for anything else serves nobody. Nothing is sent but
the request, and nothing is installed.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from typing import TYPE_CHECKING, NamedTuple

from portview import __version__
from portview.domain.errors import PortViewError
from portview.i18n import _
from portview.resources import resource_path

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

PREFIX = b"portview-latest-1\n"
"""What is signed before the text itself."""

CHECK_INTERVAL_S = 86_400
_LARGEST_BYTES = 65_536
_CHUNK = 4096
_CALL_S = 10.0
_WHOLE_S = 30.0
_KEY_BYTES = 32
_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){1,3}")
_LONGEST_PAGE = 500


class UpdateSource(NamedTuple):
    """Where the file is, and the public key of who may sign it."""

    url: str
    public_key: bytes


class Release(NamedTuple):
    """The newest version, and the page that reports of it."""

    version: str
    page: str


def update_source() -> UpdateSource | None:
    """Return what this copy was built with; None where it was built without."""
    try:
        values = json.loads(resource_path("update.json").read_text(encoding="utf-8"))
        source = UpdateSource(values["url"], base64.b64decode(values["public_key"], validate=True))
        if not isinstance(source.url, str):
            return None
    except (OSError, ValueError, TypeError, KeyError):
        return None
    is_usable = source.url.startswith("https://") and len(source.public_key) == _KEY_BYTES
    return source if is_usable else None


def why_no_updates() -> str:
    """Return why this copy can't look for a newer version; empty where it can."""
    if update_source() is not None:
        return ""
    return _("This copy was built without an address for updates.")


def newer_release(
    source: UpdateSource, current: str = __version__, *, context: ssl.SSLContext | None = None
) -> Release | None:
    """Read the file and return the release that it names if that is newer than ``current``.

    Blocks for half a minute at most. Raises PortViewError: what was read is not signed by the key,
    is no such file, or could not be read.
    """
    release = verified(_read(source.url, context), source.public_key)
    return release if _key(release.version) > _key(current) else None


def verified(content: bytes, public_key: bytes) -> Release:
    """Return what a signed file says. Raises PortViewError where its signature is not right."""
    # Loaded when wanted: it is large.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        document = json.loads(content)
        text = document["signed"].encode("utf-8")
        signature = base64.b64decode(document["signature"], validate=True)
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, PREFIX + text)
        return _release(json.loads(text))
    except InvalidSignature as error:
        raise PortViewError(
            "update_not_signed", _("The file about new versions has a wrong signature.")
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error) as error:
        raise _unreadable(_("it is no such file")) from error


def _release(values: Mapping[str, object]) -> Release:
    version, page = values["version"], values["page"]
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise ValueError("no version")
    if not isinstance(page, str) or not page.startswith("https://") or len(page) > _LONGEST_PAGE:
        raise ValueError("no page")
    return Release(version, page)


def _key(version: str) -> tuple[int, ...]:
    """Return a version as numbers; what follows them, such as rc1, is left out."""
    found = _VERSION.match(version)
    parts = [int(part) for part in found[0].split(".")] if found else [0]
    while parts and parts[-1] == 0:
        parts.pop()  # 1.2 and 1.2.0 are the same
    return tuple(parts)


def _read(url: str, context: ssl.SSLContext | None) -> bytes:
    from http.client import HTTPException  # noqa: PLC0415 - loaded when wanted
    from urllib import request  # noqa: PLC0415 - likewise
    from urllib.error import HTTPError  # noqa: PLC0415 - likewise

    until_s = time.monotonic() + _WHOLE_S
    # Without a handler for http, neither the address nor a redirect leads out of TLS.
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPSHandler(context=context),
        request.HTTPRedirectHandler(),
        request.HTTPErrorProcessor(),
        request.HTTPDefaultErrorHandler(),
        request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "PortView")]
    try:
        with opener.open(url, timeout=_CALL_S) as answer:
            content = bytearray()
            while chunk := answer.read1(_CHUNK):
                content += chunk
                if len(content) > _LARGEST_BYTES or time.monotonic() > until_s:
                    raise _unreadable(_("it is too large or too slow"))
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()  # it holds the connection
        raise _unreadable(str(getattr(error, "reason", error))) from error
    return bytes(content)


def _unreadable(reason: str) -> PortViewError:
    return PortViewError(
        "update_unreadable",
        _("The file about new versions can't be read: {reason}.").format(reason=reason),
    )
