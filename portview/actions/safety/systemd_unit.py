"""From a process's control group to the systemd service that it is, or merely runs in. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

_USER_MANAGER = re.compile(r"user@(\d+)\.service")
_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.\\@-]{1,255}")


class Unit(NamedTuple):
    """A systemd service; ``user_id`` is set for one of a user's own manager."""

    name: str
    user_id: int | None = None


def is_unit_name(name: str) -> bool:
    """Return whether a text can be the name of a unit (systemd.unit(5)) and no option."""
    return bool(_UNIT_NAME.fullmatch(name)) and not name.startswith("-")


def unit_of_cgroups(text: str) -> Unit | None:
    """Return the innermost service that /proc/PID/cgroup names, None for a scope or none.

    Programs that the desktop started are no services to anyone, though systemd runs some of them
    as such: "app-NAME@ID.service" (systemd's desktop conventions).
    """
    for line in text.splitlines():
        parts = line.split(":", 2)[-1].split("/")
        inner = [part for part in parts if part.endswith((".service", ".scope"))]
        if not inner:
            continue
        name = inner[-1]
        is_service = name.endswith(".service") and is_unit_name(name)
        if not is_service or name.startswith(("app-", "user@")):
            continue
        managers = [match for part in inner[:-1] if (match := _USER_MANAGER.fullmatch(part))]
        return Unit(name, int(managers[-1][1]) if managers else None)
    return None


def is_the_service(*, terminal: int, main_terminal: int | None) -> bool:
    """Return whether a process in a service's control group is the service itself.

    A person's shell inside an editor or a notebook server that runs as a service stays in its
    control group, as does the program started there; but they have a terminal of their own.
    ``terminal`` is the device number, 0 for none; ``main_terminal`` that of the main process, None
    if there is no main process.
    """
    return terminal == (main_terminal or 0)
