"""Sets what the service manager itself does when a service fails. Needs administrator rights.

systemd gets a file of its own beside the unit, which is removed to undo it; Windows gets three
failure actions, of which the last one repeats.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.actions.service_control.interface import service_needs_admin
from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.service import RecoveryKind
from portview.i18n import _
from portview.readers.elevation import is_elevated

if TYPE_CHECKING:
    from portview.actions.safety.process_facts import ServiceFacts

SHORTEST_S = 1.0
LONGEST_S = 86_400.0
RESET_S = 86_400
"""After how long without a failure Windows begins to count again."""


@dataclass(frozen=True, slots=True)
class RecoveryPlan:
    """What is to be set. ``seen`` is the service as it was read."""

    seen: ServiceFacts
    restart_after_s: float | None
    """None: it is not started again."""


def plan_recovery(seen: ServiceFacts, restart_after_s: float | None) -> RecoveryPlan:
    """Return the plan. Raises PortViewError for a time out of bounds."""
    is_fine = restart_after_s is None or SHORTEST_S <= restart_after_s <= LONGEST_S
    if not is_fine:
        raise PortViewError(
            "bad_delay",
            _("The pause must be from {least:g} s to {most:g} s.").format(
                least=SHORTEST_S, most=LONGEST_S
            ),
            "",
            Outcome.BAD_INPUT,
        )
    return RecoveryPlan(seen, restart_after_s)


def set_recovery(plan: RecoveryPlan) -> ServiceFacts:
    """Set it and return the service as it is now. Blocks.

    Raises PortViewError where rights are missing, the service changed meanwhile, or what was set is
    not there afterwards.
    """
    from portview.actions.services.change import read_service  # noqa: PLC0415 - builds on this

    name, of_user = plan.seen.service.name, plan.seen.manager == "systemd --user"
    if not of_user and not is_elevated():
        raise service_needs_admin(name, "changed")
    now = read_service(name, of_user=of_user)
    if (now.recovery, now.restarts) != (plan.seen.recovery, plan.seen.restarts):
        raise PortViewError(
            "service_changed",
            _("Somebody else changed the recovery of {name} meanwhile.").format(name=name),
            _("See what it is now, then try again."),
            Outcome.NOT_DONE,
        )
    if sys.platform == "win32":
        from portview.actions.service_control.windows_recovery import (  # noqa: PLC0415
            set_failure_actions,
        )

        set_failure_actions(name, plan.restart_after_s, RESET_S)
    else:
        from portview.actions.service_control.systemd_recovery import write_drop_in  # noqa: PLC0415

        write_drop_in(name, plan.restart_after_s, of_user=of_user)
    after = read_service(name, of_user=of_user)
    if not _is_as_planned(after, plan):
        raise PortViewError(
            "not_set",
            _("The recovery of {name} is not what was set: something else overrides it.").format(
                name=name
            ),
            _("See its drop-in files by `systemctl cat`, or its Recovery tab in services.msc."),
            Outcome.NOT_DONE,
        )
    return after


def _is_as_planned(after: ServiceFacts, plan: RecoveryPlan) -> bool:
    restarts = [one for one in after.recovery if one.kind is RecoveryKind.RESTART]
    if plan.restart_after_s is None:
        return not restarts and not after.restarts
    return bool(restarts) and all(
        round(one.delay_s * 1000) == round(plan.restart_after_s * 1000) for one in restarts
    )
