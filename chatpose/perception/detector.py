"""`Detector`: where the people in a picture are, roughly (BlazePose's first stage)."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from chatpose.perception.anchors import INPUT_SIZE, anchor_centers
from chatpose.perception.crops import Crop
from chatpose.perception.interpreter import Interpreter

MIN_SCORE = 0.5
"""MediaPipe's threshold of this detector."""
MAX_OVERLAP = 0.3
"""MediaPipe's threshold: boxes that overlap by more (intersection over union) are one person."""


@dataclass(frozen=True, eq=False)
class Detection:
    """One person.

    Attributes:
        score: 0 to 1.
        box: (4,) pixels: left, top, right, bottom of the face (MediaPipe's detector boxes the head, not the body).
        points: (4, 2) pixels: middle of the hips; a point on the circle about it that holds the whole body, above the
            head as the person stands; the same two for the upper body about the middle of the shoulders.
    """

    score: float
    box: np.ndarray
    points: np.ndarray


def detect(interpreter: Interpreter, photo: Image.Image, view: Crop, min_score: float = MIN_SCORE) -> list[Detection]:
    """Finds people in a square view of a photo, the surest first."""
    pixels = view.cut(photo, INPUT_SIZE, extend=False)
    raw, logits = interpreter.run(pixels.astype(np.float32) / 127.5 - 1)
    scores = sigmoid(logits[:, 0])
    found = scores >= min_score
    raw, scores, anchors = raw[found].astype(np.float64) / INPUT_SIZE, scores[found], anchor_centers()[found]
    middle, half = raw[:, :2] + anchors, raw[:, 2:4] / 2
    points = raw[:, 4:].reshape(-1, 4, 2) + anchors[:, None]
    boxes = np.concatenate([middle - half, middle + half], axis=1)
    merged = merge_boxes(boxes, points, scores)
    return [Detection(score, *_in_photo(view, box, points)) for score, box, points in merged]


def merge_boxes(
    boxes: np.ndarray, points: np.ndarray, scores: np.ndarray
) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """Makes one of boxes that overlap: means weighted by score, as BlazeFace does instead of dropping all but one.

    Source: Bazarevsky et al., BlazeFace, 2019, section 3.4.
    """
    left = np.argsort(-scores, kind="stable")
    merged = []
    while len(left):
        best = left[0]
        same = overlap(boxes[best], boxes[left]) > MAX_OVERLAP
        same[0] = True
        group = left[same]
        weights = scores[group] / scores[group].sum()
        merged.append((float(scores[best]), weights @ boxes[group], np.einsum("n,nkc->kc", weights, points[group])))
        left = left[~same]
    return merged


def overlap(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """(n,) intersection over union of a box (4,) with others (n, 4)."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)
    joined = areas + np.prod(np.clip(box[2:] - box[:2], 0, None)) - shared
    return np.where(joined > 0, shared / np.where(joined > 0, joined, 1), 0)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) in float64, without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(logits, np.float64)))


def _in_photo(view: Crop, box: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Box and points in the photo; of a turned view, the box about the turned box."""
    left, top, right, bottom = box
    corners = view.to_photo(np.array([[left, top], [right, top], [right, bottom], [left, bottom]]))
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)]), view.to_photo(points)
