from __future__ import annotations

import gettext
from typing import TYPE_CHECKING

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from hypothesis import given
from hypothesis import strategies as st

from portview import i18n
from portview.po_catalogue import PoCatalogue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Shouting(gettext.NullTranslations):
    """A language of capitals, whose plural begins at three."""

    def gettext(self, message: str) -> str:
        return message.upper()

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return (msgid1 if n < 3 else msgid2).upper()

    def pgettext(self, context: str, message: str) -> str:
        return f"{context}/{message}".upper()


@pytest.fixture
def shouting() -> Iterator[None]:
    i18n.install_catalogue(Shouting())
    yield
    i18n.install_catalogue(None)


def test_without_a_catalogue_messages_are_english() -> None:
    assert i18n._("Port {port} is free.") == "Port {port} is free."
    assert i18n.ngettext("{n} port", "{n} ports", 1) == "{n} port"
    assert i18n.ngettext("{n} port", "{n} ports", 2) == "{n} ports"
    assert i18n.pgettext("firewall", "Allow") == "Allow"


@pytest.mark.usefixtures("shouting")
def test_a_catalogue_translates_and_its_own_plural_rule_counts() -> None:
    assert i18n._("free") == "FREE"
    assert i18n.ngettext("one", "many", 2) == "ONE"
    assert i18n.ngettext("one", "many", 3) == "MANY"
    assert i18n.pgettext("menu", "open") == "MENU/OPEN"


@pytest.mark.usefixtures("shouting")
def test_a_marked_message_is_translated_only_where_it_is_shown() -> None:
    assert i18n.N_("later") == "later"


@pytest.fixture
def locales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in (("zh_CN", "\u7aef\u53e3"), ("de", "Anschluss")):
        folder = tmp_path / name / "LC_MESSAGES"
        folder.mkdir(parents=True)
        catalogue = Catalog(locale=name)
        catalogue.add("port", text)
        with (folder / "portview.po").open("wb") as file:
            write_po(file, catalogue)
    monkeypatch.setattr(i18n, "resource_path", lambda *_parts: tmp_path)
    yield tmp_path
    i18n.install_catalogue(None)


@pytest.mark.parametrize(
    ("asked", "used"),
    [
        *[
            (name, "zh_CN")
            for name in ("zh_CN", "zh-CN", "zh_CN.UTF-8", "zh-Hans-CN", "zh", "zh_SG")
        ],
        *[(name, "de") for name in ("de", "de_AT.ISO-8859-1@euro", "DE")],
        *[(name, "en") for name in ("zh_TW", "zh-Hant-HK", "en_US", "C", "", "fr", "../de", "a/b")],
    ],
)
@pytest.mark.usefixtures("locales")
def test_the_nearest_language_is_used(asked: str, used: str) -> None:
    assert i18n.use_language(asked) == used
    assert (i18n._("port") == "port") == (used == "en")


@given(st.text(max_size=30))
def test_no_name_of_a_language_leads_out_of_the_folder(name: str) -> None:
    for folder in i18n._candidates(name):
        assert folder.replace("_", "").isalnum()


LINE_ENDS = "\r\x0b\x0c\x85\x1c\x1d\x1e\u2028\u2029"
"""What Babel would take for the end of a line, and no message has."""
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=LINE_ENDS), min_size=1, max_size=120
)


@given(
    st.dictionaries(st.tuples(st.none() | TEXTS, TEXTS), TEXTS, max_size=8),
    st.integers(20, 100),
)
def test_a_file_that_babel_wrote_is_read_as_it_was_meant(
    tmp_path_factory: pytest.TempPathFactory,
    messages: dict[tuple[str | None, str], str],
    width: int,
) -> None:
    catalogue = Catalog(locale="zh_CN")
    for (context, text), translation in messages.items():
        catalogue.add(text, translation, context=context)
    path = tmp_path_factory.mktemp("po") / "portview.po"
    with path.open("wb") as file:
        write_po(file, catalogue, width=width)
    read = PoCatalogue(path)
    for (context, text), translation in messages.items():
        found = read.gettext(text) if context is None else read.pgettext(context, text)
        assert found == translation


def test_plural_forms_follow_the_rule_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "portview.po"
    path.write_text(
        'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n<5 ? 1 : 2);\\n"\n\n'
        'msgid "{n} port"\nmsgid_plural "{n} ports"\n'
        'msgstr[0] "one"\nmsgstr[1] "few"\nmsgstr[2] "many"\n\n'
        '#, fuzzy\nmsgid "Stop"\nmsgstr "Perhaps"\n\n'
        'msgid "Start"\nmsgstr ""\n',
        encoding="utf-8",
    )
    catalogue = PoCatalogue(path)
    assert [catalogue.ngettext("{n} port", "{n} ports", n) for n in (1, 3, 9)] == [
        "one",
        "few",
        "many",
    ]
    assert [catalogue.ngettext("a", "b", n) for n in (1, 2)] == ["a", "b"]
    assert (catalogue.gettext("Stop"), catalogue.gettext("Start")) == ("Stop", "Start")
