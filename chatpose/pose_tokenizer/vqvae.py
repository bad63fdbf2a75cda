"""A learned whole-body tokenizer of the usual kind, the baseline that chatpose's own codes are compared with.

A vector-quantised autoencoder (van den Oord et al., Neural Discrete Representation Learning, 2017) with 1-D
convolutions, as TokenHMR (Dwivedi et al., 2024) and UniPose (Li et al., 2025) put poses into tokens. The joints are
the sequence; a linear layer between dilated residual blocks turns 22 places into as many as there are tokens. All
tokens choose from one codebook, and every token speaks for the whole body: none can be exchanged alone.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from chatpose.body.pose import Pose
from chatpose.body.rotations import matrix_to_6d, rotation_6d_to_matrix, without_heading
from chatpose.body.skeleton import SMPL
from chatpose.errors import InvalidTokensError
from chatpose.pretrained import PretrainedConfig, PretrainedModule
from chatpose.shapes import Rotations24

BODY_JOINTS = 22
"""All but the hands, which decode straight."""
KERNEL = 3
DILATIONS = (1, 3, 9)
"""In turn; three blocks see 27 places, more than there are joints or tokens."""

Features = Float[Tensor, "batch width places"]
Latents = Float[Tensor, "batch tokens code_dim"]
TokenIds = Int[Tensor, "batch tokens"]
BodyFeatures = Float[Tensor, "batch 22 6"]


@dataclass(frozen=True)
class PoseVQVAEConfig(PretrainedConfig):
    """Shape of the autoencoder.

    Attributes:
        tokens: a pose.
        codes: in the codebook that all tokens share.
        code_dim: numbers of a code.
        width: channels.
        depth: residual blocks before and after each change of length, four groups in all.
    """

    KIND: ClassVar[str] = "pose_vqvae"
    tokens: int = 24
    codes: int = 1024
    code_dim: int = 64
    width: int = 128
    depth: int = 3

    def __post_init__(self) -> None:
        for name, most in (("tokens", 256), ("codes", 65536), ("code_dim", 1024), ("width", 2048), ("depth", 16)):
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be 1 to {most}")


class Quantized(NamedTuple):
    """What training needs of a pass.

    Attributes:
        latents: (N, tokens, code_dim) before they were quantised.
        ids: (N, tokens) the nearest codes.
        codes: (N, tokens, code_dim) of `ids`.
        rotations: (N, 24, 3, 3) decoded from `codes`, with the straight-through gradient to `latents`.
    """

    latents: Tensor
    ids: Tensor
    codes: Tensor
    rotations: Tensor


class PoseVQVAE(PretrainedModule[PoseVQVAEConfig]):
    """The autoencoder, a `PoseCodec`. The codebook isn't a parameter: its training moves it by averages."""

    config_type = PoseVQVAEConfig
    codebook: Tensor
    mean: Tensor
    spread: Tensor
    half_while_training = False
    """Whether convolutions run in bfloat16 while training; never outside."""

    def __init__(self, config: PoseVQVAEConfig) -> None:
        super().__init__(config)
        width, tokens = config.width, config.tokens
        self.encoder = _Coder(6, width, config.code_dim, (BODY_JOINTS, tokens), config.depth)
        self.decoder = _Coder(config.code_dim, width, 6, (tokens, BODY_JOINTS), config.depth)
        self.register_buffer("codebook", torch.zeros(config.codes, config.code_dim))
        self.register_buffer("mean", torch.zeros(BODY_JOINTS, 6))
        self.register_buffer("spread", torch.ones(BODY_JOINTS, 1))

    # --- as a PoseCodec ----------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """A row of the table."""
        return "VQ-VAE, whole body"

    @property
    def tokens(self) -> int:
        """Tokens a pose."""
        return self.config.tokens

    @property
    def codes(self) -> int:
        """Choices a token."""
        return self.config.codes

    @torch.no_grad()
    def encode(self, pose: Pose) -> Tensor:
        """(N, tokens) int64 of N poses; headings and the hands' own rotations don't count.

        Raises:
            InvalidPoseError: NaN, infinite values or matrices that aren't rotations.
        """
        rotations = pose.validated().local_rotations.to(self.codebook)
        return self.nearest(self.latents(body_features(rotations)))

    @torch.no_grad()
    def decode(self, tokens: TokenIds) -> Pose:
        """N poses facing +z, hands straight.

        Raises:
            InvalidTokensError: another number of tokens a pose, or ids out of range.
        """
        if tokens.ndim != 2 or tokens.shape[1] != self.tokens:
            raise InvalidTokensError(f"tokens of shape {tuple(tokens.shape)}", expected=f"(poses, {self.tokens})")
        wrong = ((tokens < 0) | (tokens >= self.codes)).nonzero()
        if len(wrong):
            row, place = wrong[0].tolist()
            got = f"token {int(tokens[row, place])} of pose {row}"
            raise InvalidTokensError(got, expected=f"0 to {self.codes - 1}", position=place)
        rotations = self.rotations(self.codebook[tokens.to(self.codebook.device)])
        return Pose.from_rotations(torch.cat([without_heading(rotations[:, :1]), rotations[:, 1:]], dim=1))

    # --- parts of a pass ---------------------------------------------------------------------------------------------

    def forward(self, features: BodyFeatures) -> Quantized:
        """Encodes, quantises and decodes."""
        latents = self.latents(features)
        ids = self.nearest(latents.detach())
        codes = self.codebook[ids]
        passed = latents + (codes - latents).detach()
        return Quantized(latents, ids, codes, self.rotations(passed))

    def latents(self, features: BodyFeatures) -> Latents:
        """What the codebook is asked for."""
        return self._run(self.encoder, (features - self.mean) / self.spread)

    def nearest(self, latents: Latents) -> TokenIds:
        """The code closest to each latent."""
        far = self.codebook.square().sum(-1) - 2 * latents @ self.codebook.T
        return far.argmin(-1)

    def rotations(self, codes: Latents) -> Rotations24:
        """Local rotations, (N, 24, 3, 3); the pelvis may keep a little heading."""
        numbers = self._run(self.decoder, codes) * self.spread + self.mean
        body = rotation_6d_to_matrix(numbers)
        hands = torch.eye(3).to(body).expand(len(body), len(SMPL) - BODY_JOINTS, 3, 3)
        return torch.cat([body, hands], dim=1)

    def _run(self, coder: nn.Module, values: Tensor) -> Tensor:
        with torch.autocast(values.device.type, torch.bfloat16, enabled=self.half_while_training and self.training):
            return coder(values.transpose(1, 2)).float().transpose(1, 2)


def body_features(rotations: Rotations24) -> BodyFeatures:
    """6D rotations (Zhou et al., 2019) of the 22 body joints, the pelvis without its heading."""
    facing = torch.cat([without_heading(rotations[:, :1]), rotations[:, 1:BODY_JOINTS]], dim=1)
    return matrix_to_6d(facing)


class _Coder(nn.Module):
    """Channels in, blocks, another length, blocks, channels out. Learned marks tell the places apart."""

    def __init__(self, inputs: int, width: int, outputs: int, places: tuple[int, int], depth: int) -> None:
        super().__init__()
        self.start = nn.Conv1d(inputs, width, KERNEL, padding=KERNEL // 2)
        self.marks = nn.ParameterList(nn.Parameter(torch.randn(width, count) * 0.1) for count in places)
        self.before = nn.Sequential(*(_Block(width, DILATIONS[i % len(DILATIONS)]) for i in range(depth)))
        self.length = nn.Linear(*places)
        self.after = nn.Sequential(*(_Block(width, DILATIONS[i % len(DILATIONS)]) for i in range(depth)))
        self.end = nn.Conv1d(width, outputs, 1)

    def forward(self, values: Tensor) -> Features:
        at_start, at_end = self.marks
        seen = self.before(self.start(values) + at_start)
        return self.end(self.after(self.length(seen) + at_end))


class _Block(nn.Module):
    """x + conv₁(relu(conv₃(relu(x)))), the first one dilated; starts near the identity."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.wide = nn.Conv1d(width, width, KERNEL, padding=dilation * (KERNEL // 2), dilation=dilation)
        self.narrow = nn.Conv1d(width, width, 1)
        with torch.no_grad():
            self.narrow.weight.mul_(0.3)

    def forward(self, values: Features) -> Features:
        return values + self.narrow(torch.relu(self.wide(torch.relu(values))))
