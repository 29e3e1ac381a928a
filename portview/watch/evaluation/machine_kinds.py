"""The kinds that ask this machine more than a snapshot: services, the firewall, processes."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.domain.facts import Known, Unreadable
from portview.domain.firewall import FirewallVerdict
from portview.domain.owners.service import ServiceState
from portview.domain.plain_text import quoted
from portview.domain.sockets.socket_row import (
    Protocol,
    awaits_clients,
    endpoint_text,
    is_loopback,
)
from portview.i18n import _
from portview.watch.evaluation.local_kinds import port_name
from portview.watch.evaluation.observation import Observation, bad, good, unreadable
from portview.watch.evaluation.programs import is_program, program_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.domain.cancellation import CancelToken
    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.sockets.socket_row import SocketRow
    from portview.firewall.on_demand import FirewallOnDemand
    from portview.watch.evaluation.local_facts import LocalFacts
    from portview.watch.rules.model import Watch

_FIRST_SAMPLE_S = 0.3
_MIB = 1024 * 1024


def evaluate_service(watch: Watch) -> Observation:
    """Ask the service manager; a service that does not exist is bad."""
    from portview.actions.service_control.choose import open_service_control  # noqa: PLC0415 - slow

    wanted = watch.state.casefold() or ServiceState.RUNNING.value
    name = quoted(watch.service)
    try:
        service = open_service_control().describe(watch.service).service
    except PortViewError as error:
        return (bad if error.code == "no_such_service" else unreadable)(error.message)
    if service.state is None:
        return unreadable(_("The state of the service {name} is not known.").format(name=name))
    text = _("The service {name} is {state}.").format(name=name, state=service.state.value)
    return good(text) if service.state.value == wanted else bad(text)


class ExposureCheck:
    """Whether clients of other machines reach a port. Any thread, one question at a time."""

    def __init__(self) -> None:
        self._firewall: FirewallOnDemand | None = None
        self._lock = threading.Lock()

    def evaluate(self, watch: Watch, facts: LocalFacts) -> Observation:
        """Return bad where a listener of the port is reached from outside."""
        if isinstance(facts.snapshot, Unreadable):
            text = _("The sockets could not be read: {reason}.")
            return unreadable(text.format(reason=facts.snapshot.reason))
        rows = [
            row
            for row in facts.holding(Protocol(watch.protocol), watch.port or 0)
            if awaits_clients(row)
        ]
        outside = [row for row in rows if not is_loopback(row.local.address)]
        name = port_name(watch)
        if not rows:
            return good(_("{port}: nothing listens.").format(port=name))
        if not outside:
            return good(_("{port} is open to this machine only.").format(port=name))
        verdicts = [(row, self._decide(row, facts)) for row in outside]
        reached = [
            (row, why)
            for row, (verdict, why) in verdicts
            if verdict in {FirewallVerdict.ALLOWED, FirewallVerdict.PARTLY}
        ]
        if reached:
            row, why = reached[0]
            program = facts.program(row)
            text = _("{program} is open to other machines on {where}. {why}").format(
                program=program or _("An unknown program"),
                where=endpoint_text(row.local),
                why=why,
            )
            return bad(text.strip(), program, program_id(facts.info(row)))
        open_ones = [why for _row, (verdict, why) in verdicts if verdict is None]
        if open_ones:
            return unreadable(open_ones[0])
        return good(_("{port}: the firewall keeps other machines out.").format(port=name))

    def _decide(self, row: SocketRow, facts: LocalFacts) -> tuple[FirewallVerdict | None, str]:
        from portview.firewall.row_question import question_of_row  # noqa: PLC0415 - when wanted

        with self._lock:
            if self._firewall is None:
                from portview.firewall.choose import open_firewall  # noqa: PLC0415 - likewise
                from portview.firewall.on_demand import FirewallOnDemand  # noqa: PLC0415 - likewise

                self._firewall = FirewallOnDemand(open_firewall)
        question = question_of_row(row, facts.info(row), sys.platform)
        answer = self._firewall.read().decide(question)
        if answer.verdict is FirewallVerdict.UNKNOWN:
            return None, answer.reason
        return answer.verdict, answer.reason

    def close(self) -> None:
        """Free what watches the rules."""
        with self._lock:
            firewall, self._firewall = self._firewall, None
        if firewall is not None:
            firewall.close()


class ResourceUse:
    """Processor and memory of the owners of a port, or of a program; remembers the last sample."""

    def __init__(self) -> None:
        self._samples: dict[str, tuple[float, dict[ProcessKey, float]]] = {}

    def evaluate(self, watch: Watch, facts: LocalFacts, cancel: CancelToken) -> Observation:
        """Compare what the processes use with ``above``: percent of a core, or MiB."""
        owners = self._owners(watch, facts)
        if isinstance(owners, str):
            return unreadable(owners)
        limit = watch.above or 0.0
        if watch.resource == "memory":
            used = _memory(owners)
            if used is None:
                return unreadable(_("The memory of the processes could not be read."))
            text = _("{used:.0f} MiB are in use; the limit is {limit:g} MiB.")
            shown = text.format(used=used / _MIB, limit=limit)
            return (bad if used / _MIB > limit else good)(shown)
        before = self._samples.get(watch.name)
        if before is None:
            before = (time.monotonic(), _processor_s(owners) or {})
            cancel.wait(_FIRST_SAMPLE_S)
        now_s, used_s = time.monotonic(), _processor_s(owners)
        if used_s is None or (owners and not used_s):
            return unreadable(_("The processor time of the processes could not be read."))
        self._samples[watch.name] = (now_s, used_s)
        spent = sum(used_s[key] - before[1][key] for key in used_s.keys() & before[1].keys())
        percent = 100 * max(0.0, spent) / max(now_s - before[0], 0.001)
        text = _("{percent:.0f} % of a processor are in use; the limit is {limit:g} %.")
        return (bad if percent > limit else good)(text.format(percent=percent, limit=limit))

    @staticmethod
    def _owners(watch: Watch, facts: LocalFacts) -> dict[ProcessKey, ProcessInfo] | str:
        if not isinstance(facts.snapshot, Known):
            return _("The sockets could not be read.")
        found: dict[ProcessKey, ProcessInfo] = {}
        if watch.port is None:
            processes = facts.snapshot.value.processes.items()
            return {key: info for key, info in processes if is_program(info, watch.program)}
        for row in facts.holding(Protocol(watch.protocol), watch.port):
            known = facts.info(row)
            if known is None:
                return _("The program on the port could not be determined.")
            if not watch.program or is_program(known, watch.program):
                found[known.key] = known
        return found


def _processor_s(owners: Iterable[ProcessKey]) -> dict[ProcessKey, float] | None:
    """Return what each process has used so far; None where one that runs does not say."""
    from portview.readers.process_details import read_usage  # noqa: PLC0415 - loaded when wanted

    found = {}
    for key in owners:
        usage = read_usage(key)
        if usage is None:
            continue  # It has ended.
        if usage.processor_ms is None:
            return None
        found[key] = usage.processor_ms / 1000
    return found


def _memory(owners: Iterable[ProcessKey]) -> float | None:
    """Return what the processes hold together; None where one that runs does not say."""
    from portview.readers.process_details import read_usage  # noqa: PLC0415 - loaded when wanted

    used = 0.0
    for key in owners:
        usage = read_usage(key)
        if usage is None:
            continue  # It has ended.
        if usage.memory_bytes is None:
            return None
        used += usage.memory_bytes
    return used
