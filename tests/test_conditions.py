import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from chatpose import BodyModel, Pose, PoseClip, save
from chatpose.body.keypoints import keypoint_set
from chatpose.body.pose import stack_poses
from chatpose.body.render import Camera, rasterize
from chatpose.body.skeleton import SMPL
from chatpose.errors import InvalidPoseError, UnknownNameError, UnwritableFileError
from chatpose.formats.conditions import (
    FARTHEST_GREY,
    NORMAL_BACKGROUND,
    depth_to_grey,
    draw_openpose,
    normal_picture,
    openpose_keypoints,
)
from chatpose.formats.registry import WriteOptions

SIZE = 192
NAMES = keypoint_set("openpose18").names
BODY = [name for name in NAMES if not name.endswith(("nose", "eye", "ear"))]


@pytest.fixture(scope="module")
def model() -> BodyModel:
    return BodyModel.open()


def pose_of(**degrees: tuple[float, float, float]) -> Pose:
    axis_angle = torch.zeros(24, 3)
    for joint, angles in degrees.items():
        axis_angle[SMPL.index(joint)] = torch.deg2rad(torch.tensor(angles))
    return Pose.from_axis_angle(axis_angle[0], axis_angle[1:].reshape(-1))


REST = pose_of()
REACHING = pose_of(left_shoulder=(0, -85, 0), right_shoulder=(0, 0, 70), left_hip=(-50, 0, 0), left_knee=(60, 0, 0))
LYING = pose_of(pelvis=(-90, 0, 0), right_shoulder=(0, 0, 60))


def clip_of(*poses: Pose, **fields: object) -> PoseClip:
    return PoseClip(stack_poses(poses), **fields)  # type: ignore[arg-type]


def written(tmp_path: Path, clip: PoseClip, suffix: str, options: WriteOptions) -> np.ndarray:
    path = tmp_path / f"out{suffix}"
    save(clip, path, options)
    return np.asarray(Image.open(path))


def triples(person_file: Path) -> np.ndarray:
    return np.array(json.loads(person_file.read_text())["people"][0]["pose_keypoints_2d"]).reshape(-1, 3)


@pytest.mark.parametrize("camera", ["front", "side", "three-quarter", "120,25,40"])
@pytest.mark.parametrize("pose", [REST, REACHING, LYING], ids=["rest", "reaching", "lying"])
def test_all_pictures_lie_on_each_other(tmp_path: Path, model: BodyModel, pose: Pose, camera: str) -> None:
    options = WriteOptions(body=model, camera=camera, size=SIZE)
    clip = clip_of(pose)
    picture = written(tmp_path, clip, ".png", options)
    depth = written(tmp_path, clip, ".depth.png", options)
    normal = written(tmp_path, clip, ".normal.png", options)
    skeleton = written(tmp_path, clip, ".openpose.png", options)
    save(clip, tmp_path / "out.openpose.json", options)
    assert picture.shape == normal.shape == skeleton.shape == (SIZE, SIZE, 3)
    assert depth.shape == (SIZE, SIZE)

    mask = depth > 0
    wall = (normal == NORMAL_BACKGROUND).all(-1)
    assert wall[~mask].all()
    assert wall[mask].sum() < 10  # only where the skin happens to face the viewer exactly
    contrast = np.abs(np.diff(picture.astype(int).sum(-1), axis=1)) > 60
    edge = mask[:, 1:] != mask[:, :-1]
    near_edge = edge | np.roll(edge, 1, 1) | np.roll(edge, -1, 1)
    assert contrast[edge].mean() > 0.3  # the render's silhouette is the depth picture's
    assert contrast[near_edge].mean() > 5 * contrast[~near_edge & ~mask[:, 1:]].mean()

    found = triples(tmp_path / "out.openpose.json")
    for name, (x, y, confidence) in zip(NAMES, found, strict=True):
        if confidence:
            row, column = int(y), int(x)
            if name != "neck":  # the middle of the shoulders may lie before the throat
                assert mask[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].any(), name
            assert skeleton[row, column].max() > 100, name
    assert set(BODY) <= {name for name, (_, _, seen) in zip(NAMES, found, strict=True) if seen}


def test_keypoints_of_json_are_the_projected_joints(tmp_path: Path, model: BodyModel) -> None:
    save(clip_of(REACHING), tmp_path / "a.openpose.json", WriteOptions(body=model, camera="30,10,25", size=300))
    content = json.loads((tmp_path / "a.openpose.json").read_text())
    assert content["version"] == 1.3
    assert (content["canvas_width"], content["canvas_height"]) == (300, 300)
    assert len(content["people"]) == 1
    found = triples(tmp_path / "a.openpose.json")
    body = model(REACHING)
    camera = Camera.from_name("30,10,25").framing(body.vertices.numpy())
    expected, _ = camera.project(body.joints.numpy(), 300)
    for name in ("left_wrist", "right_knee", "left_elbow", "right_hip"):
        assert found[NAMES.index(name), :2] == pytest.approx(expected[SMPL.index(name)], abs=0.01)
    assert found[:, :2].min() >= 0
    assert found[:, :2].max() <= 300


@pytest.mark.parametrize(
    ("camera", "hidden"),
    [
        ("front", set()),
        ("back", {"nose", "left_eye", "right_eye"}),
        ("side", {"right_ear", "right_eye"}),
        ("-90,0", {"left_ear", "left_eye"}),
        ("top", {"nose"}),
    ],
)
def test_the_head_hides_its_own_points(model: BodyModel, camera: str, hidden: set[str]) -> None:
    body = model(REST)
    found = openpose_keypoints(body, model, Camera.from_name(camera).framing(body.vertices.numpy()), SIZE)
    unseen = {name for name, seen in zip(NAMES, found.seen, strict=True) if not seen}
    if camera == "top":
        assert unseen <= {"nose", "left_ear", "right_ear", "left_eye", "right_eye"}
    else:
        assert unseen == hidden


def test_hidden_points_are_written_as_zeros(tmp_path: Path, model: BodyModel) -> None:
    save(clip_of(REST), tmp_path / "a.openpose.json", WriteOptions(body=model, camera="back"))
    found = triples(tmp_path / "a.openpose.json")
    assert found[NAMES.index("nose")].tolist() == [0, 0, 0]
    assert found[NAMES.index("neck"), 2] == 1


def test_many_frames_make_a_list_seen_by_one_camera(tmp_path: Path, model: BodyModel) -> None:
    away = REST.replace(transl=torch.tensor([1.0, 0, 0]))
    save(clip_of(REST, away, REST), tmp_path / "a.openpose.json", WriteOptions(body=model, size=SIZE))
    frames = json.loads((tmp_path / "a.openpose.json").read_text())
    points = np.array([frame["people"][0]["pose_keypoints_2d"] for frame in frames]).reshape(3, 18, 3)
    np.testing.assert_array_equal(points[0], points[2])
    assert (points[1, :, 0] > points[0, :, 0] + 20).all()
    assert points[..., 0].min() >= 0
    assert points[..., 0].max() <= SIZE


def test_skeleton_picture_has_the_standard_colours(model: BodyModel) -> None:
    body = model(REST)
    camera = Camera.from_name("front").framing(body.vertices.numpy())
    found = openpose_keypoints(body, model, camera, 512)
    picture = draw_openpose(found, 512)
    expected = {
        "nose": (255, 0, 0),
        "right_elbow": (255, 255, 0),
        "left_wrist": (0, 255, 85),
        "left_knee": (0, 0, 255),
    }
    for name, color in expected.items():
        x, y = found.pixels[NAMES.index(name)].astype(int)
        assert tuple(picture[y, x].tolist()) == color, name
    shoulder, elbow = (found.pixels[NAMES.index(name)] for name in ("right_shoulder", "right_elbow"))
    x, y = ((shoulder + elbow) / 2).astype(int)
    assert tuple(picture[y, x].tolist()) == (153, 102, 0)  # the third limb: 0.6 of (255, 170, 0)
    assert (picture[:5] == 0).all()


def test_near_is_white(model: BodyModel) -> None:
    body = model(REACHING)  # the left hand reaches towards the front camera
    camera = Camera.from_name("front").framing(body.vertices.numpy())
    depth = rasterize(body.vertices.numpy(), model.data.faces.numpy(), camera, SIZE).depth
    grey = depth_to_grey(depth)
    seen = np.isfinite(depth)
    assert grey[seen].min() == FARTHEST_GREY
    assert grey.max() == 255
    assert (grey[~seen] == 0).all()
    order = np.argsort(depth[seen])
    assert (np.diff(grey[seen][order].astype(int)) <= 0).all()
    wrist, chest = (camera.project(body.joints[SMPL.index(name)].numpy(), SIZE) for name in ("left_wrist", "spine1"))
    at_wrist, at_chest = (grey[int(p.pixels[1]), int(p.pixels[0])] for p in (wrist, chest))
    assert at_wrist > at_chest + 60
    surface = depth[int(wrist.pixels[1]), int(wrist.pixels[0])]
    assert wrist.depth - 0.25 < surface < wrist.depth  # the hand is just before the joint


def test_depth_of_nothing_and_of_a_flat_wall() -> None:
    assert (depth_to_grey(np.full((4, 4), np.inf)) == 0).all()
    assert (depth_to_grey(np.full((4, 4), 3.0)) == 255).all()


def test_normals_follow_controlnet(model: BodyModel) -> None:
    body = model(REST)
    head = body.vertices.numpy()[body.vertices.numpy()[:, 1] > body.vertices.numpy()[:, 1].max() - 0.2]
    for view in ("front", "side", "200,0"):  # camera axes: the same rule from every side
        picture = normal_picture(body, model, Camera.from_name(view).framing(head), SIZE).astype(int)
        mask = (picture != NORMAL_BACKGROUND).any(-1)
        rows, columns = np.nonzero(mask)
        upper = rows < SIZE * 0.35
        middle = columns[upper].mean()
        red, green, blue = picture[rows, columns].T
        assert red[upper & (columns < middle - 15)].mean() > 150  # red is the picture's left
        assert red[upper & (columns > middle + 15)].mean() < 105
        assert green[rows < rows.min() + 6].mean() > 190  # green is up
        assert blue.mean() > 190  # blue is towards the viewer
        length = np.linalg.norm(picture[mask] / 127.5 - 1, axis=1)
        np.testing.assert_allclose(length, 1, atol=0.02)


def test_picture_of_one_frame_and_sheet_of_many(tmp_path: Path, model: BodyModel) -> None:
    options = WriteOptions(body=model, size=64)
    assert written(tmp_path, clip_of(REST), ".png", options).shape == (64, 64, 3)
    sheet = written(tmp_path, clip_of(*[REST, REACHING] * 2, fps=10.0), ".png", options)
    assert sheet.shape[1] == 2 * 36 + 4
    with pytest.raises(InvalidPoseError, match=r"101 frames.*--every 2"):
        save(PoseClip(Pose.identity((101,))), tmp_path / "x.png", options)
    with pytest.raises(InvalidPoseError, match="--frame"):
        save(clip_of(REST, REST), tmp_path / "x.depth.png", options)
    assert not (tmp_path / "x.png").exists()


def test_bad_options_write_nothing(tmp_path: Path, model: BodyModel) -> None:
    for suffix in (".png", ".depth.png", ".normal.png", ".openpose.png", ".openpose.json"):
        target = tmp_path / f"bad{suffix}"
        with pytest.raises(UnwritableFileError, match="size"):
            save(clip_of(REST), target, WriteOptions(body=model, size=0))
        with pytest.raises(UnwritableFileError, match="size"):
            save(clip_of(REST), target, WriteOptions(body=model, size=10**9))
        with pytest.raises(UnknownNameError, match="one of: side"):
            save(clip_of(REST), target, WriteOptions(body=model, camera="sideways"))
    assert not list(tmp_path.iterdir())


def test_only_the_bodys_own_shape_is_used(tmp_path: Path, model: BodyModel) -> None:
    big = REST.replace(betas=torch.tensor([2.0] + [0.0] * 9))
    options = WriteOptions(body=model, size=64)
    plain = written(tmp_path, clip_of(REST), ".depth.png", options)
    own = written(tmp_path, clip_of(big, shape_space="open"), ".depth.png", options)
    foreign = written(tmp_path, clip_of(big, shape_space="smpl"), ".depth.png", options)
    np.testing.assert_array_equal(foreign, plain)
    assert (own != plain).any()


def test_the_open_body_is_drawn_when_none_is_given(tmp_path: Path, model: BodyModel) -> None:
    chosen = written(tmp_path, clip_of(REST), ".png", WriteOptions(body=model, size=48))
    np.testing.assert_array_equal(written(tmp_path, clip_of(REST), ".png", WriteOptions(size=48)), chosen)
