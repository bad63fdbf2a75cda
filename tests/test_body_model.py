"""The open body, the skinning of ours, and licensed files through smplx (from stand-ins made of the open body).

The stand-ins have the layout of the original files (chumpy wrappers, a scipy matrix, Python 2's pickle protocol), but
the originals need a licence: not yet tried on the original file.
"""

import dataclasses
import pickle
import re
import sys
import types

import numpy as np
import pytest
import torch
from conftest import random_rotations
from scipy import sparse

from chatpose.body.build_open_body import write_npz
from chatpose.body.kinematics import forward_kinematics
from chatpose.body.model import BodyData, BodyModel
from chatpose.body.open_body import load_open_body
from chatpose.body.pose import Pose
from chatpose.body.rotations import angle_between
from chatpose.body.skeleton import LIMB_BONES, PELVIS_REST, SMPL, smpl_rest_offsets
from chatpose.body.skinning import linear_blend_skinning
from chatpose.body.smplx_backend import SmplxSkinning, load_smpl_file
from chatpose.errors import MissingExtraError, MissingFileError, UnknownNameError, UnreadableFileError, UnsafeFileError
from chatpose.resources import asset


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return BodyModel.open()


def random_pose(*batch: int, seed: int = 0) -> Pose:
    generator = torch.Generator().manual_seed(seed)
    return Pose.from_rotations(
        random_rotations(*batch, 24, max_angle_rad=1.5, seed=seed),
        betas=torch.randn(*batch, 10, generator=generator),
        transl=torch.randn(*batch, 3, generator=generator),
    )


# The open body's arrays


def test_file_is_small_and_whole(body: BodyModel) -> None:
    assert asset("data", "body", "open_body.npz").stat().st_size < 2.5e6
    data = body.data
    count = len(data.v_template)
    assert data.shapedirs.shape == (count, 3, 10)
    assert data.weights.shape == (count, 24)
    assert data.J_regressor.shape == (24, count)
    torch.testing.assert_close(data.weights.sum(1), torch.ones(count))
    torch.testing.assert_close(data.J_regressor.sum(1), torch.ones(24), atol=1e-5, rtol=0)
    assert data.weights.min() >= 0
    assert data.faces.min() == 0
    assert data.faces.max() == count - 1
    assert (data.weights.sum(0) > 1).all(), "a joint that moves nothing"


def test_stands_as_the_conventions_say(body: BodyModel) -> None:
    rest = body(Pose.identity())
    torch.testing.assert_close(rest.joints[0], torch.tensor(PELVIS_REST), atol=1e-6, rtol=0)
    assert 1.65 < float(rest.vertices[:, 1].max() - rest.vertices[:, 1].min()) < 1.80
    left_hand = rest.joints[SMPL.index("left_hand")]
    assert left_hand[0] > 0.5, "left is +x"
    assert body.landmark(rest.vertices, "nose")[2] > rest.joints[SMPL.index("head"), 2] + 0.05, "faces +z"
    toe, heel = (body.landmark(rest.vertices, f"left_{part}") for part in ("big_toe", "heel"))
    assert toe[2] - heel[2] > 0.2


def test_faces_look_outwards_and_the_surface_is_closed_enough(body: BodyModel) -> None:
    corners = body.data.v_template[body.data.faces]
    volume = torch.linalg.det(corners.double()).sum() / 6
    assert 0.05 < float(volume) < 0.09  # a person weighs 50 to 90 kg


def test_pelvis_stays_in_place_for_every_shape(body: BodyModel) -> None:
    joints = body.rest_joints(torch.randn(50, 10) * 2)
    torch.testing.assert_close(joints[:, 0], torch.tensor(PELVIS_REST).expand(50, 3), atol=2e-5, rtol=0)


def test_first_shape_direction_makes_taller(body: BodyModel) -> None:
    betas = torch.zeros(3, 10)
    betas[:, 0] = torch.tensor([-2.0, 0.0, 2.0])
    vertices = body(Pose.identity((3,)).replace(betas=betas)).vertices[..., 1]
    heights = vertices.amax(1) - vertices.amin(1)
    assert (heights.diff() > 0.1).all()


def test_landmarks_are_named_and_mirrored(body: BodyModel) -> None:
    parts = ["eye", "ear", "heel", "big_toe", "small_toe", "thumb", "index", "middle", "ring", "pinky"]
    assert set(body.data.landmarks) == {"nose", *(f"{side}_{part}" for side in ("left", "right") for part in parts)}
    flip = torch.tensor([-1.0, 1.0, 1.0])
    for part in parts:
        left, right = (body.landmark(body.data.v_template, f"{side}_{part}") for side in ("left", "right"))
        torch.testing.assert_close(left, right * flip)
        assert left[0] > 0
    with pytest.raises(UnknownNameError, match="left_ear"):
        body.landmark(body.data.v_template, "left_eer")


def test_mirrored_pose_gives_the_mirrored_mesh(body: BodyModel) -> None:
    with np.load(asset("data", "body", "open_body.npz")) as file:
        mirror = torch.from_numpy(file["mirror"].astype(np.int64))
    pose = random_pose(8)
    there = body(pose.mirror())
    flip = torch.tensor([-1.0, 1.0, 1.0])
    assert (body(pose).vertices[:, mirror] * flip - there.vertices).abs().max() < 1e-5
    assert (body(pose).joints[:, list(SMPL.mirror_index)] * flip - there.joints).abs().max() < 1e-5


def test_same_rotations_point_limbs_as_smpl_does(body: BodyModel) -> None:
    pose = random_pose(200).replace(betas=torch.zeros(200, 10), transl=torch.zeros(200, 3))
    ours = body.joints(pose)
    smpl = forward_kinematics(pose.local_rotations, smpl_rest_offsets()).positions
    ours, smpl = ours - ours[:, :1], smpl - smpl[:, :1]
    ends = [(SMPL.index(start), SMPL.index(end)) for start, end in LIMB_BONES]
    errors = [angle_between(ours[:, end] - ours[:, start], smpl[:, end] - smpl[:, start]) for start, end in ends]
    assert torch.rad2deg(torch.stack(errors)).max() < 2
    assert (ours - smpl).norm(dim=-1).mean() < 0.042


# Skinning


def test_joints_alone_are_those_of_the_mesh(body: BodyModel) -> None:
    pose = random_pose(4)
    torch.testing.assert_close(body(pose).joints, body.joints(pose), atol=1e-5, rtol=0)


def test_rest_pose_is_the_template(body: BodyModel) -> None:
    torch.testing.assert_close(body(Pose.identity()).vertices, body.data.v_template, atol=1e-6, rtol=0)


def test_turning_the_root_turns_everything(body: BodyModel) -> None:
    pose = random_pose(3).replace(transl=torch.zeros(3, 3))
    turn = random_rotations(max_angle_rad=3.0, seed=5)
    turned = body(pose.replace(global_orient=turn @ pose.global_orient)).vertices
    pivot = body.rest_joints(pose.betas)[:, None, 0]
    expected = (body(pose).vertices - pivot) @ turn.T + pivot
    torch.testing.assert_close(turned, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("batch", [(), (1,), (2, 3), (0,)])
def test_any_batch_shape(body: BodyModel, batch: tuple[int, ...]) -> None:
    posed = body(random_pose(*batch))
    assert posed.vertices.shape == (*batch, len(body.data.v_template), 3)
    assert posed.joints.shape == (*batch, 24, 3)
    assert posed.vertices.dtype == torch.float32


def test_chunks_change_nothing(body: BodyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    pose = random_pose(5)
    whole = body(pose).vertices
    monkeypatch.setattr("chatpose.body.skinning.CHUNK_VERTICES", 30_000)
    torch.testing.assert_close(body(pose).vertices, whole, atol=1e-6, rtol=0)


def test_gradient_reaches_the_pose(body: BodyModel) -> None:
    pose = random_pose(2)
    rotations = pose.local_rotations.clone().requires_grad_()
    body(Pose.from_rotations(rotations)).vertices.square().sum().backward()
    assert torch.isfinite(rotations.grad).all()
    assert rotations.grad.abs().sum() > 0


def test_both_back_ends_give_the_same_vertices(body: BodyModel) -> None:
    """With pose correctives and shapes, which the open body alone would leave out."""
    generator = torch.Generator().manual_seed(1)
    posedirs = torch.randn(207, body.data.v_template.numel(), generator=generator) * 1e-3
    for data in (body.data, dataclasses.replace(body.data, posedirs=posedirs)):
        pose = random_pose(2, 2)
        ours, theirs = linear_blend_skinning(data, pose), SmplxSkinning(data)(data, pose)
        assert (ours.vertices - theirs.vertices).abs().max() < 1e-5
        assert (ours.joints - theirs.joints).abs().max() < 1e-5


def test_smplx_prints_nothing(body: BodyModel, capfd: pytest.CaptureFixture[str]) -> None:
    SmplxSkinning(body.data)
    assert capfd.readouterr().out == ""


# The file


def test_writer_gives_the_same_bytes_at_any_time(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = {"a": np.arange(5), "b": np.array("text")}
    write_npz(arrays, tmp_path / "one.npz")
    monkeypatch.setattr("time.time", lambda: 2e9)
    write_npz(arrays, tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz") as file:
        assert str(file["b"]) == "text"


@pytest.mark.parametrize("damage", [lambda data: data[:1000], lambda data: b"x" * 100, lambda data: b""])
def test_damaged_open_body_is_said_in_one_line(damage, tmp_path) -> None:
    path = tmp_path / "open_body.npz"
    path.write_bytes(damage(asset("data", "body", "open_body.npz").read_bytes()))
    with pytest.raises(UnreadableFileError, match="reinstall"):
        load_open_body(path=path)


# Licensed files


def small_body() -> BodyData:
    """A piece of the open body, with its joints: licensed files of full size would make the tests slow."""
    data = load_open_body()
    kept = torch.arange(0, len(data.v_template), 9)
    template = data.v_template[kept]
    joints = data.J_regressor @ data.v_template
    ones = torch.ones(len(kept), 1)
    regressor = torch.cat([joints, ones[:24]], 1) @ torch.linalg.pinv(torch.cat([template, ones], 1))
    return dataclasses.replace(
        data,
        v_template=template,
        shapedirs=data.shapedirs[kept],
        J_regressor=regressor,
        weights=data.weights[kept],
        faces=torch.randint(0, len(kept), (100, 3)),
        landmarks={},
    )


def stand_in(data: BodyData, joints: int = 24) -> dict[str, np.ndarray]:
    """Arrays of a file of the family with 24, 52 or 55 joints; further joints hang on the hands and the head."""
    generator = np.random.default_rng(0)
    weights, regressor = data.weights.numpy(), data.J_regressor.numpy()
    parents = list(SMPL.parents)
    if joints > 24:
        extra = 3 if joints == 55 else 0  # jaw and eyes
        hands = [(20, 3)] * 15 + [(21, 2)] * 15
        parents = parents[:22] + [15] * extra + [wrist for wrist, _ in hands]
        middle = {52: (25, 40), 55: (28, 43)}[joints]
        weights = np.concatenate([weights[:, :22], np.zeros((len(weights), joints - 22))], 1)
        regressor = np.concatenate([regressor[:22], np.repeat(regressor[15:16], joints - 22, 0)])
        for side, joint in enumerate(middle):
            weights[:, joint] = data.weights.numpy()[:, 22 + side]
            regressor[joint] = data.J_regressor.numpy()[22 + side]
        if extra:
            weights[:, 22], weights[:, 15] = weights[:, 15] * 0.25, weights[:, 15] * 0.75
    count = len(weights)
    posedirs = generator.normal(0, 1e-3, (count, 3, (joints - 1) * 9))
    return {
        "v_template": data.v_template.numpy().astype(float),
        "shapedirs": data.shapedirs.numpy().astype(float),
        "posedirs": posedirs,
        "J_regressor": regressor.astype(float),
        "weights": weights.astype(float),
        "f": data.faces.numpy().astype(np.uint32),
        "kintree_table": np.array([[2**32 - 1, *parents[1:]], range(joints)], dtype=np.int64),
    }


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    return stand_in(small_body())


def chumpy_pickle(arrays: dict[str, np.ndarray]) -> bytes:
    """The arrays as the original pickles hold them: chumpy objects, a csc matrix, protocol 2. No chumpy needed."""
    modules = {name: types.ModuleType(name) for name in ("chumpy", "chumpy.ch", "chumpy.reordering")}
    wrapper = type("Ch", (), {"__module__": "chumpy.ch"})
    select = type("Select", (), {"__module__": "chumpy.reordering"})
    modules["chumpy.ch"].Ch, modules["chumpy.reordering"].Select = wrapper, select  # type: ignore[attr-defined]

    def wrapped(array: np.ndarray):
        made = wrapper()
        made.__dict__.update(x=array, _dirty_vars={"x"}, _itr=None)
        return made

    def selected(array: np.ndarray):
        made = select()
        more = np.concatenate([array, np.full((*array.shape[:-1], 5), 9.0)], axis=-1)
        chosen = np.arange(more.size).reshape(more.shape)[..., : array.shape[-1]].ravel()
        made.__dict__.update(a=wrapped(more), idxs=chosen, preferred_shape=array.shape)
        return made

    content = dict(arrays, J_regressor=sparse.csc_matrix(arrays["J_regressor"]), bs_type="lrotmin")
    content |= {"v_template": wrapped(arrays["v_template"]), "shapedirs": selected(arrays["shapedirs"])}
    with pytest.MonkeyPatch.context() as patch:
        for name, module in modules.items():
            patch.setitem(sys.modules, name, module)
        return pickle.dumps(content, protocol=2)


def test_licensed_pickle_loads_without_chumpy_and_equals_our_skinning(arrays, tmp_path) -> None:
    (tmp_path / "smpl").mkdir()
    (tmp_path / "smpl" / "SMPL_FEMALE.pkl").write_bytes(chumpy_pickle(arrays))
    model = BodyModel.smpl(tmp_path, "female")
    assert "chumpy" not in sys.modules
    assert (model.data.gender, model.data.shape_space, model.data.name) == ("female", "smpl", "SMPL_FEMALE.pkl")
    np.testing.assert_allclose(model.data.shapedirs, arrays["shapedirs"], atol=1e-7)
    pose = random_pose(3)
    posed = model(pose)
    assert (posed.vertices - linear_blend_skinning(model.data, pose).vertices).abs().max() < 1e-5
    assert (posed.joints - model.joints(pose)).abs().max() < 1e-5


@pytest.mark.parametrize(("joints", "space"), [(24, "smpl"), (52, "smplh"), (55, "smplx")])
def test_npz_of_the_whole_family(joints: int, space: str, tmp_path) -> None:
    arrays = stand_in(small_body(), joints)
    np.savez(tmp_path / "body.npz", **arrays)
    model = BodyModel.smpl(tmp_path / "body.npz")
    assert model.data.shape_space == space
    pose = random_pose(2).replace(betas=torch.zeros(2, 10))
    pose = pose.with_rotation("left_hand", torch.eye(3)).with_rotation("right_hand", torch.eye(3))
    assert (model(pose).vertices - full_model_vertices(arrays, pose)).abs().max() < 1e-5


def full_model_vertices(arrays: dict[str, np.ndarray], pose: Pose) -> torch.Tensor:
    """smplx's own blend skinning with every joint of the file, fingers and face at rest."""
    from smplx.lbs import lbs

    joints = len(arrays["J_regressor"])
    rotations = torch.eye(3, dtype=torch.float64).repeat(len(pose), joints, 1, 1)
    rotations[:, :22] = pose.local_rotations[:, :22].double()
    tensors = {key: torch.as_tensor(arrays[key].astype(float)) for key in arrays}
    parents = torch.tensor([-1, *arrays["kintree_table"][0, 1:].tolist()])
    vertices, _ = lbs(
        torch.zeros(len(pose), 10, dtype=torch.float64),
        rotations,
        tensors["v_template"],
        tensors["shapedirs"],
        tensors["posedirs"].reshape(-1, tensors["posedirs"].shape[-1]).T,
        tensors["J_regressor"],
        parents,
        tensors["weights"],
        pose2rot=False,
    )
    return (vertices + pose.transl[:, None]).float()


@pytest.mark.parametrize(
    "name",
    [
        "SMPL_NEUTRAL.pkl",
        "smpl/SMPL_NEUTRAL.pkl",
        "basicModel_neutral_lbs_10_207_0_v1.0.0.pkl",
        "models/basicmodel_neutral_lbs_10_207_0_v1.1.0.pkl",
        "smplx/SMPLX_NEUTRAL.npz",
        "neutral/model.npz",
    ],
)
def test_usual_names_are_found(name: str, arrays, tmp_path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        path.write_bytes(pickle.dumps(arrays, protocol=2))
    assert load_smpl_file(tmp_path).name == path.name
    assert load_smpl_file(path).name == path.name


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_missing_file_says_where_to_get_it(name: str, tmp_path) -> None:
    with pytest.raises(MissingFileError, match=re.escape("https://smpl.is.tue.mpg.de")) as caught:
        BodyModel.smpl(tmp_path / name)
    assert "open body works without it" in str(caught.value)
    assert "\n" not in str(caught.value)


def broken(arrays: dict[str, np.ndarray], **changes: np.ndarray) -> bytes:
    return pickle.dumps({**arrays, **changes}, protocol=2)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda arrays: b"\x80\x02 nonsense", "not a sound pickle"),
        (lambda arrays: pickle.dumps([1, 2]), "holds a list"),
        (lambda arrays: pickle.dumps({"poses": np.zeros(3)}), "lacks v_template"),
        (lambda arrays: broken(arrays, weights=arrays["weights"][:10]), "don't fit together"),
        (lambda arrays: broken(arrays, f=arrays["f"] + 9999), "faces"),
        (lambda arrays: broken(arrays, v_template=arrays["v_template"] * np.nan), "NaN"),
        (lambda arrays: broken(arrays, J_regressor=arrays["J_regressor"][:16]), "16 joints"),
        (lambda arrays: broken(arrays, weights=np.array([["a"]])), "aren't numbers"),
    ],
)
def test_wrong_files_are_said_in_one_line(make, words: str, arrays, tmp_path) -> None:
    path = tmp_path / "SMPL_NEUTRAL.pkl"
    path.write_bytes(make(arrays))
    with pytest.raises(UnreadableFileError, match=words) as caught:
        BodyModel.smpl(path)
    assert "\n" not in str(caught.value)


def test_pickle_that_runs_code_is_refused(tmp_path) -> None:
    path = tmp_path / "SMPL_NEUTRAL.pkl"
    path.write_bytes(b"cos\nsystem\n(S'touch made'\ntR.")
    with pytest.raises(UnsafeFileError, match=r"os\.system"):
        BodyModel.smpl(path)


def test_without_smplx_the_extra_is_named(arrays, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "SMPL_NEUTRAL.pkl"
    path.write_bytes(pickle.dumps(arrays, protocol=2))
    monkeypatch.setitem(sys.modules, "smplx", None)
    with pytest.raises(MissingExtraError, match=re.escape("chatpose[smpl]")):
        BodyModel.smpl(path)
    assert BodyModel.open()(Pose.identity()).vertices.shape[-1] == 3


def test_unknown_gender_lists_the_three(tmp_path) -> None:
    with pytest.raises(UnknownNameError, match="neutral"):
        BodyModel.smpl(tmp_path, "nuetral")


def test_betas_of_another_space_are_not_used(body: BodyModel) -> None:
    betas = torch.ones(2, 10)
    assert body.usable_betas(betas, "open") is betas
    assert not body.usable_betas(betas, "smpl").any()
