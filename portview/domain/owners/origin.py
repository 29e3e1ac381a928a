"""Why a process runs: what started it, and what starts it the next time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.domain.facts import Fact, Known, Unreadable
from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from portview.domain.owners.restarters import Restarter

_LONGEST = 100


class OriginKind(StrEnum):
    """What a process comes from; the value is stable for JSON."""

    SERVICE = "service"
    CONTAINER = "container"
    SCHEDULED_TASK = "scheduled_task"
    CRON = "cron_job"
    AUTOSTART = "autostart"
    TERMINAL = "terminal"
    REMOTE_SESSION = "remote_session"
    DESKTOP = "desktop_session"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a process comes from. Every text comes from the machine and is untrusted.

    ``name`` is the service, the task, the container, the entry, the terminal or the user. ``how``
    is when it is started, in the words of what starts it ("enabled", "*/5 * * * *"); ``source``
    the file or the key that says so. None of them holds a command. ``starts_again`` says that the
    same starts it at the next occasion.
    """

    kind: OriginKind
    name: str
    how: str = ""
    source: str = ""
    starts_again: bool = False


def describe_origin(origin: Origin | None, restarted_by: Fact[Restarter]) -> str:
    """Return in one line why a process runs, and what starts it again."""
    parts = [_reason(origin) if origin else "", _again(origin, restarted_by)]
    return " ".join(part for part in parts if part)


def _reason(origin: Origin) -> str:
    words = {
        "name": inert(origin.name, _LONGEST),
        "how": inert(origin.how, _LONGEST),
        "source": inert(origin.source, _LONGEST),
    }
    template = _WITH_HOW[origin.kind]() if origin.how else _PLAIN[origin.kind]()
    return template.format(**words)


_PLAIN = {
    OriginKind.SERVICE: lambda: _("It runs as the service {name}."),
    OriginKind.CONTAINER: lambda: _("It runs in the container {name}."),
    OriginKind.SCHEDULED_TASK: lambda: _("The scheduled task {name} starts it."),
    OriginKind.CRON: lambda: _("A cron job of {name} started it ({source})."),
    OriginKind.AUTOSTART: lambda: _("It is started at log-in by {name} ({source})."),
    OriginKind.TERMINAL: lambda: _("It was started in the terminal {name}."),
    OriginKind.REMOTE_SESSION: lambda: _("It was started over SSH by {name}."),
    OriginKind.DESKTOP: lambda: _("It was started in the desktop session of {name}."),
}
_WITH_HOW = {
    OriginKind.SERVICE: lambda: _("It runs as the service {name} ({how})."),
    OriginKind.CONTAINER: lambda: _("It runs in the container {name}."),
    OriginKind.SCHEDULED_TASK: lambda: _("The scheduled task {name} starts it ({how})."),
    OriginKind.CRON: lambda: _("A cron job of {name} started it ({how}, {source})."),
    OriginKind.AUTOSTART: lambda: _("It is started at log-in by {name} ({how}, {source})."),
    OriginKind.TERMINAL: lambda: _("It was started in the terminal {name}, from {how}."),
    OriginKind.REMOTE_SESSION: lambda: _("It was started over SSH by {name}, in {how}."),
    OriginKind.DESKTOP: lambda: _("It was started in the desktop session of {name}, from {how}."),
}


def _again(origin: Origin | None, restarted_by: Fact[Restarter]) -> str:
    if origin is not None and origin.kind is OriginKind.CONTAINER and origin.starts_again:
        how = inert(origin.how, _LONGEST)
        return _("When the container ends, its engine starts it again ({how}).").format(how=how)
    if isinstance(restarted_by, Unreadable):
        reason = inert(str(restarted_by.reason), 2 * _LONGEST)
        return _("Whether something starts it again is unknown: {reason}").format(reason=reason)
    if isinstance(restarted_by, Known):
        return _restarter_words(restarted_by.value)
    # A desktop also starts what lies in folders and lists of its own that PortView does not read.
    if origin is None or origin.kind is OriginKind.DESKTOP:
        return _("When it ends, nothing is known that starts it again.")
    if origin.starts_again:
        return _("When it ends, nothing starts it again before the next time.")
    return _("When it ends, nothing starts it again.")


def _restarter_words(again: Restarter) -> str:
    name, how = inert(again.name, _LONGEST), inert(again.how, _LONGEST)
    if not again.is_certain:
        return _("When it ends, {name} may start it again.").format(name=name)
    if how:
        return _("When it ends, {name} starts it again ({how}).").format(name=name, how=how)
    return _("When it ends, {name} starts it again.").format(name=name)
