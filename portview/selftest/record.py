"""Makes the record: every section on its own, so that one that fails keeps nothing else away."""

# untranslated file: a record for developers
from __future__ import annotations

import sys
import time
import traceback
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any

from portview import __version__
from portview.domain.errors import PortViewError
from portview.i18n import _
from portview.readers.windows.system_programs import windows_folder
from portview.selftest.bind_matrix import bind_matrix, differences
from portview.selftest.connection import read_own_connection
from portview.selftest.modules import read_modules
from portview.selftest.netsh_output import read_netsh
from portview.selftest.redaction import Redactor
from portview.selftest.structures import read_structures
from portview.selftest.system import is_wine, read_rights, read_system
from portview.selftest.tables import read_snapshots, read_tables
from portview.selftest.windows_state import (
    read_firewall,
    read_helper,
    read_services,
    read_threads,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = 1
_LIMIT_S = 60.0
_DEEPEST = 4
_SYSTEM_FOLDERS = ("/usr", "/lib", "/lib64", "/opt")


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a record. ``is_for_windows`` ones are absent elsewhere."""

    name: str
    read: Callable[[Redactor], dict[str, Any]]
    is_for_windows: bool = False


def _read_bind_matrix(_redactor: Redactor) -> dict[str, Any]:
    matrix = bind_matrix()
    # Wine binds as Linux does.
    is_windows = sys.platform == "win32" and not is_wine()
    return {"matrix": matrix, "differs": differences(matrix) if is_windows else None}


SECTIONS = (
    Section("system", read_system),
    Section("rights", read_rights),
    Section("structures", read_structures, is_for_windows=True),
    Section("tables", read_tables),
    Section("snapshots", read_snapshots),
    Section("own_connection", read_own_connection),
    Section("bind_matrix", _read_bind_matrix),
    Section("services", read_services, is_for_windows=True),
    Section("threads", read_threads, is_for_windows=True),
    Section("firewall", read_firewall, is_for_windows=True),
    Section("netsh", read_netsh, is_for_windows=True),
    Section("elevated_helper", read_helper, is_for_windows=True),
    Section("modules", read_modules),
)


def make_record(
    on_section: Callable[[str], None] = lambda _name: None,
    sections: tuple[Section, ...] = SECTIONS,
    redactor: Redactor | None = None,
) -> dict[str, Any]:
    """Read every section and return the record: plain values, redacted. Blocks for some seconds.

    Each section has ``status``, which is "read", "absent" (not a part of this system), "failed" or
    "late"; ``took_ms``; and ``data`` or ``problem``. ``on_section`` hears which one begins.
    """
    own = redactor or Redactor(kept_folders=_kept_folders())
    read: dict[str, Any] = {}
    for section in sections:
        on_section(section.name)
        read[section.name] = _bounded(section, own)
    return {"schema": SCHEMA, "portview": __version__, "sections": read}


def problems_of(record: dict[str, Any]) -> list[str]:
    """Return what a record shows that is not as PortView takes it to be, in sentences."""
    found = []
    for name, section in record["sections"].items():
        if section["status"] in {"failed", "late"}:
            found.append(f"{name}: {section['problem']}")
    data = {name: one.get("data") or {} for name, one in record["sections"].items()}
    own = data.get("own_connection", {})
    if own and not (own["is_complete"] and own["all_owned_by_us"]):
        found.append(_("own_connection: PortView's own sockets are not listed as its own."))
    cells = data.get("bind_matrix", {}).get("differs") or ()
    found += [f"bind_matrix: {cell}" for cell in cells]
    if any(data.get("threads", {}).get("suspend_counts", ())):
        found.append(_("threads: a thread of PortView's own counts as suspended."))
    return found


def _bounded(section: Section, redactor: Redactor) -> dict[str, Any]:
    """Read one section on a thread of its own, which nobody waits for longer than it may take."""
    if section.is_for_windows and sys.platform != "win32":
        return {"status": "absent", "took_ms": 0}
    result: dict[str, Any] = {}

    def read() -> None:
        try:
            result.update(status="read", data=section.read(redactor))
        except Exception as error:  # noqa: BLE001 - whatever fails is what the record is for
            result.update(status="failed", problem=_described(error, redactor))

    started = time.monotonic()
    thread = Thread(target=read, name=f"selftest {section.name}", daemon=True)
    thread.start()
    thread.join(_LIMIT_S)
    took_ms = round((time.monotonic() - started) * 1000, 1)
    if thread.is_alive():
        problem = _("It did not end within {limit_s:.0f} s.").format(limit_s=_LIMIT_S)
        return {"status": "late", "took_ms": took_ms, "problem": problem}
    return {**result, "took_ms": took_ms}


def _described(error: Exception, redactor: Redactor) -> str:
    """Return what failed and where in PortView's own code."""
    frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST:]
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    text = error.message if isinstance(error, PortViewError) else str(error)
    code = getattr(error, "winerror", None)
    number = f" ({code})" if code else ""
    return redactor.text(f"{type(error).__name__}{number}: {text} [{places}]")


def _kept_folders() -> tuple[str, ...]:
    if sys.platform == "win32":
        return (str(windows_folder()),)
    return _SYSTEM_FOLDERS
