"""The figures of perception: estimators that know the truth, that guess one pose, that find nobody."""

import dataclasses
import json
import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import random_rotations
from PIL import Image

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.rotations import about_axis
from chatpose.cli.main import main
from chatpose.evaluation import perception_methods, perception_scenes
from chatpose.evaluation.perception import Confidences, Figures, figures, measure, table
from chatpose.evaluation.perception_marks import Claim, Guess, Judge, Marks, of_landmarks
from chatpose.evaluation.perception_methods import Estimated, Method, Sketch, WorldLandmarks, times
from chatpose.evaluation.perception_photos import annotated, photo_rows
from chatpose.evaluation.perception_scenes import HeldOutPoses, HeldOutScene, SceneSet
from chatpose.evaluation.perception_sketch import SketchSolver
from chatpose.evaluation.perception_tables import describe_rows, describe_targets, describe_views, save_plot
from chatpose.perception import estimator as estimators
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.landmarks import NAMES, Landmarks
from chatpose.perception.person import PhotoPerson
from chatpose.perception.photo import Photo
from chatpose.perception.reliability import reliability
from chatpose.perception.scenes import Scene

COUNT = 16
SIZE = (96, 112)


def seen_exactly(scene: Scene) -> Landmarks:
    """What an eye would say that makes no errors."""
    points = scene.points_photo.numpy().astype(float)
    return Landmarks(
        image_px=scene.points_px.numpy().astype(float),
        world_m=points - points[[23, 24]].mean(0),
        visibility=scene.points.visible.astype(float),
        presence=np.ones(33),
        score=0.9,
        crop_px=np.zeros((4, 2)),
        photo_size=(scene.camera.width, scene.camera.height),
    )


class Knowing:
    """Finds the person of the scene that a picture shows, exactly where it is."""

    def __init__(self, scenes: list[HeldOutScene]) -> None:
        self._scenes = {one.scene.pixels.tobytes(): one.scene for one in scenes}

    def scene(self, photo: Photo) -> Scene:
        return self._scenes[photo.pixels.tobytes()]

    def eye(self, pixels: np.ndarray) -> list[Landmarks]:
        return [seen_exactly(self._scenes[pixels.tobytes()])]

    def poses(self, scene: Scene) -> Pose:
        return stack_poses([scene.pose, Pose.identity()])

    def people(self, photo: Photo, limit: int = 10) -> list[PhotoPerson]:
        scene = self.scene(photo)
        poses = self.poses(scene)
        count = len(poses)
        return [
            PhotoPerson(
                seen_exactly(scene),
                scene.camera,
                poses,
                torch.full((count,), 1 / count),
                torch.ones(count, 24),
                torch.ones(24, dtype=torch.bool),
                torch.zeros(count),
            )
        ]


class Stubborn(Knowing):
    """Says of everybody that they stand in the T-pose; knows them by no landmark errors; the truth comes second."""

    def poses(self, scene: Scene) -> Pose:
        return stack_poses([Pose.identity(), scene.pose])


class Blind:
    """Finds nobody."""

    def people(self, photo: Photo, limit: int = 10) -> list[PhotoPerson]:
        return []


class Broken:
    """Must not be asked."""

    name = "broken"

    def marks(self, scenes: object) -> list[Marks]:
        raise AssertionError("asked again")


@pytest.fixture(scope="module")
def poses() -> HeldOutPoses:
    mocap = random_rotations(7, 24, max_angle_rad=0.4, seed=3)
    return HeldOutPoses(mocap, Atlas.load().training().poses.local_rotations[[5, 40, 200]])


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def scenes(poses: HeldOutPoses, work: Path) -> SceneSet:
    return SceneSet(poses, work, longest_px=SIZE)


@pytest.fixture(scope="module")
def shown(scenes: SceneSet) -> list[HeldOutScene]:
    return [scenes.scene(number) for number in range(COUNT)]


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


@pytest.fixture(scope="module")
def rows(scenes: SceneSet, shown: list[HeldOutScene], judge: Judge) -> dict[str, list[Marks]]:
    methods: list[Method] = [
        Estimated("truth", Knowing(shown), judge),
        Estimated("fixed", Stubborn(shown), judge),
        Estimated("blind", Blind(), judge),
        WorldLandmarks(Knowing(shown).eye, judge),
    ]
    return measure(scenes, COUNT, methods)


def row(marks: dict[str, list[Marks]], method: str, kind: str) -> Figures:
    return next(one for one in table(marks) if (one.method, one.kind, one.source) == (method, kind, "all"))


# --- the scenes ------------------------------------------------------------------------------------------------------


def test_sources_and_kinds_come_alike_often(shown: list[HeldOutScene]) -> None:
    parts = [(one.source, one.scene.kind) for one in shown]
    assert {part: parts.count(part) for part in set(parts)} == dict.fromkeys(set(parts), COUNT // 4)
    assert len(set(parts)) == 4


def test_every_entry_comes_in_both_kinds(poses: HeldOutPoses, scenes: SceneSet) -> None:
    chosen = [scenes._chosen(number) for number in range(4 * len(poses.atlas))]
    for kind in ("clean", "occluded"):
        entries = {rotations.numpy().tobytes() for one, source, rotations in chosen if (one, source) == (kind, "atlas")}
        assert len(entries) == len(poses.atlas)


def test_the_atlas_stands_alone_where_there_is_no_motion_capture(poses: HeldOutPoses) -> None:
    alone = SceneSet(HeldOutPoses(poses.mocap[:0], poses.atlas), longest_px=SIZE)
    chosen = [alone._chosen(number) for number in range(4 * len(poses.atlas))]
    assert {source for _, source, _ in chosen} == {"atlas"}
    assert len({(kind, rotations.numpy().tobytes()) for kind, _, rotations in chosen}) == 2 * len(poses.atlas)


def test_kept_scenes_are_the_rendered_ones(scenes: SceneSet, shown: list[HeldOutScene]) -> None:
    for one in shown[:4]:
        again = scenes.scene(one.number).scene
        made = scenes._rendered(one.number)
        for scene in (again, made):
            assert np.array_equal(scene.pixels, one.scene.pixels)
            assert torch.equal(scene.joints_photo, one.scene.joints_photo)
            assert torch.equal(scene.pose.local_rotations, one.scene.pose.local_rotations)
            assert all(np.array_equal(a, b) for a, b in zip(scene.points, one.scene.points, strict=True))
            assert (scene.kind, scene.crop, scene.camera) == (one.scene.kind, one.scene.crop, one.scene.camera)


def test_a_damaged_scene_is_rendered_again(poses: HeldOutPoses, tmp_path: Path) -> None:
    kept = SceneSet(poses, tmp_path, longest_px=SIZE)
    before = kept.scene(1).scene
    (file,) = tmp_path.rglob("*.npz")
    file.write_bytes(file.read_bytes()[:200])
    assert np.array_equal(kept.scene(1).scene.pixels, before.pixels)
    assert len(file.read_bytes()) > 200


@pytest.mark.parametrize(("turn", "azimuth"), [(0.0, 0.0), (90.0, -90.0), (-90.0, 90.0), (180.0, 180.0)])
def test_azimuth_is_where_the_camera_stands_about_the_person(
    shown: list[HeldOutScene], turn: float, azimuth: float
) -> None:
    scene = shown[0].scene
    camera = dataclasses.replace(scene.camera, pitch_deg=30.0, roll_deg=0.0)
    level = torch.tensor([[0.0, -2.0, -2.0 * math.sqrt(3)]]).expand(24, 3)
    pose = Pose.identity().replace(global_orient=about_axis("y", torch.tensor(math.radians(turn))))
    placed = dataclasses.replace(
        scene, pose=pose, camera=camera, joints_photo=level @ camera.photo_from_level.mT, seed=0
    )
    one = HeldOutScene(0, "atlas", placed)
    assert abs(abs(one.azimuth_deg - azimuth) % 360) == pytest.approx(0, abs=1e-3)
    assert one.elevation_deg == pytest.approx(30, abs=1e-3)


# --- estimators ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["clean", "occluded"])
def test_the_truth_has_no_errors(rows: dict[str, list[Marks]], kind: str) -> None:
    truth = row(rows, "truth", kind)
    # Where nothing of a person is in sight, nobody can tell that it was found.
    assert truth.not_found <= (0 if kind == "clean" else 0.3)
    for name in ("mpjpe_mm", "pa_mpjpe_mm", "best_mm", "shared_mm", "shared_pa_mm", "limbs_deg", "bones_deg", "others"):
        assert getattr(truth, name) == pytest.approx(0, abs=0.1), name
    assert truth.right == 1
    assert truth.gap == pytest.approx(0, abs=1e-6)
    assert sum(one["statements"] for one in truth.right_by_margin.values()) > 0


def test_whole_people_get_statements(rows: dict[str, list[Marks]]) -> None:
    clean = [one for one in rows["truth"] if one.kind == "clean"]
    assert all(one.whole for one in clean)
    truth = row(rows, "truth", "clean")
    assert truth.said == pytest.approx(np.mean([len(one.statements) for one in clean]))
    assert truth.said >= 3


def test_one_pose_for_all_is_as_far_off_as_it_is(
    rows: dict[str, list[Marks]], shown: list[HeldOutScene], judge: Judge
) -> None:
    for marks, one in zip(rows["fixed"], shown, strict=True):
        if not marks.found:
            continue
        rest = judge.body.joints(Pose.identity()) @ one.scene.camera.photo_from_level.T
        truth = one.scene.joints_photo
        errors = np.linalg.norm((rest - rest[0] - truth + truth[0]).numpy(), axis=1) * 1000
        seen = [joint for joint in range(1, 24) if one.scene.joints.visible[joint]]
        assert marks.mpjpe_mm == pytest.approx(errors[seen].mean(), rel=1e-3)
        assert marks.best_mm == pytest.approx(0, abs=0.1)  # its second hypothesis is the truth
        assert marks.pa_mpjpe_mm < marks.mpjpe_mm
    fixed = row(rows, "fixed", "clean")
    assert fixed.mpjpe_mm > 100
    assert fixed.limbs_deg > 15
    assert fixed.right < 0.7
    assert fixed.gap > 0.3  # it is sure of itself


def test_directions_count_where_both_ends_do(rows: dict[str, list[Marks]], shown: list[HeldOutScene]) -> None:
    hidden = [one for one in rows["fixed"] if one.found and not all(one.seen)]
    assert hidden
    for one in hidden:
        knee, ankle = one.seen[4], one.seen[7]
        assert math.isfinite(one.limbs_deg[1]) == (knee and ankle)


def test_nobody_found_is_said_and_nothing_more(rows: dict[str, list[Marks]]) -> None:
    blind = row(rows, "blind", "clean")
    assert blind.not_found == 1
    assert math.isnan(blind.mpjpe_mm)
    assert math.isnan(blind.right)
    assert math.isnan(blind.spearman)
    text = json.dumps(blind.as_json(), allow_nan=False)
    assert json.loads(text)["mpjpe_mm"] is None
    assert "-" in describe_rows([blind])[1]


def test_world_landmarks_are_compared_on_the_joints_that_they_have(rows: dict[str, list[Marks]]) -> None:
    world = row(rows, "BlazePose", "clean")
    assert world.shared_mm == pytest.approx(0, abs=0.1)
    assert world.limbs_deg == pytest.approx(0, abs=0.1)
    assert math.isnan(world.mpjpe_mm)
    assert math.isnan(world.pa_mpjpe_mm)
    assert math.isnan(world.bones_deg)


def test_a_mirror_image_isnt_the_truth(shown: list[HeldOutScene], judge: Judge) -> None:
    one = shown[1]
    joints = judge.body.joints(one.scene.pose.mirror()) @ one.scene.camera.photo_from_level.mT
    assert judge.marks(one, Guess(joints[None])).mpjpe_mm > 20


def test_marks_come_back_from_json(rows: dict[str, list[Marks]]) -> None:
    for several in rows.values():
        for one in several:
            back = Marks.from_json(json.loads(json.dumps(one.as_json(), allow_nan=False)))
            assert back.as_json() == one.as_json()
            assert back.right == one.right
            assert all(isinstance(claim, Claim) for claim in back.statements)


def test_of_landmarks_leaves_out_what_they_dont_tell() -> None:
    joints = of_landmarks(np.arange(99.0).reshape(33, 3))[0]
    assert torch.isfinite(joints).all(-1).sum() == 12
    assert torch.equal(joints[1], torch.tensor([69.0, 70, 71], dtype=torch.float64))  # left hip: landmark 23


# --- going on --------------------------------------------------------------------------------------------------------


def test_kept_marks_are_not_made_again(
    scenes: SceneSet, shown: list[HeldOutScene], judge: Judge, tmp_path: Path
) -> None:
    first = measure(scenes, 8, [Estimated("broken", Knowing(shown), judge)], tmp_path)
    (file,) = tmp_path.rglob("broken.jsonl")
    again = measure(scenes, 8, [Broken()], tmp_path)
    assert [one.as_json() for one in again["broken"]] == [one.as_json() for one in first["broken"]]
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:5]) + "\n" + lines[5][:40])  # cut off in the middle
    mended = measure(scenes, 8, [Estimated("broken", Knowing(shown), judge)], tmp_path)
    assert [one.number for one in mended["broken"]] == list(range(8))


def test_a_stopped_run_gives_what_is_there(scenes: SceneSet, shown: list[HeldOutScene], judge: Judge) -> None:
    done: list[int] = []
    marks = measure(
        scenes, COUNT, [Estimated("truth", Knowing(shown), judge)], stop=lambda: bool(done), step=done.append
    )
    assert 0 < len(marks["truth"]) < COUNT
    assert table(marks)
    assert table(measure(scenes, COUNT, [Broken()], stop=lambda: True)) == []


# --- figures ---------------------------------------------------------------------------------------------------------


def marked(number: int, confidence: float, error: float) -> Marks:
    return Marks(
        number, "atlas", "clean", 10.0, 5.0, True, 0, (True,) * 24,
        errors_mm=(error,) * 24, mpjpe_mm=error, confidence=(confidence,) * 24,
    )  # fmt: skip


def test_rank_correlation_and_bins() -> None:
    good = [marked(number, 1 - number / 20, 10.0 * number) for number in range(20)]
    assert Confidences.of(good).spearman() == pytest.approx(1)
    bad = [marked(number, number / 20, 10.0 * number) for number in range(20)]
    assert Confidences.of(bad).spearman() == pytest.approx(-1)
    even = [marked(number, 0.5, 50.0 if number % 2 else 150.0) for number in range(20)]
    curve = Confidences.of(even).reliability(1)
    assert curve is not None
    assert (curve.expected[0], curve.actual[0]) == (0.5, 0.5)
    assert figures(even, "x", "clean", "all").gap < 0.05


def test_views_and_targets_are_told() -> None:
    one = figures([marked(number, 0.9, 60.0) for number in range(4)], "with fit", "clean", "all")
    assert one.views["front"]["people"] == one.views["0-15°"]["people"] == 4
    assert "front: 60 mm" in describe_views(one)[0]
    lines = describe_targets([one], "with fit")
    assert any(line.startswith("reached") and "mpjpe_mm" in line for line in lines)
    assert any(line.startswith("MISSED") and "spearman" in line for line in lines)


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    chance = rng.random(500)
    curve = reliability(chance, rng.random(500) < chance)
    save_plot(tmp_path / "plot.png", {"clean": {"with fit": curve}, "occluded": {"with fit": curve}})
    with Image.open(tmp_path / "plot.png") as picture:
        assert len(picture.getcolors(2**16) or []) > 20


# --- baselines, photos, times ----------------------------------------------------------------------------------------


def test_the_sketch_lays_a_body_on_exact_landmarks(judge: Judge) -> None:
    pose = stack_poses([Atlas.load().pose("warrior two"), Pose.identity()])
    points = BodyLandmarks(judge.body)(pose)
    rotations = SketchSolver(judge.body)(points - points[:, [23, 24]].mean(1, keepdim=True), torch.ones(2, 33))
    found, wanted = judge.body.joints(Pose.from_rotations(rotations)), judge.body.joints(pose)
    limbs = [16, 17, 18, 19, 20, 21, 1, 2, 4, 5, 7, 8]
    errors = ((found - found[:, :1]) - (wanted - wanted[:, :1])).norm(dim=-1)[:, limbs]
    assert errors.mean() < 0.05
    assert SketchSolver(judge.body)(torch.zeros(0, 33, 3), torch.zeros(0, 33)).shape == (0, 24, 3, 3)


def test_the_sketch_is_marked(scenes: SceneSet, shown: list[HeldOutScene], judge: Judge) -> None:
    solver = SketchSolver(judge.body, iterations=40)
    marks = Sketch(Knowing(shown).eye, judge, solver).marks(shown[:4])
    assert [one.number for one in marks] == [0, 1, 2, 3]
    assert all(one.mpjpe_mm < 200 for one in marks if one.found and one.kind == "clean")
    nobody = Sketch(lambda _: [], judge, solver).marks(shown[:2])
    assert not any(one.found for one in nobody)


def test_landmarks_of_nobody_near_dont_count(shown: list[HeldOutScene], judge: Judge) -> None:
    def elsewhere(pixels: np.ndarray) -> list[Landmarks]:
        one = Knowing(shown).eye(pixels)[0]
        return [dataclasses.replace(one, image_px=one.image_px + 500)]

    (marks,) = WorldLandmarks(elsewhere, judge).marks(shown[:1])
    assert not marks.found
    assert marks.others == 1


def test_times_are_told(shown: list[HeldOutScene]) -> None:
    photos = [one.photo for one in shown[:3]]
    told = times(Knowing(shown), photos)
    assert told["photos"] == 3
    assert 0 <= told["wall_ms"] < 1000
    assert times(Blind(), []) == {"photos": 0}


def test_a_fitted_body_is_laid_on_annotated_points(shown: list[HeldOutScene], judge: Judge, tmp_path: Path) -> None:
    scene = shown[0].scene
    Image.fromarray(scene.pixels).save(tmp_path / "set_0007.png")
    points = BodyLandmarks(judge.body, "coco17")(scene.pose)
    pixels = scene.camera.project(points @ scene.camera.photo_from_level.mT)
    keypoints = [number for point in pixels.tolist() for number in (*point, 2)]
    keypoints[:3] = [1e6, 1e6, 0]  # not annotated
    facts = {
        "images": [{"id": 7, "file_name": "0007.png"}],
        "annotations": [
            {"image_id": 7, "keypoints": keypoints, "bbox": [0, 0, 20, 50]},
            {"image_id": 8, "keypoints": keypoints, "bbox": [0, 0, 20, 50]},
            {"image_id": 7, "keypoints": [0] * 51, "bbox": [0, 0, 20, 50]},
        ],
    }
    (tmp_path / "keypoints.json").write_text(json.dumps(facts))
    (tmp_path / "other.json").write_text("[1, 2]")
    assert len(list(annotated(tmp_path))) == 1
    (exact,) = photo_rows(Knowing(shown), tmp_path, judge.body)
    assert exact["points"] == 16
    assert exact["body"] == pytest.approx(0, abs=1e-4)
    assert exact["landmarks"] < 0.02
    (fixed,) = photo_rows(Stubborn(shown), tmp_path, judge.body)
    assert fixed["body"] > 0.02
    assert "body" not in photo_rows(Blind(), tmp_path, judge.body)[0]


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch, poses: HeldOutPoses, scenes: SceneSet, shown: list[HeldOutScene]) -> None:
    """No models: an estimator and eyes that know the truth, on small scenes."""

    class Pipeline(Knowing):
        def __init__(self, **_: object) -> None:
            super().__init__(shown)

    class Eyes:
        def see(self, pixels: np.ndarray) -> list[Landmarks]:
            return Knowing(shown).eye(pixels)

    monkeypatch.setattr(estimators, "PerceptionPipeline", Pipeline)
    monkeypatch.setattr(perception_methods, "RememberingEyes", Eyes)
    monkeypatch.setattr(perception_scenes, "SceneSet", partial(SceneSet, longest_px=SIZE))
    monkeypatch.setattr(HeldOutPoses, "of_split", lambda data, split: poses)


@pytest.mark.usefixtures("faked")
def test_the_command_prints_the_table(work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["evaluate", "perception", "--split", "validation", "--limit", "8", "--work", str(work), "--no-baselines"]
    assert main([*command, "--plot", str(tmp_path / "plot.png")]) == 0
    printed = capsys.readouterr().out
    assert "8 rendered scenes of the validation split" in printed
    assert "reached  clean     mpjpe_mm" in printed
    assert (tmp_path / "plot.png").is_file()
    assert main([*command, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    table_rows = [line for line in lines if "method" in line]
    assert {line["method"] for line in table_rows} == {"with fit", "regression"}
    assert all(line["suite"] == "perception" and line["split"] == "validation" for line in lines)
    assert any("times" in line for line in lines)
    assert any("calibration" in line for line in lines)


def test_no_such_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "perception", "--data", "/no/such/folder"]) == 2
    assert "no folder" in capsys.readouterr().err


def test_the_splits_are_apart() -> None:
    test, validation = (HeldOutPoses.of_split(None, split) for split in ("test", "validation"))
    entries = [{one.numpy().tobytes() for one in part.atlas} for part in (test, validation)]
    assert not entries[0] & entries[1]
    assert min(map(len, entries)) > 40
    assert len(NAMES) == 33
