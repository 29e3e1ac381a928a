"""What is read about a process before it may be stopped, and compared right before it is."""
