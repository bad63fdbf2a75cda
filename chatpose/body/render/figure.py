"""`Figure`: one mesh to draw, with its colours."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from chatpose.body.model import BodyModel, PosedBody
from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL

Color = tuple[float, float, float]

CLAY: Color = (0.79, 0.745, 0.71)
LEFT: Color = (0.89, 0.63, 0.38)
RIGHT: Color = (0.43, 0.63, 0.78)
"""sRGB in 0 to 1: the mannequin, and the tints of its left and right limbs."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A mesh with colours.

    Attributes:
        vertices: (verts, 3) float32 metres, world, y up.
        faces: (faces, 3) int64, counter-clockwise from outside.
        colors: (verts, 3) float32 sRGB in 0 to 1.
    """

    vertices: np.ndarray
    faces: np.ndarray
    colors: np.ndarray

    @classmethod
    def of(cls, vertices: np.ndarray | torch.Tensor, faces: np.ndarray | torch.Tensor, color: Color = CLAY) -> "Figure":
        """A figure of one colour from any arrays or tensors."""
        points = np.asarray(torch.as_tensor(vertices).detach().cpu(), np.float32)
        triangles = np.asarray(torch.as_tensor(faces).detach().cpu(), np.int64)
        return cls(points, triangles, np.tile(np.asarray(color, np.float32), (len(points), 1)))

    def tinted(self, skinning_weights: np.ndarray | torch.Tensor) -> "Figure":
        """The figure with its left limbs in `LEFT` and its right limbs in `RIGHT`; the trunk keeps its colour.

        Args:
            skinning_weights: (verts, 24) weights of the SMPL joints.
        """
        weights = np.asarray(torch.as_tensor(skinning_weights).detach().cpu(), np.float32)
        colors = self.colors
        for side, tint in (("left_", LEFT), ("right_", RIGHT)):
            limb = [j for j, name in enumerate(SMPL.joint_names) if name.startswith(side) and "collar" not in name]
            share = weights[:, limb].sum(1, keepdims=True).clip(0, 1)
            colors = colors + share * (np.asarray(tint, np.float32) - colors)
        return Figure(self.vertices, self.faces, colors)


def figure_of_body(body: PosedBody, model: BodyModel, color: Color = CLAY, *, tint_sides: bool = False) -> Figure:
    """A figure of one posed body (no batch axes)."""
    figure = Figure.of(body.vertices, model.data.faces, color)
    return figure.tinted(model.data.weights) if tint_sides else figure


def figures_of_poses(
    model: BodyModel, poses: Pose, colors: Sequence[Color] | None = None, *, tint_sides: bool = False
) -> list[Figure]:
    """One figure for each pose of a batch with one axis; `colors` are taken in turn, clay when absent."""
    chosen = colors or (CLAY,)
    return [
        figure_of_body(model(poses[at]), model, chosen[at % len(chosen)], tint_sides=tint_sides)
        for at in range(len(poses))
    ]
