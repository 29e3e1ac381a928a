"""The name of a program, where the kernel has only a thread's or a part of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.readers.linux.program_name import program_name

texts = st.text(max_size=20)


@pytest.mark.parametrize(
    ("comm", "executable", "command_line", "expected"),
    [
        ("nginx", "/usr/sbin/nginx", ("nginx: master process /usr/sbin/nginx",), "nginx"),
        ("postgres", "/usr/lib/pg/bin/postgres", ("postgres: checkpointer ",), "postgres"),
        ("MainThread", "/opt/node/bin/node", ("node", "server.js"), "node"),
        ("node-MainThread", "/opt/node/bin/node", ("/opt/node/bin/node", "x"), "node"),
        ("http-nio-8080-e", "/usr/lib/jvm/bin/java", ("java", "-jar", "a.jar"), "java"),
        ("gunicorn", "/usr/bin/python3.11", ("/usr/bin/python3", "/usr/bin/gunicorn"), "gunicorn"),
        ("python3", "/usr/bin/python3.11", ("python3", "-m", "http.server"), "python3"),
        ("httpd", "/bin/busybox", ("httpd", "-f"), "httpd"),
        ("systemd-resolve", "/usr/lib/systemd/systemd-resolved", None, "systemd-resolved"),
        (
            "systemd-network",
            None,
            ("/usr/lib/systemd/systemd-networkd",),
            "systemd-networkd",
        ),
        (
            "redis-server",
            "/usr/bin/redis-check-rdb",
            ("/usr/bin/redis-server 127.0.0.1:6379",),
            "redis-server",
        ),
        ("kworker/0:1", None, None, "kworker/0:1"),
        ("sshd", None, None, "sshd"),
    ],
)
def test_the_name_that_people_know(
    comm: str, executable: str | None, command_line: tuple[str, ...] | None, expected: str
) -> None:
    assert program_name(comm, executable, command_line) == expected


@given(st.text(min_size=1, max_size=15), st.none() | texts, st.none() | st.tuples(texts, texts))
def test_there_is_always_a_name(
    comm: str, executable: str | None, command_line: tuple[str, ...] | None
) -> None:
    assert program_name(comm, executable, command_line)
