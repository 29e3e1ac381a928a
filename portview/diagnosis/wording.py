"""Names of things in the sentences of a diagnosis. All machine text is made inert here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.diagnosis.finding import Evidence
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import Endpoint, Protocol, endpoint_text
from portview.i18n import _, join_list

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.diagnosis.facts import Facts, PortSocket, Reading, T
    from portview.domain.owners.process import ProcessInfo

_LONGEST_NAME = 80
_MOST = 4


def describe_process(info: ProcessInfo) -> str:
    """Return "node (PID 4242)"."""
    name = inert(info.name or _("a process"), _LONGEST_NAME)
    return _("{name} (PID {pid})").format(name=name, pid=info.pid)


def describe_owner(sockets: Iterable[PortSocket]) -> str:
    """Return who holds some sockets: "node (PID 4242)", or as much as is known."""
    names: list[str] = []
    for socket in sockets:
        if socket.owners:
            # Workers that share a socket: whoever has had it the longest stands for all of them.
            names.append(describe_process(min(socket.owners, key=lambda one: one.key.started_ms)))
        elif socket.user:
            names.append(_("a program of {user}").format(user=inert(socket.user, _LONGEST_NAME)))
        elif socket.pid:
            names.append(_("PID {pid}").format(pid=socket.pid))
    return listed(dict.fromkeys(names)) or _("something")


def start_sentence(sentence: str) -> str:
    """Return a sentence with a capital, unless it begins with the name of a program."""
    starts = (_("a program of {user}").partition("{")[0], _("something"), _("a process"))
    return sentence[:1].upper() + sentence[1:] if sentence.startswith(starts) else sentence


def address_words(address: str) -> str:
    """Return an address as people know it."""
    return {
        "0.0.0.0": _("all IPv4 addresses (0.0.0.0)"),  # noqa: S104 - a name
        "::": _("all addresses (::)"),
    }.get(address, address)


def place_words(sockets: Iterable[PortSocket], port: int) -> str:
    """Return the endpoints of some sockets: "127.0.0.1:80, [::1]:80"."""
    return listed(dict.fromkeys(endpoint_text(Endpoint(one.address, port)) for one in sockets))


def listed(words: Iterable[str]) -> str:
    """Join a few words with commas, the last with "and"; says how many were left out."""
    found = [word for word in words if word]
    more = len(found) - _MOST
    if more > 0:
        shown = join_list(found[:_MOST])
        return _("{shown} and {count} more").format(shown=shown, count=more)
    if len(found) > 1:
        return _("{first} and {last}").format(first=join_list(found[:-1]), last=found[-1])
    return "".join(found)


def socket_evidence(facts: Facts, sockets: Iterable[PortSocket]) -> tuple[Evidence, ...]:
    """Return a line for each socket: address, state, owner."""
    lines = []
    for one in sockets:
        place = endpoint_text(Endpoint(one.address, facts.port))
        if one.remote is not None:
            place = f"{place} -> {endpoint_text(Endpoint(one.remote, one.remote_port))}"
        state = one.state.value if one.state else _("open")
        who = describe_owner((one,))
        lines.append(
            Evidence(
                _("Socket"), f"{facts.protocol.value} {place} {state}, {who}", source(facts.sockets)
            )
        )
    return tuple(lines[: 2 * _MOST])


def bind_evidence(facts: Facts) -> tuple[Evidence, ...]:
    """Return a line for each place where a server was tried."""
    lines = []
    for one in facts.binds.value or ():
        name = _("Test server at {address}").format(address=one.address)
        if one.code is None:
            lines.append(Evidence(name, _("it starts"), source(facts.binds)))
        else:
            lines.append(Evidence(name, error_name(one.code), source(facts.binds)))
    return tuple(lines)


def error_name(code: int) -> str:
    """Return the name of an error number, with the number: "EADDRINUSE (98)"."""
    import errno  # noqa: PLC0415 - a name for people alone

    name = errno.errorcode.get(code, "")
    return f"{name} ({code})" if name else str(code)


def source(reading: Reading[T]) -> str:
    """Return where a fact comes from."""
    return reading.source


def client_words(protocol: Protocol) -> str:
    """Return what comes to a server: "connections" or "datagrams"."""
    return _("connections") if protocol is Protocol.TCP else _("datagrams")
