"""What operations do every day, on the real servers: nothing may fail."""
