"""The verifiable reward: one part of a true pose is exchanged for what the model would write, and measured."""

from collections.abc import Mapping
from functools import cached_property

import torch
from torch import Tensor

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.pose_tokenizer.config import PARTS, ROOT, part_index
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.extraction import extract
from chatpose.posecodes.points import points_of_kinematics


class Measure:
    """Which statements hold of codes, for many at once. Touching, which is slow to measure, is left out.

    Args:
        tokenizer: of the codes.
    """

    def __init__(self, tokenizer: PoseTokenizer) -> None:
        self.tokenizer = tokenizer
        self._body = BodyModel.open(device=tokenizer.device)
        codes = all_posecodes()
        self._places = [place for place, code in enumerate(codes) if not _touches(code)]
        self._codes = tuple(codes[place] for place in self._places)
        self.column = torch.full((len(codes),), -1)
        self.column[self._places] = torch.arange(len(self._places))
        self.column = self.column.to(tokenizer.device)

    def rotations(self, codes: Tensor) -> Tensor:
        """(N, 24, 3, 3) of (N, 12) codes."""
        return self.tokenizer.decode_codes(by_part(codes))

    @torch.no_grad()
    def holds(self, rotations: Tensor) -> Tensor:
        """(N, measured codes) bool of (N, 24, 3, 3) local rotations."""
        world = self._body.kinematics(Pose.from_rotations(rotations))
        return extract(points_of_kinematics(world), self._codes).holds

    def told(self, holds: Tensor, claims: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Which statements hold, and which can be judged; (…, S) bool each.

        Args:
            holds: (…, measured codes).
            claims: (…, S) numbers of statements.
            known: (…, S) which there are.
        """
        denied = claims < 0
        place = torch.where(known, torch.where(denied, ~claims, claims), 0)
        column = self.column[place]
        judged = known & (column >= 0)
        return (holds.gather(-1, column.clamp_min(0)) ^ denied) & judged, judged

    @cached_property
    def first_rotations(self) -> Mapping[str, Tensor]:
        """(codes, J, 3, 3) rotations of each part's first codes."""
        count = self.tokenizer.config.codes
        whole = self.tokenizer.decode_codes(
            {part: torch.arange(count, device=self.tokenizer.device)[:, None] for part in PARTS}
        )
        return {part: whole[:, [0]] if part == ROOT else whole[:, part_index(part)] for part in PARTS}


def one_part_rewards(measure: Measure, codes: Tensor, drawn: Tensor, claims: Tensor, known: Tensor) -> Tensor:
    """(B, 6, K) share of the statements that hold once one part is exchanged.

    Args:
        measure: of statements.
        codes: (B, 12) of the true poses.
        drawn: (B, 6, K) first codes.
        claims: (B, S) numbers of statements.
        known: (B, S) which there are.
    """
    count, _, draws = drawn.shape
    true = measure.rotations(codes)
    several = true[:, None, None].repeat(1, len(PARTS), draws, 1, 1, 1)
    for place, part in enumerate(PARTS):
        joints = [0] if part == ROOT else part_index(part)
        several[:, place][:, :, joints] = measure.first_rotations[part][drawn[:, place]]
    holds = measure.holds(several.flatten(0, 2)).view(count, len(PARTS) * draws, -1)
    spread = (count, len(PARTS) * draws, claims.shape[1])
    held, judged = measure.told(holds, claims[:, None].expand(spread), known[:, None].expand(spread))
    return (held.sum(-1) / judged.sum(-1).clamp_min(1)).view(count, len(PARTS), draws)


def by_part(codes: Tensor) -> dict[str, Tensor]:
    """(N, 2) codes by part of (N, 12)."""
    return {part: codes[:, 2 * place : 2 * place + 2] for place, part in enumerate(PARTS)}


def _touches(code: object) -> bool:
    alternatives = getattr(code, "alternatives", ())
    return any(condition.measure.kind == "gap" for several in alternatives for condition in several)
