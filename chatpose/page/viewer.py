"""The viewer component: a `gr.HTML` that runs ui/viewer in the browser, and the commands that drive it.

Any event of the page can have the component as an output and return `update(...)`:

    viewer = viewer_component()
    button.click(lambda: update(load("A", shown, bodies)), outputs=viewer)

A clip goes to the browser as rotations and places of its frames, for a mesh that the browser has or fetches once; of
bodies whose surface depends on more than that, as a GLB of its own.
"""

import base64
import itertools
import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from chatpose.body.model import BodyModel
from chatpose.body.rotations import heading_angle, matrix_to_quaternion
from chatpose.formats.clip import PoseClip
from chatpose.formats.glb import clip_to_glb
from chatpose.page.bodies import Bodies
from chatpose.page.session import Shown

MAX_SHOWN_FRAMES = 600
"""Frames that go to the browser at most; longer clips are thinned evenly, downloads keep all."""
MOUNT = "/chatpose-ui"
"""Where the page serves the folder ui/."""

_MEASURED_FRAMES = 24
_ON_LOAD = f"""
(async () => {{
  const base = new URL("{MOUNT.lstrip("/")}/viewer/gradio.js", document.baseURI);
  const {{ connect }} = await import(base.href);
  const run = connect(element, props, trigger);
  watch('value', run);
}})();
// events that Python may listen to: 'picture', 'settled'
"""

Command = dict[str, Any]
Update = dict[str, Any]
_numbers = itertools.count()


def viewer_component(**options: Any) -> Any:
    """The component, for use inside `gr.Blocks`.

    Its event `picture` asks for pictures where there is no WebGL; `settled` says what is on screen once that has
    stayed the same for a moment.
    """
    import gradio as gr

    return gr.HTML(
        value=update(),
        html_template='<div class="cp-viewer"></div>',
        js_on_load=_ON_LOAD,
        apply_default_css=False,
        **options,
    )


def update(*commands: Command) -> Update:
    """A value for the component: commands that the browser runs once, in order."""
    return {"id": f"{secrets.token_hex(4)}-{next(_numbers)}", "commands": list(commands)}


def load(
    slot: str, shown: Shown, bodies: Bodies, *, unseen: Sequence[str] = (), about: str = "", draft: bool = False
) -> Command:
    """Shows a clip in slot "A" or "B"; parts of a person that a photo doesn't show are hatched.

    Args:
        slot: "A" or "B".
        shown: the clip.
        bodies: that it is shown on.
        unseen: joints that nothing is said of, beside those that `shown` knows.
        about: what it is in words, for those who don't see it.
        draft: whether it is still being checked.
    """
    clip, body = shown.clip, bodies.body
    stride = shown_stride(len(clip))
    thinned = clip.select(every=stride)
    meta: dict[str, Any] = {"title": shown.title, "frames": len(clip), "stride": stride, "fps": clip.fps}
    meta["unseen"] = shown.seen.unseen() if shown.seen else list(unseen)
    meta |= {"about": about, "draft": draft}
    return {"do": "load", "slot": slot, **_figure(thinned, bodies), "meta": meta | extent(thinned, body)}


def _figure(clip: PoseClip, bodies: Bodies) -> dict[str, str]:
    """The clip on the body: the address of a mesh with its motion, or a GLB with both."""
    betas = bodies.body.usable_betas(clip.pose.betas, clip.shape_space)[0]
    mesh = bodies.address(betas)
    if mesh is None:
        return {"glb": base64.b64encode(clip_to_glb(clip, bodies.body)).decode()}
    return {"mesh": mesh, "motion": base64.b64encode(motion(clip, bodies.body.rest_joints(betas)[0])).decode()}


def motion(clip: PoseClip, rest_pelvis: torch.Tensor) -> bytes:
    """What moves a skinned mesh: little-endian float32, 99 a frame.

    Args:
        clip: the frames.
        rest_pelvis: (3,) where the mesh's pelvis is at rest, metres.

    Returns:
        For each frame the pelvis's place, metres, then the 24 local rotations as unit quaternions x, y, z, w, in the
        order of the skeleton.
    """
    places = rest_pelvis.cpu() + clip.pose.transl.cpu()
    quats = matrix_to_quaternion(clip.pose.local_rotations.cpu().double())[..., [1, 2, 3, 0]]
    numbers = torch.cat([places.double(), quats.flatten(1)], dim=1)
    return numbers.numpy().astype("<f4").tobytes()


def clear(slot: str) -> Command:
    """Empties a slot."""
    return {"do": "clear", "slot": slot}


def frame(number: int) -> Command:
    """Goes to a frame, counted in those that are shown."""
    return {"do": "frame", "frame": number}


def picture(slot: str, png: bytes) -> Command:
    """A picture for browsers without WebGL; others ignore it."""
    return {"do": "picture", "slot": slot, "png": base64.b64encode(png).decode()}


def photo(source: str, words: str) -> Command:
    """A picture of the body in its photo, that can be looked at instead of the 3D view; none for no source."""
    return {"do": "photo", "source": source, "words": words}


def shown_stride(frames: int) -> int:
    """Every how many frames one is shown."""
    return -(-frames // MAX_SHOWN_FRAMES)


def extent(clip: PoseClip, body: BodyModel) -> dict[str, float]:
    """What the viewer needs to place a clip.

    Returns:
        floor: y of the lowest point, metres. height: from there to the highest. reach: farthest that anything gets
        from the pelvis along the floor. heading: of the first frame, radians.
    """
    betas = body.usable_betas(clip.pose.betas, clip.shape_space)[:1]  # as in the GLB
    pose = clip.pose.replace(betas=betas.expand_as(clip.pose.betas))
    heights = body.joints(pose)[..., 1]
    even = np.linspace(0, len(clip) - 1, min(len(clip), _MEASURED_FRAMES)).round().astype(int)
    extremes = [int(heights.amin(-1).argmin()), int(heights.amax(-1).argmax())]
    posed = body(pose[np.unique([*even, *extremes])])
    floor = float(posed.vertices[..., 1].min())
    flat = (posed.vertices - posed.joints[..., :1, :])[..., [0, 2]]
    return {
        "floor": floor,
        "height": float(posed.vertices[..., 1].max()) - floor,
        "reach": float(torch.linalg.vector_norm(flat, dim=-1).max()),
        "heading": heading_of(clip),
    }


def heading_of(clip: PoseClip) -> float:
    """Heading of the first frame, radians: the viewer turns every clip to face the camera at its start."""
    return float(heading_angle(clip.pose.global_orient[0]))
