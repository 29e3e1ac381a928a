"""The words for a verdict of the firewall: the same in the table, the window, commands, reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.i18n import N_, _

if TYPE_CHECKING:
    from portview.domain.firewall import FirewallVerdict

# By their values: the module of the verdicts is loaded with the first answer, not at the start.
_LABELS = {
    "allowed": N_("Allowed"),
    "partly": N_("Partly allowed"),
    "unknown": N_("Unknown"),
    "blocked": N_("Blocked"),
}
VERDICT_ORDER = tuple(_LABELS)
"""The values of all verdicts, the most open first."""


def verdict_label(verdict: FirewallVerdict) -> str:
    """Return a verdict as a label, such as "Partly allowed"."""
    return _(_LABELS[verdict.value])


def verdict_words(verdict: FirewallVerdict) -> str:
    """Return a verdict for the middle of a sentence, such as "partly allowed"."""
    return verdict_label(verdict).lower()
