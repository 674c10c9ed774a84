"""Has moved to `opsproof.testing.faulty`; import it from there."""

from opsproof.testing.faulty import Behaviour, answering, dripping, http, reset, serving, silent, unused_port

__all__ = ["Behaviour", "answering", "dripping", "http", "reset", "serving", "silent", "unused_port"]
