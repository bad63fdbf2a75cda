"""The viewer component: a `gr.HTML` that runs ui/viewer in the browser, and the commands that drive it.

Any event of the page can have the component as an output and return `update(...)`:

    viewer = viewer_component()
    button.click(lambda: update(load("A", shown, body), highlight("A", ["left_elbow"])), outputs=viewer)
"""

import base64
import itertools
import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from chatpose.body.model import BodyModel
from chatpose.body.rotations import heading_angle
from chatpose.body.skeleton import SMPL
from chatpose.errors import unknown_name
from chatpose.formats.clip import PoseClip
from chatpose.formats.glb import clip_to_glb
from chatpose.page.session import Shown

MAX_SHOWN_FRAMES = 600
"""Frames that go to the browser at most; longer clips are thinned evenly, downloads keep all."""
VIEWS = ("front", "side", "back", "home")
LAYOUTS = ("split", "overlay")
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
    slot: str, shown: Shown, body: BodyModel, *, unseen: Sequence[str] = (), about: str = "", draft: bool = False
) -> Command:
    """Shows a clip in slot "A" or "B"; parts of a person that a photo doesn't show are hatched.

    Args:
        slot: "A" or "B".
        shown: the clip.
        body: that it is shown on.
        unseen: joints that nothing is said of, beside those that `shown` knows.
        about: what it is in words, for those who don't see it.
        draft: whether it is still being checked.
    """
    clip = shown.clip
    stride = shown_stride(len(clip))
    thinned = clip.select(every=stride)
    glb = base64.b64encode(clip_to_glb(thinned, body)).decode()
    meta: dict[str, Any] = {"title": shown.title, "frames": len(clip), "stride": stride, "fps": clip.fps}
    meta["unseen"] = shown.seen.unseen() if shown.seen else list(unseen)
    meta |= {"about": about, "draft": draft}
    return {"do": "load", "slot": slot, "glb": glb, "meta": meta | extent(thinned, body)}


def clear(slot: str) -> Command:
    """Empties a slot."""
    return {"do": "clear", "slot": slot}


def frame(number: int) -> Command:
    """Goes to a frame, counted in those that are shown."""
    return {"do": "frame", "frame": number}


def layout(name: str) -> Command:
    """Two bodies side by side ("split") or one in the other ("overlay").

    Raises:
        UnknownNameError: neither.
    """
    if name not in LAYOUTS:
        raise unknown_name("layout", name, LAYOUTS)
    return {"do": "layout", "layout": name}


def highlight(slot: str, joints: Sequence[str]) -> Command:
    """Tints the skin that moves with the named joints; no joints take the tint away.

    Raises:
        UnknownNameError: no such joint.
    """
    for name in joints:
        SMPL.index(name)
    return {"do": "highlight", "slot": slot, "joints": list(joints)}


def view(name: str) -> Command:
    """Looks from the front, the side, the back or as at the start ("home").

    Raises:
        UnknownNameError: none of these.
    """
    if name not in VIEWS:
        raise unknown_name("view", name, VIEWS)
    return {"do": "view", "name": name}


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
