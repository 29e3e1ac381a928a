"""What is never stopped, and what looks like it but may be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portview.actions.safety.process_facts import ProcessFacts, SelfContext, ServiceFacts
from portview.actions.safety.refusals import refusal, service_refusal, suspend_refusal
from portview.actions.safety.state_refusals import state_refusal
from portview.domain.facts import ABSENT, Fact, Known, Remedy, Unreadable
from portview.domain.owners.blockage import Blockage, BlockageKind
from portview.domain.owners.container import Container, ContainerRuntime
from portview.domain.owners.process import Execution, ProcessInfo, ProcessKey
from portview.domain.owners.service import Service, ServiceState
from portview.domain.owners.session_ties import SessionTie
from tests.fakes.process_facts import read_facts

OWN = ProcessKey(500, 5_000)
SHELL = ProcessKey(400, 4_000)
LINUX = SelfContext(OWN, frozenset({SHELL}), "linux")
WINDOWS = SelfContext(OWN, frozenset({SHELL}), "win32", r"C:\Windows")


def process(name: str | None, pid: int = 1234, executable: str | None = None, **more: object):  # noqa: ANN201
    info = ProcessInfo(ProcessKey(pid, 9_000), name, executable)
    return read_facts(info, **more)  # type: ignore[arg-type]


def code(facts: ProcessFacts, standpoint: SelfContext) -> str | None:
    reason = refusal(facts, standpoint)
    if reason is None:
        return None
    assert reason.reason.endswith(".")
    assert reason.advice
    return reason.code


@pytest.mark.parametrize("standpoint", [LINUX, WINDOWS])
def test_portview_and_what_it_runs_under_are_refused(standpoint: SelfContext) -> None:
    assert code(read_facts(ProcessInfo(OWN, "portview")), standpoint) == "is_portview"
    assert code(read_facts(ProcessInfo(SHELL, "bash")), standpoint) == "runs_portview"
    same_pid = ProcessKey(SHELL.pid, SHELL.started_ms + 1)
    bash = read_facts(ProcessInfo(same_pid, "bash"))
    assert code(bash, standpoint) is None
    doubtful = replace(standpoint, possible_ancestors=frozenset({same_pid}))
    assert code(bash, doubtful) == "may_run_portview"


@pytest.mark.parametrize(
    "name",
    ["csrss.exe", "WININIT.EXE", "winlogon.exe", "services.exe", "lsass.exe", "smss.exe",
     "Registry", "Memory Compression", "Secure System", "LsaIso.exe"],
)  # fmt: skip
def test_parts_of_windows_are_refused_by_name(name: str) -> None:
    assert code(process(name), WINDOWS) == "system_process"
    inside = rf"C:\Windows\System32\{name}"
    assert code(process(name, executable=inside), WINDOWS) == "system_process"
    assert code(process(name, executable=inside.upper()), WINDOWS) == "system_process"


def test_a_program_of_the_same_name_elsewhere_may_be_stopped() -> None:
    assert code(process("services.exe", executable=r"D:\dev\services.exe"), WINDOWS) is None
    beside = r"C:\WindowsApps\services.exe"
    assert code(process("services.exe", executable=beside), WINDOWS) is None


def test_windows_own_flag_counts_whatever_the_name() -> None:
    facts = process("harmless.exe", executable=r"D:\harmless.exe", is_critical=Known(True))
    assert code(facts, WINDOWS) == "critical_process"


@pytest.mark.parametrize("remedy", Remedy)
def test_what_must_be_known_and_is_not_names_what_would_help(remedy: Remedy) -> None:
    """Rights are asked for only where they would make it readable."""
    hidden = Unreadable("it is closed", remedy)
    flag = process("harmless.exe", executable=r"D:\harmless.exe", is_critical=hidden)
    for reason in (
        refusal(flag, WINDOWS),
        refusal(process("node"), replace(LINUX, own_number=hidden)),
        refusal(process("node"), replace(WINDOWS, own_number=hidden)),
    ):
        assert reason
        assert "it is closed" in reason.reason
        assert reason.needs_admin is (remedy is Remedy.ADMINISTRATOR)
        assert bool(reason.advice)
    assert refusal(flag, WINDOWS) != refusal(flag, LINUX)


def test_a_folder_of_windows_written_with_its_end_is_the_same_folder() -> None:
    ended = replace(WINDOWS, windows_folder=WINDOWS.windows_folder + "\\")
    inside = rf"{WINDOWS.windows_folder}\System32\csrss.exe"
    assert code(process("csrss.exe", executable=inside), ended) == "system_process"


def test_the_folder_of_windows_may_have_any_name() -> None:
    elsewhere = replace(WINDOWS, windows_folder=r"D:\WINX")
    facts = process("csrss.exe", executable=r"d:\winx\System32\csrss.exe")
    assert code(facts, elsewhere) == "system_process"
    assert code(process("csrss.exe", executable=r"d:\win\csrss.exe"), elsewhere) is None


def test_the_command_for_a_container_is_no_longer_than_people_read() -> None:
    web = Container(ContainerRuntime.DOCKER, "ab" * 32, "w" * 5_000)
    reason = refusal(process("nginx", container=web), LINUX)
    assert reason
    assert len(reason.advice) < 300


@pytest.mark.parametrize(("pid", "expected"), [(0, "no_process"), (4, "windows_kernel")])
def test_pid_0_and_4_are_refused_on_windows_only(pid: int, expected: str) -> None:
    assert code(process("System", pid), WINDOWS) == expected
    assert code(process("sleep", 4), LINUX) is None


@pytest.mark.parametrize("name", ["explorer.exe", "dwm.exe", "sihost.exe"])
def test_the_windows_desktop_is_refused(name: str) -> None:
    assert code(process(name), WINDOWS) == "desktop"


def test_a_service_host_with_unknown_services_asks_for_rights() -> None:
    reason = refusal(process("svchost.exe"), WINDOWS)
    assert reason
    assert reason.needs_admin


def test_pid_1_and_kernel_threads_are_refused() -> None:
    assert code(process("anything", 1), LINUX) == "init"
    assert code(process("nfsd", is_kernel_thread=True), LINUX) == "kernel_thread"


@pytest.mark.parametrize(
    "name", ["Xorg", "Xwayland", "gnome-shell", "kwin_wayland", "plasmashell", "sway", "gdm3"]
)
def test_the_linux_desktop_is_refused(name: str) -> None:
    assert code(process(name), LINUX) == "desktop"


@pytest.mark.parametrize("name", ["node", "python3", "nginx", "java", "sshd", "Xvfb"])
def test_servers_may_be_stopped(name: str) -> None:
    assert code(process(name), LINUX) is None
    assert code(process(f"{name}.exe"), WINDOWS) is None


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("docker-proxy", "docker ps --filter publish=8080"),
        ("com.docker.backend.exe", "docker ps --filter publish=8080"),
        ("com.docker.vpnkit.exe", "docker ps --filter publish=8080"),
        ("rootlessport", "podman ps --filter publish=8080"),
        ("gvproxy.exe", "podman ps --filter publish=8080"),
        ("slirp4netns", "(or podman instead)"),
    ],
)
def test_container_runtimes_are_refused_with_the_way_to_stop_a_container(
    name: str, advice: str
) -> None:
    for standpoint in (LINUX, WINDOWS):
        reason = refusal(process(name), standpoint, 8080)
        assert reason
        assert reason.code == "container_runtime"
        assert advice in reason.advice


def test_the_relay_of_wsl_is_told_as_such() -> None:
    assert code(process("wslrelay.exe"), WINDOWS) == "wsl"


def service(name: str, **more: object) -> ServiceFacts:
    return ServiceFacts(Service(name, name, ServiceState.RUNNING), "scm", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "standpoint"),
    [("RpcSs", WINDOWS), ("DcomLaunch", WINDOWS), ("dbus.service", LINUX),
     ("systemd-logind.service", LINUX), ("user@1000.service", LINUX), ("gdm.service", LINUX)],
)  # fmt: skip
def test_services_that_the_session_needs_are_refused(name: str, standpoint: SelfContext) -> None:
    assert service_refusal(service(name), standpoint)


@pytest.mark.parametrize(
    ("name", "standpoint"), [("Spooler", WINDOWS), ("nginx.service", LINUX), ("W3SVC", WINDOWS)]
)
def test_other_services_may_be_stopped_if_they_accept_it(
    name: str, standpoint: SelfContext
) -> None:
    assert service_refusal(service(name), standpoint) is None
    assert service_refusal(service(name, can_be_stopped=False), standpoint)


def test_a_container_is_stopped_by_its_runtime_and_not_by_a_signal() -> None:
    web = Container(ContainerRuntime.DOCKER, "ab" * 32, "shop web")
    reason = refusal(process("nginx", container=web), LINUX)
    assert reason is not None
    assert reason.code == "container"
    assert "docker stop 'shop web'" in reason.advice
    pod = Container(ContainerRuntime.KUBERNETES, "ab" * 32, pod="b0ab7a55")
    reason = refusal(process("nginx", container=pod), LINUX)
    assert reason is not None
    assert "crictl stop abababababab" in reason.advice
    assert "kubectl" in reason.advice
    # Beside PortView in the same container a process is like any other.
    inside = SelfContext(OWN, frozenset({SHELL}), "linux", container=replace(web, name=""))
    assert code(process("nginx", container=web), inside) is None


def test_port_53_of_systemd_resolved_has_a_setting_of_its_own() -> None:
    reason = refusal(process("systemd-resolved"), LINUX, 53)
    assert reason is not None
    assert "DNSStubListener" in reason.reason
    assert "name resolution" in reason.reason
    assert "DNSStubListener=no" in reason.advice
    assert code(process("systemd-resolved"), LINUX) is None
    assert refusal(process("dnsmasq"), LINUX, 53) is None


@pytest.mark.parametrize("tie", SessionTie)
def test_what_the_session_depends_on_is_refused(tie: SessionTie) -> None:
    assert code(process("node", session_tie=Known(tie)), LINUX) == f"session_{tie}"
    reason = refusal(process("node", session_tie=Known(tie)), LINUX)
    assert reason
    assert ("Sign out" in reason.advice) is (tie is SessionTie.DISPLAY)
    assert suspend_refusal(process("node", session_tie=Known(tie)), LINUX)


def test_a_tie_that_can_not_be_read_is_not_none() -> None:
    hidden = Unreadable("who shows the terminal can't be read", Remedy.ADMINISTRATOR)
    reason = refusal(process("node", session_tie=hidden), LINUX)
    assert reason
    assert reason.needs_admin
    assert hidden.reason in reason.reason


@pytest.mark.parametrize(
    ("name", "names", "expected"),
    [
        ("Xorg", Known(frozenset({"Xorg"})), "desktop"),
        ("python3", Known(frozenset({"python3.11", "qtile"})), "desktop"),
        ("X", Known(frozenset({"python3.11"})), None),
        ("Xorg", ABSENT, None),
        ("dbus-daemon", ABSENT, None),
        ("dbus-daemon", Unreadable("x"), "system_process"),
    ],
)
def test_the_systems_programs_count_and_not_their_names(
    name: str, names: Fact[frozenset[str]], expected: str | None
) -> None:
    assert code(process(name, system_names=names), LINUX) == expected


@pytest.mark.parametrize(
    ("names", "tie", "is_refused"),
    [
        (ABSENT, ABSENT, False),
        (ABSENT, Known("it carries a network tunnel"), True),
        (ABSENT, Unreadable("x"), True),
        (Known(frozenset({"docker"})), ABSENT, True),
        (Unreadable("x"), ABSENT, True),
    ],
)
def test_a_container_runtime_is_told_by_more_than_its_name(
    names: Fact[frozenset[str]], tie: Fact[str], is_refused: bool
) -> None:
    facts = process("docker", system_names=names, container_tie=tie)
    assert (code(facts, LINUX) == "container_runtime") is is_refused


def test_a_service_that_the_session_runs_in_is_refused() -> None:
    inside = replace(LINUX, session_units=frozenset({("xrdp.service", False), ("t.service", True)}))

    def refused(name: str, manager: str) -> str | None:
        facts = ServiceFacts(Service(name, name, ServiceState.RUNNING), manager)
        reason = service_refusal(facts, inside)
        return reason.code if reason else None

    assert refused("xrdp.service", "systemd") == "session_service"
    assert refused("xrdp.service", "systemd --user") is None
    assert refused("t.service", "systemd --user") == "session_service"
    assert refused("t.service", "systemd") is None


@pytest.mark.parametrize(
    ("is_remote", "is_refused"),
    [(ABSENT, False), (Known(value=True), True), (Unreadable("x"), True)],
)
def test_remote_desktop_is_not_cut_off_from_within(is_remote: Fact[bool], is_refused: bool) -> None:
    context = replace(WINDOWS, is_remote=is_remote)
    assert (service_refusal(service("TermService"), context) is not None) is is_refused
    assert service_refusal(service("Spooler"), context) is None


@pytest.mark.parametrize(
    ("execution", "expected"),
    [
        (Execution.SUSPENDED, None),
        (Execution.TRACED, "held_by_debugger"),
        (Execution.UNKNOWN, "execution_unreadable"),
    ],
)
def test_only_what_is_suspended_can_be_resumed(execution: Execution, expected: str | None) -> None:
    reason = state_refusal(process("node", execution=execution), is_resume=True)
    assert (reason.code if reason else None) == expected
    # Rights let PortView read what it can't now; they take no process from a debugger.
    assert (reason is not None and reason.needs_admin) is (execution is Execution.UNKNOWN)
    assert state_refusal(process("node", execution=execution), is_resume=False) is None


def test_what_is_frozen_can_be_neither_suspended_nor_resumed() -> None:
    frozen = Known(Blockage(BlockageKind.FROZEN, "/docker/x", "docker unpause x"))
    for is_resume in (True, False):
        reason = state_refusal(process("node", blockage=frozen), is_resume=is_resume)
        assert reason
        assert reason.advice == "To thaw it: docker unpause x"
