"""What PortView never stops, why, and what a person can do instead. Pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from portview.actions.safety.refusal import Refusal
from portview.actions.safety.session_refusals import (
    below_refusal,
    service_session_refusal,
    session_refusal,
)
from portview.domain.facts import Absent, Known, Remedy, Unreadable
from portview.domain.owners.container import ContainerRuntime, describe_container, stop_command
from portview.domain.owners.container_owners import (
    Runtime,
    container_relay,
    describe_relay,
    relay_advice,
)
from portview.domain.owners.system_owners import WINDOWS_IDLE_PID, WINDOWS_SYSTEM_PID
from portview.domain.plain_text import inert
from portview.i18n import N_, _

if TYPE_CHECKING:
    from portview.actions.safety.process_facts import ProcessFacts, SelfContext, ServiceFacts

__all__ = [
    "KERNEL_CODE",
    "LINUX_INIT_PID",
    "Refusal",
    "refusal",
    "service_refusal",
    "suspend_refusal",
    "windows_kernel_refusal",
]

LINUX_INIT_PID = 1
_DNS_PORT = 53
_LONGEST_COMMAND = 200
_RESOLVED = frozenset({"systemd-resolved", "systemd-resolve"})
KERNEL_CODE = "windows_kernel"
"""The code of the refusal of PID 4."""

# untranslated: names of processes
_WINDOWS_ITSELF = frozenset(
    {
        "csrss", "fontdrvhost", "idle", "lsaiso", "lsass", "lsm", "memory compression", "ntoskrnl",
        "registry", "secure system", "services", "smss", "system", "vmmem", "vmmemwsl", "wininit",
        "winlogon",
    }
)  # fmt: skip
_WINDOWS_DESKTOP = frozenset(
    {
        "dwm", "explorer", "logonui", "sihost", "shellhost", "shellexperiencehost", "ctfmon",
        "startmenuexperiencehost", "taskhostw", "userinit",
    }
)  # fmt: skip
_WINDOWS_SERVICE_HOSTS = frozenset({"svchost"})
_LINUX_ITSELF = frozenset(
    {
        "init", "systemd", "systemd-executor", "systemd-journald", "systemd-logind",
        "systemd-udevd", "dbus-daemon", "dbus-broker", "dbus-broker-launch", "elogind",
        "polkitd", "runit", "runsvdir", "s6-svscan", "openrc-init",
    }
)  # fmt: skip
_LINUX_DESKTOP = frozenset(
    {
        "Xorg", "X", "Xwayland", "Xvnc", "Xtigervnc", "xrdp-sesman", "gdm", "gdm3",
        "gdm-wayland-session", "gdm-x-session", "sddm", "lightdm", "lxdm", "greetd", "ly",
        "gnome-shell", "gnome-session-binary", "gnome-session", "mutter", "kwin_x11",
        "kwin_wayland", "kwin_wayland_wrapper", "plasmashell", "startplasma-wayland",
        "startplasma-x11", "ksmserver", "plasma_session", "xfce4-session", "xfwm4",
        "xfdesktop", "xfce4-panel", "cinnamon", "cinnamon-session", "muffin", "mate-session",
        "marco", "mate-panel", "lxsession", "lxqt-session", "lxqt-panel", "budgie-wm",
        "budgie-panel", "weston", "sway", "Hyprland", "labwc", "wayfire", "river", "niri",
        "cosmic-comp", "cosmic-session", "openbox", "fluxbox", "icewm", "i3", "bspwm",
        "awesome", "xmonad", "qtile", "dwm", "enlightenment", "compiz", "metacity",
    }
)  # fmt: skip
_WINDOWS_NEVER_SERVICES = frozenset(
    {
        "brokerinfrastructure", "coremessagingregistrar", "dcomlaunch", "lsm", "plugplay", "power",
        "profsvc", "rpceptmapper", "rpcss", "samss", "schedule", "staterepository",
        "systemeventsbroker", "usermanager", "winmgmt",
    }
)  # fmt: skip
_LINUX_NEVER_UNITS = frozenset(
    {
        "dbus-broker", "dbus", "display-manager", "elogind", "gdm", "gdm3", "greetd", "lightdm",
        "lxdm", "polkit", "sddm", "systemd-journald", "systemd-logind", "systemd-udevd",
    }
)  # fmt: skip


def refusal(
    process: ProcessFacts, standpoint: SelfContext, port: int | None = None
) -> Refusal | None:
    """Return why a process must not be stopped; None if it may be. ``port`` is the one meant."""
    if isinstance(standpoint.own_number, Unreadable):
        return unreadable_refusal(
            "foreign_proc",
            _("PortView can't be sure which process a PID means here: {reason}.").format(
                reason=standpoint.own_number.reason
            ),
            standpoint.own_number.remedy,
        )
    if process.key == standpoint.own or process.key.pid == standpoint.own.pid:
        return Refusal(
            "is_portview",
            _("This is PortView itself."),
            _("Close PortView in the usual way."),
        )
    reason: Refusal | None
    if standpoint.platform == "win32":
        reason = _windows_refusal(process, standpoint)
    else:
        reason = _unix_refusal(process)
    reason = reason or below_refusal(process, standpoint)
    return (
        reason
        or session_refusal(process)
        or _dns_refusal(process, port)
        or _inside_container_refusal(process, standpoint)
        or _container_refusal(process, port)
    )


def suspend_refusal(process: ProcessFacts, standpoint: SelfContext) -> Refusal | None:
    """Return why a process must neither be suspended nor resumed; None if it may be.

    The services in it must be such as may be suspended as well.
    """
    reason = refusal(process, standpoint)
    if reason is not None and reason.code == "runs_portview":
        return Refusal(
            reason.code,
            _(
                "PortView runs inside this process, which could then neither "
                "show nor resume anything."
            ),
            reason.advice,
        )
    if reason is not None:
        return reason
    if isinstance(process.services, Unreadable):
        return services_unreadable(process.services)
    found = (service_refusal(service, standpoint) for service in process.shown_services)
    # A service that can't be asked to stop can be suspended all the same.
    never = {"system_service", "session_service"}
    return next((one for one in found if one and one.code in never), None)


def service_refusal(service: ServiceFacts, standpoint: SelfContext) -> Refusal | None:
    """Return why a service must not be stopped; None if it may be."""
    if standpoint.platform == "win32":
        is_never = service.name.lower() in _WINDOWS_NEVER_SERVICES
    else:
        stem = service.name.removesuffix(".service").partition("@")[0]
        is_never = stem in _LINUX_NEVER_UNITS or stem == "user"
    if is_never:
        return Refusal(
            "system_service",
            _("The system itself, or the whole session, depends on this service."),
            _("Give your own program another port."),
        )
    reason = service_session_refusal(service, standpoint)
    if reason is not None:
        return reason
    if not service.can_be_stopped:
        return Refusal(
            "service_takes_no_stop",
            _("This service does not accept being stopped."),
            _("Change its start type and restart the computer, or give your program another port."),
        )
    return None


def services_unreadable(services: Unreadable) -> Refusal:
    """Return why a process that may run a service is not stopped."""
    return unreadable_refusal(
        "services_unreadable",
        _("This process may run a service, and PortView can't read which: {reason}.").format(
            reason=services.reason
        ),
        services.remedy,
    )


def unreadable_refusal(code: str, reason: str, remedy: Remedy) -> Refusal:
    """Return the refusal for a fact that the decision needs and that could not be read."""
    return Refusal(code, reason, _(_REMEDIES[remedy]), needs_admin=remedy is Remedy.ADMINISTRATOR)


_REMEDIES = {
    Remedy.ADMINISTRATOR: N_("Try again with administrator rights."),
    Remedy.CAPABILITY: N_("Run PortView with the privilege that is named above."),
    Remedy.NAMESPACE: N_("Run PortView outside of this container or namespace."),
    Remedy.RETRY: N_("Try again in a moment."),
    Remedy.TOOL: N_("Install or start the program that is named above, then try again."),
    Remedy.NOTHING: N_("Stop the program with the tools of this system."),
}


def _windows_refusal(process: ProcessFacts, standpoint: SelfContext) -> Refusal | None:
    pid = process.key.pid
    if pid in {WINDOWS_IDLE_PID, WINDOWS_SYSTEM_PID}:
        return windows_kernel_refusal(pid)
    return _windows_part(process, standpoint) or _critical_refusal(process)


def _critical_refusal(process: ProcessFacts) -> Refusal | None:
    match process.is_critical:
        case Known(True):
            return Refusal(
                "critical_process",
                _(
                    "Windows marks this process as critical: ending it would "
                    "stop the whole computer."
                ),
                _("Give your own program another port."),
            )
        case Unreadable() as unreadable:
            return unreadable_refusal(
                "critical_unreadable",
                _("PortView can't read whether Windows needs this process: {reason}.").format(
                    reason=unreadable.reason
                ),
                unreadable.remedy,
            )
        case _:
            return None


def _windows_part(process: ProcessFacts, standpoint: SelfContext) -> Refusal | None:
    name = _stem(process.info.name)
    if _may_be_in_windows_folder(process, standpoint):
        if name in _WINDOWS_ITSELF:
            return Refusal(
                "system_process",
                _("This process is a part of Windows, which can't run without it."),
                _("Give your own program another port."),
            )
        if name in _WINDOWS_DESKTOP:
            return Refusal(
                "desktop",
                _("This process is a part of the desktop that you use."),
                _("Sign out and in again to restart it."),
            )
        if name in _WINDOWS_SERVICE_HOSTS and isinstance(process.services, Absent):
            return Refusal(
                "service_host",
                _("This process hosts Windows services, and which ones can't be read."),
                _("Try again as administrator: the service itself can then be stopped."),
                needs_admin=True,
            )
    return None


def windows_kernel_refusal(pid: int) -> Refusal:
    """Return why the idle and the system process are no processes to be ended."""
    if pid == WINDOWS_IDLE_PID:
        return Refusal(
            "no_process",
            _("The process has exited; Windows is closing the connection (TIME_WAIT)."),
            _("Wait: it is free after at most four minutes."),
        )
    return Refusal(
        KERNEL_CODE,
        _("The Windows kernel itself holds this, for one of its drivers."),
        _(
            "Find out for whom: netsh http show servicestate (http.sys), or "
            "Get-SmbServerConfiguration (file sharing). Stop that program or "
            "service."
        ),
    )


def _may_be_in_windows_folder(process: ProcessFacts, standpoint: SelfContext) -> bool:
    executable = process.info.executable
    if not executable or not standpoint.windows_folder:
        return True
    folder = standpoint.windows_folder.rstrip("\\").lower() + "\\"
    return executable.lower().removeprefix("\\\\?\\").startswith(folder)


def _unix_refusal(process: ProcessFacts) -> Refusal | None:
    if process.key.pid == LINUX_INIT_PID:
        return Refusal(
            "init",
            _("This is PID 1 (init). If it is systemd, it listens for a socket unit."),
            _("See which one: systemctl list-sockets. Stop it: systemctl stop NAME.socket"),
        )
    if process.is_kernel_thread:
        return Refusal(
            "kernel_thread",
            _("This is a Linux kernel thread, not a program."),
            _("Find out which kernel service it is (NFS, WireGuard, ...) and switch that off."),
        )
    names = _system_names(process)
    if names & _LINUX_ITSELF:
        return Refusal(
            "system_process",
            _("This process is a part of the operating system."),
            _("Give your own program another port."),
        )
    if names & _LINUX_DESKTOP:
        return Refusal(
            "desktop",
            _(
                "This process is a part of the desktop: its display server, its "
                "shell or its windows."
            ),
            _("Log out and in again to restart it."),
        )
    return None


def _dns_refusal(process: ProcessFacts, port: int | None) -> Refusal | None:
    """Keep port 53 of systemd-resolved, which has a setting of its own for giving it back."""
    if port != _DNS_PORT or process.info.name not in _RESOLVED:
        return None
    return Refusal(
        "dns_stub",
        _(
            "systemd-resolved answers the name lookups of this computer here (DNSStubListener). "
            "Ending it ends name resolution for most programs, and systemd starts it again."
        ),
        _(
            "Set DNSStubListener=no under [Resolve] in /etc/systemd/resolved.conf, then: "
            "ln -sf /run/systemd/resolve/resolv.conf /etc/resolv.conf && "
            "systemctl restart systemd-resolved. Lookups then go to the DNS servers directly."
        ),
    )


def _inside_container_refusal(process: ProcessFacts, standpoint: SelfContext) -> Refusal | None:
    """Have a container stopped by its runtime, which may start it again after a signal."""
    container = process.container
    own = standpoint.container
    if container is None or (own is not None and own.id == container.id):
        return None
    command = inert(shlex.join(stop_command(container)), _LONGEST_COMMAND)
    advice = _("Stop the container: {command}").format(command=command)
    if container.runtime is ContainerRuntime.KUBERNETES:
        advice = _(
            "Scale down or delete what owns the pod (kubectl); the kubelet starts it again after: "
            "{command}"
        ).format(command=command)
    return Refusal(
        "container",
        _("This process runs in the {container}.").format(container=describe_container(container)),
        advice,
    )


def _system_names(process: ProcessFacts) -> frozenset[str]:
    """Return by which names of the lists a process has to be judged.

    Where it can't be read whose program it is, its name has to do.
    """
    match process.system_names:
        case Known(names):
            return names
        case Absent():
            return frozenset()
    return frozenset({process.info.name or ""})


def _container_refusal(process: ProcessFacts, port: int | None) -> Refusal | None:
    relay = container_relay(process.info)
    if relay is None or _is_namesake(process):
        return None
    code = "wsl" if relay.runtime is Runtime.WSL else "container_runtime"
    return Refusal(code, describe_relay(relay), relay_advice(relay, port))


def _is_namesake(process: ProcessFacts) -> bool:
    """Return whether it is proved that a process only has the name of a container runtime."""
    return isinstance(process.system_names, Absent) and isinstance(process.container_tie, Absent)


def _stem(name: str | None) -> str:
    return (name or "").lower().removesuffix(".exe")
