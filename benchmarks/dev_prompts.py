"""Development prompts (data/dev/prompts_dev.jsonl) through `Generator`: claims held and whole prompts, by kind.

python benchmarks/dev_prompts.py [--raw] [--kind KIND] [--no-model] [--show]
"""

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path

import torch

from chatpose.language.verified.answer import Generated
from chatpose.language.verified.generator import Generator
from chatpose.posecodes.check import Check, check
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import Statement, parse

PROMPTS = Path(__file__).parent.parent / "data" / "dev" / "prompts_dev.jsonl"


def main() -> None:
    """Prints the figures."""
    options = _options()
    torch.set_num_threads(1)
    rows = [json.loads(line) for line in PROMPTS.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if options.kind in ("", row["kind"])]
    describer = Describer()
    generator = Generator.open(nano=not options.no_model, describer=describer)
    generator.generate("standing, left arm up")  # warm
    table: dict[str, list[tuple[int, int, bool, float, float, float]]] = defaultdict(list)
    for row in rows:
        wall, cpu = time.perf_counter(), time.process_time()
        found = generator.generate(row["text"], verify=not options.raw)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        claims = [parse(line) for line in row["claims"]]
        checks = _best(found, claims, row["either"], describer)
        held = sum(bool(one.holds) for one in checks)
        apart = found.poses[0].plausibility.nearest_mm if found.poses else float("nan")
        whole = bool(found.poses) and held == len(claims)
        table[row["kind"]].append((held, len(claims), whole, wall, cpu, apart))
        if options.show and not whole:
            _show(row, found, checks)
    print(f"{'kind':12} {'whole':>12} {'claims':>12} {'mm':>6} {'wall s':>7} {'cpu s':>7} {'most':>6}")
    for kind, several in [*table.items(), ("all", [one for found in table.values() for one in found])]:
        held, count = sum(one[0] for one in several), sum(one[1] for one in several)
        whole = sum(one[2] for one in several)
        apart = sorted(one[5] for one in several)[len(several) // 2]
        wall, cpu = (sum(one[column] for one in several) / len(several) for column in (3, 4))
        share = f"{held}/{count} {held / max(1, count):.3f}"
        print(
            f"{kind:12} {whole:3}/{len(several):3} {whole / len(several):.2f} {share:>16} {apart:6.0f} {wall:7.2f} "
            f"{cpu:7.2f} {max(one[4] for one in several):6.2f}"
        )


def _best(found: Generated, claims: list[Statement], either: bool, describer: Describer) -> list[Check]:
    """The claims on the first pose, or their mirror images where these are as good."""
    if not found.poses or not claims:
        return []
    measured = describer.measure(found.poses[0].pose)
    ways = [claims, [claim.mirrored() for claim in claims]] if either else [claims]
    return max((check(way, *measured)[0] for way in ways), key=lambda row: sum(bool(one.holds) for one in row))


def _show(row: dict[str, object], found: Generated, checks: list[Check]) -> None:
    print(f"\n[{row['kind']}] {row['text']}")
    print("   missed:", [f"{one.statement} ({one.as_json()['measured']})" for one in checks if not one.holds])
    if not found.poses:
        print(f"   no pose: {found.notes}")
        return
    first = found.poses[0]
    print(
        f"   entry {first.plan.entry}{' mirrored' if first.plan.mirrored else ''} source {first.source} {first.entry}"
    )
    said = [one for one in first.checks if first.why(one) == "said"]
    print("   said", [f"{one.statement}{'' if one.holds else ' (no)'}" for one in said])
    print(f"   notes {[*found.notes, *first.notes]}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raw", action="store_true", help="without verification")
    parser.add_argument("--no-model", action="store_true", help="without chatpose-nano")
    parser.add_argument("--kind", default="", help="only this kind")
    parser.add_argument("--show", action="store_true", help="print what was missed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
