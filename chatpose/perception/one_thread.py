"""Runs torch on one thread while a photo is looked at and described."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Runs torch on one thread; also a decorator.

    Of hundreds of operations on small tensors none gains from more, and where another core is busy threads wait for
    each other at every single one: 17 ms became 1 s.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
