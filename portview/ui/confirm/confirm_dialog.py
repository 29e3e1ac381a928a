"""What dialogs for a change of the machine have in common: ask, act, say what is true now."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from portview.actions.confirmation.action import ExecutionOptions, may_be_elevated
from portview.domain.errors import Outcome, PortViewError
from portview.domain.severity import Severity
from portview.engine.task_runner import Pool
from portview.i18n import _, join_sentences
from portview.override import override
from portview.ui.confirm.checklist import Checklist
from portview.ui.confirm.confirmation_view import plain_label
from portview.ui.style.severity_style import severity_colour, severity_icon
from portview.ui.widgets.announce import announce
from portview.ui.widgets.key_button import KeyButton

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QCloseEvent

    from portview.actions.progress import ActionStep
    from portview.domain.errors import ActionReport
    from portview.engine.task_runner import Task, TaskRunner, Work

WIDTH, SIDE_MARGIN = 560, 20
_RESULT_ICON_SIZE = 32
_SEVERITIES = {"check": Severity.GOOD, "warning": Severity.BAD, "info": Severity.NOTE}
_PRESSING = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space})


class ConfirmDialog(QDialog):
    """Nothing is done before the person says so.

    Enter does what the button with the focus says. At first that is Cancel, or the act where it
    harms nobody else; a key that is held down from before counts for nothing.

    Acting runs on the pool for actions. While something is being done the dialog can be cancelled
    but not lost: it closes when the work has come to an end. ``acted`` carries the report.

    A subclass hands its own widgets to ``compose``, and shows those that ask with ``show_asking``.
    """

    acted = Signal(object)

    def __init__(self, title: str, runner: TaskRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._title = title
        self.setWindowTitle(title)
        self.setMinimumWidth(WIDTH)
        self._runner = runner
        self._task: Task | None = None
        self._is_executing = False
        self._is_over = False
        self._end_now = threading.Event()
        self._asking: tuple[QWidget, ...] = ()
        self._offers: list[KeyButton] = []
        self.headline = plain_label("", is_bold=True, scale=1.2)

    def compose(self, *asking: QWidget) -> None:
        """Put the headline and the widgets that ask above what every dialog has."""
        self._asking = asking
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
        self.checklist = Checklist()
        self.checklist.end_now_requested.connect(self._on_end_now)
        self.progress_bar = QProgressBar()
        self.progress_bar.setRange(0, 0)
        self.progress_bar.setTextVisible(False)
        self.buttons = QDialogButtonBox()
        self.cancel_button = self.add_button(_("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self.cancel_button.clicked.connect(self.reject)
        self.act_button = self.add_button("", QDialogButtonBox.ButtonRole.ActionRole)
        self.act_button.clicked.connect(self._on_act)
        self.admin_button = self.add_button(
            _("Do it as &administrator"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.admin_button.clicked.connect(self._on_act_as_admin)
        self.copy_button = self.add_button(
            _("Cop&y report"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.copy_button.clicked.connect(self._on_copy_report)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SIDE_MARGIN, 18, SIDE_MARGIN, 16)
        layout.setSpacing(12)
        # The dialog is made as high as its contents; a least height besides is set too late for
        # the window system, which then warns.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        for widget in (
            self.headline,
            *asking,
            self.checklist,
            self.outcome,
            self.progress_text,
            self.progress_bar,
            self.buttons,
        ):
            layout.addWidget(widget)

    def add_button(self, text: str, role: QDialogButtonBox.ButtonRole) -> KeyButton:
        """Add a button; one that acts is there only while shown."""
        button = KeyButton(text)
        self.buttons.addButton(button, role)
        if role is QDialogButtonBox.ButtonRole.ActionRole:
            self._offers.append(button)
        # Enter presses the button that has the focus, as in every dialog of Windows.
        button.setAutoDefault(True)
        button.installEventFilter(self)
        return button

    def prepare_act(self) -> Callable[[ExecutionOptions], ActionReport] | None:
        """Return what does what was asked, for a pool thread; None while nothing can be done."""
        return None

    def kept_while_executing(self) -> tuple[QWidget, ...]:
        """Return the widgets that stay while it is done."""
        return (self.headline,)

    def show_asking(self, *shown: QWidget, verb: str, is_default: bool = False) -> None:
        """Ask; without a ``verb`` there is nothing that can be done.

        ``is_default`` is for what harms nobody else: Enter does it.
        """
        self.act_button.setText(verb.replace("&", "&&"))
        self._show_only(self.headline, *shown, *([self.act_button] if verb else []))
        self._rest_on_cancel(_("Cancel") if verb else _("Close"))
        # From Cancel the act is one Tab away, whatever stands between them.
        QWidget.setTabOrder(self.cancel_button, self.act_button)
        if verb and is_default:
            self._rest_on(self.act_button)

    def show_progress(self, text: str) -> None:
        """Show what is under way."""
        self.progress_text.setText(text)
        if self._is_executing:
            self.setWindowTitle(_("{title}\u2026").format(title=self._title))
        self._show_only(self.progress_text, self.progress_bar, *self.kept_while_executing())
        self.cancel_button.setText(_("Cancel"))

    @override
    def reject(self) -> None:
        if self._task is not None and self._task.is_running:
            self._task.cancel()
            if self._is_executing:
                # What was begun ends in a report; closing now would hide it.
                self.progress_text.setText(_("Stopping…"))
                return
        super().reject()

    @override
    def done(self, result: int) -> None:
        self._is_over = True  # What a reading still brings concerns nobody any more.
        super().done(result)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        if self._is_executing:
            event.ignore()
            self.reject()
            return
        super().closeEvent(event)

    @Slot()
    def _on_act(self) -> None:
        self._act(as_admin=False)

    @Slot()
    def _on_act_as_admin(self) -> None:
        self._act(as_admin=True)

    def _act(self, *, as_admin: bool) -> None:
        act = None if self._is_executing else self.prepare_act()
        if act is None:
            return
        self._is_executing = True
        end_now = self._end_now = threading.Event()
        self.checklist.clear()
        self.show_progress(_("Waiting for the system's prompt…") if as_admin else _("Working…"))

        def work(work: Work[ActionReport]) -> ActionReport:
            return act(ExecutionOptions(as_admin, work.token, work.report, end_now))

        self._task = self._runner.run(
            work,
            pool=Pool.ACTIONS,
            on_done=self.show_report,
            on_failed=self.show_failure,
            on_cancelled=self._on_cancelled,
            on_progress=self.show_step,
        )

    @Slot(object)
    def show_step(self, step: ActionStep) -> None:
        """Show how far it is."""
        self.checklist.show_step(step)
        if self.checklist.isHidden():
            self.headline.setText(_("{title}\u2026").format(title=self._title))
            self._show_only(self.headline, self.checklist, self.progress_bar)
            self.cancel_button.setText(_("Cancel"))
        self.fit()

    @Slot()
    def _on_end_now(self) -> None:
        self._end_now.set()

    @Slot()
    def _on_copy_report(self) -> None:
        lines = (self._title, *self.checklist.lines)
        reported = (self.now_text.text(), self.done_text.text(), self.next_text.text())
        QGuiApplication.clipboard().setText("\n".join(filter(None, (*lines, *reported))))

    @Slot(object)
    def show_report(self, report: ActionReport) -> None:
        """Report how it ended."""
        self._is_executing = False
        is_done = report.outcome is Outcome.DONE
        self._show_result(
            "check" if is_done else "warning", report.now, report.done, report.next_step
        )
        self.admin_button.setVisible(may_be_elevated(report))
        self.acted.emit(report)

    @Slot(object)
    def show_failure(self, error: Exception) -> None:
        """Report that it, or the look before it, failed."""
        was_executing, self._is_executing = self._is_executing, False
        if not isinstance(error, PortViewError):
            super().reject()
            raise error
        is_calm = error.code == "elevation_cancelled"
        self._show_result("info" if is_calm else "warning", error.message, "", error.hint)
        self.admin_button.setVisible(was_executing and may_be_elevated(error))

    @Slot()
    def _on_cancelled(self) -> None:
        self._is_executing = False
        super().reject()

    def _show_result(self, icon_name: str, now: str, done: str, next_step: str) -> None:
        severity = _SEVERITIES.get(icon_name, Severity.NOTE)
        endings = {Severity.GOOD: _("{title}: done"), Severity.BAD: _("{title}: not done")}
        self.setWindowTitle(endings.get(severity, "{title}").format(title=self._title))
        said = join_sentences(now, done, next_step)
        announce(self, said, is_urgent=severity is Severity.BAD)
        sign = severity_icon(severity, self).pixmap(_RESULT_ICON_SIZE, _RESULT_ICON_SIZE)
        self.outcome_icon.setPixmap(sign)
        palette = QPalette(self.palette())
        if severity is Severity.GOOD:
            colour = severity_colour(severity, palette)
            palette.setColor(QPalette.ColorRole.WindowText, colour)
        self.now_text.setPalette(palette)
        for label, text in (
            (self.now_text, now),
            (self.done_text, done),
            (self.next_text, next_step),
        ):
            label.setText(text)
            label.setVisible(bool(text))
        self.checklist.finish()
        has_steps = bool(self.checklist.lines)
        self._show_only(*([self.checklist] if has_steps else []), self.outcome, self.copy_button)
        self._rest_on_cancel(_("Close"))

    def _rest_on_cancel(self, text: str) -> None:
        self.cancel_button.setText(text)
        self._rest_on(self.cancel_button)

    def _rest_on(self, button: QPushButton) -> None:
        self.act_button.set_primary(is_primary=button is self.act_button)
        button.setDefault(True)
        button.setFocus()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            is_press = event.key() in _PRESSING
            is_looking = self.progress_bar.isVisible() and not self._is_executing
            if is_press and (event.isAutoRepeat() or is_looking):
                # The key that opened the dialog, held down a little too long, decides nothing; and
                # an impatient second one does not throw away what is being looked up.
                return True
        return super().eventFilter(watched, event)

    def _show_only(self, *shown: QWidget) -> None:
        for widget in (
            self.headline,
            *self._asking,
            self.checklist,
            self.outcome,
            self.progress_text,
            self.progress_bar,
            *self._offers,
        ):
            widget.setVisible(widget in shown)
        self.fit()

    def fit(self) -> None:
        """Make the dialog as high as what it shows."""
        layout = self.layout()
        if layout is not None:
            # adjustSize knows nothing of wrapped text's height at the width that there is.
            layout.activate()
            width = max(self.width(), WIDTH)
            self.resize(width, layout.totalHeightForWidth(width))
