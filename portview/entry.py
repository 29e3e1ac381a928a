"""The entry point: without arguments the window, else a command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome
from portview.i18n import _
from portview.log import start_logging
from portview.process_hardening import harden_process

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None, *, has_window: bool = True) -> int:
    """Run PortView and return its exit code.

    Without ``has_window`` there are only commands: a program for the console carries no Qt.
    """
    try:
        return _run(sys.argv[1:] if arguments is None else arguments, has_window=has_window)
    except KeyboardInterrupt:
        # Ctrl+C while modules are still being imported.
        return _INTERRUPTED


def _run(arguments: Sequence[str], *, has_window: bool) -> int:
    harden_process()
    if arguments and arguments[0] == _RUN_SERVICE:
        # Before the log is opened: a service has folders of its own.
        from portview.watch.background.service_work import run_service  # noqa: PLC0415

        return run_service(arguments[1:])
    start_logging()
    # Each door loads only what lies behind it: a command starts without Qt.
    if has_window and (not arguments or arguments[0] in _WINDOW_OPTIONS):
        from portview.app import run_window  # noqa: PLC0415

        return run_window(arguments)
    if has_window and arguments[0] == _QUIT_OPTION:
        return _quit_running()
    if arguments and arguments[0] in _OF_PROGRAMS:
        return _serve_program(arguments)
    from portview.cli.commands import run_command  # noqa: PLC0415

    return run_command(_in_language(arguments))


def _in_language(arguments: Sequence[str]) -> Sequence[str]:
    """Use the person's language, and return the arguments without the option that names it."""
    from portview.language import split_language, use_language_of_command  # noqa: PLC0415

    asked, rest = split_language(arguments)
    use_language_of_command(rest, asked, _language_of_settings)
    return rest


def _language_of_settings() -> str:
    from portview.settings import Settings, settings_path  # noqa: PLC0415 - seldom asked

    return Settings(settings_path()).preferences.language


def _serve_program(arguments: Sequence[str]) -> int:
    """Do what PortView itself or its installer asks for; no person types these."""
    if arguments[0] in _ELEVATED_REQUESTS:
        from portview.actions.elevated_helper.entry import enter  # noqa: PLC0415

        return enter(arguments)
    if arguments[0] == _BACKGROUND_OF_INSTALLER:
        from portview.watch.background.of_installer import change_background  # noqa: PLC0415

        return change_background(arguments[1:])
    from portview.actions import installation  # noqa: PLC0415

    return installation.enter(arguments)


def _quit_running() -> int:
    # An installer waits for this: it loads no window.
    from portview.folders import user_settings_folder  # noqa: PLC0415
    from portview.ui.window.single_instance import QuitResult, quit_running  # noqa: PLC0415

    result = quit_running(user_settings_folder())
    if result is QuitResult.NONE_RUNS:
        return int(Outcome.DONE)
    if result is QuitResult.DENIED:
        _say(_("PortView runs as administrator and can't be reached from here."))
        return int(Outcome.NEEDS_ADMIN)
    _say(_("PortView was asked to close, but it still runs."))
    return int(Outcome.NOT_DONE)


def _say(sentence: str) -> None:
    if sys.stderr is not None:
        hint = _("Close its window, then try again.")
        hint = _("hint: {text}").format(text=hint)
        # untranslated: the name of the program
        print(f"portview: {sentence}\n{hint}", file=sys.stderr)  # noqa: T201


_BACKGROUND_OF_INSTALLER = "background-of-installer"
_ELEVATED_REQUESTS = frozenset({"errand", "press-ctrl-break"})
_INTERRUPTED = 130
_OF_INSTALLER = frozenset({"search-path", "own-rules"})
"""What nobody but the installer asks (``actions/installation.py``)."""
_OF_PROGRAMS = _ELEVATED_REQUESTS | _OF_INSTALLER | {_BACKGROUND_OF_INSTALLER}
_QUIT_OPTION = "--quit"
_RUN_SERVICE = "run-service"
"""What the service control manager alone starts (``watch/background/windows_service.py``)."""
_WINDOW_OPTIONS = frozenset({"--background", "--reader", "--scope", "--self-report", "--theme"})
