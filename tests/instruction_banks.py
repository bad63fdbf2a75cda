"""Small banks of poses for tests of conversations, built once a process."""

from functools import cache

from chatpose.atlas.compiled import Atlas
from chatpose.corpus.instructions.bank import PoseBank
from chatpose.train.instruction_data import build_bank
from chatpose.train.instruction_poses import BankSettings

CHANGES = {
    "limb": 600, "more": 500, "other side": 90, "swap": 60, "mirror": 60, "blend": 60, "posture": 120, "pair": 200,
}  # fmt: skip


def small_atlas(step: int = 4) -> Atlas:
    """Every so many-th entry of the atlas, test entries too."""
    whole = Atlas.load()
    return whole.only(whole.entries[::step])


@cache
def small_bank(level: str = "", split: str = "train") -> PoseBank:
    """A bank of a quarter of the atlas, without recordings; smaller ones for tokens and for validation."""
    main = not level and split == "train"
    changes = CHANGES if main else {kind: count // 4 for kind, count in CHANGES.items()}
    settings = BankSettings(
        split=split,
        level=level,
        variations=2,
        recorded=0,
        mixed=0,
        postures=160 if main else 40,
        library=0,
        changes=changes,
        pictures=3,
        picture_px=64,
    )
    return build_bank(settings, atlas=small_atlas(4 if main or split != "train" else 12))
