"""``completion``: print the script by which a shell completes PortView's command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.cli.console import print_bytes
from portview.domain.errors import Outcome
from portview.i18n import _, join_list

if TYPE_CHECKING:
    import argparse

_SHELLS = ("bash", "zsh", "fish", "powershell")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``completion`` to the command line."""
    parser = commands.add_parser(
        "completion",
        help=_("print a script for completion by the shell"),
        description=_(
            "Print the script by which a shell completes commands, options and their values. "
            "“portview help completion” says where each shell wants it."
        ),
    )
    parser.add_argument("shell", choices=_SHELLS, metavar="SHELL", help=join_list(_SHELLS))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Outcome:
    """Print the script."""
    # Loaded here: the scripts are made from the parsers of all commands.
    from portview.cli.completion.bash import bash_script  # noqa: PLC0415
    from portview.cli.completion.fish import fish_script  # noqa: PLC0415
    from portview.cli.completion.powershell import powershell_script  # noqa: PLC0415
    from portview.cli.completion.tree import places_of  # noqa: PLC0415
    from portview.cli.completion.zsh import zsh_script  # noqa: PLC0415

    scripts = dict(
        zip(_SHELLS, (bash_script, zsh_script, fish_script, powershell_script), strict=True)
    )
    print_bytes(scripts[options.shell](list(places_of(options.whole_parser()))).encode())
    return Outcome.DONE
