"""The log as one JSON document a line, in the field names of the Elastic Common Schema.

Written here and not by ecs-logging: its records are the same few fields, and it would be one more
program to keep for fifty lines.
"""

from __future__ import annotations

import json
import logging
import re
import tomllib
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portview import __version__
from portview.folders import settings_folder
from portview.override import override
from portview.private_files import read_whole

if TYPE_CHECKING:
    from pathlib import Path

ECS_VERSION = "8.11.0"
FIELDS = "ecs"
"""The key of ``extra`` under which a record has fields of its own, named as in ECS."""

_KEY = "log_format"
_LINE = re.compile(r"""^\s*log_format\s*=\s*["']json["']""", re.MULTILINE)
_LARGEST_BYTES = 1_000_000


class EcsFormatter(logging.Formatter):
    """Formats a record as one line of JSON in ASCII."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        document: dict[str, Any] = {
            "@timestamp": moment.replace("+00:00", "Z"),
            "log.level": record.levelname.lower(),
            "message": record.getMessage(),
            "ecs.version": ECS_VERSION,
            "event.dataset": "portview.log",
            "log.logger": record.name,
            "process.pid": record.process,
            "service.name": "portview",
            "service.version": __version__,
        }
        if record.exc_info and record.exc_info[0] is not None:
            document["error.type"] = record.exc_info[0].__name__
            document["error.message"] = str(record.exc_info[1])
            document["error.stack_trace"] = "".join(traceback.format_exception(*record.exc_info))
        fields = getattr(record, FIELDS, None)
        if isinstance(fields, dict):
            document |= {name: value for name, value in fields.items() if value is not None}
        return json.dumps(document, default=str)


def wants_json() -> bool:
    """Return whether watches.toml or the settings ask for JSON. Never raises.

    A file with a mistake says nothing here: whoever reads it in earnest reports of it.
    """
    return rules_want_json() or _says_json(settings_folder() / "settings.json")


def rules_want_json() -> bool:
    """Return whether watches.toml asks for JSON, whatever the settings say. Never raises."""
    return _says_json(settings_folder() / "watches.toml", toml=True)


def form_state() -> tuple[tuple[int, int] | None, ...]:
    """Return what changes when one of the files that say the form may have changed."""
    folder = settings_folder()
    return _state(folder / "watches.toml"), _state(folder / "settings.json")


def _state(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _says_json(path: Path, *, toml: bool = False) -> bool:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            return False
        text = read_whole(path).decode("utf-8-sig")
    except (OSError, ValueError):
        return False
    try:
        values = tomllib.loads(text) if toml else json.loads(text)
    except (ValueError, RecursionError):
        # A mistake elsewhere in the file must not change the form of the log.
        top = f"\n{text}".partition("\n[")[0]
        return toml and _LINE.search(top) is not None
    return isinstance(values, dict) and values.get(_KEY) == "json"
