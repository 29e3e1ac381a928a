"""Run Windows programs under Wine, in a Debian root of their own.

`packaging/windows_bench.py` is the way in; what stands here are its parts.
"""
