"""Waivers and the gate: pure functions over results; the raw outcome is always kept."""
