"""`PoseTokens`: what an encoder gives and a decoder takes, with the exact rest beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from chatpose.body.skeleton import SMPL, swap_side
from chatpose.errors import InvalidTokensError, unknown_name
from chatpose.pose_tokenizer.config import PARTS, SYMMETRIC, part_index
from chatpose.shapes import Betas, Rotations24, Vector


@dataclass(frozen=True, eq=False)
class PoseResidual:
    """What the tokens leave out of poses that came from a file or a photo.

    Attributes:
        rotations: (N, 24, 3, 3) to be composed on the right of the decoded local rotations.
        betas: (N, 10).
        transl: (N, 3) metres.
    """

    rotations: Rotations24
    betas: Betas
    transl: Vector

    def __getitem__(self, index: slice | Tensor) -> "PoseResidual":
        return PoseResidual(self.rotations[index], self.betas[index], self.transl[index])

    def without(self, part: str) -> "PoseResidual":
        """Nothing left over for one part: its tokens have been exchanged."""
        rotations = self.rotations.clone()
        rotations[:, part_index(part)] = torch.eye(3).to(rotations)
        return replace(self, rotations=rotations)

    def mirror(self) -> "PoseResidual":
        """Of the mirrored poses."""
        reflect = self.rotations.new_tensor([-1.0, 1.0, 1.0])
        swapped = self.rotations[:, list(SMPL.mirror_index)] * (reflect[:, None] * reflect)
        return PoseResidual(swapped, self.betas, self.transl * reflect)


@dataclass(frozen=True, eq=False)
class PoseTokens:
    """Tokens of N poses.

    Attributes:
        heading: (N,) int64 bins.
        codes: by part (N, stages) int64, as many stages as were encoded; every part has at least one.
        heading_bins: of the whole turn.
        fingerprint: of the codebooks.
        residual: what the tokens leave out; absent when a model wrote them.
    """

    heading: Tensor
    codes: Mapping[str, Tensor]
    heading_bins: int
    fingerprint: str
    residual: PoseResidual | None = None

    def __post_init__(self) -> None:
        if tuple(self.codes) != PARTS:
            raise InvalidTokensError(f"parts {', '.join(self.codes)}", expected=", ".join(PARTS))
        for part, codes in self.codes.items():
            if codes.dim() != 2 or len(codes) != len(self.heading) or not codes.shape[1]:
                raise InvalidTokensError(
                    f"{part} has codes of shape {tuple(codes.shape)}", expected=f"({len(self.heading)}, 1 or more)"
                )

    def __len__(self) -> int:
        return len(self.heading)

    def __getitem__(self, index: slice | Tensor) -> "PoseTokens":
        """Some of the poses, by slice or index tensor."""
        codes = {part: several[index] for part, several in self.codes.items()}
        residual = None if self.residual is None else self.residual[index]
        return replace(self, heading=self.heading[index], codes=codes, residual=residual)

    @property
    def stages(self) -> dict[str, int]:
        """Tokens by part."""
        return {part: several.shape[1] for part, several in self.codes.items()}

    def prefix(self, stages: Mapping[str, int]) -> "PoseTokens":
        """Only the first stages of each part; the residual, which fits the whole, is left out."""
        codes = {part: several[:, : max(stages[part], 1)] for part, several in self.codes.items()}
        return replace(self, codes=codes, residual=None)

    def with_part(self, part: str, codes: Tensor) -> "PoseTokens":
        """One part's codes exchanged, (N, stages) or (stages,); nothing else is touched.

        Raises:
            UnknownNameError: no such part.
        """
        if part not in PARTS:
            raise unknown_name("part", part, PARTS)
        new = codes.expand(len(self), -1) if codes.dim() == 1 else codes
        residual = None if self.residual is None else self.residual.without(part)
        return replace(self, codes={**self.codes, part: new}, residual=residual)

    def mirror(self) -> "PoseTokens":
        """The tokens of the mirrored poses: limbs change sides, root and torso codes go to their mirror images."""
        codes = {part: self.codes[part] ^ 1 if part in SYMMETRIC else self.codes[swap_side(part)] for part in PARTS}
        residual = None if self.residual is None else self.residual.mirror()
        return replace(self, heading=-self.heading % self.heading_bins, codes=codes, residual=residual)

    def plain(self) -> "PoseTokens":
        """Without the residual: what a language model sees."""
        return replace(self, residual=None)
