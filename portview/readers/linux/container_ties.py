"""Whether a process has anything to do with containers, or is only named as their runtimes are."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from portview.domain.facts import Absent, Fact, Known, Remedy, Unreadable
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMESPACES = ("user", "mnt", "pid", "net")
"""What containers are made of (namespaces(7))."""
_TUNNEL = "/dev/net/tun"
"""What carries a rootless container's network: slirp4netns and pasta hold it open."""


def container_tie(pid: int, descendants: Iterable[int]) -> Fact[str]:
    """Return what ties a process to containers; ``Absent`` where nothing does.

    It, or what it started, runs in other namespaces than PortView, or it carries a network tunnel.
    """
    if sys.platform != "linux":
        return Unreadable(_("this system does not say what it does for containers"))
    try:
        found = _tie_of(pid, descendants)
    except PermissionError:
        return Unreadable(_("its namespaces can't be read"), Remedy.ADMINISTRATOR)
    except OSError:
        return Unreadable(_("it ended while it was read"), Remedy.RETRY)
    return Known(found) if found else Absent()


def _tie_of(pid: int, descendants: Iterable[int]) -> str:
    own = _namespaces("self")
    if _namespaces(pid) != own:
        return _("it runs in its own namespaces")
    for child in descendants:
        try:
            if _namespaces(child) != own:
                return _("what it started runs in its own namespaces")
        except (FileNotFoundError, ProcessLookupError):
            continue  # It ended meanwhile.
    if any(_target(entry) == _TUNNEL for entry in Path(f"/proc/{pid}/fd").iterdir()):
        return _("it carries a network tunnel")
    return ""


def _namespaces(pid: int | str) -> list[str]:
    return [os.readlink(f"/proc/{pid}/ns/{kind}") for kind in _NAMESPACES]  # noqa: PTH115


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except FileNotFoundError:
        return ""
