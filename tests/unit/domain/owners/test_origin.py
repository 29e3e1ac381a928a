"""Why a process runs, in one line."""

from __future__ import annotations

import pytest

from portview.domain.facts import Absent, Known, Unreadable
from portview.domain.owners.origin import Origin, OriginKind, describe_origin
from portview.domain.owners.restarters import Restarter, RestarterKind

SYSTEMD = Known(Restarter(RestarterKind.SERVICE_MANAGER, "systemd", how="Restart=always"))
PARENT = Known(Restarter(RestarterKind.PROCESS, "launcher", is_certain=False))
CRON = Origin(OriginKind.CRON, "ann", "*/5 * * * *", "/etc/cron.d/x", starts_again=True)
TERMINAL = Origin(OriginKind.TERMINAL, "/dev/pts/3", "bash")
AS_SERVICE = "It runs as the service shop.service (enabled)."
IN_CONTAINER = "It runs in the container web."
AS_TYPED = "It was started in the terminal /dev/pts/3, from bash."
NEXT_TIME = "When it ends, nothing starts it again before the next time."
SERVICE = Origin(OriginKind.SERVICE, "shop.service", "enabled", starts_again=True)

DESKTOP = Origin(OriginKind.DESKTOP, "ann", "explorer")
BY_DESKTOP = "It was started in the desktop session of ann, from explorer."


@pytest.mark.parametrize(
    ("origin", "again", "expected"),
    [
        (SERVICE, SYSTEMD, f"{AS_SERVICE} When it ends, systemd starts it again (Restart=always)."),
        (SERVICE, Absent(), f"{AS_SERVICE} {NEXT_TIME}"),
        (CRON, Absent(), f"A cron job of ann started it (*/5 * * * *, /etc/cron.d/x). {NEXT_TIME}"),
        (TERMINAL, Absent(), f"{AS_TYPED} When it ends, nothing starts it again."),
        (
            Origin(OriginKind.CONTAINER, "web", "unless-stopped", starts_again=True),
            Unreadable("no rights"),
            f"{IN_CONTAINER} When the container ends, its engine starts it again (unless-stopped).",
        ),
        (None, PARENT, "When it ends, launcher may start it again."),
        (None, Unreadable("no rights"), "Whether something starts it again is unknown: no rights"),
        (None, Absent(), "When it ends, nothing is known that starts it again."),
        (DESKTOP, Absent(), f"{BY_DESKTOP} When it ends, nothing is known that starts it again."),
    ],
)  # fmt: skip
def test_one_line(origin: Origin | None, again: object, expected: str) -> None:
    assert describe_origin(origin, again) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", OriginKind)
@pytest.mark.parametrize("how", ["", "x\n\x1b[31m{name}"])
def test_every_kind_is_described_and_names_stay_inert(kind: OriginKind, how: str) -> None:
    sentence = describe_origin(Origin(kind, "a\u202eb\x00{how}", how, "s\n"), Absent())
    assert sentence.isprintable()
    assert sentence.endswith(("nothing starts it again.", "nothing is known that starts it again."))
