"""Why nothing can be done about a socket whose holder isn't known, and what would help. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.safety.refusals import Refusal, windows_kernel_refusal
from portview.domain.owners.owners import owner_problem_reason, without_process_sentence
from portview.domain.owners.system_owners import WINDOWS_SYSTEM_PIDS
from portview.domain.sockets.socket_row import OwnerProblem
from portview.i18n import N_, _

if TYPE_CHECKING:
    from portview.domain.sockets.socket_row import SocketRow

OWNER_HIDDEN = "owner_hidden"
"""The code of the refusal of a holder that only administrators can see."""

_CODES = {
    OwnerProblem.ACCESS_DENIED: OWNER_HIDDEN,
    OwnerProblem.MISSING_CAPABILITY: "missing_capability",
    OwnerProblem.PROTECTED: "owner_protected",
    OwnerProblem.OTHER_NAMESPACE: "other_namespace",
    OwnerProblem.PROCESS_GONE: "owner_gone",
    OwnerProblem.PID_REUSED: "owner_gone",
    OwnerProblem.LOOKING: "no_holder_found",
    OwnerProblem.OUT_OF_FILES: "out_of_files",
    OwnerProblem.NOT_FOUND: "no_holder_found",
}
_ADVICE = {
    OwnerProblem.ACCESS_DENIED: N_("Try again with administrator rights."),
    OwnerProblem.MISSING_CAPABILITY: N_(
        "Run PortView on the host as root, or give this container {detail} "
        "(docker run --cap-add; AmbientCapabilities= of a systemd unit)."
    ),
    OwnerProblem.PROTECTED: N_("Give your own program another port, or ask who set the policy."),
    OwnerProblem.OTHER_NAMESPACE: N_("Run PortView outside of this container, on the host."),
    OwnerProblem.PROCESS_GONE: N_(
        "Close programs that were started by it, or sign out and in again."
    ),
    OwnerProblem.PID_REUSED: N_(
        "Close programs that were started by it, or sign out and in again."
    ),
    OwnerProblem.LOOKING: N_("Check again in a moment."),
    OwnerProblem.OUT_OF_FILES: N_(
        "Raise the limit of open files and start PortView again, for example: ulimit -n 1024"
    ),
    OwnerProblem.NOT_FOUND: N_(
        "Check again in a moment, and from the host if this is a container."
    ),
}


def unknown_owner(row: SocketRow) -> Refusal:
    """Return why nothing can be done about a socket whose owner is not known."""
    if row.pid in WINDOWS_SYSTEM_PIDS and row.pid is not None:
        return windows_kernel_refusal(row.pid)
    problem = row.owner_problem
    if problem is not None:
        reason = owner_problem_reason(row)
        if row.pid is not None:
            reason += " " + _("The system names PID {pid}.").format(pid=row.pid)
        return Refusal(
            _CODES[problem],
            reason,
            _(_ADVICE[problem]).format(detail=row.owner_detail),
            needs_admin=problem is OwnerProblem.ACCESS_DENIED,
        )
    if row.kernel_use:
        return Refusal(
            "kernel_socket",
            without_process_sentence(row),
            _("Remove or reconfigure it ({use}), or give your program another port.").format(
                use=row.kernel_use
            ),
        )
    return Refusal(
        "no_process",
        without_process_sentence(row),
        _("Wait until it is over, or give your program another port."),
    )
