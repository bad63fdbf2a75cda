"""What samples are made of, and whether all that they claim is true: measured again on the decoded codes."""

from collections import Counter

import numpy as np

from chatpose.corpus.samples.postures import POSTURES, STANDING, postures_of
from chatpose.corpus.samples.samples import KINDS, SPLITS, Samples
from chatpose.posecodes.definitions import all_posecodes
from chatpose.train.instruction_measure import Measurer
from chatpose.train.sample_data_poses import SURE, PoolMaker

CHECKED = 20_000


def truth(samples: Samples, count: int = CHECKED, maker: PoolMaker | None = None) -> tuple[int, int, int]:
    """Statements that were measured again, those that don't hold, and rows whose posture is another."""
    maker = maker or PoolMaker(Measurer("coarse"))
    rows = np.linspace(0, len(samples) - 1, min(count, len(samples))).round().astype(int)
    found = maker.measurer.describer.extract(maker.poses(samples.codes[rows]))
    holds = (found.margins >= 0).numpy()
    said = wrong = 0
    for place, row in enumerate(rows.tolist()):
        for claim in samples.plan(row):
            said += 1
            wrong += not (holds[place, claim] if claim >= 0 else not holds[place, ~claim])
    postures = int((postures_of((found.margins >= SURE).numpy()) != samples.posture[rows]).sum())
    return said, wrong, postures


def report(samples: Samples) -> str:
    """Counts by split and kind, postures, statements, contexts, and the truth of many rows."""
    lines = [f"{len(samples):,} rows, {len(samples.texts):,} texts, {len(samples.arrays['pose_codes']):,} poses, "
             f"{len(samples.contexts)} entries"]  # fmt: skip
    kind, split = np.asarray(samples.kind), np.asarray(samples.split)
    for place, name in enumerate(SPLITS):
        counts = {KINDS[k]: int(((split == place) & (kind == k)).sum()) for k in range(len(KINDS))}
        lines.append(f"{name}: " + ", ".join(f"{count:,} {one}" for one, count in counts.items() if count))
    claiming = (kind == KINDS.index("statements")) & (split == 0)
    shares = Counter(POSTURES[place] for place in samples.posture[claiming].tolist())
    total = max(int(claiming.sum()), 1)
    lines.append("postures of statements: " + ", ".join(f"{n} {c / total:.1%}" for n, c in shares.most_common()))
    plans = [samples.plan(row) for row in np.flatnonzero(claiming).tolist()]
    said = Counter(claim for plan in plans for claim in plan)
    lengths = Counter(len(plan) for plan in plans)
    lines.append("statements in a plan: " + ", ".join(f"{n}: {c / total:.0%}" for n, c in sorted(lengths.items())))
    names = [all_posecodes()[claim].name for claim, _ in said.most_common(8) if claim >= 0]
    some = sum(1 for claim in range(len(all_posecodes())) if said[claim])
    lines.append(f"{some} of {len(all_posecodes())} statements said, {sum(said[c] >= 30 for c in range(some))} of the "
                 f"first {some} 30 times or more; most: {'; '.join(names)}")  # fmt: skip
    denied = sum(1 for plan in plans if any(claim < 0 for claim in plan))
    told = sum(1 for row, plan in zip(np.flatnonzero(claiming), plans, strict=True)
               if samples.posture[row] != STANDING)  # fmt: skip
    lines.append(f"with a denial {denied / total:.1%}; not standing {told / total:.1%}")
    lines += _contexts(samples)
    measured, wrong, postures = truth(samples)
    lines.append(f"measured again: {measured - wrong:,} of {measured:,} statements true "
                 f"({1 - wrong / max(measured, 1):.2%}), {postures} postures differ")  # fmt: skip
    return "\n".join(lines) + "\n"


def _contexts(samples: Samples) -> list[str]:
    entry, context = np.array(samples.entry), np.array(samples.context)
    about = (entry >= 0) & (np.array(samples.split) == 0)
    right, none = np.any(context == entry[:, None], axis=1), np.all(context < 0, axis=1)
    if not about.any() or about.all():
        return []
    inside, empty, others = right[about].mean(), none[about].mean(), 1 - none[~about].mean()
    return [
        f"of rows about an entry {inside:.0%} have it in the context, {empty:.0%} have none; "
        f"of the others {others:.0%} have some"
    ]
