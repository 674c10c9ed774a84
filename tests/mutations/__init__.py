"""Deliberate mistakes, one at a time, each of which a test of the everyday loop has to notice."""
