"""What a socket's program is, put into words."""

from __future__ import annotations

from portview.domain.owners.identity import Ancestor, describe_ancestors


def chain(*names: str) -> str:
    ancestors = tuple(Ancestor(number, name) for number, name in enumerate(names, 1))
    return describe_ancestors(tuple(reversed(ancestors)))


def test_a_chain_of_ancestors_begins_with_the_first() -> None:
    assert chain("systemd", "sshd", "bash", "npm") == "systemd \u2192 sshd \u2192 bash \u2192 npm"
    assert chain() == ""
    assert chain("", "sh") == "PID 1 \u2192 sh"


def test_a_chain_is_shortened_where_it_is_dull() -> None:
    assert chain("init", "sshd", "sshd", "sshd", "bash") == "init \u2192 sshd \u2192 bash"
    long = chain("init", *"abcdefgh")
    assert long == "init \u2192 \u2026 \u2192 d \u2192 e \u2192 f \u2192 g \u2192 h"


def test_a_hostile_name_stays_inert() -> None:
    assert chain("a\x1b[31m\n\u202e" * 50).isprintable()
