"""What people type to name a target: ``HOST:PORT``, ``[v6%zone]:PORT`` and URLs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from portview.domain.plain_text import quoted
from portview.domain.user_input.hosts import bracketed, parse_host, parse_ipv6
from portview.domain.user_input.parsing import BadInputError, parse_port
from portview.i18n import _

_DEFAULT_PORTS = {"http": 80, "https": 443}
_USUAL_PORTS = {
    **_DEFAULT_PORTS,
    "ws": 80,
    "wss": 443,
    "ftp": 21,
    "ssh": 22,
    "smtp": 25,
    "ldap": 389,
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_TRANSPORT = re.compile(r"(?<=[0-9])/(tcp|udp)\Z", re.IGNORECASE)
_LOCALHOST = "localhost"


@dataclass(frozen=True, slots=True)
class Target:
    """A host and one of its ports.

    ``host`` is a name or an address without brackets ("localhost", "::1", "fe80::1%eth0").
    """

    host: str
    port: int

    def __str__(self) -> str:
        """Return the form that ``parse_target`` reads."""
        return f"{bracketed(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True)
class UrlTarget:
    """An http or https URL; ``path`` holds the query as well and starts with a slash."""

    is_tls: bool
    target: Target
    path: str

    def __str__(self) -> str:
        """Return the URL."""
        scheme = "https" if self.is_tls else "http"
        port = self.target.port
        authority = (
            bracketed(self.target.host) if port == _DEFAULT_PORTS[scheme] else str(self.target)
        )
        return f"{scheme}://{authority}{self.path}"


@dataclass(frozen=True, slots=True)
class LocalPort:
    """A port of this machine as it was typed.

    ``transport`` is "tcp", "udp" or empty where it was not said; ``address`` is numeric, None for
    none or for localhost.
    """

    port: int
    transport: str = ""
    address: str | None = None


@dataclass(frozen=True, slots=True)
class _Pasted:
    """Where host and port stand in a text that was perhaps pasted from somewhere else."""

    start: int
    end: int
    scheme: str = ""
    transport: str = ""

    @property
    def usual_port(self) -> int | None:
        """Return the port that the scheme stands for."""
        return _USUAL_PORTS.get(self.scheme)


def _pasted(text: str) -> _Pasted:
    """Find host and port in ``http://host:port/path``, ``tcp://host:port`` and ``8080/tcp``."""
    stripped = text.strip()
    start = text.index(stripped) if stripped else 0
    end = start + len(stripped)
    scheme = _SCHEME.match(text, start)
    if scheme is not None:
        start = scheme.end()
        end = min((at for at in range(start, end) if text[at] in "/?#"), default=end)
        name = scheme[1].lower()
        return _Pasted(start, end, name, name if name in {"tcp", "udp"} else "")
    transport = _TRANSPORT.search(text[start:end])
    if transport is not None:
        return _Pasted(start, start + transport.start(), "", transport[1].lower())
    return _Pasted(start, end)


def _require_transport(text: str, pasted: _Pasted, transport: str) -> None:
    if transport and pasted.transport not in {"", transport}:
        raise BadInputError(
            "bad_target",
            _(
                "This names a port of {transport}, and one of {transport_2} is expected here."
            ).format(transport=pasted.transport.upper(), transport_2=transport.upper()),
            text,
            0,
            len(text),
            _("Leave out {transport}, or ask about {transport_2}.").format(
                transport=pasted.transport, transport_2=pasted.transport.upper()
            ),
        )


def parse_target(text: str, default_port: int | None = None, *, transport: str = "") -> Target:
    """Read ``HOST:PORT`` or ``[IPV6]:PORT``; the port may be left out where there is a default.

    What people paste is understood as well: ``http://host:port/``, ``tcp://host:port``,
    ``8080/tcp``; a port alone is one of localhost. ``transport`` is the one that is expected.
    Raises BadInputError, which says where the mistake stands.
    """
    pasted = _pasted(text)
    _require_transport(text, pasted, transport)
    at, end = pasted.start, pasted.end
    stripped = text[at:end].rstrip()
    if not stripped:
        raise BadInputError(
            "bad_target", _("There is no target."), text, at, 0, _("Write it as HOST:PORT.")
        )
    if stripped.isascii() and stripped.removeprefix(":").isdecimal():
        return Target(_LOCALHOST, parse_port(text, end - len(stripped.removeprefix(":")), end))
    if default_port is None:
        default_port = pasted.usual_port
    if stripped.startswith("["):
        host, port_at = _bracketed_host(text, at, end)
    elif stripped.count(":") > 1:
        return Target(*_bareparse_ipv6(text, at, stripped, default_port))
    else:
        host, separator, _unused = stripped.partition(":")
        port_at = at + len(host) + 1 if separator else None
        host = parse_host(text, at, at + len(host))
    if port_at is None:
        if default_port is None:
            raise BadInputError(
                "bad_target",
                _("The port is missing."),
                text,
                len(text),
                0,
                _("Write {bracketed}:PORT.").format(bracketed=bracketed(host)),
            )
        return Target(host, default_port)
    return Target(host, parse_port(text, port_at, at + len(stripped)))


def parse_local_port(text: str, transport: str = "") -> LocalPort:
    """Read a port of this machine, alone or within what people paste.

    ``8080``, ``:8080``, ``8080/tcp``, ``127.0.0.1:8080``, ``http://localhost:8080/``. ``transport``
    is the one that is expected. Raises BadInputError, also for a host that is not a valid address.
    """
    pasted = _pasted(text)
    _require_transport(text, pasted, transport)
    at, end = pasted.start, pasted.end
    if text[at : at + 1] == ":" and text[at + 1 : at + 2] != ":":
        return LocalPort(parse_port(text, at + 1, end), pasted.transport)
    if ":" not in text[at:end] and not pasted.scheme:
        return LocalPort(parse_port(text, at, end), pasted.transport)
    target = parse_target(text)
    if target.host.lower().rstrip(".") == _LOCALHOST:
        return LocalPort(target.port, pasted.transport)
    try:
        ip_address(target.host.partition("%")[0])
    except ValueError:
        raise BadInputError(
            "bad_host",
            _("A port of this machine is expected here, and this names a host."),
            text,
            at,
            len(target.host),
            _("Write {port}.").format(port=target.port),
        ) from None
    return LocalPort(target.port, pasted.transport, target.host)


def parse_tcp_port(text: str) -> int:
    """Read a TCP port of this machine as ``parse_local_port`` does. Raises BadInputError."""
    return parse_local_port(text, "tcp").port


def parse_any_port(text: str) -> int:
    """Read a port of this machine as ``parse_local_port`` does. Raises BadInputError."""
    return parse_local_port(text).port


def parse_url(text: str) -> UrlTarget:
    """Read an http or https URL; ``HOST:PORT/path`` without a scheme is taken as http.

    So are ``tcp://HOST:PORT``, ``8080/tcp`` and ``:8080``. Raises BadInputError.
    """
    pasted = _pasted(text)
    if pasted.transport:
        return UrlTarget(is_tls=False, target=parse_target(text, 80, transport="tcp"), path="/")
    stripped = text.strip()
    at = text.index(stripped) if stripped else 0
    scheme, separator, _unused = stripped.partition("://")
    if not separator:
        scheme, rest_at = "http", at
    else:
        rest_at = at + len(scheme) + 3
    if scheme.lower() not in _DEFAULT_PORTS:
        raise BadInputError(
            "bad_url",
            _("{scheme} is not a scheme that can be asked.").format(scheme=quoted(scheme)),
            text,
            at,
            len(scheme),
            _("Use http:// or https://."),
        )
    for offset in range(rest_at, at + len(stripped)):
        if text[offset].isspace() or not text[offset].isprintable():
            raise BadInputError(
                "bad_url", _("A URL has no spaces."), text, offset, 1, _("Write a space as %20.")
            )
    end = at + len(stripped)
    authority_end = min((i for i in range(rest_at, end) if text[i] in "/?#"), default=end)
    if "@" in text[rest_at:authority_end]:
        raise BadInputError(
            "bad_url",
            _("A URL with a user name or a password is not taken."),
            text,
            rest_at,
            text.index("@", rest_at) + 1 - rest_at,
            _("Leave out everything up to the @."),
        )
    try:
        target = parse_target(text[rest_at:authority_end], _DEFAULT_PORTS[scheme.lower()])
    except BadInputError as mistake:
        at = rest_at + mistake.position
        raise BadInputError(
            mistake.code, mistake.problem, text, at, mistake.length, mistake.hint
        ) from None
    path = text[authority_end:end].partition("#")[0]
    return UrlTarget(
        scheme.lower() == "https", target, path if path.startswith("/") else f"/{path}"
    )


def parse_bind_target(text: str) -> tuple[str | None, int]:
    """Read ``PORT``, ``ADDRESS:PORT`` or ``[IPV6]:PORT``: the address, None for all, and the port.

    A pasted URL of localhost stands for all addresses. Raises BadInputError, also for a name, at
    which nothing can be bound.
    """
    stripped = text.strip()
    at = text.index(stripped) if stripped else 0
    pasted = _pasted(text)
    inner = text[pasted.start : pasted.end].rstrip()
    if inner.removeprefix(":").isdecimal():
        return None, parse_local_port(text).port
    target = parse_target(text)
    if pasted.scheme and target.host.lower().rstrip(".") == _LOCALHOST:
        return None, target.port
    try:
        ip_address(target.host)
    except ValueError:
        raise BadInputError(
            "bad_host",
            _("A port is bound at an address, not at a name."),
            text,
            at,
            len(target.host),
            "Write 127.0.0.1:PORT, [::]:PORT, or PORT alone for all addresses.",
        ) from None
    return target.host, target.port


def _bracketed_host(text: str, at: int, end: int) -> tuple[str, int | None]:
    closing = text.find("]", at, end)
    if closing < 0:
        raise BadInputError(
            "bad_host", _("The closing bracket is missing."), text, len(text), 0, "Write [::1]:80."
        )
    if ":" not in text[at:closing]:
        raise BadInputError(
            "bad_host",
            _("Brackets are for IPv6 addresses only."),
            text,
            at,
            closing + 1 - at,
            _("Take the brackets out."),
        )
    host = parse_host(text, at + 1, closing)
    rest = text[closing + 1 : end].rstrip()
    if not rest:
        return host, None
    if not rest.startswith(":"):
        raise BadInputError(
            "bad_target",
            _("A colon and a port are expected here."),
            text,
            closing + 1,
            len(rest),
            f"Write [{host}]:PORT.",
        )
    return host, closing + 2


def _bareparse_ipv6(text: str, at: int, stripped: str, default_port: int | None) -> tuple[str, int]:
    if default_port is not None:
        return parse_ipv6(text, at, at + len(stripped)), default_port
    host, _unused, port = stripped.rpartition(":")
    raise BadInputError(
        "bad_host",
        _("An IPv6 address in front of a port needs brackets."),
        text,
        at,
        len(stripped),
        f"Write [{host}]:{port}." if port.isdecimal() else f"Write [{stripped}]:PORT.",
    )
