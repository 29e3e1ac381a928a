"""Linux as it reports of itself: netlink and /proc. Imports on every system, works on one."""
