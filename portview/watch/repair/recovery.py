"""What the service manager itself does when a service fails: why it comes back, or does not."""

from __future__ import annotations

from portview.domain.errors import PortViewError
from portview.domain.owners.service import RecoveryAction, RecoveryKind
from portview.domain.plain_text import quoted
from portview.i18n import _


def recovery_words(service: str) -> str:
    """Return a sentence on a service's own recovery settings. Blocks; never raises."""
    from portview.actions.services.change import read_service  # noqa: PLC0415 - when wanted

    name = quoted(service)
    try:
        found = read_service(service)
    except PortViewError as error:
        return error.message
    if found.recovery:
        text = _(
            "The service manager ({manager}) acts by itself when {name} fails: {actions}. "
            "PortView's repair comes on top of that."
        )
        actions = ", ".join(
            _action_words(number, one) for number, one in enumerate(found.recovery, 1)
        )
        if found.recovery_reset_s is not None:
            after = _("after {seconds} s without a failure the count restarts")
            actions = f"{actions}; {after.format(seconds=found.recovery_reset_s)}"
        return text.format(manager=found.manager, name=name, actions=actions)
    if found.restarts:
        text = _("The service manager ({manager}) starts {name} again by itself when it fails.")
    else:
        text = _(
            "The service manager ({manager}) does not start {name} again when it fails: see its "
            "Recovery tab in services.msc, or Restart= of its unit."
        )
    return text.format(manager=found.manager, name=name)


def _action_words(number: int, action: RecoveryAction) -> str:
    words = {
        RecoveryKind.NOTHING: _("failure {number}: nothing"),
        RecoveryKind.RESTART: _("failure {number}: restart after {delay:g} s"),
        RecoveryKind.REBOOT: _("failure {number}: restart of the computer after {delay:g} s"),
        RecoveryKind.RUN_COMMAND: _("failure {number}: a command after {delay:g} s"),
    }[action.kind]
    return words.format(number=number, delay=action.delay_s)
