"""Translations in JSON files of some hundred texts each, for translators without a PO editor.

``dev.py messages export zh_CN FOLDER`` writes what is not translated yet, in the order of the
sources, so that a dialog's texts stand together. Each entry's ``translation`` is to be filled in:
one string, or a list of as many forms as the language has where there is a ``plural``. Then
``dev.py messages import zh_CN FOLDER`` takes in what is right and names the rest.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from babel.messages.catalog import Catalog, Message


def export(language: str, folder: Path, *, size: int, is_review: bool) -> int:
    """Write numbered files of at most ``size`` entries; return an exit code.

    ``is_review`` writes what is translated as well, to be read again.
    """
    known = catalogue.merged(language)
    forms = known.num_plurals
    entries = [
        _entry(message, known, forms)
        for message in sorted(catalogue.extract(), key=_first_place)
        if message.id and (is_review or not _is_translated(known, message))
    ]
    for number, entry in enumerate(entries, 1):
        entry["number"] = number
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob("*.json")):
        print(f"{folder} has JSON files already: name an empty folder", file=sys.stderr)
        return 1
    chunks = [entries[start : start + size] for start in range(0, len(entries), size)]
    for number, chunk in enumerate(chunks, 1):
        document = {"language": language, "forms": forms, "entries": chunk}
        text = json.dumps(document, ensure_ascii=False, indent=1)
        (folder / f"{number:03}.json").write_text(text + "\n", encoding="utf-8")
    print(f"messages: {len(entries)} texts in {len(chunks)} files in {folder}")
    return 0


def take_in(language: str, folder: Path) -> int:
    """Take in the translations of all files of a folder, or of one file; return an exit code."""
    known = catalogue.merged(language)
    taken, problems = 0, []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else [folder]:
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))["entries"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            problems.append(f"{path.name}: {error}")
            continue
        for entry in entries:
            if not any(_strings(entry.get("translation"))):
                continue
            found = list(_take_entry(language, known, entry))
            problems += [f"{path.name} #{entry.get('number')}: {what}" for what in found]
            taken += not found
    left = sum(bool(one.id) and not _is_translated(known, one) for one in known)
    catalogue.save(language, known)
    for problem in problems:
        print(problem)
    print(f"messages: {taken} taken in, {len(problems)} problems, {left} still to be translated")
    return int(bool(problems))


def _entry(message: Message, known: Catalog, forms: int) -> dict[str, Any]:
    found = known.get(message.id, message.context)
    is_plural = isinstance(message.id, (tuple, list))
    entry: dict[str, Any] = {
        "number": 0,
        "context": message.context,
        "msgid": message.id[0] if is_plural else message.id,
        "plural": message.id[1] if is_plural else None,
        "comments": list(message.auto_comments),
        "places": [f"portview/{file}:{line}" for file, line in message.locations[:4]],
        "translation": [""] * forms if is_plural else "",
    }
    strings = _strings(found.string) if found is not None else []
    if strings and all(strings):
        entry["translation"] = strings if is_plural else strings[0]
    return entry


def _take_entry(language: str, known: Catalog, entry: dict[str, Any]) -> Iterator[str]:
    """Store one translation; yield what is wrong with it instead."""
    ids = [one for one in (entry.get("msgid"), entry.get("plural")) if one is not None]
    message = known.get(tuple(ids) if len(ids) > 1 else str(ids[0]), entry.get("context"))
    if message is None or (isinstance(message.id, (tuple, list)) != (len(ids) > 1)):
        yield f"no longer used, or changed: {entry.get('msgid')!r}"
        return
    strings = _strings(entry["translation"])
    wanted = known.num_plurals if len(ids) > 1 else 1
    if len(strings) != wanted or not all(strings):
        yield f"{len(strings)} forms instead of {wanted}, or an empty one: {ids[0]!r}"
        return
    found = list(catalogue.faults(language, ids, strings))
    if found:
        yield from (f"{what}: {ids[-1]!r} -> {strings!r}" for what in found)
        return
    message.string = tuple(strings) if len(ids) > 1 else strings[0]
    message.flags.discard("fuzzy")


def _strings(value: object) -> list[str]:
    if isinstance(value, (tuple, list)):
        return [str(one) for one in value]
    return [str(value)] if value else []


def _is_translated(known: Catalog, message: Message) -> bool:
    found = known.get(message.id, message.context)
    strings = _strings(found.string) if found is not None else []
    return bool(strings) and all(strings)


def _first_place(message: Message) -> tuple[str, int]:
    return message.locations[0] if message.locations else ("", 0)
