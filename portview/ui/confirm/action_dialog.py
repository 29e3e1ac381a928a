"""From a request to a proven result in one dialog: look, ask, act, report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QDialogButtonBox, QFrame, QScrollArea

from portview.actions.confirmation.action import Choices, perform, prepare
from portview.actions.confirmation.actions import FreeAction, next_action
from portview.actions.confirmation.history import record_of
from portview.actions.processes.restart import start_again, why_not_again
from portview.domain.errors import Outcome
from portview.engine.latest_task import LatestTask
from portview.engine.task_runner import Pool
from portview.i18n import _, join_sentences
from portview.override import override
from portview.ui.confirm.confirm_dialog import SIDE_MARGIN, WIDTH, ConfirmDialog
from portview.ui.confirm.confirmation_view import ConfirmationView, plain_label

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from portview.actions.confirmation.action import AnyAction, AnyPrepared, ExecutionOptions
    from portview.actions.processes.stopped import StoppedProcess
    from portview.domain.errors import ActionReport
    from portview.engine.task_runner import TaskRunner, Work

_LEAST_TALL_CARDS, _TALL_SHARE = 300, 0.55
"""How high the cards may get, in pixels and as a share of the screen."""


class ActionDialog(ConfirmDialog):
    """Leads through one job that looks first, with cards for what it found.

    Looking runs on the pool for actions, like acting. ``action_requested`` carries the job that a
    report advises, when the person wants it.
    """

    action_requested = Signal(object)
    watch_requested = Signal(int, str)
    """Port and protocol of what was freed, to be watched from now on."""

    def __init__(self, job: AnyAction, runner: TaskRunner, parent: QWidget | None = None) -> None:
        super().__init__(job.title, runner, parent)
        self._action: AnyAction = job
        self._prepared: AnyPrepared | None = None
        self._looking = LatestTask(runner, Pool.ACTIONS)
        self.notes = plain_label("")
        self.cards = QScrollArea()
        self.cards.setWidgetResizable(True)
        self.cards.setFrameShape(QFrame.Shape.NoFrame)
        self.cards.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.force_box = QCheckBox(_("End at &once, without asking it to close first"))
        self.force_box.setToolTip(_("What the program has not saved is lost."))
        self.tree_box = QCheckBox(_("End what runs under it as &well"))
        for box in (self.force_box, self.tree_box):
            box.toggled.connect(self._look)
        self.compose(self.notes, self.cards, self.force_box, self.tree_box)
        self.inspect_button = self.add_button(
            _("&Check as administrator"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.inspect_button.clicked.connect(self._on_inspect_as_admin)
        self.next_button = self.add_button("", QDialogButtonBox.ButtonRole.ActionRole)
        self.next_button.clicked.connect(self._on_next)
        self._next_action: AnyAction | None = None
        self.again_button = self.add_button(
            _("Start &again"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.again_button.clicked.connect(self._on_again)
        self._stopped: StoppedProcess | None = None
        self.watch_button = self.add_button(
            _("&Watch this port…"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.watch_button.clicked.connect(self._on_watch)
        self._look()

    @override
    def prepare_act(self) -> Callable[[ExecutionOptions], ActionReport] | None:
        prepared = self._prepared
        return None if prepared is None else lambda options: perform(prepared, options)

    @override
    def kept_while_executing(self) -> tuple[QWidget, ...]:
        if self._prepared is None:
            return ()
        return (self.headline, *([self.cards] if self._prepared.confirmation.cards else []))

    @override
    def done(self, result: int) -> None:
        self._looking.cancel()
        super().done(result)

    @override
    def show_report(self, report: ActionReport) -> None:
        super().show_report(report)
        advised = next_action(report)
        if advised is not None:
            text, self._next_action = advised
            self.next_button.setText(text.replace("&", "&&"))
            self.next_button.show()
        self._offer_again(report)
        if isinstance(self._action, FreeAction) and report.outcome is Outcome.DONE:
            self.watch_button.show()
            self.fit()

    @Slot()
    def _on_watch(self) -> None:
        job = self._action
        if isinstance(job, FreeAction):
            self.accept()
            self.watch_requested.emit(job.port, job.protocol.value)

    def _offer_again(self, report: ActionReport) -> None:
        """Offer to start the one process again that was stopped, where that is possible."""
        stopped = record_of(report, 0).processes
        is_done = report.outcome is Outcome.DONE
        if is_done and len(stopped) == 1 and why_not_again(stopped[0]) is None:
            self._stopped = stopped[0]
            self.again_button.show()
            self._rest_on(self.cancel_button)
            self.fit()

    @Slot()
    def _on_again(self) -> None:
        stopped = self._stopped
        if stopped is None:
            return
        self.again_button.setEnabled(False)
        self._task = self._runner.run(
            lambda _work: start_again(stopped),
            pool=Pool.ACTIONS,
            on_done=self._on_started_again,
            on_failed=self.show_failure,
        )

    @Slot(object)
    def _on_started_again(self, report: ActionReport) -> None:
        self._stopped = None
        super().show_report(report)

    @Slot()
    def _on_next(self) -> None:
        self.accept()
        self.action_requested.emit(self._next_action)

    @Slot()
    def _look(self) -> None:
        choices = Choices(self.force_box.isChecked(), self.tree_box.isChecked())
        job = self._action
        self._run_preview("Looking ...", lambda _work: prepare(job, choices), self._on_prepared)

    @Slot()
    def _on_inspect_as_admin(self) -> None:
        job = self._action
        if isinstance(job, FreeAction):
            self._run_preview(
                _("Waiting for the system's prompt…"),
                lambda work: job.seen_by_admin(work.token),
                self._on_seen_by_admin,
            )

    def _run_preview(
        self,
        progress: str,
        work: Callable[[Work[Any]], Any],
        on_done: Callable[[Any], None],
    ) -> None:
        """Look on the pool; what an earlier reading still brings concerns nobody any more."""
        self.show_progress(progress)
        self._looking.start(work, on_done, self.show_failure)

    @Slot(object)
    def _on_seen_by_admin(self, job: FreeAction) -> None:
        # The options look again with what was seen, and ask for no rights once more.
        self._action = job
        self._look()

    @Slot()
    def _on_height_changed(self) -> None:
        self._fit_cards()
        self.fit()

    def _fit_cards(self) -> None:
        """Give the cards the height that they need, as far as the screen has it."""
        view = self.cards.widget()
        if not isinstance(view, ConfirmationView):
            return
        width = max(self.width(), WIDTH) - 2 * SIDE_MARGIN
        tallest = max(
            _LEAST_TALL_CARDS, round(self.screen().availableSize().height() * _TALL_SHARE)
        )
        self.cards.setFixedHeight(max(0, min(tallest, view.height_for(width))))

    @Slot(object)
    def _on_prepared(self, prepared: AnyPrepared) -> None:
        self._prepared = prepared
        confirmation = prepared.confirmation
        self.headline.setText(confirmation.headline)
        view = ConfirmationView(confirmation)
        view.height_changed.connect(self._on_height_changed)
        self.cards.setWidget(view)
        self._fit_cards()
        notes = (*confirmation.remarks, *confirmation.will_run)
        self.notes.setText(join_sentences(*notes))
        self.show_asking(
            *([self.notes] if notes else []),
            *([self.cards] if confirmation.cards else []),
            *([self.force_box] if confirmation.can_be_forced else []),
            *([self.tree_box] if confirmation.has_tree else []),
            *([self.inspect_button] if confirmation.is_hidden else []),
            *([self.admin_button] if confirmation.is_for_admin else []),
            verb=confirmation.verb,
            is_default=confirmation.harms_nobody_else,
        )
