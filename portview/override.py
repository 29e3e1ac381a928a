"""``override`` as the standard library has it from Python 3.12 on, for the type checker alone.

``typing_extensions`` has it as well, and half a hundred other things: loading it all would take as
long as loading ten modules of ours, at every start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import override
else:

    def override(method: Any) -> Any:
        """Mark a method that replaces one of a class above; changes nothing."""
        return method


__all__ = ["override"]
