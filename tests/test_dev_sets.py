"""The development and test sentences (data/dev): every label parses, no sentence occurs twice."""

import json
from collections import Counter
from pathlib import Path

import pytest

from chatpose.posecodes.grammar import contradictions, measures_by_name, parse

FOLDER = Path(__file__).parents[1] / "data" / "dev"
FILES = sorted(FOLDER.glob("*.jsonl"))
LABELS = ("statements", "optional", "claims", "any_of")
PARTS = {"left arm", "right arm", "left leg", "right leg", "torso", "head"}
KEYS = {
    "plan_test": {"text", "kind", "statements", "either", "optional"},
    "plan_dev": {"text", "kind", "statements", "either", "optional"},
    "plan_dev2": {"text", "kind", "statements", "either", "optional"},
    "plan_dev3": {"text", "kind", "statements", "either", "optional"},
    "edits_dev": {"start", "instruction", "claims", "still"},
    "edits_dev2": {"start", "instruction", "claims", "still"},
    "edits_dev3": {"start", "instruction", "kind", "checks", "still"},
    "edits_dev4": {"start", "instruction", "kind", "checks", "still"},
    "questions_dev": {"pose", "question", "kind", "answer"},
    "prompts_dev": {"text", "kind", "claims", "either"},
    "prompts_dev2": {"text", "kind", "checks", "either"},
    "prompts_dev3": {"text", "kind", "checks", "either"},
    "prompts_dev4": {"text", "kind", "checks", "either"},
    "bad_requests": {"text", "kind", "say"},
}


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _entries() -> set[str]:
    files = (FOLDER.parent / "atlas" / "entries").glob("*.yaml")
    lines = (line for path in files for line in path.read_text(encoding="utf-8").splitlines())
    return {line.removeprefix("- id:").split("#")[0].strip() for line in lines if line.startswith("- id:")}


def _labels(row: dict) -> list[str]:
    labels = [line for key in LABELS for line in row.get(key, [])]
    start = row.get("start")
    return labels + (start if isinstance(start, list) else [])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_labels_are_statements(path: Path) -> None:
    for row in _rows(path):
        assert KEYS[path.stem] <= row.keys(), row
        for line in _labels(row):
            assert str(parse(line)) == line, (row, line)
        asked = row.get("statements", row.get("claims", []))
        assert contradictions([parse(line) for line in asked]) == [], row


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_measures_parts_and_entries_exist(path: Path) -> None:
    entries = _entries()
    for row in _rows(path):
        for asked in (*row.get("relative", []), row):
            names = asked.get("measure", [])
            assert set([names] if isinstance(names, str) else names) <= measures_by_name().keys(), row
        assert set(row.get("still", [])) <= PARTS, row
        for entry in (row.get("pose"), row.get("start")):
            assert not isinstance(entry, str) or entry in entries, row


def test_no_sentence_occurs_twice() -> None:
    texts = list[tuple[object, ...]]()
    for path in FILES:
        for row in _rows(path):
            if path.stem in (
                "edits_dev",
                "edits_dev2",
                "edits_dev3",
                "edits_dev4",
                "questions_dev",
            ):  # of another pose another task
                about = row.get("pose", row.get("start"))
                texts.append((str(about), str(row.get("history")), row.get("question", row.get("instruction"))))
            else:  # a bare name is what several writers thought of
                writer = path.stem if row.get("kind") == "named" else ""
                texts.append((writer, " ".join(row["text"].lower().split())))
    assert [text for text, count in Counter(texts).items() if count > 1] == []
