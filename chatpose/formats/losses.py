"""What a format can't keep of a clip, one sentence each; the ways in say it before the file is used."""

import torch

from chatpose.body.model import BodyModel
from chatpose.formats.clip import PoseClip
from chatpose.formats.registry import Format


def losses(clip: PoseClip, kind: Format, body: BodyModel) -> tuple[str, ...]:
    """What writing `clip` as `kind` on `body` leaves out; empty when it keeps everything."""
    if kind.name in ("npz", "json"):
        return ()
    if kind.name == "npy":
        return _rotations_only(clip)
    if kind.name == "glb":
        from chatpose.formats.glb import export_notes

        return export_notes(clip, body)
    return shape_losses(clip, body)


def shape_losses(clip: PoseClip, body: BodyModel) -> tuple[str, ...]:
    """What becomes of the clip's betas on a body of perhaps another shape space."""
    betas = clip.pose.betas
    if clip.shape_space == body.data.shape_space or not bool(betas.any()):
        return ()
    return (f"betas of the {clip.shape_space!r} body mean nothing on {body.data.name!r}: its mean shape is used",)


def _rotations_only(clip: PoseClip) -> tuple[str, ...]:
    lost = [name for name, values in (("translation", clip.pose.transl), ("shape", clip.pose.betas)) if values.any()]
    lost += ["frame rate"] if clip.fps else []
    return (f"npy holds rotations only: {', '.join(lost)} left out",) if lost else ()


def changing_betas(betas: torch.Tensor) -> bool:
    """Whether the shape differs between frames, (frames, 10)."""
    return bool((betas != betas[:1]).any())
