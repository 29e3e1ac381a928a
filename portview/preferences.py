"""What a person has set, as typed values with defaults; each damaged value falls back on its own.

The settings file keeps JSON values by name (``portview.settings``). Which names there are,
what each may hold and what holds without it is decided here alone. A tool window's own values (its
size, what was typed last) belong to that window and are read through ``Settings.get``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

INTERVALS_MS = (500, 1000, 2000, 5000, 10_000)
"""How often the table may be refreshed, in milliseconds."""

HIGHLIGHTS_MS = (0, 1000, 3000, 10_000, 30_000)
"""How long closed rows and the marks of new ones may stay, in milliseconds."""

THEMES = ("system", "light", "dark", "high-contrast")
LANGUAGES = ("system", "en", "zh_CN", "de")
"""Names of catalogues; "system" is what the system's language asks for."""

LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("warning", "info", "debug")
SCOPES = ("listening", "connections", "udp", "all")
HISTORY_DAYS = (1, 7, 30, 90, 180, 365, 730)
"""For how many days history may be kept."""

HISTORY_MB = (20, 50, 100, 200, 500, 1000, 2000)
"""How large the file of history may become, in megabytes."""

_MAX_COORDINATE = 32_767


@dataclass(frozen=True, slots=True)
class Preferences:
    """Every setting of the main window. Field names are those of the settings file."""

    scope: str = "listening"
    interval_ms: int = 1000
    linger_ms: int = 3000
    theme: str = "system"
    window: str = ""
    """Qt's own description of the window's place and size, in base64."""
    tray: bool = False
    close_to_tray: bool | None = None
    """None until the person was asked."""
    views: tuple[Any, ...] = ()
    """Saved views as JSON; ``domain.table.saved_view`` reads each of them."""
    columns: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Arrangement of each scope's columns as JSON; the table's layout reads each of them."""
    sort_column: str = "port"
    sort_descending: bool = False
    details_open: bool = True
    details_height: int | None = None
    """In pixels; None for the height that fits the first start."""
    time_wait: bool = False
    """Whether Connections shows what is closed already and waits in TIME_WAIT."""
    grouped: bool = False
    by_count: bool = False
    by_project: bool = False
    history: bool = True
    """Whether it is recorded who listens."""
    history_days: int = 90
    history_mb: int = 200
    """How many megabytes the file of history may take."""
    history_peers: bool = False
    """Whether the addresses of other machines are recorded."""
    language: str = "system"
    notifications: bool = True
    """Whether the tray shows messages of watches."""
    reduce_motion: bool = False
    digits_ask: bool = True
    """Whether a digit that is typed in the table begins a question about a port."""
    log_format: str = "text"
    log_level: str = "info"
    hints: bool = True
    hints_done: tuple[Any, ...] = ()
    """Names of the hints that are not shown any more."""
    version_seen: str = ""
    """The version whose news were shown or not needed; empty before the first start."""
    update_notice: bool = False
    update_asked_at: int = 0
    """When the file of the newest version was last read, in seconds of Unix time."""


DEFAULTS = Preferences()


def read_preferences(values: Mapping[str, Any]) -> Preferences:
    """Return the preferences of JSON values; what is missing or wrong keeps its default."""
    good: dict[str, Any] = {
        name: tuple(values[name]) if is_good is _list else values[name]
        for name, is_good in _RULES.items()
        if name in values and is_good(values[name])
    }
    return Preferences(**good)


def _one_of(*allowed: object) -> Callable[[Any], bool]:
    # 1 == True == 1.0 in Python, but not in JSON.
    return lambda value: any(type(value) is type(one) and value == one for one in allowed)


def _whole_number(value: Any) -> bool:
    return type(value) is int and 0 < value <= _MAX_COORDINATE


def _moment(value: Any) -> bool:
    return type(value) is int and value >= 0


def _switch(value: Any) -> bool:
    return type(value) is bool


def _text(value: Any) -> bool:
    return type(value) is str


def _list(value: Any) -> bool:
    return type(value) is list


def _object(value: Any) -> bool:
    return type(value) is dict


_RULES: dict[str, Callable[[Any], bool]] = {
    "scope": _one_of(*SCOPES),
    "interval_ms": _one_of(*INTERVALS_MS),
    "linger_ms": _one_of(*HIGHLIGHTS_MS),
    "theme": _one_of(*THEMES),
    "window": _text,
    "tray": _switch,
    "close_to_tray": _switch,
    "views": _list,
    "columns": _object,
    "time_wait": _switch,
    "sort_column": _text,
    "sort_descending": _switch,
    "details_open": _switch,
    "details_height": _whole_number,
    "grouped": _switch,
    "by_count": _switch,
    "by_project": _switch,
    "history": _switch,
    "history_days": _one_of(*HISTORY_DAYS),
    "history_mb": _one_of(*HISTORY_MB),
    "history_peers": _switch,
    "language": _one_of(*LANGUAGES),
    "notifications": _switch,
    "reduce_motion": _switch,
    "digits_ask": _switch,
    "log_format": _one_of(*LOG_FORMATS),
    "log_level": _one_of(*LOG_LEVELS),
    "hints": _switch,
    "hints_done": _list,
    "version_seen": _text,
    "update_notice": _switch,
    "update_asked_at": _moment,
}

NAMES = frozenset(each.name for each in fields(Preferences))
