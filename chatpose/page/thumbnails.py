"""Small pictures of poses that searches found: drawn beside the requests, kept within bounds, fetched by token.

A token is a keyed hash of the pose, so nobody can ask for a picture that the server didn't offer, and the same pose is
drawn once for everybody. Poses of a visitor's conversation have tokens of that conversation only, and are forgotten
with it.
"""

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO

import numpy as np
import torch

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.render.figure import figure_of_body
from chatpose.body.render.picture import Look, render
from chatpose.body.rotations import about_axis, heading_angle

THUMBNAIL_PX = 208
"""Twice the edge that they are shown with on most screens."""
KEPT_BYTES = 16 * 2**20
"""Of drawn pictures, about 5,000."""
KEPT_POSES = 4096
"""Poses that may still be asked for; about a kilobyte each."""
WAITING = 256
"""Pictures that may wait to be drawn before they are asked for."""

_CAMERA = "20,8,28"
_SKIN = (0.87, 0.795, 0.735)  # as the viewer's body A comes out
_QUALITY = 82
_TOKEN_BYTES = 16
_BLACK = Look(top=(0, 0, 0), bottom=(0, 0, 0), samples=2)
_WHITE = Look(top=(1, 1, 1), bottom=(1, 1, 1), samples=2)


class Thumbnails:
    """Pictures of poses. Safe to share between threads.

    Args:
        body: that is drawn.
        kept_bytes: of pictures, the least recently asked for go first.
        kept_poses: that can be drawn again, likewise.
    """

    def __init__(self, body: BodyModel, *, kept_bytes: int = KEPT_BYTES, kept_poses: int = KEPT_POSES) -> None:
        self._body = body
        self._kept_bytes, self._kept_poses = kept_bytes, kept_poses
        self._secret = secrets.token_bytes(32)
        self._poses: OrderedDict[str, Pose] = OrderedDict()
        self._drawn: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._drawing: dict[str, Future[bytes]] = {}
        self._owned: dict[str, set[str]] = {}
        self._turn = threading.Lock()
        self._pool = ThreadPoolExecutor(1, "thumbnails")  # one: pictures must not take the core that answers

    def offer(self, pose: Pose, owner: str = "") -> str:
        """The token of a pose without batch axes; its picture is begun.

        Args:
            pose: to draw.
            owner: names the conversation that the pose is of; nobody else's poses have the same token.
        """
        token = self._token(pose, owner)
        with self._turn:
            if owner:
                self._owned.setdefault(owner, set()).add(token)
            self._poses[token] = pose
            self._poses.move_to_end(token)
            while len(self._poses) > self._kept_poses:
                self._poses.popitem(last=False)
            if token not in self._drawn and len(self._drawing) < WAITING:
                self._begin(token, pose)
        return token

    def picture(self, token: str) -> "Future[bytes] | None":
        """The picture, WebP, now or soon; None for a token that wasn't given or is long forgotten."""
        with self._turn:
            if (drawn := self._drawn.get(token)) is not None:
                self._drawn.move_to_end(token)
                ready: Future[bytes] = Future()
                ready.set_result(drawn)
                return ready
            pose = self._poses.get(token)
            return None if pose is None else self._begin(token, pose)

    def forget(self, owner: str) -> None:
        """Forgets the poses and pictures of a conversation."""
        with self._turn:
            for token in self._owned.pop(owner, ()):
                self._poses.pop(token, None)
                self._bytes -= len(self._drawn.pop(token, b""))

    def close(self) -> None:
        """Draws no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, token: str, pose: Pose) -> "Future[bytes]":
        if token not in self._drawing:
            self._drawing[token] = self._pool.submit(self._draw, token, pose)
        return self._drawing[token]

    def _draw(self, token: str, pose: Pose) -> bytes:
        picture = b""
        try:
            picture = draw(self._body, pose)
        finally:
            with self._turn:
                self._drawing.pop(token, None)
                if picture and token in self._poses:
                    self._keep(token, picture)
        return picture

    def _keep(self, token: str, picture: bytes) -> None:
        self._drawn[token] = picture
        self._bytes += len(picture)
        while self._bytes > self._kept_bytes:
            self._bytes -= len(self._drawn.popitem(last=False)[1])

    def _token(self, pose: Pose, owner: str) -> str:
        numbers = torch.cat([pose.local_rotations.flatten(), pose.betas.flatten()]).to(torch.float32).numpy()
        return hmac.new(self._secret, owner.encode() + numbers.tobytes(), hashlib.sha256).hexdigest()[
            : 2 * _TOKEN_BYTES
        ]


def draw(body: BodyModel, pose: Pose, size: int = THUMBNAIL_PX) -> bytes:
    """One pose, without batch axes, from the front, see-through around the body and its shadow.

    Returns:
        WebP, so that the same picture goes with a light and a dark page.
    """
    from PIL import Image

    with torch.no_grad():
        figure = figure_of_body(body(facing_front(pose)), body, _SKIN)
    dark, light = (render(figure, _CAMERA, size, look=look).astype(np.float32) for look in (_BLACK, _WHITE))
    # What lies over both alike is opaque; what lets the ground through differs by as much as it lets through.
    alpha = 255 - (light - dark).mean(-1, keepdims=True)
    color = dark * 255 / np.maximum(alpha, 1)
    pixels = np.concatenate([color, alpha], axis=-1)
    out = BytesIO()
    Image.fromarray(np.clip(pixels + 0.5, 0, 255).astype(np.uint8)).save(out, "WEBP", quality=_QUALITY)
    return out.getvalue()


def facing_front(pose: Pose) -> Pose:
    """The pose with heading 0, whichever way it faces; no batch axes."""
    turn = about_axis("y", -heading_angle(pose.global_orient))
    return pose.replace(global_orient=turn @ pose.global_orient)
