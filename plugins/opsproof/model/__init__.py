"""The data that flows from plan to report. No I/O here."""
