"""What the APIs tell, by service, and what checks annotate their arguments with."""
