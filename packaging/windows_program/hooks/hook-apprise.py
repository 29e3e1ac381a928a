"""What PyInstaller can't see of Apprise: it finds its plug-ins by the names in its own folders.

They are compiled files in the program's folder, not in the archive: one copy serves both programs,
and no start reads them. Beside each stands an empty file (portview.spec), because Apprise looks for
"name" or "name.py" and imports that name.
"""

from PyInstaller.utils.hooks import collect_submodules

FOLDERS = ("plugins", "config", "attachment")

hiddenimports = [name for folder in FOLDERS for name in collect_submodules(f"apprise.{folder}")]
module_collection_mode = "pyc"
