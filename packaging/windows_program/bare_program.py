"""A bare window with a table, frozen like PortView: what its start is measured against."""

import json
import sys
import time
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QMainWindow, QTableView

_ROWS, _COLUMNS = 300, 11


def main() -> int:
    """Show the table, tell when it was painted in the file that --self-report names."""
    application = QApplication([])
    window, table, model = QMainWindow(), QTableView(), QStandardItemModel()
    for number in range(_ROWS):
        model.appendRow([QStandardItem(f"{number} {column}") for column in range(_COLUMNS)])
    table.setModel(model)
    window.setWindowTitle("PortView")
    window.setCentralWidget(table)
    window.resize(1240, 680)
    window.show()

    def tell() -> None:
        table.viewport().repaint()
        content = json.dumps({"painted_at_ns": time.time_ns()})
        unfinished = Path(sys.argv[2] + ".part")
        unfinished.write_text(content, encoding="ascii")
        unfinished.replace(sys.argv[2])

    QTimer.singleShot(0, tell)
    return application.exec()


sys.exit(main())
