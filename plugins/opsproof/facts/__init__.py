"""Frozen, typed, JSON-round-trip data: a check's arguments, the evidence and the replay input at once."""
