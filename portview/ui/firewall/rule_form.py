"""Where a person says which rule of the firewall is wanted: for whom, where from, until when."""

from __future__ import annotations

import time
from dataclasses import replace
from enum import IntEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from portview.actions.firewall_rules.plan import can_match_programs
from portview.actions.specs.rule_spec import (
    ANY,
    LOCAL_SUBNET,
    default_rule_spec,
    validated_remotes,
)
from portview.domain.errors import PortViewError
from portview.domain.plain_text import inert, quoted
from portview.domain.user_input.parsing import BadInputError
from portview.i18n import N_, _, join_list
from portview.ui.confirm.confirmation_view import plain_label
from portview.ui.widgets.validated_field import ValidatedField

if TYPE_CHECKING:
    from portview.domain.firewall import (
        FirewallQuestion,
        FirewallStatus,
        RuleEffect,
        RuleSpec,
    )
    from portview.domain.owners.process import ProcessKey
    from portview.readers.local_subnets import LocalSubnet

HOUR_MS = 3_600_000

_LONGEST_NAME = 60
_MOST_NETWORKS = 3
_PROFILE_TIPS = {
    "domain": N_("Networks in which this machine knows its domain"),
    "private": N_("Networks that were marked as private: at home, at work"),
    "public": N_("All other networks, such as a caf\u00e9's: everybody there may come in"),
}


class Remote(IntEnum):
    """Where clients come from, by the numbers of the choice."""

    LOCAL = 0
    ANY = 1
    ONE = 2


class Until(IntEnum):
    """How long the rule is there, by the numbers of the choice."""

    REVOKED = 0
    HOUR = 1
    PROCESS = 2


class RuleForm(QWidget):
    """Makes a rule specification of what is chosen. ``rule_spec_changed`` follows every choice."""

    rule_spec_changed = Signal()

    def __init__(
        self,
        effect: RuleEffect,
        question: FirewallQuestion,
        owner: ProcessKey | None,
        owner_name: str,
        parent: QWidget | None = None,
    ) -> None:
        """Store what the port is used for now; ``owner_name`` is machine text."""
        super().__init__(parent)
        self._question = question
        self._owner = owner
        self._start = default_rule_spec(question, effect, matches_programs=True)
        self._has_profiles = False
        self._made_ms = 0
        name = inert(owner_name, _LONGEST_NAME)
        self.name = plain_label("")
        self.program_button = QRadioButton(_("Only {name}").format(name=name).replace("&", "&&"))
        self.program_path = plain_label(inert(self._start.program or question.program or "", 300))
        self.port_button = QRadioButton(_("Whatever listens on the port"))
        self._whom = QButtonGroup(self)
        self.remote_box = QComboBox()
        self.remote_field: ValidatedField[tuple[str, ...]] = ValidatedField(
            _("Remote"), parse_remote
        )
        self.remote_field.setPlaceholderText(
            _("{address} or {network}").format(address="192.168.1.7", network="192.168.1.0/24")
        )
        self.profile_boxes = {profile: QCheckBox(profile.capitalize()) for profile in _PROFILE_TIPS}
        self.until_box = QComboBox()
        self._compose(name)
        self._connect()

    def show_firewall(self, status: FirewallStatus, subnets: tuple[LocalSubnet, ...]) -> None:
        """Offer what this firewall can do; to be called once, first."""
        is_program_rule = can_match_programs(status) and self._start.program is not None
        self.program_button.setEnabled(is_program_rule)
        (self.program_button if is_program_rule else self.port_button).setChecked(True)
        self._rows.setRowVisible(self._whom_row, can_match_programs(status))
        self.program_button.setVisible(self._question.program is not None)
        self.program_path.setVisible(self._question.program is not None)
        self._has_profiles = can_match_programs(status)
        self._rows.setRowVisible(self._profiles_row, self._has_profiles)
        networks = list(dict.fromkeys(subnet.network for subnet in subnets))
        if networks:
            shown = networks[:_MOST_NETWORKS]
            if len(networks) > _MOST_NETWORKS:
                shown.append("…")
            self.remote_box.setItemText(
                Remote.LOCAL,
                _("The local network ({networks})").format(networks=join_list(shown)),
            )

    def show_name(self, name: str) -> None:
        """Show what the rule will be called; the text is inert."""
        self.name.setText(name)

    @property
    def problem(self) -> str:
        """Return what is missing, empty where the rule specification is whole."""
        if self.remote_box.currentIndex() == Remote.ONE and self.remote_field.value is None:
            return self.remote_field.accessibleDescription() or _(
                "Type the address or the network."
            )
        if self._has_profiles and not self._profiles():
            return _("Select the networks in which the rule applies.")
        return ""

    def rule_spec(self) -> RuleSpec:
        """Return the rule specification; only where there is no ``problem``."""
        choice = self.remote_box.currentIndex()
        remotes = {Remote.LOCAL: (LOCAL_SUBNET,), Remote.ANY: (ANY,)}.get(
            Remote(choice), self.remote_field.value or ()
        )
        until = self.until_box.currentData()
        return replace(
            self._start,
            program=self._start.program if self.program_button.isChecked() else None,
            remotes=remotes,
            profiles=self._profiles() or self._start.profiles,
            expires_at_ms=self._made_ms + HOUR_MS if until == Until.HOUR else None,
            until=self._owner if until == Until.PROCESS else None,
        )

    def _profiles(self) -> tuple[str, ...]:
        return tuple(name for name, box in self.profile_boxes.items() if box.isChecked())

    def _compose(self, owner_name: str) -> None:
        whom = QVBoxLayout()
        whom.setSpacing(2)
        self.program_path.setContentsMargins(22, 0, 0, 0)
        for button in (self.program_button, self.port_button):
            self._whom.addButton(button)
        for widget in (self.program_button, self.program_path, self.port_button):
            whom.addWidget(widget)
        self.remote_box.addItems(
            [_("The local network"), _("Any machine"), _("One machine or network…")]
        )
        self.remote_box.setCurrentIndex(
            Remote.ANY if self._start.remotes == (ANY,) else Remote.LOCAL
        )
        remote = QVBoxLayout()
        remote.setSpacing(4)
        remote.addWidget(self.remote_box)
        remote.addWidget(self.remote_field)
        self.remote_field.hide()
        profiles = QHBoxLayout()
        for name, box in self.profile_boxes.items():
            box.setChecked(name in self._start.profiles)
            box.setToolTip(_(_PROFILE_TIPS[name]))
            profiles.addWidget(box)
        profiles.addStretch(1)
        self._add_endings(owner_name)
        self._rows = QFormLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setHorizontalSpacing(14)
        self._rows.setVerticalSpacing(10)
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._rows.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._rows.addRow(_title(_("Rule")), self.name)
        self._whom_row = self._add_row(_("For"), whom)
        self._rows.addRow(_title(_("&From"), self.remote_box), remote)
        self._profiles_row = self._add_row(_("Networks"), profiles)
        self._rows.addRow(_title(_("&Until"), self.until_box), self.until_box)

    def _add_row(self, title: str, layout: QVBoxLayout | QHBoxLayout) -> int:
        holder = QWidget()
        layout.setContentsMargins(0, 0, 0, 0)
        holder.setLayout(layout)
        self._rows.addRow(_title(title), holder)
        return self._rows.rowCount() - 1

    def _add_endings(self, owner_name: str) -> None:
        self._made_ms = time.time_ns() // 1_000_000
        ends = QDateTime.fromMSecsSinceEpoch(self._made_ms + HOUR_MS).toString("HH:mm")
        self.until_box.addItem(_("It is revoked"), Until.REVOKED)
        self.until_box.addItem(_("In 1 hour, at {ends}").format(ends=ends), Until.HOUR)
        if self._owner is not None:
            program = _("{owner_name} (PID {pid}) ends").format(
                owner_name=owner_name, pid=self._owner.pid
            )
            self.until_box.addItem(program, Until.PROCESS)

    def _connect(self) -> None:
        self.port_button.toggled.connect(self._on_changed)
        self.remote_box.currentIndexChanged.connect(self._on_remote_chosen)
        self.remote_field.textChanged.connect(self._on_changed)
        for box in self.profile_boxes.values():
            box.toggled.connect(self._on_changed)
        self.until_box.currentIndexChanged.connect(self._on_changed)

    @Slot()
    def _on_changed(self) -> None:
        self.rule_spec_changed.emit()

    @Slot(int)
    def _on_remote_chosen(self, number: int) -> None:
        is_typed = number == Remote.ONE
        self.remote_field.setVisible(is_typed)
        if is_typed:
            self.remote_field.setFocus()
        self.rule_spec_changed.emit()


def parse_remote(text: str) -> tuple[str, ...]:
    """Read addresses and networks, separated by commas. Raises BadInputError."""
    at = 0
    for part in text.split(","):
        stripped = part.strip()
        start = at + (part.index(stripped) if stripped else 0)
        try:
            validated_remotes((stripped,))
        except PortViewError as error:
            problem = _("{stripped} is not a valid address or network.").format(
                stripped=quoted(stripped, 60)
            )
            if not stripped:
                problem = _("An address is missing.")
            raise BadInputError(
                "bad_remote", problem, text, start, len(stripped), error.hint
            ) from None
        at += len(part) + 1
    return validated_remotes(text.split(","))


def _title(text: str, buddy: QWidget | None = None) -> QLabel:
    label = QLabel(text)
    if buddy is not None:
        label.setBuddy(buddy)
    return label
