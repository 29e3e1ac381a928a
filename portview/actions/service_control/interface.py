"""The question "what is this service?" and the order to stop or start it, whoever manages it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from portview.domain.errors import Outcome, PortViewError
from portview.i18n import N_, _

if TYPE_CHECKING:
    from portview.actions.safety.process_facts import ServiceFacts


class ServiceControl(Protocol):
    """A service manager. Belongs to one thread at a time; every call may block."""

    def describe(self, name: str) -> ServiceFacts:
        """Read what is known about a service. Raises PortViewError ("no_such_service")."""
        ...

    def stop(self, name: str, timeout_s: float) -> None:
        """Have one service stopped and wait for it; its dependents must be stopped before.

        Raises PortViewError with outcome NEEDS_ADMIN where this user may not.
        """
        ...

    def start(self, name: str, timeout_s: float) -> None:
        """Have one service started and wait until it runs. Raises PortViewError like ``stop``."""
        ...


def no_such_service(name: str) -> PortViewError:
    """Return the error for a service that the manager does not know."""
    return PortViewError(
        "no_such_service",
        _("There is no service named {name}.").format(name=name),
        _("The name is what the Service column shows, not the title."),
        Outcome.BAD_INPUT,
    )


_DENIED = {
    "stopped": N_("The service {name} can't be stopped without administrator rights."),
    "started": N_("The service {name} can't be started without administrator rights."),
    "read": N_("The service {name} can't be read without administrator rights."),
    "changed": N_("The service {name} can't be changed without administrator rights."),
}
_FAILED = {
    "stopped": N_("The service {name} was not stopped: {reason}"),
    "started": N_("The service {name} was not started: {reason}"),
    "read": N_("The service {name} was not read: {reason}"),
    "changed": N_("The service {name} was not changed: {reason}"),
}


def service_needs_admin(name: str, verb: str) -> PortViewError:
    """Return the error for a service that this user may not control."""
    return PortViewError(
        "service_denied",
        _(_DENIED[verb]).format(name=name),
        _("Try again as administrator."),
        Outcome.NEEDS_ADMIN,
    )


def service_failed(name: str, verb: str, reason: str) -> PortViewError:
    """Return the error for a service that did not do as it was reported."""
    return PortViewError(
        "service_failed",
        _(_FAILED[verb]).format(name=name, reason=reason),
        _("See the service manager's log for details."),
        Outcome.NOT_DONE,
    )


def service_unreadable(name: str, reason: str, *, is_denied: bool) -> PortViewError:
    """Return the error for a service about which the manager does not answer."""
    return PortViewError(
        "service_unreadable",
        _("The service {name} can't be queried: {reason}.").format(name=name, reason=reason),
        _("Try again as administrator.")
        if is_denied
        else _("Check that the service manager runs."),
        Outcome.NEEDS_ADMIN if is_denied else Outcome.NOT_DONE,
    )
