"""Why suspending or resuming a process would change nothing. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.safety.blockage_words import thaw_words
from portview.actions.safety.refusal import Refusal
from portview.domain.facts import Known
from portview.domain.owners.blockage import BlockageKind
from portview.domain.owners.process import Execution
from portview.i18n import _

if TYPE_CHECKING:
    from portview.actions.safety.process_facts import ProcessFacts


def state_refusal(process: ProcessFacts, *, is_resume: bool) -> Refusal | None:
    """Return why a process in its present state can be neither suspended nor resumed, or None."""
    blockage = process.blockage
    if isinstance(blockage, Known) and blockage.value.kind is BlockageKind.FROZEN:
        return Refusal(
            "frozen",
            _("It is frozen by a control group, which neither suspending nor resuming changes."),
            thaw_words(blockage.value),
        )
    if not is_resume:
        return None
    if process.execution is Execution.TRACED:
        return Refusal(
            "held_by_debugger",
            _("It is not suspended: a debugger holds it."),
            _("Continue it in the debugger."),
        )
    if process.execution is Execution.UNKNOWN:
        return Refusal(
            "execution_unreadable",
            _("Whether it is suspended can't be read."),
            _("Try again with administrator rights."),
            needs_admin=True,
        )
    return None
