"""Which cron job a process carries out, from crontabs as crontab(5) has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.readers.origins.crontabs import CronJob, find_job, read_crontab

SYSTEM = r"""
# comment
SHELL=/bin/sh
MAILTO = ann
17 *	* * *	root	cd / && run-parts --report /etc/cron.hourly
@reboot ann /srv/shop/serve --port 8080
0 3 * * 1-5 bob date +\%Y %standard input
broken line
"""
OWN = """
*/5 * * * * /srv/shop/poll 'a b'
@daily /srv/shop/nightly
"""


def test_a_crontab_of_the_system() -> None:
    jobs = list(read_crontab(SYSTEM, "/etc/crontab"))
    assert jobs == [
        CronJob("17 * * * *", "root", "cd / && run-parts --report /etc/cron.hourly",
                "/etc/crontab"),
        CronJob("@reboot", "ann", "/srv/shop/serve --port 8080", "/etc/crontab"),
        CronJob("0 3 * * 1-5", "bob", "date +%Y", "/etc/crontab"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "schedule"),
    [
        (("/bin/sh", "-c", "/srv/shop/poll 'a b'"), "*/5 * * * *"),
        (("/srv/shop/poll", "a b"), "*/5 * * * *"),
        (("/srv/shop/nightly",), "@daily"),
        (("/srv/shop/poll", "a"), None),
        (("/bin/sh", "-c", "/srv/shop/other"), None),
        ((), None),
    ],
)
def test_the_job_of_a_process(words: tuple[str, ...], schedule: str | None) -> None:
    jobs = tuple(read_crontab(OWN, "/var/spool/cron/crontabs/ann", "ann"))
    found = find_job(jobs, words)
    assert (found.schedule if found else None) == schedule


def test_two_jobs_of_one_command_are_not_told_apart() -> None:
    jobs = tuple(read_crontab("@daily x\n@weekly x\n", "tab", "ann"))
    assert find_job(jobs, ("sh", "-c", "x")) is None


@given(st.text(max_size=200), st.lists(st.text(max_size=20), max_size=4))
def test_anything_is_read(text: str, words: list[str]) -> None:
    for user in ("", "ann"):
        find_job(tuple(read_crontab(text, "tab", user)), words)
