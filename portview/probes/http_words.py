"""What an HTTP status asks of a client, and the first words of an answer's body. Pure."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from portview.domain.plain_text import quoted
from portview.i18n import _, join_sentences
from portview.probes.greeting import printable

if TYPE_CHECKING:
    from portview.probes.http_exchange import Answer

_SERVER_ERRORS = 5
_MOST_READ = 20_000
_TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1", re.DOTALL | re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


def first_line_of_body(answer: Answer) -> str:
    """Return the first line of a body that a person would read, made printable; may be empty.

    Of a page that is its title, or else the first text in it.
    """
    text = answer.body[:_MOST_READ].decode("utf-8", "replace")
    if "html" in answer.header("content-type") or text.lstrip()[:1] == "<":
        title = _TITLE.search(text)
        text = title[2] if title else _TAG.sub("\n", _UNSEEN.sub("", text))
        text = html.unescape(_TAG.sub("", text))
    if "\0" in text:
        return ""
    return printable(text.encode("utf-8", "replace"))


def status_hint(answer: Answer) -> str:
    """Return what to do about an answer that is no success (RFC 9110, 15.5 and 15.6; RFC 6585)."""
    match answer.status:
        case 401 | 403 | 405 | 407 | 421 | 426 | 429:
            hint = _refusal_hint(answer)
        case 400 if "ssl certificate" in first_line_of_body(answer).lower():
            hint = _("The server requires a client certificate.")
        case 400:
            hint = _("The server takes no such request: it may want another path or protocol.")
        case 404 | 410:
            hint = _("The server works, but has nothing at this path. Check the path.")
        case 406:
            hint = _("The server works, but has this only in a form that was not requested.")
        case 502 | 504:
            hint = _("A proxy responds; the server behind it does not. Check that server.")
        case 503:
            hint = join_sentences(
                _("The server is starting, overloaded or in maintenance."), _retry(answer)
            )
        case status if status // 100 == _SERVER_ERRORS:
            hint = _("The server has an internal error. See the server's log.")
        case _other:
            hint = _("Check the address and the path.")
    return hint


def _refusal_hint(answer: Answer) -> str:
    match answer.status:
        case 401:
            scheme = printable(answer.header("www-authenticate").split(" ")[0].encode())
            hint = (
                _("The server works, and requires a sign-in ({scheme}).").format(scheme=scheme)
                if scheme
                else _("The server works, and requires a sign-in.")
            )
        case 403:
            hint = _(
                "The server works, and refuses this client, path or host name. Many development "
                "servers refuse host names that are not in their list of allowed hosts."
            )
        case 405:
            methods = printable(answer.header("allow").encode())
            hint = (
                _("The server works, but accepts only {methods} here.").format(methods=methods)
                if methods
                else _("The server works, but accepts only methods other than GET here.")
            )
        case 407:
            hint = _("A proxy responds, and requires a sign-in. Set the proxy's user and password.")
        case 421:
            hint = _(
                "The server works, but not for this host name on this connection. Ask by the name "
                "that it is set up for."
            )
        case 426:
            protocol = printable(answer.header("upgrade").encode()) or "WebSocket"
            hint = _("The server works, and wants {protocol} instead of plain HTTP.").format(
                protocol=protocol
            )
        case _other:
            hint = join_sentences(
                _("The server works, and limits the number of requests."), _retry(answer)
            )
    return hint


def _retry(answer: Answer) -> str:
    after = answer.header("retry-after")
    if not after:
        return ""
    if after.isascii() and after.isdecimal():
        return _("Try again in {seconds} s.").format(seconds=after[:9])
    return _("Try again after {time}.").format(time=printable(after.encode()))


def body_remark(answer: Answer) -> str:
    """Return a sentence with the first line of a body, empty where there is none."""
    line = first_line_of_body(answer)
    return _("It says {words}.").format(words=quoted(line)) if line else ""
