"""What is known of a program when it is to be recognised, and what is made of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.domain.owners.container import Container


class Project(NamedTuple):
    """A project in whose folder a program works, and the file that named it.

    ``title`` is a further name that a special file gives, such as a jar's.
    """

    name: str
    source: str


TELLING_VARIABLES = frozenset(
    {"COMPOSE_PROJECT_NAME", "JPY_SESSION_NAME", "VIRTUAL_ENV", "npm_package_name"}
)
"""The only variables of an environment that are read at all; others may hold secrets."""


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """One process as the machine describes it. Every text is untrusted.

    ``name`` and ``executable`` are as in ``ProcessInfo``; ``folder`` is the working directory.
    ``services`` are (name, display name). ``parent`` is the same for the parent process, of whose
    program a worker is. ``manifest`` has the main attributes of the Java archive that is run,
    ``environment`` the few variables of ``TELLING_VARIABLES`` that could be read.
    """

    name: str = ""
    executable: str = ""
    command_line: tuple[str, ...] = ()
    folder: str = ""
    project: Project | None = None
    container: Container | None = None
    services: tuple[tuple[str, str], ...] = ()
    parent: ProgramFacts | None = None
    manifest: Mapping[str, str] = field(default_factory=dict, hash=False)
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a program is: one inert line, its project, and from what both were read."""

    what: str
    project: str = ""
    sources: tuple[str, ...] = ()
    is_worker: bool = False
