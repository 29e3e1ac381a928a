"""The catalogue of sentences: extract, merge and check; and sentences that are not in it.

``portview/i18n.py`` says how a sentence comes into the catalogue. A language is one file,
``resources/locale/LANG/LC_MESSAGES/portview.po``, which people edit and the program reads.
Needs Babel, which only development has.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import string
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from translation_style import style_faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "portview"
LOCALES = ROOT / "resources" / "locale"
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
PARTIAL_LANGUAGES = frozenset({"de"})
"""Languages that may lack messages, which are shown in English; every other one is held whole.

Their files hold only what is translated, so that they stay small.
"""
UNTRANSLATED = "# untranslated:"
"""Marks a text that looks like a sentence but isn't; the reason follows.

It stands in the text's line, or on a line of its own above the statement that it is about.
"""
UNTRANSLATED_FILE = "# untranslated file:"
"""Marks a file that has no text for people in it."""

USAGE = """usage: dev.py messages [check]
       dev.py messages update [LANG ...] [--all]   (--all: with what is not translated yet)
       dev.py messages export LANG FOLDER [--size N] [--all]
       dev.py messages import LANG FOLDER"""


class Problem(NamedTuple):
    """One thing to mend: where it is, and what it is."""

    place: str
    what: str


def main(arguments: list[str]) -> int:
    """Run a command of ``USAGE``; return an exit code."""
    if arguments[:1] == ["update"]:
        named = [argument for argument in arguments[1:] if argument != "--all"]
        for language in named or languages():
            save(language, merged(language), has_all="--all" in arguments)
        return 0
    if arguments[:1] in (["export"], ["import"]):
        return _hand_over(arguments[0], arguments[1:])
    if arguments not in ([], ["check"]):
        print(USAGE, file=sys.stderr)
        return 2
    problems = [*loose_sentences(SOURCES), *check_templates()]
    for language in languages():
        problems += check_language(language)
    for problem in problems:
        print(f"{problem.place}: {problem.what}")
    print(
        f"messages: {len(problems)} problems, {len(languages())} languages, {len(extract())} texts"
    )
    return int(bool(problems))


def _hand_over(command: str, arguments: list[str]) -> int:
    """Export what a translator is to write, or import what one wrote; return an exit code."""
    import translation_chunks  # noqa: PLC0415 - it imports this module

    parser = argparse.ArgumentParser(prog=f"dev.py messages {command}")
    parser.add_argument("language", metavar="LANG")
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    if command == "export":
        parser.add_argument("--size", metavar="N", type=int, default=200, help="texts in a file")
        parser.add_argument("--all", action="store_true", help="with those that are translated")
        options = parser.parse_args(arguments)
        return translation_chunks.export(
            options.language, options.folder, size=options.size, is_review=options.all
        )
    options = parser.parse_args(arguments)
    return translation_chunks.take_in(options.language, options.folder)


def extract() -> Catalog:
    """Return all messages of the sources, with the places where they stand."""
    catalogue = Catalog(project="PortView", charset="utf-8")
    found = extract_from_dir(str(SOURCES), keywords=KEYWORDS, comment_tags=("Translators:",))
    for file, line, message, comments, context in found:
        catalogue.add(message, locations=[(file, line)], auto_comments=comments, context=context)
    return catalogue


def languages() -> list[str]:
    """Return the languages that there are, besides English."""
    return sorted(path.parts[-3] for path in LOCALES.glob("*/LC_MESSAGES/portview.po"))


def update(language: str) -> None:
    """Merge new messages into a language's file, and drop those that nobody says any more."""
    save(language, merged(language))


def merged(language: str) -> Catalog:
    """Return a language's catalogue with the messages that the sources have now."""
    path = _po_path(language)
    catalogue = _read(language) if path.exists() else Catalog(locale=language, project="PortView")
    catalogue.update(extract(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def save(language: str, catalogue: Catalog, *, has_all: bool = False) -> None:
    """Write a language's file: sorted, and without what would change in every run.

    What is not translated is left out of a partial language unless ``has_all``.
    """
    path = _po_path(language)
    if language in PARTIAL_LANGUAGES and not has_all:
        for message in list(catalogue):
            if message.id and not all(_texts(message.string)):
                catalogue.delete(message.id, message.context)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.fuzzy = False
    catalogue.header_comment = (
        f"# The texts of PortView in {language}, sorted by: dev.py messages update"
    )
    buffer = io.BytesIO()
    # No places: they change with every edit of the sources.
    write_po(buffer, catalogue, sort_output=True, width=99, no_location=True)
    text = re.sub(_CHANGING_HEADERS, "", buffer.getvalue().decode())
    path.write_text(text, encoding="utf-8", newline="\n")


_CHANGING_HEADERS = (
    r'"(?:Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date'
    r'|Last-Translator|Language-Team|Generated-By): .*\\n"\n'
)


def check_language(language: str) -> Iterator[Problem]:
    """Yield what is missing, fuzzy, unequal or badly written in a language."""
    path = _po_path(language)
    place = str(path.relative_to(ROOT))
    catalogue, wanted = _read(language), extract()
    is_whole = language not in PARTIAL_LANGUAGES
    for message in wanted:
        if not message.id:
            continue
        found = catalogue.get(message.id, message.context)
        if found is None or not all(_texts(found.string)):
            if is_whole:
                yield Problem(place, f"not translated: {message.id!r}")
            continue
        if found.fuzzy:
            yield Problem(place, f"fuzzy: {message.id!r}")
        for what in faults(language, _texts(message.id), _texts(found.string)):
            yield Problem(place, f"{what}: {message.id!r}")
    for message in catalogue:
        if is_whole and message.id and wanted.get(message.id, message.context) is None:
            yield Problem(place, f"no longer used: {message.id!r}")


def check_templates() -> Iterator[Problem]:
    """Yield English messages whose fields are incomplete or unnamed."""
    for message in extract():
        for text in _texts(message.id):
            try:
                fields = list(_fields(text))
            except ValueError as error:
                yield Problem("catalogue", f"{error}: {text!r}")
                continue
            if any(not name or name.isdigit() for name in fields):
                yield Problem("catalogue", f"a field without a name: {text!r}")


def loose_sentences(folder: Path) -> Iterator[Problem]:
    """Yield texts that read like sentences for people and pass through no catalogue."""
    for path in sorted(folder.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        lines = source.splitlines()
        if UNTRANSLATED_FILE in source:
            continue
        tree = ast.parse(source)
        exempt = _marked_lines(tree, lines)
        for node in (*_texts_outside(tree), *_words_shown(tree)):
            marked = node.lineno in exempt or any(
                UNTRANSLATED in line for line in lines[node.lineno - 2 : node.end_lineno or 0]
            )
            if not marked:
                shown = ast.unparse(node)
                name = path.relative_to(folder.parent).as_posix()
                yield Problem(f"{name}:{node.lineno}", f"not in the catalogue: {shown[:90]}")


def _marked_lines(tree: ast.Module, lines: list[str]) -> set[int]:
    """Return the lines of statements that have the mark on the line above."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and lines[node.lineno - 2].strip().startswith(UNTRANSLATED)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def faults(language: str, ids: Sequence[str], strings: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with the translation of a message: fields, spaces at its ends, style.

    ``ids`` are the English singular and, where there is one, the plural.
    """
    for text in strings:
        try:
            fields = set(_fields(text))
        except ValueError as error:
            yield str(error)
            continue
        # A form for one thing may leave the number out, so the plural's fields count as well.
        if not set(_fields(ids[0])) <= fields | {"count", "n"} or not fields <= set(
            _fields(ids[-1])
        ) | set(_fields(ids[0])):
            yield "other fields"
        if _margins(text) != _margins(ids[-1]):
            yield "other spaces at its ends"
        yield from style_faults(language, ids[-1], text)


def _margins(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def _texts(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (str(value or ""),)


def _fields(text: str) -> Iterator[str]:
    for _literal, name, _spec, _conversion in string.Formatter().parse(text):
        if name is not None:
            yield name


def _po_path(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "portview.po"


def _read(language: str) -> Catalog:
    with _po_path(language).open("rb") as file:
        return read_po(file, locale=language, domain="portview")


_SENTENCE = re.compile(r"[A-Za-z]{2,}[,:;']? (?:\{\}|[a-zA-Z]+)")
_NO_SENTENCE = re.compile(
    r"^(SELECT|WHERE|id, watch|INSERT|CREATE|PRAGMA|UPDATE|DELETE|BEGIN|ALTER|DROP)\b"
    r"|[;{]\s*\n|::|<[a-z]+[ >/]"
    r"|^(tuple|list|dict|set|frozenset|Callable)\["
    r"|^(/|GET /|--|yyyy|SYSTEM\\|SOFTWARE\\)|IS NOT NULL|= \?"
)
_MARKS = frozenset({"_", "N_", "ngettext", "pgettext"})
_LOGS = frozenset({"log", "logger", "logging", "warnings"})
_WITH_CODES = frozenset({"Thread", "KnownField", "RangedField", "UncertainField"})
"""What is made with names for programs: of threads, of fields of nft."""
_FOR_PROGRAMMERS = frozenset(
    {"ValueError", "TypeError", "RuntimeError", "KeyError", "AssertionError", "OSError"}
    | {"NotImplementedError", "LookupError", "IndexError", "SystemExit"}
)


def _texts_outside(tree: ast.Module) -> Iterator[ast.Constant | ast.JoinedStr]:
    """Yield sentences outside of docstrings, marked texts, logs and errors for programmers."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call) and _is_exempt(node.func):
            continue
        if isinstance(node, ast.pattern):
            continue
        if isinstance(node, ast.Compare):
            # What is compared is a code; nobody sees it.
            waiting += [one for one in (node.left, *node.comparators) if not _is_plain(one)]
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, (ast.Constant, ast.JoinedStr)):
            text = _plain(node)
            if _SENTENCE.search(text) and not _NO_SENTENCE.search(text):
                yield node
            if isinstance(node, ast.Constant):
                continue
            waiting += [part for part in node.values if isinstance(part, ast.FormattedValue)]
            continue
        waiting += ast.iter_child_nodes(node)


_SHOWING = frozenset(
    {"setText", "setTitle", "setWindowTitle", "setToolTip", "setStatusTip", "setPlaceholderText"}
    | {
        "setAccessibleName",
        "setAccessibleDescription",
        "setTabText",
        "addTab",
        "addMenu",
        "addAction",
    }
    | {"QLabel", "QPushButton", "QCheckBox", "QRadioButton", "QGroupBox", "QAction", "ActionSpec"}
    | {"addAction", "add_page", "add_button", "button", "say", "begin", "show_message"}
    | {"print_line"}
)
"""Functions whose first texts people see, so that a single word is a message as well."""
_WORD = re.compile(r"[A-Za-z]{3,}")
_NO_WORD = re.compile(r"^(PortView|localhost|[\w.]*://.*|[\w.]+@[\w.]+)$")


def _words_shown(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield single words that are handed to what shows them; sentences are found anyway."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        for argument in node.args[:2] if name in _SHOWING else ():
            branches = (
                (argument.body, argument.orelse) if isinstance(argument, ast.IfExp) else (argument,)
            )
            for text in branches:
                if (
                    isinstance(text, ast.Constant)
                    and isinstance(text.value, str)
                    and _WORD.search(text.value)
                    and not _SENTENCE.search(text.value)
                    and not _NO_WORD.match(text.value)
                ):
                    yield text


def _is_plain(node: ast.expr) -> bool:
    if isinstance(node, (ast.Tuple, ast.Set, ast.List)):
        return all(map(_is_plain, node.elts))
    return isinstance(node, ast.Constant)


def _is_exempt(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        owner = function.value
        return isinstance(owner, ast.Name) and owner.id in _LOGS | {"re", "threading"}
    return isinstance(function, ast.Name) and function.id in _WITH_CODES | _MARKS | _FOR_PROGRAMMERS


def _plain(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return "".join(map(str, parts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
