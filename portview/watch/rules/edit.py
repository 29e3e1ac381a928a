"""Changes watches.toml as a person would: comments, order and line ends stay.

A watch is added at the end, so that what is there stays byte for byte; one is removed or changed by
its lines. Whatever comes of it is read again before it is written, and written whole or not at all.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import quoted
from portview.files import write_whole
from portview.i18n import _, join_sentences
from portview.private_files import make_folder
from portview.watch.rules.file import problem_lines, read_bytes, require_right
from portview.watch.rules.parse import parse_rules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BOM = b"\xef\xbb\xbf"
_WATCH_HEADER = re.compile(r"\s*\[\[\s*[\"']?watch[\"']?\s*\]\]\s*(#.*)?")
_ANY_HEADER = re.compile(r"\s*\[\[?[^\[\]=]+\]\]?\s*(#.*)?")


def watch_text(values: Mapping[str, Any]) -> str:
    """Return a watch as it stands in the file."""
    import tomlkit  # noqa: PLC0415 - for changes alone

    table = tomlkit.table()
    for key, value in values.items():
        table.add(key, list(value) if isinstance(value, tuple) else value)
    return f"[[watch]]\n{table.as_string().strip()}\n"


def add_watch(path: Path, values: Mapping[str, Any]) -> None:
    """Add a watch. Raises PortViewError where file or watch is wrong; then nothing is written."""
    before = read_bytes(path)
    require_right(path, parse_rules(before))
    line_end = b"\r\n" if b"\r\n" in before else b"\n"
    block = watch_text(values).encode().replace(b"\n", line_end)
    start = before
    if start.strip(_BOM + b" \r\n\t") and not start.endswith(b"\n"):
        start += line_end
    separator = line_end if start.strip(_BOM + b" \r\n\t") else b""
    after = start + separator + block
    problems = parse_rules(after).problems
    if problems:
        raise PortViewError(
            "wrong_watch",
            join_sentences(*[one.message for one in problems]),
            _("Nothing was written."),
            Outcome.BAD_INPUT,
        )
    _write(path, after)


def remove_watch(path: Path, name: str) -> None:
    """Remove a watch. Raises PortViewError where there is none or the file is wrong."""
    before = read_bytes(path)
    parsed = parse_rules(before)
    require_right(path, parsed)
    names = [one.name for one in parsed.rules.watches]
    if name not in names:
        raise unknown_watch(name, names)
    after = _without(before, names.index(name))
    problems = parse_rules(after).problems
    if problems:
        raise PortViewError(
            "still_needed",
            join_sentences(*problem_lines(path, problems)),
            _("Nothing was written. Change the other watches first."),
            Outcome.BAD_INPUT,
        )
    _write(path, after)


def unknown_watch(name: str, names: list[str]) -> PortViewError:
    """Return the error for a watch that is not in the file, with the nearest name."""
    from difflib import get_close_matches  # noqa: PLC0415 - for mistakes alone

    near = get_close_matches(name, names, n=1)
    hint = (
        _("Did you mean {name}?").format(name=quoted(near[0]))
        if near
        else _("See their names: portview watch list")
    )
    text = _("There is no watch named {name}.").format(name=quoted(name))
    return PortViewError("no_such_watch", text, hint, Outcome.BAD_INPUT)


def _write(path: Path, content: bytes) -> None:
    try:
        make_folder(path.parent)
    except OSError as error:
        text = _("{path} can't be created: {reason}.")
        raise PortViewError(
            "no_folder", text.format(path=path.parent, reason=error.strerror or error)
        ) from error
    write_whole(path.resolve() if path.is_symlink() else path, content)


def _without(content: bytes, place: int) -> bytes:
    """Return the file without its watch of a place; comments stay, also those of the next one."""
    text = content.decode("utf-8-sig")
    wanted = tomllib.loads(text)
    del wanted["watch"][place]
    if not wanted["watch"]:
        del wanted["watch"]
    cut = _cut_lines(text, place)
    if cut is None or _loaded(cut) != wanted:
        # An array of inline tables, or a header inside of a longer text.
        cut = _cut_by_parser(text, place)
    mark = _BOM if content.startswith(_BOM) else b""
    return mark + cut.encode()


def _loaded(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _cut_lines(text: str, place: int) -> str | None:
    found = _lines_of(text, place)
    if found is None:
        return None
    lines, first, end = found
    return "".join(lines[:first] + lines[end:])


def _lines_of(text: str, place: int) -> tuple[list[str], int, int] | None:
    """Return all lines, and where those of a watch begin and end."""
    lines = text.splitlines(keepends=True)
    headers = [
        number for number, line in enumerate(lines) if _WATCH_HEADER.fullmatch(line.rstrip())
    ]
    if place >= len(headers):
        return None
    first = headers[place]
    later = (
        number
        for number in range(first + 1, len(lines))
        if _ANY_HEADER.fullmatch(lines[number].rstrip())
    )
    end = next(later, len(lines))
    # Comments right above the next header are about that one.
    while end > first + 1 and (
        not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")
    ):
        end -= 1
    return lines, first, end


def _cut_by_parser(text: str, place: int) -> str:
    import tomlkit  # noqa: PLC0415 - for changes alone

    # The parser would make every line end the same.
    document = tomlkit.parse(text)
    watches: Any = document["watch"]
    del watches[place]
    if not watches:
        del document["watch"]
    return tomlkit.dumps(document)


def read_watch_values(path: Path, name: str) -> dict[str, Any]:
    """Return the keys of a watch as the file has them. Raises PortViewError as the others do."""
    content = read_bytes(path)
    require_right(path, parse_rules(content))
    watches: list[dict[str, Any]] = tomllib.loads(content.decode("utf-8-sig")).get("watch", [])
    names = [str(one.get("name", "")).strip() for one in watches]
    if name not in names:
        raise unknown_watch(name, names)
    return watches[names.index(name)]


def change_watch(path: Path, name: str, changes: Mapping[str, Any]) -> None:
    """Set keys of a watch; None removes one. Its other keys, its comments and the rest stay.

    Raises PortViewError where there is no such watch, or what comes of it is wrong; then nothing is
    written.
    """
    before = read_bytes(path)
    parsed = parse_rules(before)
    require_right(path, parsed)
    names = [one.name for one in parsed.rules.watches]
    if name not in names:
        raise unknown_watch(name, names)
    after = _with_changes(before, names.index(name), changes)
    problems = parse_rules(after).problems
    if problems:
        raise PortViewError(
            "wrong_watch",
            join_sentences(*[one.message for one in problems]),
            _("Nothing was written."),
            Outcome.BAD_INPUT,
        )
    _write(path, after)


def _with_changes(content: bytes, place: int, changes: Mapping[str, Any]) -> bytes:
    text = content.decode("utf-8-sig")
    wanted = tomllib.loads(text)
    for key, value in changes.items():
        wanted["watch"][place].pop(key, None)
        if value is not None:
            wanted["watch"][place][key] = list(value) if isinstance(value, tuple) else value
    changed = _change_lines(text, place, changes)
    if changed is None or _loaded(changed) != wanted:
        changed = _change_by_parser(text, place, changes)
    mark = _BOM if content.startswith(_BOM) else b""
    return mark + changed.encode()


def _change_lines(text: str, place: int, changes: Mapping[str, Any]) -> str | None:
    """Change the lines of one watch alone."""
    found = _lines_of(text, place)
    if found is None:
        return None
    lines, first, end = found
    block = "".join(lines[first:end])
    ends_with_line = block.endswith("\n")
    line_end = "\r\n" if "\r\n" in block else "\n"
    try:
        changed = _change_by_parser(block.replace("\r\n", "\n"), 0, changes)
    except ValueError:
        return None
    changed = changed.rstrip("\n") + ("\n" if ends_with_line or end < len(lines) else "")
    return "".join((*lines[:first], changed.replace("\n", line_end), *lines[end:]))


def _change_by_parser(text: str, place: int, changes: Mapping[str, Any]) -> str:
    import tomlkit  # noqa: PLC0415 - for changes alone

    document = tomlkit.parse(text)
    watches: Any = document["watch"]
    table = watches[place]
    for key, value in changes.items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = list(value) if isinstance(value, tuple) else value
    return tomlkit.dumps(document)
