"""A process that was stopped, as the record keeps it and as it may be started again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.owners.process import ProcessKey

if TYPE_CHECKING:
    from portview.domain.owners.process_rights import ProcessRights


@dataclass(frozen=True, slots=True)
class StoppedProcess:
    """A process that was stopped, with all that is needed to start it again; None if unknown.

    ``ending`` is a value of ``Ending``, or "suspended" or "resumed". ``rights`` are those that it
    ran with, by which it is decided whether PortView may start it; ``user`` is for showing only.
    """

    pid: int
    started_ms: int
    ending: str
    name: str | None = None
    executable: str | None = None
    command_line: tuple[str, ...] | None = None
    working_directory: str | None = None
    user: str | None = None
    rights: ProcessRights | None = None

    @property
    def key(self) -> ProcessKey:
        """Return the identity that the process had."""
        return ProcessKey(self.pid, self.started_ms)
