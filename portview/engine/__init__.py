"""Work off the UI thread: tasks on pools, and the tick. QtCore only."""
