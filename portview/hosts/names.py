"""Names of machines: from options and from inventory files. No I/O but reading the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import quoted
from portview.i18n import _
from portview.private_files import read_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NAME = re.compile(
    r"(?:ssh://)?(?:\w[\w.+-]*@)?(?:\w[\w.-]*|[0-9a-f:.]*:[0-9a-f:.]*(?:%\w+)?|\[[0-9a-f:.]+\])"
    r"(?::[0-9]{1,5})?",
    re.ASCII | re.IGNORECASE,
)
_SECTION = re.compile(r"\[(?P<group>[^\]\[:]+)(?::(?P<kind>vars|children))?\]")
_LONGEST_NAME = 255
_LARGEST_BYTES = 1_000_000
_MOST_HOSTS = 10_000
_EVERYONE = "all"


def check_name(name: str) -> str:
    """Return a name that ssh can be given. Raises PortViewError: it must be no option, no text."""
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise PortViewError(
            "bad_host",
            _("{name} is not a valid machine name.").format(name=quoted(name)),
            _("Write user@name or a name from your ssh configuration."),
            Outcome.BAD_INPUT,
        )
    return name


def read_hosts(path: Path, group: str | None) -> tuple[str, ...]:
    """Return the names of a file, of one group where it is given. Raises PortViewError.

    One name a line; ``#`` and ``;`` begin comments, ``[group]`` a group, and what Ansible writes
    behind a name is passed over.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise _bad_file(_("{path} is too large for a list of machines.").format(path=path))
        text = read_whole(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _bad_file(
            _("{path} can't be read: {reason}.").format(path=path, reason=reason)
        ) from error
    groups, children = _parse(text, path)
    if group is not None and group != _EVERYONE:
        if group not in groups and group not in children:
            known = ", ".join(sorted(groups)) or "-"
            raise _bad_file(
                _("{path} has no group {group}; it has: {known}.").format(
                    path=path, group=quoted(group), known=known
                )
            )
        names: Iterable[str] = _members(group, groups, children, set())
    else:
        names = (name for members in groups.values() for name in members)
    return tuple(dict.fromkeys(names))


def _parse(text: str, path: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    groups: dict[str, list[str]] = {}
    children: dict[str, list[str]] = {}
    group, kind = "", None
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].split()
        if not words or words[0].startswith(";"):
            continue
        section = _SECTION.fullmatch(line.split("#")[0].strip())
        if section is not None:
            group, kind = section["group"], section["kind"]
            (children if kind == "children" else groups).setdefault(group, [])
        elif kind == "children":
            children[group].append(words[0])
        elif kind is None:
            if any("=" not in word for word in words[1:]):
                raise _bad_line(path, number)
            try:
                groups.setdefault(group, []).append(check_name(words[0]))
            except PortViewError as error:
                raise _bad_line(path, number) from error
    return groups, children


def _members(
    group: str, groups: dict[str, list[str]], children: dict[str, list[str]], seen: set[str]
) -> list[str]:
    if group in seen:
        return []
    seen.add(group)
    found = list(groups.get(group, ()))
    for child in children.get(group, ()):
        found += _members(child, groups, children, seen)
    return found


def _bad_line(path: Path, number: int) -> PortViewError:
    return _bad_file(
        _("{path}, line {number}: this is not a valid machine name.").format(
            path=path, number=number
        )
    )


def _bad_file(message: str) -> PortViewError:
    hint = _("One name a line, # for comments, [group] above the names of a group.")
    return PortViewError("bad_hosts_file", message, hint, Outcome.BAD_INPUT)


def all_hosts(names: Iterable[str], file: Path | None, group: str | None) -> tuple[str, ...]:
    """Return every machine that is asked for, each once. Raises PortViewError."""
    found = [check_name(name) for name in names]
    if file is not None:
        found += read_hosts(file, group)
    elif group is not None:
        raise _bad_file(_("--group names a group of the file of --hosts."))
    if not found:
        raise _bad_file(_("No machine is given."))
    if len(found) > _MOST_HOSTS:
        raise _bad_file(_("These are too many machines for one command."))
    return tuple(dict.fromkeys(found))
