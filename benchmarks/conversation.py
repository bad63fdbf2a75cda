"""The scripted conversation over all abilities, held twice: by `chatpose talk --json`, and in a browser on the page.

Every turn must come to what stands beside the script (kinds of outcomes, measured; never words). Afterwards both are
killed in the middle of a turn, started again, and must go on with the conversation as it was saved. Writes the
transcript, and pictures of the page.

    python benchmarks/conversation.py                       # both; writes docs/conversation/
    python benchmarks/conversation.py --only talk --out /tmp/there
"""

import argparse
import dataclasses
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conversation_judge import Judge, Played, expectations
from page_client import PageProcess

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from page_visitor import Visitor, chromium  # noqa: E402  # pyright: ignore[reportMissingImports]

from chatpose.agent import saved  # noqa: E402
from chatpose.agent.state import ConversationState  # noqa: E402
from chatpose.cli.talk import read_line  # noqa: E402

HERE = ROOT / "docs" / "conversation"
MOST_BYTES = 120_000
"""Of a picture."""
DIES_AT = "ten poses of somebody dancing"
"""What is asked when the process is killed."""
AFTERWARDS = "which poses do we have?"
TURN_SECONDS = 300


def make_files(folder: Path) -> None:
    """What the script attaches, all of it chatpose's own: a rendered person as the photo, a motion above the floor."""
    from PIL import Image

    from chatpose.atlas.compiled import Atlas
    from chatpose.formats import save
    from chatpose.page.examples import load_examples
    from chatpose.perception.scenes import SceneMaker

    scene = SceneMaker(longest_px=720).make(Atlas.load().pose("tree pose"), 3)
    Image.fromarray(scene.pixels).save(folder / "photo.png")
    clip = load_examples()[2].shown.clip
    lifted = clip.pose.replace(transl=clip.pose.transl + clip.pose.transl.new_tensor([0.0, 0.35, 0.0]))
    save(dataclasses.replace(clip, pose=lifted, source=None), folder / "floating.bvh")


# --- on the terminal --------------------------------------------------------------------------------------------------


class Terminal:
    """`chatpose talk --json`, line by line.

    Args:
        files: the folder that it runs in.
        kept: the conversation's file.
        load: whether to go on with it.
    """

    def __init__(self, files: Path, kept: Path, *, load: bool = False) -> None:
        words = ["-m", "chatpose", "talk", "--json", "--out", str(files / "out"), "--save", str(kept)]
        words += ["--load", str(kept)] if load else []
        around = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        self._log = (files / "talk.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, *words], cwd=files, env=around, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        self.kept = kept

    def write(self, line: str) -> None:
        """Sends a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def say(self, line: str) -> dict[str, Any]:
        """The object that answers a line."""
        self.write(line)
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"talk ended at “{line}”")
        return json.loads(answer)

    def kill(self) -> None:
        """As an out-of-memory killer does."""
        self.process.kill()
        self.process.wait()
        self._log.close()

    def end(self) -> int:
        """Ends the input; the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(60)
        self._log.close()
        return code


def by_talk(lines: list[str], files: Path) -> Iterator[Played]:
    """Plays the script on the terminal."""
    kept = files / "talk.json"
    talk, before = Terminal(files, kept), ConversationState()
    for line in lines:
        start = time.perf_counter()
        row = talk.say(line)
        seconds = time.perf_counter() - start
        after = saved.load(kept)
        yield Played(line, row.get("reply", ""), seconds, before, after, tuple(map(Path, row.get("files", ()))))
        before = after
    talk.write(DIES_AT)
    time.sleep(0.3)
    talk.kill()
    again = Terminal(files, kept, load=True)
    row = again.say(AFTERWARDS)
    yield Played(f"(killed in the middle of a turn, started again) {AFTERWARDS}", row["reply"], row["seconds"], before,
                 saved.load(kept))  # fmt: skip
    if again.end():
        raise SystemExit("talk ended with an error")


# --- on the page ------------------------------------------------------------------------------------------------------


class Browser:
    """The real page, in a browser.

    Args:
        files: for what is downloaded.
        pictures: where pictures go.
    """

    def __init__(self, files: Path, pictures: Path) -> None:
        self.files, self.pictures = files, pictures

    def play(self, lines: list[str], wanted: list[dict[str, Any]]) -> Iterator[Played]:
        """Plays the script; takes a picture where the expectations ask for one."""
        os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        with chromium() as browser:
            with _page(self.files) as server:
                visitor = Visitor(browser, server.url, width=1360, height=850)
                before = ConversationState()
                for number, (line, row) in enumerate(zip(lines, wanted, strict=True)):
                    turn = self._turn(visitor, line, before, number, row)
                    before = turn.after
                    yield turn
                visitor.page.locator(".cp-input").fill(DIES_AT)
                visitor.page.locator(".cp-input").press("Enter")
                time.sleep(0.3)
                server.kill()
                visitor.context.close()  # with complaints of the browser that nobody answers any more
            with _page(self.files) as server:
                yield self._goes_on(browser, server, before)

    def _turn(
        self, visitor: Visitor, line: str, before: ConversationState, number: int, wanted: dict[str, Any]
    ) -> Played:
        words, attachments = read_line(_with_folder(line, self.files))
        if attachments:
            visitor.attach(*(self.files / one.name for one in attachments))
        start = time.perf_counter()
        reply = visitor.say(words, seconds=TURN_SECONDS)
        seconds = time.perf_counter() - start
        if "shot" in wanted:
            self._picture(visitor, wanted["shot"], wanted.get("tab"))
        folder = self.files / f"turn-{number}"
        return Played(line, reply, seconds, before, _saved(visitor, folder), _given(visitor, folder))

    def _goes_on(self, browser: Any, server: PageProcess, before: ConversationState) -> Played:
        """A fresh page goes on with the file that was saved before the old one died."""
        visitor = Visitor(browser, server.url, width=1360, height=850)
        kept = sorted(self.files.glob("turn-*/*.json"), key=lambda path: path.stat().st_mtime)[-1]
        visitor.page.locator(".cp-open-file").set_input_files(kept)
        visitor.page.wait_for_function(
            "count => document.querySelectorAll('.cp-from-chatpose').length >= count", arg=len(before.turns)
        )
        start = time.perf_counter()
        reply = visitor.say(AFTERWARDS, seconds=TURN_SECONDS)
        seconds = time.perf_counter() - start
        after = _saved(visitor, self.files / "again")
        visitor.close()
        return Played(f"(killed in the middle of a turn, started again) {AFTERWARDS}", reply, seconds, before, after)

    def _picture(self, visitor: Visitor, name: str, tab: str | None) -> None:
        if tab:
            visitor.tab(tab)
        visitor.pixels()  # the body stands still
        visitor.page.wait_for_timeout(1500)  # small pictures of the panel come in
        raw = self.files / f"{name}.png"
        visitor.page.screenshot(path=raw)
        as_webp(raw, self.pictures / f"{name}.webp")
        if tab:
            visitor.tab("checklist")


@contextmanager
def _page(files: Path) -> Iterator[PageProcess]:
    page = PageProcess(files / "page.log")
    with page:
        yield page


def _with_folder(line: str, folder: Path) -> str:
    return re.sub(r"(?<!\S)@(?=\w)", lambda _: f"@{folder}/", line)


def _saved(visitor: Visitor, folder: Path) -> ConversationState:
    """The whole conversation, by the button that saves it."""
    with visitor.page.expect_download() as waiting:
        visitor.click("Save the conversation as a file")
    folder.mkdir(exist_ok=True)
    path = folder / "conversation.json"
    waiting.value.save_as(path)
    return saved.load(path)


def _given(visitor: Visitor, folder: Path) -> tuple[Path, ...]:
    """The files of the last answer."""
    found = []
    for give in visitor.page.locator(".cp-from-chatpose").last.locator(".cp-give").all():
        with visitor.page.expect_download() as waiting:
            give.click()
        path = folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        found.append(path)
    return tuple(found)


def as_webp(raw: Path, path: Path) -> None:
    """A picture small enough for the documentation."""
    from PIL import Image

    with Image.open(raw) as picture:
        for quality in (90, 82, 74, 66, 58, 50, 40, 30):
            picture.convert("RGB").save(path, "WEBP", quality=quality, method=6)
            if path.stat().st_size <= MOST_BYTES:
                return


# --- what came of it --------------------------------------------------------------------------------------------------


def judged(name: str, turns: Iterator[Played], wanted: list[dict[str, Any]], judge: Judge) -> tuple[list[Played], int]:
    """Plays, judges, prints; the turns, and how many weren't what they must be."""
    played, failed = [], 0
    demands = [*wanted, {"about": "after a kill", "says": "guard", "tools": []}]
    for number, turn in enumerate(turns, 1):
        faults = judge.faults(demands[number - 1], turn)
        failed += bool(faults)
        print(
            f"{name} {number:2} {'ok  ' if not faults else 'FAIL'} {turn.seconds:6.2f} s  {turn.said[:70]}", flush=True
        )
        for fault in faults:
            print(f"        {fault[:300]}", flush=True)
        played.append(turn)
    return played, failed


def transcript(runs: dict[str, list[Played]], wanted: list[dict[str, Any]], failed: dict[str, int]) -> str:
    """Both runs, turn by turn, as a page of the documentation."""
    lines = [
        "# A conversation over all abilities", "",
        "What came out when [the script](script.txt) was played by `benchmarks/conversation.py`, word for word. Beside "
        "each line of it stands what it must come to ([expected.jsonl](expected.jsonl)): tools, poses, measured "
        "statements and angles, files that open again. The photo is a picture that chatpose rendered of its own body; "
        "the motion is one of the page's examples, lifted off the floor.", "",
        "| | turns | as they must be | seconds a turn, median | longest |", "| --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    titles = {"talk": "`chatpose talk --json`", "page": "the page in headless Chromium"}
    for name, turns in runs.items():
        times = [turn.seconds for turn in turns[1:]]
        lines.append(
            f"| {titles[name]} | {len(turns)} | {len(turns) - failed[name]} | {statistics.median(times):.2f} | "
            f"{max(times):.1f} |"
        )
    lines += [
        "",
        "The first turn isn't in the seconds: it opens what the others use. The last one comes after the process was "
        "killed in the middle of a turn and started again with the saved conversation.",
        "",
    ]
    first = next(iter(runs.values()))
    abouts = [*(row["about"] for row in wanted), "after a kill and a restart"]
    shots = {place: row["shot"] for place, row in enumerate(wanted) if "shot" in row}
    for place, turn in enumerate(first):
        others = {name: turns[place] for name, turns in runs.items() if turns[place] is not turn}
        lines += _told(place, abouts[place], turn, others)
        if place in shots and "page" in runs:
            lines += [f"![The page after this turn]({shots[place]}.webp)", ""]
    return "\n".join(lines)


def _told(place: int, about: str, turn: Played, others: dict[str, Played]) -> list[str]:
    steps = [step for step in turn.after.turns[-1].steps]
    tools = "; ".join(f"`{step.name}` {step.result}".strip().rstrip(".") for step in steps if not step.failed)
    tried = "; ".join(f"`{step.name}`: {step.result}".rstrip(".") for step in steps if step.failed)
    seconds = [f"{turn.seconds:.1f} s", *(f"{name} {one.seconds:.1f} s" for name, one in others.items())]
    lines = [f"## {place + 1}. {about}", "", f"> {turn.said}", "", turn.reply, ""]
    for name, one in others.items():
        if _even(one.reply) != _even(turn.reply):
            lines += [f"(On the {name}: {one.reply})", ""]
    made = [f"{tools}" if tools else "", f"tried: {tried}" if tried else "", ", ".join(seconds)]
    return [*lines, f"*{' — '.join(one for one in made if one)}*".replace("|", "\\|"), ""]


def _even(reply: str) -> str:
    return re.sub(r"\s+", " ", reply).strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=("talk", "page"), help="one of the two; no transcript is written")
    parser.add_argument("--out", type=Path, default=HERE, help="where transcript and pictures go")
    options = parser.parse_args()
    lines = [line for line in (HERE / "script.txt").read_text(encoding="utf-8").splitlines() if line.strip()]
    wanted = expectations(HERE / "expected.jsonl")
    if len(lines) != len(wanted):
        raise SystemExit(f"{len(lines)} lines, {len(wanted)} expectations")
    options.out.mkdir(parents=True, exist_ok=True)
    judge, runs, failed = Judge(), {}, {}
    with tempfile.TemporaryDirectory(prefix="chatpose-conversation-") as folder:
        files = Path(folder)
        make_files(files)
        if options.only != "page":
            runs["talk"], failed["talk"] = judged("talk", by_talk(lines, files), wanted, judge)
        if options.only != "talk":
            turns = Browser(files, options.out).play(lines, wanted)
            runs["page"], failed["page"] = judged("page", turns, wanted, judge)
    if not options.only:
        (options.out / "transcript.md").write_text(transcript(runs, wanted, failed), encoding="utf-8")
    for name, turns in runs.items():
        print(f"{name}: {len(turns) - failed[name]} of {len(turns)} turns as they must be")
    raise SystemExit(1 if any(failed.values()) else 0)


if __name__ == "__main__":
    main()
