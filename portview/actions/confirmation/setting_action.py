"""A change of a setting about ports as an action: see how it is, ask, change it, read it again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.actions.confirmation.action import AS_USER, NO_CHOICES
from portview.actions.confirmation.cards import Card, CardKind
from portview.actions.confirmation.confirmation import Confirmation
from portview.actions.port_settings.change import (
    apply_setting,
    describe_change,
    plan_setting,
    undo_sentence,
)
from portview.domain.facts import known_or
from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from portview.actions.confirmation.action import Choices, ExecutionOptions
    from portview.actions.port_settings.change import SettingPlan, SettingReport
    from portview.actions.specs.setting import SettingChange


@dataclass(frozen=True, slots=True)
class SettingAction:
    """Change one setting."""

    change: SettingChange

    @property
    def title(self) -> str:
        """Return the window's title."""
        return _("Change setting")

    def preview(self, choices: Choices = NO_CHOICES) -> SettingPlan:
        """Read the setting and the commands that would change it."""
        del choices
        return plan_setting(self.change)

    def confirm(self, plan: SettingPlan) -> Confirmation:
        """Ask whether to change it."""
        return confirm_setting(plan)

    def execute(self, plan: SettingPlan, options: ExecutionOptions = AS_USER) -> SettingReport:
        """Change it, and read it again."""
        return apply_setting(plan, as_admin=options.as_admin, cancel=options.cancel)


def confirm_setting(plan: SettingPlan) -> Confirmation:
    """Put a change of a setting into a question. Pure."""
    sentence = describe_change(plan.change)
    before = known_or(plan.before, "") or _("none")
    details = (
        _("Now: {value}").format(value=inert(before, 200)),
        *(shlex.join(command) for command in plan.commands),
    )
    if plan.is_so_already:
        return Confirmation(
            _("It already has this value."), (Card(CardKind.STAYS, sentence, details),)
        )
    notes = tuple(filter(None, (undo_sentence(plan),)))
    return Confirmation(
        sentence,
        (Card(CardKind.SETTING, sentence, details, plan.harm),),
        _("Change"),
        notes,
    )
