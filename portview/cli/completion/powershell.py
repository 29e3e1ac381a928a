"""The script for PowerShell, 5.1 and later."""

# untranslated file: a script of a shell

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portview.cli.completion.tree import Place

_SCRIPT = """\
# PowerShell completion for portview
Register-ArgumentCompleter -Native -CommandName portview, portview.exe -ScriptBlock {{
    param($wordToComplete, $commandAst, $cursorPosition)
    $commands = @{{
{commands}
    }}
    $options = @{{
{options}
    }}
    $values = @{{
{values}
    }}
    $place = ''
    $previous = ''
    foreach ($element in @($commandAst.CommandElements | Select-Object -Skip 1)) {{
        if ($element.Extent.EndOffset -ge $cursorPosition) {{ break }}
        $previous = $element.ToString()
        $inner = "$place $previous".Trim()
        if ($commands.ContainsKey($inner)) {{ $place = $inner }}
    }}
    $key = "$place|$previous"
    if ($values.ContainsKey($key)) {{ $found = $values[$key] }}
    elseif ($wordToComplete.StartsWith('-')) {{ $found = $options[$place] }}
    else {{ $found = $commands[$place] }}
    foreach ($one in $found) {{
        $word, $about = $one -split '\\|', 2
        if ($word.StartsWith($wordToComplete)) {{
            if (-not $about) {{ $about = $word }}
            [System.Management.Automation.CompletionResult]::new(
                $word, $word, 'ParameterValue', $about)
        }}
    }}
}}
"""


def powershell_script(places: Sequence[Place]) -> str:
    """Return the script. A value without words leaves it to PowerShell, which offers files."""
    commands, options, values = [], [], []
    for place in places:
        at = " ".join(place.path)
        words = [f"{one.text}|{one.help}" for one in place.commands] + list(place.words)
        commands.append(f"        {_quoted(at)} = {_listed(words)}")
        offered = [f"{name}|{option.help}" for option in place.options for name in option.names]
        options.append(f"        {_quoted(at)} = {_listed(offered)}")
        values += [
            f"        {_quoted(f'{at}|{name}')} = {_listed(option.values)}"
            for option in place.options
            if option.takes_value
            for name in option.names
        ]
    return _SCRIPT.format(
        commands="\n".join(commands), options="\n".join(options), values="\n".join(values)
    )


def _listed(words: Iterable[str]) -> str:
    return f"@({', '.join(map(_quoted, words))})"


def _quoted(text: str) -> str:
    """Quote for PowerShell, which takes curly quotes for straight ones as well."""
    for quote in "'\u2018\u2019\u201a\u201b":
        text = text.replace(quote, quote * 2)
    return f"'{text}'"
