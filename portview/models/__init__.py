"""Qt item models over domain rows; no widgets."""
