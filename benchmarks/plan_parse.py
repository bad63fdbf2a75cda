"""How well sentences are read into statements: precision, recall and whole sentences, on labelled sentences.

    python benchmarks/plan_parse.py                                  # our test sentences, figures only
    python benchmarks/plan_parse.py --file data/dev/plan_dev.jsonl --details
    python benchmarks/plan_parse.py --phrasebook                     # the phrasebook's test wordings

A claim counts as read when the parsed statements imply it, a parsed statement as right when the labels imply it, by
intervals of measures (data/dev/README.md).
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from thirds import in_third

from chatpose.evaluation.language_plans import faults
from chatpose.posecodes.grammar import parse
from chatpose.posecodes.parsing.parser import SentenceParser
from chatpose.posecodes.phrasebook import Saying, shipped_phrasebook
from chatpose.resources import asset


def main() -> None:
    """Prints the figures."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--file", type=Path, help="JSONL of labelled sentences; the test file without it")
    options.add_argument("--details", action="store_true", help="list what was missed and what is wrong")
    options.add_argument("--phrasebook", action="store_true", help="the phrasebook's test wordings as well")
    options.add_argument("--kind", help="only sentences of this kind")
    options.add_argument("--third", choices=("held", "rest"), help="every third line, or the others")
    given = options.parse_args()
    started, wall = time.process_time(), time.perf_counter()
    parser = SentenceParser()
    parser.prepare()
    print(f"parser ready in {time.process_time() - started:.2f} s CPU, {time.perf_counter() - wall:.2f} s wall")
    sentences(parser, given.file or asset("data", "dev", "plan_test.jsonl"), given.details, given.kind, given.third)
    if given.phrasebook:
        wordings(parser)


def sentences(parser: SentenceParser, path: Path, details: bool, only: str | None, third: str | None = None) -> None:
    """Precision, recall and whole sentences, in all and by kind."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if third:
        rows = [row for place, row in enumerate(rows) if in_third(place, third)]
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0, 0])
    started = time.process_time()
    parsed = [parser.parse(row["text"]) for row in rows]
    spent = time.process_time() - started
    for row, read in zip(rows, parsed, strict=True):
        kind = row.get("kind", "")
        if only and only not in kind:
            continue
        labels, optional = ([parse(line) for line in row.get(key, [])] for key in ("statements", "optional"))
        plans = [list(read.statements)]
        if row.get("either"):
            plans = [list(plan) for plan in read.plans()]
            plans += [[statement.mirrored() for statement in plan] for plan in plans]
        scores = [faults(plan, labels, optional) for plan in plans]
        missed, wrong = min(scores, key=lambda score: len(score[0]) + len(score[1]))
        said = len(read.statements)
        for name in ("all", kind):
            for place, value in enumerate(
                (len(labels) - len(missed), len(labels), said - len(wrong), said, not missed and not wrong, 1)
            ):
                totals[name][place] += value
        if details and (missed or wrong):
            print(f"\n{row['text']}")
            print(f"    missed: {'; '.join(map(str, missed)) or '–'}\n    wrong:  {'; '.join(map(str, wrong)) or '–'}")
            print(f"    read:   {'; '.join(map(str, read.statements))}")
    print(f"{path.name}: {1000 * spent / max(1, len(rows)):.1f} ms CPU a sentence")
    for name, (read_, claimed, right, said, whole, count) in sorted(totals.items()):
        precision, recall = (100 * part / max(1, of) for part, of in ((right, said), (read_, claimed)))
        print(
            f"  {name:24} precision {precision:5.1f}  recall {recall:5.1f}  whole {100 * whole / count:5.1f}  n {count}"
        )


def wordings(parser: SentenceParser) -> None:
    """How much of what the phrasebook's test wordings mean is read."""
    sayings = [saying for saying in shipped_phrasebook().sayings if saying.for_test and "{part}" not in saying.text]
    figures(parser, sayings, "phrasebook, test wordings")


def figures(parser: SentenceParser, sayings: Sequence[Saying], name: str) -> None:
    """Prints recall, precision and wholes over wordings."""
    read = claimed = right = said = whole = silent = 0
    started = time.process_time()
    for saying in sayings:
        labels = list(saying.statements())
        plans = [list(plan) for plan in parser.parse(saying.text).plans()]
        if saying.text == saying.mirrored().text:
            plans += [[statement.mirrored() for statement in plan] for plan in plans]
        missed, wrong = min((faults(plan, labels, []) for plan in plans), key=lambda score: sum(map(len, score)))
        read, claimed = read + len(labels) - len(missed), claimed + len(labels)
        right, said = right + len(plans[0]) - len(wrong), said + len(plans[0])
        whole, silent = whole + (not missed), silent + (not plans[0])
    spent = 1000 * (time.process_time() - started) / len(sayings)
    print(f"{name}: {spent:.1f} ms CPU each")
    print(f"  precision {100 * right / max(1, said):5.1f}  recall {100 * read / claimed:5.1f}"
          f"  whole meaning read {100 * whole / len(sayings):5.1f}  nothing read {100 * silent / len(sayings):5.1f}"
          f"  n {len(sayings)}")  # fmt: skip


if __name__ == "__main__":
    main()
