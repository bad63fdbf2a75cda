import math

import pytest
import torch

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.rotations import about_axis, geodesic_distance
from chatpose.body.skeleton import SMPL, smpl_rest_offsets
from chatpose.body.skeletons import CMU, CMU_OF_SMPL
from chatpose.errors import ChatposeError, InvalidPoseError, MissingFileError, UnreadableFileError
from chatpose.formats import load
from chatpose.formats.acclaim import find_asf, parse_asf

# Which rotations a bone has, as in the database: the elbow bends about one axis, the wrist turns about another.
DOFS = {
    "radius": "rx",
    "wrist": "ry",
    "hand": "rx rz",
    "tibia": "rx",
    "foot": "rx rz",
    "toes": "rx",
    "clavicle": "ry rz",
}
STILL = ("lhipjoint", "rhipjoint", "lfingers", "rfingers", "lthumb", "rthumb")
# Axes of the bones whose own axes the tests rely on, degrees.
AXES = {"lradius": (90, 0, 90), "lfemur": (0, 0, 20), "rhumerus": (180, 30, -90)}


def bone_ends() -> dict[str, list[float]]:
    """Where each bone of the CMU skeleton goes, so that joints lie where SMPL has them; inches, 0.45 long."""
    offsets = smpl_rest_offsets().double()
    rest = forward_kinematics(torch.eye(3).double().expand(24, 3, 3), offsets).positions
    place = {cmu: rest[SMPL.index(smpl)] for smpl, cmu in CMU_OF_SMPL.items()}
    for side in "lr":
        place[f"{side}wrist"] = (place[f"{side}radius"] + place[f"{side}hand"]) / 2
        place[f"{side}hipjoint"] = place["root"]
    place["upperneck"] = (place["lowerneck"] + place["head"]) / 2
    ends = {}
    for index, name in enumerate(CMU.joint_names[1:], 1):
        children = [CMU.joint_names[child] for child in CMU.children[index] if CMU.joint_names[child] in place]
        end = place[children[0]] - place[name] if children and name in place else torch.tensor([0.0, 0.0, 0.1])
        ends[name] = (end / 0.0254 * 0.45).tolist()
    return ends


def asf_text(angle: str = "deg", axes: dict[str, tuple[float, float, float]] | None = None) -> str:
    lines = [
        "# AST/ASF file",
        ":version 1.10",
        ":name test",
        ":units",
        "  mass 1.0",
        "  length 0.45",
        f"  angle {angle}",
    ]
    lines += [":documentation", "   made by a test", ":root", "   order TX TY TZ RX RY RZ", "   axis XYZ"]
    lines += ["   position 0 0 0", "   orientation 0 0 0", ":bonedata"]
    axes = AXES if axes is None else axes
    for number, (name, end) in enumerate(bone_ends().items(), 1):
        length = math.sqrt(sum(value**2 for value in end))
        direction = " ".join(f"{value / length if length else 0:.9f}" for value in end)
        axis = " ".join(
            f"{value if angle == 'deg' else math.radians(value):.9f}" for value in axes.get(name, (0, 0, 0))
        )
        lines += ["  begin", f"     id {number}", f"     name {name}", f"     direction {direction}"]
        lines += [f"     length {length:.9f}", f"     axis {axis}  XYZ"]
        if name not in STILL:
            dof = DOFS.get(name[1:], "rx ry rz")
            lines += [
                f"    dof {dof}",
                *[f"    {'limits' if i == 0 else '      '} (-160.0 20.0)" for i in range(len(dof.split()))],
            ]
        lines.append("  end")
    lines += [":hierarchy", "  begin"]
    for parent, children in enumerate(CMU.children):
        if children:
            lines.append("    " + " ".join([CMU.joint_names[parent], *(CMU.joint_names[child] for child in children)]))
    return "\n".join([*lines, "  end", ""])


def amc_text(frames: list[dict[str, list[float]]], head: str = ":FULLY-SPECIFIED\n:DEGREES\n") -> str:
    lines = ["#!OML:ASF x.ASF", head.rstrip()]
    for number, frame in enumerate(frames, 1):
        lines.append(str(number))
        for name in CMU.joint_names:
            if name not in STILL:
                count = 6 if name == "root" else len(DOFS.get(name[1:], "rx ry rz").split())
                values = frame.get(name, [0.0] * count)
                lines.append(" ".join([name, *(f"{value:.9g}" for value in values)]))
    return "\n".join(lines) + "\n"


def write(folder, frames, *, asf_name="07.asf", amc_name="07_01.amc", **asf):
    (folder / asf_name).write_text(asf_text(**asf))
    (folder / amc_name).write_text(amc_text(frames))
    return folder / amc_name


def error_deg(rotation: torch.Tensor, expected: torch.Tensor) -> float:
    return float(torch.rad2deg(geodesic_distance(rotation.double(), expected.double())))


def about(axis: str, degrees: float) -> torch.Tensor:
    return about_axis(axis, torch.tensor(math.radians(degrees), dtype=torch.float64))


def test_zero_angles_are_the_rest_pose(tmp_path):
    clip = load(write(tmp_path, [{}, {}]))
    assert len(clip) == 2
    identity = torch.eye(3).expand(24, 3, 3)
    assert max(error_deg(clip.pose.local_rotations[0, j], identity[j]) for j in range(24)) < 0.01
    assert clip.fps is None
    assert clip.layout == "amc"
    assert clip.notes[0] == "skeleton: 07.asf"
    assert any("matched 24 of 24" in note for note in clip.notes)


def test_angles_turn_about_the_bones_own_axes(tmp_path):
    clip = load(write(tmp_path, [{"lradius": [35.0], "root": [0, 0, 0, 10, 20, 30], "rhumerus": [10, -20, 30]}]))
    local = clip.pose.local_rotations[0]
    root = about("z", 30) @ about("y", 20) @ about("x", 10)
    assert error_deg(local[0], root) < 0.01
    axes = about("z", 90) @ about("y", 0) @ about("x", 90)
    assert error_deg(local[SMPL.index("left_elbow")], axes @ about("x", 35) @ axes.T) < 0.01
    axes = about("z", -90) @ about("y", 30) @ about("x", 180)
    turned = about("z", 30) @ about("y", -20) @ about("x", 10)
    assert error_deg(local[SMPL.index("right_shoulder")], axes @ turned @ axes.T) < 0.01


def test_forearm_twist_of_the_wrist_bone_goes_to_the_elbow(tmp_path):
    forearm = torch.tensor(bone_ends()["lradius"]).double()
    clip = load(write(tmp_path, [{"lwrist": [50.0]}], axes={"lwrist": (0, 0, -90)}))  # its y axis lies along x
    local = clip.pose.local_rotations[0]
    assert 45 < error_deg(local[SMPL.index("left_elbow")], torch.eye(3)) < 55
    wrist = forward_kinematics(local.double(), smpl_rest_offsets().double()).positions
    bone = wrist[SMPL.index("left_wrist")] - wrist[SMPL.index("left_elbow")]
    assert float(torch.nn.functional.cosine_similarity(bone, forearm, dim=0)) > 0.995


def test_radians_and_positions(tmp_path):
    frames = [{"ltibia": [math.radians(40)], "root": [0, 17.0, 0, 0, 0, 0]}, {"root": [4.5, 17.0, 0, 0, 0, 0]}]
    clip = load(write(tmp_path, frames, angle="rad"))
    assert error_deg(clip.pose.local_rotations[0, SMPL.index("left_knee")], about("x", 40)) < 0.01
    step = clip.pose.transl[1] - clip.pose.transl[0]
    assert torch.allclose(step, torch.tensor([4.5 * 0.0254 / 0.45, 0, 0]), atol=1e-4)


def test_the_skeleton_is_found(tmp_path):
    amc = write(tmp_path, [{}], asf_name="07.ASF")
    assert find_asf(amc).name == "07.ASF"
    (tmp_path / "08.asf").write_text("x")
    assert find_asf(amc).name == "07.ASF"
    (tmp_path / "07_01.asf").write_text("x")
    assert find_asf(amc).name == "07_01.asf"
    only = tmp_path / "only"
    only.mkdir()
    (only / "a.asf").write_text("x")
    assert find_asf(only / "b.amc").name == "a.asf"
    (only / "c.asf").write_text("x")
    with pytest.raises(MissingFileError, match=r"2 \.asf files"):
        find_asf(only / "b.amc")


def test_a_missing_skeleton_is_asked_for(tmp_path):
    (tmp_path / "07_01.amc").write_text(amc_text([{}]))
    with pytest.raises(MissingFileError, match=r"07\.asf"):
        load(tmp_path / "07_01.amc")


BAD_AMC = {
    "unknown bone": (lambda t: t.replace("head 0", "tail 0"), UnreadableFileError, "tail"),
    "letters": (lambda t: t.replace("head 0", "head x"), UnreadableFileError, "not numbers"),
    "count": (lambda t: t.replace("head 0", "head 0 0"), UnreadableFileError, "4 numbers"),
    "nan": (lambda t: t.replace("head 0", "head nan"), InvalidPoseError, "head in frame 1"),
    "infinite": (lambda t: t.replace("head 0", "head 1e999"), InvalidPoseError, "head in frame 1"),
    "cut": (lambda t: t[: t.index("lradius")], UnreadableFileError, "missing"),
    "twice": (lambda t: t.replace("head 0 0 0", "head 0 0 0\nhead 0 0 0"), UnreadableFileError, "twice"),
    "no frames": (lambda t: t[: t.index("\n1\n")], UnreadableFileError, "no frames"),
    "no frame number": (lambda t: t.replace("\n1\n", "\n"), UnreadableFileError, "root"),
}


@pytest.mark.parametrize("case", BAD_AMC)
def test_bad_motions_are_refused(tmp_path, case):
    change, error, message = BAD_AMC[case]
    amc = write(tmp_path, [{}])
    text = amc.read_text()
    assert change(text) != text
    amc.write_text(change(text))
    with pytest.raises(error, match=message) as caught:
        load(amc)
    assert "\n" not in str(caught.value)


BAD_ASF = {
    "no bones": lambda t: t.replace(":bonedata", ":bones"),
    "no hierarchy": lambda t: t[: t.index(":hierarchy")],
    "length": lambda t: t.replace("length 0.4", "size 0.4").replace("     length", "     size"),
    "letters": lambda t: t.replace("direction 0", "direction x", 1).replace("direction -0", "direction x", 1),
    "axis": lambda t: t.replace("  XYZ", "  XYY"),
    "dof": lambda t: t.replace("dof rx", "dof rx rx", 1),
    "two parents": lambda t: t.replace("    head", "    head lfemur").replace(
        "lhipjoint lfemur", "lhipjoint lfemur rfemur"
    ),
    "undescribed bone": lambda t: t.replace("name head\n", "name kopf\n"),
    "no person": lambda t: t.replace("femur", "wheel"),
    "nothing": lambda t: "x",
}


@pytest.mark.parametrize("case", BAD_ASF)
def test_bad_skeletons_are_refused(tmp_path, case):
    amc = write(tmp_path, [{}])
    asf = tmp_path / "07.asf"
    changed = BAD_ASF[case](asf.read_text())
    assert changed != asf.read_text()
    asf.write_text(changed)
    with pytest.raises(ChatposeError) as caught:
        load(amc)
    assert "\n" not in str(caught.value)


def test_bones_that_lead_in_circles_are_left_out():
    text = asf_text().removesuffix("  end\n") + "    a b\n    b a\n  end\n"
    assert len(parse_asf(text, "a.asf").bones) == len(CMU)
