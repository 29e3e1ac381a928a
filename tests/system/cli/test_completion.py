"""Completion in the shells that this machine has: the printed script, asked as a shell asks it."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from portview.cli.commands import build_parser, run_command
from portview.cli.completion.powershell import powershell_script
from portview.cli.completion.tree import places_of

if TYPE_CHECKING:
    from pathlib import Path

BASH, ZSH, FISH = (shutil.which(shell) or "" for shell in ("bash", "zsh", "fish"))
needs_bash = pytest.mark.skipif(not BASH, reason="there is no bash")
needs_zsh = pytest.mark.skipif(not ZSH, reason="there is no zsh")
needs_fish = pytest.mark.skipif(not FISH, reason="there is no fish")


def script(shell: str, folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Path:
    assert run_command(["completion", shell]) == 0
    path = folder / f"portview.{shell}"
    path.write_bytes(capfdbinary.readouterr().out)
    return path


@pytest.mark.linux_only(reason="bash of Windows is another machine")
@needs_bash
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["fire"], ["firewall"]),
        (["firewall", "ver"], ["verdict"]),
        (["list", "--scope", "lis"], ["listening"]),
        (["probe", "bind", "--proto", ""], ["tcp", "udp"]),
        (["--json", "list", "--cs"], ["--csv"]),
        (["completion", "po"], ["powershell"]),
        (["list", "--query", ""], []),
    ],
)
def test_bash(
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    words: list[str],
    expected: list[str],
) -> None:
    path = script("bash", tmp_path, capfdbinary)
    asked = (
        'source "$0"; COMP_WORDS=(portview "$@"); COMP_CWORD=$#; _portview; '
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        [BASH, "--norc", "-c", asked, str(path), *words],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert done.stdout.split() == expected


@pytest.mark.linux_only(reason="bash of Windows is another machine")
@needs_bash
def test_bash_offers_files_where_an_option_takes_one(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = script("bash", tmp_path, capfdbinary)
    (tmp_path / "authority.pem").touch()
    asked = (
        'source "$0"; COMP_WORDS=(portview probe tls --ca-file auth); COMP_CWORD=4; _portview; '
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        [BASH, "--norc", "-c", asked, str(path)],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.stdout.split() == ["authority.pem"]


@needs_fish
@pytest.mark.linux_only(reason="fish is a shell of Unix")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("portview fire", ["firewall"]),
        ("portview firewall ver", ["verdict"]),
        ("portview list --scope lis", ["listening"]),
        ("portview list --cs", ["--csv"]),
        ("portview list --query ", []),
    ],
)
def test_fish(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], line: str, expected: list[str]
) -> None:
    path = script("fish", tmp_path, capfdbinary)
    done = subprocess.run(
        [FISH, "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", str(path), line],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
    )
    assert done.stderr == ""
    assert [one.partition("\t")[0] for one in done.stdout.splitlines()] == expected


@needs_zsh
@pytest.mark.linux_only(reason="zsh is a shell of Unix")
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("portview fire\t", "portview firewall"),
        ("portview firewall ver\t", "portview firewall verdict"),
        ("portview list --scope lis\t", "portview list --scope listening"),
        ("portview list --cs\t", "portview list --csv"),
    ],
)
def test_zsh(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], typed: str, expected: str
) -> None:
    import pty  # noqa: PLC0415 - of Unix

    path = script("zsh", tmp_path, capfdbinary)
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - becomes the shell
        os.chdir(tmp_path)
        os.environ.update(TERM="dumb", HOME=str(tmp_path), PS1="ready> ")
        os.execv(ZSH, [ZSH, "-f", "-i"])  # noqa: S606 - no shell but this one
    try:
        begin = f"autoload -U compinit && compinit -D -u && source {path} && echo begun-$((40+2))\n"
        os.write(terminal, begin.encode())
        read_until(terminal, "begun-42")
        os.write(terminal, typed.encode())
        read_until(terminal, expected)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)


def read_until(terminal: int, expected: str, patience_s: float = 60) -> None:
    """Read what a shell shows until the text is there. dumb terminals echo it as it is."""
    shown = ""
    deadline = time.monotonic() + patience_s
    while expected not in shown:
        assert time.monotonic() < deadline, shown
        if select.select([terminal], [], [], 0.2)[0]:
            shown += os.read(terminal, 4096).decode(errors="replace").replace("\r", "")


def test_powershell_gets_every_command_and_nothing_that_ends_a_string() -> None:
    places = list(places_of(build_parser()))
    made = powershell_script(places)
    assert "'firewall verdict' = @(" in made
    assert "'list|--scope' = @('listening', 'connections', 'udp', 'all')" in made
    for line in made.splitlines():
        if " = @(" in line:
            # Doubled quotes are characters, so that an even number is left of those that end one.
            assert line.count("'") % 2 == 0, line


def test_every_command_and_option_can_be_completed() -> None:
    places = {" ".join(place.path): place for place in places_of(build_parser())}
    assert {"list", "firewall", "watch add", "completion"} <= set(places)
    scope = next(one for one in places["list"].options if "--scope" in one.names)
    assert scope.values == ("listening", "connections", "udp", "all")
    assert not any("\n" in option.help for one in places.values() for option in one.options)


def test_an_unknown_shell_is_bad_usage() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "portview", "completion", "csh"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
