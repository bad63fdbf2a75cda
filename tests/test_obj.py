import numpy as np
import pytest
import torch
import trimesh
from conftest import random_rotations

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.errors import InvalidPoseError
from chatpose.formats.clip import PoseClip
from chatpose.formats.obj import clip_to_obj, write_obj
from chatpose.formats.registry import WriteOptions, save


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return BodyModel.open()


@pytest.fixture
def clip() -> PoseClip:
    betas = torch.linspace(-1.5, 1.5, 10)[None]
    return PoseClip(Pose.from_rotations(random_rotations(1, 24), betas=betas, transl=torch.tensor([[1.0, 2.0, 3.0]])))


def test_mesh_is_the_posed_body(clip, body, tmp_path):
    path = tmp_path / "pose.obj"
    write_obj(clip, path, WriteOptions(body=body))
    mesh = trimesh.load(path, process=False, force="mesh", maintain_order=True)
    expected = body(clip.pose[0]).vertices.numpy()
    assert np.abs(mesh.vertices - expected).max() < 2e-6
    assert np.array_equal(mesh.faces, body.data.faces.numpy())


def test_normals_are_unit_and_point_outwards(clip, body):
    lines = clip_to_obj(clip, body).splitlines()
    normals = np.array([line.split()[1:] for line in lines if line.startswith("vn ")], dtype=float)
    vertices = np.array([line.split()[1:] for line in lines if line.startswith("v ")], dtype=float)
    assert normals.shape == vertices.shape == tuple(body.data.v_template.shape)
    assert np.abs(np.linalg.norm(normals, axis=1) - 1).max() < 1e-5
    # Walking outwards along the normals makes the closed surface larger.
    faces = body.data.faces.numpy()
    volume = trimesh.Trimesh(vertices, faces, process=False).volume
    assert trimesh.Trimesh(vertices + 1e-3 * normals, faces, process=False).volume > volume > 0


def test_header_and_object_name(clip, body):
    lines = clip_to_obj(clip, body, name="archer").splitlines()
    assert lines[0].startswith("# chatpose ")
    assert "o archer" in lines
    assert not any(line.startswith(("mtllib", "usemtl")) for line in lines)


def test_betas_of_another_body_are_not_used(body):
    betas = torch.full((1, 10), 2.0)
    foreign = PoseClip(Pose.identity((1,)).replace(betas=betas), shape_space="smpl")
    assert clip_to_obj(foreign, body) == clip_to_obj(PoseClip(Pose.identity((1,))), body)


def test_many_frames_are_refused(body, tmp_path):
    many = PoseClip(Pose.identity((3,)))
    with pytest.raises(InvalidPoseError, match="--frame"):
        write_obj(many, tmp_path / "many.obj", WriteOptions(body=body))
    with pytest.raises(InvalidPoseError, match="--frame"):
        save(many, tmp_path / "many.obj", WriteOptions(body=body))
    assert not list(tmp_path.iterdir())


def test_saved_through_the_registry(clip, body, tmp_path):
    save(clip, tmp_path / "pose.OBJ", WriteOptions(body=body))
    assert (tmp_path / "pose.OBJ").read_text() == clip_to_obj(clip, body)
