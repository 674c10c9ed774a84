"""What each kind of server is to us, a folder each."""
