"""Cookies within one chain of redirects, by the standard library's rules (RFC 6265)."""

from __future__ import annotations

from email.message import Message
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, cast
from urllib.request import Request

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from portview.probes.http_exchange import Answer

_MOST_SET = 50
_LONGEST = 8192
"""A request header longer than this is refused by most servers."""


class Cookies:
    """Keeps what servers set while redirects are followed; nothing outlives the probe."""

    def __init__(self) -> None:
        """Start without any."""
        self._jar = CookieJar(DefaultCookiePolicy())

    def header_for(self, url: str) -> str:
        """Return the value of the header ``Cookie`` for a URL, empty where there is none."""
        request = Request(url)  # noqa: S310 - never opened, only asked about
        self._jar.add_cookie_header(request)
        return str(request.get_header("Cookie", ""))[:_LONGEST]

    def take(self, url: str, answer: Answer) -> None:
        """Keep the cookies that an answer sets."""
        message = Message()
        values = [value for name, value in answer.headers if name == "set-cookie"]
        for value in values[:_MOST_SET]:
            message["Set-Cookie"] = value[:_LONGEST]
        request = Request(url)  # noqa: S310 - likewise
        self._jar.extract_cookies(cast("HTTPResponse", _Headers(message)), request)


class _Headers:
    """As much of a response as a cookie jar looks at."""

    def __init__(self, message: Message) -> None:
        self._message = message

    def info(self) -> Message:
        """Return the headers."""
        return self._message
