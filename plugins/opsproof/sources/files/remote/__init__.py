"""What runs where backups lie, with Python's own library alone: joined to one program, it needs nothing there."""
