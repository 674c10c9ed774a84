"""What follows from samples and rules: reasoning over facts alone."""
