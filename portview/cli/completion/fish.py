"""The script for fish, 3 and later."""

# untranslated file: a script of a shell

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portview.cli.completion.tree import Option, Place

_HEAD = """\
# fish completion for portview
function __portview_at
    set -l place
    for word in (commandline -opc)[2..-1]
        switch "$place|$word"
{steps}
        end
    end
    test "$place" = "$argv[1]"
end
complete -c portview -f
"""


def fish_script(places: Sequence[Place]) -> str:
    """Return the script."""
    steps = [
        f"            case {_quoted('|'.join((' '.join(place.path), command.text)))}\n"
        f"                set place {_quoted(' '.join((*place.path, command.text)))}"
        for place in places
        for command in place.commands
    ]
    lines = [line for place in places for line in _lines(place)]
    return _HEAD.format(steps="\n".join(steps)) + "\n".join(lines) + "\n"


def _lines(place: Place) -> Iterator[str]:
    inner = _quoted(" ".join(place.path))
    at = f"complete -c portview -n {_quoted(f'__portview_at {inner}')}"
    for command in place.commands:
        yield f"{at} -a {_quoted(command.text)} -d {_quoted(command.help)}"
    if place.words:
        yield f"{at} -a {_quoted(' '.join(place.words))}"
    if place.takes_file:
        yield f"{at} -F"
    for option in place.options:
        yield f"{at} {_option(option)}"


def _option(option: Option) -> str:
    names = [
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
    ]
    value = ""
    if option.takes_value:
        value = " -r -F" if option.takes_file else " -x"
        value += f" -a {_quoted(' '.join(option.values))}" if option.values else ""
    return f"{' '.join(names)}{value} -d {_quoted(option.help)}"


def _quoted(text: str) -> str:
    """Quote for fish, whose quotes know two escapes and no more."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
