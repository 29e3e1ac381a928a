"""The window. Widgets show and ask; they read no machine and decide nothing."""
