from __future__ import annotations

import gettext
from typing import TYPE_CHECKING

import pytest

from portview import i18n

if TYPE_CHECKING:
    from collections.abc import Iterator


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
