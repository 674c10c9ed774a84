"""Has moved to `opsproof.testing.links`; import it from there."""

from opsproof.testing.links import Free, RecordingLink, own, target_of

__all__ = ["Free", "RecordingLink", "own", "target_of"]
