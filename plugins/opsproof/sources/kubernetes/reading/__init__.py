"""What follows from objects: reasoning over facts alone."""
