"""Backups as checks look at them: what lies in which place by which pattern, dated by name and by time."""
