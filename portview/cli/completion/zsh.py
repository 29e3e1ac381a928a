"""The script for zsh: for a folder of ``fpath`` as ``_portview``, or to be sourced."""

# untranslated file: a script of a shell

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.cli.completion.tree import Place

_SCRIPT = """\
#compdef portview
_portview() {{
    local place="" word
    local -a found choices
    for word in "${{(@)words[2,CURRENT-1]}}"; do
        case "$place|$word" in
{steps}
        esac
    done
    case "$place|${{words[CURRENT-1]}}" in
{values}
    esac
    case "$place" in
{places}
    esac
    if [[ $PREFIX == -* ]]; then
        _describe -o option choices
    elif [[ ${{found[1]}} == FILES ]]; then
        _files
    else
        _describe command found
    fi
}}
if [[ ${{funcstack[1]}} == _portview ]]; then
    _portview "$@"
else
    compdef _portview portview
fi
"""


def zsh_script(places: Sequence[Place]) -> str:
    """Return the script; help texts are quoted, and their colons too, which part word and help."""
    steps, values, lines = [], [], []
    for place in places:
        at = " ".join(place.path)
        for command in place.commands:
            inner = quote(" ".join((*place.path, command.text)))
            steps.append(f"            {quote(f'{at}|{command.text}')}) place={inner} ;;")
        for option in place.options:
            if option.takes_value:
                pattern = "|".join(quote(f"{at}|{name}") for name in option.names)
                offered = f"compadd -- {' '.join(map(quote, option.values))}"
                offered = "_files" if option.takes_file else offered if option.values else ":"
                values.append(f"        {pattern}) {offered}; return ;;")
        found = [_described(one.text, one.help) for one in place.commands]
        found += [_described(word, "") for word in place.words]
        if place.takes_file and not found:
            found = ["FILES"]
        choices = [
            _described(name, option.help) for option in place.options for name in option.names
        ]
        lines.append(
            f"        {quote(at)})\n            found=({' '.join(found)})\n"
            f"            choices=({' '.join(choices)}) ;;"
        )
    return _SCRIPT.format(steps="\n".join(steps), values="\n".join(values), places="\n".join(lines))


def _described(word: str, about: str) -> str:
    colon = r"\:"
    return quote(f"{word.replace(':', colon)}:{about}" if about else word.replace(":", colon))
