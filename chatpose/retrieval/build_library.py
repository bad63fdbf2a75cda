"""Makes the library that ships with chatpose: `python -m chatpose.retrieval.build_library --out data/library --seed 0`.

The atlas, its mirror images and variations, poses with limbs exchanged, and poses that random statements ask for. All
of them come from the atlas: no recording is read. The same bytes each time on one machine.
"""

import argparse
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.ground import put_on_floor
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.pose_prior import PosePrior
from chatpose.corpus.families import FAMILIES
from chatpose.posecodes.describe import Describer
from chatpose.retrieval.build_library_choice import Choice
from chatpose.retrieval.build_library_made import Made, Parents, Plausibility
from chatpose.retrieval.build_library_mixes import Pool, mixes_of
from chatpose.retrieval.build_library_solved import solved_poses
from chatpose.retrieval.build_library_variations import entries_of, mirror_images, variations_of
from chatpose.retrieval.shipped_poses import KINDS, POSES, WORDS, ShippedPoses, ShippedRow
from chatpose.safefiles import atomic_write

_CHUNK = 256


@dataclass(frozen=True)
class LibraryPlan:
    """How many poses are tried and kept.

    Attributes:
        variations: tried of every entry.
        kept_variations: of every entry at most.
        blends: kept at most.
        mixed_tries: limbs exchanged.
        mixed: kept, about.
        solved_tries: statements given to the solver.
        solved: kept, about.
    """

    variations: int = 24
    kept_variations: int = 6
    blends: int = 300
    mixed_tries: int = 24_000
    mixed: int = 4_200
    solved_tries: int = 4_000
    solved: int = 1_800


def build_library(plan: LibraryPlan, seed: int = 0, atlas: Atlas | None = None) -> ShippedPoses:
    """Makes the poses.

    Args:
        plan: how many.
        seed: of all chance.
        atlas: the shipped one when absent.
    """
    body = BodyModel.open()
    parents = Parents(Atlas.load() if atlas is None else atlas, Plausibility(body, PosePrior.load()))
    generator = torch.Generator().manual_seed(seed)
    choice = Choice(parents)
    choice.take_all(entries_of(parents))
    choice.take_all(mirror_images(parents))
    variations, blends, rows = variations_of(parents, plan.variations, generator)
    choice.take_of_entries(variations, plan.kept_variations)
    choice.take_of_families(blends, plan.blends)
    own = torch.arange(len(parents.poses))
    pool = Pool(concatenate_poses([parents.poses, variations.poses, blends.poses]), torch.cat([own, rows]))
    choice.take_of_families(mixes_of(parents, pool, plan.mixed_tries, generator), plan.mixed)
    solved = solved_poses(parents, pool, plan.solved_tries, generator, Describer(body))
    choice.take_of_families(solved, plan.solved)
    return _shipped(choice.chosen, parents)


def _shipped(chosen: list[Made], parents: Parents) -> ShippedPoses:
    """On the floor, with ids."""
    rows: list[ShippedRow] = []
    poses: list[Pose] = []
    numbers: Counter[str] = Counter()
    for made in chosen:
        poses.extend(_on_floor(made.poses, parents.judge.body))
        for place in range(len(made)):
            entry = parents.atlas.entries[int(made.entry[place])].id
            base = {"mixed": "mixed", "solved": "solved", "blend": "blend"}.get(made.kind, entry)
            numbers[base] += made.kind not in ("atlas", "mirrored")
            end = {"atlas": "", "mirrored": "~mirrored"}.get(made.kind, f"~{numbers[base]}")
            rows.append(ShippedRow(f"{base}{end}", made.kind, entry, made.told[place], made.names[place]))
    return ShippedPoses(concatenate_poses(poses), tuple(rows))


def _on_floor(poses: Pose, body: BodyModel) -> list[Pose]:
    level = poses.replace(transl=torch.zeros_like(poses.transl), betas=torch.zeros_like(poses.betas))
    return [put_on_floor(level[start : start + _CHUNK], body) for start in range(0, len(poses), _CHUNK)]


def report(made: ShippedPoses, parents: Parents) -> str:
    """Counts by kind and by posture, and energies, as Markdown."""
    family = parents.family(made.poses)
    energy = parents.judge.measure(made.poses).energy
    kinds = [row.kind for row in made.rows]
    lines = ["| kind | poses | energy: median | 95 % |", "| --- | --- | --- | --- |"]
    for kind in KINDS:
        own = energy[torch.tensor([one == kind for one in kinds])]
        if len(own):
            lines.append(f"| {KINDS[kind]} | {len(own):,} | {own.median():.2f} | {own.quantile(0.95):.2f} |")
    lines += [f"| all | {len(made):,} | {energy.median():.2f} | {energy.quantile(0.95):.2f} |", ""]
    lines += ["| posture | poses | share |", "| --- | --- | --- |"]
    for number, name in enumerate(FAMILIES):
        count = int((family == number).sum())
        lines.append(f"| {name} | {count:,} | {count / len(made):.1%} |")
    return "\n".join(lines) + "\n"


CARD = """# The library that comes with chatpose
Poses to be searched with `chatpose search` (docs/search.md), made from the Pose Atlas alone; no recording was read.

`{poses}`: rotation vectors of 24 joints in int16 steps of π/32767, and the height that puts the body on the floor. \
`{words}`: of each pose its id, kind, atlas entry, how it was made, names. Vectors, statements and further names are \
found out on the machine, the first time that somebody searches.

{table}
- Variations keep every statement of their entry; blends those that two entries share.
- Limbs are exchanged between poses of the atlas, their mirror images and variations: mostly both arms, sometimes with \
the head; one leg only of who sits on the floor or stands; no arms of who leans or hangs on them.
- Solved poses start from one of these and meet one to three random statements that didn't hold before.
- All are inside the joint limits of trained people and not inside themselves, or no further beyond than what they \
were made from; in balance where nothing but the floor holds the body; not much stranger to the pose prior than what \
they were made from; and differ from each other by 40 mm (weighted root mean square over joints, face, palms, soles).
- The sixty entries that are kept for testing (data/atlas/test_entries.txt) are among them, with their variations: \
don't train on these poses.

Made by `python -m chatpose.retrieval.build_library --out data/library --seed {seed}`; the same bytes each time on one \
machine. Update `data/MANIFEST.json` when they change.

© the chatpose authors, [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/), as the atlas.
"""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Makes the library of poses that ships with chatpose.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)  # sums in another order are other numbers
    made = build_library(LibraryPlan(), options.seed)
    made.save(options.out)
    parents = Parents(Atlas.load(), Plausibility(BodyModel.open(), PosePrior.load()))
    card = CARD.format(poses=POSES, words=WORDS, table=report(made, parents), seed=options.seed)
    with atomic_write(options.out / "README.md") as temporary:
        temporary.write_text(card, encoding="utf-8")


if __name__ == "__main__":
    main()
