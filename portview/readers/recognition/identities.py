"""What processes are, read once for each process identity: a walk to its folder, group, parents."""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from portview.domain.facts import Known
from portview.domain.owners.container import Container, ContainerRuntime, container_of_cgroups
from portview.domain.owners.container_owners import Runtime, container_relay
from portview.domain.owners.process_tree import ancestors_of, parent_of
from portview.domain.owners.program_identity import Ancestor, ProgramIdentity
from portview.domain.recognition.facts import ProgramFacts
from portview.domain.recognition.recognise import recognise
from portview.domain.recognition.rules import read_rules
from portview.readers.containers.directory import ContainerDirectory
from portview.readers.containers.kubernetes import with_kubernetes_names
from portview.readers.process_identity import process_key
from portview.readers.processes import read_process
from portview.readers.recognition.environment import identifying_variables
from portview.readers.recognition.jar_manifest import main_attributes
from portview.readers.recognition.project_files import (
    find_project,
    is_remote,
    read_beginning,
    read_first_bytes,
)
from portview.readers.running_processes import running_processes
from portview.resources import resource_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from portview.domain.owners.attribution import RunningProcess
    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.recognition.facts import Project
    from portview.domain.recognition.rules import Rules
    from portview.readers.services import ServiceReader

logger = logging.getLogger(__name__)

_JAR = "-jar"
_MOST_ANCESTORS = 32
_MOST_KNOWN = 4096
DEADLINE_S = 3.0
"""How long whoever asks once waits for folders and engines."""


@cache
def rules() -> Rules:
    """Return the rules of resources/programs.toml."""
    return read_rules(resource_path("programs.toml").read_text(encoding="utf-8"))


class IdentityReader:
    """Recognises processes. Belongs to one thread at a time; blocks as files and engines do.

    ``begin`` takes stock of the running processes; every ``read`` after it costs the process's own
    files, and what is known of its ancestors is kept.
    """

    def __init__(self, containers: ContainerDirectory | None = None) -> None:
        """Read nothing yet."""
        self._containers = containers or ContainerDirectory()
        self._running: Mapping[int, RunningProcess] = {}
        self._infos: dict[ProcessKey, ProcessInfo] = {}
        self._services: ServiceReader | None = None
        self._projects: dict[tuple[str, str], Project | None] = {}

    def begin(self, running: Mapping[int, RunningProcess] | None = None) -> None:
        """List the running processes, by which ancestors are found. Raises OSError.

        ``running`` is such a list where there is one already.
        """
        self._projects.clear()  # files change; many processes share a folder, though
        self._running = running_processes() if running is None else running
        alive = {process.key for process in self._running.values()}
        if len(self._infos) > _MOST_KNOWN:
            self._infos = {key: info for key, info in self._infos.items() if key in alive}

    def read(self, info: ProcessInfo) -> ProgramIdentity:
        """Recognise one process. Never raises; what can't be read is left out."""
        self._infos[info.key] = info
        ancestors = ancestors_of(self._running, info.pid)[:_MOST_ANCESTORS]
        parent_key = parent_of(self._running, info.pid)
        parent = self._info(parent_key) if parent_key else None
        facts = self._facts(info, parent)
        recognition = recognise(facts, rules())
        identity = ProgramIdentity(
            recognition.what,
            recognition.project,
            facts.container,
            tuple(Ancestor(key.pid, self._info(key).name or "") for key in ancestors),
            recognition.sources,
            self._master(info, parent_key) if recognition.is_worker else None,
            self._published(info),
            dict(facts.services),
        )
        # Checked last: had the PID passed on meanwhile, all of this could be another process's.
        return identity if process_key(info.pid) == info.key else ProgramIdentity()

    def _master(self, info: ProcessInfo, parent: ProcessKey | None) -> ProcessKey | None:
        """Return the topmost ancestor that runs the same program with the same command line."""
        master = parent
        while parent is not None:
            around = self._info(parent)
            if around.executable != info.executable:
                break
            if around.command_line == self._info(master or parent).command_line:
                master = parent
            parent = parent_of(self._running, parent.pid)
        return master

    def _info(self, key: ProcessKey) -> ProcessInfo:
        known = self._infos.get(key)
        if known is None:
            known = self._infos[key] = read_process(key)
        return known

    def _facts(self, info: ProcessInfo, parent: ProcessInfo | None) -> ProgramFacts:
        folder = working_folder(info.pid)
        project = self._project(info, folder)
        container = self._container(info.pid) or _distribution(info)
        environment = identifying_variables(info.pid)
        around = None
        if parent is not None and parent.executable == info.executable:
            around = ProgramFacts(
                parent.name or "",
                parent.executable or "",
                parent.command_line or (),
                folder,
                project,
                manifest=self._manifest(info, folder),
                environment=environment,
            )
        return ProgramFacts(
            info.name or "",
            info.executable or "",
            info.command_line or (),
            folder,
            project,
            container,
            self._services_of(info),
            around,
            self._manifest(info, folder),
            environment,
        )

    def _manifest(self, info: ProcessInfo, folder: str) -> Mapping[str, str]:
        """Return the main attributes of the archive that Java was given."""
        words = info.command_line or ()
        place = words.index(_JAR) + 1 if _JAR in words else len(words)
        if place >= len(words) or not (info.name or "").lower().startswith("java"):
            return {}
        path, root = os.path.join(folder, words[place]), _root_of(info.pid)  # noqa: PTH118 - its root
        if is_remote(os.path.dirname(path), root):  # noqa: PTH120 - likewise
            return {}
        return main_attributes(read_first_bytes(f"{root}{path}") or b"")

    def _project(self, info: ProcessInfo, folder: str) -> Project | None:
        home = str(Path.home())
        root = _root_of(info.pid)
        found = self._find_project(folder, root, home)
        if found is not None:
            return found
        # A server that was started elsewhere: its script stands in the project.
        for word in (info.command_line or ())[1:3]:
            if os.path.isabs(word) and "site-packages" not in word:  # noqa: PTH117 - maybe another root
                return self._find_project(os.path.dirname(word), root, home)  # noqa: PTH120 - likewise
        return None

    def _find_project(self, folder: str, root: str, home: str) -> Project | None:
        place = (root, folder)
        if place not in self._projects:
            self._projects[place] = find_project(folder, root=root, home=home)
        return self._projects[place]

    def _container(self, pid: int) -> Container | None:
        if sys.platform != "linux":
            return None
        container = container_of_cgroups(read_beginning(f"/proc/{pid}/cgroup") or "")
        if container is None or container_of_cgroups(_own_cgroups()) == container:
            return None
        return with_kubernetes_names(self._containers.by_id(container))

    def _published(self, info: ProcessInfo) -> dict[tuple[str, int], Container]:
        return self._containers.published_ports() if container_relay(info) else {}

    def _services_of(self, info: ProcessInfo) -> tuple[tuple[str, str], ...]:
        if sys.platform != "win32":
            return ()
        from portview.readers.services import NoServices, open_services  # noqa: PLC0415 - Windows

        if self._services is None:
            try:
                self._services = open_services()
            except OSError as error:
                logger.warning("the services can't be asked for: %s", error)
                self._services = NoServices()
        names = self._services.names_of(info.key)
        if not isinstance(names, Known):
            return ()  # What it is can then only be distinguished from its own files.
        return tuple((name, self._services.display_name(name)) for name in names.value)


def identify(
    processes: Mapping[ProcessKey, ProcessInfo],
    keys: Iterable[ProcessKey] | None = None,
    *,
    deadline_s: float = DEADLINE_S,
    running: Mapping[int, RunningProcess] | None = None,
) -> dict[ProcessKey, ProcessInfo]:
    """Return processes with their identities, for whoever asks once; of ``keys`` or all.

    A folder can hang, as network drives do: what was not read by the deadline stays without an
    identity, and its thread is left behind. Any thread. Never raises.
    """
    wanted = [processes[key] for key in dict.fromkeys(processes if keys is None else keys)]
    found: dict[ProcessKey, ProgramIdentity] = {}

    def work() -> None:
        reader = IdentityReader()
        try:
            reader.begin(running)
        except OSError as error:
            logger.warning("the processes can't be listed: %r", error)
        for info in wanted:
            found[info.key] = reader.read(info)

    if wanted:
        thread = threading.Thread(target=work, name="identify", daemon=True)
        thread.start()
        thread.join(deadline_s)
    known = dict(found)
    return {
        key: replace(info, identity=known[key]) if key in known else info
        for key, info in processes.items()
    }


def _distribution(info: ProcessInfo) -> Container | None:
    """Return the WSL distribution behind a relay, where only one runs: the relay doesn't say."""
    relay = container_relay(info) if sys.platform == "win32" else None
    if relay is None or relay.runtime is not Runtime.WSL:
        return None
    from portview.readers.windows.wsl_distributions import (  # noqa: PLC0415 - Windows only
        running_distributions,
    )

    names = running_distributions()
    return Container(ContainerRuntime.WSL, name=names[0]) if len(names) == 1 else None


def working_folder(pid: int) -> str:
    """Return the working directory of a process, empty where it can't be read or is gone."""
    with suppress(psutil.Error, OSError, ValueError):
        return psutil.Process(pid).cwd() or ""
    return ""


def _root_of(pid: int) -> str:
    """Return what leads to the files as a process sees them; empty where PortView sees the same."""
    if sys.platform != "linux":
        return ""
    root = f"/proc/{pid}/root"
    try:
        own, its = os.stat("/proc/self/root"), os.stat(root)  # noqa: PTH116 - paths of procfs
    except OSError:
        return ""
    return "" if (own.st_dev, own.st_ino) == (its.st_dev, its.st_ino) else root


@cache
def _own_cgroups() -> str:
    return read_beginning("/proc/self/cgroup") or ""
