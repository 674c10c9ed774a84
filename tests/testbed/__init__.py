"""The real servers that opsproof is tested against, on loopback."""
