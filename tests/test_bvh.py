import dataclasses
import math
import time

import numpy as np
import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st
from test_skeletons import CMU_BVH, DAZ, MIXAMO, UNREAL, tree

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis, geodesic_distance
from chatpose.body.skeleton import SMPL, Skeleton, smpl_rest_offsets
from chatpose.errors import ChatposeError, InvalidPoseError, TooLargeError, UnreadableFileError
from chatpose.formats import PoseClip, load, save
from chatpose.formats.bvh import bvh_to_clip, frames_per_second
from chatpose.formats.bvh_text import parse_bvh
from chatpose.formats.bvh_writer import matrices_to_euler_zxy
from chatpose.formats.registry import ReadOptions, WriteOptions

OPTIONS = ReadOptions()


def largest_error_deg(first: torch.Tensor, second: torch.Tensor) -> float:
    return float(torch.rad2deg(geodesic_distance(first.double(), second.double())).max())


def clip_of(rotations: torch.Tensor, fps: float | None = 30.0) -> PoseClip:
    transl = torch.randn(len(rotations), 3, generator=torch.Generator().manual_seed(1))
    return PoseClip(Pose.from_rotations(rotations, transl=transl), fps=fps)


def bvh_text(
    skeleton: Skeleton,
    offsets: np.ndarray,
    rows: list[list[float]],
    *,
    channels: str = "Zrotation Yrotation Xrotation",
    root: str = "Xposition Yposition Zposition Zrotation Yrotation Xrotation",
    frames: int | str | None = None,
    frame_time: str = "0.0083333",
) -> str:
    lines = ["HIERARCHY"]

    def joint(index: int) -> None:
        lines.append(f"{'JOINT' if index else 'ROOT'} {skeleton.joint_names[index]}")
        names = channels if index else root
        lines.extend(["{", "OFFSET " + " ".join(f"{value:.6f}" for value in offsets[index])])
        lines.append(f"CHANNELS {len(names.split())} {names}")
        for child in skeleton.children[index]:
            joint(child)
        if not skeleton.children[index]:
            lines.extend(["End Site", "{", "OFFSET 0 0 0.01", "}"])
        lines.append("}")

    joint(0)
    lines.extend(["MOTION", f"Frames: {len(rows) if frames is None else frames}", f"Frame Time: {frame_time}"])
    lines.extend(" ".join(f"{value:.6f}" for value in row) for row in rows)
    return "\n".join(lines) + "\n"


def t_pose_offsets(skeleton: Skeleton, unit: float = 100.0) -> np.ndarray:
    """Offsets that put the joints of a skeleton where SMPL has them; split bones in equal parts."""
    from chatpose.body.humanoid_names import match_humanoid
    from chatpose.body.rest_pose import smpl_rest_points

    places = smpl_rest_points().numpy()
    match = match_humanoid(skeleton)
    points = np.full((len(skeleton), 3), np.nan)
    for name, joint in match.joints.items():
        points[joint] = places[SMPL.index(name)]
    for joint in range(len(skeleton)):
        if np.isnan(points[joint, 0]):
            parent = skeleton.parents[joint]
            points[joint] = points[parent] + [0, 0.001, 0] if parent >= 0 else places[0]
    parents = [max(parent, 0) for parent in skeleton.parents]
    return (points - points[parents]) * unit


def rest_rows(skeleton: Skeleton, count: int = 2, per_joint: int = 3) -> list[list[float]]:
    return [[0.0] * (3 + 3 + per_joint * (len(skeleton) - 1)) for _ in range(count)]


SIMPLE = tree(DAZ)
SIMPLE_TEXT = bvh_text(SIMPLE, t_pose_offsets(SIMPLE), rest_rows(SIMPLE))


# our own files


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), angle=st.sampled_from([0.01, 1.0, 3.14]), unit=st.sampled_from(["m", "cm"]))
def test_own_files_come_back(tmp_path_factory, seed, angle, unit):
    path = tmp_path_factory.mktemp("bvh") / "a.bvh"
    clip = clip_of(random_rotations(6, 24, max_angle_rad=angle, seed=seed), fps=120.0)
    save(clip, path, WriteOptions(unit=unit))
    back = load(path)
    assert largest_error_deg(back.pose.local_rotations, clip.pose.local_rotations) < 1e-3
    assert float((back.pose.transl - clip.pose.transl).abs().max()) < 1e-5
    assert back.fps == 120
    assert not back.warnings


def test_own_files_keep_the_bodys_lengths(tmp_path):
    body = BodyModel.open()
    pose = Pose.identity((2,)).replace(betas=torch.tensor([[1.5] + [0.0] * 9] * 2))
    save(PoseClip(pose, shape_space="open"), tmp_path / "a.bvh", WriteOptions(body=body))
    text = parse_bvh((tmp_path / "a.bvh").read_bytes(), "a.bvh")
    joints = {joint.name: joint for joint in text.joints}
    rest = body.rest_joints(pose.betas[0])
    for name in ("left_knee", "head", "right_hand"):
        parent = SMPL.parents[SMPL.index(name)]
        expected = (rest[SMPL.index(name)] - rest[parent]).numpy()
        assert np.allclose(joints[name].offset, expected, atol=1e-5)
    assert joints["pelvis"].channels == ("xposition", "yposition", "zposition", "zrotation", "xrotation", "yrotation")
    assert np.allclose(text.rows[0, :3], rest[0].numpy(), atol=1e-5)
    assert np.allclose(text.rows[:, 3:], 0)
    save(PoseClip(pose, shape_space="smpl"), tmp_path / "b.bvh", WriteOptions(body=body))
    other = parse_bvh((tmp_path / "b.bvh").read_bytes(), "b.bvh").joints
    assert np.allclose(other[1].offset, (body.rest_joints(torch.zeros(10))[[1]] - body.rest_joints(torch.zeros(10))[0]),
                       atol=1e-5)  # fmt: skip


def test_poses_that_are_no_motion_get_a_frame_time(tmp_path):
    save(clip_of(random_rotations(1, 24), fps=None), tmp_path / "a.bvh")
    assert "Frame Time: 0.03333333333" in (tmp_path / "a.bvh").read_text()


def test_euler_angles_are_exact_at_and_near_the_gimbal():
    z, y = 0.4, -1.1
    for x in (math.pi / 2, -math.pi / 2, math.pi / 2 - 1e-5, -math.pi / 2 + 1e-7, 1.5):
        turns = [
            about_axis(axis, torch.tensor(angle, dtype=torch.float64))
            for axis, angle in zip("zxy", (z, x, y), strict=True)
        ]
        matrix = turns[0] @ turns[1] @ turns[2]
        angles = torch.from_numpy(np.radians(matrices_to_euler_zxy(matrix.numpy()[None, None])[0, 0]))
        back = about_axis("z", angles[0]) @ about_axis("x", angles[1]) @ about_axis("y", angles[2])
        assert largest_error_deg(back, matrix) < 1e-4


def test_euler_angles_run_on_without_jumps():
    """A somersault passes the middle angle's limit twice a turn; no channel may jump there."""
    turn = torch.linspace(0, 6 * math.pi, 401, dtype=torch.float64)
    twist = about_axis("y", torch.tensor(0.3, dtype=torch.float64))
    matrices = (about_axis("x", turn) @ twist)[:, None]
    angles = matrices_to_euler_zxy(matrices.numpy())
    assert np.abs(np.diff(angles, axis=0)).max() < 5
    assert angles[-1, 0, 1] == pytest.approx(3 * 360)


# foreign files


@pytest.mark.parametrize("spec", [MIXAMO, CMU_BVH, DAZ, UNREAL])
def test_a_foreign_t_pose_is_smpls(spec):
    skeleton = tree(spec)
    clip = bvh_to_clip(bvh_text(skeleton, t_pose_offsets(skeleton), rest_rows(skeleton)).encode(), "a.bvh", OPTIONS)
    identity = torch.eye(3).expand(2, 24, 3, 3)
    assert largest_error_deg(clip.pose.local_rotations, identity) < 0.01
    assert clip.fps == 120
    assert any(note.startswith("matched 2") and "left_knee=" in note for note in clip.notes)
    assert any("unit: cm" in note for note in clip.notes)


@pytest.mark.parametrize(
    "order", ["Zrotation Yrotation Xrotation", "Yrotation Xrotation Zrotation", "XROTATION zrotation Yrotation"]
)
def test_channels_are_applied_in_the_order_listed(order):
    rows = rest_rows(SIMPLE, 1)
    names = [joint.name for joint in parse_bvh(SIMPLE_TEXT.encode(), "a").joints]
    angles = {"x": 20.0, "y": -35.0, "z": 50.0}
    letters = [word[0].lower() for word in order.split()]
    slot = 6 + 3 * (names.index("lShldr") - 1)
    rows[0][slot : slot + 3] = [angles[letter] for letter in letters]
    text = bvh_text(SIMPLE, t_pose_offsets(SIMPLE), rows, channels=order)
    clip = bvh_to_clip(text.encode(), "a.bvh", OPTIONS)
    expected = torch.eye(3, dtype=torch.float64)
    for letter in letters:
        expected = expected @ about_axis(letter, torch.tensor(math.radians(angles[letter]), dtype=torch.float64))
    shoulder = clip.pose.local_rotations[0, SMPL.index("left_shoulder")]
    assert largest_error_deg(shoulder, expected) < 0.01


@pytest.mark.parametrize("change", ["crlf", "cr", "tabs", "lower", "blank", "bom", "comments", "one-line", "wrapped"])
def test_harmless_differences_in_writing_are_read(change):
    text = SIMPLE_TEXT
    data = {
        "crlf": lambda: text.replace("\n", "\r\n"),
        "cr": lambda: text.replace("\n", "\r"),
        "tabs": lambda: text.replace(" ", "\t"),
        "lower": lambda: text.replace("OFFSET", "offset").replace("CHANNELS", "Channels").replace("JOINT", "Joint"),
        "blank": lambda: text.replace("\n", "\n\n  \n"),
        "bom": lambda: "\ufeff" + text,
        "comments": lambda: "# made by hand\n" + text,
        "one-line": lambda: text.replace("\n{\n", " {\n"),
        "wrapped": lambda: text.replace("0.000000 0.000000", "0.000000\n0.000000").replace(
            "OFFSET 0.000000\n", "OFFSET 0.000000 "
        ),
    }[change]()
    back = bvh_to_clip(data.encode(), "a.bvh", OPTIONS)
    assert len(back) == 2


def test_z_up_skeletons_are_turned():
    z_up = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # x, y up, z front → x, -z, y
    offsets = t_pose_offsets(SIMPLE) @ z_up.T
    rows = rest_rows(SIMPLE, 1)
    rows[0][:3] = [10.0, -30.0, 95.0]
    clip = bvh_to_clip(bvh_text(SIMPLE, offsets, rows).encode(), "a.bvh", OPTIONS)
    assert largest_error_deg(clip.pose.local_rotations, torch.eye(3).expand(1, 24, 3, 3)) < 0.01
    assert "up axis: z" in clip.notes[0]
    from chatpose.body.skeleton import PELVIS_REST

    pelvis = clip.pose.transl[0] + torch.tensor(PELVIS_REST)
    assert torch.allclose(pelvis, torch.tensor([0.1, 0.95, 0.3]), atol=0.01)


def test_position_channels_on_inner_joints_replace_or_add():
    """Both habits: absolute positions as Blender has them, and zeros that are meant to be added."""
    per_joint = "Xposition Yposition Zposition Zrotation Yrotation Xrotation"
    offsets = t_pose_offsets(SIMPLE)
    for absolute in (True, False):
        row = [0.0, 90.0, 0.0, 0.0, 0.0, 0.0]
        for joint in parse_bvh(SIMPLE_TEXT.encode(), "a").joints[1:]:
            row += [*(offsets[SIMPLE.index(joint.name)] if absolute else np.zeros(3)), 0.0, 0.0, 0.0]
        clip = bvh_to_clip(bvh_text(SIMPLE, offsets, [row], channels=per_joint).encode(), "a.bvh", OPTIONS)
        assert largest_error_deg(clip.pose.local_rotations, torch.eye(3).expand(1, 24, 3, 3)) < 0.05


def test_cmu_conversions_without_thorax_and_wrist_lengths_are_read():
    skeleton = tree(CMU_BVH)
    offsets = t_pose_offsets(skeleton)
    for name in ("LeftFingerBase", "RightFingerBase", "LThumb", "Spine1", "LowerBack"):
        offsets[skeleton.index(name)] = 0
    rows = np.random.default_rng(0).uniform(-40, 40, (5, 3 + 3 * len(skeleton))).tolist()
    clip = bvh_to_clip(bvh_text(skeleton, offsets, rows).encode(), "a.bvh", OPTIONS)
    clip.pose.validated()
    assert "LeftFingerBase" in " ".join(clip.notes)


def test_real_makehuman_poses(shared_data):
    files = sorted((shared_data / "makehuman_poses").glob("*.bvh"))
    assert len(files) == 15
    for path in files:
        clip = load(path)
        assert len(clip) == 1
        assert clip.fps == 24
        assert not clip.warnings, path.name
        assert any("matched 24 of 24" in note for note in clip.notes)
        assert any("up axis: z" in note for note in clip.notes)
    standing = load(shared_data / "makehuman_poses" / "standing02.bvh").pose
    world = forward_kinematics(standing.local_rotations, smpl_rest_offsets())
    head = world.rotations[0, SMPL.index("head")]
    assert float(head[1, 1]) > 0.95
    assert float(head[2, 2]) > 0.95
    left_wrist = world.positions[0, SMPL.index("left_wrist")]
    assert float(left_wrist[0]) > 0.1
    sitting = load(shared_data / "makehuman_poses" / "sit01.bvh").pose
    assert float(sitting.transl[0, 1]) < float(standing.transl[0, 1]) - 0.5


def test_smpl_names_of_other_writers_are_read_without_retargeting():
    text = SIMPLE_SMPL.replace("left_", "L_").replace("right_", "R_")
    clip = bvh_to_clip(text.encode(), "a.bvh", OPTIONS)
    assert any("taken as they are" in note for note in clip.notes)
    clip = bvh_to_clip(text.encode(), "a.bvh", ReadOptions(up="z"))
    up = clip.pose.global_orient[0] @ torch.tensor([0.0, 0, 1])
    assert torch.allclose(up, torch.tensor([0.0, 1, 0]), atol=1e-6)


SIMPLE_SMPL = bvh_text(SMPL, smpl_rest_offsets().numpy(), rest_rows(SMPL))


# bad input


def test_numbers_of_frames_per_second():
    assert frames_per_second(0.0083333) == 120
    assert frames_per_second(0.041667) == 24
    assert frames_per_second(1 / 29.97) == pytest.approx(29.97)
    clip = bvh_to_clip(SIMPLE_TEXT.replace("0.0083333", "0").encode(), "a.bvh", OPTIONS)
    assert clip.fps is None
    assert any("Frame Time" in note for note in clip.notes)


BAD = {
    "no motion": (lambda t: t[: t.index("MOTION")], "no MOTION"),
    "no frames line": (lambda t: t.replace("Frames:", "Rows:"), "Frames"),
    "frames is no number": (lambda t: t.replace("Frames: 2", "Frames: many"), "no count"),
    "frames is zero": (lambda t: t.replace("Frames: 2", "Frames: 0"), "0 frames"),
    "negative frames": (lambda t: t.replace("Frames: 2", "Frames: -3"), "-3 frames"),
    "truncated rows": (lambda t: t[: t.rindex("\n", 0, -2)] + "\n", "1 of the 2"),
    "truncated in a row": (lambda t: t[:-120], "1 of the 2"),
    "billion frames": (lambda t: t.replace("Frames: 2", "Frames: 1000000000"), "2 of the 1000000000"),
    "thousands of digits": (lambda t: t.replace("Frames: 2", "Frames: 2" + "0" * 5000), "Frames"),
    "letters": (lambda t: t[:-10] + "abc" + t[-9:], "motion block"),
    "row of another width": (lambda t: t.replace("Frames: 2", "Frames: 3").replace("00\n", "00 1\n"), "row"),
    "unclosed": (lambda t: t.replace("}\nMOTION", "\nMOTION"), "braces"),
    "closed twice": (lambda t: t.replace("}\nMOTION", "}\n}\nMOTION"), "too many"),
    "two roots": (lambda t: t.replace("JOINT lThigh", "ROOT lThigh"), "second ROOT"),
    "unknown channel": (lambda t: t.replace("Yrotation", "Yscale", 1), "unknown channel"),
    "channel count": (lambda t: t.replace("CHANNELS 3", "CHANNELS 4", 1), "count"),
    "channels twice": (lambda t: t.replace("CHANNELS 3", "CHANNELS 1 Xrotation\nCHANNELS 3", 1), "twice"),
    "offset of letters": (lambda t: t.replace("OFFSET 0.000000 0.0", "OFFSET x 0.0", 1), "three numbers"),
    "infinite offset": (lambda t: t.replace("OFFSET 0.000000 0.0", "OFFSET 1e999 0.0", 1), "no length"),
    "nan offset": (lambda t: t.replace("OFFSET 0.000000 0.0", "OFFSET nan 0.0", 1), "no length"),
    "text": (lambda t: "hello\n" + t, "unexpected"),
    "no joints": (lambda t: "HIERARCHY\n" + t[t.index("MOTION") :], "no ROOT"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_with_one_line(case):
    change, message = BAD[case]
    text = change(SIMPLE_TEXT)
    assert text != SIMPLE_TEXT
    with pytest.raises(UnreadableFileError, match=message) as caught:
        bvh_to_clip(text.encode(), "a.bvh", OPTIONS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("word", ["nan", "inf", "1e999", "-Infinity"])
def test_numbers_that_are_none_are_refused(word):
    with pytest.raises(InvalidPoseError, match="frame 1"):
        bvh_to_clip((SIMPLE_TEXT[:-9] + word + "\n").encode(), "a.bvh", OPTIONS)


def test_more_rows_than_promised_are_noted():
    clip = bvh_to_clip(SIMPLE_TEXT.replace("Frames: 2", "Frames: 1").encode(), "a.bvh", OPTIONS)
    assert len(clip) == 1
    assert any("more rows" in note for note in clip.notes)


@pytest.mark.parametrize("spec", ["chassis > wheel_l > tyre_l; chassis > wheel_r", "Hips > Spine > Head"])
def test_what_is_no_person_is_named(spec):
    skeleton = tree(spec)
    text = bvh_text(skeleton, np.ones((len(skeleton), 3)), rest_rows(skeleton))
    with pytest.raises(UnreadableFileError, match=r"not a human skeleton: found no .*left elbow"):
        bvh_to_clip(text.encode(), "a.bvh", OPTIONS)


def test_all_bones_without_length_are_refused():
    text = bvh_text(SIMPLE, np.zeros((len(SIMPLE), 3)), rest_rows(SIMPLE))
    with pytest.raises(InvalidPoseError, match="no length"):
        bvh_to_clip(text.encode(), "a.bvh", OPTIONS)


def test_more_joints_than_anyone_has():
    chain = Skeleton("chain", tuple(f"j{i}" for i in range(1001)), tuple(range(-1, 1000)))
    lines = ["HIERARCHY"]
    for name in chain.joint_names:
        lines += [f"JOINT {name}" if name != "j0" else "ROOT j0", "{", "OFFSET 0 0 0"]
    with pytest.raises(TooLargeError, match="1000 joints"):
        bvh_to_clip(("\n".join(lines) + "\nMOTION\n").encode(), "a.bvh", OPTIONS)


@pytest.mark.parametrize("filler", [b"\n", b" ", b"1", b"{", b"MOTION\n", b"Frames: 9\n", b"\0", b"JOINT a\n{\n"])
def test_megabytes_of_anything_end_soon(filler):
    data = b"HIERARCHY\nROOT a\n{\n" + filler * (3_000_000 // len(filler))
    start = time.process_time()
    for tail in (b"", b"\nMOTION\nFrames: 5\nFrame Time: 0.1\n"):
        with pytest.raises(ChatposeError):
            bvh_to_clip(data + tail, "a.bvh", OPTIONS)
    block = SIMPLE_TEXT[: SIMPLE_TEXT.index("Frames")].encode() + b"Frames: 10\nFrame Time: 0.1\n"
    with pytest.raises(ChatposeError):
        bvh_to_clip(block + filler * (3_000_000 // len(filler)), "a.bvh", OPTIONS)
    assert time.process_time() - start < 10


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_raise_nothing_but_our_errors(data):
    text = bytearray(SIMPLE_TEXT.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text) - 1))
        how = data.draw(st.sampled_from(["flip", "cut", "repeat", "drop"]))
        if how == "flip":
            text[at] = data.draw(st.integers(0, 255))
        elif how == "cut":
            del text[at:]
        elif how == "repeat":
            text[at:at] = text[at : at + 40]
        else:
            del text[at : at + 15]
        if not text:
            break
    try:
        clip = bvh_to_clip(bytes(text), "a.bvh", OPTIONS)
    except ChatposeError:
        return
    clip.pose.validated()


def test_a_clip_edited_elsewhere_is_written_from_its_pose(tmp_path):
    clip = clip_of(random_rotations(3, 24))
    edited = clip.with_pose(clip.pose.mirror())
    save(edited, tmp_path / "a.bvh")
    assert largest_error_deg(load(tmp_path / "a.bvh").pose.local_rotations, edited.pose.local_rotations) < 1e-3
    assert dataclasses.is_dataclass(edited)
