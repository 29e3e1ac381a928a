"""What people type to name a host: a name, or an address with or without brackets."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from portview.domain.plain_text import quoted
from portview.domain.user_input.parsing import BadInputError
from portview.i18n import _

_MAX_HOST_LENGTH = 253
_MAX_LABEL_LENGTH = 63


def bracketed(host: str) -> str:
    """Put brackets around an IPv6 address, as it is written in front of a port."""
    return f"[{host}]" if ":" in host else host


def parse_host(text: str, start: int = 0, end: int | None = None) -> str:
    """Read a host name or an address without brackets, from a part of a text.

    Addresses come back in canonical form. Raises BadInputError.
    """
    end = len(text) if end is None else end
    host = text[start:end]
    if not host:
        raise BadInputError(
            "bad_host", _("The host is missing."), text, start, 0, _("Write a name or an address.")
        )
    for offset, character in enumerate(host):
        if character.isspace():
            raise BadInputError(
                "bad_host",
                _("A host name has no spaces."),
                text,
                start + offset,
                1,
                _("Take the space out."),
            )
    if ":" in host:
        return parse_ipv6(text, start, end)
    if host.rstrip(".").replace(".", "").isdecimal():
        return _ipv4(text, start, end)
    return _host_name(text, start, end)


def parse_typed_host(text: str) -> str:
    """Read a host as ``parse_host`` does, with space around it allowed. Raises BadInputError."""
    stripped = text.strip()
    at = text.index(stripped)
    return parse_host(text, at, at + len(stripped))


def _ipv4(text: str, start: int, end: int) -> str:
    try:
        return str(IPv4Address(text[start:end]))
    except ValueError:
        raise BadInputError(
            "bad_host",
            _("{text} is not an IPv4 address.").format(text=quoted(text[start:end])),
            text,
            start,
            end - start,
            _("An IPv4 address has four numbers from 0 to 255, without leading zeros."),
        ) from None


def parse_ipv6(text: str, start: int, end: int) -> str:
    """Read an IPv6 address, from a part of a text. Raises BadInputError."""
    try:
        return str(IPv6Address(text[start:end]))
    except ValueError:
        raise BadInputError(
            "bad_host",
            _("{text} is not an IPv6 address.").format(text=quoted(text[start:end])),
            text,
            start,
            end - start,
            "An IPv6 address looks like ::1, 2001:db8::5 or fe80::1%eth0.",
        ) from None


def _host_name(text: str, start: int, end: int) -> str:
    host = text[start:end]
    if len(host) > _MAX_HOST_LENGTH:
        raise BadInputError(
            "bad_host",
            _("A host name has at most {max_host_length} characters.").format(
                max_host_length=_MAX_HOST_LENGTH
            ),
            text,
            start,
            end - start,
            _("Shorten it."),
        )
    at = start
    for label in host.removesuffix(".").split("."):
        _check_label(text, at, label)
        at += len(label) + 1
    return host


def _check_label(text: str, at: int, label: str) -> None:
    """Hold one label to RFC 1123, with underscores and letters of all scripts allowed."""
    if not label or len(label) > _MAX_LABEL_LENGTH:
        problem = (
            _("an empty part")
            if not label
            else _("a part of more than {max_label_length}").format(
                max_label_length=_MAX_LABEL_LENGTH
            )
        )
        raise BadInputError(
            "bad_host",
            _("The host name has {problem}{part}.").format(
                problem=problem, part="" if not label else " characters"
            ),
            text,
            at,
            len(label),
            _("Each part between dots has 1 to 63 characters."),
        )
    for offset, character in enumerate(label):
        if not (character.isalnum() or character in "-_"):
            raise BadInputError(
                "bad_host",
                _("{character} can't be in a host name.").format(character=quoted(character)),
                text,
                at + offset,
                1,
                _("Use letters, digits, hyphens and dots."),
            )
    if label.startswith("-") or label.endswith("-"):
        raise BadInputError(
            "bad_host",
            _("A part of a host name can't start or end with a hyphen."),
            text,
            at if label.startswith("-") else at + len(label) - 1,
            1,
            _("Take the hyphen out."),
        )
