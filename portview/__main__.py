"""What ``python -m portview`` runs.

Nothing but built-in modules may be imported before the import path is cleaned, not even
``__future__``, which is a file of the standard library.
"""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # Without -P, -m puts the working directory first: a json.py there would run with PortView's
    # rights. So would an empty or a relative entry of PYTHONPATH.
    import os  # frozen into the interpreter

    try:
        _here = os.getcwd()  # noqa: PTH109 - pathlib is a file of the standard library
    except OSError:
        _here = ""
    _is_managed = _here.startswith((sys.prefix, sys.base_prefix))
    if sys.path and sys.path[0] in {"", _here}:
        del sys.path[0]
    sys.path[:] = [
        _entry
        for _entry in sys.path
        if os.path.isabs(_entry) and (_entry != _here or _is_managed)  # noqa: PTH117
    ]

try:
    from portview.entry import main
except KeyboardInterrupt:
    sys.exit(130)

__all__ = ["main"]

if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
