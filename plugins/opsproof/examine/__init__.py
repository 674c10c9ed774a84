"""Examine: from facts to findings."""
