"""Ctrl-C between two steps of a training run instead of within one."""

import signal
import threading
from types import FrameType
from typing import Any, Self


class Interrupt:
    """While it is open the first Ctrl-C sets `asked`; the second interrupts as usual.

    Outside the main thread, where signals can't be caught, nothing changes.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(number, self._before)
