"""Many visitors at once: errors, mix-ups of conversations, waiting times, memory.

Each visitor talks on the page as a browser does (a session of its own), calls the named endpoints through
gradio_client, and keeps a conversation of its own over /talk. Everybody plants a name that nobody else has: a pose file
is called so, and no other visitor's answer may ever hold it, while the own saved conversation must. With --sequence N
further N conversations come one after the other, which must not make the server grow.

    python benchmarks/load_page.py --visitors 20 --seconds 180
    python benchmarks/load_page.py --visitors 0 --sequence 200
"""

import argparse
import json
import random
import re
import secrets
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from page_client import Layout, PageProcess, PageVisit

PROMPTS = (
    "tree pose", "someone sitting cross-legged", "a deep squat with both arms forward", "warrior 2",
    "drawing a bow, left knee on the floor", "a person waving with the right hand", "downward dog",
)  # fmt: skip
EDITS = (
    "raise the left arm to the side", "bend the right knee to 90 degrees", "turn the head to the left",
    "lower both arms", "lean forward a little",
)  # fmt: skip
QUESTIONS = ("What pose is this?", "Is the left knee bent?", "How far apart are the feet?", "Which hand is higher?")
QUERIES = ("dancing", "warrior", "someone kneeling", "sitting on the floor")
_NAMES = re.compile(r"planted-[0-9a-f]{10}")
_SAMPLE_SECONDS = 2.0


class Records:
    """What all visitors saw."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []
        self.mixed: list[str] = []
        self.missed: list[str] = []
        self._lock = threading.Lock()

    def add(self, kind: str, seconds: float) -> None:
        """One that was answered."""
        with self._lock:
            self.seconds[kind].append(seconds)

    def error(self, kind: str, error: Exception) -> None:
        """One that wasn't."""
        with self._lock:
            self.errors.append(f"{kind}: {type(error).__name__}: {str(error)[:200]}")

    def look(self, name: str, answer: Any, *, mine: bool) -> None:
        """Looks for names that were planted: other visitors' must not be there, the own one must where it is asked."""
        found = set(_NAMES.findall(json.dumps(answer, default=str)))
        with self._lock:
            if found - {name}:
                self.mixed.append(f"{name} saw {sorted(found - {name})}")
            if mine and name not in found:
                self.missed.append(f"{name} isn't in {json.dumps(answer, default=str)[:200]}")


class Visitor:
    """One visitor: a tab of the page, a program, and a conversation over /talk.

    Args:
        url: of the page.
        layout: of it.
        records: of all.
        files: a pose file as JSON, and a folder for files.
        seed: of what this visitor does.
    """

    def __init__(self, url: str, layout: Layout, records: Records, pose: bytes, folder: Path, seed: int) -> None:
        from gradio_client import Client

        self.random, self.records = random.Random(seed), records
        self.name = f"planted-{secrets.token_hex(5)}"
        self.file = folder / f"{self.name}.json"
        self.file.write_bytes(pose)
        self.pose = json.loads(pose)
        self.tab = PageVisit(url, layout)
        self.client = Client(url, verbose=False, download_files=str(folder / "downloads"))
        self.conversation: Any = None

    def timed(self, kind: str, act: Callable[[], Any], *, mine: bool = False) -> Any:
        """A request, on record; `mine` where the answer must hold the own name."""
        start = time.monotonic()
        try:
            found = act()
        except Exception as error:
            self.records.error(kind, error)
            return None
        self.records.add(kind, time.monotonic() - start)
        self.records.look(self.name, found, mine=mine)
        return found

    def attach(self) -> None:
        """Begins the conversation of the tab with the own file."""
        path = self.timed("upload", lambda: self.tab.upload(self.file.name, self.file.read_bytes()))
        if path is not None:
            files = ((path, self.file.name),)
            self.timed("page: pose file", lambda: self.tab.ask("What pose is this?", files), mine=True)

    def say(self, kind: str, text: str) -> None:
        """A message in the tab."""
        self.timed(f"page: {kind}", lambda: self.tab.ask(text))

    def recall(self) -> None:
        """The conversation as it is saved: the own file is in it after everything that others did."""
        self.timed("page: save", self.tab.saved, mine=True)

    def call(self, kind: str, *arguments: Any) -> Any:
        """A named endpoint."""
        return self.timed(f"api: {kind}", lambda: self.client.predict(*arguments, api_name=f"/{kind}"))

    def talk(self, text: str) -> None:
        """A turn of the conversation over /talk."""
        from gradio_client import handle_file

        first = self.conversation is None
        files = [handle_file(str(self.file))] if first else None

        def act() -> Any:
            return self.client.predict(text, files, self.conversation, api_name="/talk")

        found = self.timed("api: talk", act, mine=True)
        if found is not None:
            self.conversation = found[1]

    def step(self) -> None:
        """One request, of any kind."""
        pick = self.random.choice
        steps: list[Callable[[], Any]] = [
            lambda: self.say("generate", pick(PROMPTS)),
            lambda: self.say("edit", pick(EDITS)),
            lambda: self.say("question", pick(QUESTIONS)),
            lambda: self.say("search", f"find poses of {pick(QUERIES)}"),
            lambda: self.say("export", "give it to me as bvh"),
            self.recall,
            lambda: self.call("generate", pick(PROMPTS), 1, self.random.randrange(100)),
            lambda: self.call("edit", self.pose, pick(EDITS)),
            lambda: self.call("describe", self.pose, None, 0, "plain"),
            lambda: self.call("question", self.pose, pick(QUESTIONS)),
            lambda: self.call("search", pick(QUERIES), "", 5),
            lambda: self.call("export", self.pose, ".glb"),
            lambda: self.talk(pick((*PROMPTS, *EDITS, *QUESTIONS))),
        ]
        pick(steps)()

    def run(self, until: float) -> None:
        """One request after the other until then."""
        self.attach()
        while time.monotonic() < until:
            self.step()
            time.sleep(self.random.uniform(0.2, 1.5))  # people read
        self.recall()
        self.talk("what pose is this?")
        self.close()

    def close(self) -> None:
        """Leaves."""
        self.tab.close()
        self.client.close()


class Memory:
    """Memory of the server, sampled while it serves."""

    def __init__(self, page: PageProcess | None) -> None:
        self._page = page
        self.samples: list[tuple[float, float]] = []
        self._stop = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while self._page is not None and not self._stop.wait(_SAMPLE_SECONDS):
            self.samples.append((time.monotonic(), self._page.rss_mb))

    def stop(self) -> None:
        """Ends the sampling."""
        self._stop.set()


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        page = PageProcess(folder / "page.log") if options.url is None else None
        url = options.url or (page.url if page is not None else "")
        try:
            layout, pose = Layout(url), _pose_file(url)
            _warm(url, layout)
            told = {"page": "own" if page else url}
            if options.visitors:
                told |= _crowd(url, layout, pose, folder, page, options)
            if options.sequence:
                told |= {"sequence": _sequence(url, layout, pose, page, options)}
        finally:
            if page is not None:
                page.stop()
        if page is not None:
            told["log"] = _log_findings((folder / "page.log").read_text(errors="replace"))
    if options.json:
        Path(options.json).write_text(json.dumps(told, indent=1) + "\n")
    print(json.dumps({key: value for key, value in told.items() if key != "kinds"}, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--sequence", type=int, default=0, metavar="N", help="N conversations one after the other")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--url", help="a page that runs already (memory isn't measured then)")
    parser.add_argument("--json", metavar="FILE", help="also write the figures there")
    return parser.parse_args()


def _crowd(
    url: str, layout: Layout, pose: bytes, folder: Path, page: PageProcess | None, options: argparse.Namespace
) -> dict[str, Any]:
    records = Records()
    visitors = [Visitor(url, layout, records, pose, folder, options.seed + n) for n in range(options.visitors)]
    before = page.rss_mb if page else 0.0
    memory, start = Memory(page), time.monotonic()
    threads = [threading.Thread(target=one.run, args=(start + options.seconds,)) for one in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - start
    memory.stop()
    kinds = {kind: _spread(values) for kind, values in sorted(records.seconds.items())}
    everything = [value for values in records.seconds.values() for value in values]
    _print_kinds(kinds | {"all": _spread(everything)})
    return {
        "visitors": options.visitors,
        "seconds": round(took, 1),
        "requests": len(everything),
        "errors": len(records.errors),
        "first errors": records.errors[:8],
        "mix-ups": len(records.mixed),
        "first mix-ups": records.mixed[:5],
        "own name missing": len(records.missed),
        "first missing": records.missed[:3],
        "all": _spread(everything),
        "kinds": kinds,
        "memory MB": _memory(before, [mb for _, mb in memory.samples], page),
    }


def _sequence(
    url: str, layout: Layout, pose: bytes, page: PageProcess | None, options: argparse.Namespace
) -> dict[str, Any]:
    """One conversation after the other; what each leaves behind."""
    chance, errors, sizes = random.Random(options.seed), [], []
    for number in range(options.sequence):
        tab = PageVisit(url, layout)
        try:
            path = tab.upload(f"file{number}.json", pose)
            tab.ask("What pose is this?", ((path, f"file{number}.json"),))
            for text in (chance.choice(PROMPTS), chance.choice(EDITS), chance.choice(QUESTIONS)):
                tab.ask(text)
        except Exception as error:
            errors.append(f"{type(error).__name__}: {str(error)[:200]}")
        finally:
            tab.close()
        if page is not None:
            sizes.append(page.rss_mb)
            if number % 20 == 19:
                print(f"{number + 1:4} conversations  {sizes[-1]:8.1f} MB", flush=True)
    half = sizes[len(sizes) // 2 :]
    return {
        "conversations": options.sequence,
        "errors": len(errors),
        "first errors": errors[:5],
        "MB at 10 %": round(sizes[len(sizes) // 10], 1) if sizes else None,
        "MB at the end": round(sizes[-1], 1) if sizes else None,
        "MB a conversation, second half": round(_slope(half), 4) if len(half) > 4 else None,
    }


def _pose_file(url: str) -> bytes:
    """A pose that the page made, as a file."""
    from gradio_client import Client

    client = Client(url, verbose=False)
    made = client.predict("tree pose", 1, 0, api_name="/generate")
    client.close()
    return json.dumps(made["poses"][0]["pose"]).encode()


def _warm(url: str, layout: Layout) -> None:
    """Every part is loaded before anything is measured."""
    tab = PageVisit(url, layout)
    for text in ("tree pose", "raise the left arm", "is the left knee bent?", "find dancing poses", "export it as glb"):
        tab.ask(text)
    tab.close()


def _spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {"count": 0}
    ordered = sorted(values)
    at = lambda share: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)  # noqa: E731
    return {"count": len(values), "p50": at(0.5), "p95": at(0.95), "max": round(ordered[-1], 3)}


def _print_kinds(kinds: dict[str, dict[str, float]]) -> None:
    print(f"{'request':<20}{'count':>7}{'p50 s':>9}{'p95 s':>9}{'max s':>9}")
    for kind, row in kinds.items():
        cells = "".join(f"{row.get(key, 0):9.2f}" for key in ("p50", "p95", "max"))
        print(f"{kind:<20}{row['count']:>7}{cells}")


def _memory(before: float, samples: list[float], page: PageProcess | None) -> dict[str, float] | None:
    if page is None or not samples:
        return None
    half = samples[len(samples) // 2 :]
    return {
        "before": round(before, 1),
        "median, second half": round(statistics.median(half), 1),
        "most": round(max(samples), 1),
        "after": round(page.rss_mb, 1),
    }


def _slope(values: list[float]) -> float:
    """Growth per step by least squares."""
    return statistics.linear_regression(range(len(values)), values).slope


def _log_findings(text: str) -> dict[str, Any]:
    """What the server logged that it should not have: names of visitors' files, tracebacks."""
    return {"planted names": len(_NAMES.findall(text)), "tracebacks": text.count("Traceback"), "bytes": len(text)}


if __name__ == "__main__":
    main()
