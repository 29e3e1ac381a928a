"""The command with which an administrator does by hand what PortView may not."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

from portview.actions.elevation.request import ElevatedOperation
from portview.actions.own_command import elevated_command
from portview.domain.json_schema import iso_time
from portview.domain.sockets.socket_row import endpoint_text
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portview.actions.elevation.request import ElevatedRequest


def manual_command(elevated_request: ElevatedRequest) -> str:
    """Return what a person can type instead, in this system's own way."""
    if elevated_request.setting is not None:
        from portview.actions.specs.setting_command import command_of  # noqa: PLC0415 - when wanted

        commands = [list(command_of(elevated_request.setting)[1:])]
    else:
        commands = list(_commands(elevated_request))
    lines = [[*elevated_command(), *words] for words in commands]
    if sys.platform == "win32":
        return " & ".join(subprocess.list2cmdline(line) for line in lines)
    return " && ".join(shlex.join(["sudo", *line]) for line in lines)


def command_for_administrator(arguments: Sequence[str]) -> str:
    """Return how the same command is run as administrator in this system's own way."""
    if sys.platform == "win32":
        return _("The same command works in a terminal that was opened as administrator.")
    return _("As administrator: {value}").format(
        value=shlex.join(["sudo", *elevated_command(), *arguments])
    )


def _commands(elevated_request: ElevatedRequest) -> Iterator[list[str]]:
    if elevated_request.verb is ElevatedOperation.STOP:
        for key in (one.key for one in elevated_request.processes):
            started = iso_time(key.started_ms) or ""
            force = ["--force"] if elevated_request.force else []
            yield ["end", str(key.pid), "--started", started, *force]
    elif elevated_request.verb is ElevatedOperation.CLOSE:
        yield [
            "close",
            endpoint_text(elevated_request.local),
            endpoint_text(elevated_request.remote),
        ]
    elif elevated_request.verb is ElevatedOperation.HOLDERS:
        yield ["free", str(elevated_request.port), "--proto", elevated_request.protocol.value]
    elif elevated_request.verb in {ElevatedOperation.SUSPEND, ElevatedOperation.RESUME}:
        for key in (one.key for one in elevated_request.processes):
            yield [
                elevated_request.verb.value,
                str(key.pid),
                "--started",
                iso_time(key.started_ms) or "",
            ]
    elif elevated_request.rule_spec is not None:
        # Rules are loaded with the first elevated request about one.
        from portview.actions.specs.rule_spec import rule_command  # noqa: PLC0415

        yield rule_command(elevated_request.rule_spec)
    elif elevated_request.rule_ids:
        for rule_id in elevated_request.rule_ids:
            yield ["firewall", "revoke", "--id", rule_id]
    else:
        yield ["service", elevated_request.verb.value.partition("-")[0], elevated_request.service]
