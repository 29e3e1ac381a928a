"""Motion of the toolkit: on as the system has it, or off where a person wants none."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

_EFFECTS = (
    Qt.UIEffect.UI_AnimateMenu,
    Qt.UIEffect.UI_FadeMenu,
    Qt.UIEffect.UI_AnimateCombo,
    Qt.UIEffect.UI_AnimateTooltip,
    Qt.UIEffect.UI_FadeTooltip,
    Qt.UIEffect.UI_AnimateToolBox,
)
_before: dict[Qt.UIEffect, bool] = {}
_flash_ms: int | None = None


def reduce_motion(*, is_reduced: bool) -> None:
    """Switch sliding, fading and the blinking of the cursor off, or back to what the system says.

    PortView itself moves nothing. UI thread.
    """
    global _flash_ms  # noqa: PLW0603 - what the one application had
    if is_reduced == bool(_before):
        return
    if is_reduced:
        _flash_ms = QApplication.cursorFlashTime()
        QApplication.setCursorFlashTime(0)
        for effect in _EFFECTS:
            _before[effect] = QApplication.isEffectEnabled(effect)
            QApplication.setEffectEnabled(effect, False)  # noqa: FBT003 - Qt's form
        return
    for effect, was_on in _before.items():
        QApplication.setEffectEnabled(effect, was_on)
    _before.clear()
    if _flash_ms is not None:
        QApplication.setCursorFlashTime(_flash_ms)
