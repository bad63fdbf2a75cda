"""The folder of evaluation requests with its own judge, a script that runs as a process of its own.

The requests are for measuring alone: nothing is trained, tuned or chosen on them, nothing of them is printed or kept.
What comes out of here are shares over many requests.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chatpose.body.pose import Pose
from chatpose.errors import MissingFileError, UnreadableFileError
from chatpose.evaluation.retrieval_prompts import JUDGE, JUDGE_SECONDS, PROMPTS, Judged, judge
from chatpose.formats.pose_json import json_to_pose
from chatpose.safefiles import read_limited

EDITS, QUESTIONS, STARTS = "edits.jsonl", "questions.jsonl", "starts.json"
MAX_BYTES = 2**24

_EDIT_ROW = re.compile(r"(?P<what>\S+)\s+(?P<count>\d+)\s+(?P<held>\d+(?:\.\d+)?) / +(?P<whole>\d+(?:\.\d+)?)\s*")
_RIGHT_ROW = re.compile(r"questions right:\s+(?P<right>\d+) of (?P<count>\d+)")


@dataclass(frozen=True)
class Prompt:
    """A request for a pose.

    Attributes:
        line: its line in the file.
        text: the words.
        category: kind of request.
    """

    line: str
    text: str
    category: str


@dataclass(frozen=True)
class EditRequest:
    """An instruction about a start pose.

    Attributes:
        line: its line in the file.
        start: name of the pose.
        text: the instruction.
        still: joints or parts that are to stay as they are.
    """

    line: str
    start: str
    text: str
    still: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """A question about a start pose.

    Attributes:
        line: its line in the file.
        start: name of the pose.
        text: the question.
        kind: what kind of answer it wants.
    """

    line: str
    start: str
    text: str
    kind: str


class EvaluationFolder:
    """Requests, start poses and the judge.

    Args:
        folder: with prompts.jsonl, edits.jsonl, questions.jsonl, starts.json and judge.py.
        every: takes every so many-th line only.

    Raises:
        MissingFileError: the judge isn't there.
    """

    def __init__(self, folder: Path, every: int = 1) -> None:
        if not (folder / JUDGE).is_file():
            raise MissingFileError(f"no {JUDGE} in {folder}", expected=f"a folder with {PROMPTS} and {JUDGE}")
        self.folder, self._every = folder, every

    def prompts(self) -> list[Prompt]:
        """The requests for poses.

        Raises:
            MissingFileError: no such file.
            UnreadableFileError: a line that is none.
        """
        return [Prompt(line, str(row["prompt"]), str(row["category"])) for line, row in self._rows(PROMPTS)]

    def edits(self) -> list[EditRequest]:
        """The instructions; raises as `prompts`."""
        return [
            EditRequest(line, str(row["start"]), str(row["instruction"]), tuple(map(str, row.get("still", ()))))
            for line, row in self._rows(EDITS)
        ]

    def questions(self) -> list[Question]:
        """The questions; raises as `prompts`."""
        return [
            Question(line, str(row["start"]), str(row["question"]), str(row["kind"]))
            for line, row in self._rows(QUESTIONS)
        ]

    def starts(self) -> dict[str, Pose]:
        """The start poses by name; raises as `prompts`."""
        try:
            return {name: json_to_pose(entry) for name, entry in json.loads(self._read(STARTS)).items()}
        except (ValueError, AttributeError) as error:
            raise UnreadableFileError(f"{self.folder / STARTS}: {error!r}", expected="poses by name") from error

    def judge_prompts(
        self, chosen: Sequence[Prompt], results: Sequence[Mapping[str, Any]], constants: np.ndarray
    ) -> dict[str, Judged]:
        """What the judge says of poses, by category ("ALL" is the last); see `retrieval_prompts.judge`."""
        with self._part(PROMPTS, [one.line for one in chosen]) as folder:
            return judge(folder, results, constants)

    def judge_edits(self, chosen: Sequence[EditRequest], results: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
        """Percent of statements that hold after the edits, and of whole edits."""
        said = self._run(EDITS, [one.line for one in chosen], results)
        rows = {match["what"]: match for line in said.splitlines() if (match := _EDIT_ROW.match(line))}
        if "ALL" not in rows:
            raise UnreadableFileError(f"{self.folder / JUDGE} says nothing of edits that can be read")
        return float(rows["ALL"]["held"]), float(rows["ALL"]["whole"])

    def judge_questions(self, chosen: Sequence[Question], answers: Sequence[str]) -> int:
        """How many answers are right."""
        if not chosen:
            return 0
        said = self._run(QUESTIONS, [one.line for one in chosen], [{"answer": answer} for answer in answers])
        if (match := _RIGHT_ROW.search(said)) is None:
            raise UnreadableFileError(f"{self.folder / JUDGE} says nothing of questions that can be read")
        return int(match["right"])

    def _rows(self, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        lines = [line for line in self._read(name).splitlines() if line.strip()]
        try:
            for line in lines[:: self._every]:
                yield line, json.loads(line)
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableFileError(f"{self.folder / name}: {error!r}", expected="an object a line") from error

    def _read(self, name: str) -> str:
        if not (self.folder / name).is_file():
            raise MissingFileError(f"no {name} in {self.folder}")
        return read_limited(self.folder / name, max_bytes=MAX_BYTES).decode("utf-8")

    @contextmanager
    def _part(self, name: str, lines: Sequence[str]) -> Iterator[Path]:
        """A folder for a moment with some lines of a file, the judge and the start poses."""
        with tempfile.TemporaryDirectory() as place:
            part = Path(place)
            (part / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            for other in (JUDGE, STARTS):
                if (self.folder / other).is_file():
                    shutil.copyfile(self.folder / other, part / other)
            yield part

    def _run(self, name: str, lines: Sequence[str], results: Sequence[Mapping[str, Any]]) -> str:
        with self._part(name, lines) as part:
            answers = part / "results.jsonl"
            answers.write_text("".join(json.dumps(result) + "\n" for result in results), encoding="utf-8")
            command = [sys.executable, "-I", str(part / JUDGE), str(part / name), str(answers)]
            try:
                run = subprocess.run(command, capture_output=True, text=True, timeout=JUDGE_SECONDS, check=False)
            except subprocess.TimeoutExpired as error:
                raise UnreadableFileError(f"{JUDGE} didn't end within {JUDGE_SECONDS} s") from error
        if run.returncode:
            last = (run.stderr or run.stdout).strip().splitlines()[-1:]
            raise UnreadableFileError(f"{self.folder / JUDGE} failed: {''.join(last)}")
        return run.stdout
