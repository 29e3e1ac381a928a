"""Take the snapshot: every reader and probe that a diagnosis needs, side by side."""

from __future__ import annotations

import getpass
import os
import shlex
import sys
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from portview.command_name import command_prefix
from portview.diagnosis.collecting import Gathering, read_now
from portview.diagnosis.facts import DiagnosisQuestion, Facts, Self
from portview.domain.cancellation import CancelToken
from portview.domain.facts import Absent, Known
from portview.domain.sockets.socket_row import Protocol
from portview.i18n import _
from portview.readers.elevation import is_elevated

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.facts import Fact

PATIENCE_S = 5.0
"""How long a diagnosis waits for the slowest source before it answers without it."""
SLOW_PATIENCE_S = 12.0
"""How long one that continues in the background waits for the rest."""


def collect_facts(
    question: DiagnosisQuestion,
    *,
    cancel: CancelToken | None = None,
    patience_s: float = PATIENCE_S,
    report: Callable[[Facts], None] | None = None,
) -> Facts:
    """Read everything about a port. Blocks for ``patience_s`` at most. Any thread.

    With ``report`` it continues for what is slow: what there is after ``patience_s`` is handed
    over, and the whole is returned in the end. Raises Cancelled at once on ``cancel``.
    """
    cancel = cancel or CancelToken()
    started = time.monotonic()
    facts = _try_to_serve(question)
    gathering = Gathering(cancel)
    for name, (source, read) in _sources(facts, cancel).items():
        gathering.start(name, source, read)
    deadline = started + patience_s
    sockets = gathering.wait_for("snapshot", deadline)
    facts = _with_sockets(facts, gathering, sockets, deadline)
    if facts.refused and facts.sockets.value is not None and not facts.in_the_way():
        # Who had the port may have gone between the two.
        facts = replace(facts, binds=_try_to_serve(question).binds)
    for name, (source, read) in _later_sources(facts, gathering, deadline).items():
        gathering.start(name, source, read)
    gathering.wait_for_all(deadline)
    if gathering.pending and report is not None:
        report(_finished(facts, gathering))
        gathering.wait_for_all(started + SLOW_PATIENCE_S)
    return _finished(facts, gathering)


def _try_to_serve(question: DiagnosisQuestion) -> Facts:
    """Start test servers first, so that no reading that follows meets them."""
    from portview.probes.server_bind import (  # noqa: PLC0415 - loaded when wanted
        try_any_port,
        try_control_ports,
        try_specific,
        try_to_serve,
    )

    facts = Facts(
        question,
        sys.platform,
        Self(_user(), is_elevated(), _command()),
    )
    addresses = facts.wanted_addresses()
    tried_with = _("bind and listen") if question.protocol is Protocol.TCP else "bind"
    return replace(
        facts,
        binds=read_now(
            tried_with,
            lambda: (
                tuple(try_to_serve(one, question.port, question.protocol) for one in addresses)
                if question.port
                else ()
            ),
        ),
        specific_code=read_now(
            tried_with,
            lambda: (
                _code_fact(try_specific(question.port, question.protocol))
                if question.port and sys.platform == "win32"
                else Absent()
            ),
        ),
        any_port_code=read_now(
            _("bind to port 0"), lambda: _code_fact(try_any_port(question.protocol))
        ),
        control_code=read_now(
            _("bind to other ports"), lambda: _code_fact(try_control_ports(question.protocol))
        ),
    )


def _code_fact(code: int | None) -> Fact[int]:
    return Absent() if code is None else Known(code)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid()) if hasattr(os, "getuid") else ""


def _command() -> tuple[str, ...]:
    """Return how this very PortView is started, in the short form that people type."""
    words = shlex.split(command_prefix(), posix=sys.platform != "win32")
    return tuple(word.strip('"') for word in words)


def _sources(facts: Facts, cancel: CancelToken) -> dict[str, tuple[str, Callable[[], Any]]]:
    """Return what is read from the start: the field, the source's name and the reading."""
    from portview.diagnosis import machine  # noqa: PLC0415 - loaded when wanted

    question = facts.question
    port, protocol = question.port, question.protocol
    sources: dict[str, tuple[str, Callable[[], Any]]] = {
        "snapshot": (_("the table of sockets"), partial(machine.read_snapshot, port, cancel)),
        "ranges": (_("the port ranges"), partial(machine.read_ranges, protocol)),
        "addresses": (_("the network interfaces"), machine.read_addresses),
        "proxies": (_("the proxy settings"), machine.read_proxies),
        "rules": (_("the firewall"), machine.read_firewall_rules),
        "free_port": (_("test binds"), partial(machine.find_free_port, port, protocol, cancel)),
    }
    if facts.platform == "linux":
        sources |= machine.linux_sources(port, protocol, cancel)
    if facts.platform == "win32":
        sources |= machine.windows_sources(port, protocol)
    return sources


def _with_sockets(facts: Facts, gathering: Gathering, snapshot: Any, deadline: float) -> Facts:
    from portview.diagnosis.joining import join_sockets  # noqa: PLC0415 - loaded when wanted

    details = None
    if facts.platform == "linux":
        details = gathering.wait_for("details", deadline)
    return join_sockets(facts, snapshot, details)


def _later_sources(
    facts: Facts, gathering: Gathering, deadline: float
) -> dict[str, tuple[str, Callable[[], Any]]]:
    """Return what can be read only when it is known who has the port."""
    from portview.diagnosis import machine  # noqa: PLC0415 - loaded already

    later: dict[str, tuple[str, Callable[[], Any]]] = {
        "owners": (_("the processes"), partial(machine.read_owners, facts)),
    }
    if facts.listeners and facts.protocol is Protocol.TCP:
        later["replies"] = (_("a test connection"), partial(machine.call_listeners, facts))
    # Sockets of PortView's own come last, so that the table of sockets has none of them.
    if facts.platform == "linux":
        later["lists_bound"] = ("sock_diag", machine.lists_bound_sockets)
    is_free = not facts.refused and facts.protocol is Protocol.TCP and bool(facts.port)
    if is_free and facts.platform == "linux":
        later["shadowed_address"] = (
            _("a test server"),
            partial(machine.find_shadowed_address, facts.port),
        )
    rules = partial(gathering.wait_for, "rules", deadline)
    later["firewall"] = (_("the firewall"), partial(machine.check_firewall, facts, rules))
    later["destinations"] = (_("the firewall"), partial(machine.find_destinations, facts, rules))
    return later


def _finished(facts: Facts, gathering: Gathering) -> Facts:
    known: dict[str, Any] = {
        name: reading
        for name, reading in gathering.readings().items()
        if name in Facts.__dataclass_fields__
    }
    return replace(facts, **known, pending=tuple(dict.fromkeys(gathering.pending)))
