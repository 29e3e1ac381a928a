"""Who would start a process again: its parent if that is a supervisor, or a container runtime.

A supervisor is recognised by the program that a parent runs. Any other parent that still runs may
start it again as well; what is known to never do that (a shell that somebody types in, ``npm run``,
``sudo``) is passed over.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.facts import Absent, Fact, Known, Unreadable
from portview.domain.owners.container import (
    Container,
    ContainerRuntime,
    container_of_cgroups,
    stop_command,
)
from portview.domain.owners.restarters import Restarter, RestarterKind
from portview.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from portview.domain.owners.process import ProcessInfo, ProcessKey


class _Supervisor(NamedTuple):
    how: str
    stop: str = ""
    is_certain: bool = True


_WORKERS = N_("it keeps a number of workers")
_SUPERVISORS = {
    "supervisord": _Supervisor("autorestart", "supervisorctl stop {}"),  # untranslated: a command
    "pm2": _Supervisor("autorestart", "pm2 stop {}"),  # untranslated: a command
    "runsv": _Supervisor(N_("the service is wanted up"), "sv down {}"),  # untranslated: a command
    "s6-supervise": _Supervisor(N_("the service is wanted up"), "s6-svc -d {}"),
    "supervise": _Supervisor(N_("the service is wanted up"), "svc -d {}"),
    "supervise-daemon": _Supervisor("respawn", "rc-service {} stop"),  # untranslated: a command
    "perpd": _Supervisor(N_("the service is wanted up"), "perpctl d {}"),  # untranslated: a command
    "dinit": _Supervisor("restart = true", "dinitctl stop {}"),  # untranslated: a command
    "circusd": _Supervisor("respawn", "circusctl stop {}"),  # untranslated: a command
    "forever": _Supervisor(N_("it restarts what exits")),
    "nssm": _Supervisor("AppExit Restart"),  # untranslated: a command
    "winsw": _Supervisor("onfailure", is_certain=False),
    "nodemon": _Supervisor(N_("it restarts on changed files"), is_certain=False),
    "ts-node-dev": _Supervisor(N_("it restarts on changed files"), is_certain=False),
    "watchexec": _Supervisor(N_("it restarts on changed files"), is_certain=False),
    "cargo-watch": _Supervisor(N_("it restarts on changed files"), is_certain=False),
    "entr": _Supervisor(N_("it restarts on changed files"), is_certain=False),
    "reflex": _Supervisor(N_("it restarts on changed files"), is_certain=False),
    "air": _Supervisor(N_("it restarts on changed files"), is_certain=False),
    "gunicorn": _Supervisor(_WORKERS),
    "uvicorn": _Supervisor(_WORKERS),
    "hypercorn": _Supervisor(_WORKERS),
    "granian": _Supervisor(_WORKERS),
    "unicorn": _Supervisor(_WORKERS),
    "unicorn_rails": _Supervisor(_WORKERS),
    "puma": _Supervisor(_WORKERS),
    "uwsgi": _Supervisor(_WORKERS),
    "nginx": _Supervisor(_WORKERS),
    "apache2": _Supervisor(_WORKERS),
    "httpd": _Supervisor(_WORKERS),
    "postgres": _Supervisor(_WORKERS),
}  # fmt: skip
_NEVER = frozenset(
    {
        "atd", "bun", "bunx", "catatonit", "conhost", "conmon", "cron", "crond", "doas",
        "docker-init", "dumb-init", "env", "explorer", "fakeroot", "hatch", "init", "ionice",
        "make", "nice", "nohup", "npm", "npx", "pdm", "pipenv", "pkexec", "pnpm", "poetry",
        "runuser", "script", "setpriv", "setsid", "sshd", "sshd-session", "stdbuf", "strace", "su",
        "sudo", "systemd", "taskset", "time", "timeout", "tini", "unshare", "uv", "uvx", "xargs",
        "yarn",
    }
)  # fmt: skip
"""Programs that start another one and, when it ends, end as well or do nothing."""
_SHELLS = frozenset(
    {"ash", "bash", "cmd", "csh", "dash", "fish", "ksh", "mksh", "nu", "powershell", "pwsh", "sh",
     "tcsh", "xonsh", "zsh"}
)  # fmt: skip
_INTERPRETERS = re.compile(r"(python|node|nodejs|ruby|perl|php|bun|deno|java|lua)[\d.]*")
_LOOP = re.compile(r"\b(while|until|for|loop|watch)\b")
_PM2_TITLE = re.compile(r"PM2 v\d")
_FARTHEST = 6
_PLAIN = re.compile(r"[A-Za-z0-9_.:@-]{1,80}")
_DOCKER = Path("/var/lib/docker/containers")
_LARGEST_FILE = 1024 * 1024


def restarter_of(
    info: ProcessInfo, parents: Iterable[ProcessInfo], passed_over: Collection[ProcessKey] = ()
) -> Fact[Restarter]:
    """Return who would start a process again when it ends.

    ``parents`` are its living ancestors, the nearest first, or who began the session that it runs
    in, where those who came between have ended; read as far as needed. Of those in
    ``passed_over`` only a known supervisor is named: PortView runs under them itself.
    """
    container = _container_restarter(info.pid)
    if not isinstance(container, Absent):
        return container
    for number, parent in enumerate(parents):
        if number == _FARTHEST or parent.pid == 1:
            break
        programs = tuple(_programs(parent))
        known = next((name for name in programs if name in _SUPERVISORS), None)
        if known is not None:
            return Known(_supervisor(known, info, parent))
        if is_typed_in(parent):
            break
        if only_starts_one(parent):
            continue
        if parent.key in passed_over:
            break
        name = parent.name or _("PID {pid}").format(pid=parent.pid)
        return Known(Restarter(RestarterKind.PROCESS, name, parent.key, is_certain=False))
    return Absent()


def _programs(parent: ProcessInfo) -> Iterator[str]:
    """Yield the names under which a program may be known: its own, and that of its script."""
    words = parent.command_line or ()
    if words and _PM2_TITLE.match(words[0]):
        yield "pm2"
    names = [parent.name or "", _file_name(parent.executable or "")]
    if words:
        # "gunicorn: master [shop]" and "nginx: master process nginx" are titles.
        names.append(_file_name(words[0].partition(": ")[0]))
    if words and _INTERPRETERS.fullmatch(_file_name(words[0]).lower().removesuffix(".exe")):
        names += [_file_name(word) for word in _script(words[1:])]
    for name in names:
        stem = name.lower().removesuffix(".exe").removesuffix(".js").removesuffix(".py")
        yield {"npm-cli": "npm", "npx-cli": "npx", "god": "pm2"}.get(stem, stem).lstrip("-")


def _file_name(path: str) -> str:
    """Return the last part of a path of either kind."""
    return re.split(r"[\\/]", path)[-1]


def _script(words: tuple[str, ...]) -> Iterator[str]:
    """Yield the script, or the module behind -m, that an interpreter runs."""
    for position, word in enumerate(words):
        if word == "-m":
            yield from words[position + 1 : position + 2]
            return
        if word in {"-c", "-e"}:
            return
        if not word.startswith("-"):
            yield word
            return


def is_typed_in(info: ProcessInfo) -> bool:
    """Return whether a process is a shell without a script, as one that somebody types in is."""
    words = (info.command_line or ())[1:]
    if not any(name in _SHELLS for name in _programs(info)):
        return False
    # cmd /k runs a command and then waits for more.
    stays = any(word.lower() == "/k" for word in words)
    return stays or all(word.startswith("-") and word != "-c" for word in words)


def only_starts_one(info: ProcessInfo) -> bool:
    """Return whether a process is known to start one other program and to do nothing else."""
    programs = tuple(_programs(info))
    return any(name in _NEVER for name in programs) or _runs_one_command(info, programs)


def _runs_one_command(parent: ProcessInfo, programs: tuple[str, ...]) -> bool:
    """Return whether a parent is a shell that was given one command, without a loop."""
    words = parent.command_line or ()
    is_shell = any(name in _SHELLS for name in programs)
    is_command = any(word in {"-c", "-lc", "-ic", "/c", "/C", "/s", "/d"} for word in words[1:3])
    return is_shell and is_command and not _LOOP.search(" ".join(words))


def _supervisor(known: str, info: ProcessInfo, parent: ProcessInfo) -> Restarter:
    how, stop, is_certain = _SUPERVISORS[known]
    how = _(how)
    if stop:
        stop = stop.format(_name_for(known, info, parent) or "NAME")
    return Restarter(RestarterKind.PROCESS, known, parent.key, is_certain, how, stop)


def _name_for(known: str, info: ProcessInfo, parent: ProcessInfo) -> str:
    """Return what a supervisor calls a process; empty where it can't be determined."""
    words = parent.command_line or ()
    if known in {"runsv", "s6-supervise", "supervise", "supervise-daemon"}:
        name = next((word for word in words[1:] if not word.startswith("-")), "")
        return name if _PLAIN.fullmatch(_file_name(name)) and "\n" not in name else ""
    variables = _environment_of(info.pid)
    if known == "supervisord":
        group = variables.get("SUPERVISOR_GROUP_NAME", "")
        name = variables.get("SUPERVISOR_PROCESS_NAME", "")
        name = f"{group}:{name}" if group and group != name else name
    else:
        name = variables.get("name", "") if known == "pm2" else ""
    return name if _PLAIN.fullmatch(name) else ""


def _environment_of(pid: int) -> dict[str, str]:
    if sys.platform != "linux":
        return {}
    try:
        text = Path(f"/proc/{pid}/environ").read_bytes().decode("utf-8", "replace")
    except OSError:
        return {}
    return {
        name: value
        for name, found, value in (one.partition("=") for one in text.split("\0"))
        if found
    }


def _container_restarter(pid: int) -> Fact[Restarter]:
    """Return the container that a process runs in, if its restart policy brings it back."""
    if sys.platform != "linux":
        return Absent()
    try:
        text = Path(f"/proc/{pid}/cgroup").read_text("utf-8", "replace")
    except OSError:
        return Absent()
    container = container_of_cgroups(text)
    if container is None:
        return Absent()
    if container.runtime is ContainerRuntime.DOCKER:
        return docker_restarter(_DOCKER / container.id)
    if container.runtime is ContainerRuntime.PODMAN:
        # Podman keeps its policies in a database of its own; only the engine reports them.
        from portview.readers.containers.directory import ContainerDirectory  # noqa: PLC0415

        return podman_restarter(container, ContainerDirectory().restart_policy(container))
    return Absent()  # A process in any other container is refused, with what stops it.


def docker_restarter(folder: Path) -> Fact[Restarter]:
    """Read the restart policy of a container of Docker's from its folder.

    hostconfig.json holds what ``docker inspect`` shows as HostConfig; only root may read it.
    """
    container = Container(ContainerRuntime.DOCKER, folder.name)
    try:
        with (folder / "hostconfig.json").open("rb") as file:
            policy = json.loads(file.read(_LARGEST_FILE))["RestartPolicy"]["Name"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return _policy_unreadable(container)
    return _by_policy(container, policy or "no")


def podman_restarter(container: Container, policy: str) -> Fact[Restarter]:
    """Return what a policy means that the engine reported; an empty one was not reported."""
    return _by_policy(container, policy) if policy else _policy_unreadable(container)


def _by_policy(container: Container, policy: str) -> Fact[Restarter]:
    if policy == "no":
        return Absent()
    return Known(
        Restarter(
            RestarterKind.CONTAINER_RUNTIME,
            container.label,
            how=_("restart: {policy}").format(policy=policy),
            stop=shlex.join(stop_command(container)),
            manager=container.title,
        )
    )


def _policy_unreadable(container: Container) -> Unreadable:
    return Unreadable(
        _(
            "it runs in the container {container}, whose restart policy can't be read; "
            "{command} stops it for good"
        ).format(container=container.label, command=shlex.join(stop_command(container)))
    )
