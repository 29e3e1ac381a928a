"""The JSON form of an answer, which programs rely on. Sentences are for people and may change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portview.diagnosis.answer import Answer
    from portview.diagnosis.finding import Finding, Fix


def answer_document(answer: Answer) -> dict[str, Any]:
    """Return the document of ``why --json``."""
    question = answer.facts.question
    error = question.error
    return {
        "port": question.port or None,
        "protocol": question.protocol.value,
        "address": question.address,
        "parsed": {"error": error.error, "from": error.text} if error else None,
        "answer": answer.sentence,
        "can_bind": answer.can_bind.value,
        "can_be_reached": answer.can_be_reached.value if answer.can_be_reached else None,
        "causes": [cause_object(one) for one in answer.causes],
        "ruled_out": [{"code": one.code, "sentence": one.sentence} for one in answer.ruled_out],
        "cannot_tell": [
            {"code": one.code, "sentence": one.sentence, "would_need": one.would_need}
            for one in answer.cannot_tell
        ],
        "notes": list(answer.notes),
    }


def cause_object(one: Finding) -> dict[str, Any]:
    """Return one cause of the document."""
    return {
        "code": one.code,
        "side": one.side.value,
        "certainty": one.certainty.value,
        "sentence": one.sentence,
        "evidence": [
            {"fact": item.fact, "value": item.value, "source": item.source} for item in one.evidence
        ],
        "fixes": [_fix_object(fix) for fix in one.fixes],
    }


def _fix_object(fix: Fix) -> dict[str, Any]:
    return {
        "sentence": fix.sentence,
        "command": list(fix.command) if fix.command is not None else None,
        "needs_admin": fix.needs_admin,
        "harm": fix.harm_words,
        "undo": fix.undo,
    }
