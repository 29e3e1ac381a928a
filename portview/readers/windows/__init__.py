"""Windows, as its system libraries say it: one file per library, and the formats of its tables.

Every module can be imported on every system; only loading a library asks for Windows.
"""
