"""One scenario per way to be wrong, applied to the real servers and undone."""
