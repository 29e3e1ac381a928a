"""What commands act on: the servers of the actions' own tests."""

from __future__ import annotations

from tests.system.actions.conftest import command, own_record, portview, serve

__all__ = ["command", "own_record", "portview", "serve"]
