"""Collect: every ask is answered exactly once per run."""
