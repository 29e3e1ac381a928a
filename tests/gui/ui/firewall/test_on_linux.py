"""A whole window on Linux' own firewall, and what a client on another machine meets."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.netns import joined_machines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.netns import Namespace

pytestmark = [
    pytest.mark.linux_only("asks nftables of network namespaces"),
    pytest.mark.root_only("makes network namespaces and rules in them"),
]

PORT = 8080
RULES = """
flush ruleset
table inet filter {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif lo accept
    meta l4proto ipv6-icmp accept
    tcp dport 22 accept comment "<b>shell</b>"
    EXTRA
  }
}
"""
CONNECT = """
import json, socket
try:
    socket.create_connection(("{address}", {port}), {patience}).close()
    print(json.dumps("reached"))
except TimeoutError:
    print(json.dumps("silence"))
except ConnectionRefusedError:
    print(json.dumps("refused"))
"""


class Window:
    """A window on the far machine, behind its firewall; asked from here by words."""

    def __init__(self, near: Namespace, far: Namespace, folder: Path) -> None:
        self._near = near
        self._far = far
        self._process = far.start(
            sys.executable,
            "-W",
            "error",
            str(Path(__file__).parent / "window_on_linux.py"),
            str(folder),
            str(PORT),
            stdin=subprocess.PIPE,
        )
        assert self._answer() == "ready"

    def do(self, word: str) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = self._answer()
        return answer

    def client_meets(self, patience_s: float) -> str:
        """Return what a client on the near machine meets; ``patience_s`` is for an answer."""
        code = CONNECT.format(address=self._far.ipv4, port=PORT, patience=patience_s)
        return str(self._near.python(code))

    def rules(self) -> str:
        return self._far.run("nft", "list", "ruleset")

    def close(self) -> None:
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0

    def _answer(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


@pytest.fixture
def machines() -> Iterator[tuple[Namespace, Namespace]]:
    with joined_machines() as (near, far):
        yield near, far


@pytest.fixture
def window(
    machines: tuple[Namespace, Namespace], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Window]:
    near, far = machines
    far.run("nft", "-f", "-", text=RULES.replace("EXTRA", getattr(request, "param", "")))
    made = Window(near, far, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("window", "cell", "headline", "meets"),
    [
        ("", "Blocked", "keeps other machines from TCP port 8080", "silence"),
        ("tcp dport 8080 accept", "Allowed", "lets other machines in", "reached"),
        ("tcp dport 8080 reject with tcp reset", "Blocked", "keeps other machines", "refused"),
        (
            "ip saddr 10.199.0.1 tcp dport 8080 accept",
            "Partly allowed",
            "lets some machines in",
            "reached",
        ),
    ],
    indirect=["window"],
)
def test_what_is_shown_is_what_a_client_meets(
    window: Window, cell: str, headline: str, meets: str
) -> None:
    seen = window.do("see")
    assert seen["cell"] == cell
    assert headline in seen["headline"]
    assert window.client_meets(0.5 if meets == "silence" else 10) == meets
    deciding = [row for row in seen["rules"] if "decides" in row[0]]
    assert len(deciding) == (0 if meets == "silence" else 1)
    assert not any("shell" in row[1] for row in seen["rules"])


def test_a_blocked_server_is_reached_after_allow_and_no_more_after_it_was_taken_back(
    window: Window,
) -> None:
    before = window.rules()
    assert window.do("see")["cell"] == "Blocked"
    assert window.client_meets(0.5) == "silence"
    allowed = window.do("allow")
    assert allowed["outcome"] == 0, allowed
    assert "is now allowed for 10.199.0.0/24" in allowed["now"]
    assert "8080" in allowed["command"]
    assert window.client_meets(10) == "reached"
    assert window.do("see_change")["cell"] == "Partly allowed"
    revoked = window.do("revoke")
    assert revoked["outcome"] == 0, revoked
    assert "PortView has created no rule" in revoked["note"]
    assert window.client_meets(0.5) == "silence"
    assert window.do("see_change")["cell"] == "Blocked"
    assert window.rules() == before


@pytest.mark.parametrize("window", ["tcp dport 8080 accept"], indirect=True)
def test_an_open_server_is_blocked_and_open_again(window: Window) -> None:
    assert window.client_meets(10) == "reached"
    blocked = window.do("block")
    assert blocked["outcome"] == 0, blocked
    assert window.client_meets(0.5) == "silence"
    assert window.do("see_change")["cell"] == "Blocked"
    assert window.do("revoke")["outcome"] == 0
    assert window.client_meets(10) == "reached"
