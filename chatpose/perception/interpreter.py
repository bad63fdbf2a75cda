"""`Interpreter`: one tflite model that takes a picture."""

import contextlib
import importlib
import os
import threading
from collections.abc import Iterator

import numpy as np

from chatpose.optional import require_package

_ONE_AT_A_TIME = threading.Lock()


class Interpreter:
    """Runs a model on the CPU. Not safe to use from two threads at once."""

    def __init__(self, content: bytes, threads: int = 1) -> None:
        """Builds it from a model file's bytes.

        Raises:
            MissingExtraError: ai-edge-litert isn't installed.
        """
        require_package("ai_edge_litert", "photo", "to look at photos")
        litert = importlib.import_module("ai_edge_litert.interpreter")
        with _silent_start():
            self._interpreter = litert.Interpreter(model_content=content, num_threads=threads)
            self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]

    def run(self, picture: np.ndarray) -> list[np.ndarray]:
        """All outputs, without the batch axis, for one float32 picture (size, size, 3)."""
        self._interpreter.set_tensor(self._input, picture[None])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._outputs]


@contextlib.contextmanager
def _silent_start() -> Iterator[None]:
    """Keeps off stderr the line with which LiteRT greets from C++; it has no switch for that."""
    with _ONE_AT_A_TIME, contextlib.ExitStack() as afterwards:
        try:
            kept = os.dup(2)
        except OSError:  # no stderr, as in a service
            yield
            return
        afterwards.callback(os.close, kept)
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        afterwards.callback(os.dup2, kept, 2)
        yield
