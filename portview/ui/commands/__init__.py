"""The actions of the window, its menus and its context menus."""
