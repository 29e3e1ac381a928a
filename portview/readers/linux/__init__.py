"""Linux as it tells of itself: netlink and /proc. Imports on every system, works on one."""
