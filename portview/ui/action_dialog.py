"""From a wish to a proven result in one dialog: look, ask, act, report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QCheckBox, QDialogButtonBox, QFrame, QScrollArea

from portview.actions.jobs import FreeJob, next_job
from portview.engine.task_runner import Pool
from portview.override import override
from portview.ui.job_dialog import SIDE_MARGIN, WIDTH, JobDialog
from portview.ui.proposal_view import ProposalView, plain_label

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from portview.actions.jobs import Doing, Job
    from portview.actions.proposals import Proposal
    from portview.domain.outcome import ActionReport
    from portview.engine.task_runner import TaskRunner, Work

_LEAST_TALL_CARDS, _TALL_SHARE = 300, 0.55
"""How high the cards may get, in pixels and as a share of the screen."""
_DARK = 128


class ActionDialog(JobDialog):
    """Leads through one job that looks first, with cards for what it found.

    Looking runs on the pool for actions, like acting. ``job_requested`` carries the job that a
    report advises, when the person wants it.
    """

    job_requested = Signal(object)

    def __init__(self, job: Job, runner: TaskRunner, parent: QWidget | None = None) -> None:
        super().__init__(job.title, runner, parent)
        self._job = job
        self._proposal: Proposal | None = None
        self._look_number = 0
        self.notes = plain_label("")
        self.cards = QScrollArea()
        self.cards.setWidgetResizable(True)
        self.cards.setFrameShape(QFrame.Shape.NoFrame)
        self.cards.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.force_box = QCheckBox("End at &once, without asking it to close first")
        self.force_box.setToolTip("What the program has not saved is lost.")
        self.tree_box = QCheckBox("End what runs under it as &well")
        for box in (self.force_box, self.tree_box):
            box.toggled.connect(self._look)
            box.setPalette(_palette_with_visible_boxes(box.palette()))
        self.compose(self.notes, self.cards, self.force_box, self.tree_box)
        self.look_button = self.add_button(
            "&Look as administrator", QDialogButtonBox.ButtonRole.ActionRole
        )
        self.look_button.clicked.connect(self._on_look_as_admin)
        self.next_button = self.add_button("", QDialogButtonBox.ButtonRole.ActionRole)
        self.next_button.clicked.connect(self._on_next)
        self._next_job: Job | None = None
        self._look()

    @override
    def prepare_act(self) -> Callable[[Doing], ActionReport] | None:
        proposal, job = self._proposal, self._job
        if proposal is None:
            return None
        return lambda doing: job.act(proposal, doing)

    @override
    def kept_while_acting(self) -> tuple[QWidget, ...]:
        if self._proposal is None:
            return ()
        return (self.headline, *([self.cards] if self._proposal.cards else []))

    @override
    def show_report(self, report: ActionReport) -> None:
        super().show_report(report)
        advised = next_job(report)
        if advised is not None:
            text, self._next_job = advised
            self.next_button.setText(text.replace("&", "&&"))
            self.next_button.show()

    @Slot()
    def _on_next(self) -> None:
        self.accept()
        self.job_requested.emit(self._next_job)

    @Slot()
    def _look(self) -> None:
        force, tree = self.force_box.isChecked(), self.tree_box.isChecked()
        job = self._job
        self._run_look(
            "Looking ...", lambda _work: job.look(force=force, tree=tree), self._on_proposal
        )

    @Slot()
    def _on_look_as_admin(self) -> None:
        job = self._job
        if isinstance(job, FreeJob):
            self._run_look(
                "Waiting for the system's prompt ...",
                lambda work: job.seen_by_admin(work.token),
                self._on_seen_by_admin,
            )

    def _run_look(
        self,
        progress: str,
        work: Callable[[Work[Any]], Any],
        on_done: Callable[[Any], None],
    ) -> None:
        """Look on the pool; what an earlier look still brings concerns nobody any more."""
        if self._task is not None:
            self._task.cancel()
        self._look_number += 1
        number = self._look_number
        self.show_progress(progress)

        def if_still_wanted(receive: Callable[[Any], None]) -> Callable[[Any], None]:
            return lambda value: (
                receive(value) if number == self._look_number and not self._is_over else None
            )

        self._task = self._runner.run(
            work,
            pool=Pool.ACTIONS,
            on_done=if_still_wanted(on_done),
            on_failed=if_still_wanted(self.show_failure),
        )

    @Slot(object)
    def _on_seen_by_admin(self, job: FreeJob) -> None:
        # The options look again with what was seen, and ask for no rights once more.
        self._job = job
        self._look()

    @Slot(object)
    def _on_proposal(self, proposal: Proposal) -> None:
        self._proposal = proposal
        self.headline.setText(proposal.headline)
        view = ProposalView(proposal)
        self.cards.setWidget(view)
        width = max(self.width(), WIDTH) - 2 * SIDE_MARGIN
        tallest = max(
            _LEAST_TALL_CARDS, round(self.screen().availableSize().height() * _TALL_SHARE)
        )
        self.cards.setFixedHeight(max(0, min(tallest, view.height_for(width))))
        self.notes.setText(" ".join(proposal.notes))
        self.show_asking(
            *([self.notes] if proposal.notes else []),
            *([self.cards] if proposal.cards else []),
            *([self.force_box] if proposal.can_be_forced else []),
            *([self.tree_box] if proposal.has_tree else []),
            *([self.look_button] if proposal.is_hidden else []),
            verb=proposal.verb,
        )


def _palette_with_visible_boxes(palette: QPalette) -> QPalette:
    """Lighten the boxes to check where everything is dark: Qt's outline of them can't be seen."""
    window = palette.color(QPalette.ColorRole.Window)
    if window.lightness() < _DARK:
        palette.setColor(QPalette.ColorRole.Base, window.lighter(200))
    return palette
