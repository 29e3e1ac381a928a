"""Why a process that PortView's own session depends on is not stopped. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.safety.refusal import Refusal
from portview.domain.facts import Absent, Known, Remedy
from portview.domain.owners.session_ties import SessionTie
from portview.i18n import _

if TYPE_CHECKING:
    from portview.actions.safety.process_facts import ProcessFacts, SelfContext, ServiceFacts

_REMOTE_DESKTOP_SERVICES = frozenset({"sessionenv", "termservice", "umrdpservice"})


def below_refusal(process: ProcessFacts, context: SelfContext) -> Refusal | None:
    """Return why a process that PortView runs under, or may run under, is not stopped."""
    if process.key in context.ancestors:
        return Refusal(
            "runs_portview",
            _(
                "PortView runs inside this process and would end with it, before it could "
                "check the result."
            ),
            _("Start PortView from somewhere else and try again, or close this program yourself."),
        )
    if process.key in context.possible_ancestors:
        return Refusal(
            "may_run_portview",
            _(
                "PortView may run inside this process: it has the ID of the process that started "
                "PortView, and only the clock says that it is another one."
            ),
            _("Start PortView from somewhere else and try again, or close this program yourself."),
        )
    return None


def session_refusal(process: ProcessFacts) -> Refusal | None:
    """Return why the end of a process would end the session as well; None if it would not."""
    match process.session_tie:
        case Absent():
            return None
        case Known(tie):
            return Refusal(f"session_{tie.value}", _reason(tie), _advice(tie))
        case unreadable:
            reason = _(
                "Your session may depend on this process, and that can't be ruled out: {reason}."
            ).format(reason=unreadable.reason)
            return Refusal(
                "session_unreadable",
                reason,
                _("Run PortView with administrator rights, or from another session."),
                needs_admin=unreadable.remedy is Remedy.ADMINISTRATOR,
            )


def service_session_refusal(service: ServiceFacts, context: SelfContext) -> Refusal | None:
    """Return why the end of a service would end the session as well; None if it would not."""
    if context.platform == "win32":
        is_needed = service.name.lower() in _REMOTE_DESKTOP_SERVICES and not isinstance(
            context.is_remote, Absent
        )
    else:
        is_needed = (service.name, service.manager.endswith("--user")) in context.session_units
    if not is_needed:
        return None
    return Refusal(
        "session_service",
        _(
            "Your own session depends on this service: PortView, the terminal or the display that "
            "you use would end with it."
        ),
        _("Run PortView from another session and try again."),
    )


def _reason(tie: SessionTie) -> str:
    return {
        SessionTie.DISPLAY: _(
            "This process is the display server that you use (DISPLAY or WAYLAND_DISPLAY): "
            "every window would close."
        ),
        SessionTie.TERMINAL: _(
            "The terminal that PortView was started in belongs to this process, and would close."
        ),
        SessionTie.MULTIPLEXER: _(
            "PortView runs in a terminal session of this process, as in tmux or screen: all of its "
            "sessions would end."
        ),
        SessionTie.SESSION_LEADER: _(
            "This process leads the terminal session that PortView was started in: its end would "
            "hang up on everything in it."
        ),
        SessionTie.SSH: _(
            "This process carries the SSH connection that PortView is used through: you would be "
            "disconnected."
        ),
        SessionTie.REMOTE_DESKTOP: _(
            "This process carries a remote desktop connection that is open now: whoever "
            "uses this screen through it would be disconnected."
        ),
    }[tie]


def _advice(tie: SessionTie) -> str:
    if tie is SessionTie.DISPLAY:
        return _("Sign out to stop it, or run PortView from another session.")
    return _("Run PortView from another session and try again, or give your program another port.")
