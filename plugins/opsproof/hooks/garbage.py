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


_MANY = 50_000  # things of Python that are made before those are searched; 700 as it starts


@contextmanager
def rarely_searched() -> Iterator[None]:
    """What is made in the block is mostly kept, and not searched after it: the facts of a big namespace.

    What refers to itself and is of no use any more, such as a failure with its frames, is still given back.
    """
    young, *older = gc.get_threshold()
    gc.set_threshold(max(young, _MANY), *older)
    try:
        yield
    finally:
        gc.set_threshold(young, *older)
        gc.freeze()
