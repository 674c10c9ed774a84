"""Python's garbage collector, told what it need not search."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def made_to_stay() -> Iterator[None]:
    """What is made in the block lives as long as the process: it is never searched for garbage.

    A plan and all that it was read from are some hundred thousand objects, and our modules as many. To search them
    time and again, while they are made and at the end of the session, took a quarter of a short run.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
