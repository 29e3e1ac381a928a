"""Reading what starts programs: cron jobs, autostart entries, scheduled tasks, Run keys."""
