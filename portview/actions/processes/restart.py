"""Start a stopped process again, as it was started before; only where all of that is known.

PortView never lends it other rights than it had. Where PortView has the same, it is started as it
was; where PortView is root and it was another user's, it is started as that user. Everything else
is refused with the reason.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portview.domain.errors import ActionReport, Outcome, PortViewError
from portview.domain.facts import Known
from portview.domain.plain_text import inert
from portview.i18n import _
from portview.readers.linux.program_origin import is_protected_file
from portview.readers.process_rights import read_process_rights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.actions.processes.stopped import StoppedProcess
    from portview.domain.owners.process_rights import ProcessRights

_SETTLE_S = 0.5
"""How long a program that was started wrongly may take to end again."""

_CREATE_NEW_PROCESS_GROUP, _DETACHED_PROCESS = 0x00000200, 0x00000008
_CAP_SETGID, _CAP_SETUID = 6, 7
_USUAL_PATH = "/usr/local/bin:/usr/bin:/bin"
_USUAL_UMASK = 0o022
_LONGEST = 200


def why_not_again(process: StoppedProcess) -> str | None:
    """Return why a process can't be started again as it was; None where it can."""
    return next(_reasons(process), None)


def _reasons(process: StoppedProcess) -> Iterator[str]:
    if process.ending not in {"closed", "ended"}:
        yield _("PortView did not stop it.")
    if not process.command_line or not process.executable:
        yield _("Its command line is not known.")
    if not process.working_directory:
        yield _("Its working directory is not known.")
    if process.executable and not Path(process.executable).is_file():
        yield _("Its program no longer exists.")
    if process.working_directory and not Path(process.working_directory).is_dir():
        yield _("Its working directory no longer exists.")
    if process.rights is None:
        yield _("Which user it ran as, and with which rights, is not known.")
    else:
        yield from _rights_reasons(process, process.rights)


def _rights_reasons(process: StoppedProcess, was: ProcessRights) -> Iterator[str]:
    """Describe in which way PortView's own rights differ from those that the process had."""
    fact = read_process_rights(os.getpid())
    if not isinstance(fact, Known):
        yield _("The rights of PortView itself can't be read.")
        return
    own = fact.value
    if was.namespaces != own.namespaces:
        yield _("It ran in a container, or in other namespaces than PortView.")
    if was.label != own.label:
        yield _("A security module confined it in another way than PortView.")
    if was.user_id == own.user_id and was.level == own.level:
        if own.is_privileged:
            yield from _changeable_files(process)
    elif not _can_become(own, was):
        if was.user_id != own.user_id:
            user = inert(process.user or was.user_id, 80)
            yield _("It ran as another user: {user}.").format(user=user)
        elif own.is_privileged:
            yield _("PortView has more rights now than it had.")
        else:
            yield _("It had more rights than PortView has now.")


def _can_become(own: ProcessRights, was: ProcessRights) -> bool:
    """Return whether PortView can start a program with exactly these rights and no more."""
    if sys.platform != "linux" or was.user_id == own.user_id or was.is_privileged:
        return False
    capabilities = int(own.level, 16)
    may = all(capabilities >> number & 1 for number in (_CAP_SETGID, _CAP_SETUID))
    return may and was.group_id is not None and _account_of(was) is not None


def _changeable_files(process: StoppedProcess) -> Iterator[str]:
    """Return what another user could have changed, and would now be run with our rights."""
    if sys.platform != "linux":
        # Who may change a file there is no question of its owner alone.
        yield _("PortView runs as administrator, and what it would start may have been changed.")
        return
    folder = process.working_directory or "/"
    words = [Path(folder, word) for word in (process.command_line or ())[1:] if word[:1] != "-"]
    for path in (Path(process.executable or folder), Path(folder), *words):
        try:
            is_safe = not path.exists() or is_protected_file(str(path))
        except (OSError, ValueError):
            is_safe = False
        if not is_safe:
            yield _("PortView runs as root, and another user could have changed {path}.").format(
                path=inert(str(path), _LONGEST)
            )


def start_again(process: StoppedProcess) -> ActionReport:
    """Start a process with its old command line, directory, user and rights; see that it stays.

    It gets PortView's own environment, which may differ from its old one, or that of a fresh
    log-in where it is started as another user; and no console. Raises PortViewError.
    """
    reason = why_not_again(process)
    if reason is not None or process.command_line is None or process.rights is None:
        raise PortViewError(
            "not_startable",
            _("It can't be started again. {reason}").format(reason=reason),
            _("Start it the way you did before."),
            Outcome.NOT_DONE,
        )
    name = inert(process.name or process.command_line[0], 80)
    try:
        started = subprocess.Popen(  # noqa: S603 - the recorded program, as the person asked
            list(process.command_line),
            executable=process.executable,
            cwd=process.working_directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **_apart(),
            **_as_before(process.rights),
        )
    except OSError as error:
        raise PortViewError(
            "not_started",
            _("{name} could not be started: {value}.").format(
                name=name, value=error.strerror or error
            ),
        ) from error
    deadline = time.monotonic() + _SETTLE_S
    while started.poll() is None and time.monotonic() < deadline:
        time.sleep(_SETTLE_S / 10)
    asked = _("Start {name} again.").format(name=name)
    if started.returncode is not None:
        return ActionReport(
            Outcome.NOT_DONE,
            asked,
            _("It was started."),
            _("{name} ended again at once with exit code {returncode}.").format(
                name=name, returncode=started.returncode
            ),
            _("Start it the way you did before, to see what it says."),
        )
    pid = started.pid
    # It outlives PortView; to Python a child that nobody waits for would be a mistake.
    started.returncode = 0
    return ActionReport(
        Outcome.DONE,
        asked,
        _("It was started as PID {pid}.").format(pid=pid),
        _("{name} (PID {pid}) runs.").format(name=name, pid=pid),
    )


def _apart() -> dict[str, Any]:
    """Return what keeps a child alive when PortView or its terminal ends."""
    if sys.platform == "win32":
        return {"creationflags": _CREATE_NEW_PROCESS_GROUP | _DETACHED_PROCESS}
    return {"start_new_session": True}


def _as_before(rights: ProcessRights) -> dict[str, Any]:
    """Return what makes a child another user's, where it was; nothing for PortView's own user.

    The kernel drops every capability with the change (capabilities(7)), so that the program starts
    with no more rights than it had.
    """
    if sys.platform == "win32" or rights.user_id == str(os.geteuid()):
        return {}
    account = _account_of(rights)
    if account is None:
        raise PortViewError(
            "no_such_user", _("The user {user_id} no longer exists.").format(user_id=rights.user_id)
        )
    name, home, shell = account
    return {
        "user": int(rights.user_id),
        "group": rights.group_id,
        "extra_groups": list(rights.groups),
        "umask": _USUAL_UMASK,
        # Root's own environment may hold what is not meant for others.
        "env": {
            **{key: os.environ[key] for key in ("LANG", "LC_ALL", "TZ") if key in os.environ},
            "PATH": _USUAL_PATH,
            "HOME": home,
            "USER": name,
            "LOGNAME": name,
            "SHELL": shell,
        },
    }


def _account_of(rights: ProcessRights) -> tuple[str, str, str] | None:
    """Return the name, the home and the shell of a user; None where the system knows none."""
    if sys.platform == "win32":
        return None
    import pwd  # noqa: PLC0415 - Windows has none

    try:
        account = pwd.getpwuid(int(rights.user_id))
    except (KeyError, ValueError, OverflowError):
        return None
    return account.pw_name, account.pw_dir, account.pw_shell
