"""``help``: the user guide, one topic at a time."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from portview.cli.console import print_line
from portview.command_name import command_line
from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import quoted
from portview.i18n import _, current_language
from portview.resources import help_topics, topic_title

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``help`` to the command line."""
    parser = commands.add_parser(
        "help",
        help=_("read the user guide"),
        description=_("List the topics of the user guide, or print one."),
    )
    parser.add_argument("topic", nargs="?", metavar="TOPIC")
    parser.set_defaults(run=run, json=False)


def run(options: argparse.Namespace) -> Outcome:
    """Print a topic, or what there is."""
    topics = help_topics(current_language())
    if options.topic is None:
        print_line(_("Topics of the user guide:"))
        print_line()
        width = max(map(len, topics))
        for name, path in topics.items():
            print_line(f"  {name:<{width}}  {topic_title(path)}")
        print_line()
        print_line(_("Read one: {command}").format(command=command_line("help", "TOPIC")))
        return Outcome.DONE
    wanted = topics.get(options.topic.lower())
    if wanted is None:
        raise _unknown(options.topic, list(topics))
    print_line(wanted.read_text(encoding="utf-8").rstrip("\n"))
    return Outcome.DONE


def _unknown(topic: str, names: list[str]) -> PortViewError:
    near = difflib.get_close_matches(topic.lower(), names, n=1, cutoff=0.0)
    return PortViewError(
        "unknown_topic",
        _("There is no topic {topic}.").format(topic=quoted(topic)),
        _("The nearest: {command}").format(command=command_line("help", *near)),
        Outcome.BAD_INPUT,
    )
