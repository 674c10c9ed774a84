"""What runbooks write of a database, and how it compares with what the server tells."""
