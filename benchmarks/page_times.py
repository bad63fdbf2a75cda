"""How long a person waits on the page, seen from the browser: from Enter to words, to a first body, to the final one.

A page and a real Chromium are started; every round is a visitor of their own who says the same few things. The first
round, in which more is loaded, is printed by itself.

    python benchmarks/page_times.py --rounds 5

Printed are medians of wall times, the processor time of the server, and how many processes wanted the processor. In
the browser only what has been drawn counts: words when they are in the document, a body with the frame that shows it.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from page_client import PageProcess

SAID = ("warrior two with the left hand on the hip", "tree pose", "raise the left arm", "what pose is this?")
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox")
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
ANSWERS_WITHIN_MS = 180_000
COLUMNS = ("sign of life", "words", "draft", "body", "answer", "cpu")

_WATCH = """() => {
  const viewer = document.querySelector(".cp-viewer");
  const told = () => [...document.querySelectorAll(".cp-from-chatpose")].pop();
  const words = (one) => one?.querySelector(".cp-part-text .cp-text")?.textContent ?? "";
  const status = (one) => one?.querySelector(".cp-status span")?.textContent ?? "";
  const drawn = (name) => requestAnimationFrame(() => requestAnimationFrame(() => mark(name)));
  const mark = (name) => {
    if (window.seen && !(name in window.seen)) window.seen[name] = performance.now() - window.began;
  };
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    window.began = performance.now();
    window.seen = {};
    window.loads = viewer.viewer.loads.A;
    window.before = document.querySelectorAll(".cp-from-chatpose").length;
  }, true);
  new MutationObserver(() => {
    if (!window.seen || document.querySelectorAll(".cp-from-chatpose").length <= window.before) return;
    const one = told();
    if (words(one) || (status(one) && status(one) !== "Reading…")) mark("sign of life");
    if (words(one)) mark("words");
    if (!one.hasAttribute("data-working")) mark("answer");
  }).observe(document.querySelector(".cp-log"), { subtree: true, childList: true, attributes: true });
  new MutationObserver(() => {
    if (!window.seen || viewer.viewer.loads.A <= window.loads || !viewer.viewer.slots.A) return;
    drawn(viewer.hasAttribute("data-draft") ? "draft" : "body");
  }).observe(viewer, { attributes: true });
}"""


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium without a window; software does the drawing, which is slower than any phone."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield started
        started.close()


def visit(started: Any, page_process: PageProcess, size: tuple[int, int]) -> list[dict[str, float]]:
    """One visitor says everything; gives seconds by what was seen, for each message."""
    context = started.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    page.set_default_timeout(ANSWERS_WITHIN_MS)
    page.goto(page_process.url)
    page.wait_for_selector('.cp-viewer[data-shown-a="Standing"]')
    page.wait_for_timeout(1500)
    page.evaluate(_WATCH)
    rows = []
    for text in SAID:
        page.locator(".cp-input").fill(text)
        before = cpu_seconds(page_process.process.pid)
        page.locator(".cp-input").press("Enter")
        page.wait_for_function("window.seen?.answer !== undefined")
        page.wait_for_timeout(700)  # what comes after the answer is drawn, too
        row = {name: ms / 1000 for name, ms in page.evaluate("window.seen").items()}
        rows.append(row | {"cpu": cpu_seconds(page_process.process.pid) - before})
        page.wait_for_timeout(800)
    context.close()
    return rows


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Load:
    """Samples how many processes want the processor."""

    def __init__(self) -> None:
        self.samples: list[int] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.5):
            self.samples.append(int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0]))


Rows = dict[str, list[dict[str, float]]]


def measure(rounds: int, size: tuple[int, int]) -> tuple[Rows, Rows, Load]:
    """Rows by message: of the first visitor, of all others."""
    rows: Rows = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, PageProcess(Path(folder) / "log.txt") as page, browser() as started:
        first = {text: [row] for text, row in zip(SAID, visit(started, page, size), strict=True)}
        with Load() as load:
            for _ in range(rounds):
                for text, row in zip(SAID, visit(started, page, size), strict=True):
                    rows[text].append(row)
    return first, rows, load


def report(title: str, rows: Rows) -> None:
    """Prints medians in seconds."""
    print(f"{title:44}" + "".join(f"{name:>14}" for name in COLUMNS))
    for text, found in rows.items():
        cells = []
        for name in COLUMNS:
            values = [row[name] for row in found if name in row]
            cells.append(f"{statistics.median(values):14.2f}" if values else f"{'–':>14}")
        print(f"{text:44}{''.join(cells)}")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", choices=SIZES, default="desktop")
    options = parser.parse_args()
    start = time.perf_counter()
    first, rows, load = measure(options.rounds, SIZES[options.size])
    report("the first visitor, seconds", first)
    report(f"median of {options.rounds} visitors, seconds", rows)
    wanted, cores = statistics.mean(load.samples or [0]), os.cpu_count()
    print(f"processes that wanted a processor, with ours: {wanted:.1f} for {cores} cores")
    print(f"{time.perf_counter() - start:.0f} s in all")


if __name__ == "__main__":
    main()
