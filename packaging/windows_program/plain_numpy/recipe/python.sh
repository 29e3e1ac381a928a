#!/bin/sh
# Stands in for the Python for Windows while numpy is built: what Meson asks about it is answered
# from a file, and numpy's scripts, which only write sources, run in the Python of this root.
# numpy asks for the platform to tell a Python that mingw-w64 built. With one that it did not build
# it shortens long double to double, which the functions of mingw-w64's own library don't know of.
case "$*" in
*/python_info.py) exec cat /recipe/python.json ;;
*sysconfig.get_platform*) echo mingw_x86_64_ucrt ;;
*) exec python3 "$@" ;;
esac
