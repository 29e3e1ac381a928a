"""Who listens through http.sys, the web server in the Windows kernel, which PID 4 stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.facts import NOT_READ, Fact, known_or
from portview.domain.plain_text import inert
from portview.i18n import _, join_list, join_sentences, ngettext

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessInfo
    from portview.domain.owners.process_details import NamedService

_LONGEST = 120
_MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class HttpRegistration:
    """An address that a program has http.sys serve for it now.

    ``url`` is as http.sys writes it ("HTTP://+:80/WSMAN/"). ``pids`` are the processes of its
    request queue, ``controller_pid`` who started them (for IIS); both empty where netsh does not
    tie the address to a queue. ``queue`` is None where the queue has no name. Untrusted texts.
    """

    url: str
    port: int
    pids: tuple[int, ...] = ()
    queue: str | None = None
    controller_pid: int | None = None


@dataclass(frozen=True, slots=True)
class HttpReservation:
    """An address that only these users may register; it does not say that anybody did."""

    url: str
    port: int
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpState:
    """What netsh reports of http.sys. ``problem`` says in a sentence why nothing could be read."""

    registrations: tuple[HttpRegistration, ...] = ()
    reservations: tuple[HttpReservation, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Registrant:
    """A process behind an address of http.sys, as far as it could be read."""

    pid: int
    info: ProcessInfo | None = None
    services: Fact[tuple[NamedService, ...]] = NOT_READ


@dataclass(frozen=True, slots=True)
class HttpPortUse:
    """What http.sys serves at one port, and for whom.

    ``problem`` says why that could not be read; without one, no registrations mean that http.sys
    has none at this port.
    """

    port: int
    registrations: tuple[HttpRegistration, ...] = ()
    registrants: tuple[Registrant, ...] = ()
    reservations: tuple[HttpReservation, ...] = ()
    problem: str = ""


def describe_registrations(use: HttpPortUse) -> str:
    """Return who has http.sys hold a port, in one or two sentences. The text is inert."""
    if use.problem:
        return _("Who registered it there could not be read: {problem}").format(problem=use.problem)
    if not use.registrations:
        nothing = _("http.sys has no address registered at port {port}.").format(port=use.port)
        return join_sentences(nothing, _reserved_sentence(use))
    urls = _listed([registration.url for registration in use.registrations])
    queues = {registration.queue for registration in use.registrations if registration.queue}
    if queues:
        urls = _("{urls} (request queue {queues})").format(
            urls=urls, queues=_listed(sorted(queues))
        )
    if not use.registrants:
        return _("http.sys serves {urls}; netsh does not say for which program.").format(urls=urls)
    names = _listed([describe_registrant(registrant) for registrant in use.registrants])
    return _("http.sys serves {urls} for {names}.").format(urls=urls, names=names)


def describe_registrant(registrant: Registrant) -> str:
    """Name a process behind an address: "svchost.exe (PID 944, service WinRM)"."""
    name = (registrant.info.name if registrant.info else None) or _("a process")
    services = known_or(registrant.services, ())
    names = join_list(service.name for service in services)
    if not names:
        return inert(_("{name} (PID {pid})").format(name=name, pid=registrant.pid), _LONGEST)
    words = ngettext(
        "{name} (PID {pid}, service {names})", "{name} (PID {pid}, services {names})", len(services)
    )
    return inert(words.format(name=name, pid=registrant.pid, names=names), _LONGEST)


def _reserved_sentence(use: HttpPortUse) -> str:
    if not use.reservations:
        return ""
    urls = _listed([reservation.url for reservation in use.reservations])
    users = {user for reservation in use.reservations for user in reservation.users}
    if users:
        return _("Reserved there for {users}, which does not keep the port: {urls}.").format(
            users=_listed(sorted(users)), urls=urls
        )
    return _("Reserved there, which does not keep the port: {urls}.").format(urls=urls)


def _listed(texts: list[str]) -> str:
    unique = list(dict.fromkeys(inert(text, _LONGEST) for text in texts))
    names, more = join_list(unique[:_MOST_NAMED]), len(unique) - _MOST_NAMED
    return _("{names} and {more} more").format(names=names, more=more) if more > 0 else names
