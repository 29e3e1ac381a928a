"""The actions of ``watch`` that change something: rules, incidents, silences, baselines."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

from portview.cli.console import ask_line, print_json, print_note
from portview.cli.screen import print_text
from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import quoted
from portview.i18n import _, speaking

if TYPE_CHECKING:
    import argparse

    from portview.watch.rules.model import Watch, WatchRules

_SHORTEST_ID = 4


def add(options: argparse.Namespace) -> Outcome:
    """Add a watch to the file."""
    from portview.cli.watch_arguments import key_values  # noqa: PLC0415 - loaded when wanted
    from portview.watch.rules.edit import add_watch  # noqa: PLC0415 - likewise
    from portview.watch.rules.file import rules_path  # noqa: PLC0415 - likewise

    add_watch(rules_path(), key_values(options))
    text = _("The watch {name} was added to {path}.")
    return _done(options, text.format(name=quoted(options.name), path=rules_path()))


def remove(options: argparse.Namespace) -> Outcome:
    """Remove a watch from the file."""
    from portview.watch.rules.edit import remove_watch  # noqa: PLC0415 - loaded when wanted
    from portview.watch.rules.file import rules_path  # noqa: PLC0415 - likewise

    remove_watch(rules_path(), options.name)
    text = _("The watch {name} was removed from {path}.")
    return _done(options, text.format(name=quoted(options.name), path=rules_path()))


def acknowledge(options: argparse.Namespace) -> Outcome:
    """Return that somebody has seen what fires: it is not reminded of any more."""
    from portview.watch.store.incident_store import IncidentStore  # noqa: PLC0415 - when wanted

    asked = options.name
    with closing(IncidentStore.open()) as store:
        found = [
            one
            for one in store.open_incidents()
            if one.watch == asked or (len(asked) >= _SHORTEST_ID and one.id.startswith(asked))
        ]
        if not found:
            if not any(one.name == asked for one in _rules().watches):
                raise _unknown(asked)
            raise PortViewError(
                "nothing_fires",
                _("{name} does not fire.").format(name=quoted(asked)),
                "",
                Outcome.NOT_DONE,
            )
        with store.transaction():
            for one in found:
                store.acknowledge(one.id, _now_ms(), options.note)
                store.add_event(
                    _now_ms(), "acknowledged", one.watch, one.port, one.id, options.note
                )
    return _done(options, _("{name} is acknowledged.").format(name=quoted(found[0].watch)))


def silence(options: argparse.Namespace) -> Outcome:
    """Describe nothing about a watch for a time."""
    from portview.domain.local_time import local_moment  # noqa: PLC0415 - loaded when wanted
    from portview.watch.store.incident_store import IncidentStore  # noqa: PLC0415 - likewise

    _require_watch(options.name)
    now_ms = _now_ms()
    until_ms = 0 if options.end else options.until or now_ms + options.duration
    if not options.end and until_ms <= now_ms:
        raise PortViewError("time_passed", _("That time has passed."), "", Outcome.BAD_INPUT)
    with closing(IncidentStore.open()) as store, store.transaction():
        store.silence(options.name, until_ms, options.note)
        kind = "unsilenced" if options.end else "silenced"
        store.add_event(now_ms, kind, options.name, None, None, options.note)
    if options.end:
        return _done(options, _("{name} is not silenced.").format(name=quoted(options.name)))
    text = _("{name} is silenced until {time}.")
    return _done(options, text.format(name=quoted(options.name), time=local_moment(until_ms)))


def accept(options: argparse.Namespace) -> Outcome:
    """Take the listeners of today into a baseline."""
    from portview.watch.evaluation.baseline import listeners_now  # noqa: PLC0415 - when wanted
    from portview.watch.evaluation.local_facts import LocalReader  # noqa: PLC0415 - likewise
    from portview.watch.rules.model import Expectation  # noqa: PLC0415 - likewise
    from portview.watch.store.incident_store import IncidentStore  # noqa: PLC0415 - likewise

    watch = _require_watch(options.name)
    if watch.expect is not Expectation.NO_NEW_LISTENERS:
        text = _("{name} has no baseline: it expects “{expect}”.")
        raise PortViewError(
            "no_baseline",
            text.format(name=quoted(options.name), expect=watch.expect.value),
            "",
            Outcome.BAD_INPUT,
        )
    with closing(LocalReader()) as reader:
        facts = reader.read(settled=True)
    from portview.domain.facts import Unreadable  # noqa: PLC0415 - likewise

    if isinstance(facts.snapshot, Unreadable):
        raise PortViewError("sockets_unreadable", facts.snapshot.reason, "", Outcome.NOT_DONE)
    entries = [str(key) for key in listeners_now(facts)]
    with closing(IncidentStore.open()) as store, store.transaction():
        before = set(store.baseline(options.name) or ())
        store.learn_baseline(options.name, entries, _now_ms())
        new = sorted(set(entries) - before)
        store.add_event(_now_ms(), "accepted", options.name, None, None, "; ".join(new)[:1000])
    for entry in new if not options.json else ():
        print_text(entry)
    text = _("{count} listeners are in the baseline of {name} now.")
    return _done(options, text.format(count=len(before | set(entries)), name=quoted(options.name)))


def preview_repair(options: argparse.Namespace) -> Outcome:
    """Say what a repair would do next, and what the service manager does by itself."""
    from portview.watch.evaluation.local_facts import LocalReader  # noqa: PLC0415 - when wanted
    from portview.watch.repair.recovery import recovery_words  # noqa: PLC0415 - likewise
    from portview.watch.repair.repairer import preview  # noqa: PLC0415 - likewise
    from portview.watch.store.incident_store import IncidentStore  # noqa: PLC0415 - likewise

    watch = _require_watch(options.name)
    if not watch.repair:
        text = _("{name} has no repair in watches.toml.")
        raise PortViewError(
            "no_repair", text.format(name=quoted(watch.name)), "", Outcome.BAD_INPUT
        )
    lines = []
    if not _rules().repairs:
        lines.append(_("All repairs are switched off: repairs = false."))
    with closing(IncidentStore.open()) as store, closing(LocalReader()) as reader:
        lines.append(preview(watch, store, reader))
    services = dict.fromkeys(step.service for step in watch.repair if step.service)
    lines += [recovery_words(name) for name in services]
    return _done(options, "\n".join(lines))


def recovery(options: argparse.Namespace) -> Outcome:
    """Say what the service manager does when a service fails, or set it."""
    from portview.actions.services.change import read_service  # noqa: PLC0415 - likewise
    from portview.actions.services.recovery_words import (  # noqa: PLC0415 - when wanted
        plan_sentences,
    )
    from portview.actions.services.set_recovery import (  # noqa: PLC0415 - likewise
        plan_recovery,
        set_recovery,
    )
    from portview.watch.repair.recovery import recovery_words  # noqa: PLC0415 - likewise

    if options.never and options.restart_after is not None:
        raise PortViewError(
            "bad_usage", _("Either --restart-after or --never."), "", Outcome.BAD_INPUT
        )
    seen = read_service(options.name)
    if not options.never and options.restart_after is None:
        return _done(options, recovery_words(options.name))
    after_s = None if options.never else options.restart_after / 1000
    plan = plan_recovery(seen, after_s)
    sentences = plan_sentences(plan)
    if not options.yes:
        for sentence in sentences:
            print_note(sentence)
        if ask_line(_("Set this? [y/N] ")).strip().lower() not in {"y", "yes"}:
            print_note(_("Nothing was changed."))
            return Outcome.NOT_DONE
    set_recovery(plan)
    return _done(options, "\n".join(sentences))


def test_channel(options: argparse.Namespace) -> Outcome:
    """Send a test message through a channel."""
    from portview.watch.messages.apprise_channel import (  # noqa: PLC0415 - loaded when wanted
        AppriseChannel,
    )
    from portview.watch.messages.channel_test import make_test_message  # noqa: PLC0415 - likewise
    from portview.watch.rules.model import DESKTOP  # noqa: PLC0415 - likewise

    channel = next((one for one in _rules().channels if one.name == options.name), None)
    if channel is None:
        hint = _("See their names: portview watch list")
        if options.name == DESKTOP:
            hint = _(
                "Desktop notifications are shown by PortView's window; no message is sent from "
                "here."
            )
        raise PortViewError(
            "no_such_channel",
            _("There is no channel named {name}.").format(name=quoted(options.name)),
            hint,
            Outcome.BAD_INPUT,
        )
    with speaking(channel.language):
        message = make_test_message(channel.name)
    problem = AppriseChannel(channel).send(message)
    if problem:
        text = _("The channel {name} did not take the test message. {problem}")
        raise PortViewError(
            "not_delivered",
            text.format(name=quoted(channel.name), problem=problem),
            _("Correct its URL in watches.toml, or check the server."),
            Outcome.NOT_DONE,
        )
    text = _("The channel {name} took the test message.")
    return _done(options, text.format(name=quoted(channel.name)))


def _rules() -> WatchRules:
    from portview.watch.rules.file import (  # noqa: PLC0415 - loaded when wanted
        read_rules,
        require_right,
        rules_path,
    )

    parsed = read_rules(rules_path())
    require_right(rules_path(), parsed)
    return parsed.rules


def _require_watch(name: str) -> Watch:
    watch = next((one for one in _rules().watches if one.name == name), None)
    if watch is None:
        raise _unknown(name)
    return watch


def _unknown(name: str) -> PortViewError:
    from portview.watch.rules.edit import unknown_watch  # noqa: PLC0415 - loaded when wanted

    return unknown_watch(name, [one.name for one in _rules().watches])


def _done(options: argparse.Namespace, sentence: str) -> Outcome:
    if options.json:
        print_json({"done": True, "message": sentence})
    else:
        print_text(sentence)
    return Outcome.DONE


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
