"""Reads watches.toml: what is right is taken, what is wrong is named by line and key.

Syntax is tomllib's; a mistake in one watch leaves the others. No message cites a URL or the text
of a line, because either may be a secret.
"""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from portview.domain.plain_text import quoted
from portview.domain.user_input.parsing import BadInputError, parse_duration_ms
from portview.domain.user_input.targets import parse_url
from portview.i18n import _, has_language, join_or, languages
from portview.watch.rules.listener_key import parse_entry
from portview.watch.rules.maintenance import parse_maintenance
from portview.watch.rules.model import (
    DESKTOP,
    Channel,
    Expectation,
    RepairKind,
    RepairStep,
    RuleProblem,
    Watch,
    WatchRules,
)
from portview.watch.rules.templates import TEXT_FIELDS, TITLE_FIELDS, unknown_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_BYTES = 1_000_000
_LONGEST_S = 366 * 24 * 3600.0
_MOST_PORTS = 65_535


class ParsedRules(NamedTuple):
    """The rules that are right, and the mistakes."""

    rules: WatchRules
    problems: tuple[RuleProblem, ...]


def parse_rules(content: bytes) -> ParsedRules:
    """Read the bytes of watches.toml. Never raises for what a file may hold."""
    if len(content) > MAX_BYTES:
        too_large = _("The file is larger than {limit} bytes.").format(limit=MAX_BYTES)
        return ParsedRules(WatchRules(), (RuleProblem(None, "", too_large),))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return ParsedRules(WatchRules(), (RuleProblem(line, "", _("This is not UTF-8.")),))
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = _line_of_syntax_error(str(error), text)
        return ParsedRules(WatchRules(), (RuleProblem(line, "", _("This is not valid TOML.")),))
    return _Reader(text).read(document)


class _Mistake(Exception):  # noqa: N818 - a value of a key, not a failure of the program
    """What is wrong with one key, raised out of the reading of a table."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key
        self.message = message


class _Reader:
    """Reads one document; collects the mistakes on the way."""

    def __init__(self, text: str) -> None:
        self._lines = _Lines(text)
        self._problems: list[RuleProblem] = []

    def read(self, document: dict[str, Any]) -> ParsedRules:
        top = {key: value for key, value in document.items() if key not in _TABLES}
        values = self._table(top, _TOP_KEYS, "", 0)
        channels = self._rows(document, "channel", _CHANNEL_KEYS, _channel)
        watches = self._rows(document, "watch", _WATCH_KEYS, _watch)
        alertmanager = document.get("alertmanager", {})
        if not isinstance(alertmanager, dict):
            self._add("alertmanager", 0, "alertmanager", _("alertmanager must be a table."))
            alertmanager = {}
        url = self._table(alertmanager, {"url": _text}, "alertmanager", 0).get("url", "")
        known = {DESKTOP, *(channel.name for _place, channel in channels)}
        for place, watch in watches:
            for name in watch.notify:
                if name not in known:
                    self._add("watch", place, "notify", _unknown(name, known, _CHANNEL))
            names = {other.name for _place, other in watches}
            for name in watch.depends_on:
                if name not in names:
                    self._add("watch", place, "depends_on", _unknown(name, names, _WATCH))
        rules = WatchRules(
            tuple(watch for _place, watch in watches),
            tuple(channel for _place, channel in channels),
            alertmanager_url=url,
            **values,
        )
        return ParsedRules(rules, tuple(sorted(self._problems, key=lambda one: one.line or 0)))

    def _rows(
        self,
        document: dict[str, Any],
        table: str,
        keys: Mapping[str, Callable[[str, Any], Any]],
        make: Callable[[dict[str, Any]], Any],
    ) -> list[tuple[int, Any]]:
        """Return each table of an array with its place; those with mistakes are left out."""
        rows = document.get(table, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            message = _("Write [[{table}]] with two brackets.").format(table=table)
            self._add(table, 0, table, message)
            return []
        made: list[tuple[int, Any]] = []
        for place, row in enumerate(rows):
            before = len(self._problems)
            values = self._table(row, keys, table, place)
            if len(self._problems) > before:
                continue
            try:
                value = make(values)
            except _Mistake as mistake:
                self._add(table, place, mistake.key, mistake.message)
                continue
            if any(value.name == other.name for _place, other in made):
                message = _("The name {name} is used twice.").format(name=quoted(value.name))
                self._add(table, place, "name", message)
                continue
            made.append((place, value))
        return made

    def _table(
        self,
        table: Mapping[str, Any],
        keys: Mapping[str, Callable[[str, Any], Any]],
        name: str,
        place: int,
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key not in keys:
                self._add(name, place, key, _unknown(key, keys, _KEY))
                continue
            try:
                values[_FIELDS.get(key, key)] = keys[key](key, value)
            except _Mistake as mistake:
                # A key inside a list of steps stands where the list does.
                self._add(name, place, key, mistake.message)
        return values

    def _add(self, table: str, place: int, key: str, message: str) -> None:
        self._problems.append(RuleProblem(self._lines.of(table, place, key), key, message))


_KEY, _CHANNEL, _WATCH = "key", "channel", "watch"


def _unknown(name: str, known: Mapping[str, Any] | set[str], kind: str) -> str:
    near = get_close_matches(name, list(known), n=1)
    texts = {
        _KEY: (_("There is no key {name}."), _("There is no key {name}. Did you mean {near}?")),
        _CHANNEL: (
            _("There is no channel named {name}."),
            _("There is no channel named {name}. Did you mean {near}?"),
        ),
        _WATCH: (
            _("There is no watch named {name}."),
            _("There is no watch named {name}. Did you mean {near}?"),
        ),
    }[kind]
    return texts[bool(near)].format(name=quoted(name), near=near[0] if near else "")


# --- values


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or any(ord(character) < ord(" ") for character in value):
        raise _Mistake(key, _("{key} must be a text of one line.").format(key=key))
    return value


def _name(key: str, value: Any) -> str:
    if not (name := _text(key, value).strip()):
        raise _Mistake(key, _("{key} must not be empty.").format(key=key))
    return name


def _texts(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _Mistake(key, _("{key} must be a list of texts.").format(key=key))
    return tuple(_name(key, one) for one in value)


def _switch(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Mistake(key, _("{key} must be true or false.").format(key=key))
    return value


def _whole(least: int, most: int) -> Callable[[str, Any], int]:
    def read(key: str, value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise _Mistake(
                key,
                _("{key} must be a whole number from {least} to {most}.").format(
                    key=key, least=least, most=most
                ),
            )
        return value

    return read


def _number(key: str, value: Any) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 <= value < float("inf"):
        raise _Mistake(key, _("{key} must be a number, 0 or more.").format(key=key))
    return float(value)


def _duration(least_s: float) -> Callable[[str, Any], float]:
    def read(key: str, value: Any) -> float:
        message = _("{key} must be a duration such as “30s” or “5m”.").format(key=key)
        if not isinstance(value, str):
            raise _Mistake(key, message)
        days = re.fullmatch(r"\s*(\d{1,4})\s*d\s*", value)
        try:
            if value.strip() in {"0", "0s"}:
                seconds = 0.0
            elif days:
                seconds = int(days[1]) * 86_400.0
            else:
                seconds = parse_duration_ms(value, round(_LONGEST_S * 1000)) / 1000
        except BadInputError:
            raise _Mistake(key, message) from None
        if not least_s <= seconds <= _LONGEST_S:
            raise _Mistake(
                key, _("{key} must be at least {least:g} s.").format(key=key, least=least_s)
            )
        return seconds

    return read


def _one_of(*allowed: str) -> Callable[[str, Any], str]:
    def read(key: str, value: Any) -> str:
        if value not in allowed:
            near = get_close_matches(value, allowed, n=1) if isinstance(value, str) else []
            text = (
                _("{key} must be one of {allowed}. Did you mean {near}?")
                if near
                else _("{key} must be one of {allowed}.")
            )
            raise _Mistake(
                key, text.format(key=key, allowed=", ".join(allowed), near=near[0] if near else "")
            )
        return str(value)

    return read


def _url(key: str, value: Any) -> str:
    url = _name(key, value)
    try:
        parse_url(url)
    except BadInputError:
        # It may hold a password: it is not cited.
        message = _("{key} must be a web address such as “http://127.0.0.1:8080/health”.")
        raise _Mistake(key, message.format(key=key)) from None
    return url


def _windows(key: str, value: Any) -> tuple[str, ...]:
    texts = _texts(key, value)
    for text in texts:
        if parse_maintenance(text) is None:
            message = _("{key} has “sat,sun 02:00-04:00” or “2026-01-31T02:00/2026-01-31T04:00”.")
            raise _Mistake(key, message.format(key=key))
    return texts


def _entries(key: str, value: Any) -> tuple[str, ...]:
    texts = _texts(key, value)
    for text in texts:
        if parse_entry(text) is None:
            message = _("{key} has entries such as “tcp/8080” or “tcp/8080 loopback nginx”.")
            raise _Mistake(key, message.format(key=key))
    return texts


def _statuses(key: str, value: Any) -> tuple[int, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(_whole(100, 599)(key, one) for one in values)


def _repairs(key: str, value: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, list) or not all(isinstance(step, dict) for step in value):
        raise _Mistake(key, _("{key} must be a list of steps in braces.").format(key=key))
    steps = []
    for step in value:
        read: dict[str, Any] = {}
        for name, given in step.items():
            if name not in _STEP_KEYS:
                raise _Mistake(name, _unknown(name, _STEP_KEYS, _KEY))
            read[name] = _STEP_KEYS[name](name, given)
        kinds = [kind for kind in RepairKind if kind in read]
        if len(kinds) != 1:
            raise _Mistake(
                key,
                _("Each step of {key} needs exactly one of {kinds}.").format(
                    key=key, kinds=", ".join(RepairKind)
                ),
            )
        steps.append(read)
    return tuple(steps)


def _template(fields: frozenset[str]) -> Callable[[str, Any], str]:
    def read(key: str, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise _Mistake(key, _("{key} must be a text.").format(key=key))
        for name in unknown_fields(value, fields):
            near = get_close_matches(name, fields, n=1)
            text = (
                _("{key} has no field {name}. Did you mean {near}?")
                if near
                else _("{key} has no field {name}. There are: {fields}")
            )
            raise _Mistake(
                key,
                text.format(
                    key=key,
                    name=quoted(name),
                    near=near[0] if near else "",
                    fields=", ".join(sorted(fields)),
                ),
            )
        return value.replace("\r\n", "\n")

    return read


def _language(key: str, value: Any) -> str:
    text = _name(key, value)
    if text == "system":
        return ""
    if not has_language(text):
        raise _Mistake(
            key,
            _("{key} must be “system” or a language that PortView has: {languages}.").format(
                key=key, languages=", ".join(languages())
            ),
        )
    return text


def _command(key: str, value: Any) -> tuple[str, ...]:
    command = _texts(key, value)
    if not command:
        raise _Mistake(key, _("{key} needs the program and its arguments.").format(key=key))
    return command


_LIMITS: dict[str, Callable[[str, Any], Any]] = {
    "attempts": _whole(1, 1000),
    "within": _duration(1),
    "backoff": _duration(0),
    "settle": _duration(0),
}
_STEP_KEYS: dict[str, Callable[[str, Any], Any]] = {
    **_LIMITS,
    "timeout": _duration(0.1),
    RepairKind.RESTART_SERVICE: _name,
    RepairKind.RUN: _command,
    RepairKind.FREE: _name,
}
_WATCH_KEYS: dict[str, Callable[[str, Any], Any]] = {
    "name": _name,
    "expect": _one_of(*Expectation),
    "port": _whole(1, _MOST_PORTS),
    "protocol": _one_of("tcp", "udp"),
    **dict.fromkeys(("address", "host", "program", "service", "state"), _name),
    "url": _url,
    "resource": _one_of("processor", "memory"),
    "above": _number,
    "days": _number,
    "status": _statuses,
    "contains": _text,
    "for": _duration(0),
    "interval": _duration(1),
    "timeout": _duration(0.1),
    "retries": _whole(0, 100),
    "retry_interval": _duration(0),
    "failures": _whole(1, 1000),
    "successes": _whole(1, 1000),
    "remind": _duration(0),
    **dict.fromkeys(("notify", "depends_on"), _texts),
    "baseline": _entries,
    "maintenance": _windows,
    "repair": _repairs,
    **_LIMITS,
    **dict.fromkeys(("even_if_held", "enabled"), _switch),
}
_CHANNEL_KEYS: dict[str, Callable[[str, Any], Any]] = {
    "name": _name,
    "url": _name,
    "language": _language,
    "title": _template(TITLE_FIELDS),
    "text": _template(TEXT_FIELDS),
    "rate_per_minute": _whole(1, 10_000),
}
_TOP_KEYS: dict[str, Callable[[str, Any], Any]] = {
    "group_wait": _duration(0),
    "startup_grace": _duration(0),
    "repairs": _switch,
    "log_format": _one_of("text", "json"),
}
_TABLES = frozenset({"watch", "channel", "alertmanager"})
_FIELDS = {
    **{key: f"{key}_s" for key in ("for", "interval", "timeout", "retry_interval", "remind")},
    **{key: f"{key}_s" for key in ("group_wait", "startup_grace", "within", "backoff", "settle")},
    "enabled": "is_enabled",
}
_NEEDS: dict[Expectation, tuple[tuple[str, ...], ...]] = {
    Expectation.HELD_BY: (("port",), ("program",)),
    Expectation.HTTP: (("url", "port"),),
    Expectation.TLS: (("port", "url"),),
    Expectation.SERVICE: (("service",),),
    Expectation.SOCKETS: (("above",),),
    Expectation.RESOURCES: (("program", "port"), ("above",)),
    Expectation.NO_NEW_LISTENERS: (),
    Expectation.DYNAMIC_PORTS: (),
}
"""Which keys a kind needs besides its name; of several in one group, one is enough."""


def _watch(values: dict[str, Any]) -> Watch:
    for key in ("name", "expect"):
        if key not in values:
            raise _Mistake("watch", _("A watch needs {key}.").format(key=key))
    values["expect"] = Expectation(values["expect"])
    for group in _NEEDS.get(values["expect"], (("port",),)):
        if not any(key in values for key in group):
            text = _("expect = “{expect}” needs {keys}.")
            keys = join_or(group)
            raise _Mistake("expect", text.format(expect=values["expect"], keys=keys))
    if values["expect"] is Expectation.UDP:
        values["protocol"] = "udp"
    if "url" in values and "port" not in values:
        values["port"] = parse_url(values["url"]).target.port
    limits: dict[str, Any] = {
        key: values.pop(key)
        for key in ("attempts", "within_s", "backoff_s", "settle_s")
        if key in values
    }
    values["repair"] = tuple(_step(step, limits) for step in values.get("repair", ()))
    if values.get("remind_s") == 0:
        values["remind_s"] = None
    return Watch(**values)


def _step(step: dict[str, Any], limits: dict[str, Any]) -> RepairStep:
    kind = next(kind for kind in RepairKind if kind in step)
    own = {_FIELDS.get(key, key): value for key, value in step.items() if key != kind}
    field = {RepairKind.RESTART_SERVICE: "service", RepairKind.RUN: "command"}.get(kind, "program")
    return RepairStep(kind, **{**limits, **own, field: step[kind]})


def _channel(values: dict[str, Any]) -> Channel:
    for key in ("name", "url"):
        if key not in values:
            raise _Mistake("channel", _("A channel needs {key}.").format(key=key))
    if values["name"] == DESKTOP:
        raise _Mistake(
            "name", _("The name {name} stands for this desktop.").format(name=quoted(DESKTOP))
        )
    return Channel(**values)


class _Lines:
    """Where tables and keys stand, by a reading at the text that tomllib has accepted."""

    def __init__(self, text: str) -> None:
        self._places: dict[tuple[str, int, str], int] = {}
        table, counts = "", {"": 0}
        for number, line in enumerate(text.splitlines(), 1):
            if header := re.match(r"\s*\[\[?\s*\"?([\w-]+)\"?\s*\]\]?", line):
                table = header[1]
                counts[table] = counts.get(table, -1) + 1
                self._places.setdefault((table, counts[table], ""), number)
            elif key := re.match(r"\s*[\"']?([\w-]+)[\"']?\s*=", line):
                self._places.setdefault((table, counts[table], key[1]), number)

    def of(self, table: str, place: int, key: str) -> int | None:
        """Return the line of a key, else that of its table."""
        candidates = ((table, place, key), (table, place, ""), ("", 0, key))
        return next((self._places[one] for one in candidates if one in self._places), None)


def _line_of_syntax_error(message: str, text: str) -> int:
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else text.count("\n") + 1
