"""The one place that chooses which service manager this system has."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _

if TYPE_CHECKING:
    from portview.actions.service_control.interface import ServiceControl


def open_service_control(*, of_user: bool = False) -> ServiceControl:
    """Return this system's service manager, or the one of this user (systemd).

    Raises PortViewError where there is none that PortView knows.
    """
    if sys.platform == "win32":
        from portview.actions.service_control.windows import WindowsServiceControl  # noqa: PLC0415

        return WindowsServiceControl()
    from portview.actions.service_control.systemd import SystemdControl, systemd_runs  # noqa: PLC0415

    if systemd_runs():
        return SystemdControl(of_user=of_user)
    raise PortViewError(
        "no_service_manager",
        _("This system has no service manager that PortView knows: systemd does not run here."),
        _("Stop the service with the means of this system."),
        Outcome.NOT_DONE,
    )
