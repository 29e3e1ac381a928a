"""From what is known of a process to the one line that reports a person what it is. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from portview.domain.owners.container import describe_container
from portview.domain.plain_text import inert
from portview.domain.recognition.facts import Project, Recognition
from portview.domain.recognition.launch import (
    Launch,
    file_name,
    is_generic,
    program_stem,
    read_launch,
)
from portview.domain.recognition.rules import fill_in
from portview.domain.recognition.secrets import mask, without_secrets
from portview.domain.recognition.special import SPECIAL
from portview.i18n import N_, _, ngettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.domain.recognition.facts import ProgramFacts
    from portview.domain.recognition.rules import Program, Rules

LONGEST_WHAT = 160
_LONGEST_PART = 60
_DOT = " \u00b7 "
_MOST_SERVICES = 3
_MOST_ARGUMENTS = 256
_TELLING = re.compile(r"[./\\:]|^\d+$|^-|^$")
"""What is rather an argument, such as a file, an address or a port, than an option's value."""
_APPLICATION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(?:\(\))?")
_ADDRESS = re.compile(r"^[\w.*\[\]:-]+:\d+$")
_FROM_TITLE = N_("the title that it gave its process")
_FROM_COMMAND = N_("its command line")
_FROM_EXECUTABLE = N_("the name of its program")
_FROM_SERVICE = N_("the service manager")
_FROM_CGROUP = N_("its control group")
_FROM_PARENT = N_("its parent process")


def recognise(facts: ProgramFacts, rules: Rules) -> Recognition:
    """Describe a program; ``what`` is empty where nothing at all is known of it."""
    facts = _bounded(facts)
    recognition = _worker(facts, rules) or _program(facts, rules)
    if facts.container is not None:
        container = describe_container(facts.container)
        parts = [container, recognition.what]
        project = facts.container.project or recognition.project
        sources = (_(_FROM_CGROUP), *recognition.sources)
        return _whole(parts, project, sources, is_worker=recognition.is_worker)
    return recognition


def _bounded(facts: ProgramFacts) -> ProgramFacts:
    """Return the facts with the beginning of command lines: one may have millions of arguments."""
    parent = _bounded(facts.parent) if facts.parent is not None else None
    return replace(facts, command_line=facts.command_line[:_MOST_ARGUMENTS], parent=parent)


def describe_services(name: str, services: tuple[tuple[str, str], ...]) -> str:
    """Return "svchost: Print Spooler" for a process that hosts services."""
    titles = [display or service for service, display in services[:_MOST_SERVICES]]
    more = len(services) - _MOST_SERVICES
    text = ", ".join(titles)
    if more > 0:
        text = ngettext("{services} and {count} more", "{services} and {count} more", more).format(
            services=text, count=more
        )
    return inert(f"{program_stem(name)}: {text}", LONGEST_WHAT)


def _program(facts: ProgramFacts, rules: Rules) -> Recognition:
    if facts.services and program_stem(facts.name) in _SERVICE_HOSTS:
        what = describe_services(facts.name, facts.services)
        return Recognition(what, sources=(_(_FROM_SERVICE),))
    found = _by_title(facts, rules)
    if found:
        return found
    arguments = without_secrets(facts.command_line)
    launch = read_launch(arguments, facts.executable or facts.name, rules.launchers)
    program = rules.program(launch.tool, launch.runtime)
    if program is None and not launch.runtime:
        # A program that was renamed, or started under another name.
        other = program_stem(facts.executable or facts.name)
        program = rules.program(other, "")
    facts = replace(facts, project=facts.project or _project_of_environment(facts))
    project = facts.project.name if facts.project else ""
    sources = [_(_FROM_COMMAND) if facts.command_line else _(_FROM_EXECUTABLE)]
    if program is None:
        label = _fallback(launch, facts, rules)
        in_project = bool(launch.runtime) or _is_of_project(facts)
    else:
        label = _label(program, launch, facts)
        in_project = program.in_project
    parts = [label]
    if project and in_project and project.casefold() != label.casefold():
        parts.insert(0, project)
    if facts.project is not None:
        sources.append(inert(facts.project.source, LONGEST_WHAT))
    return _whole(parts, project, tuple(sources))


def _project_of_environment(facts: ProgramFacts) -> Project | None:
    """Return the project that npm, Compose or a virtual environment names, in this order."""
    named = {name: facts.environment.get(name, "") for name in _NAMING_VARIABLES}
    folders = [part for part in re.split(r"[\\/]", named[_VIRTUAL_ENV]) if part]
    if folders and folders[-1].lstrip(".") in _COMMON_ENVIRONMENTS:
        folders.pop()
    named[_VIRTUAL_ENV] = folders[-1] if folders else ""
    for name, value in named.items():
        if value:
            source = _("the variable {name} of its environment").format(name=name)
            return Project(value, source)
    return None


_VIRTUAL_ENV = "VIRTUAL_ENV"
_NAMING_VARIABLES = ("npm_package_name", "COMPOSE_PROJECT_NAME", _VIRTUAL_ENV)
_COMMON_ENVIRONMENTS = frozenset({"env", "venv", "virtualenv"})

_SERVICE_HOSTS = frozenset({"svchost", "services", "lsass", "spoolsv", "taskhostw", "dllhost"})


def _whole(
    parts: list[str], project: str, sources: tuple[str, ...], *, is_worker: bool = False
) -> Recognition:
    what = inert(mask(_DOT.join(part for part in parts if part)), LONGEST_WHAT)
    return Recognition(what, inert(mask(project), LONGEST_WHAT), sources, is_worker)


def _label(program: Program, launch: Launch, facts: ProgramFacts) -> str:
    special = SPECIAL.get(program.reader)
    if special is not None and (label := special(launch, facts)):
        return label
    fields = _fields(program, launch, facts)
    template = program.label
    first = fields.get("1", "")
    if first in program.subcommands:
        template = program.subcommands[first]
    return fill_in(template, fields)


def _fields(program: Program, launch: Launch, facts: ProgramFacts) -> dict[str, str]:
    """Return what a template may name: options with their values, positional arguments, more."""
    fields = {
        "cwd": file_name(facts.folder),
        "script": file_name(launch.script),
        "project": facts.project.name if facts.project else "",
        "tool": launch.tool,
    }
    number = 0
    skips = False
    for place, word in enumerate(launch.arguments):
        following = launch.arguments[place + 1] if place + 1 < len(launch.arguments) else ""
        if skips:
            skips = False
            continue
        if word.startswith("-") and len(word) > 1:
            name, equals, value = word.partition("=")
            if not equals and name in program.valued:
                value, skips = following, True
            elif not equals and name not in program.flags and not _TELLING.search(following):
                skips = True  # It may be the option's value, and that may be a secret.
            if value:
                fields.setdefault(name, _shown(value))
            continue
        if _APPLICATION.fullmatch(word):
            fields.setdefault("app", inert(word, _LONGEST_PART))
        number += 1
        fields[str(number)] = _shown(word)
    return fields


def _shown(value: str) -> str:
    """Return an argument as a label has it: of a path the last part, of anything a beginning."""
    if "://" not in value and not _ADDRESS.match(value):
        value = file_name(value) or value
    return inert(mask(value), _LONGEST_PART)


def _fallback(launch: Launch, facts: ProgramFacts, rules: Rules) -> str:
    """Return the shortest part of the command line that reports a program from others."""
    if launch.is_inline:
        return _("{runtime}, inline code").format(runtime=launch.runtime)
    if launch.runtime:
        if not launch.script.strip("./\\"):
            return launch.runtime
        script = launch.script
        shown = file_name(script) if "/" in script or "\\" in script else script
        if is_generic(launch.tool) and not facts.project:
            folder = file_name(script[: -len(shown)].rstrip("/\\")) or file_name(facts.folder)
            shown = f"{folder}/{shown}" if folder else shown
        return inert(f"{shown} ({launch.runtime})", _LONGEST_PART)
    name = facts.name or launch.tool
    stem = re.sub(r"\.exe$", "", name, flags=re.IGNORECASE)
    first = launch.arguments[0] if launch.arguments else ""
    if first in rules.identifying_words:
        return inert(f"{stem} {first}", _LONGEST_PART)
    return inert(stem, _LONGEST_PART)


def _is_of_project(facts: ProgramFacts) -> bool:
    """Return whether a program was built in its project, or by ``go run`` for the moment."""
    if facts.project is None:
        return False
    folder = facts.project.source[: -len(file_name(facts.project.source))]
    is_inside = bool(folder) and facts.executable.startswith(folder)
    return is_inside or "/go-build" in facts.executable


def _by_title(facts: ProgramFacts, rules: Rules) -> Recognition | None:
    if not facts.command_line:
        return None
    # What is left of the longer command line that it was written over is empty.
    title = " ".join(facts.command_line)[:1000].rstrip()
    stem = program_stem(facts.executable or facts.name)
    for rule in rules.titles:
        match = rule.pattern.match(title)
        allowed = rule.program.executables
        if match is None or not _is_allowed(stem, allowed):
            continue
        fields = {name: _shown(value) for name, value in match.groupdict("").items()}
        fields["cwd"] = file_name(facts.folder)
        project = facts.project.name if facts.project else ""
        parts = [fill_in(rule.program.label, fields)]
        if project and rule.program.in_project:
            parts.insert(0, project)
        return _whole(parts, project, (_(_FROM_TITLE),))
    return None


def _is_allowed(stem: str, allowed: frozenset[str]) -> bool:
    return not allowed or stem in allowed or re.sub(r"[\d.]+$", "", stem) in allowed


def _worker(facts: ProgramFacts, rules: Rules) -> Recognition | None:
    """Describe a worker by the master that started it: the same program, the same command line."""
    parent = facts.parent
    if parent is None or not _is_same_program(facts, parent):
        return None
    master = _program(parent, rules)
    if not master.what:
        return None
    worker = _("{program}, worker").format(program=master.what)
    return _whole([worker], master.project, (_(_FROM_PARENT), *master.sources), is_worker=True)


def _is_same_program(facts: ProgramFacts, parent: ProgramFacts) -> bool:
    if not facts.command_line or facts.executable != parent.executable:
        return False
    if facts.command_line == parent.command_line:
        return True
    # multiprocessing starts its children with code that names their parent.
    line = facts.command_line
    return any("multiprocessing." in word for word in line) and "-c" in line


def identity_fields(recognition: Recognition) -> Mapping[str, str]:
    """Return what programs get of a recognition."""
    return {"what": recognition.what, "project": recognition.project}
