"""A result for reading: a verdict, a sentence, a hint and a table. No Qt, no probes."""

from __future__ import annotations

from dataclasses import dataclass

from portview.domain.severity import Severity
from portview.i18n import N_, _, labelled


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A line of the table: as many cells as there are columns, and perhaps a tone."""

    cells: tuple[str, ...]
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class DisplayedResult:
    """A result for people. Texts may come from the network and are shown inert.

    ``columns`` and ``rows`` are empty where there is nothing beyond the sentence.
    """

    severity: Severity
    word: str
    detail: str
    hint: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[ResultRow, ...] = ()

    def as_text(self, title: str) -> str:
        """Return the sheet as lines for a message to other people."""
        lines = [title, labelled(self.word, self.detail)]
        if self.hint:
            lines.append(_("Hint: {hint}").format(hint=self.hint))
        if self.rows:
            lines += ["", "\t".join(self.columns)]
            lines += ["\t".join(row.cells) for row in self.rows]
        return "\n".join(lines) + "\n"

    def as_document(self, title: str) -> dict[str, object]:
        """Return the sheet as a JSON document; the words in it are those that people read."""
        return {
            "title": title,
            "severity": _CODES[self.severity],
            "word": self.word,
            "detail": self.detail,
            "hint": self.hint or None,
            "columns": list(self.columns),
            "rows": [list(row.cells) for row in self.rows],
        }


_CODES = {Severity.GOOD: "good", Severity.BAD: "problem", Severity.NOTE: "note"}

SEVERITY_LABELS = {
    Severity.GOOD: N_("Good"),
    Severity.BAD: N_("Problem"),
    Severity.NOTE: N_("Note"),
}
