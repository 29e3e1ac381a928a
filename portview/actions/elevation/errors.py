"""How asking for administrator rights can end, in one set of words for every system."""

from __future__ import annotations

from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _


def elevation_cancelled() -> PortViewError:
    """Return the calm end of an elevated request that the person declined."""
    return PortViewError(
        "elevation_cancelled",
        _("You declined the administrator rights; nothing was done."),
        "",
        Outcome.NOT_DONE,
    )


def elevation_unavailable(reason: str, command: str) -> PortViewError:
    """Return the error for a system that can't ask, with the command that does it."""
    return PortViewError(
        "elevation_unavailable",
        _("{reason} Nothing was done.").format(reason=reason),
        _("Run this yourself: {command}").format(command=command),
        Outcome.NEEDS_ADMIN,
    )
