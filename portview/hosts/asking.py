"""Asks PortView on other machines, over the system's ssh with its keys and known hosts as they are.

A machine that can't be asked, or whose answer is none, is unknown with the reason, never empty.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import inert
from portview.hosts.remote_words import remote_words
from portview.i18n import _
from portview.private_files import is_roots
from portview.readers.bounded_program import TooMuchOutputError, run_bounded
from portview.readers.system_tools import find_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

AT_ONCE = 8
TIME_LIMIT_S = 20.0
REMOTE_COMMAND_VARIABLE = "PORTVIEW_REMOTE_COMMAND"
"""Names how PortView is called on the other machines, as their shell reads it."""

_MAX_ANSWER_BYTES = 24_000_000
_CONNECT_S = 10
_SSH_FAILED = 255
_NOT_FOUND = frozenset({126, 127, 9009})
NO_WINDOW = getattr(subprocess, "CREATENO_WINDOW", 0)
_ANSWERS = frozenset({Outcome.DONE, Outcome.NOT_DONE, Outcome.NEEDS_ADMIN})
_LONGEST_REASON = 300

SSH_OPTIONS = (
    "-T",
    *("-o", "BatchMode=yes"),
    *("-o", f"ConnectTimeout={_CONNECT_S}"),
    *("-o", "ServerAliveInterval=5"),
    *("-o", "ServerAliveCountMax=2"),
)
"""Never a question, never a wait without end; nothing that weakens what the person configured."""


class HostAnswer(NamedTuple):
    """What one machine answered; ``reason`` says why it is unknown, else it is empty."""

    host: str
    reason: str = ""
    code: int = 0
    document: dict[str, Any] | None = None
    text: str = ""

    @property
    def is_known(self) -> bool:
        """Return whether the machine answered."""
        return not self.reason


def find_ssh() -> str:
    """Return the ssh of this system. Raises PortViewError where there is none.

    The person's PATH decides, as in their shell; for root only where root alone fills its folder.
    """
    found = shutil.which("ssh")
    if (
        found is not None
        and sys.platform != "win32"
        and os.geteuid() == 0
        and not is_roots(Path(found).absolute().parent)
    ):
        found = find_tool("ssh")
    if found is None and sys.platform == "win32":
        from portview.readers.windows.system_programs import (  # noqa: PLC0415 - Windows only
            system_program,
        )

        candidate = system_program("OpenSSH\\ssh.exe")
        found = str(candidate) if candidate.exists() else None
    if found is None:
        raise PortViewError(
            "no_ssh",
            _("ssh is missing, through which other machines are asked."),
            _("Install the OpenSSH client; on Windows it is an optional feature."),
            Outcome.NOT_DONE,
        )
    return found


def remote_command(arguments: Sequence[str]) -> str:
    """Return the command for the other machine's shell, whichever that is."""
    program = os.environ.get(REMOTE_COMMAND_VARIABLE) or "portview"
    return f"{program} {remote_words(arguments)}"


def ask_hosts(
    hosts: Sequence[str],
    arguments: Sequence[str],
    read: Callable[[HostAnswer], HostAnswer],
    *,
    time_limit_s: float = TIME_LIMIT_S,
) -> Iterator[HostAnswer]:
    """Yield the answer of each host, in their order. ``read`` judges what came, on the threads.

    Raises PortViewError where ssh is missing.
    """
    ssh = find_ssh()
    command = remote_command(arguments)

    def ask(host: str) -> HostAnswer:
        return read(_ask(ssh, host, command, time_limit_s))

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="host") as pool:
        yield from pool.map(ask, hosts)


def _ask(ssh: str, host: str, command: str, time_limit_s: float) -> HostAnswer:
    try:
        end = run_bounded(
            [ssh, *SSH_OPTIONS, "--", host, command],
            timeout_s=time_limit_s,
            max_bytes=_MAX_ANSWER_BYTES,
            creationflags=NO_WINDOW,
        )
    except subprocess.TimeoutExpired:
        return HostAnswer(host, _("no answer within {limit:.0f} s").format(limit=time_limit_s))
    except TooMuchOutputError:
        return HostAnswer(host, _("its answer is longer than any of PortView's"))
    except OSError as error:
        return HostAnswer(host, f"ssh: {error.strerror or error}")  # untranslated: a tool's words
    said = _last_line(end.error)
    if end.code == _SSH_FAILED or end.code < 0:
        return HostAnswer(host, said or _("ssh could not connect"))
    if end.code in _NOT_FOUND:
        return HostAnswer(host, _("PortView is not found there: {said}").format(said=said))
    return HostAnswer(host, "", end.code, None, end.output.decode("utf-8", "replace"))


def as_document(answer: HostAnswer, key: str, kind: type = list) -> HostAnswer:
    """Read an answer as the JSON document that has ``key``; what is none makes it unknown.

    ``kind`` is the type of what the key names.
    """
    if not answer.is_known:
        return answer
    try:
        document = json.loads(answer.text)
    except (ValueError, RecursionError):
        return answer._replace(reason=_("its answer is no JSON document"), text="")
    answer = answer._replace(text="")
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, dict) and key not in document:
        said = inert(str(error.get("message", "")), _LONGEST_REASON)
        return answer._replace(reason=said or _("PortView failed there"))
    if not isinstance(document, dict) or not isinstance(document.get(key), kind):
        return answer._replace(reason=_("its answer is not what was requested"))
    if answer.code not in _ANSWERS:
        return answer._replace(reason=_("it ended with code {code}").format(code=answer.code))
    return answer._replace(document=document)


def as_text(answer: HostAnswer) -> HostAnswer:
    """Take an answer as lines for people."""
    if answer.is_known and answer.code not in _ANSWERS:
        said = _last_line(answer.text.encode()) or _("PortView failed there")
        return answer._replace(reason=said)
    return answer


def hosts_document(answers: Iterable[HostAnswer]) -> dict[str, Any]:
    """Return the document of all: unknown hosts have a reason and nothing else."""
    return {
        "hosts": [
            {
                "host": one.host,
                "state": "known" if one.is_known else "unknown",
                "reason": one.reason or None,
                **{
                    name: value
                    for name, value in (one.document or {}).items()
                    if one.is_known and name not in {"host", "state", "reason"}
                },
            }
            for one in answers
        ]
    }


def _last_line(text: bytes) -> str:
    lines = [line for line in text.decode("utf-8", "replace").splitlines() if line.strip()]
    return inert(lines[-1].strip(), _LONGEST_REASON) if lines else ""
