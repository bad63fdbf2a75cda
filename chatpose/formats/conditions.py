"""What image generators take as condition: OpenPose keypoints, as JSON and as the coloured skeleton; depth; normals.

All are taken from the same framed camera as the PNG picture of the same frame and size, so they lie on each other
pixel by pixel.
"""

import colorsys
import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw

from chatpose.body.keypoints import keypoint_set, keypoints
from chatpose.body.model import BodyModel, PosedBody
from chatpose.body.render import Camera, rasterize
from chatpose.body.render.shading import vertex_normals
from chatpose.body.skeleton import SMPL
from chatpose.errors import InvalidPoseError
from chatpose.formats.clip import PoseClip
from chatpose.formats.picture import options_model, picture_size, pose_frame, save_png
from chatpose.formats.registry import WriteOptions

OPENPOSE = "openpose18"
"""OpenPose's COCO layout, which image generators were trained with (BODY_25 has more points in another order)."""

JSON_FRAMES_MOST = 10_000
FARTHEST_GREY = 64
NORMAL_BACKGROUND = (128, 128, 255)

_FACE = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")
_HEAD_JOINTS = ("neck", "head")
_HEAD_TOLERANCE = 0.03  # metres that a point of the face may lie under the head's surface and still be seen
_HEAD_SIZE = 512  # pixels of the depth picture that decides it
_LIMB_WIDTH, _JOINT_RADIUS = 4 / 512, 4 / 512  # of the picture's edge: half a limb's width, and a joint's radius
_LIMB_BRIGHTNESS = 0.6
_OVERSAMPLING = 4


class Keypoints2d(NamedTuple):
    """Keypoints in a picture: `pixels` (points, 2), x right and y down, and `seen` (points,) bool."""

    pixels: np.ndarray
    seen: np.ndarray


def write_openpose_json(clip: PoseClip, path: Path, options: WriteOptions) -> None:
    """Writes OpenPose's JSON, version 1.3, with 18 keypoints in pixels and the canvas that they lie on.

    One frame gives one object, several a list of objects, all seen by one camera that doesn't move. Points of the face
    that the head hides have confidence 0 and lie at 0, 0, as OpenPose writes what it doesn't find; all others have 1.

    Raises:
        InvalidPoseError: more than `JSON_FRAMES_MOST` frames.
        UnknownNameError: no such camera.
    """
    if len(clip) > JSON_FRAMES_MOST:
        raise InvalidPoseError(
            f"{len(clip)} frames", expected=f"at most {JSON_FRAMES_MOST}", fix="thin them out with --every N"
        )
    size = picture_size(options)
    model = options_model(options)
    camera = _camera_of_clip(clip, model, options)
    frames = []
    for frame in range(len(clip)):
        found = openpose_keypoints(pose_frame(clip, model, frame), model, camera, size)
        frames.append(_openpose_frame(found, size))
    path.write_text(json.dumps(frames[0] if len(frames) == 1 else frames), encoding="utf-8")


def write_openpose_png(clip: PoseClip, path: Path, options: WriteOptions) -> None:
    """Writes the coloured skeleton on black that ControlNet's OpenPose models take (first frame).

    Raises:
        UnknownNameError: no such camera.
    """
    size = picture_size(options)
    model = options_model(options)
    body = pose_frame(clip, model, 0)
    found = openpose_keypoints(body, model, _camera_of_body(body, options), size)
    save_png(draw_openpose(found, size), path)


def write_depth_png(clip: PoseClip, path: Path, options: WriteOptions) -> None:
    """Writes relative nearness as 8-bit grey, near white, background black (first frame).

    As MiDaS and ControlNet's depth models have it, grey is linear in 1 / depth. The nearest point is 255 and the
    farthest `FARTHEST_GREY`, so that the body stands off the background. No anti-aliasing: no grey is a mix of two.

    Raises:
        UnknownNameError: no such camera.
    """
    size = picture_size(options)
    model = options_model(options)
    body = pose_frame(clip, model, 0)
    depth = rasterize(_numpy(body.vertices), _numpy(model.data.faces), _camera_of_body(body, options), size).depth
    save_png(depth_to_grey(depth), path)


def write_normal_png(clip: PoseClip, path: Path, options: WriteOptions) -> None:
    """Writes surface normals in camera axes as colours (first frame).

    The convention of ControlNet 1.1's normal model (trained on Bae et al., surface normal uncertainty, ICCV 2021, as
    drawn for NYUv2 and ScanNet): red is the picture's *left*, green is up, blue is towards the viewer, each
    (n + 1) / 2. The background is `NORMAL_BACKGROUND`, a wall that faces the viewer. No anti-aliasing.

    Raises:
        UnknownNameError: no such camera.
    """
    size = picture_size(options)
    model = options_model(options)
    body = pose_frame(clip, model, 0)
    save_png(normal_picture(body, model, _camera_of_body(body, options), size), path)


def openpose_keypoints(body: PosedBody, model: BodyModel, camera: Camera, size: int) -> Keypoints2d:
    """The 18 keypoints of one body in a picture; points of the face are unseen where the head hides them.

    Args:
        body: one body, no batch axes.
        model: the model that posed it.
        camera: a framed camera.
        size: edge of the picture, pixels.
    """
    points = _numpy(keypoints(body, model, OPENPOSE))
    pixels, _ = camera.project(points, size)
    seen = np.ones(len(points), bool)
    face = [keypoint_set(OPENPOSE).names.index(name) for name in _FACE]
    seen[face] = _seen_past_head(points[face], body, model, camera)
    return Keypoints2d(pixels, seen)


def draw_openpose(found: Keypoints2d, size: int) -> np.ndarray:
    """The skeleton picture, (size, size, 3) uint8: limbs as ellipses of 60 % brightness, then joints as discs.

    Colours are a rainbow in steps of 20° of hue, in the order of limbs and of joints.
    """
    full = size * _OVERSAMPLING
    canvas = Image.new("RGB", (full, full))
    draw = ImageDraw.Draw(canvas)
    pixels = found.pixels * _OVERSAMPLING
    kind = keypoint_set(OPENPOSE)
    for limb, (start, end) in enumerate(kind.edges):
        if found.seen[start] and found.seen[end]:
            outline = _ellipse(pixels[start], pixels[end], _LIMB_WIDTH * full)
            draw.polygon(outline, fill=_rainbow(limb, _LIMB_BRIGHTNESS))
    radius = _JOINT_RADIUS * full
    for joint in np.flatnonzero(found.seen).tolist():
        x, y = pixels[joint].tolist()
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_rainbow(joint, 1.0))
    return np.asarray(canvas.reduce(_OVERSAMPLING))


def depth_to_grey(depth: np.ndarray) -> np.ndarray:
    """Depths in metres, infinite where nothing is, to uint8 nearness; see `write_depth_png`."""
    seen = np.isfinite(depth)
    grey = np.zeros(depth.shape, np.uint8)
    if seen.any():
        nearness = 1 / depth[seen]
        span = max(float(nearness.max() - nearness.min()), 1e-9)
        share = 1 - (nearness.max() - nearness) / span
        grey[seen] = np.rint(FARTHEST_GREY + share * (255 - FARTHEST_GREY)).astype(np.uint8)
    return grey


def normal_picture(body: PosedBody, model: BodyModel, camera: Camera, size: int) -> np.ndarray:
    """Normals as colours, (size, size, 3) uint8; see `write_normal_png`."""
    vertices, faces = _numpy(body.vertices), _numpy(model.data.faces)
    buffers = rasterize(vertices, faces, camera, size)
    normals = buffers.interpolate(vertex_normals(vertices, faces) @ camera.axes.T, faces)
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    normals = normals / np.maximum(length, 1e-9) * np.array([-1, 1, 1])
    colors = np.rint((normals + 1) / 2 * 255).astype(np.uint8)
    colors[~buffers.mask] = NORMAL_BACKGROUND
    return colors


def _camera_of_body(body: PosedBody, options: WriteOptions) -> Camera:
    return Camera.from_name(options.camera).framing(_numpy(body.vertices))


def _camera_of_clip(clip: PoseClip, model: BodyModel, options: WriteOptions) -> Camera:
    """One camera that shows all frames."""
    camera = Camera.from_name(options.camera)
    extents = [camera.extents(_numpy(pose_frame(clip, model, frame).vertices)) for frame in range(len(clip))]
    return camera.framing_extents(np.max(extents, axis=0))


def _seen_past_head(points: np.ndarray, body: PosedBody, model: BodyModel, camera: Camera) -> np.ndarray:
    """Which points (n, 3) the head's own surface doesn't hide; hands and arms are no obstacle."""
    weights = _numpy(model.data.weights)
    of_head = weights[:, [SMPL.index(name) for name in _HEAD_JOINTS]].sum(1) > 0.5
    faces = _numpy(model.data.faces)
    head_faces = faces[of_head[faces].all(1)]
    depth_of_head = rasterize(_numpy(body.vertices), head_faces, camera, _HEAD_SIZE).depth
    pixels, depth = camera.project(points, _HEAD_SIZE)
    column, row = np.clip(pixels.astype(np.int64), 0, _HEAD_SIZE - 1).T
    return depth <= depth_of_head[row, column] + _HEAD_TOLERANCE


def _openpose_frame(found: Keypoints2d, size: int) -> dict[str, object]:
    pixels = np.where(found.seen[:, None], np.round(found.pixels, 3), 0)
    triples = np.concatenate([pixels, found.seen[:, None]], axis=1)
    none: list[float] = []
    person = {
        "person_id": [-1],
        "pose_keypoints_2d": triples.ravel().tolist(),
        "face_keypoints_2d": none,
        "hand_left_keypoints_2d": none,
        "hand_right_keypoints_2d": none,
        "pose_keypoints_3d": none,
        "face_keypoints_3d": none,
        "hand_left_keypoints_3d": none,
        "hand_right_keypoints_3d": none,
    }
    return {"version": 1.3, "people": [person], "canvas_width": size, "canvas_height": size}


def _ellipse(start: np.ndarray, end: np.ndarray, half_width: float, corners: int = 72) -> list[tuple[float, float]]:
    """Outline of an ellipse whose long axis runs from one point to the other."""
    middle, along = (start + end) / 2, (end - start) / 2
    length = math.hypot(*along.tolist())
    across = np.array([-along[1], along[0]]) * (half_width / length if length > 1e-6 else 0.0)
    turn = np.linspace(0, 2 * math.pi, corners, endpoint=False)[:, None]
    return [(x, y) for x, y in (middle + np.cos(turn) * along + np.sin(turn) * across).tolist()]


def _rainbow(step: int, brightness: float) -> tuple[int, int, int]:
    red, green, blue = (int(255 * channel * brightness) for channel in colorsys.hsv_to_rgb(step / 18, 1, 1))
    return red, green, blue


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
