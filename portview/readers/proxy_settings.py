"""Proxy settings of this user that catch requests to this very machine."""

from __future__ import annotations

import os
import sys

_LOCAL_NAMES = ("localhost", "127.0.0.1")


def proxies_that_catch_localhost() -> dict[str, str]:
    """Return the proxies (by scheme) that programs use even for localhost. Any thread.

    From the environment (HTTP_PROXY and NO_PROXY) and, on Windows, from the Internet settings.
    Untrusted texts; user names and passwords in them are left out.
    """
    if sys.platform == "linux" and not any(name.lower().endswith("_proxy") for name in os.environ):
        return {}  # without loading what reads them
    import urllib.request  # noqa: PLC0415 - slow to load, and rarely needed

    proxies = urllib.request.getproxies()
    wanted = {scheme: proxies[scheme] for scheme in ("http", "https", "all") if scheme in proxies}
    if not wanted or all(urllib.request.proxy_bypass(name) for name in _LOCAL_NAMES):
        return {}
    return {scheme: address.rpartition("@")[2] for scheme, address in wanted.items()}
