"""What the check of sentences finds, and what it leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import catalogue

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue, "SOURCES", tmp_path / "portview")
    monkeypatch.setattr(catalogue, "LOCALES", tmp_path / "resources" / "locale")
    monkeypatch.setattr(catalogue, "PARTIAL_LANGUAGES", frozenset())
    (tmp_path / "portview").mkdir()
    return tmp_path


def source(project: Path, text: str) -> None:
    (project / "portview" / "x.py").write_text(text, encoding="utf-8")


def translate(project: Path, text: str, language: str = "de") -> None:
    path = project / "resources" / "locale" / language / "LC_MESSAGES" / "portview.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + text, encoding="utf-8")


def problems(language: str = "de") -> list[str]:
    return [problem.what for problem in catalogue.check_language(language)]


def test_a_new_sentence_fails_until_it_is_translated(project: Path) -> None:
    source(project, '_("The port is free.")\n')
    translate(project, "")
    assert problems() == ["not translated: 'The port is free.'"]
    catalogue.update("de")
    assert problems() == ["not translated: 'The port is free.'"]
    translate(project, 'msgid "The port is free."\nmsgstr "Der Anschluss ist frei."\n')
    assert problems() == []


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ('#, fuzzy\nmsgid "Port {port}"\nmsgstr "Anschluss {port}"', "fuzzy"),
        ('msgid "Port {port}"\nmsgstr "Anschluss {prt}"', "other fields"),
        ('msgid "Port {port}"\nmsgstr "Anschluss"', "other fields"),
        ('msgid "Port {port}"\nmsgstr "Anschluss {port} "', "other spaces at its ends"),
        ('msgid "Port {port}"\nmsgstr "Anschluss {port"', "expected '}' before end of string"),
    ],
)
def test_what_would_break_a_sentence_is_found(project: Path, entry: str, found: str) -> None:
    source(project, '_("Port {port}").format(port=1)\n')
    translate(project, entry + "\n")
    assert problems() == [f"{found}: 'Port {{port}}'"]


def test_what_nobody_says_any_more_is_found_and_dropped(project: Path) -> None:
    source(project, "")
    translate(project, 'msgid "Gone now."\nmsgstr "Fort."\n')
    assert problems() == ["no longer used: 'Gone now.'"]
    catalogue.update("de")
    assert problems() == []


def test_a_partial_language_may_lack_sentences_but_not_break_them(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "PARTIAL_LANGUAGES", {"de"})
    source(project, '_("Port {port} is free.")\n_("Stop")\n')
    translate(project, "")
    assert problems() == []
    translate(project, 'msgid "Port {port} is free."\nmsgstr "Frei."\n')
    assert problems() == ["other fields: 'Port {port} is free.'"]


def test_what_is_written_is_the_same_whenever_it_is_written(project: Path) -> None:
    source(project, '_("Stop")\n_("Port {port} is free.")\n')
    catalogue.update("de")
    path = project / "resources/locale/de/LC_MESSAGES/portview.po"
    first = path.read_bytes()
    source(project, '\n\n_("Port {port} is free.")\n_("Stop")\n')
    catalogue.update("de")
    assert path.read_bytes() == first
    assert b"Date" not in first


@pytest.mark.parametrize(
    ("line", "is_loose"),
    [
        ('x = "The port is free."', True),
        ('x = f"The port {port} is free."', True),
        ('x = _("The port is free.")', False),
        ('x = N_("The port is free.")', False),
        ('x = ngettext("one port", "{n} ports", 2).format(n=2)', False),
        ('x = _("{a} and {b}").format(a=f"the port {1}", b=2)', True),
        ('logger.warning("the port is free")', False),
        ('raise ValueError("the port is free")', False),
        ('raise PortViewError("x", "The port is free.")', True),
        ('x = "SELECT name FROM ports"', False),
        ('x = "ip_local_port_range"', False),
        ('label.setText("Ready" if is_ready else "")', True),
        ('pane.add_page("Traffic", page)', True),
        ('label.setText(_("Ready"))', False),
        ('label.setWindowTitle("PortView")', False),
        ('field.setPlaceholderText("http://127.0.0.1:8080/health")', False),
        ('x = "the kernel\'s name"  # untranslated: a file of the kernel', False),
        ('def f():\n    """Return the port."""', False),
    ],
)
def test_sentences_outside_the_catalogue_are_found(
    project: Path, line: str, *, is_loose: bool
) -> None:
    source(project, line + "\n")
    assert bool(list(catalogue.loose_sentences(project / "portview"))) is is_loose


def test_a_field_needs_a_name(project: Path) -> None:
    source(project, '_("Port {}").format(1)\n_("Port {0}")\n_("Port {port}")\n')
    assert len(list(catalogue.check_templates())) == 2


def test_a_partial_language_keeps_only_what_is_translated(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "PARTIAL_LANGUAGES", {"de"})
    source(project, '_("Stop")\n_("Start")\n')
    translate(project, 'msgid "Stop"\nmsgstr "Halt"\n')
    path = project / "resources/locale/de/LC_MESSAGES/portview.po"
    assert catalogue.main(["update", "de", "--all"]) == 0
    assert b"Start" in path.read_bytes()
    assert catalogue.main(["update", "de"]) == 0
    assert b"Halt" in path.read_bytes()
    assert b"Start" not in path.read_bytes()
    assert catalogue.main(["update", "de"]) == 0
    assert b"Start" not in path.read_bytes()
