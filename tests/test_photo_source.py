"""Photos in the library and in searches; the estimator is a stand-in, once the real one without its models."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from library_helpers import QuickAnalyser
from photo_fakes import NobodyThere, StandingPeople, standing_at
from PIL import Image
from search_library import TellingEmbedder, make_library

import chatpose.retrieval.embedder
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis
from chatpose.body.skeleton import SMPL
from chatpose.cli import library as command
from chatpose.cli.main import main
from chatpose.errors import MissingFileError
from chatpose.formats import PoseClip, save
from chatpose.perception.photo import Photo
from chatpose.posecodes.describe import Describer
from chatpose.retrieval.find_sources import Reading, find_sources
from chatpose.retrieval.library import Library
from chatpose.retrieval.part_distance import BodyPart, distances_to, seen_points
from chatpose.retrieval.photo_source import PhotoReader, PhotoSource
from chatpose.retrieval.query import Query, QueryError

PEOPLE = ["--estimator", "photo_fakes:StandingPeople"]
LEGS = [SMPL.index(f"{side}_{name}") for side in ("left", "right") for name in ("hip", "knee", "ankle", "foot")]


class HalfSeen(StandingPeople):
    """The first person without legs, the second hardly at all."""

    def people(self, photo: Photo, limit: int = 10) -> list:
        found = super().people(photo, limit)
        visible = [person.visible.clone() for person in found]
        visible[0][LEGS] = False
        visible[1][5:] = False
        pairs = zip(found, visible, strict=True)
        return [dataclasses.replace(person, visible=seen) for person, seen in pairs]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "beach.jpg"
    path.parent.mkdir()
    Image.new("RGB", (400, 600), (120, 130, 140)).save(path)
    return path


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    embedder = TellingEmbedder(64)
    monkeypatch.setattr(command, "open_embedder", lambda options: embedder)
    monkeypatch.setattr(chatpose.retrieval.embedder.Embedder, "from_pretrained", lambda *_, **__: embedder)
    monkeypatch.setattr("chatpose.retrieval.library_analysis.PoseAnalyser", QuickAnalyser)
    monkeypatch.setenv("CHATPOSE_LIBRARY", str(tmp_path / "own"))


def source(photo: Path, estimator: StandingPeople) -> PhotoSource:
    return PhotoSource(photo, photo.name, "beach", "mine", lambda path: estimator)


def told(capsys: pytest.CaptureFixture) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


# --- a photo as a source ---------------------------------------------------------------------------------------------


def test_everybody_is_a_pose_on_the_floor(photo):
    found = source(photo, StandingPeople()).read()
    assert found.frames.tolist() == [1, 2]
    assert found.descriptions[1].startswith("person 2 of 2, confidence 100%")
    bottoms = BodyModel.open()(found.pose).vertices[..., 1].amin(-1)
    assert bottoms.abs().amax() < 1e-4
    assert found.pose.transl[:, [0, 2]].abs().amax() == 0


def test_what_was_guessed_is_said_and_hardly_seen_people_are_left_out(photo):
    found = source(photo, HalfSeen()).read()
    assert found.frames.tolist() == [1]
    assert "guessed: both legs" in found.descriptions[0]
    assert any("person 2" in note for note in found.notes)


def test_nobody_is_an_answer(photo):
    found = source(photo, NobodyThere()).read()
    assert len(found.pose) == 0
    assert found.notes == ("no person was found in beach.jpg",)


def test_the_way_of_looking_is_part_of_the_fingerprint(photo, tmp_path):
    plain = source(photo, StandingPeople())
    copy = tmp_path / "copy.png"
    copy.write_bytes(photo.read_bytes())
    assert dataclasses.replace(plain, path=copy, name="other").fingerprint() == plain.fingerprint()
    assert dataclasses.replace(plain, mirrored=True).fingerprint() != plain.fingerprint()
    assert dataclasses.replace(plain, way="another estimator").fingerprint() != plain.fingerprint()


def test_photos_of_a_folder_are_left_out_where_none_can_be_read(photo):
    def check() -> None:
        raise MissingFileError("no models", fix="fetch them")

    reading = Reading(photo=PhotoReader(lambda path: StandingPeople(), check))
    with pytest.raises(MissingFileError, match="fetch them"):
        find_sources(str(photo), reading)
    with pytest.raises(MissingFileError, match="fetch them"):
        find_sources(str(photo.parent), reading)
    save(PoseClip(standing_at((0.0, 0.0, 0.0))), photo.with_name("pose.json"))
    found = find_sources(str(photo.parent), reading)
    assert [one.name for one in found.sources] == ["in/pose.json"]
    assert "1 photos" in found.left_out[0]
    assert "fetch them" in found.left_out[0]


# --- chatpose library add --------------------------------------------------------------------------------------------


def test_a_folder_of_photos_is_imported_once(photo, capsys, tmp_path):
    (photo.parent / "broken.png").write_bytes(b"\x89PNG nothing")
    adding = ["library", "add", str(photo.parent), *PEOPLE, "--json", "--quiet"]
    assert main(adding) == 2
    broken, beach = sorted(told(capsys), key=lambda row: "error" not in row)
    assert "broken.png" in broken["error"]
    assert (beach["name"], beach["stored"]) == ("in/beach.jpg", 2)
    assert main(adding) == 2
    assert {row.get("known") for row in told(capsys)} == {None, 2}
    with Library.open(tmp_path / "own") as library:
        row = library.find("in/beach.jpg#2")
        assert row.file == str(photo.resolve())
        assert row.frame == 2
        assert row.description.startswith("person 2 of 2")
        assert row.source == "in"


def test_a_photo_of_nobody_is_no_error(photo, capsys):
    assert main(["library", "add", str(photo), "--estimator", "photo_fakes:NobodyThere"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("0 poses stored")
    assert "no person was found in beach.jpg" in captured.err


def test_missing_models_are_told(photo, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("CHATPOSE_CACHE", str(tmp_path / "no cache"))
    for arguments in (["library", "add", str(photo)], ["search", "--like", str(photo)]):
        assert main(arguments) == 2
        assert "chatpose.perception.fetch" in capsys.readouterr().err


# --- chatpose search --like PHOTO ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("library") / "poses"
    make_library(place, Describer()).close()
    return place


def test_a_person_is_searched_for(folder, photo, capsys):
    assert main(["search", "--library", str(folder), "--like", str(photo), *PEOPLE, "-k", "3", "--json"]) == 0
    captured = capsys.readouterr()
    assert "2 people; the largest" in captured.err
    line = json.loads(captured.out)
    assert line["query"] == str(photo)
    assert len(line["hits"]) == 3
    assert line["hits"][0]["distance_mm"] < line["hits"][2]["distance_mm"]
    person = ["--person", "2", "--json"]
    assert main(["search", "--library", str(folder), "--like", str(photo), *PEOPLE, *person]) == 0
    assert "people; the largest" not in capsys.readouterr().err


def test_what_wasnt_seen_is_said_and_doesnt_count(folder, photo, capsys, monkeypatch):
    monkeypatch.setattr("photo_fakes.StandingPeople", HalfSeen)
    assert main(["search", "--library", str(folder), "--like", str(photo), *PEOPLE, "-k", "1", "--json"]) == 0
    captured = capsys.readouterr()
    assert "doesn't count: both legs" in captured.err
    assert json.loads(captured.out)["hits"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--estimator", "photo_fakes:NobodyThere"], "no person was found"),
        ([*PEOPLE, "--person", "3"], "no person 3"),
        ([*PEOPLE, "--frame", "0"], "--person"),
        (["--estimator", "photo_fakes:NoSuchClass"], "NoSuchClass"),
    ],
)
def test_bad_requests_are_one_line(folder, photo, capsys, arguments, said):
    assert main(["search", "--library", str(folder), "--like", str(photo), *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_people_are_only_in_photos(folder, tmp_path, capsys):
    save(PoseClip(standing_at((0.0, 0.0, 0.0))), tmp_path / "pose.json")
    assert main(["search", "--library", str(folder), "--like", str(tmp_path / "pose.json"), "--person", "1"]) == 2
    assert "--frame" in capsys.readouterr().err


# --- distances -------------------------------------------------------------------------------------------------------


def seen_but(*joints: str) -> torch.Tensor:
    return torch.tensor([name not in joints for name in SMPL.joint_names])


def test_only_what_was_seen_counts():
    body = BodyModel.open()
    plain = Pose.identity((1,))
    bent = plain.with_rotation("left_knee", about_axis("x", torch.tensor([1.0])))
    turned = bent.with_rotation("left_hip", about_axis("x", torch.tensor([-1.0])))
    hidden = seen_but("left_knee", "left_ankle", "left_foot")
    assert distances_to(plain[0], bent, None, body)[0] > 5
    assert distances_to(plain[0], bent, None, body, hidden)[0] < 1e-3
    everything = seen_but()
    assert distances_to(plain[0], turned, None, body, everything) == pytest.approx(
        distances_to(plain[0], turned, None, body)
    )
    part = BodyPart.named("legs")
    assert distances_to(plain[0], bent, part, body, hidden)[0] < 1e-3
    assert distances_to(plain[0], bent, part, body)[0] > 5


def test_without_the_pelvis_the_chest_is_the_base():
    body = BodyModel.open()
    leaning = Pose.identity((1,)).with_rotation("pelvis", about_axis("x", torch.tensor([0.6])))
    lower = ("pelvis", *(SMPL.joint_names[joint] for joint in LEGS))
    assert distances_to(Pose.identity(), leaning, None, body)[0] > 50
    assert distances_to(Pose.identity(), leaning, None, body, seen_but(*lower))[0] < 1e-2


def test_palms_need_wrist_and_hand():
    known = seen_points(seen_but("left_hand", "head"))
    assert known.shape == (30,)
    assert known[24:].tolist() == [False, False, False, True, True, True]


def test_the_mirrored_query_hides_the_other_side():
    query = Query(like=Pose.identity(), seen=seen_but("left_wrist"), mirror=True)
    seen = query.mirrored().seen
    assert seen is not None
    assert np.flatnonzero(~seen.numpy()).tolist() == [SMPL.index("right_wrist")]


@pytest.mark.parametrize(
    "options",
    [
        {"seen": torch.zeros(24, dtype=torch.bool), "like": Pose.identity()},
        {"seen": torch.ones(24), "like": Pose.identity()},
        {"seen": torch.ones(24, dtype=torch.bool), "text": "tree"},
        {"seen": seen_but(*(f"left_{name}" for name in ("shoulder", "elbow", "wrist", "hand"))),
         "like": Pose.identity(), "part": "left arm"},
    ],
)  # fmt: skip
def test_what_cant_be_searched_for(options):
    with pytest.raises(QueryError):
        Query(**options)
