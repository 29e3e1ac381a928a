"""Hears what systemd says about its units, by way of ``journalctl --follow``.

Only what systemd itself logs about the units that are asked for is read; a line of the journal is
never interpreted beyond the name of its unit. Whoever may not read the journal hears nothing.
"""

from __future__ import annotations

import json
import logging
import subprocess
import threading
from typing import TYPE_CHECKING

from portview.readers.system_tools import find_tool, tool_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

logger = logging.getLogger(__name__)

_LONGEST_LINE = 65_536
_END_S = 2.0
_SUFFIXES = (".service", ".socket", ".mount", ".timer", ".target", ".scope", ".slice", ".path")


class JournalEvents:
    """One ``journalctl`` and the thread that reads it. Ends by itself where journalctl does."""

    def __init__(
        self, program: str, names: Collection[str], on_event: Callable[[str], None]
    ) -> None:
        """Start it. Raises OSError."""
        self._names = {unit_name(name): name for name in names}
        self._on_event = on_event
        units = sorted(self._names)
        # Matches of one field are alternatives; "+" joins what the user's own systemd says.
        matches = [
            "_PID=1", *(f"UNIT={unit}" for unit in units), "+",
            "_COMM=systemd", *(f"USER_UNIT={unit}" for unit in units),
        ]  # fmt: skip
        self._process = subprocess.Popen(  # noqa: S603 - the system's own program
            [
                program, "--follow", "--lines=0", "--output=json",
                "--output-fields=UNIT,USER_UNIT", "--no-pager", *matches,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=tool_environment(),
        )  # fmt: skip
        self._thread = threading.Thread(target=self._read, name="journal", daemon=True)
        self._thread.start()

    @classmethod
    def follow(
        cls, names: Collection[str], on_event: Callable[[str], None]
    ) -> JournalEvents | None:
        """Start to follow; None where there is no journalctl. Raises OSError."""
        program = find_tool("journalctl")
        return None if program is None else cls(program, names, on_event)

    def close(self) -> None:
        """End journalctl and the thread."""
        self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(_END_S)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        while line := stream.readline(_LONGEST_LINE):
            name = self._names.get(_unit_of(line))
            if name is not None:
                self._on_event(name)


def unit_name(name: str) -> str:
    """Return the full name of a unit: one without a kind is a service."""
    return name if name.endswith(_SUFFIXES) else f"{name}.service"


def _unit_of(line: bytes) -> str:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(entry, dict):
        return ""
    unit = entry.get("UNIT") or entry.get("USER_UNIT")
    return unit if isinstance(unit, str) else ""
