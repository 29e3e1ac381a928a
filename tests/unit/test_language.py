"""Which language a command answers in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from portview import i18n, language
from portview.po_catalogue import PoCatalogue
from portview.retranslation import text_changer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def locales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Have Chinese and German, and a system without any language."""
    for name, text in (("zh_CN", "空闲"), ("de", "frei")):
        folder = tmp_path / name / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "portview.po").write_text(
            'msgid ""\nmsgstr "Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
            f'msgid "free"\nmsgstr "{text}"\n\n'
            f'msgctxt "verdict"\nmsgid "free"\nmsgstr "{text}!"\n\n'
            f'msgid "vacant"\nmsgstr "{text}"\n',
            encoding="utf-8",
        )
    monkeypatch.setattr(i18n, "resource_path", lambda *_parts: tmp_path)
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(language, "languages_of_windows", list)
    yield tmp_path
    i18n.install_catalogue(None)


def of_command(*arguments: str, settings: str = "system") -> str:
    asked, rest = language.split_language(arguments)
    return language.use_language_of_command(rest, asked, lambda: settings)


@pytest.mark.parametrize(
    ("arguments", "asked", "rest"),
    [
        (["list", "--lang", "zh_CN"], "zh_CN", ["list"]),
        (["--lang=de", "list"], "de", ["list"]),
        (["pick", "--hold", "--", "serve", "--lang", "de"], "", None),
        (["list", "--lang"], "", None),
        (["list"], "", None),
    ],
)
def test_the_option_may_stand_anywhere(
    arguments: list[str], asked: str, rest: list[str] | None
) -> None:
    expected = (asked, arguments if rest is None else rest)
    assert language.split_language(arguments) == expected


@pytest.mark.parametrize(
    ("variables", "used"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "de_DE"}, "de"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "fr:de"}, "de"),
        ({"LANG": "C", "LANGUAGE": "de"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_variables_count_as_posix_has_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], used: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert of_command("list") == used


def test_an_option_goes_before_variables_and_these_before_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert of_command("list", settings="zh_CN") == "zh_CN"
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    assert of_command("list", settings="zh_CN") == "de"
    assert of_command("list", "--lang", "zh_CN") == "zh_CN"


def test_windows_own_language_is_the_last_resort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "languages_of_windows", lambda: ["fr-FR", "zh-Hans-CN"])
    assert of_command("list") == "zh_CN"
    assert of_command("list", settings="en") == "en"


@pytest.mark.skipif(sys.platform != "win32", reason="asks Windows")
def test_windows_names_its_languages() -> None:
    assert all("-" in name for name in language.languages_of_windows())


def test_json_is_english_whatever_was_asked_for() -> None:
    assert of_command("list", "--json", "--lang", "zh_CN") == "en"
    assert i18n._("free") == "free"


def test_shown_texts_change_by_message_and_back(locales: Path) -> None:
    chinese, german = (
        PoCatalogue(locales / name / "LC_MESSAGES" / "portview.po") for name in ("zh_CN", "de")
    )
    assert text_changer(None, chinese)("free") == "空闲"
    assert text_changer(chinese, german)("空闲!") == "frei!"
    assert text_changer(chinese, None)("空闲") in {"free", "vacant"}
    assert text_changer(german, None)("8080 frei") is None
    assert text_changer(None, None)("free") is None
