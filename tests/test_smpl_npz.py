"""npz of the SMPL family: every layout that people have, in and out."""

import numpy as np
import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.pose import Pose
from chatpose.body.rotations import geodesic_distance, matrix_to_6d
from chatpose.body.skeleton import PELVIS_REST
from chatpose.errors import InvalidPoseError, UnreadableFileError, UnsafeFileError
from chatpose.formats import PoseClip, load, save
from chatpose.formats.registry import ReadOptions
from chatpose.formats.up_axis import turn_down, turn_up

GENERATOR = np.random.default_rng(0)


def some(*shape: int, scale: float = 0.3) -> np.ndarray:
    return GENERATOR.normal(size=shape) * scale


def write(path, **arrays):
    np.savez(path, **arrays)
    return path


def amass(frames: int = 7, width: int = 156, **more) -> dict:
    poses = some(frames, width)
    poses[:, :3] = (np.pi / 2, 0, 0)  # upright in a z-up world
    return {
        "poses": poses,
        "trans": some(frames, 3),
        "betas": some(16),
        "gender": np.array("female"),
        "mocap_framerate": np.array(120.0),
    } | more


def axis_angle_of(clip: PoseClip) -> np.ndarray:
    return clip.pose.axis_angle().numpy()


def degrees_apart(first: PoseClip, second: PoseClip) -> float:
    return torch.rad2deg(geodesic_distance(first.pose.local_rotations, second.pose.local_rotations)).max().item()


def test_amass_smplh_is_turned_upright(tmp_path):
    arrays = amass()
    clip = load(write(tmp_path / "a.npz", **arrays))
    assert (clip.layout, clip.shape_space, clip.gender, clip.fps, len(clip)) == ("amass-npz", "smplh", "female", 120, 7)
    assert "z is up" in clip.notes[0]
    assert not clip.warnings
    # The pelvis rotation was a quarter turn about x and (x, y, z) → (x, z, −y) undoes it.
    assert torch.allclose(clip.pose.global_orient, torch.eye(3), atol=1e-6)
    np.testing.assert_allclose(axis_angle_of(clip)[:, 1:22].reshape(7, -1), arrays["poses"][:, 3:66], atol=1e-5)
    assert np.allclose(axis_angle_of(clip)[:, 22:], 0)  # fingers are not hands
    pelvis = np.array(PELVIS_REST)
    x, y, z = (pelvis + arrays["trans"]).T
    np.testing.assert_allclose(clip.pose.transl + torch.tensor(PELVIS_REST), np.stack([x, z, -y], 1), atol=1e-6)
    np.testing.assert_allclose(clip.pose.betas, np.tile(arrays["betas"][:10], (7, 1)), atol=1e-6)


@pytest.mark.parametrize("width", [72, 156, 165, 66])
@pytest.mark.parametrize("frames", [1, 4, 72])
def test_full_pose_widths(tmp_path, width, frames):
    arrays = amass(frames, width)
    clip = load(write(tmp_path / "a.npz", **arrays))
    assert clip.shape_space == {72: "smpl", 156: "smplh", 165: "smplx", 66: "smplh"}[width]
    np.testing.assert_allclose(axis_angle_of(clip)[:, 1:22].reshape(frames, -1), arrays["poses"][:, 3:66], atol=1e-5)
    hands = arrays["poses"][:, 66:72] if width == 72 else np.zeros((frames, 6))
    np.testing.assert_allclose(axis_angle_of(clip)[:, 22:].reshape(frames, -1), hands, atol=1e-5)


def test_amass_smplx_stageii(tmp_path):
    arrays = amass(5, 165)
    del arrays["mocap_framerate"]
    arrays |= {
        "mocap_frame_rate": np.array(60.0),
        "surface_model_type": np.array("smplx"),
        "root_orient": arrays["poses"][:, :3],
        "pose_body": arrays["poses"][:, 3:66],
        "pose_hand": arrays["poses"][:, 75:],
        "pose_jaw": arrays["poses"][:, 66:69],
        "pose_eye": arrays["poses"][:, 69:75],
        "markers_latent_vids": np.array({"ARIEL": 3}, dtype=object),  # real files hold a dictionary there
        "betas": some(300),
    }
    clip = load(write(tmp_path / "a.npz", **arrays))
    assert (clip.shape_space, clip.fps, len(clip)) == ("smplx", 60, 5)
    assert any("markers_latent_vids" in note for note in clip.notes)
    save(clip, tmp_path / "b.npz")
    with np.load(tmp_path / "b.npz") as again:
        assert set(again) == set(arrays) - {"markers_latent_vids"}
        assert all(np.array_equal(again[key], arrays[key]) for key in again)


def test_parts_are_y_up_and_equal_in_every_notation(tmp_path):
    rotations = random_rotations(6, 24, max_angle_rad=2.5)
    pose = Pose.from_rotations(rotations.double())
    vectors = pose.axis_angle().numpy()
    matrices, six = rotations.double().numpy(), matrix_to_6d(rotations.double()).numpy()
    variants = [
        {"global_orient": vectors[:, 0], "body_pose": vectors[:, 1:].reshape(6, 69)},
        {"root_orient": vectors[:, 0], "pose_body": vectors[:, 1:]},
        {"global_orient": matrices[:, :1], "body_pose": matrices[:, 1:]},
        {"global_orient": matrices[:, 0], "body_pose": vectors[:, 1:].reshape(6, 69)},
        {"global_orient": six[:, :1], "body_pose": six[:, 1:]},
        {"pred_rotmat": matrices},
        {"poses": matrices.reshape(6, -1)},
        {"poses": six},
    ]
    reference = None
    for number, arrays in enumerate(variants):
        clip = load(write(tmp_path / f"{number}.npz", **arrays))
        assert "y is up, assumed" in clip.notes[0]
        assert clip.shape_space == "smpl"
        assert torch.rad2deg(geodesic_distance(clip.pose.local_rotations, rotations)).max() < 0.05
        reference = reference or clip
        assert degrees_apart(clip, reference) < 0.05


def test_three_frames_of_global_orient_are_not_a_matrix(tmp_path):
    orient, body = some(3, 3), some(3, 69)
    clip = load(write(tmp_path / "a.npz", global_orient=orient, body_pose=body))
    np.testing.assert_allclose(axis_angle_of(clip)[:, 0], orient, atol=1e-5)
    single = load(write(tmp_path / "b.npz", global_orient=np.eye(3), body_pose=body[0]))
    assert len(single) == 1
    assert torch.equal(single.pose.global_orient[0], torch.eye(3))


def test_single_pose_without_frame_axis(tmp_path):
    for number, poses in enumerate((some(72), some(24, 3), np.tile(np.eye(3), (24, 1, 1)), some(66), some(156))):
        path = write(tmp_path / f"{number}.npz", poses=poses, trans=some(3), betas=some(10))
        clip = load(path)
        assert len(clip) == 1
        save(clip, tmp_path / "again.npz")
        with np.load(tmp_path / "again.npz") as again, np.load(path) as first:
            assert all(np.array_equal(again[key], first[key]) for key in first)


def test_npz_to_npz_is_bit_equal_also_for_chosen_frames(tmp_path):
    arrays = amass(
        16, dmpls=some(16, 8), my_label=np.arange(16), note=np.array("walk"), table=np.asfortranarray(some(4, 5))
    )
    arrays["poses"] = arrays["poses"].astype(">f8")
    arrays["betas"] = some(16)  # as many as frames, but not one a frame
    clip = load(write(tmp_path / "a.npz", **arrays))
    rate = {"mocap_framerate"}
    for chosen, frames in [(clip, slice(None)), (clip.select(frame=-2), [14]), (clip.select(every=5), slice(0, 16, 5))]:
        save(chosen, tmp_path / "b.npz")
        with np.load(tmp_path / "b.npz") as again:
            for key in set(arrays) - rate:
                expected = arrays[key][frames] if key in ("poses", "trans", "dmpls", "my_label") else arrays[key]
                assert again[key].dtype == arrays[key].dtype
                assert np.array_equal(again[key], expected), key
            assert again["mocap_framerate"] == (24 if len(chosen) == 4 else 120)
    save(clip, tmp_path / "c.npz")
    save(load(tmp_path / "c.npz"), tmp_path / "d.npz")
    assert (tmp_path / "c.npz").read_bytes() == (tmp_path / "d.npz").read_bytes()


def test_edited_pose_is_not_written_from_the_source(tmp_path):
    clip = load(write(tmp_path / "a.npz", **amass()))
    edited = clip.with_pose(clip.pose.mirror())
    save(edited, tmp_path / "b.npz")
    assert degrees_apart(load(tmp_path / "b.npz"), edited) < 0.1


@pytest.mark.parametrize("fps", [None, 24.0])
def test_written_layout_is_amass(tmp_path, fps):
    pose = Pose.from_rotations(
        random_rotations(4, 24), betas=torch.randn(1, 10).expand(4, 10), transl=torch.randn(4, 3)
    )
    clip = PoseClip(pose, fps=fps, shape_space="open", gender="male")
    save(clip, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as arrays:  # what AMASS's readers ask for
        assert arrays["poses"].shape == (4, 156)
        assert arrays["trans"].shape == (4, 3)
        assert arrays["betas"].shape == (16,)
        assert str(arrays["gender"]) == "male"
        assert float(arrays["mocap_framerate"]) == (fps or 30)
    again = load(tmp_path / "a.npz")
    assert (again.fps, again.shape_space, again.gender) == (fps, "open", "male")
    assert torch.allclose(again.pose.transl, pose.transl, atol=1e-6)
    assert torch.equal(again.pose.betas, pose.betas)
    error = geodesic_distance(again.pose.local_rotations, pose.local_rotations)
    assert torch.rad2deg(error[:, :22]).max() < 0.05
    assert torch.equal(again.pose.body_pose[:, 21:], torch.eye(3).expand(4, 2, 3, 3))  # SMPL-H has no hand joints


def test_betas_that_change_are_written_a_row_a_frame(tmp_path):
    pose = Pose.identity((3,)).replace(betas=torch.randn(3, 10))
    save(PoseClip(pose), tmp_path / "a.npz")
    assert torch.equal(load(tmp_path / "a.npz").pose.betas, pose.betas)


@pytest.mark.parametrize("betas", [some(10), some(16), some(300), some(5), some(1, 10), some(4, 10), some(4, 1, 10)])
def test_betas_of_any_count(tmp_path, betas):
    clip = load(write(tmp_path / "a.npz", **amass(4, 72, betas=betas)))
    rows = betas.reshape(-1, betas.shape[-1])[:, :10]
    np.testing.assert_allclose(
        clip.pose.betas[:, : rows.shape[1]], np.broadcast_to(rows, (4, rows.shape[1])), atol=1e-6
    )
    assert (clip.pose.betas[:, rows.shape[1] :] == 0).all()


@pytest.mark.parametrize(
    ("value", "gender"),
    [(np.array("male"), "male"), (np.array(b"FEMALE"), "female"), (np.array(["neutral"]), "neutral"),
     (np.array("b'male'"), "male"), (np.array("n/a"), None), (np.array(3), None), (np.array([]), None)],
)  # fmt: skip
def test_gender_in_every_spelling(tmp_path, value, gender):
    assert load(write(tmp_path / "a.npz", **amass(2, gender=value))).gender == gender


def test_text_of_impossible_characters(tmp_path):
    broken = np.frombuffer(b"\xff\xff\xff\x7f" * 3, "<U3")[0:1]
    arrays = amass(2, gender=broken, surface_model_type=broken, shape_space=broken)
    assert load(write(tmp_path / "a.npz", **arrays)).gender is None


@pytest.mark.parametrize("rate", [0.0, -3.0, np.nan, np.inf, 1e9])
def test_absurd_frame_rate_is_left_out_and_said(tmp_path, rate):
    clip = load(write(tmp_path / "a.npz", **amass(2, mocap_framerate=np.array(rate))))
    assert clip.fps is None
    assert any("frame rate" in warning for warning in clip.warnings)


def test_up_axis_can_be_asked_for_and_a_wrong_one_is_warned_about(tmp_path):
    arrays = amass()
    path = write(tmp_path / "a.npz", **arrays)
    asked = load(path, ReadOptions(up="y"))
    assert "y is up, as asked" in asked.notes[0]
    assert any("--up z" in warning for warning in asked.warnings)
    arrays["poses"][:, :3] = 0  # upright in a y-up world
    wrong = load(write(tmp_path / "b.npz", **arrays))
    assert any("--up y" in warning for warning in wrong.warnings)
    parts = write(tmp_path / "c.npz", global_orient=np.tile([np.pi / 2, 0, 0], (3, 1)), body_pose=some(3, 63))
    assert any("--up z" in warning for warning in load(parts).warnings)
    assert not load(parts, ReadOptions(up="z")).warnings


@given(seed=st.integers(0, 1000), up=st.sampled_from(["y", "z"]))
@settings(max_examples=30, deadline=None)
def test_turning_down_and_up_again_changes_nothing(seed, up):
    pose = Pose.from_rotations(random_rotations(2, 24, max_angle_rad=3.0, seed=seed), transl=torch.randn(2, 3))
    again = turn_up(turn_down(pose, up), up)
    assert torch.equal(again.global_orient, pose.global_orient)
    assert torch.allclose(again.transl, pose.transl, atol=1e-6)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        (amass(3, 72, surface_model_type=np.array("smplh")), "surface_model_type says smplh"),
        (amass(3, 156, surface_model_type=np.array("smpl")), "surface_model_type says smpl"),
        ({"root_orient": some(3, 3), "pose_body": some(3, 69), "pose_hand": some(3, 90)}, "pose_hand"),
        ({"global_orient": some(3, 3), "body_pose": some(3, 69), "jaw_pose": some(3, 3)}, "jaw_pose"),
        ({"global_orient": some(3, 3), "body_pose": some(3, 72)}, "include the pelvis"),
        ({"global_orient": some(3, 3), "body_pose": some(3, 66)}, "include the pelvis"),
        ({"poses": some(3, 69)}, "lack the pelvis"),
        ({"poses": some(3, 75)}, "72 (24 joints, SMPL), 156"),
        ({"poses": some(72, 5)}, "transposed"),
        (amass(3, 165, pose_body=some(3, 69)), "pose_body 23"),
        (amass(3, 72, trans=some(4, 3)), "4 rows for 3 frames"),
        (amass(3, 72, betas=some(2, 10)), "2 rows for 3 frames"),
        (amass(3, 72, trans=some(3, 2)), "trans has shape (3, 2)"),
        ({"global_orient": some(4, 3), "body_pose": some(3, 69)}, "4 frames"),
        ({"poses": some(0, 72)}, "0 frames"),
        ({"poses": np.full((2, 72), "a")}, "real numbers"),
        ({"poses": some(2, 72) + 1j}, "real numbers"),
        ({"poses": some(2, 24, 3, 3)}, "isn't a rotation matrix"),
        ({"poses": np.tile(np.diag([1.0, 1, -1]), (2, 24, 1, 1))}, "isn't a rotation matrix"),
        ({"poses": np.zeros((2, 24, 6))}, "isn't a 6D rotation"),
        ({"poses": some(2, 72) * 1e6}, "radians"),
    ],
)  # fmt: skip
def test_contradictions_and_wrong_counts(tmp_path, arrays, words):
    with pytest.raises(InvalidPoseError) as caught:
        load(write(tmp_path / "a.npz", **arrays))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"joints": some(3, 24, 3)}, "joint positions"),
        ({"v_template": some(10, 3), "shapedirs": some(10, 3, 10)}, "--body"),
        ({"gender": np.array("male"), "betas": some(16)}, "holds betas, gender"),
        ({"global_orient": some(3, 3)}, "body_pose is missing"),
    ],
)
def test_without_poses(tmp_path, arrays, words):
    with pytest.raises(UnreadableFileError, match=words):
        load(write(tmp_path / "a.npz", **arrays))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_is_named_by_frame_and_joint(tmp_path, bad):
    arrays = amass(6, 72)
    arrays["poses"][4, 5 * 3 + 1] = bad
    with pytest.raises(InvalidPoseError, match="right_knee in frame 4 of poses holds NaN"):
        load(write(tmp_path / "a.npz", **arrays))
    arrays = amass(6, 72)
    arrays["trans"][2, 0] = bad
    with pytest.raises(InvalidPoseError, match=r"trans holds NaN.* in frame 2"):
        load(write(tmp_path / "b.npz", **arrays))


def test_degrees_are_warned_about_and_a_spinning_root_is_not(tmp_path):
    arrays = amass(20, 72)
    assert not load(write(tmp_path / "a.npz", **arrays)).warnings
    spinning = arrays | {"poses": arrays["poses"].copy()}
    spinning["poses"][:, :3] = np.linspace(0, 50, 20)[:, None] * [0, 0, 1]
    assert not any("degrees" in w for w in load(write(tmp_path / "b.npz", **spinning)).warnings)
    arrays["poses"] = np.rad2deg(arrays["poses"])
    assert any("look like degrees" in w for w in load(write(tmp_path / "c.npz", **arrays)).warnings)


@pytest.mark.parametrize("unit", [1.0, 100.0, 1000.0])
@pytest.mark.parametrize("frames", [1, 30])
def test_joint_positions_given_as_rotations(tmp_path, frames, unit):
    from chatpose.body.kinematics import forward_kinematics
    from chatpose.body.skeleton import smpl_rest_offsets

    joints = forward_kinematics(random_rotations(frames, 24), smpl_rest_offsets()).positions.numpy() * unit
    with pytest.raises(InvalidPoseError, match="joint positions"):
        load(write(tmp_path / "a.npz", poses=joints))
    with pytest.raises(InvalidPoseError, match="joint positions"):
        load(write(tmp_path / "b.npz", poses=joints[:, :22].reshape(frames, 66)))


def test_poses_are_not_taken_for_joint_positions():
    from chatpose.body.skeleton import SMPL
    from chatpose.formats.plausibility import are_joint_positions

    for scale in (0.3, 1.0):
        for pose in some(500, 1, 24, 3) * scale:
            mirrored = (pose + pose[:, list(SMPL.mirror_index)] * [1, -1, -1]) / 2
            assert not are_joint_positions(pose)
            assert not are_joint_positions(mirrored)
    assert not are_joint_positions(np.zeros((1, 24, 3)))


def test_matrices_slightly_off_are_projected_and_said(tmp_path):
    matrices = random_rotations(5, 24).double().numpy()
    clip = load(write(tmp_path / "a.npz", poses=matrices + GENERATOR.uniform(-1e-3, 1e-3, matrices.shape)))
    assert any("projected" in note for note in clip.notes)
    assert torch.rad2deg(geodesic_distance(clip.pose.local_rotations, torch.tensor(matrices).float())).max() < 0.3
    assert load(write(tmp_path / "b.npz", poses=matrices.astype(np.float16))).pose.validated()


def test_objects_are_refused_where_they_matter(tmp_path):
    for arrays in (
        {"poses": np.array([{}], dtype=object)},
        amass(2, betas=np.array([None])),
        {"results": np.array({})},
    ):
        with pytest.raises(UnsafeFileError, match="Python objects"):
            load(write(tmp_path / "a.npz", **arrays))


def test_aist_translations_are_scaled(tmp_path):
    arrays = {"smpl_poses": some(3, 72), "smpl_trans": np.full((3, 3), 90.0), "smpl_scaling": np.array([90.0])}
    assert torch.allclose(load(write(tmp_path / "a.npz", **arrays)).pose.transl, torch.ones(3, 3))


def test_camera_is_not_taken_for_a_translation(tmp_path):
    clip = load(write(tmp_path / "a.npz", pose=some(3, 72), cam=some(3, 3)))
    assert (clip.pose.transl == 0).all()
    assert any("camera" in note for note in clip.notes)


def test_ten_thousand_frames_in_half_a_second(tmp_path):
    import time

    path = write(tmp_path / "a.npz", **amass(10_000))
    load(path)
    start = time.process_time()
    load(path)
    assert time.process_time() - start < 1.5  # 0.5 s on an idle machine; see benchmarks
