"""Build PortView as a Windows program and put it to the test.

`packaging/package_windows.py` is the way in; what stands here are its parts. Some run in the Python
for Windows that freezes the program, some on the machine that builds; each says so.
"""
