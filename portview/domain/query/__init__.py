r"""The filter language: one text that the filter box, saved views and ``--query`` all understand.

A query is terms side by side: ``a b`` is and, ``a OR b`` is or, ``-a``, ``!a`` and ``NOT a`` leave
out, parentheses group, double quotes keep spaces (``\"`` and ``\\`` inside them). A word with
one of the keys of ``terms.Key`` before a colon looks in one place, any other word in all of them; a
list after a key, ``port:80,443``, asks for any of its values. ``port:`` is the local port, because
that is the one that a person means who asks who is on it; ``rport:`` is the remote one.
"""
