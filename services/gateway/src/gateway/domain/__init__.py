"""Rules of campaigns, runs and schedules, free of I/O."""
