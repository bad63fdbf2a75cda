"""Accuracy of answers to the development questions (data/dev/questions_dev.jsonl), by kind, with every miss.

python benchmarks/dev_questions.py [--all]
"""

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose
from chatpose.language.verified.question_facts import PoseFacts
from chatpose.language.verified.questions import Answered, QuestionAnswerer
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import measures_by_name
from chatpose.resources import asset

WITHIN_DEG, WITHIN_M = 3.0, 0.03


def right(row: dict[str, Any], answered: Answered, facts: PoseFacts) -> bool:
    """Whether an answer is the one that is labelled; numbers are measured afresh."""
    lead = answered.text.split(". ")[0].split(",")[0].lower()
    if row["kind"] == "number":
        return _number(row, answered, facts)
    if row["kind"] == "yes/no":
        return lead.rstrip(".") == row["answer"]
    if row["kind"] == "side":
        words = answered.text.split(". ")[0].lower().split()
        same = {"neither": ("neither", "both", "straight")}.get(row["answer"], (row["answer"],))
        return any(word.strip(".,:") in same for word in words)
    return str(row["answer"]).lower() in answered.text.lower()


def _number(row: dict[str, Any], answered: Answered, facts: PoseFacts) -> bool:
    if not isinstance(answered.value, float):
        return False
    reading = facts.read(measures_by_name()[row["measure"]])
    value = answered.value / 100 if answered.unit == "cm" else answered.value
    within = WITHIN_M if reading.unit == "m" else WITHIN_DEG
    return (answered.unit == "°") == (reading.unit == "°") and abs(abs(reading.value) - value) <= within


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, default=None, help="another file of the same form")
    parser.add_argument("--all", action="store_true", help="show right answers too")
    options = parser.parse_args()
    file = options.questions or asset("data", "dev", "questions_dev.jsonl")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    atlas, describer = Atlas.load(), Describer()
    answerer = QuestionAnswerer(describer)
    poses = Pose.from_rotations(atlas.poses.local_rotations, transl=atlas.poses.transl)
    good, count = Counter[str](), Counter[str]()
    started, cpu = time.perf_counter(), time.process_time()
    for row in rows:
        pose = poses[atlas.places[row["pose"]]]
        answered = answerer.answer(row["question"], pose)
        hit = right(row, answered, PoseFacts(pose, describer))
        count[row["kind"]] += 1
        good[row["kind"]] += hit
        if not hit or options.all:
            told = row["answer"] or f"{row['atlas_value']:.3f} {row['unit']} ({row['measure']})"
            print(f"{'right' if hit else 'WRONG'}  {row['pose']}: {row['question']}\n    {told}  <-  {answered.text}")
    for kind in count:
        print(f"{kind:<8}{good[kind]:4} of {count[kind]}")
    share = 100 * good.total() / max(count.total(), 1)
    print(f"all {good.total()} of {count.total()}: {share:.1f} %")
    wall, spent = time.perf_counter() - started, time.process_time() - cpu
    print(f"{1000 * wall / len(rows):.0f} ms a question, {1000 * spent / len(rows):.0f} ms of processor time")


if __name__ == "__main__":
    main()
