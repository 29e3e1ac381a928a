"""Evaluates one watch, whatever its kind."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from portview.domain.cancellation import Cancelled
from portview.i18n import _
from portview.watch.evaluation.local_kinds import LOCAL_KINDS, evaluate_locally, with_holder
from portview.watch.evaluation.machine_kinds import (
    ExposureCheck,
    ResourceUse,
    evaluate_service,
)
from portview.watch.evaluation.observation import Observation, unreadable
from portview.watch.rules.model import Expectation
from portview.watch.rules.shown import is_about_this_machine

if TYPE_CHECKING:
    from portview.domain.cancellation import CancelToken
    from portview.watch.evaluation.local_facts import LocalFacts
    from portview.watch.rules.model import Watch

logger = logging.getLogger(__name__)

REMOTE = frozenset({Expectation.TCP, Expectation.UDP, Expectation.HTTP, Expectation.TLS})
"""The kinds that ask over the network, which the others never wait for."""


def is_answered_at_once(watch: Watch) -> bool:
    """Return whether the shared snapshot alone answers a watch."""
    return watch.expect in LOCAL_KINDS or watch.expect is Expectation.NO_NEW_LISTENERS


def needs_snapshot(watch: Watch) -> bool:
    """Return whether a watch needs the shared snapshot."""
    if watch.repair and watch.port is not None:
        return True
    return watch.expect not in REMOTE and watch.expect is not Expectation.SERVICE


class Evaluator:
    """Evaluates watches of every kind but ``no_new_listeners``. Any thread."""

    def __init__(self) -> None:
        self._exposure = ExposureCheck()
        self._resources = ResourceUse()

    def evaluate(self, watch: Watch, facts: LocalFacts | None, cancel: CancelToken) -> Observation:
        """Return what one reading finds. Raises nothing but Cancelled.

        ``facts`` may be None for the kinds that need no snapshot.
        """
        try:
            return self._evaluate(watch, facts, cancel)
        except Cancelled:
            raise
        except Exception as error:
            # One watch that can't be evaluated must never stop the others.
            logger.exception("the watch %r could not be evaluated", watch.name)
            return unreadable(
                _("It could not be evaluated: {error}.").format(error=type(error).__name__)
            )

    def _evaluate(self, watch: Watch, facts: LocalFacts | None, cancel: CancelToken) -> Observation:
        if watch.expect in REMOTE:
            from portview.watch.evaluation.probe_kinds import (  # noqa: PLC0415 - when wanted
                evaluate_by_probe,
            )

            found = evaluate_by_probe(watch, cancel)
            # Who answers when all is well is what a repair compares with later.
            is_wanted = facts is not None and is_about_this_machine(watch)
            return with_holder(found, watch, facts) if facts and is_wanted else found
        if watch.expect is Expectation.SERVICE:
            return evaluate_service(watch)
        if facts is None:
            return unreadable(_("The sockets were not read."))
        if watch.expect is Expectation.NOT_EXPOSED:
            return self._exposure.evaluate(watch, facts)
        if watch.expect is Expectation.RESOURCES:
            return self._resources.evaluate(watch, facts, cancel)
        return evaluate_locally(watch, facts)

    def close(self) -> None:
        """Free what the evaluation holds open."""
        self._exposure.close()
