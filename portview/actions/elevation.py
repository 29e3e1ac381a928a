"""The one door to administrator rights: one errand at a time, shown to the person by the system."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from portview.actions.errands import Errand, ErrandVerb
from portview.actions.own_command import own_command
from portview.actions.process_facts import Asking
from portview.actions.stopping import Ending, StopResult
from portview.domain.contract import iso_time
from portview.domain.outcome import Outcome, PortViewError
from portview.domain.processes import ProcessKey
from portview.domain.sockets import endpoint_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portview.actions.seen_process import SeenProcess
    from portview.domain.cancellation import CancelToken


def stop_elevated(
    seen: Sequence[SeenProcess],
    *,
    grace_s: float = 5.0,
    force: bool = False,
    cancel: CancelToken | None = None,
) -> tuple[StopResult, ...]:
    """Stop processes like ``stop_processes``, as administrator. Raises PortViewError.

    Each is compared again with what the person saw, by the elevated process itself. Blocks for as
    long as the person takes to answer the system's prompt; a refusal there is the error
    "elevation_cancelled".
    """
    errand = Errand(ErrandVerb.STOP, tuple(seen), round(grace_s * 1000), force)
    answer = run_elevated(errand, cancel)
    try:
        results = tuple(_result(values) for values in answer["results"])
    except (KeyError, TypeError, ValueError) as error:
        raise no_answer() from error
    if [result.process for result in results] != [one.key for one in seen]:
        raise no_answer()
    return results


def run_elevated(errand: Errand, cancel: CancelToken | None = None) -> dict[str, Any]:
    """Have an errand done as administrator and return the answer. Raises PortViewError."""
    if sys.platform == "win32":
        from portview.actions.windows_elevation import ask_windows  # noqa: PLC0415

        raw = ask_windows(errand.arguments(), cancel)
    else:
        from portview.actions.unix_elevation import ask_polkit  # noqa: PLC0415

        raw = ask_polkit(errand, cancel)
    return read_answer(raw)


def read_answer(raw: bytes) -> dict[str, Any]:
    """Take an answer apart; an error that it carries is raised as PortViewError."""
    try:
        answer = json.loads(raw)
        outcome = Outcome(answer["outcome"])
        error = answer.get("error")
        if error is None:
            return dict(answer)
        problem = PortViewError(
            str(error["code"]), str(error["message"]), str(error["hint"]), outcome
        )
    except (KeyError, TypeError, ValueError, AttributeError) as reason:
        raise no_answer() from reason
    raise problem


def manual_command(errand: Errand) -> str:
    """Return what a person can type instead, in this system's own way."""
    lines = [[*own_command(), *words] for words in _commands(errand)]
    if sys.platform == "win32":
        return " & ".join(subprocess.list2cmdline(line) for line in lines)
    return " && ".join(shlex.join(["sudo", *line]) for line in lines)


def command_for_administrator(arguments: Sequence[str]) -> str:
    """Say how the same command is run as administrator in this system's own way."""
    if sys.platform == "win32":
        return "The same command works in a terminal that was opened as administrator."
    return f"As administrator: {shlex.join(['sudo', *own_command(), *arguments])}"


def _commands(errand: Errand) -> Iterator[list[str]]:
    if errand.verb is ErrandVerb.STOP:
        for key in (one.key for one in errand.processes):
            started = iso_time(key.started_ms) or ""
            force = ["--force"] if errand.force else []
            yield ["end", str(key.pid), "--started", started, *force]
    elif errand.verb is ErrandVerb.CLOSE:
        yield ["close", endpoint_text(errand.local), endpoint_text(errand.remote)]
    elif errand.verb is ErrandVerb.HOLDERS:
        yield ["free", str(errand.port), "--proto", errand.protocol.value]
    elif errand.verb in {ErrandVerb.SUSPEND, ErrandVerb.RESUME}:
        for key in (one.key for one in errand.processes):
            yield [errand.verb.value, str(key.pid), "--started", iso_time(key.started_ms) or ""]
    elif errand.wish is not None:
        # Rules are loaded with the first errand about one.
        from portview.actions.firewall_wishes import command_words  # noqa: PLC0415

        yield command_words(errand.wish)
    elif errand.rule_ids:
        for rule_id in errand.rule_ids:
            yield ["firewall", "revoke", "--id", rule_id]
    else:
        yield ["service", errand.verb.value.partition("-")[0], errand.service]


def _result(values: dict[str, Any]) -> StopResult:
    return StopResult(
        ProcessKey(int(values["pid"]), int(values["started_ms"])),
        Ending(values["ending"]),
        Asking(values["asked"]),
        int(values["after_ms"]),
        str(values["detail"]),
    )


def no_answer() -> PortViewError:
    """Return the error for an answer that can't be understood."""
    return PortViewError(
        "no_answer",
        "The errand as administrator gave no answer that can be understood.",
        "Look again at what is true now; the log may tell more.",
        Outcome.NOT_DONE,
    )
