"""What a process comes from: its ancestors, its terminal, what the machine starts by itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import psutil

from portview.domain.owners.origin import Origin, OriginKind
from portview.readers.process_details import read_terminal
from portview.readers.restarters import is_typed_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.domain.owners.process import ProcessInfo

_CRON = frozenset({"anacron", "cron", "crond", "fcron"})
_SSH = frozenset({"sshd", "sshd-session", "dropbear"})
_DESKTOPS = frozenset(
    {
        "cinnamon-session", "explorer", "gnome-session-binary", "gnome-session-b", "gnome-shell",
        "lxqt-session", "lxsession", "mate-session", "plasmashell", "startplasma-wayland",
        "startplasma-x11", "xfce4-session",
    }
)  # fmt: skip


def started_by(info: ProcessInfo, ancestors: Sequence[ProcessInfo]) -> Origin | None:
    """Return what a process comes from, beside services and containers; None where unknown.

    ``ancestors`` are true ones, the nearest first. Reads files or the registry; never raises.
    """
    line = [info, *ancestors]
    if sys.platform == "win32":
        return _of_windows(line) or _by_ancestors(line)
    return _by_cron(line) or _by_autostart(line) or _by_ancestors(line)


def _by_cron(line: Sequence[ProcessInfo]) -> Origin | None:
    """Return the cron job that started the nearest ancestor below cron."""
    for place, each in enumerate(line[1:], 1):
        if _name(each) not in _CRON:
            continue
        # cron forks for each job, and the fork has the same name.
        below = line[place - 1]
        from portview.readers.origins.crontabs import find_job, read_jobs  # noqa: PLC0415 - rarely

        job = find_job(read_jobs(), below.command_line or ())
        if job is None:
            return Origin(OriginKind.CRON, below.user or "?", source=_name(each))
        return Origin(OriginKind.CRON, job.user, job.schedule, job.source, starts_again=True)
    return None


def _by_autostart(line: Sequence[ProcessInfo]) -> Origin | None:
    """Return the autostart entry that runs the same command, where no shell stands between."""
    if any(is_typed_in(each) for each in line[1:]):
        return None
    from portview.readers.origins.autostart import find_entry, read_entries  # noqa: PLC0415 - rarely

    entries = read_entries(_home_of(line[0].pid))
    for each in line:
        if not each.command_line:
            continue
        entry = find_entry(entries, each.executable or "", each.command_line)
        if entry is not None:
            return Origin(OriginKind.AUTOSTART, entry.name, source=entry.source, starts_again=True)
    return None


def _of_windows(line: Sequence[ProcessInfo]) -> Origin | None:
    from portview.readers.origins.run_keys import (  # noqa: PLC0415 - Windows only
        find_run_entry,
        read_run_entries,
    )
    from portview.readers.origins.windows_tasks import find_task, read_tasks_of_system  # noqa: PLC0415

    if any(is_typed_in(each) for each in line[1:]):
        return None
    tasks = read_tasks_of_system()
    entries = tuple(read_run_entries())
    for each in line:
        words, executable = each.command_line or (), each.executable or ""
        task = find_task(tasks, executable, words) if words else None
        if task is not None:
            how = ", ".join(task.triggers)
            return Origin(
                OriginKind.SCHEDULED_TASK, task.path, how, starts_again=bool(task.triggers)
            )
        entry = find_run_entry(entries, executable, words) if words else None
        if entry is not None:
            return Origin(OriginKind.AUTOSTART, entry.name, source=entry.source, starts_again=True)
    return None


def _by_ancestors(line: Sequence[ProcessInfo]) -> Origin | None:
    shell = next((each for each in line[1:] if is_typed_in(each)), None)
    session = next((each for each in line[1:] if _name(each) in _SSH), None)
    terminal = read_terminal(line[0].pid)
    if session is not None:
        user = (shell or line[0]).user or ""
        return Origin(OriginKind.REMOTE_SESSION, user, terminal or "")
    if shell is not None and (terminal or sys.platform == "win32"):
        return Origin(
            OriginKind.TERMINAL, terminal or _name(shell), _name(shell) if terminal else ""
        )
    desktop = next((each for each in line[1:] if _name(each) in _DESKTOPS), None)
    if desktop is not None:
        return Origin(OriginKind.DESKTOP, line[0].user or "", _name(desktop))
    return None


def _name(info: ProcessInfo) -> str:
    return (info.name or "").lower().removesuffix(".exe")


def _home_of(pid: int) -> str:
    """Return the home folder of a process's user, as the system lists it."""
    if sys.platform == "win32":
        return ""
    import pwd  # noqa: PLC0415 - not on Windows

    try:
        return pwd.getpwuid(psutil.Process(pid).uids().real).pw_dir
    except (psutil.Error, KeyError):
        return ""
