"""Who listens through http.sys, the web server in the Windows kernel, which PID 4 stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.facts import NOT_READ, Fact, known_or
from portview.domain.plain_text import inert
from portview.i18n import _

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
    """An address that only these users may register; it does not tell that anybody did."""

    url: str
    port: int
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpState:
    """What netsh tells of http.sys. ``problem`` says in a sentence why nothing could be read."""

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
        reserved = _reserved_words(use)
        return _("http.sys has no address registered at port {port}.{reserved}").format(
            port=use.port, reserved=reserved
        )
    urls = _listed([registration.url for registration in use.registrations])
    queues = {registration.queue for registration in use.registrations if registration.queue}
    queue = _(" (request queue {listed})").format(listed=_listed(sorted(queues))) if queues else ""
    if not use.registrants:
        return _("http.sys serves {urls}{queue}; netsh does not say for which program.").format(
            urls=urls, queue=queue
        )
    names = _listed([describe_registrant(registrant) for registrant in use.registrants])
    return _("http.sys serves {urls}{queue} for {names}.").format(
        urls=urls, queue=queue, names=names
    )


def describe_registrant(registrant: Registrant) -> str:
    """Name a process behind an address: "svchost.exe (PID 944, service WinRM)"."""
    name = (registrant.info.name if registrant.info else None) or "a process"
    services = known_or(registrant.services, ())
    names = ", ".join(service.name for service in services)
    kind = "services" if len(services) > 1 else "service"
    more = f", {kind} {names}" if names else ""
    return inert(
        _("{name} (PID {pid}{more})").format(name=name, pid=registrant.pid, more=more), _LONGEST
    )


def _reserved_words(use: HttpPortUse) -> str:
    if not use.reservations:
        return ""
    urls = _listed([reservation.url for reservation in use.reservations])
    users = {user for reservation in use.reservations for user in reservation.users}
    whose = _(" for {listed}").format(listed=_listed(sorted(users))) if users else ""
    return _(" Reserved there{whose}, which does not keep the port: {urls}.").format(
        whose=whose, urls=urls
    )


def _listed(texts: list[str]) -> str:
    unique = list(dict.fromkeys(inert(text, _LONGEST) for text in texts))
    more = len(unique) - _MOST_NAMED
    return ", ".join(unique[:_MOST_NAMED]) + (
        _(" and {more} more").format(more=more) if more > 0 else ""
    )
