"""The scenarios, by the servers they break. Each names completely what changes."""
