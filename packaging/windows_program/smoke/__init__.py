"""Exercise the built programs from outside, as a person and their scripts would.

Runs in a Python on Windows (or its bench): ``python -m windows_program.smoke --help``.
"""
