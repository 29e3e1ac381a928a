"""What it means that a service manager starts a service again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from portview.domain.owners.service import RecoveryKind
from portview.i18n import _

if TYPE_CHECKING:
    from portview.actions.services.set_recovery import RecoveryPlan

_RELOAD = "systemctl daemon-reload"  # untranslated: a command
_RELOAD_OF_USER = "systemctl --user daemon-reload"  # untranslated: a command


def plan_sentences(plan: RecoveryPlan) -> list[str]:
    """Return what a plan sets, what that means, and how it is undone."""
    name, after_s = plan.seen.service.name, plan.restart_after_s
    if after_s is None:
        lines = [_("The service manager will not start {name} again when it fails.")]
    else:
        lines = [_("The service manager will start {name} again {after:g} s after each failure.")]
    if sys.platform == "win32":
        lines.append(
            _(
                "A failure is an end without the service saying that it stopped. It is counted for "
                "a day, and the last action repeats."
            )
        )
        others = {one.kind for one in plan.seen.recovery} - {
            RecoveryKind.RESTART,
            RecoveryKind.NOTHING,
        }
        if others:
            lines.append(_("This replaces another action, a command or a restart of the computer."))
        lines.append(_("To undo it: {command}").format(command=_windows_undo(plan)))
    else:
        from portview.actions.service_control.systemd_recovery import drop_in_path  # noqa: PLC0415

        of_user = plan.seen.manager == "systemd --user"
        lines.append(
            _(
                "A failure is an end with an exit code other than 0, by a signal, or at a time "
                "limit; not a stop that somebody asked for (Restart=on-failure)."
            )
        )
        lines.append(
            _("To undo it, delete {path} and run: {command}").format(
                path=drop_in_path(name, of_user=of_user),
                command=_RELOAD_OF_USER if of_user else _RELOAD,
            )
        )
    return [line.format(name=name, after=after_s) if "{name}" in line else line for line in lines]


def _windows_undo(plan: RecoveryPlan) -> str:
    """Return the command of Windows that sets what was there before."""
    words = {RecoveryKind.RESTART: "restart", RecoveryKind.REBOOT: "reboot",
             RecoveryKind.RUN_COMMAND: "run"}  # fmt: skip
    actions = "/".join(
        f"{words.get(one.kind, '')}/{round(one.delay_s * 1000)}" for one in plan.seen.recovery
    )
    reset = plan.seen.recovery_reset_s
    shown_reset = "INFINITE" if reset is None and plan.seen.recovery else str(reset or 0)
    # untranslated: a command
    return f'sc.exe failure "{plan.seen.service.name}" reset= {shown_reset} actions= "{actions}"'
