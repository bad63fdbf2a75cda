"""Skinned meshes that browsers fetch once: one a body shape, under an address that always means the same bytes.

What changes from pose to pose is then 24 rotations and a place a frame. That is the whole picture only of bodies whose
surface depends on nothing else; those with pose-dependent corrections are sent whole (`chatpose.page.viewer`).
"""

import hashlib
import threading
from collections import OrderedDict
from typing import Any

import torch

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.formats.clip import PoseClip
from chatpose.formats.glb import clip_to_glb
from chatpose.shapes import Betas

KEPT_SHAPES = 32
"""Meshes that may still be fetched, about a megabyte each; the least recently shown go first."""
_ADDRESS_CHARS = 32
_FOREVER = {"cache-control": "private, max-age=31536000, immutable"}


class Bodies:
    """Meshes of a body in the shapes that are on screens. Safe to share between threads.

    Args:
        body: whose they are.
    """

    def __init__(self, body: BodyModel) -> None:
        self.body = body
        self._addresses: OrderedDict[bytes, str] = OrderedDict()
        self._contents: dict[str, bytes] = {}
        self._turn = threading.Lock()

    def address(self, betas: Betas) -> str | None:
        """Where the mesh of a shape is, a hash of its bytes; None where the mesh alone doesn't do.

        Args:
            betas: (10,) that mean something on this body.
        """
        if self.body.data.posedirs is not None:
            return None
        key = betas.to("cpu", torch.float32).numpy().tobytes()
        with self._turn:
            address = self._addresses.get(key) or self._make(key, betas)
            self._addresses.move_to_end(key)
            return address

    def content(self, address: str) -> bytes | None:
        """The mesh in its T-pose, GLB; None for an address that wasn't given, or long ago."""
        return self._contents.get(address)

    def _make(self, key: bytes, betas: Betas) -> str:
        rest = Pose.identity((1,)).replace(betas=betas.to("cpu", torch.float32)[None])
        content = clip_to_glb(PoseClip(rest, shape_space=self.body.data.shape_space), self.body)
        address = hashlib.sha256(content).hexdigest()[:_ADDRESS_CHARS]
        self._addresses[key], self._contents[address] = address, content
        if len(self._addresses) > KEPT_SHAPES:
            _, old = self._addresses.popitem(last=False)
            self._contents.pop(old, None)
        return address


def body_route(bodies: Bodies, mount: str) -> Any:
    """The route that serves them; the mean shape is there from the start, for pages that are open from before."""
    from starlette.responses import Response
    from starlette.routing import Route

    bodies.address(bodies.body.data.v_template.new_zeros(bodies.body.data.shapedirs.shape[-1]))

    async def mesh(request: Any) -> Response:
        content = bodies.content(request.path_params["address"])
        if content is None:
            return Response("no such body", 404, media_type="text/plain")
        return Response(content, media_type="model/gltf-binary", headers=_FOREVER)

    return Route(f"{mount}/bodies/{{address}}.glb", mesh)
