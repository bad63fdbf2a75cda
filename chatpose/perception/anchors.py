"""Where the person detector's 2,254 boxes are anchored."""

import numpy as np

INPUT_SIZE = 224
"""Edge of the square picture that the detector takes."""
LAYERS = ((28, 2), (14, 2), (7, 6))
"""Cells along an edge and anchors a cell: strides 8 and 16 with two each, and three layers of stride 32 together."""


def anchor_centers() -> np.ndarray:
    """(2254, 2) float64, x and y of each anchor as parts of the picture's edge; all anchors have the size 1.

    Source: the settings of MediaPipe's pose detection graph (strides 8, 16, 32, 32, 32; one aspect ratio and one
    interpolated scale a layer; fixed anchor size), Bazarevsky et al., BlazePose, 2020.
    """
    layers = []
    for cells, anchors in LAYERS:
        middles = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(middles, middles, indexing="ij")
        layers.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), anchors, axis=0))
    return np.concatenate(layers)
