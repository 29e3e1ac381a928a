"""Cron jobs, by which a process that cron started is found again (crontab(5)).

Only the schedule, the user and the file are handed on: a command may hold a secret.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SYSTEM = ("/etc/crontab", "/etc/cron.d/*")
_OF_USERS = ("/var/spool/cron/crontabs/*", "/var/spool/cron/*")
"""Debian's folder of the users' crontabs, and that of others. Readable for root."""

_MOST_BYTES = 256 * 1024
_MOST_FILES = 200
_MOST_LINES = 5000
_FIELDS = 5
_VARIABLE = re.compile(r"[A-Za-z_\"'][\w\"']*\s*=")
_SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh"})


class CronJob(NamedTuple):
    """One line of a crontab; ``command`` is what cron hands to the shell."""

    schedule: str
    user: str
    command: str
    source: str


def read_crontab(text: str, source: str, user: str = "") -> Iterator[CronJob]:
    """Yield the jobs of a crontab; one of the system names the user in each line. Pure."""
    for line in text.splitlines()[:_MOST_LINES]:
        entry = line.strip()
        if not entry or entry.startswith("#") or _VARIABLE.match(entry):
            continue
        count = 1 if entry.startswith("@") else _FIELDS
        parts = entry.split(None, count if user else count + 1)
        if len(parts) < (count + 1 if user else count + 2):
            continue
        schedule = " ".join(parts[:count])
        yield CronJob(schedule, user or parts[count], _command(parts[-1]), source)


def _command(text: str) -> str:
    """Return what is run: up to the first bare ``%``, behind which the standard input stands."""
    run = re.split(r"(?<!\\)%", text, maxsplit=1)[0]
    return run.replace("\\%", "%").strip()


def find_job(jobs: Sequence[CronJob], command_line: Sequence[str]) -> CronJob | None:
    """Return the one job that a process below cron carries out, None where none or several do.

    cron runs ``sh -c COMMAND``; a shell that has one command only becomes that command. Pure.
    """
    words = list(command_line)
    is_shell = len(words) == 3 and words[1] == "-c" and words[0].rpartition("/")[2] in _SHELLS  # noqa: PLR2004 - sh -c COMMAND
    wanted = words[2].strip() if is_shell else None
    found = {job for job in jobs if job.command == wanted or _words(job.command) == words}
    return found.pop() if len(found) == 1 else None


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command.removeprefix("exec "))
    except ValueError:
        return []


def read_jobs() -> tuple[CronJob, ...]:
    """Return all jobs that may be read here. Never raises."""
    jobs: list[CronJob] = []
    for patterns, is_of_user in ((_SYSTEM, False), (_OF_USERS, True)):
        files = [path for pattern in patterns for path in sorted(Path("/").glob(pattern[1:]))]
        for path in files[:_MOST_FILES]:
            try:
                with path.open("rb") as file:
                    text = file.read(_MOST_BYTES).decode("utf-8", "replace")
            except OSError:
                continue
            jobs += read_crontab(text, str(path), path.name if is_of_user else "")
    return tuple(jobs)
