"""Messages for people in the person's language, after the gettext conventions.

Every sentence that a person reads passes through one of these functions when it is shown, never
when a module is imported, so that the language can change while the program runs. A message is a
whole template with named fields: ``_("Port {port} is free.").format(port=port)``. JSON keys, codes
and log lines are not messages.

The English text is the key of the catalogue. What reads a catalogue is loaded only when there is
one, so that English costs nothing at the start.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING, Protocol

from portview.resources import resource_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_REGION_LENGTH = 2
_FIRST_PAIR = 2


class Catalogue(Protocol):
    """Where translations come from: ``PoCatalogue``, or a stand-in with gettext's methods."""

    def gettext(self, message: str, /) -> str:
        """Return the translation of a message."""

    def ngettext(self, singular: str, plural: str, count: int, /) -> str:
        """Return the translation of the form that fits the count."""

    def pgettext(self, context: str, message: str, /) -> str:
        """Return the translation of a message in a context."""


_catalogue: Catalogue | None = None
_language = "en"
_of_threads: dict[int, Catalogue | None] = {}
"""The catalogues of threads that write in a language of their own, by the thread's number."""


def _(message: str) -> str:
    """Return the translation of a message; nothing for the empty one."""
    catalogue = _of_threads.get(get_ident(), _catalogue) if _of_threads else _catalogue
    return message if catalogue is None or not message else catalogue.gettext(message)


def N_(message: str) -> str:  # noqa: N802 - the name by which gettext's tools find such messages
    """Mark a message for extraction where it is defined; pass it to ``_`` where it is shown."""
    return message


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the translation of the form of a message that fits the count."""
    catalogue = _of_threads.get(get_ident(), _catalogue) if _of_threads else _catalogue
    if catalogue is None:
        return singular if count == 1 else plural
    return catalogue.ngettext(singular, plural, count)


def pgettext(context: str, message: str) -> str:
    """Return the translation of a message that means different things in different places."""
    catalogue = _of_threads.get(get_ident(), _catalogue) if _of_threads else _catalogue
    return message if catalogue is None else catalogue.pgettext(context, message)


def join_sentences(*sentences: str) -> str:
    """Return whole sentences one after the other, as the language does; empty ones are left out."""
    said = [sentence for sentence in sentences if sentence]
    # Translators: two whole sentences, one after the other; Chinese has no space between them.
    return _joined(said, pgettext("two sentences", "{first} {second}"))


def labelled(label: str, text: str) -> str:
    """Return a text behind what it is about, as in "Port: 8080"."""
    # Translators: what something is, and what it says; Chinese has a colon of full width.
    return pgettext("label", "{label}: {text}").format(label=label, text=text)


def without_full_stop(sentence: str) -> str:
    """Return a sentence as a part of another one."""
    return sentence.rstrip(".\u3002")


def join_phrases(*phrases: str) -> str:
    """Return phrases such as "over IPv4" and "from 10.0.0.0/8" as one; without empty ones."""
    said = [phrase for phrase in phrases if phrase]
    # Translators: two phrases in a row, such as "over IPv4" and "from 10.0.0.0/8".
    return _joined(said, pgettext("two phrases", "{first} {second}"))


def join_list(items: Iterable[str]) -> str:
    """Return "a, b, c" as the language writes a list."""
    # Translators: two entries of a list; Chinese has an enumeration comma here.
    return _joined(items, pgettext("list", "{first}, {second}"))


def join_and(items: Sequence[str]) -> str:
    """Return "a, b and c" as the language writes it."""
    if len(items) < _FIRST_PAIR:
        return "".join(items)
    # Translators: the end of a list, all of which counts.
    template = pgettext("list", "{first} and {last}")
    return template.format(first=join_list(items[:-1]), last=items[-1])


def join_or(items: Sequence[str]) -> str:
    """Return "a, b or c" as the language writes it."""
    if len(items) < _FIRST_PAIR:
        return "".join(items)
    # Translators: the end of a list, one of which counts.
    template = pgettext("list", "{first} or {last}")
    return template.format(first=join_list(items[:-1]), last=items[-1])


def _joined(items: Iterable[str], template: str) -> str:
    return template.format(first="", second="").join(items)


def use_language(language: str) -> str:
    """Use the catalogue of a language such as ``zh_CN`` from now on; English where there is none.

    Returns the language in use. Any thread, but texts that are shown already stay as they are:
    the window is drawn again by ``ui``.
    """
    global _language  # noqa: PLW0603 - the one language of the process
    _language = _folder_of(language)
    install_catalogue(_load(_language))
    return _language


def current_language() -> str:
    """Return the language in use, such as "zh_CN"."""
    return _language


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Have this thread write in a language until the block ends; "" changes nothing.

    For messages that go to other people than the one who uses the program.
    """
    if not language:
        yield
        return
    thread = get_ident()
    before = _of_threads.get(thread, _of_threads)
    _of_threads[thread] = _load(_folder_of(language))
    try:
        yield
    finally:
        del _of_threads[thread]
        if before is not _of_threads:
            _of_threads[thread] = before  # type: ignore[assignment]


def languages() -> list[str]:
    """Return the languages that there are, English first."""
    folders = resource_path("locale").glob("*/LC_MESSAGES/portview.po*")
    return ["en", *sorted(path.parent.parent.name for path in folders)]


def has_language(language: str) -> bool:
    """Return whether there is a catalogue for a language, or it is English."""
    return _folder_of(language) != "en" or "en" in _candidates(language)


def _folder_of(language: str) -> str:
    """Return the name of the catalogue that serves a language, "en" where there is none."""
    for candidate in _candidates(language):
        if _path_of(candidate).is_file():
            return candidate
        if candidate == "en":
            break
    return "en"


def _path_of(name: str) -> Path:
    folder = resource_path("locale") / name / "LC_MESSAGES"
    file = folder / "portview.po"
    # The packaged program has it compressed.
    return file if file.is_file() else folder / "portview.po.gz"


def _load(name: str) -> Catalogue | None:
    if name == "en":
        return None
    path = _path_of(name)
    if path not in _loaded:
        from portview.po_catalogue import PoCatalogue  # noqa: PLC0415 - not for English

        _loaded[path] = PoCatalogue(path)
    return _loaded[path]


_loaded: dict[Path, Catalogue] = {}


def _candidates(language: str) -> Iterator[str]:
    """Yield the folders that may hold a language, the most exact first.

    Takes names as POSIX writes them (``zh_CN.UTF-8@x``) and as BCP 47 does (``zh-Hans-CN``).
    """
    name = language.partition(".")[0].partition("@")[0].replace("-", "_")
    parts = [part for part in name.split("_") if part]
    if not parts or any(not part.isalnum() for part in parts):
        return
    base = parts[0].lower()
    regions = [part.upper() for part in parts[1:] if len(part) == _REGION_LENGTH]
    for region in regions:
        yield f"{base}_{region}"
    if base == "zh" and not {"TW", "HK", "MO"} & set(regions) and "Hant" not in parts:
        # Simplified is what the other Chinese regions read.
        yield "zh_CN"
    yield base


def current_catalogue() -> Catalogue | None:
    """Return the catalogue in use; None for English."""
    return _catalogue


def install_catalogue(catalogue: Catalogue | None) -> None:
    """Use this catalogue from now on, or English where there is none. UI thread, or at start."""
    global _catalogue  # noqa: PLW0603 - the one language of the process
    _catalogue = catalogue
