"""The verdict with firewalld's own rules, and rules that firewalld makes for PortView."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.system.firewall.linux.conftest import SECOND_V4, SECOND_V6, Worker
from tests.system.firewall.linux.rulesets import Case
from tests.system.firewall.linux.test_changes import check_allow_and_revoke
from tests.system.firewall.linux.test_verdict_is_experience import check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.system.firewall.linux.conftest import Bench

_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
_UNPACKED = Path(sys.prefix) / "test-tools" / "firewalld"
# With its libraries, where its package is not installed but laid out for the tests (dev.py).
_IS_THERE = shutil.which("dbus-daemon", path=_PATH) and (
    shutil.which("firewalld", path=_PATH) or _UNPACKED.exists()
)

pytestmark = [
    pytest.mark.linux_only(reason="the firewall of Linux"),
    pytest.mark.root_only(reason="makes network namespaces"),
    pytest.mark.skipif(not _IS_THERE, reason="firewalld is not there: see dev.py"),
]

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <policy context="default">
    <allow user="*"/> <allow own="*"/> <allow send_destination="*"/> <allow receive_sender="*"/>
  </policy>
</busconfig>
"""


def with_firewalld(bus: Path, *command: str) -> tuple[str, ...]:
    """Return a command that finds firewalld's programs and bus where the system has its own.

    PortView runs the system's tools with an environment of its own, so that no variable helps.
    """
    # "ip netns exec" gives each command mounts of its own, which end with it.
    script = 'mount -t tmpfs tmpfs /run; mkdir /run/dbus; mount --bind "$1" /run/dbus; '
    if _UNPACKED.exists():
        script += "".join(
            f'mount -t overlay overlay -o "ro,lowerdir=$2/usr/{name}:/usr/{name}" /usr/{name}; '
            for name in ("bin", "sbin")
        )
    return (
        "sh",
        "-e",
        "-c",
        f'{script} shift 2; exec "$@"',
        "sh",
        str(bus),
        str(_UNPACKED),
        *command,
    )


@pytest.fixture(scope="module")
def _bus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a bus of the test's own."""
    return tmp_path_factory.mktemp("firewalld")


@pytest.fixture(scope="module")
def _daemon(_machines: Bench, _bus: Path) -> Iterator[Callable[..., str]]:
    """Run firewalld on the far machine, with a bus and settings of its own."""
    config = _bus / "bus.conf"
    config.write_text(_BUS.format(socket=_bus / "system_bus_socket"))
    settings = _bus / "settings"
    for name in ("zones", "services", "ipsets", "policies", "icmptypes", "helpers"):
        (settings / name).mkdir(parents=True)
    far = _machines.far
    bus = far.start("dbus-daemon", f"--config-file={config}", "--nofork", "--print-address")
    assert bus.stdout
    assert bus.stdout.readline()
    daemon = far.start(
        *with_firewalld(_bus, "firewalld", "--nofork", "--nopid"),
        f"--system-config={settings}",
        *([f"--default-config={_UNPACKED}/usr/lib/firewalld"] if _UNPACKED.exists() else ()),
        stderr=subprocess.DEVNULL,
    )

    def call(*arguments: str) -> str:
        return far.run(*with_firewalld(_bus, "firewall-cmd", *arguments))

    try:
        wait = "until firewall-cmd --state; do sleep 0.2; done"
        far.run(*with_firewalld(_bus, "timeout", "60", "sh", "-c", wait))
        yield call
    finally:
        for process in (daemon, bus):
            process.terminate()
            process.communicate(timeout=30)


@pytest.fixture
def daemon(bench: Bench, _daemon: Callable[..., str]) -> Callable[..., str]:
    """Give firewalld with all incoming rejected, as it comes."""
    # Its table went with all others before this test, and it expects to find one to replace.
    bench.far.run("nft", "add", "table", "inet", "firewalld")
    _daemon("--complete-reload")
    return _daemon


@pytest.fixture
def firewalld_bench(bench: Bench, daemon: Callable[..., str], _bus: Path) -> Iterator[Bench]:
    """Give the two machines, where PortView on the far one reaches firewalld."""
    worker = Worker(bench.far, "server_side.py", around=with_firewalld(_bus))
    try:
        yield replace(bench, server=worker)
    finally:
        worker.close()


CASES = [
    Case("as it comes", "", "blocked", "blocked", "Rejected"),
    Case("a port", "--add-port=8080/tcp", "allowed", "blocked", "filter_IN_public_allow"),
    Case("a range of ports", "--add-port=8000-8100/udp", "blocked", "allowed"),
    Case(
        "a network",
        "--add-rich-rule=rule family=ipv4 source address=10.199.0.0/30 accept",
        "partly",
        "partly",
        "10.199.0.0/30",
    ),
    Case(
        "a denial of one client",
        "--add-port=8080/tcp\n--add-rich-rule=rule family=ipv4 source address=10.199.0.7 drop",
        "partly",
        "blocked",
        "10.199.0.7",
    ),
    Case(
        "an interface in a trusted zone", "--zone=trusted --add-interface=cable0", *["allowed"] * 2
    ),
    Case(
        "a source in the dropping zone",
        "--add-port=8080/tcp\n--zone=drop --add-source=10.199.0.7",
        "partly",
        "blocked",
    ),
    Case(
        "a port that is sent on",
        "--add-forward-port=port=8080:proto=tcp:toport=9090",
        "partly",
        "blocked",
        "9090",
    ),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_the_verdict_is_what_clients_meet(
    bench: Bench, daemon: Callable[..., str], case: Case
) -> None:
    for line in case.rules.splitlines():
        words = [line] if "rich-rule" in line else line.split()
        daemon(*words)
    check(bench, case)
    assert bench.status()["manager"] == "firewalld"


def test_firewalld_makes_a_rule_and_takes_it_back(
    firewalld_bench: Bench, daemon: Callable[..., str]
) -> None:
    check_allow_and_revoke(firewalld_bench)
    assert daemon("--list-rich-rules").strip() == ""
    assert daemon("--permanent", "--list-rich-rules").strip() == ""


def test_firewalld_makes_a_rule_for_ipv4_alone_and_takes_it_back(
    firewalld_bench: Bench, daemon: Callable[..., str]
) -> None:
    change = firewalld_bench.make("allow", "0.0.0.0/0")
    assert "error" not in change, change
    [own] = firewalld_bench.own()
    assert own["rule_spec"]["remotes"] == ["0.0.0.0/0"]
    assert own["rule"]["name"] == change["name"]
    assert firewalld_bench.reaches(SECOND_V4, is_expected=True)
    assert not firewalld_bench.reaches(SECOND_V6, is_expected=False)
    firewalld_bench.revoke(change["id"])
    assert firewalld_bench.own() == []
    assert not firewalld_bench.reaches(SECOND_V4, is_expected=False)
    assert daemon("--list-rich-rules").strip() == ""


def test_a_rule_without_an_end_is_kept_over_a_restart(
    firewalld_bench: Bench, daemon: Callable[..., str]
) -> None:
    change = firewalld_bench.make("allow", "10.199.0.1")
    daemon("--reload")
    assert firewalld_bench.reaches(firewalld_bench.near.ipv4, is_expected=True)
    firewalld_bench.revoke(change["id"])
    daemon("--reload")
    assert not firewalld_bench.reaches(firewalld_bench.near.ipv4, is_expected=False)


def test_a_rule_with_an_end_is_taken_back_by_firewalld_itself(
    firewalld_bench: Bench, daemon: Callable[..., str]
) -> None:
    now_ms = int(time.time() * 1000)
    change = firewalld_bench.make("allow", "10.199.0.1", expires_at_ms=now_ms + 3_600_000)
    [command] = change["commands"]
    assert any(word.startswith("--timeout=3") for word in command)
    assert daemon("--permanent", "--list-rich-rules").strip() == ""
    assert firewalld_bench.own()[0]["rule_spec"]["expires_at_ms"] == now_ms + 3_600_000
    firewalld_bench.revoke(change["id"])
    assert firewalld_bench.own() == []


def test_a_rule_goes_before_the_denial_that_would_decide(
    firewalld_bench: Bench, daemon: Callable[..., str]
) -> None:
    daemon("--add-rich-rule=rule port port=8080 protocol=tcp drop")
    check_allow_and_revoke(firewalld_bench)


def test_a_port_that_firewalld_allows_is_blocked_for_one_client(
    firewalld_bench: Bench, daemon: Callable[..., str]
) -> None:
    daemon("--add-port=8080/tcp")
    change = firewalld_bench.make("block", "10.199.0.1")
    assert change["commands"][0][0] == "firewall-cmd"
    assert not firewalld_bench.reaches(firewalld_bench.near.ipv4, is_expected=False)
    assert firewalld_bench.reaches(firewalld_bench.near.ipv6, is_expected=True)
    [own] = firewalld_bench.own()
    assert (own["rule_spec"]["effect"], own["rule_spec"]["remotes"]) == ("block", ["10.199.0.1"])
    firewalld_bench.revoke(change["id"])
    assert firewalld_bench.reaches(firewalld_bench.near.ipv4, is_expected=True)


def test_the_zones_are_told(bench: Bench, daemon: Callable[..., str]) -> None:
    daemon("--zone=home", "--add-interface=cable0")
    zones = {one["name"]: one for one in bench.status()["profiles"]}
    assert zones["home"]["is_active"]
    assert zones["home"]["inbound_default"] == "reject"
    assert not zones["public"]["is_active"]
    assert bench.verdict()["profiles"] == ["home"]
