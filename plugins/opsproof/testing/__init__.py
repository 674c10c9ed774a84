"""What the author of a check or of a source tests with: fact builders, links, the faulty server, the contract."""
