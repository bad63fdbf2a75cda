"""Being stopped between two steps: by Ctrl-C, or by the SIGTERM of launchers and queues."""

import signal
import threading
from typing import Any, Self

from chatpose.train.interrupts import Interrupt


class Stop(Interrupt):
    """As `Interrupt`; SIGTERM asks as well, as often as it comes (`accelerate launch` sends one after Ctrl-C)."""

    def __init__(self) -> None:
        super().__init__()
        self._term_before: Any = None

    def __enter__(self) -> Self:
        super().__enter__()
        if threading.current_thread() is threading.main_thread():
            self._term_before = signal.signal(signal.SIGTERM, lambda *_: self._terminate())
        return self

    def __exit__(self, *problem: object) -> None:
        if self._term_before is not None:
            signal.signal(signal.SIGTERM, self._term_before)
        super().__exit__(*problem)

    def _terminate(self) -> None:
        self.asked = True
