"""Where an action stands while it stops something: one step after the other. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from math import ceil

from portview.i18n import _, ngettext


class Stage(Enum):
    """What is being done, in this order; some are left out.

    CHECKED: every process is still what the person saw. ASKED: each was asked to close. WAITING:
    for those that still run. ENDING: what still runs is ended. PROVING: looks again, and binds.
    """

    CHECKED = auto()
    ASKED = auto()
    WAITING = auto()
    ENDING = auto()
    PROVING = auto()


@dataclass(frozen=True, slots=True)
class ActionStep:
    """One step. ``count`` processes are meant; ``left_s`` is how long is still waited for them."""

    stage: Stage
    count: int = 1
    left_s: float = 0.0

    @property
    def sentence(self) -> str:
        """Return the step in words."""
        count = self.count
        match self.stage:
            case Stage.CHECKED:
                return _("Checked: still what you saw")
            case Stage.ASKED:
                return ngettext(
                    "Asked to close", "Asked {count:,} processes to close", count
                ).format(count=count)
            case Stage.WAITING:
                return ngettext(
                    "Waiting for it, {seconds} s left",
                    "Waiting for {count:,} processes, {seconds} s left",
                    count,
                ).format(count=count, seconds=ceil(self.left_s))
            case Stage.ENDING:
                return ngettext(
                    "Ending it, because it still runs",
                    "Ending {count:,} processes that still run",
                    count,
                ).format(count=count)
            case Stage.PROVING:
                return _("Checking again")
