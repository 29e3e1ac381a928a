"""A channel has its own words and its own language, and nothing in a template is evaluated."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview import i18n
from portview.i18n import _, has_language, languages, ngettext, speaking
from portview.watch.messages.grouping import group_events
from portview.watch.messages.outbox import OutgoingEvent
from portview.watch.messages.texts import Background, Composer, Style
from portview.watch.rules.parse import parse_rules
from portview.watch.rules.templates import TEXT_FIELDS, filled, unknown_fields

if TYPE_CHECKING:
    from pathlib import Path


def event(kind: str = "firing", detail: str = "nobody listens on TCP 80") -> OutgoingEvent:
    return OutgoingEvent(1, "ops", kind, "shop", "7f3a9c21-aaaa", 5000, 1000, detail, 0)


KNOWN = {"7f3a9c21-aaaa": Background(80, "tcp", "node", "", "Another program has it.", ["a", "b"])}


def said(style: Style, kind: str = "firing") -> tuple[str, str]:
    composer = Composer(KNOWN, host="box", style=style)
    [group] = group_events([event(kind)])
    message = composer.compose(group)
    return message.title, message.body


def test_a_template_says_what_it_says_and_leaves_out_what_is_empty() -> None:
    style = Style(
        title="{host}/{kind}/{watch}/{count}",
        text="{watch} {{{port}}} {protocol}\n\nuntil {until}\n{detail}\ntried: {tried}\n{incident}",
    )
    title, body = said(style)
    assert title == "box/Firing/shop/1"
    assert body == "shop {80} tcp\n\nnobody listens on TCP 80\ntried: a; b\n7f3a9c21"
    assert "until" in said(style, "resolved")[1]


@given(st.text(max_size=60), st.text(max_size=30))
def test_values_are_never_templates(template: str, value: str) -> None:
    values = dict.fromkeys(TEXT_FIELDS, value)
    text = filled(f"{template.replace('{', '{{').replace('}', '}}')}|{{detail}}|", values)
    lines = template.split("\n")
    if value:
        assert text == f"{template}|{value}|".strip("\n")
    else:
        assert text == "\n".join(lines[:-1]).strip("\n")  # a line of empty fields


@pytest.mark.parametrize(
    "text", ["{0}", "{watch.name}", "{detail!r}", "{port:>9}", "{", "a}", "{x}"]
)
def test_what_is_no_field_is_named_with_its_line(text: str) -> None:
    assert unknown_fields(text, TEXT_FIELDS)
    content = f'[[channel]]\nname = "ops"\nurl = "env:A"\ntext = "{text}"\n'.encode()
    [problem] = parse_rules(content).problems
    assert (problem.line, problem.key) == (4, "text")
    assert "env:A" not in problem.message


def test_a_language_that_is_not_there_is_a_mistake_and_system_is_none() -> None:
    def problems(language: str) -> int:
        content = f'[[channel]]\nname = "ops"\nurl = "env:A"\nlanguage = "{language}"\n'
        return len(parse_rules(content.encode()).problems)

    assert languages()[0] == "en"
    assert has_language("en-GB")
    assert [problems(one) for one in ("en", "system", "zh_CN", "zh-Hans-CN", "xx", "../x")] == [
        0, 0, 0, 0, 1, 1,
    ]  # fmt: skip


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a catalogue of one word in the place of all others."""
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "portview.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "Firing"\nmsgstr "Ausgelöst"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(i18n, "resource_path", lambda *_parts: tmp_path)


@pytest.mark.usefixtures("german")
def test_a_channel_speaks_its_language_and_nobody_else_does() -> None:
    assert languages() == ["en", "de"]
    title, body = said(Style("de"))
    assert title == "[box] Ausgelöst: shop (port 80)"
    assert body.startswith("Ausgelöst: shop")
    # English is a language as well, whatever the program's is.
    with speaking("de"):
        german_word = _("Firing")
        assert said(Style("en"))[0] == "[box] Firing: shop (port 80)"
        with speaking("en"):
            assert _("Firing") == "Firing"
            assert ngettext("{count} watch", "{count} watches", 2) == "{count} watches"
        assert _("Firing") == german_word
        heard: list[str] = []
        thread = threading.Thread(target=lambda: heard.append(_("Firing")))
        thread.start()
        thread.join()
        assert heard == ["Firing"]
    assert _("Firing") == "Firing"
