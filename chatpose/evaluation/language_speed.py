"""How long a request takes when everything is loaded, and how much memory it needs."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError
from chatpose.evaluation.language_methods import Bar
from chatpose.evaluation.language_rows import FIRST_S, PEAK_GB, VERIFIED, VERIFIED_S, Row

WARM_UP = 2
CHILD_SECONDS = 600


class TellsFirst(Protocol):
    """What answers requests and tells an early pose; `Generator` does."""

    def generate(self, text: str, *, count: int = 1, on_first: Callable[[Pose], Any] | None = None) -> Any:
        """Poses for words."""
        ...


@dataclass(frozen=True)
class Times:
    """Seconds of some requests: until the first pose and until the end, by the wall and of the processor.

    Attributes:
        first: wall, NaN where none was told.
        whole: wall.
        first_cpu: of the processor.
        whole_cpu: of the processor.
        failed: requests that weren't answered; they aren't among the others.
    """

    first: np.ndarray
    whole: np.ndarray
    first_cpu: np.ndarray
    whole_cpu: np.ndarray
    failed: int = 0


def measure_times(requests: Sequence[str], generator: TellsFirst, bar: Bar) -> Times:
    """Answers requests one after the other, after a few that warm up."""
    for text in requests[:WARM_UP]:
        _timed(text, generator)
    rows = [_timed(text, generator) for text in bar(requests, "speed")]
    good = np.array([row for row in rows if row is not None]).reshape(-1, 4)
    return Times(*good.T, failed=len(rows) - len(good))


def _timed(text: str, generator: TellsFirst) -> tuple[float, float, float, float] | None:
    wall, cpu = time.perf_counter(), time.process_time()
    first: list[float] = []

    def told(pose: Pose) -> None:
        first.extend((time.perf_counter() - wall, time.process_time() - cpu))

    try:
        generator.generate(text, on_first=told)
    except ChatposeError:
        return None
    early = (first[0], first[1]) if first else (float("nan"), float("nan"))
    return early[0], time.perf_counter() - wall, early[1], time.process_time() - cpu


def peak_memory_gb(requests: Sequence[str]) -> float:
    """Of a process of its own that answers the requests, GB (10⁹ bytes); NaN where it fails."""
    with tempfile.TemporaryDirectory() as place:
        batch = Path(place) / "requests.jsonl"
        batch.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in requests), encoding="utf-8")
        code = (
            "import resource, sys; from chatpose.cli.main import main; code = main(sys.argv[1:]); "
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
        )
        command = [sys.executable, "-c", code, "generate", "--batch", str(batch), "--json"]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=CHILD_SECONDS, check=False)
            return int(run.stderr.strip().splitlines()[-1]) * _RSS_UNIT / 1e9
        except (subprocess.TimeoutExpired, ValueError, IndexError):
            return float("nan")


_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""What `ru_maxrss` counts in."""


def speed_rows(requests: Sequence[str], generator: TellsFirst, bar: Bar) -> list[Row]:
    """Median and slowest tenth, warm, and the peak memory of a fresh process."""
    times = measure_times(requests, generator, bar)
    values = {FIRST_S: _median(times.first), VERIFIED_S: _median(times.whole)}
    values |= {
        f"slowest tenth, {name}": _tenth(row) for name, row in (("first s", times.first), ("verified s", times.whole))
    }
    values |= {"first, CPU s": _median(times.first_cpu), "verified, CPU s": _median(times.whole_cpu)}
    values[PEAK_GB] = peak_memory_gb(requests[:6])
    note = f"{times.failed} not answered" if times.failed else ""
    return [Row("speed", VERIFIED, len(requests), values, note)]


def own_peak_gb() -> float:
    """Of this process so far, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT / 1e9


def _median(values: np.ndarray) -> float:
    found = values[np.isfinite(values)]
    return float(np.median(found)) if len(found) else float("nan")


def _tenth(values: np.ndarray) -> float:
    found = values[np.isfinite(values)]
    return float(np.quantile(found, 0.9)) if len(found) else float("nan")
