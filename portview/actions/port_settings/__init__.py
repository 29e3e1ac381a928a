"""Settings of the system that decide which ports it gives away, to whom, and where they lead."""
