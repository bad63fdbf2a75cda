"""What every way of putting poses into tokens offers, so that one table can compare them."""

from typing import Protocol

from torch import Tensor

from chatpose.body.pose import Pose


class PoseCodec(Protocol):
    """A codec at one number of tokens. Headings may be anything: figures leave them out."""

    @property
    def name(self) -> str:
        """A row of the table."""
        ...

    @property
    def tokens(self) -> int:
        """Tokens a pose, the heading's not counted."""
        ...

    @property
    def codes(self) -> int:
        """Choices a token."""
        ...

    def encode(self, pose: Pose) -> Tensor:
        """(N, tokens) int64 of N poses."""
        ...

    def decode(self, tokens: Tensor) -> Pose:
        """N poses, facing +z."""
        ...
