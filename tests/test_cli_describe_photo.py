"""`chatpose describe PHOTO`: the contract, options, bad photos, and the real models on real photos."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from photo_fakes import standing_at
from PIL import Image

from chatpose.atlas.naming import Namer
from chatpose.cli.main import main
from chatpose.formats import PoseClip, load, save
from chatpose.formats.pose_json import json_to_pose

PLAIN = ["--estimator", "photo_fakes:StandingPeople"]
KEYS = ["pose", "names", "description", "statements", "confidence", "joint_confidence", "not_visible", "not_spoken_of"]


@pytest.fixture(scope="module")
def namer() -> Namer:
    return Namer()


@pytest.fixture(autouse=True)
def _one_namer(namer: Namer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command would read the atlas anew."""
    monkeypatch.setattr("chatpose.atlas.naming.Namer", lambda describer: namer)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "beach.jpg"
    Image.new("RGB", (400, 600), (120, 130, 140)).save(path)
    return path


def lines(capsys: pytest.CaptureFixture) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_json_is_the_contract(photo, capsys):
    assert main(["describe", str(photo), *PLAIN, "--json"]) == 0
    (line,) = lines(capsys)
    assert list(line) == ["input", "people", "seconds"]
    assert line["input"] == str(photo)
    first, second = line["people"]
    assert list(first) == KEYS
    assert json_to_pose(first["pose"]).batch_shape == ()
    assert len(first["pose"]["joints"]) == 24
    assert first["pose"]["joints"][0][2] > second["pose"]["joints"][0][2], "the larger one is nearer"
    assert first["description"]
    assert all(set(row) == {"statement", "measured", "margin"} for row in first["statements"])
    assert first["confidence"] == 1
    assert len(first["joint_confidence"]) == 24


def test_what_is_printed_opens_as_poses(photo, capsys, tmp_path):
    assert main(["describe", str(photo), *PLAIN, "--json"]) == 0
    path = tmp_path / "people.json"
    path.write_text(capsys.readouterr().out)
    assert len(load(path)) == 2


def test_text_for_people(photo, capsys):
    assert main(["describe", str(photo), *PLAIN]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f"{photo}\nperson 1 of 2, in the middle\n")
    assert "person 2 of 2, in the middle" in captured.out or "person 2 of 2, on the right" in captured.out
    assert "holds by" in captured.out
    assert re.search(r"^confidence 100%$", captured.out, re.MULTILINE)
    assert "note: The file says nothing of confidence" in captured.err
    assert captured.err.count("nothing of confidence") == 1, "said once for everybody"


def test_quiet_and_style(photo, capsys):
    assert main(["describe", str(photo), *PLAIN, "--quiet", "--style", "short"]) == 0
    short = capsys.readouterr()
    assert short.err == ""
    assert main(["describe", str(photo), *PLAIN, "--quiet", "--style", "full"]) == 0
    assert len(capsys.readouterr().out) > len(short.out)


def test_one_person(photo, capsys):
    assert main(["describe", str(photo), *PLAIN, "--json"]) == 0
    everybody = lines(capsys)[0]["people"]
    assert main(["describe", str(photo), *PLAIN, "--json", "--person", "2"]) == 0
    assert lines(capsys)[0]["people"] == [everybody[1]]
    assert main(["describe", str(photo), *PLAIN, "--people", "1", "--json"]) == 0
    assert lines(capsys)[0]["people"] == [everybody[0]]
    assert main(["describe", str(photo), *PLAIN, "--person", "3"]) == 2
    assert "no person 3; expected 1 to 2" in capsys.readouterr().err


def test_no_person_is_an_answer(photo, capsys):
    nobody = ["describe", str(photo), "--estimator", "photo_fakes:NobodyThere"]
    assert main([*nobody, "--json"]) == 0
    assert lines(capsys)[0]["people"] == []
    assert main(nobody) == 0
    assert "no person found" in capsys.readouterr().out


def test_other_readings(photo, capsys):
    asked = ["describe", str(photo), "--estimator", "photo_fakes:TwoReadings", "--readings"]
    assert main([*asked, "--json"]) == 0
    (person,) = lines(capsys)[0]["people"]
    (other,) = person["other_readings"]
    assert other["weight"] == pytest.approx(0.3)
    assert json_to_pose(other["pose"]).batch_shape == ()
    assert main([*asked, "--quiet"]) == 0
    assert "Or, 30%:" in capsys.readouterr().out


def test_overlay(photo, capsys, tmp_path):
    out = tmp_path / "seen.png"
    assert main(["describe", str(photo), *PLAIN, "--overlay", str(out), "--quiet"]) == 0
    with Image.open(out) as picture:
        assert picture.width > picture.height
    capsys.readouterr()
    for arguments, word in (
        ([str(photo), str(photo), "--overlay", str(out)], "one --overlay"),
        ([str(photo), "--overlay", "seen.jpg"], ".png"),
        ([str(photo), *PLAIN, "--overlay", str(tmp_path / "nowhere" / "seen.png")], "nowhere"),
    ):
        assert main(["describe", *arguments, "--quiet"]) == 2
        captured = capsys.readouterr()
        assert len(captured.err.splitlines()) == 1
        assert word in captured.err


def test_a_batch_of_photos_and_poses(photo, capsys, tmp_path):
    pose, bad = tmp_path / "pose.json", tmp_path / "cut.jpg"
    save(PoseClip(standing_at((0.0, 0.0, -3.0))), pose)
    bad.write_bytes(photo.read_bytes()[:200])
    listed = tmp_path / "list.txt"
    listed.write_text(f"{photo}\n{pose}\n{bad}\n{tmp_path / 'gone.jpg'}\n{photo}\n")
    assert main(["describe", "--batch", str(listed), *PLAIN, "--json", "--quiet"]) == 2
    found = lines(capsys)
    assert [Path(line["input"]).name for line in found] == [
        "beach.jpg",
        "pose.json",
        "cut.jpg",
        "gone.jpg",
        "beach.jpg",
    ]
    assert ["error" in line for line in found] == [False, False, True, True, False]
    assert [len(line.get("people", [])) for line in found] == [2, 1, 0, 0, 2]


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("drawing.jpg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        ("paper.jpg", b"%PDF-1.7", "PDF"),
        ("empty.png", b"", "empty"),
        ("text.webp", b"hello there", "no picture"),
        ("phone.heic", b"\0\0\0\x18ftypheic", "HEIC"),
    ],
)
def test_what_is_no_photo(tmp_path, capsys, name, content, word):
    path = tmp_path / name
    path.write_bytes(content)
    assert main(["describe", str(path), *PLAIN]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert word in captured.err


def test_a_photo_with_another_name_is_a_photo(photo, capsys):
    renamed = photo.rename(photo.with_name("upload"))
    assert main(["describe", str(renamed), *PLAIN, "--json"]) == 0
    assert len(lines(capsys)[0]["people"]) == 2


def test_a_mirrored_photo_is_said_to_be(photo, capsys):
    assert main(["describe", str(photo), *PLAIN, "--mirrored", "--json"]) == 0
    assert "mirror image" in capsys.readouterr().err


def test_compare_sends_photos_here(photo, capsys):
    assert main(["compare", str(photo), str(photo)]) == 2
    assert "chatpose describe" in capsys.readouterr().err


# --- estimators ------------------------------------------------------------------------------------------------------


def test_poses_of_a_file_and_of_files_beside_photos(photo, capsys):
    save(PoseClip(standing_at((0.0, 0.0, -3.0))), photo.with_suffix(".json"))
    for name in (str(photo.with_suffix(".json")), ".json"):
        assert main(["describe", str(photo), "--estimator", name, "--json"]) == 0
        captured = capsys.readouterr()
        assert len(json.loads(captured.out)["people"]) == 1
        assert "right way up" in captured.err


def test_results_of_4d_humans_are_recognised(photo, capsys):
    down = np.diag([1.0, -1.0, -1.0])
    np.savez(
        photo.with_suffix(".npz"),
        global_orient=down[None, None],
        body_pose=np.tile(np.eye(3), (1, 23, 1, 1)),
        betas=np.zeros((1, 10)),
        cam_t=np.array([[0.0, 0.2, 40.0]]),
        focal_length=12000.0,
    )
    assert main(["describe", str(photo), "--estimator", ".npz", "--json"]) == 0
    captured = capsys.readouterr()
    assert "not been tried on the original" in captured.err
    (person,) = json.loads(captured.out)["people"]
    assert person["pose"]["joints"][0][2] == pytest.approx(-40, abs=0.1)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("nowhere", "package.module:Class"),
        ("no_such_module:Class", "no_such_module"),
        ("photo_fakes:NoSuchClass", "NoSuchClass"),
        ("photo_fakes:FindsNothing", "people(photo, limit)"),
        ("gone.npz", "gone.npz"),
        (".npz", "beach.npz"),
    ],
)
def test_bad_estimators_are_one_line(photo, capsys, name, word):
    assert main(["describe", str(photo), "--estimator", name]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert word in captured.err


# --- the real models -------------------------------------------------------------------------------------------------


def test_the_photos_at_hand(pose_models, shared_data, capsys, tmp_path):
    folder = shared_data / "photos"
    photos = [str(folder / name) for name in ("coco_000000000785.jpg", "skimage_astronaut.png")]
    assert main(["describe", *photos, "--json"]) == 0
    skier, astronaut = lines(capsys)
    (one,), (other,) = skier["people"], astronaut["people"]
    assert len(one["statements"]) >= 3
    assert "both legs" in other["not_spoken_of"]
    assert not any(word in other["description"] for word in ("knee", "foot", "feet", "leg", "stand", "thigh", "shin"))
    assert {"left_ankle", "right_ankle", "left_knee", "right_knee"} <= set(other["not_visible"])


def test_the_skier_without_a_fit_and_with_an_overlay(pose_models, shared_data, capsys, tmp_path):
    path, out = str(shared_data / "photos" / "coco_000000000785.jpg"), tmp_path / "skier.png"
    assert main(["describe", path, "--no-fit", "--overlay", str(out), "--readings"]) == 0
    captured = capsys.readouterr()
    assert "focal length" in captured.err
    assert "confidence" in captured.out
    assert np.asarray(Image.open(out)).std() > 20


def test_photos_without_models_are_one_line(photo, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("CHATPOSE_CACHE", str(tmp_path / "empty"))
    assert main(["describe", str(photo)]) == 2
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 1
    assert "chatpose.perception.fetch" in captured.err
