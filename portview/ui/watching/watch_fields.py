"""The fields of a watch: those that its kind has, as the file would have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from portview.i18n import _
from portview.watch.rules.model import DESKTOP, Expectation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PORT_KINDS = frozenset(Expectation) - {
    Expectation.SERVICE, Expectation.NO_NEW_LISTENERS, Expectation.DYNAMIC_PORTS,
}  # fmt: skip
_ANY_PORT_KINDS = frozenset({Expectation.SOCKETS, Expectation.RESOURCES})
"""Kinds that may do without a port."""

_TCP_ONLY = frozenset({Expectation.TCP, Expectation.HTTP, Expectation.TLS})
_HOST_KINDS = frozenset({Expectation.TCP, Expectation.UDP, Expectation.TLS})
_PROGRAM_KINDS = frozenset({Expectation.HELD_BY, Expectation.LISTENING, Expectation.RESOURCES})
_ABOVE_KINDS = frozenset({Expectation.SOCKETS, Expectation.RESOURCES, Expectation.DYNAMIC_PORTS})
_MOST = 1_000_000


class WatchFields(QWidget):
    """A form. ``changed`` follows each change of what is checked, not of how often."""

    changed = Signal()

    def __init__(
        self, protocol: str, channels: Sequence[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._protocol = protocol
        self._has_url_and_port = False
        self.name_field = QLineEdit()
        self.name_field.setMaxLength(100)
        self.expect_box = QComboBox()
        for kind, text in _kinds(protocol):
            self.expect_box.addItem(text, kind.value)
        self.port_field = QSpinBox()
        self.port_field.setRange(1, 65_535)
        self.host_field = QLineEdit()
        self.host_field.setPlaceholderText(_("this computer"))
        self.url_field = QLineEdit()
        self.url_field.setPlaceholderText("http://127.0.0.1:8080/health")
        self.program_field = QLineEdit()
        self.program_field.setPlaceholderText(_("any program"))
        self.service_field = QLineEdit()
        self.resource_box = QComboBox()
        self.resource_box.addItem(_("processor, percent of one core"), "processor")
        self.resource_box.addItem(_("memory, MiB"), "memory")
        self.above_field = QDoubleSpinBox()
        self.above_field.setDecimals(0)
        self.above_field.setRange(0, _MOST)
        self.above_field.setValue(100)
        self.days_field = QSpinBox()
        self.days_field.setRange(0, 3650)
        self.days_field.setValue(14)
        self.interval_box = _choice(
            (_("10 seconds"), "10s"), (_("30 seconds"), "30s"), (_("1 minute"), "1m"),
            (_("5 minutes"), "5m"),
        )  # fmt: skip
        self.interval_box.setCurrentIndex(1)
        self.failures_field = QSpinBox()
        self.failures_field.setRange(1, 1000)
        self.failures_field.setValue(3)
        self.successes_field = QSpinBox()
        self.successes_field.setRange(1, 1000)
        self.successes_field.setValue(2)
        self.remind_box = _choice(
            (_("never"), ""), (_("every hour"), "1h"), (_("every 4 hours"), "4h"),
            (_("every day"), "24h"),
        )  # fmt: skip
        self.channels = {DESKTOP: QCheckBox(_("desktop"))}
        # A name is not the box's text: an ampersand in it would stand for a key.
        self.channels |= {name: QCheckBox(name.replace("&", "&&")) for name in channels}
        self.channels[DESKTOP].setChecked(True)
        self._compose()
        self._connect()
        self._show_rows()

    def _compose(self) -> None:
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows: tuple[tuple[str, QWidget], ...] = (
            (_("&Name"), self.name_field),
            (_("&Expect that"), self.expect_box),
            (_("&Port"), self.port_field),
            (_("&Host"), self.host_field),
            (_("&Address"), self.url_field),
            (_("P&rogram"), self.program_field),
            (_("&Service"), self.service_field),
            (_("Reso&urce"), self.resource_box),
            (_("At &most"), self.above_field),
            (_("For more &days"), self.days_field),
            (_("Check e&very"), self.interval_box),
            (_("&Failures until it fires"), self.failures_field),
            (_("Successes until it is reso&lved"), self.successes_field),
            (_("Remin&d"), self.remind_box),
        )
        for label, widget in rows:
            self._form.addRow(label, widget)
        for number, box in enumerate(self.channels.values()):
            self._form.addRow(_("Notify") if number == 0 else "", box)

    def _connect(self) -> None:
        self.expect_box.currentIndexChanged.connect(self._show_rows)
        for signal in (
            self.port_field.valueChanged, self.expect_box.currentIndexChanged,
            self.host_field.textChanged, self.url_field.textChanged,
            self.program_field.textChanged, self.service_field.textChanged,
            self.resource_box.currentIndexChanged, self.above_field.valueChanged,
            self.days_field.valueChanged,
        ):  # fmt: skip
            signal.connect(self.changed)

    @property
    def kind(self) -> Expectation:
        """Return what is expected."""
        return Expectation(str(self.expect_box.currentData()))

    def choose_kind(self, kind: str) -> None:
        """Choose what is expected."""
        self.expect_box.setCurrentIndex(self.expect_box.findData(kind))

    def values(self) -> dict[str, Any]:
        """Return the keys of the watch as the file has them, in the order of the file."""
        return {key: value for key, value in self.changes().items() if value is not None}

    def changes(self) -> dict[str, Any]:
        """Return every key that the form knows; None for one that the watch does not have."""
        kind = self.kind
        has_port = kind in _PORT_KINDS and self.port_field.value() > 0
        if kind is Expectation.HTTP and self._url() and not self._has_url_and_port:
            has_port = False  # the address has one
        return {
            "name": self.name_field.text().strip(),
            "expect": kind.value,
            "port": self.port_field.value() if has_port else None,
            "protocol": self._protocol if has_port and self._protocol != "tcp" else None,
            "host": _text(self.host_field) if kind in _HOST_KINDS else None,
            "url": self._url() if kind is Expectation.HTTP else None,
            "program": _text(self.program_field) if kind in _PROGRAM_KINDS else None,
            "service": _text(self.service_field) if kind is Expectation.SERVICE else None,
            "resource": str(self.resource_box.currentData())
            if kind is Expectation.RESOURCES
            else None,
            "above": _plain(self.above_field.value()) if kind in _ABOVE_KINDS else None,
            "days": self.days_field.value() if kind is Expectation.TLS else None,
            "interval": str(self.interval_box.currentData()),
            "failures": self._unless(self.failures_field, 3),
            "successes": self._unless(self.successes_field, 2),
            "remind": str(self.remind_box.currentData()) or None,
            "notify": [name for name, box in self.channels.items() if box.isChecked()],
        }

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Show the keys of a watch of the file."""
        self._protocol = "udp" if values.get("protocol") == "udp" else "tcp"
        self.name_field.setText(str(values.get("name", "")))
        self.choose_kind(str(values.get("expect", "")))
        self._has_url_and_port = "url" in values and "port" in values
        self._show_rows()
        self.port_field.setValue(int(values.get("port", self.port_field.minimum())))
        for key, field in (
            ("host", self.host_field), ("url", self.url_field), ("program", self.program_field),
            ("service", self.service_field),
        ):  # fmt: skip
            field.setText(str(values.get(key, "")))
        self.resource_box.setCurrentIndex(
            max(0, self.resource_box.findData(values.get("resource", "processor")))
        )
        self.above_field.setValue(float(values.get("above", self.above_field.value())))
        self.days_field.setValue(int(values.get("days", self.days_field.value())))
        self.failures_field.setValue(int(values.get("failures", 3)))
        self.successes_field.setValue(int(values.get("successes", 2)))
        _choose(self.interval_box, str(values.get("interval", "30s")))
        _choose(self.remind_box, str(values.get("remind", "")))
        reported = values.get("notify") or [DESKTOP]
        for name, box in self.channels.items():
            box.setChecked(name in reported)
        self._show_rows()

    def _url(self) -> str | None:
        return _text(self.url_field)

    @staticmethod
    def _unless(field: QSpinBox, usual: int) -> int | None:
        return None if field.value() == usual else field.value()

    def _show_rows(self) -> None:
        kind = self.kind
        self.port_field.setMinimum(0 if kind in _ANY_PORT_KINDS else 1)
        if self.port_field.minimum():
            self.port_field.setSpecialValueText("")
        else:
            self.port_field.setSpecialValueText(_("any"))
        for field, is_there in (
            (self.port_field, kind in _PORT_KINDS),
            (self.host_field, kind in _HOST_KINDS),
            (self.url_field, kind is Expectation.HTTP),
            (self.program_field, kind in _PROGRAM_KINDS),
            (self.service_field, kind is Expectation.SERVICE),
            (self.resource_box, kind is Expectation.RESOURCES),
            (self.above_field, kind in _ABOVE_KINDS),
            (self.days_field, kind is Expectation.TLS),
        ):
            self._form.setRowVisible(field, is_there)


def _kinds(protocol: str) -> list[tuple[Expectation, str]]:
    kinds = [
        (Expectation.LISTENING, _("a program listens on it")),
        (Expectation.TCP, _("it answers when a client connects")),
        (Expectation.HTTP, _("a web page comes from it")),
        (Expectation.TLS, _("its certificate is valid for some more days")),
        (Expectation.UDP, _("it answers a datagram")),
        (Expectation.HELD_BY, _("no other program takes it")),
        (Expectation.NOT_EXPOSED, _("it stays closed to other machines")),
        (Expectation.NOT_RESERVED, _("it is in no excluded range")),
        (Expectation.FREE, _("no process holds it")),
        (Expectation.SOCKETS, _("it does not have too many sockets")),
        (Expectation.SERVICE, _("a service runs")),
        (Expectation.NO_NEW_LISTENERS, _("nothing new listens on this computer")),
        (Expectation.DYNAMIC_PORTS, _("dynamic ports do not run out")),
        (Expectation.RESOURCES, _("a program does not use too much")),
    ]
    left_out = _TCP_ONLY if protocol == "udp" else {Expectation.UDP}
    return [(kind, text) for kind, text in kinds if kind not in left_out]


def _choice(*items: tuple[str, str]) -> QComboBox:
    box = QComboBox()
    for text, value in items:
        box.addItem(text, value)
    return box


def _choose(box: QComboBox, value: str) -> None:
    """Choose a value; one that is not offered is added as the file has it."""
    if box.findData(value) < 0:
        box.addItem(value, value)
    box.setCurrentIndex(box.findData(value))


def _text(field: QLineEdit) -> str | None:
    return field.text().strip() or None


def _plain(number: float) -> int | float:
    return int(number) if number == int(number) else number
