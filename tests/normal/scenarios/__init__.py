"""One module per kind of ordinary day."""
