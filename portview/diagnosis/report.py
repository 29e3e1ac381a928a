"""An answer as text for the console, and as Markdown for a colleague."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from portview.diagnosis.finding import Certainty
from portview.i18n import _, join_sentences, labelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portview.diagnosis.answer import Answer
    from portview.diagnosis.finding import Finding, Fix


def certainty_words(certainty: Certainty) -> str:
    """Return how certain a cause is, for people."""
    return {
        Certainty.PROVED: _("proved"),
        Certainty.LIKELY: _("likely"),
        Certainty.POSSIBLE: _("possible"),
    }.get(certainty, "")


def shown_command(command: Iterable[str]) -> str:
    """Return a command as it is typed."""
    return shlex.join(command)


def text_report(answer: Answer) -> Iterator[str]:
    """Yield the lines of an answer for the console."""
    error = answer.facts.question.error
    if error is not None:
        understood = error.error or _("no known error")
        yield _("Understood: {error}, {port}.").format(
            error=understood,
            port=answer.facts.question.name if answer.facts.port else _("no port"),
        )
    yield answer.sentence
    for one in answer.causes:
        yield ""
        yield labelled(certainty_words(one.certainty).capitalize(), one.sentence)
        for item in one.evidence:
            yield f"    {labelled(item.fact, item.value)} [{item.source}]"
    fixes = distinct_fixes(answer.causes)
    sections = (
        (_("What helps:"), [line for fix in fixes for line in _fix_lines(fix)]),
        (_("Ruled out:"), [f"  - {one.sentence}" for one in answer.ruled_out]),
        (
            _("Can't be determined:"),
            [f"  - {join_sentences(one.sentence, one.would_need)}" for one in answer.cannot_tell],
        ),
    )
    for title, lines in sections:
        if lines:
            yield from ("", title, *lines)
    for note in answer.notes:
        yield from ("", note)


def distinct_fixes(causes: Iterable[Finding]) -> list[Fix]:
    """Return what helps against any of the causes, each once."""
    found = {fix.sentence: fix for one in causes for fix in one.fixes}
    return list(found.values())


def _fix_lines(fix: Fix) -> Iterator[str]:
    sentence = fix.sentence
    if fix.needs_admin:
        sentence = _("{sentence} (as administrator)").format(sentence=sentence)
    yield f"  - {sentence}"
    if fix.command is not None:
        yield f"      {shown_command(fix.command)}"
    if fix.harm_words:
        yield "      " + _("Harm: {harm}").format(harm=fix.harm_words)
    if fix.undo:
        yield "      " + _("Undo: {undo}").format(undo=fix.undo)


def markdown_report(answer: Answer, *, hidden: Iterable[str] = ()) -> str:
    """Return an answer as Markdown, with the texts in ``hidden`` (host, user) replaced."""
    lines = [f"## {answer.facts.question.name}", "", _escaped(answer.sentence), ""]
    for one in answer.causes:
        certainty = certainty_words(one.certainty).capitalize()
        lines.append(f"**{certainty}** ({one.code}): {_escaped(one.sentence)}")
        lines.append("")
        lines += [
            f"- {_escaped(labelled(item.fact, item.value))} ({_escaped(item.source)})"
            for item in one.evidence
        ]
        lines.append("")
    fixes = distinct_fixes(answer.causes)
    if fixes:
        lines += [f"### {_('What helps')}", ""]
        lines += [f"- {_escaped(fix.sentence)}{_code(fix)}" for fix in fixes]
        lines.append("")
    for title, findings in (
        (_("Ruled out"), answer.ruled_out),
        (_("Can't be determined"), answer.cannot_tell),
    ):
        if findings:
            lines += [f"### {title}", ""]
            lines += [
                f"- {_escaped(join_sentences(one.sentence, one.would_need))}" for one in findings
            ]
            lines.append("")
    return without("\n".join(lines).rstrip() + "\n", hidden)


def without(text: str, hidden: Iterable[str]) -> str:
    """Replace names that a person does not want to hand on."""
    for name in sorted({one for one in hidden if one}, key=len, reverse=True):
        text = text.replace(name, "***")
    return text


def _code(fix: Fix) -> str:
    return f" `{shown_command(fix.command)}`" if fix.command is not None else ""


def _escaped(text: str) -> str:
    """Return text that Markdown does not interpret."""
    for sign in "\\`*_{}[]<>#|":
        text = text.replace(sign, f"\\{sign}")
    return text
