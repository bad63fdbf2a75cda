"""ChatPose's way (Feng et al., CVPR 2024): the hidden state of one token becomes a pose.

The token is `<pose>`, the state that of the last layer at its place, where the token itself has been read.
"""

from torch import Tensor, nn

from chatpose.body.rotations import rotation_6d_to_matrix
from chatpose.body.skeleton import SMPL
from chatpose.shapes import Rotations24


class RegressionHead(nn.Module):
    """Hidden states to 24 rotations in 6D; at first every pose is the T-pose.

    Args:
        width: of the hidden states.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, width)
        self.out = nn.Linear(width, 6 * len(SMPL))
        nn.init.normal_(self.out.weight, std=1e-3)
        identity = self.out.bias.new_tensor([1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
        self.out.bias.data.copy_(identity.repeat(len(SMPL)))

    def forward(self, states: Tensor) -> Rotations24:
        """(…, 24, 3, 3) local rotations, float32, of (…, width) hidden states."""
        states = self.norm(states.to(self.norm.weight))
        told = self.out(nn.functional.gelu(self.hidden(states)))
        return rotation_6d_to_matrix(told.unflatten(-1, (len(SMPL), 6)))
