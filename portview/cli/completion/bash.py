"""The script for bash, 4 and later; bash 3.2 of macOS runs it as well."""

# untranslated file: a script of a shell

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.cli.completion.tree import Place

_SCRIPT = """\
# bash completion for portview
_portview() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
    local command="" words="" options="" index
    COMPREPLY=()
    for ((index = 1; index < COMP_CWORD; index++)); do
        case "$command|${{COMP_WORDS[index]}}" in
{steps}
        esac
    done
    case "$command|$previous" in
{values}
    esac
    case "$command" in
{places}
    esac
    if [[ $current == -* ]]; then words="$options"; fi
    if [[ $words == FILES && $current != -* ]]; then
        COMPREPLY=($(compgen -f -- "$current"))
    else
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    fi
}}
complete -F _portview portview
"""


def bash_script(places: Sequence[Place]) -> str:
    """Return the script. Every word in it is plain, so that no shell interprets any."""
    steps, values, lines = [], [], []
    for place in places:
        at = " ".join(place.path)
        for command in place.commands:
            inner = quote(" ".join((*place.path, command.text)))
            steps.append(f"            {quote(f'{at}|{command.text}')}) command={inner} ;;")
        for option in place.options:
            if not option.takes_value:
                continue
            pattern = "|".join(quote(f"{at}|{name}") for name in option.names)
            offered = f"-W {quote(' '.join(option.values))}" if option.values else "-W ''"
            offered = "-f" if option.takes_file else offered
            values.append(
                f'        {pattern}) COMPREPLY=($(compgen {offered} -- "$current")); return ;;'
            )
        words = " ".join((*(one.text for one in place.commands), *place.words))
        if place.takes_file and not words:
            words = "FILES"
        options = " ".join(name for option in place.options for name in option.names)
        lines.append(f"        {quote(at)}) words={quote(words)} options={quote(options)} ;;")
    return _SCRIPT.format(steps="\n".join(steps), values="\n".join(values), places="\n".join(lines))
