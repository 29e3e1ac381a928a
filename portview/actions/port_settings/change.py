"""Change a setting about ports: plan, do, read again, and keep how it is undone."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from portview.actions.elevation.client import run_elevated
from portview.actions.elevation.request import ElevatedOperation, ElevatedRequest
from portview.actions.specs.setting import SettingChange, SettingKind
from portview.actions.specs.setting_command import WINDOWS_ONLY, command_of
from portview.command_name import command_line
from portview.domain.errors import ActionReport, Outcome, PortViewError
from portview.domain.facts import Known, Unreadable
from portview.domain.plain_text import inert
from portview.i18n import _, labelled

if TYPE_CHECKING:
    from portview.domain.cancellation import CancelToken
    from portview.domain.facts import Fact

_LINUX_ONLY = frozenset({SettingKind.ALLOW_FROM})


class PortSettings(Protocol):
    """The settings of one system."""

    def read(self, change: SettingChange) -> Fact[str]:
        """Return the setting that a change is about."""
        ...

    def is_so(self, change: SettingChange, now: Fact[str]) -> bool:
        """Return whether it is as the change wants it."""
        ...

    def undo_of(self, change: SettingChange, before: Fact[str]) -> SettingChange | None:
        """Return the change that brings it back."""
        ...

    def commands(self, change: SettingChange, before: Fact[str]) -> tuple[tuple[str, ...], ...]:
        """Return the commands that would make the change."""
        ...

    def apply(self, change: SettingChange) -> None:
        """Make the change. Raises PortViewError, NEEDS_ADMIN where that is why."""
        ...


@dataclass(frozen=True, slots=True)
class SettingPlan:
    """What is about to be changed; nothing was done yet.

    ``undo`` is None where the setting is so already. Every text is inert but the commands.
    """

    change: SettingChange
    before: Fact[str]
    commands: tuple[tuple[str, ...], ...]
    harm: str
    undo: SettingChange | None
    is_so_already: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingReport(ActionReport):
    """How a change ended. ``can_be_elevated`` says that an administrator could do it."""

    plan: SettingPlan
    can_be_elevated: bool = True


def open_port_settings() -> PortSettings:
    """Return the settings of this system. Raises PortViewError where PortView knows none."""
    if sys.platform == "win32":
        from portview.actions.port_settings.windows import (  # noqa: PLC0415 - Windows only
            WindowsPortSettings,
        )

        return WindowsPortSettings()
    if sys.platform == "linux":
        from portview.actions.port_settings.linux import LinuxPortSettings  # noqa: PLC0415

        return LinuxPortSettings()
    raise PortViewError(
        "not_here",
        _("This system's port settings can't be changed by PortView."),
        "",
        Outcome.FAILED,
    )


def plan_setting(change: SettingChange, settings: PortSettings | None = None) -> SettingPlan:
    """See how a setting is and how it would be changed. Raises PortViewError."""
    settings = settings or open_port_settings()
    wrong = _LINUX_ONLY if sys.platform == "win32" else WINDOWS_ONLY
    if change.kind in wrong:
        raise PortViewError(
            "not_here", _("This system has no such setting."), "", Outcome.BAD_INPUT
        )
    before = settings.read(change)
    if isinstance(before, Unreadable):
        # Undo needs what was there before.
        raise PortViewError(
            "setting_unreadable",
            _("The setting can't be read: {reason}. Nothing was done.").format(
                reason=before.reason
            ),
            "",
            Outcome.NOT_DONE,
        )
    return SettingPlan(
        change,
        before,
        settings.commands(change, before),
        describe_harm(change),
        settings.undo_of(change, before),
        settings.is_so(change, before),
    )


def apply_setting(
    plan: SettingPlan,
    *,
    as_admin: bool = False,
    cancel: CancelToken | None = None,
    settings: PortSettings | None = None,
) -> SettingReport:
    """Make a change and read the setting again. Raises PortViewError, Cancelled."""
    settings = settings or open_port_settings()
    asked = describe_change(plan.change)
    if plan.is_so_already:
        return SettingReport(
            Outcome.DONE, asked, _("Nothing had to be done."), _now(plan, plan.before), plan=plan
        )
    if as_admin:
        run_elevated(ElevatedRequest(ElevatedOperation.CHANGE_SETTING, setting=plan.change), cancel)
    else:
        settings.apply(plan.change)
    after = settings.read(plan.change)
    is_so = settings.is_so(plan.change, after)
    undo = undo_sentence(plan) if is_so else ""
    return SettingReport(
        Outcome.DONE if is_so else Outcome.NOT_DONE,
        asked,
        _("The setting was changed.")
        if is_so
        else _("The setting does not have the requested value."),
        _now(plan, after),
        undo,
        plan=plan,
    )


def describe_change(change: SettingChange) -> str:
    """Return what a change does, as a sentence."""
    value = inert(change.value, 160)
    ports = value.removesuffix(f"-{value.partition('-')[0]}")
    return {
        SettingKind.RESERVE: _("Reserve port {value}.").format(value=ports),
        SettingKind.RELEASE: _("End the reservation of port {value}.").format(value=ports),
        SettingKind.DYNAMIC_RANGE: _("Set the dynamic range to {value}.").format(value=value),
        SettingKind.ALLOW_FROM: _("Let every user bind ports from {value} on.").format(value=value),
        SettingKind.REMOVE_FORWARD: _("Remove the port proxy {value}.").format(value=value),
        SettingKind.RESTORE_FORWARD: _("Make the port proxy {value}.").format(value=value),
    }[change.kind]


def describe_harm(change: SettingChange) -> str:
    """Return what a change may break."""
    if change.is_around_winnat:
        return _("The network of containers, virtual machines and WSL is cut off for a moment.")
    return {
        SettingKind.RESERVE: _("No outgoing connection gets these ports any more."),
        SettingKind.RELEASE: _("Any outgoing connection may get these ports again."),
        SettingKind.DYNAMIC_RANGE: _(
            "A server in the new range may find its port taken by an outgoing connection. Windows "
            "needs a restart for it."
        )
        if sys.platform == "win32"
        else _("A server in the new range may find its port taken by an outgoing connection."),
        SettingKind.ALLOW_FROM: _("Every user of this machine may then take these ports."),
        SettingKind.REMOVE_FORWARD: _("Clients that use the forward no longer reach their server."),
        SettingKind.RESTORE_FORWARD: _("The forward takes the port."),
    }[change.kind]


def undo_sentence(plan: SettingPlan) -> str:
    """Return the command that undoes a change, "" where nothing changed."""
    if plan.undo is None:
        return ""
    return _("To undo it: {command}").format(command=command_line(*command_of(plan.undo)[1:]))


def _now(plan: SettingPlan, after: Fact[str]) -> str:
    if isinstance(after, Unreadable):
        return _("The current value can't be read: {reason}.").format(reason=after.reason)
    name = {
        SettingKind.DYNAMIC_RANGE: _("Dynamic range"),
        SettingKind.ALLOW_FROM: _("First port for every user"),
        SettingKind.REMOVE_FORWARD: _("Port proxy"),
        SettingKind.RESTORE_FORWARD: _("Port proxy"),
    }.get(plan.change.kind, _("Reserved ports"))
    value = after.value if isinstance(after, Known) and after.value else _("none")
    return labelled(name, inert(value, 200))
