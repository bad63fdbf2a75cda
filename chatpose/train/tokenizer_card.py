"""The card of a trained pose tokenizer, with figures on the validation subjects."""

from pathlib import Path
from typing import Any

import torch

from chatpose.body.pose import Pose
from chatpose.corpus.random_poses import jittered_postures
from chatpose.evaluation.tokenizer import CodecFigures, RoundedAxisAngle, TokenizerCodec, figures, noisy
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.train.tokenizer import TokenizerTraining
from chatpose.train.tokenizer_data import packed_rotations

FLOOR_POSES, FLOOR_SEED = 600, 99


def tokenizer_card(tokenizer: PoseTokenizer, settings: TokenizerTraining, facts: dict[str, Any], data: Path) -> str:
    """README.md of the folder."""
    real = Pose.from_rotations(packed_rotations(data, "validation"))
    floor = jittered_postures(FLOOR_POSES, torch.Generator().manual_seed(FLOOR_SEED), jitter_deg=6.0)
    sets = {"validation": real, "validation, noisy": noisy(real), "postures": floor}
    codecs = [*(TokenizerCodec(tokenizer, level) for level in tokenizer.config.levels), RoundedAxisAngle()]
    rows = [figures(codec, poses, name) for codec in codecs for name, poses in sets.items()] if len(real) else []
    mixture = ", ".join(f"{count} {kind}" for kind, count in facts["poses"].items())
    levels = "; ".join(
        f"{name} {level.tokens} (root {level.root}, torso {level.torso}, each arm {level.arm}, each leg {level.leg})"
        for name, level in tokenizer.config.levels.items()
    )
    return f"""# Pose tokenizer: group-residual rotation codes

Poses of SMPL's 24 joints as tokens: stage 1 of a part is an absolute code of its joints' rotations, later stages
compose small rotations on the right. {tokenizer.config.codes} codes a stage. Every prefix of stages is a pose. Right
limbs are mirrored left limbs; root and torso codes 2i and 2i + 1 are mirror images. The heading is a token of its own.

- Levels: {levels}.
- Fingerprint: `{tokenizer.codebook_fingerprint}`.
- Trained on {mixture} (noisy copies included): the training subjects of the CMU motion-capture database
  (mocap.cs.cmu.edu, free for all uses), hand-made postures, poses uniform in the joint limits, variations of the Pose
  Atlas' training entries (CC-BY-4.0). Rows with flipped ankles or wrists are left out.
- Settings were chosen on the validation subjects; the test subjects weren't read.
- Licence: CC-BY-4.0.
- Command: `chatpose train tokenizer --data FOLDER`, seed {settings.seed}: {facts["seconds"]} s of codebooks,
  {facts["threads"]} threads, {facts["device"]}.
- `chatpose/pose_tokenizer/numpy_decoder.py` decodes with numpy and safetensors alone.

Figures (`chatpose evaluate tokenizer` says how they are measured), validation subjects and jittered hand-made postures
of another seed than the training's. Distances in mm, angles in degrees:

{_table(rows)}
"""


def _table(rows: list[CodecFigures]) -> str:
    lines = [
        "| codec | poses | n | tokens | bits | MPJPE | PA-MPJPE | angle | p95 | worst | gaze | palm | sole |",
        "| --- " * 13 + "|",
    ]
    for row in rows:
        numbers = (row.mpjpe_mm, row.pa_mpjpe_mm, row.degrees, row.p95_mm, row.worst_mm, *row.directions_deg.values())
        cells = (row.codec, row.poses, row.count, row.tokens, round(row.bits), *(f"{value:.2f}" for value in numbers))
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)
