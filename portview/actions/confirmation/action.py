"""One action in two halves, and what happens once around every one: consent, rights, record.

``prepare`` looks and words the question; ``perform`` acts on what was shown, as administrator where
that is refused and wanted, and keeps the record. The window and the command line both go this way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from portview.actions.confirmation.history import keep_record
from portview.domain.errors import ActionReport, Outcome, PortViewError
from portview.readers.elevation import is_elevated
from portview.readers.owner_access import elevated_limit

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from portview.actions.confirmation.confirmation import Confirmation
    from portview.actions.progress import ActionStep
    from portview.domain.cancellation import CancelToken

PlanT = TypeVar("PlanT")
ReportT = TypeVar("ReportT", bound=ActionReport)
ReportT_co = TypeVar("ReportT_co", bound=ActionReport, covariant=True)


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose before the plan: to end at once, and what runs under it as well."""

    force: bool = False
    tree: bool = False


@dataclass(frozen=True, slots=True)
class ExecutionOptions:
    """How to act: as administrator or not, how to be called off, where to report progress.

    ``end_now`` is set by somebody who does not want to wait for what was asked to close.
    """

    as_admin: bool = False
    cancel: CancelToken | None = None
    report: Callable[[ActionStep], None] | None = None
    end_now: threading.Event | None = None


NO_CHOICES = Choices()
AS_USER = ExecutionOptions()


class Action(Protocol[PlanT, ReportT_co]):
    """One action on the machine. All of it blocks and may run on any thread."""

    @property
    def title(self) -> str:
        """Return what the action is called in a window's title."""
        ...

    def preview(self, choices: Choices = NO_CHOICES) -> PlanT:
        """Return what is to be done. Changes nothing. Raises PortViewError."""
        ...

    def confirm(self, plan: PlanT) -> Confirmation:
        """Return the question that is put to a person about a plan. Pure."""
        ...

    def execute(self, plan: PlanT, options: ExecutionOptions = AS_USER) -> ReportT_co:
        """Do what was planned and look again. Raises PortViewError, Cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class PreparedAction(Generic[PlanT, ReportT]):
    """An action with the plan that was made and the question about it."""

    action: Action[PlanT, ReportT]
    plan: PlanT
    confirmation: Confirmation

    def execute(self, options: ExecutionOptions = AS_USER) -> ReportT:
        """Do what was planned, without a record of it."""
        return self.action.execute(self.plan, options)


AnyAction = Action[Any, ActionReport]
AnyPrepared = PreparedAction[Any, ActionReport]


def prepare(
    action: Action[PlanT, ReportT], choices: Choices = NO_CHOICES
) -> PreparedAction[PlanT, ReportT]:
    """Look what an action would do, and word the question. Blocks. Raises PortViewError."""
    plan = action.preview(choices)
    return PreparedAction(action, plan, action.confirm(plan))


def perform(
    prepared: PreparedAction[PlanT, ReportT],
    options: ExecutionOptions = AS_USER,
    wants_rights: Callable[[str], bool] | None = None,
) -> ReportT:
    """Do what was prepared and keep the record of it. Blocks. Raises PortViewError, Cancelled.

    Where rights are missing, ``wants_rights`` is asked with the reason whether to do just this as
    administrator; without it the report says that they are missing, and whoever reads it may call
    again with ``as_admin``. ``wants_rights`` is never asked for an elevated process, which no
    prompt can give more: it is informed of the limit instead.
    """
    report = _with_rights(prepared, options, wants_rights)
    keep_record(report)
    return report


def _with_rights(
    prepared: PreparedAction[PlanT, ReportT],
    options: ExecutionOptions,
    wants_rights: Callable[[str], bool] | None,
) -> ReportT:
    if options.as_admin or wants_rights is None:
        return prepared.execute(options)
    is_admin = is_elevated()
    try:
        report = prepared.execute(options)
    except PortViewError as error:
        if is_admin or not may_be_elevated(error) or not wants_rights(error.message):
            raise
    else:
        if report.outcome is Outcome.NEEDS_ADMIN and is_admin:
            return replace(report, outcome=Outcome.NOT_DONE, next_step=elevated_limit())
        if is_admin or not may_be_elevated(report) or not wants_rights(report.done):
            return report
    return prepared.execute(replace(options, as_admin=True))


def may_be_elevated(ended: ActionReport | PortViewError) -> bool:
    """Return whether what ended so may work as administrator."""
    if ended.outcome is not Outcome.NEEDS_ADMIN:
        return False
    if isinstance(ended, PortViewError):
        return ended.code != "elevation_unavailable"
    return bool(getattr(ended, "can_be_elevated", False))
