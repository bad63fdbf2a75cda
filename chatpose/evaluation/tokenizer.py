"""How much of a pose survives being put into tokens and back, and how fast that is.

Protocol: 24 joints by forward kinematics on SMPL's standard skeleton, pelvis on pelvis. The mean is over the 23 joints
that can differ. Headings are left out: the original is turned about the vertical to where the decoded pose fits best,
for every codec alike. "noisy" are the same poses with N(0, 4°) about each axis of every joint but the hands.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import roma
import torch
from torch import Tensor

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.pose import Pose
from chatpose.body.rotations import (
    about_axis,
    angle_between,
    axis_angle_to_matrix,
    geodesic_distance,
    heading_angle,
    matrix_to_axis_angle,
    without_heading,
)
from chatpose.body.skeleton import SMPL, smpl_rest_offsets
from chatpose.pose_tokenizer.codec import PoseCodec
from chatpose.pose_tokenizer.config import PARTS, Stages
from chatpose.pose_tokenizer.tokenizer import BEAM, PoseTokenizer
from chatpose.pose_tokenizer.tokens import PoseTokens
from chatpose.pose_tokenizer.vocabulary import Slot
from chatpose.posecodes.describe import Describer

NOISE_DEG = 4.0
NOISE_SEED = 7
BODY_JOINTS = 22
STATEMENT_POSES = 600
"""Poses whose statements are compared, the first of each set."""
CHUNK = 512

DIRECTIONS = {
    "gaze": (("head",), (0.0, 0.0, 1.0)),
    "palm": (("left_wrist", "right_wrist"), (0.0, -1.0, 0.0)),
    "sole": (("left_ankle", "right_ankle"), (0.0, -1.0, 0.0)),
}
"""Where the head, the palms and the soles look, in the frames of joints."""


@dataclass(frozen=True)
class CodecFigures:
    """Figures of one codec on one set of poses.

    Attributes:
        codec: its name.
        poses: which set.
        count: how many poses.
        tokens: a pose.
        bits: a pose.
        mpjpe_mm: mean distance of the joints.
        pa_mpjpe_mm: the same after the best similarity.
        degrees: mean angle between rotations of the 22 body joints.
        p95_mm: the pose at 95 % of the sorted mean distances.
        worst_mm: the worst pose.
        directions_deg: mean errors of gaze, palms and soles.
        statements: share of the posecodes that hold of the original and hold of the decoded pose, too.
        said: the same of those that the original's plain description says.
        perplexity: by slot, as a share of the codes; empty where a codec has no slots of its own.
    """

    codec: str
    poses: str
    count: int
    tokens: int
    bits: float
    mpjpe_mm: float
    pa_mpjpe_mm: float
    degrees: float
    p95_mm: float
    worst_mm: float
    directions_deg: dict[str, float]
    statements: float
    said: float
    perplexity: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """All figures, rounded."""
        numbers = {key: value for key, value in vars(self).items() if isinstance(value, float)}
        return {
            **vars(self),
            **{key: round(value, 4) for key, value in numbers.items()},
            "directions_deg": {key: round(value, 3) for key, value in self.directions_deg.items()},
            "perplexity": {key: round(value, 3) for key, value in self.perplexity.items()},
        }


@dataclass(frozen=True)
class Speeds:
    """Poses a second of processor time and of wall time, and how long one pose takes."""

    encode: tuple[float, float]
    encode_greedy: tuple[float, float]
    decode: tuple[float, float]
    decode_one_ms: float


@dataclass(frozen=True)
class TokenizerCodec:
    """The shipped tokenizer at one level, as a `PoseCodec`."""

    tokenizer: PoseTokenizer
    level: str
    beam: int = BEAM

    @property
    def stages(self) -> Stages:
        """Tokens of each part."""
        return self.tokenizer.config.level(self.level)

    @property
    def name(self) -> str:
        """A row of the table."""
        return f"chatpose {self.level}" + ("" if self.beam == BEAM else f", beam {self.beam}")

    @property
    def tokens(self) -> int:
        """Tokens a pose."""
        return self.stages.tokens

    @property
    def codes(self) -> int:
        """Choices a token."""
        return self.tokenizer.config.codes

    def encode(self, pose: Pose) -> Tensor:
        """Codes, part after part."""
        tokens = self.tokenizer.encode(pose, self.stages, beam=self.beam, residual=False)
        return torch.cat([tokens.codes[part] for part in PARTS], dim=-1)

    def decode(self, tokens: Tensor) -> Pose:
        """Poses with heading 0."""
        parts = dict(zip(PARTS, tokens.split([self.stages.of(part) for part in PARTS], dim=-1), strict=True))
        config, mark = self.tokenizer.config, self.tokenizer.codebook_fingerprint
        heading = torch.zeros(len(tokens), dtype=torch.long)
        return self.tokenizer.decode(PoseTokens(heading, parts, config.heading_bins, mark))

    def slots(self) -> list[str]:
        """Names of the tokens."""
        return [str(Slot(part, stage + 1)) for part in PARTS for stage in range(self.stages.of(part))]


@dataclass(frozen=True)
class RoundedAxisAngle:
    """The honest floor: 66 rotation-vector numbers of the 22 body joints, each rounded to one of some levels."""

    codes: int = 256

    @property
    def name(self) -> str:
        """A row of the table."""
        return f"rounding, {self.codes} levels"

    @property
    def tokens(self) -> int:
        """Numbers a pose."""
        return 3 * BODY_JOINTS

    def encode(self, pose: Pose) -> Tensor:
        """Bins of [-π, π)."""
        facing = torch.cat([without_heading(pose.global_orient)[:, None], pose.body_pose], dim=1)
        numbers = matrix_to_axis_angle(facing[:, :BODY_JOINTS]).flatten(1)
        return ((numbers + math.pi) / math.tau * self.codes).floor().long().clamp(0, self.codes - 1)

    def decode(self, tokens: Tensor) -> Pose:
        """The middles of the bins; hands straight."""
        numbers = (tokens + 0.5) / self.codes * math.tau - math.pi
        local = torch.eye(3).expand(len(tokens), len(SMPL), 3, 3).clone()
        local[:, :BODY_JOINTS] = axis_angle_to_matrix(numbers.unflatten(-1, (BODY_JOINTS, 3)).float())
        return Pose.from_rotations(local)


def noisy(poses: Pose, width_deg: float = NOISE_DEG, seed: int = NOISE_SEED) -> Pose:
    """The same poses with noise on every joint but the hands."""
    generator = torch.Generator().manual_seed(seed)
    turn = torch.randn(len(poses), len(SMPL), 3, generator=generator) * math.radians(width_deg)
    turn[:, BODY_JOINTS:] = 0
    return Pose.from_rotations(poses.local_rotations @ axis_angle_to_matrix(turn))


def figures(codec: PoseCodec, poses: Pose, name: str, describer: Describer | None = None) -> CodecFigures:
    """Measures a codec on N poses; without a describer the shares of statements are NaN."""
    chunks = [poses[start : start + CHUNK] for start in range(0, len(poses), CHUNK)]
    tokens = torch.cat([codec.encode(chunk) for chunk in chunks])
    decoded = [codec.decode(tokens[start : start + CHUNK]) for start in range(0, len(poses), CHUNK)]
    back = torch.cat([chunk.local_rotations for chunk in decoded])
    truth = facing_alike(poses.local_rotations.to(back), back)
    offsets = smpl_rest_offsets()
    found, wanted = forward_kinematics(back, offsets), forward_kinematics(truth, offsets)
    far = (found.positions - wanted.positions).norm(dim=-1)[:, 1:]
    turned = geodesic_distance(back[:, :BODY_JOINTS], truth[:, :BODY_JOINTS])
    each = far.mean(-1) * 1000
    survived = said = math.nan
    if describer is not None:
        survived, said = statements_kept(truth[:STATEMENT_POSES], back[:STATEMENT_POSES], describer)
    return CodecFigures(
        codec=codec.name,
        poses=name,
        count=len(poses),
        tokens=codec.tokens,
        bits=codec.tokens * math.log2(codec.codes),
        mpjpe_mm=float(each.mean()),
        pa_mpjpe_mm=float(aligned_error(found.positions, wanted.positions)) * 1000,
        degrees=float(torch.rad2deg(turned).mean()),
        p95_mm=float(each.quantile(0.95)),
        worst_mm=float(each.max()),
        directions_deg=_directions(found.rotations, wanted.rotations),
        statements=survived,
        said=said,
        perplexity=perplexities(tokens, codec.codes, codec.slots()) if isinstance(codec, TokenizerCodec) else {},
    )


def facing_alike(rotations: Tensor, like: Tensor) -> Tensor:
    """(N, 24, 3, 3) turned about the vertical so that the pelvis fits that of `like` best."""
    turn = about_axis("y", -heading_angle(rotations[:, 0] @ like[:, 0].transpose(-1, -2)))
    return torch.cat([(turn @ rotations[:, 0])[:, None], rotations[:, 1:]], dim=1)


def aligned_error(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean distance of (N, J, 3) points after the best similarity (Gower, Generalized Procrustes, 1975), metres."""
    fitted = roma.rigid_points_registration(found, wanted, compute_scaling=True)
    rotation, shift, scale = cast(tuple[Tensor, Tensor, Tensor], fitted)
    moved = scale[:, None, None] * (found @ rotation.transpose(-1, -2)) + shift[:, None]
    return (moved - wanted).norm(dim=-1).mean()


def statements_kept(truth: Tensor, back: Tensor, describer: Describer) -> tuple[float, float]:
    """What of the statements that hold of the first holds of the second, over all poses.

    Returns:
        The share of all posecodes, and of those that the plain description of the first says.
    """
    held = kept = said = still = 0
    for one, other in zip(truth.split(CHUNK), back.split(CHUNK), strict=True):
        original = Pose.from_rotations(one)
        before, after = describer.extract(original), describer.extract(Pose.from_rotations(other))
        held += int(before.holds.sum())
        kept += int((before.holds & after.holds).sum())
        column = {code: number for number, code in enumerate(before.codes)}
        for row, description in enumerate(describer.describe_all(original)):
            codes = [column[check.statement.code] for check in description.checks]
            said += len(codes)
            still += int(after.holds[row, codes].sum())
    return kept / max(held, 1), still / max(said, 1)


def perplexities(tokens: Tensor, codes: int, slots: Sequence[str]) -> dict[str, float]:
    """By slot exp of the entropy of its codes over the number of codes; few poses can't reach 1."""
    shares = {}
    for slot, column in zip(slots, tokens.T, strict=True):
        share = torch.bincount(column, minlength=codes).double() / max(len(column), 1)
        shares[slot] = float(torch.special.entr(share).sum().exp()) / codes
    return shares


def speeds(tokenizer: PoseTokenizer, poses: Pose, level: str) -> Speeds:
    """Measured on the given poses; processor time first."""
    from chatpose.pose_tokenizer.numpy_decoder import NumpyDecoder
    from chatpose.pretrained import config_to_dict

    plain = {name: tensor.numpy() for name, tensor in tokenizer.tensors().items()}
    decoder = NumpyDecoder(config_to_dict(tokenizer.config), plain)
    rates = []
    for options in ({}, {"beam": 1, "candidates": 1}):
        encode = partial(tokenizer.encode, level=level, residual=False, **options)
        encode(poses[:16])
        rates.append(_rate(partial(encode, poses), len(poses)))
    tokens = tokenizer.encode(poses, level, beam=1, candidates=1, residual=False)
    heading, codes = tokens.heading.numpy(), {part: several.numpy() for part, several in tokens.codes.items()}
    decode = _rate(lambda: decoder.decode(heading, codes), len(poses), repeat=5)
    one = {part: several[:1] for part, several in codes.items()}
    alone = _rate(lambda: decoder.decode(heading[:1], one), 1, repeat=50)
    return Speeds(rates[0], rates[1], decode, 1000 / alone[0])


def _rate(work: Any, count: int, repeat: int = 1) -> tuple[float, float]:
    work() if repeat > 1 else None
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(repeat):
        work()
    return (
        repeat * count / max(time.process_time() - processor, 1e-9),
        repeat * count / max(time.perf_counter() - wall, 1e-9),
    )


def _directions(found: Tensor, wanted: Tensor) -> dict[str, float]:
    errors = {}
    for name, (joints, direction) in DIRECTIONS.items():
        index = [SMPL.index(joint) for joint in joints]
        axis = found.new_tensor(direction)
        errors[name] = float(torch.rad2deg(angle_between(found[:, index] @ axis, wanted[:, index] @ axis)).mean())
    return errors


def describe_rows(rows: Sequence[CodecFigures]) -> list[str]:
    """A table for people."""
    head = f"{'codec':<22}{'poses':<18}{'n':>6}{'tokens':>7}{'bits':>6}{'MPJPE':>7}{'PA':>6}{'deg':>6}{'p95':>7}"
    lines = [head + f"{'worst':>7}{'gaze':>6}{'palm':>6}{'sole':>6}{'kept %':>8}{'said %':>8}"]
    for row in rows:
        directions = "".join(f"{value:>6.2f}" for value in row.directions_deg.values())
        lines.append(
            f"{row.codec:<22}{row.poses:<18}{row.count:>6}{row.tokens:>7}{row.bits:>6.0f}{row.mpjpe_mm:>7.2f}"
            f"{row.pa_mpjpe_mm:>6.2f}{row.degrees:>6.2f}{row.p95_mm:>7.2f}{row.worst_mm:>7.1f}{directions}"
            f"{100 * row.statements:>8.2f}{100 * row.said:>8.2f}"
        )
    return lines
