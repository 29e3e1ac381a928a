"""What http.sys serves at a port and for whom, as far as netsh reports this user."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from portview.domain.facts import Known
from portview.domain.owners.http_sys import HttpPortUse, HttpState, Registrant
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.process_details import NamedService
from portview.i18n import _
from portview.readers.elevation import unreadable_here
from portview.readers.process_identity import process_key
from portview.readers.processes import read_process
from portview.readers.services import NoServices, open_services
from portview.readers.windows.console_text import decode_console
from portview.readers.windows.http_state_text import parse_service_state, parse_url_reservations
from portview.readers.windows.netsh import NetshAnswer, ask_netsh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from portview.domain.owners.http_sys import HttpRegistration
    from portview.readers.services import ServiceReader

_RULE = re.compile(r"^-{5,}\s*$", re.MULTILINE)
"""The line under the title of every list that netsh prints."""


def read_http_port_use(port: int) -> HttpPortUse:
    """Read what http.sys serves at a port and for which processes. Any thread; never raises.

    Two runs of netsh, some 100 ms each. Administrators are reported more than others.
    """
    return http_port_use(port, read_http_state(), describe_processes)


def read_http_state(ask: Callable[..., NetshAnswer] = ask_netsh) -> HttpState:
    """Read everything that netsh reports of http.sys."""
    answer = ask("http", "show", "servicestate", "view=requestq")
    text = decode_console(answer.output)
    if answer.problem:
        said = " ".join(text.split())
        return HttpState(problem=f"{answer.problem} {said}".strip())
    registrations = parse_service_state(text)
    if not registrations and not _RULE.search(text):
        return HttpState(problem=_("what netsh printed can't be understood."))
    reservations = parse_url_reservations(decode_console(ask("http", "show", "urlacl").output))
    return HttpState(registrations, reservations)


def http_port_use(
    port: int,
    state: HttpState,
    describe: Callable[[Iterable[int]], tuple[Registrant, ...]],
) -> HttpPortUse:
    """Keep what concerns one port, and have the processes behind it described."""
    registrations = tuple(one for one in state.registrations if one.port == port)
    return HttpPortUse(
        port,
        registrations,
        describe(_pids(registrations)),
        tuple(one for one in state.reservations if one.port == port),
        state.problem,
    )


def describe_processes(pids: Iterable[int]) -> tuple[Registrant, ...]:
    """Read the names and services of the processes that have these PIDs now."""
    pids = tuple(pids)
    if not pids:
        return ()
    services: ServiceReader
    try:
        services = open_services()
    except OSError as error:
        services = NoServices(unreadable_here(str(error.strerror or error), error))
    return tuple(_describe(pid, services) for pid in pids)


def _describe(pid: int, services: ServiceReader) -> Registrant:
    key = process_key(pid)
    if not isinstance(key, ProcessKey):
        return Registrant(pid)
    names = services.names_of(key)
    if not isinstance(names, Known):
        return Registrant(pid, read_process(key), names)
    named = tuple(NamedService(name, services.display_name(name)) for name in names.value)
    return Registrant(pid, read_process(key), Known(named))


def _pids(registrations: Iterable[HttpRegistration]) -> tuple[int, ...]:
    """Return the processes behind addresses; who starts those of IIS comes last."""
    registrations = tuple(registrations)
    pids = [pid for registration in registrations for pid in registration.pids]
    pids += [one.controller_pid for one in registrations if one.controller_pid is not None]
    return tuple(dict.fromkeys(pids))
