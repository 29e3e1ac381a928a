"""From a wish to a proven result in one dialog: look, ask, act, report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from portview.actions.jobs import Doing, FreeJob, can_be_elevated
from portview.domain.outcome import Outcome, PortViewError
from portview.engine.task_runner import Pool
from portview.ui.icons import device_pixmap
from portview.ui.proposal_view import ProposalView, plain_label

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QCloseEvent

    from portview.actions.jobs import Job
    from portview.actions.proposals import Proposal
    from portview.domain.outcome import ActionReport
    from portview.engine.task_runner import Task, TaskRunner, Work

_WIDTH = 560
_LEAST_TALL_CARDS, _TALL_SHARE = 300, 0.55
"""How high the cards may get, in pixels and as a share of the screen."""
_SIDE_MARGIN = 20
_RESULT_ICON_SIZE = 32
_DARK = 128


class ActionDialog(QDialog):
    """Leads through one job. Nothing is done before the person says so; Cancel is the default.

    Looking and acting run on the pool for actions. While something is being done the dialog can
    be cancelled but not lost: it closes when the work has come to an end.
    """

    acted = Signal(object)

    def __init__(self, job: Job, runner: TaskRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(job.title)
        self.setMinimumWidth(_WIDTH)
        self._job = job
        self._runner = runner
        self._task: Task | None = None
        self._proposal: Proposal | None = None
        self._is_acting = False
        self._look_number = 0
        self._compose()
        self._look()

    @override
    def reject(self) -> None:
        if self._task is not None and self._task.is_running:
            self._task.cancel()
            if self._is_acting:
                # What was begun ends in a report; closing now would hide it.
                self.progress_text.setText("Stopping ...")
                return
        super().reject()

    @override
    def done(self, result: int) -> None:
        self._look_number += 1  # What a look still brings concerns nobody any more.
        super().done(result)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        if self._is_acting:
            event.ignore()
            self.reject()
            return
        super().closeEvent(event)

    def _compose(self) -> None:
        self.headline = plain_label("", is_bold=True, scale=1.2)
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
        self.outcome = QWidget()
        self.outcome_icon = QLabel()
        self.outcome_icon.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.now_text = plain_label("", is_bold=True, scale=1.1)
        self.done_text = plain_label("")
        self.next_text = plain_label("")
        texts = QVBoxLayout()
        for label in (self.now_text, self.done_text, self.next_text):
            texts.addWidget(label)
        texts.addStretch(1)
        result_row = QHBoxLayout(self.outcome)
        result_row.setContentsMargins(0, 0, 0, 0)
        result_row.setSpacing(12)
        result_row.addWidget(self.outcome_icon)
        result_row.addLayout(texts, 1)
        self.progress_text = plain_label("")
        self.progress_bar = QProgressBar()
        self.progress_bar.setRange(0, 0)
        self.progress_bar.setTextVisible(False)
        self.buttons = QDialogButtonBox()
        self.cancel_button = self._button("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        self.cancel_button.clicked.connect(self.reject)
        self.act_button = self._button("", QDialogButtonBox.ButtonRole.ActionRole)
        self.act_button.clicked.connect(self._on_act)
        self.admin_button = self._button(
            "Do it as &administrator", QDialogButtonBox.ButtonRole.ActionRole
        )
        self.admin_button.clicked.connect(self._on_act_as_admin)
        self.look_button = self._button(
            "&Look as administrator", QDialogButtonBox.ButtonRole.ActionRole
        )
        self.look_button.clicked.connect(self._on_look_as_admin)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_SIDE_MARGIN, 18, _SIDE_MARGIN, 16)
        layout.setSpacing(12)
        # The dialog is made as high as its contents; a least height besides is set too late for
        # the window system, which then warns.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        for widget in (
            self.headline,
            self.notes,
            self.cards,
            self.force_box,
            self.tree_box,
            self.outcome,
            self.progress_text,
            self.progress_bar,
            self.buttons,
        ):
            layout.addWidget(widget)

    def _button(self, text: str, role: QDialogButtonBox.ButtonRole) -> QPushButton:
        button = self.buttons.addButton(text, role)
        # A tired hand on Enter must not stop a program.
        button.setAutoDefault(False)
        return button

    @Slot()
    def _look(self) -> None:
        if self._task is not None:
            self._task.cancel()
        force, tree = self.force_box.isChecked(), self.tree_box.isChecked()
        job = self._job
        self._look_number += 1
        number = self._look_number
        self._show_progress("Looking who it is ...")

        def if_still_wanted(receive: Callable[[Any], None]) -> Callable[[Any], None]:
            return lambda value: receive(value) if number == self._look_number else None

        self._task = self._runner.run(
            lambda _work: job.look(force=force, tree=tree),
            pool=Pool.ACTIONS,
            on_done=if_still_wanted(self._on_proposal),
            on_failed=if_still_wanted(self._on_failed),
        )

    @Slot(object)
    def _on_proposal(self, proposal: Proposal) -> None:
        self._proposal = proposal
        self.headline.setText(proposal.headline)
        view = ProposalView(proposal)
        self.cards.setWidget(view)
        width = max(self.width(), _WIDTH) - 2 * _SIDE_MARGIN
        tallest = max(
            _LEAST_TALL_CARDS, round(self.screen().availableSize().height() * _TALL_SHARE)
        )
        self.cards.setFixedHeight(max(0, min(tallest, view.height_for(width))))
        self.notes.setText(" ".join(proposal.notes))
        self.act_button.setText(proposal.verb.replace("&", "&&"))
        self._show_only(
            self.headline,
            *([self.notes] if proposal.notes else []),
            *([self.cards] if proposal.cards else []),
            *([self.force_box] if proposal.can_be_forced else []),
            *([self.tree_box] if proposal.has_tree else []),
            *([self.act_button] if proposal.verb else []),
            *([self.look_button] if self._can_look_as_admin() else []),
        )
        self.cancel_button.setText("Cancel" if proposal.verb else "Close")
        self.cancel_button.setDefault(True)
        self.cancel_button.setFocus()

    def _can_look_as_admin(self) -> bool:
        is_hidden = self._proposal is not None and self._proposal.is_hidden
        return is_hidden and isinstance(self._job, FreeJob)

    @Slot()
    def _on_look_as_admin(self) -> None:
        job = self._job
        if not isinstance(job, FreeJob):
            return
        self._look_number += 1
        number = self._look_number
        self._show_progress("Waiting for the system's prompt ...")

        def go_on(seen: FreeJob) -> None:
            if number == self._look_number:
                self._job = seen
                self._look()

        self._task = self._runner.run(
            lambda work: job.seen_by_admin(work.token),
            pool=Pool.ACTIONS,
            on_done=go_on,
            on_failed=lambda error: self._on_failed(error) if number == self._look_number else None,
        )

    @Slot()
    def _on_act(self) -> None:
        self._act(as_admin=False)

    @Slot()
    def _on_act_as_admin(self) -> None:
        self._act(as_admin=True)

    def _act(self, *, as_admin: bool) -> None:
        proposal, job = self._proposal, self._job
        if proposal is None or self._is_acting:
            return
        self._is_acting = True
        self._show_progress("Waiting for the system's prompt ..." if as_admin else "Working ...")

        def work(work: Work[ActionReport]) -> ActionReport:
            return job.act(proposal, Doing(as_admin, work.token, work.report))

        self._task = self._runner.run(
            work,
            pool=Pool.ACTIONS,
            on_done=self._on_report,
            on_failed=self._on_failed,
            on_cancelled=self._on_cancelled,
            on_progress=self.progress_text.setText,
        )

    @Slot(object)
    def _on_report(self, report: ActionReport) -> None:
        self._is_acting = False
        is_done = report.outcome is Outcome.DONE
        self._show_result(
            "check" if is_done else "warning", report.now, report.done, report.next_step
        )
        self.admin_button.setVisible(can_be_elevated(report))
        self.acted.emit(report)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        was_acting, self._is_acting = self._is_acting, False
        if not isinstance(error, PortViewError):
            super().reject()
            raise error
        is_calm = error.code == "elevation_cancelled"
        self._show_result("info" if is_calm else "warning", error.message, "", error.hint)
        may_elevate = was_acting and error.outcome is Outcome.NEEDS_ADMIN
        self.admin_button.setVisible(may_elevate and error.code != "elevation_unavailable")

    @Slot()
    def _on_cancelled(self) -> None:
        self._is_acting = False
        super().reject()

    def _show_progress(self, text: str) -> None:
        self.progress_text.setText(text)
        shown = [self.progress_text, self.progress_bar]
        if self._proposal is not None:
            shown += [self.headline, *([self.cards] if self._proposal.cards else [])]
        self._show_only(*shown)
        self.cancel_button.setText("Cancel")

    def _show_result(self, icon_name: str, now: str, done: str, next_step: str) -> None:
        self.outcome_icon.setPixmap(device_pixmap(icon_name, self, _RESULT_ICON_SIZE))
        for label, text in (
            (self.now_text, now),
            (self.done_text, done),
            (self.next_text, next_step),
        ):
            label.setText(text)
            label.setVisible(bool(text))
        self._show_only(self.outcome)
        self.cancel_button.setText("Close")
        self.cancel_button.setDefault(True)
        self.cancel_button.setFocus()

    def _show_only(self, *shown: QWidget) -> None:
        for widget in (
            self.headline,
            self.notes,
            self.cards,
            self.force_box,
            self.tree_box,
            self.outcome,
            self.progress_text,
            self.progress_bar,
            self.act_button,
            self.admin_button,
            self.look_button,
        ):
            widget.setVisible(widget in shown)
        layout = self.layout()
        if layout is not None:
            # adjustSize knows nothing of wrapped text's height at the width that there is.
            layout.activate()
            width = max(self.width(), _WIDTH)
            self.resize(width, layout.totalHeightForWidth(width))


def _palette_with_visible_boxes(palette: QPalette) -> QPalette:
    """Lighten the boxes to check where everything is dark: Qt's outline of them can't be seen."""
    window = palette.color(QPalette.ColorRole.Window)
    if window.lightness() < _DARK:
        palette.setColor(QPalette.ColorRole.Base, window.lighter(200))
    return palette
