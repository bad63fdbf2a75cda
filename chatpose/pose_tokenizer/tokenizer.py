"""`PoseTokenizer`: poses to tokens and back, for batches, on any device; differentiable decoding."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Self

import torch
from torch import Tensor

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis, heading_angle, matrix_to_quaternion
from chatpose.body.skeleton import SMPL
from chatpose.errors import InvalidTokensError
from chatpose.pose_tokenizer import quaternions as quat
from chatpose.pose_tokenizer.codebooks import RootBook, RotationBook, Ways
from chatpose.pose_tokenizer.config import (
    BOOK_JOINTS,
    BOOKS,
    PARTS,
    ROOT,
    PoseTokenizerConfig,
    Stages,
    book_of,
    part_index,
)
from chatpose.pose_tokenizer.faithful import CANDIDATES, most_faithful
from chatpose.pose_tokenizer.metric import PointSet, part_metrics
from chatpose.pose_tokenizer.tokens import PoseResidual, PoseTokens
from chatpose.pretrained import Pretrained, TensorSpec
from chatpose.resources import asset
from chatpose.shapes import Rotations24

BEAM = 24
"""Ways that the encoder keeps open; 1 is greedy."""
CHUNK = 256
"""Poses that are encoded at a time: what is compared with every code takes memory."""


class PoseTokenizer(Pretrained[PoseTokenizerConfig]):
    """The codebooks, ready for use. Immutable; load it once and keep it.

    Args:
        config: settings.
        tensors: as `tensor_specs` has them.
    """

    config_type = PoseTokenizerConfig
    max_tensor_bytes = 2**24

    def __init__(self, config: PoseTokenizerConfig, tensors: Mapping[str, Tensor]) -> None:
        self.config = config
        self._tensors = dict(tensors)
        self.root = _root_book(self._tensors)
        self.books = {book: _rotation_book(book, self._tensors) for book in BOOKS if book != ROOT}
        self._points = PointSet.of(config)

    @classmethod
    def load(cls) -> Self:
        """The tokenizer that ships with chatpose (card in tokenizers/pose-parts/README.md)."""
        return cls.from_pretrained(asset("tokenizers", "pose-parts"))

    @classmethod
    def tensor_specs(cls, config: PoseTokenizerConfig) -> dict[str, TensorSpec]:
        """First codes, steps and scales by codebook; of the symmetric ones the even codes only."""
        half, steps, specs = config.codes // 2, torch.float16, {}
        specs["root.first"] = TensorSpec((half, 3))
        specs["root.steps"] = TensorSpec((config.stages.root - 1, half, 2), steps)
        for book in BOOKS[1:]:
            count, joints = half if book == "torso" else config.codes, len(BOOK_JOINTS[book])
            specs[f"{book}.first"] = TensorSpec((count, joints, 3), steps)
            specs[f"{book}.steps"] = TensorSpec((config.stages.of(book) - 1, count, 3 * joints), steps)
            for name in ("scales", "spreads"):
                specs[f"{book}.{name}"] = TensorSpec((config.stages.of(book) - 1, count), steps)
        return specs

    @classmethod
    def from_tensors(cls, config: PoseTokenizerConfig, tensors: Mapping[str, Tensor]) -> Self:
        """From checked tensors."""
        return cls(config, tensors)

    def tensors(self) -> Mapping[str, Tensor]:
        """As stored."""
        return self._tensors

    @cached_property
    def codebook_fingerprint(self) -> str:
        """`fingerprint`, computed once: what tokens and texts carry."""
        return self.fingerprint

    @cached_property
    def _body(self) -> BodyModel:
        """Whose joints posecodes are measured on while poses are encoded: the body that ships."""
        return BodyModel.open(device=self.device)

    def to(self, device: torch.device | str) -> "PoseTokenizer":
        """A copy on another device."""
        moved = type(self)(self.config, {name: tensor.to(device) for name, tensor in self._tensors.items()})
        return moved

    @property
    def device(self) -> torch.device:
        """Where the codebooks are."""
        return self.root.first.device

    # --- encoding ------------------------------------------------------------------------------------------------

    def encode(
        self,
        pose: Pose,
        level: str | Stages = "fine",
        *,
        beam: int = BEAM,
        candidates: int = CANDIDATES,
        residual: bool = True,
    ) -> PoseTokens:
        """Tokens of poses.

        Args:
            pose: one or N poses.
            level: a named level, or how many stages.
            beam: ways kept open; 1 is several times as fast and a little less close.
            candidates: ways of each part from which those are taken that keep the pose's posecodes; 1 takes the
                nearest.
            residual: whether to keep what the tokens leave out beside them.

        Raises:
            InvalidPoseError: NaN, infinite values or matrices that aren't rotations.
            UnknownNameError: no such level.
        """
        stages = self.config.level(level) if isinstance(level, str) else level
        many = pose if pose.batch_shape else Pose(*(one[None] for one in _fields(pose)))
        many = many.validated()
        rotations = many.local_rotations.to(self.device, torch.float32)
        parts = [self.encode_rotations(chunk, stages, beam, candidates) for chunk in rotations.split(CHUNK)]
        joined = {part: torch.cat([codes[part] for codes in parts]) for part in PARTS} if parts else _nothing(stages)
        heading = self._heading_bins(rotations[:, 0], joined[ROOT])
        tokens = PoseTokens(heading, joined, self.config.heading_bins, self.codebook_fingerprint)
        if not residual:
            return tokens
        exact = many.local_rotations
        left = self.decode(tokens).local_rotations.to(exact).transpose(-1, -2) @ exact
        return PoseTokens(
            heading,
            joined,
            self.config.heading_bins,
            self.codebook_fingerprint,
            PoseResidual(left, many.betas, many.transl),
        )

    def encode_rotations(
        self, rotations: Rotations24, stages: Stages, beam: int, candidates: int = 1
    ) -> dict[str, Tensor]:
        """Codes by part, (N, stages) each, of (N, 24, 3, 3) local rotations; the heading doesn't count."""
        codes = {ROOT: self.root.encode(rotations[:, 0, 1, :], stages.root)}  # row y: the world's up, seen from inside
        ways = self._ways(rotations, stages, beam, candidates)
        if candidates == 1 or not len(rotations):
            return codes | {part: of.codes[:, 0] for part, of in ways.items()}
        nearest = self.decode_codes(codes | {part: of.codes[:, 0] for part, of in ways.items()})
        turn = about_axis("y", -heading_angle(rotations[:, 0] @ nearest[:, 0].transpose(-1, -2)))
        facing = torch.cat([(turn @ rotations[:, 0])[:, None], rotations[:, 1:]], dim=1)
        taken = most_faithful(facing, nearest, ways, self._body)
        rows = torch.arange(len(rotations), device=rotations.device)
        return codes | {part: of.codes[rows, taken[part]] for part, of in ways.items()}

    def _ways(self, rotations: Rotations24, stages: Stages, beam: int, keep: int) -> dict[str, Ways]:
        """Codes that come near, by part; right limbs are looked up mirrored."""
        flipped, ways = mirrored_rotations(rotations), {}
        for part in PARTS[1:]:
            right = part.startswith("right_")
            seen, name = (flipped, "left_" + book_of(part)) if right else (rotations, part)
            target, form = matrix_to_quaternion(seen[:, part_index(name)]), part_metrics(seen, self._points, name)
            found = self.books[book_of(part)].ways(target, form, stages.of(part), beam, keep)
            ways[part] = Ways(found.codes, quat.mirrored(found.rotations), found.far) if right else found
        return ways

    def _heading_bins(self, orient: Tensor, codes: Tensor) -> Tensor:
        """Bins of the heading that fits the decoded tilt best: upside down, tilt and heading can't be told apart."""
        tilt = quat.to_matrix(quat.from_up(self.root.decode(codes)))
        turn = heading_angle(orient @ tilt.transpose(-1, -2))
        return torch.round(turn * self.config.heading_bins / math.tau).long() % self.config.heading_bins

    # --- decoding ------------------------------------------------------------------------------------------------

    def decode(self, tokens: PoseTokens) -> Pose:
        """N poses; exact where the tokens carry their residual.

        Raises:
            InvalidTokensError: of another codebook, too many stages, ids out of range.
        """
        self.check(tokens)
        turn = about_axis("y", tokens.heading.to(self.device) * (math.tau / self.config.heading_bins))
        pose = self.decode_codes(tokens.codes)
        rotations = torch.cat([(turn @ pose[:, 0])[:, None], pose[:, 1:]], dim=1)
        if tokens.residual is None:
            return Pose.from_rotations(rotations)
        rest = tokens.residual
        return Pose.from_rotations(rotations.to(rest.rotations) @ rest.rotations, betas=rest.betas, transl=rest.transl)

    def decode_codes(self, codes: Mapping[str, Tensor]) -> Rotations24:
        """(N, 24, 3, 3) local rotations without a heading."""
        up = self.root.decode(codes[ROOT].to(self.device))
        reached = up.new_zeros(len(up), len(SMPL), 4)
        reached[:, 0] = quat.from_up(up)
        for part in PARTS[1:]:
            turned = self.books[book_of(part)].decode(codes[part].to(self.device))
            reached[:, part_index(part)] = quat.mirrored(turned) if part.startswith("right_") else turned
        return quat.to_matrix(reached)

    def check(self, tokens: PoseTokens) -> None:
        """Refuses tokens that aren't of these codebooks.

        Raises:
            InvalidTokensError: naming the part and the stage.
        """
        if tokens.fingerprint != self.codebook_fingerprint:
            raise InvalidTokensError(
                f"tokens of the codebook {tokens.fingerprint[:12]}",
                expected=f"of {self.codebook_fingerprint[:12]}",
                fix="encode the poses anew with this tokenizer",
            )
        if len(tokens) and not 0 <= int(tokens.heading.min()) <= int(tokens.heading.max()) < self.config.heading_bins:
            raise InvalidTokensError("a heading out of range", expected=f"0 to {self.config.heading_bins - 1}")
        for part, codes in tokens.codes.items():
            if codes.shape[1] > self.config.stages.of(part):
                raise InvalidTokensError(
                    f"{part} has {codes.shape[1]} stages", expected=f"at most {self.config.stages.of(part)}"
                )
            bad = ((codes < 0) | (codes >= self.config.codes)).nonzero()
            if len(bad):
                row, stage = bad[0].tolist()
                raise InvalidTokensError(
                    f"{part} stage {stage + 1} of pose {row} is {int(codes[row, stage])}",
                    expected=f"0 to {self.config.codes - 1}",
                )


def mirrored_rotations(rotations: Rotations24) -> Rotations24:
    """Left and right exchanged by reflection in the plane x = 0."""
    signs = rotations.new_tensor([-1.0, 1.0, 1.0])
    return rotations[:, list(SMPL.mirror_index)] * (signs[:, None] * signs)


def _fields(pose: Pose) -> tuple[Tensor, ...]:
    return pose.global_orient, pose.body_pose, pose.betas, pose.transl


def _nothing(stages: Stages) -> dict[str, Tensor]:
    return {part: torch.zeros(0, stages.of(part), dtype=torch.long) for part in PARTS}


def _root_book(tensors: Mapping[str, Tensor]) -> RootBook:
    first, steps = (tensors[f"root.{name}"].float() for name in ("first", "steps"))
    return RootBook(
        interleaved(first, first * first.new_tensor([-1.0, 1.0, 1.0]), 0),
        interleaved(steps, steps * steps.new_tensor([-1.0, 1.0]), 1),
    )


def _rotation_book(book: str, tensors: Mapping[str, Tensor]) -> RotationBook:
    parts = (tensors[f"{book}.{name}"].float() for name in ("first", "steps", "scales", "spreads"))
    return whole_torso(*parts) if book == "torso" else RotationBook(*parts)


def whole_torso(first: Tensor, steps: Tensor, scales: Tensor, spreads: Tensor) -> RotationBook:
    """The torso's codebook from its even codes."""
    flipped = mirrored_torso(steps.unflatten(-1, (-1, 3))).flatten(-2)
    return RotationBook(
        interleaved(first, mirrored_torso(first), 0),
        interleaved(steps, flipped, 1),
        interleaved(scales, scales, 1),
        interleaved(spreads, spreads, 1),
    )


def mirrored_torso(rotvec: Tensor) -> Tensor:
    """Rotation vectors (…, 7, 3) of the torso's joints, mirrored: collars change sides, axes are pseudovectors."""
    names = BOOK_JOINTS["torso"]
    order = [names.index(SMPL.joint_names[SMPL.mirror_index[SMPL.index(name)]]) for name in names]
    return rotvec[..., order, :] * rotvec.new_tensor([1.0, -1.0, -1.0])


def interleaved(even: Tensor, odd: Tensor, axis: int) -> Tensor:
    """Code 2i from `even`, code 2i + 1 from `odd`."""
    return torch.stack([even, odd], dim=axis + 1).flatten(axis, axis + 1)
