"""What of a rule is shown, never a password, a token or a key, and whom it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from portview.domain.sockets.socket_row import is_loopback

if TYPE_CHECKING:
    from portview.watch.rules.model import Watch


def shown_url(url: str) -> str:
    """Return a watch's URL without user, password, query and fragment; "" for none."""
    if not url:
        return ""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    return f"{parts.scheme}://{host}{parts.path}"


def is_about_this_machine(watch: Watch) -> bool:
    """Return whether the port of a watch is one of this machine."""
    host = watch.host
    if watch.url:
        try:
            host = urlsplit(watch.url).hostname or ""
        except ValueError:
            return False
    return host in {"", "localhost"} or is_loopback(host)
