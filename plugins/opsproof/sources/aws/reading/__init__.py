"""Facts of what the APIs answer."""
