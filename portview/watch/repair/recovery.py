"""What the service manager itself does when a service fails: why it comes back, or does not."""

from __future__ import annotations

from portview.domain.errors import PortViewError
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
    if found.restarts:
        text = _(
            "The service manager ({manager}) starts {name} again by itself when it fails: "
            "PortView's repair comes on top of that."
        )
    else:
        text = _(
            "The service manager ({manager}) does not start {name} again when it fails: see its "
            "Recovery tab in services.msc, or Restart= of its unit."
        )
    return text.format(manager=found.manager, name=name)
