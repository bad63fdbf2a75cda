"""Builds the bank of poses that conversations for training are made from.

    python -m chatpose.train.instruction_data --data FOLDER --out FOLDER [--split validation] [--user FOLDER]…
    python -m chatpose.train.instruction_data --report BANK [--count 20000]

Minutes for tens of thousands of poses; the bank is used by every later run.
"""

import argparse
import io
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.naming import Namer
from chatpose.atlas.sentences import Sentence
from chatpose.body.pose import Pose
from chatpose.body.rotations import heading_angle
from chatpose.corpus.families import FAMILIES
from chatpose.corpus.instructions.bank import HEADING_BINS, ORIGINS, BankHead, KeptNames, PoseBank
from chatpose.corpus.instructions.bank_writing import PictureRow, PoseRows, TextRow, bank_arrays
from chatpose.errors import ChatposeError, UnwritableFileError
from chatpose.posecodes.choice import mix
from chatpose.posecodes.definitions import all_posecodes
from chatpose.train.instruction_changes import Changer
from chatpose.train.instruction_measure import Measured, Measurer
from chatpose.train.instruction_poses import BankSettings, BasePoses, PoseGatherer, bank_entries, kept_names
from chatpose.train.settings import read_settings

SECOND_SHARE = 0.35
"""Changes that begin where another one ended, against those that begin with a pose of its own."""
SURE_NAME, NO_NAME = 0.7, 0.15
"""Least score of a name that is told of a pose from elsewhere, and most of one that isn't called anything."""

Tell = Callable[[str], None]


def build_bank(
    settings: BankSettings,
    *,
    data: Path | None = None,
    folders: Sequence[Path] = (),
    atlas: Atlas | None = None,
    sentences: Sequence[Sentence] | None = None,
    skip_bad: bool = False,
    tell: Tell = lambda text: None,
) -> PoseBank:
    """Gathers, measures, changes and describes poses.

    Args:
        settings: how many of what.
        data: folder with packed motion capture; none when absent.
        folders: a user's own poses with texts (`corpus.instructions.user_poses`).
        atlas: compiled; the shipped one when absent.
        sentences: about its entries; the shipped ones when absent.
        skip_bad: leave malformed lines of the user's texts out and count them.
        tell: is told how far it is.

    Raises:
        MissingFileError: no such folder.
        UnreadableFileError: a malformed line, with file and number.
    """
    measurer = Measurer(settings.level)
    gatherer = PoseGatherer(settings, data, folders, measurer, atlas=atlas, skip_bad=skip_bad)
    base = gatherer.gather()
    tell(f"{len(base):,} poses")
    first = measurer.measured(base.rotations)
    tell("measured")
    kept = kept_names(gatherer.whole, gatherer.chosen)
    pool, changer = _changed(first, measurer, settings, KeptNames(kept))
    tell(f"{len(changer.changes):,} changes, {len(pool):,} poses")
    entries = bank_entries(gatherer.whole, gatherer.chosen, sentences)
    rows = _pose_rows(pool, base, _names(pool, base, gatherer, measurer))
    texts = measurer.texts(first.poses, seed=settings.seed, much=True)
    texts += measurer.texts(pool[torch.arange(len(base), len(pool))].poses, seed=settings.seed, much=False)
    names = KeptNames(kept)
    texts = [[text for text in several if not names.found_in(text.text)] for several in texts]
    for several, own in zip(texts, base.own_texts, strict=False):
        several += [TextRow("own", text) for text in own]
    tell("described")
    pictures = _pictures(rows, pool, settings)
    head = BankHead(
        tuple(code.name for code in all_posecodes()),
        measurer.measures,
        entries,
        settings.split,
        settings.level,
        measurer.fingerprint,
        kept,
        _facts(rows, changer, texts, gatherer, settings),
    )
    return PoseBank(head, bank_arrays(rows, texts, changer.changes, pictures))


def _changed(first: Measured, measurer: Measurer, settings: BankSettings, kept: KeptNames) -> tuple[Measured, Changer]:
    """The poses with all that was made of them, and the changes; a third begins where another one ended."""
    generator = torch.Generator().manual_seed(mix(settings.seed) % 2**31)
    changer = Changer(measurer, first, generator, kept)
    count = len(first)
    changer.draw({kind: round(n * (1 - SECOND_SHARE)) for kind, n in settings.changes.items()}, torch.arange(count))
    edited = torch.arange(count, len(changer.pool))
    changer.draw({kind: round(n * SECOND_SHARE) for kind, n in settings.changes.items() if kind != "pair"}, edited)
    return changer.pool, changer


def _names(
    pool: Measured, base: BasePoses, gatherer: PoseGatherer, measurer: Measurer
) -> tuple[Tensor, Tensor, Tensor]:
    """(N,) entry, whether mirrored, and whether nameless; a name is given only where all claims of the entry hold."""
    count, plain = len(pool), len(base)
    entry, mirrored = torch.full((count,), -1), torch.zeros(count, dtype=torch.bool)
    nameless = torch.zeros(count, dtype=torch.bool)
    entry[:plain], mirrored[:plain] = base.entry, base.mirrored
    other = torch.tensor([row for row in range(count) if entry[row] < 0], dtype=torch.long)
    namer = Namer(gatherer.whole, measurer.describer)
    ours = {one.id: place for place, one in enumerate(gatherer.chosen.entries)}
    found = namer.names(pool.poses[other], count=1, least=NO_NAME) if len(other) else []
    sure: list[tuple[int, int, bool]] = []
    for row, names in zip(other.tolist(), found, strict=True):
        nameless[row] = not names
        if names and names[0].score >= SURE_NAME and names[0].entry.id in ours:
            sure.append((row, ours[names[0].entry.id], names[0].mirrored))
    claims = [
        tuple(str(claim.mirrored() if turned else claim) for claim in gatherer.chosen.entries[place].claims)
        for _, place, turned in sure
    ]
    rows = torch.tensor([row for row, *_ in sure], dtype=torch.long)
    good = measurer.all_hold(pool.poses[rows], claims).tolist() if sure else []
    for (row, place, turned), holds in zip(sure, good, strict=True):
        if holds:
            entry[row], mirrored[row] = place, turned
    return entry, mirrored, nameless


def _pose_rows(pool: Measured, base: BasePoses, names: tuple[Tensor, Tensor, Tensor]) -> PoseRows:
    origin = [*base.origin, *["edited"] * (len(pool) - len(base))]
    entry, mirrored, nameless = names
    return PoseRows(
        pool.rotations.numpy(),
        pool.tokens.numpy(),
        pool.state.numpy(),
        pool.values.numpy(),
        pool.family.numpy(),
        np.array([ORIGINS.index(name) for name in origin]),
        entry.numpy(),
        mirrored.numpy(),
        nameless.numpy(),
    )


def _pictures(rows: PoseRows, pool: Measured, settings: BankSettings) -> list[PictureRow]:
    """Rendered photos of poses, families by turns."""
    if not settings.pictures:
        return []
    from PIL import Image

    from chatpose.perception.scenes import SceneMaker

    maker = SceneMaker(longest_px=settings.picture_px)
    generator = torch.Generator().manual_seed(settings.seed)
    own = np.flatnonzero(rows.origin != ORIGINS.index("edited"))
    order = own[torch.randperm(len(own), generator=generator).numpy()]
    rank = np.zeros(len(order), int)
    for family in range(len(FAMILIES)):
        same = rows.family[order] == family
        rank[same] = np.arange(same.sum())
    made = []
    for number, row in enumerate(order[np.argsort(rank, kind="stable")][: settings.pictures].tolist()):
        scene = maker.make(Pose.from_rotations(pool.rotations[row]), mix(settings.seed ^ number) % 2**31)
        buffer = io.BytesIO()
        Image.fromarray(scene.pixels).save(buffer, "JPEG", quality=88)
        heading = float(heading_angle(scene.pose.global_orient))
        made.append(PictureRow(row, round(heading / (2 * math.pi) * HEADING_BINS) % HEADING_BINS, buffer.getvalue()))
    return made


def _facts(
    rows: PoseRows, changer: Changer, texts: Sequence[Sequence[TextRow]], gatherer: PoseGatherer, settings: BankSettings
) -> dict[str, Any]:
    kinds = [change.kind for change in changer.changes]
    own = rows.origin != ORIGINS.index("edited")
    return {
        "poses": len(rows),
        "by origin": {name: int((rows.origin == place).sum()) for place, name in enumerate(ORIGINS)},
        "by family": {name: int((rows.family[own] == place).sum()) for place, name in enumerate(FAMILIES)},
        "named": int((rows.entry >= 0).sum()),
        "entries": len(set(rows.entry[rows.entry >= 0].tolist())),
        "entries of the split": len(gatherer.chosen),
        "texts": sum(map(len, texts)),
        "changes": {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
        "problems": gatherer.problems,
        "seed": settings.seed,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.out and not options.report:
        parser.error("--out FOLDER to build a bank, or --report BANK")
    try:
        if options.report:
            from chatpose.corpus.instructions.mixture import Mixture, report

            _say(report(Mixture(PoseBank.load(options.report)), options.count))
            return 0
        if options.out.exists():
            raise UnwritableFileError(f"{options.out} is there already", fix="remove it, or name another folder")
        settings = read_settings(BankSettings(), options.config) if options.config else BankSettings()
        changed = {
            key: getattr(options, key) for key in ("split", "level", "seed") if getattr(options, key) is not None
        }
        settings = BankSettings(**{**vars(settings), **changed})
        bank = build_bank(settings, data=options.data, folders=options.user, skip_bad=options.skip_bad, tell=_note)
        bank.save(options.out)
        _say(f"{options.out}: {bank.head.facts}")
    except ChatposeError as error:
        _note(f"error: {error}")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m chatpose.train.instruction_data", description="Banks of poses.")
    made.add_argument("--out", type=Path, help="folder that is made")
    made.add_argument("--data", type=Path, help="folder with packed motion capture")
    made.add_argument("--user", type=Path, action="append", default=[], metavar="FOLDER", help="own poses with texts")
    made.add_argument("--config", type=Path, help="YAML with settings")
    made.add_argument("--split", choices=("train", "validation"))
    made.add_argument("--level", help='of the pose tokenizer ("coarse"); "" for poses as they come')
    made.add_argument("--seed", type=int)
    made.add_argument("--skip-bad", action="store_true", help="leave malformed lines out and count them")
    made.add_argument("--report", type=Path, metavar="BANK", help="say what a mixture of a bank is made of")
    made.add_argument("--count", type=int, default=20000, help="conversations of the report")
    return made


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _note(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
