"""What answers about settings say."""
