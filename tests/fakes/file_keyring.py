"""A keyring that keeps its entries in a file: a backend for the keyring package.

The file, named by FILE_KEYRING, maps "service/name" to a password; "locked" in it locks it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class FileKeyring(KeyringBackend):
    """Chosen by keyringrc.cfg, as people choose theirs."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        entries = self._entries()
        if entries.get("locked"):
            raise KeyringLocked(f"the password of {username} is topsecret")
        return entries.get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        entries = {**self._entries(), f"{service}/{username}": password}
        Path(os.environ["FILE_KEYRING"]).write_text(json.dumps(entries), "utf-8")

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError

    @staticmethod
    def _entries() -> dict[str, str]:
        path = Path(os.environ["FILE_KEYRING"])
        found: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return found
