"""OBJ out: the posed mesh of one frame with normals, written by trimesh; metres, y up, facing +z."""

from pathlib import Path

import chatpose
from chatpose.body.model import BodyModel
from chatpose.errors import InvalidPoseError
from chatpose.formats.clip import PoseClip
from chatpose.formats.glb import body_licence
from chatpose.formats.registry import WriteOptions

_DIGITS = 6  # micrometres


def write_obj(clip: PoseClip, path: Path, options: WriteOptions) -> None:
    """Writes one frame as a Wavefront .obj on `options.body`, the open body when that is None.

    Raises:
        InvalidPoseError: more than one frame.
    """
    if len(clip) != 1:
        raise InvalidPoseError(f"{len(clip)} frames for an OBJ", expected="one frame", fix="choose it with --frame N")
    body = BodyModel.open() if options.body is None else options.body
    path.write_text(clip_to_obj(clip, body), encoding="ascii")


def clip_to_obj(clip: PoseClip, body: BodyModel, *, name: str = "chatpose") -> str:
    """The text of a Wavefront .obj: vertices of the first frame in metres, smooth normals, one object.

    Args:
        clip: the frame to write.
        body: the body to put on; betas of another body's shape space are not used.
        name: name of the object.
    """
    import trimesh
    from trimesh.exchange.obj import export_obj

    posed = body(clip.pose_on(body)[0].to(body.data.v_template))
    mesh = trimesh.Trimesh(
        posed.vertices.cpu().numpy(), body.data.faces.cpu().numpy(), process=False, metadata={"name": name}
    )
    header = f"chatpose {chatpose.__version__}; metres, y up, facing +z; {body_licence(body)}"
    return export_obj(mesh, include_normals=True, include_color=False, digits=_DIGITS, header=header)
