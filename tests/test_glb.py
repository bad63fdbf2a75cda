import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT, random_rotations
from glb_reader import Glb
from hypothesis import given, settings
from hypothesis import strategies as st

import chatpose
from chatpose.body.model import BodyData, BodyModel
from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL
from chatpose.body.skinning import linear_blend_skinning
from chatpose.formats.clip import PoseClip
from chatpose.formats.glb import CLAY, clip_to_glb, export_notes, write_glb
from chatpose.formats.gltf_buffer import BufferBuilder
from chatpose.formats.gltf_skin import largest_weights, truncation_error
from chatpose.formats.registry import WriteOptions, save

TOLERANCE_M = 1e-4
VALIDATOR = ROOT / "tests" / "gltf_validator.mjs"


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return BodyModel.open()


def make_clip(frames: int, *, max_angle_rad: float = 1.0, seed: int = 0, **fields) -> PoseClip:
    """Unrelated random poses of one shape."""
    generator = torch.Generator().manual_seed(seed)
    betas = torch.randn(10, generator=generator).expand(frames, 10)
    transl = torch.randn(frames, 3, generator=generator)
    rotations = random_rotations(frames, 24, max_angle_rad=max_angle_rad, seed=seed)
    return PoseClip(Pose.from_rotations(rotations, betas=betas, transl=transl), **fields)


def spinning_clip(frames: int, **fields) -> PoseClip:
    """Two full turns of the body and of an arm: quaternions must change sign somewhere on the way."""
    angle = torch.linspace(0, 4 * torch.pi, frames)
    axis_angle = torch.zeros(frames, 24, 3)
    axis_angle[:, 0, 1] = angle
    axis_angle[:, SMPL.index("left_shoulder"), 2] = -angle
    pose = Pose.from_axis_angle(axis_angle[:, 0], axis_angle[:, 1:].flatten(1))
    return PoseClip(pose.replace(transl=torch.stack([angle / 10, angle.sin(), angle.cos()], dim=-1)), **fields)


def tube_body(*, posedirs: bool, shape_space: str = "smpl") -> BodyModel:
    """A small procedural body: a ring of vertices about each joint, weights from distance, maybe correctives."""
    generator = torch.Generator().manual_seed(3)
    shipped = BodyModel.open()
    joints = shipped.rest_joints(torch.zeros(10))
    angle = torch.arange(8) * (torch.pi / 4)
    ring = 0.05 * torch.stack([angle.cos(), torch.zeros(8), angle.sin()], dim=-1)
    vertices = (joints[:, None] + ring).flatten(0, 1)
    weights = torch.softmax(-20 * torch.cdist(vertices, joints), dim=-1)
    around = torch.arange(8)
    quads = [torch.stack([8 * j + around, 8 * j + (around + 1) % 8, 8 * (j + 1) + around], -1) for j in range(23)]
    data = BodyData(
        name="tube",
        shape_space=shape_space,
        gender="neutral",
        v_template=vertices,
        shapedirs=0.01 * torch.randn(len(vertices), 3, 10, generator=generator),
        posedirs=0.01 * torch.randn(207, len(vertices) * 3, generator=generator) if posedirs else None,
        J_regressor=torch.eye(24).repeat_interleave(8, dim=1) / 8,
        weights=weights,
        faces=torch.cat(quads),
        landmarks={},
    )
    return BodyModel(data, linear_blend_skinning)


# --- the container ---------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["u1", "u2", "u4", "f4"]), st.sampled_from([(), (3,), (4,)])), max_size=5))
def test_buffer_returns_what_was_added(kinds):
    rng = np.random.default_rng(len(kinds))
    arrays = [rng.integers(0, 200, (7, *element)).astype(component) for component, element in kinds]
    arrays.append(rng.random((2, 4, 4), dtype=np.float32))
    builder = BufferBuilder()
    indices = [builder.add(array, bounds=True) for array in arrays]
    content = builder.to_glb({"asset": {"version": "2.0"}, "nodes": [], "skins": [0], "meshes": [{"primitives": [0]}]})
    glb = Glb(content)
    for index, array in zip(indices[:-1], arrays[:-1], strict=True):
        assert np.array_equal(glb.accessor(index), array)
    # Column order in the file.
    assert np.array_equal(glb.accessor(indices[-1]).reshape(2, 4, 4).transpose(0, 2, 1), arrays[-1])
    for index, view in enumerate(glb.document["bufferViews"]):
        assert view["byteOffset"] % 4 == 0
        values = glb.accessor(index).reshape(len(glb.accessor(index)), -1)
        assert glb.document["accessors"][index]["min"] == values.min(0).tolist()
        assert glb.document["accessors"][index]["max"] == values.max(0).tolist()


@pytest.mark.parametrize("array", [np.zeros((2, 5), np.float32), np.zeros((2, 3), np.float64), np.zeros((0, 3), "f4")])
def test_buffer_refuses_what_gltf_has_not(array):
    with pytest.raises(ValueError, match="glTF has no accessor"):
        BufferBuilder().add(array)


def test_document_with_nan_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        BufferBuilder().to_glb({"nodes": [{"translation": [float("nan"), 0, 0]}]})


# --- the body in the file --------------------------------------------------------------------------------------------


def test_one_pose_skins_to_the_body(body):
    clip = make_clip(1)
    glb = Glb(clip_to_glb(clip, body))
    assert "animations" not in glb.document
    assert np.abs(glb.vertices() - body(clip.pose[0]).vertices.numpy()).max() < TOLERANCE_M


@pytest.mark.parametrize("max_angle_rad", [0.5, 3.14])
def test_every_frame_skins_to_the_body(body, max_angle_rad):
    clip = make_clip(4, max_angle_rad=max_angle_rad, fps=25)
    glb = Glb(clip_to_glb(clip, body))
    expected = body(clip.pose).vertices.numpy()
    assert glb.frame_count == 4
    for frame in range(4):
        assert np.abs(glb.vertices(frame) - expected[frame]).max() < TOLERANCE_M
    assert np.abs(glb.vertices() - expected[0]).max() < TOLERANCE_M, "nodes stand in the first frame"


def test_bind_pose_is_the_t_pose_of_the_shape(body):
    clip = make_clip(1)
    glb = Glb(clip_to_glb(clip, body))
    rest = body(Pose.identity().replace(betas=clip.pose.betas[0]))
    assert np.abs(glb.attribute("POSITION") - rest.vertices.numpy()).max() < 1e-5
    inverse_bind = glb.accessor(glb.skin["inverseBindMatrices"]).reshape(24, 4, 4).transpose(0, 2, 1)
    assert np.array_equal(inverse_bind[:, :3, :3], np.tile(np.eye(3), (24, 1, 1)))
    assert np.abs(inverse_bind[:, :3, 3] + rest.joints.numpy()).max() < 1e-5


def test_skeleton_is_smpl_under_one_armature(body):
    glb = Glb(clip_to_glb(make_clip(1), body, name="ann"))
    assert [glb.nodes[joint]["name"] for joint in glb.skin["joints"]] == list(SMPL.joint_names)
    parent_of = {child: index for index, node in enumerate(glb.nodes) for child in node.get("children", [])}
    for joint, parent in enumerate(SMPL.parents):
        above = glb.nodes[parent_of[glb.skin["joints"][joint]]]["name"]
        assert above == ("ann_armature" if parent < 0 else SMPL.joint_names[parent])
    mesh_node, armature = (glb.nodes[index] for index in glb.document["scenes"][0]["nodes"])
    assert mesh_node == {"name": "ann_mesh", "mesh": 0, "skin": 0}
    assert armature["name"] == "ann_armature"


def test_material_is_clay(body):
    glb = Glb(clip_to_glb(make_clip(1), body, color=(0.1, 0.2, 0.3)))
    (material,) = glb.document["materials"]
    assert material["doubleSided"] is False
    assert material["pbrMetallicRoughness"] == {
        "baseColorFactor": [0.1, 0.2, 0.3, 1.0],
        "metallicFactor": 0.0,
        "roughnessFactor": 0.7,
    }


def test_clay_is_the_clay_of_the_pictures():
    from chatpose.body.render import figure

    linear = ((np.array(figure.CLAY) + 0.055) / 1.055) ** 2.4  # IEC 61966-2-1
    assert np.abs(linear - CLAY).max() < 1e-3


def test_asset_names_generator_and_licence(body):
    asset = Glb(clip_to_glb(make_clip(1), body)).document["asset"]
    assert asset["generator"] == asset["extras"]["generator"] == f"chatpose {chatpose.__version__}"
    assert "CC0" in asset["extras"]["body_licence"]
    assert "notes" not in asset["extras"]
    licensed = Glb(clip_to_glb(make_clip(1), tube_body(posedirs=False))).document["asset"]
    assert "licence governs this mesh" in licensed["extras"]["body_licence"]


def test_normals_are_unit_and_point_outwards(body):
    glb = Glb(clip_to_glb(make_clip(1), body))
    normals, positions = glb.attribute("NORMAL"), glb.attribute("POSITION")
    assert np.abs(np.linalg.norm(normals, axis=1) - 1).max() < 1e-5
    corners = positions[body.data.faces.numpy()]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    agree = (flat[:, None] * normals[body.data.faces.numpy()]).sum(-1) > 0
    assert agree.mean() > 0.98


def test_a_vertex_without_a_face_has_a_unit_normal():
    tube = tube_body(posedirs=False)
    loose = BodyModel(BodyData(**(vars(tube.data) | {"faces": tube.data.faces[8:]})), linear_blend_skinning)
    normals = Glb(clip_to_glb(make_clip(1), loose)).attribute("NORMAL")
    assert np.abs(np.linalg.norm(normals, axis=1) - 1).max() < 1e-5


# --- weights ---------------------------------------------------------------------------------------------------------


def test_weights_sum_to_one_and_name_no_joint_twice(body):
    glb = Glb(clip_to_glb(make_clip(1), body))
    sets = sum(name.startswith("JOINTS_") for name in glb.primitive["attributes"])
    joints = np.concatenate([glb.attribute(f"JOINTS_{number}") for number in range(sets)], axis=1)
    weights = np.concatenate([glb.attribute(f"WEIGHTS_{number}") for number in range(sets)], axis=1)
    assert np.abs(weights.sum(1) - 1).max() < 1e-6
    assert (np.diff(weights, axis=1) <= 0).all(), "largest first: readers of one set get the best four"
    assert (joints[weights == 0] == 0).all()
    for vertex_joints, vertex_weights in zip(joints, weights, strict=True):
        used = vertex_joints[vertex_weights > 0]
        assert len(set(used)) == len(used)


def test_second_set_only_where_four_weights_show(body):
    influences = int((body.data.weights > 0).sum(1).max())
    glb = Glb(clip_to_glb(make_clip(1), body))
    extras = glb.document["asset"]["extras"]
    assert ("JOINTS_1" in glb.primitive["attributes"]) == (extras["four_weight_error_mm"] > 1)
    assert extras["weights_per_vertex"] == (8 if extras["four_weight_error_mm"] > 1 else 4)
    if influences <= 4:
        assert extras["four_weight_error_mm"] == 0
    many = Glb(clip_to_glb(make_clip(1), tube_body(posedirs=False)))
    assert many.document["asset"]["extras"]["weights_per_vertex"] == 8


def test_truncation_error_is_the_distance_of_the_vertices():
    body = tube_body(posedirs=False)
    pose = make_clip(3).pose.replace(betas=torch.zeros(3, 10))
    weights = body.data.weights.numpy()
    four = largest_weights(weights, 1)
    vertices, joints = body.data.v_template.numpy(), body.rest_joints(torch.zeros(10)).numpy()
    error = truncation_error(weights, four, vertices, joints, body.kinematics(pose))
    fewer = BodyModel(
        BodyData(**(vars(body.data) | {"weights": torch.from_numpy(four.dense(24))})), linear_blend_skinning
    )
    distance = (body(pose).vertices - fewer(pose).vertices).norm(dim=-1).max()
    assert error == pytest.approx(float(distance), rel=1e-3)
    assert error > 1e-3
    eight = largest_weights(weights, 2)
    assert truncation_error(weights, eight, vertices, joints, body.kinematics(pose)) < error


# --- motion ----------------------------------------------------------------------------------------------------------


def test_animation_of_300_frames(body):
    clip = spinning_clip(300, fps=60)
    content = clip_to_glb(clip, body)
    glb = Glb(content)
    (animation,) = glb.document["animations"]
    assert len(animation["channels"]) == len(animation["samplers"]) == 25
    assert {sampler["interpolation"] for sampler in animation["samplers"]} == {"LINEAR"}
    (time_accessor,) = {sampler["input"] for sampler in animation["samplers"]}
    times = glb.accessor(time_accessor)
    assert np.allclose(times, np.arange(300) / 60, atol=1e-6)
    assert (np.diff(times) > 0).all()
    described = glb.document["accessors"][time_accessor]
    assert described["min"] == [0.0]
    assert described["max"] == [float(times[-1])]
    turned = 0
    for channel in animation["channels"]:
        values = glb.accessor(animation["samplers"][channel["sampler"]]["output"])
        assert len(values) == 300
        if channel["target"]["path"] == "rotation":
            assert np.abs(np.linalg.norm(values, axis=1) - 1).max() < 1e-6
            assert ((values[1:] * values[:-1]).sum(1) > 0).all(), "no joint takes the long way round"
            turned += bool((values[:, 3] < 0).any())
    assert turned == 2, "only unbroken signs show two full turns"
    last = body(clip.pose[299]).vertices.numpy()
    assert np.abs(glb.vertices(299) - last).max() < TOLERANCE_M
    assert len(content) < 1_400_000


@pytest.mark.parametrize("fps", [None, 0.0, -5.0, float("nan"), float("inf")])
def test_without_a_frame_rate_30_is_assumed_and_said(body, fps):
    glb = Glb(clip_to_glb(make_clip(4, fps=fps), body))
    times = glb.accessor(glb.document["animations"][0]["samplers"][0]["input"])
    assert np.allclose(times, np.arange(4) / 30)
    assert any("30 frames per second" in note for note in glb.document["asset"]["extras"]["notes"])


def test_long_clip_is_animated_and_measured_in_part(body):
    glb = Glb(clip_to_glb(spinning_clip(1500, fps=120), body))
    assert glb.frame_count == 1500


# --- shape -----------------------------------------------------------------------------------------------------------


def test_betas_of_another_body_are_not_used_and_it_is_said(body):
    foreign = make_clip(1, shape_space="smpl")
    glb = Glb(clip_to_glb(foreign, body))
    mean = foreign.pose[0].replace(betas=torch.zeros(10))
    assert np.abs(glb.vertices() - body(mean).vertices.numpy()).max() < TOLERANCE_M
    assert any("'smpl'" in note for note in glb.document["asset"]["extras"]["notes"])
    silent = PoseClip(Pose.identity((1,)), shape_space="smpl")
    assert export_notes(silent, body) == ()


def test_changing_betas_use_the_first_frame_and_it_is_said(body):
    clip = make_clip(3, fps=30)
    clip = clip.with_pose(clip.pose.replace(betas=torch.eye(3, 10)))
    glb = Glb(clip_to_glb(clip, body))
    constant = clip.pose.replace(betas=torch.eye(3, 10)[:1].expand(3, 10))
    assert np.abs(glb.vertices(2) - body(constant).vertices[2].numpy()).max() < TOLERANCE_M
    assert any("first frame's shape" in note for note in glb.document["asset"]["extras"]["notes"])


def test_pose_correctives_are_a_morph_target_of_one_pose():
    body = tube_body(posedirs=True)
    clip = make_clip(1, shape_space="smpl")
    glb = Glb(clip_to_glb(clip, body))
    eight_weights = largest_weights(body.data.weights.numpy(), 2).dense(24)
    exact = BodyModel(
        BodyData(**(vars(body.data) | {"weights": torch.from_numpy(eight_weights)})), linear_blend_skinning
    )
    assert np.abs(glb.vertices() - exact(clip.pose[0]).vertices.numpy()).max() < TOLERANCE_M
    assert glb.document["meshes"][0]["extras"] == {"targetNames": ["pose_correctives"]}
    moving = Glb(clip_to_glb(make_clip(2, shape_space="smpl", fps=30), body))
    assert "targets" not in moving.primitive
    assert any("corrections" in note for note in moving.document["asset"]["extras"]["notes"])


# --- writing ---------------------------------------------------------------------------------------------------------


def test_written_and_saved_files_are_the_bytes(body, tmp_path):
    clip = make_clip(2, fps=30)
    write_glb(clip, tmp_path / "a.glb", WriteOptions(body=body))
    save(clip, tmp_path / "b.glb", WriteOptions(body=body))
    content = clip_to_glb(clip, body)
    assert (tmp_path / "a.glb").read_bytes() == (tmp_path / "b.glb").read_bytes() == content


def test_double_precision_poses(body):
    clip = make_clip(1)
    assert Glb(clip_to_glb(clip.with_pose(clip.pose.to(torch.float64)), body)).vertices() == pytest.approx(
        Glb(clip_to_glb(clip, body)).vertices(), abs=1e-5
    )


def test_one_pose_is_small_and_quick(body):
    clip = make_clip(1)
    seconds = []
    for _ in range(5):
        start = time.process_time()
        content = clip_to_glb(clip, body)
        seconds.append(time.process_time() - start)
    assert len(content) < 1_200_000
    assert min(seconds) < 0.1


# --- the Khronos validator -------------------------------------------------------------------------------------------


def needs_validator() -> str:
    """Path of node, or a skip (a failure in CI)."""
    node = shutil.which("node")
    if node and (VALIDATOR.parent / "js" / "node_modules" / "gltf-validator").is_dir():
        return node
    reason = "the Khronos validator needs node and `npm ci --prefix tests/js`"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def validate(files: list[Path]) -> dict[str, dict]:
    command = [needs_validator(), str(VALIDATOR), *map(str, files)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return json.loads(run.stdout)


def test_khronos_validator_finds_nothing(body, tmp_path):
    files = {
        "rest": clip_to_glb(PoseClip(Pose.identity((1,))), body),
        "one": clip_to_glb(make_clip(1), body),
        "spin-300": clip_to_glb(spinning_clip(300, fps=60), body),
        "extreme": clip_to_glb(make_clip(5, max_angle_rad=3.1415, fps=23.976), body),
        "smpl-betas": clip_to_glb(make_clip(2, shape_space="smpl"), body),
        "correctives": clip_to_glb(make_clip(1, shape_space="smpl"), tube_body(posedirs=True)),
        "tube": clip_to_glb(make_clip(2, shape_space="smpl"), tube_body(posedirs=True)),
    }
    for name, content in files.items():
        (tmp_path / f"{name}.glb").write_bytes(content)
    reports = validate(sorted(tmp_path.glob("*.glb")))
    assert len(reports) == len(files)
    assert all(report["errors"] == report["warnings"] == 0 for report in reports.values()), reports
    infos = {message["code"] for report in reports.values() for message in report["messages"]}
    assert not infos, f"infos to look at: {infos}"


def test_khronos_validator_would_find_a_fault(body, tmp_path):
    content = bytearray(clip_to_glb(make_clip(1), body))
    at = content.index(b'"POSITION":0')
    content[at : at + 12] = b'"POSITION":1'
    (tmp_path / "broken.glb").write_bytes(content)
    (report,) = validate([tmp_path / "broken.glb"]).values()
    assert report["errors"] + report["warnings"] > 0
