from __future__ import annotations

import gettext
from typing import TYPE_CHECKING

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from hypothesis import given
from hypothesis import strategies as st

from portview import i18n

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
        with (folder / "portview.mo").open("wb") as file:
            write_mo(file, catalogue)
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
