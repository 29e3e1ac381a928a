"""Run a program that the kernel lets bind no TCP port: landlocked.py COMMAND ... (landlock(7))."""

import ctypes
import os
import struct
import sys

_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_ACCESS_NET_BIND_TCP = 1
_PR_SET_NO_NEW_PRIVS = 38


def main() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = struct.pack("=QQ", 0, _ACCESS_NET_BIND_TCP)
    ruleset = libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0 or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        sys.exit(f"this kernel restricts no ports: {os.strerror(ctypes.get_errno())}")
    if libc.syscall(_RESTRICT_SELF, ruleset, 0):
        sys.exit(os.strerror(ctypes.get_errno()))
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - what the test names


if __name__ == "__main__":
    main()
