"""Photos on the page, without a browser: people, readings, words, what visitors are told."""

import dataclasses
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from page_desk import act, make_desk, say
from photo_fakes import NobodyThere, StandingPeople, TwoReadings, standing_at
from PIL import Image

from chatpose.body.model import BodyModel
from chatpose.body.skeleton import SMPL
from chatpose.cli.main import main
from chatpose.cli.photo_estimators import Estimators
from chatpose.errors import MissingFileError
from chatpose.formats import PoseClip, save
from chatpose.page import actions, photos, sheet
from chatpose.page.desk import Desk
from chatpose.page.visit import Visit
from chatpose.posecodes.describe import Describer


@pytest.fixture(scope="module")
def describer() -> Describer:
    return Describer(BodyModel.open())


@pytest.fixture(scope="module")
def desk(describer: Describer) -> Iterator[Desk]:
    with make_desk(describer) as made:
        yield made


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "beach.jpg"
    Image.new("RGB", (400, 600), (120, 130, 140)).save(path)
    return path


def shown_with(desk: Desk, *paths: Path) -> tuple[Visit, str]:
    """A visitor who has sent files, and what was answered."""
    visit = desk.visit(None)
    taken = [Path(shutil.copy(path, visit.session.folder)) for path in paths]
    change = say(desk, visit, "estimate it", *taken)[-1]
    sheet.photo(desk, visit)
    return visit, change.messages[-1]["text"]


def test_everybody_in_a_photo_is_a_pose(desk, photo):
    visit, _ = shown_with(desk, photo)
    assert [item.title for item in visit.state.poses] == [f"person {n} of beach.jpg" for n in (1, 2)]
    told = sheet.photo(desk, visit)
    assert told["confidence"] == "100%"
    assert [one["label"] for one in told["people"]] == ["Person 1", "Person 2"]
    assert all(picture["url"].startswith("data:image/jpeg;base64,") for picture in told["pictures"])
    act(desk, visit, "choose", number=2)
    assert visit.session.shown["A"].title == "person 2 of beach.jpg"


def test_readings_are_frames(describer, photo):
    with make_desk(describer, estimator=TwoReadings()) as desk:
        visit, _ = shown_with(desk, photo)
        assert sheet.photo(desk, visit)["readings"] == 2
        assert len(visit.session.shown["A"].clip) == 1
        act(desk, visit, "readings", number=1, on=True)
        assert len(visit.session.shown["A"].clip) == 2
        seen = visit.session.shown["A"].seen
        assert [round(seen.reading_of_frame(frame, desk.page.body).weight, 2) for frame in (0, 1)] == [0.7, 0.3]
        first, second = (sheet.measured(desk, visit, {"frames": {"A": frame}})["measured"] for frame in (0, 1))
        assert first != second, "each is spoken of as itself"
        act(desk, visit, "readings", number=1, on=False)
        assert len(visit.session.shown["A"].clip) == 1


def test_nobody_is_told_and_what_was_shown_stays(describer, photo):
    with make_desk(describer, estimator=NobodyThere()) as desk:
        visit = desk.visit(None)
        act(desk, visit, "example", key="squat")
        change = say(desk, visit, "estimate it", photo)[-1]
        assert "nobody" in change.messages[-1]["text"].lower() + str(change.messages[-1]["steps"]).lower()
        assert not any(command["do"] == "load" for command in change.commands)
        assert visit.session.shown["A"].title == "Squat"


def test_bad_photos_are_told_in_plain_words(desk, tmp_path):
    for name, content in (("a.jpg", b"%PDF-1.4"), ("b.png", b"\x89PNG\r\n"), ("c.jpg", b"")):
        path = tmp_path / name
        path.write_bytes(content)
        visit, told = shown_with(desk, path)
        assert name in told.lower()
        assert str(desk.page.root) not in told
        assert not visit.state.poses


def test_a_server_without_models_says_so_without_its_folders(describer, photo):
    class Blind(StandingPeople):
        def people(self, photo, limit=10):
            raise MissingFileError("no /root/secret/model.tflite", fix="fetch them")

    with make_desk(describer, estimator=Blind()) as desk:
        visit, told = shown_with(desk, photo)
        assert "secret" not in told + str(visit.state.turns[-1].steps)
        with pytest.raises(MissingFileError, match="photos can't be looked at here yet") as caught:
            photos.look(photo, desk.page.estimator)
        assert "secret" not in str(caught.value)


def test_the_page_draws_no_more_of_a_photo_than_it_shows(desk, tmp_path):
    path = tmp_path / "large.jpg"
    Image.new("RGB", (3000, 2000), (90, 120, 90)).save(path)
    visit, _ = shown_with(desk, path)
    seen = visit.session.shown["A"].seen
    assert max(seen.photo.pixels.shape) <= photos.KEPT_PX
    assert seen.photo.size == (3000, 2000)


def test_an_estimator_may_be_chosen_by_the_photo(describer, photo):
    asked: list[str] = []

    def choose(path: Path) -> StandingPeople:
        asked.append(path.name)
        return StandingPeople()

    with make_desk(describer, estimator=choose) as desk:
        visit, _ = shown_with(desk, photo)
        assert len(visit.state.poses) == 2
    assert asked == ["beach.jpg"]


def test_results_dropped_beside_a_photo(describer, photo, tmp_path):
    beside = tmp_path / "beach.json"
    save(PoseClip(standing_at((0.0, 0.0, -3.0))), beside)
    with make_desk(describer, estimator=Estimators(".json", describer.body).of) as desk:
        visit, _ = shown_with(desk, photo, beside)
        assert [item.source for item in visit.state.poses if item.seen is not None] == ["photo"]
        lonely = photo.rename(photo.with_name("alone.jpg"))
        visit, told = shown_with(desk, lonely)
        assert not visit.state.poses
        assert str(desk.page.root) not in told


@pytest.mark.parametrize("name", ["photo_fakes:StandingPeople", ".npz"])
def test_chat_takes_an_estimator(name, monkeypatch):
    pytest.importorskip("gradio")
    served: dict[str, Any] = {}
    monkeypatch.setattr("chatpose.gradio_app.launch", lambda **options: served.update(options))
    assert main(["chat", "--estimator", name]) == 0
    assert callable(served["estimator"])
    assert main(["chat"]) == 0
    assert served["estimator"] is None


@pytest.mark.parametrize("name", ["nowhere:Nothing", "photo_fakes:FindsNothing", "/no/such/file.npz"])
def test_chat_refuses_an_estimator_that_is_none(name, monkeypatch, capsys):
    pytest.importorskip("gradio")
    monkeypatch.setattr("chatpose.gradio_app.launch", lambda **_: pytest.fail("served all the same"))
    assert main(["chat", "--estimator", name]) == 2
    assert name.rpartition("/")[2].partition(":")[0] in capsys.readouterr().err


def test_the_viewer_is_told_what_was_not_seen(describer, photo):
    class HalfSeen(StandingPeople):
        def people(self, photo, limit=10):
            hidden = torch.tensor([not name.endswith(("knee", "ankle", "foot")) for name in SMPL.joint_names])
            return [dataclasses.replace(one, visible=hidden) for one in super().people(photo, limit)]

    pictures = []
    for estimator in (HalfSeen(), StandingPeople()):
        with make_desk(describer, estimator=estimator) as desk:
            visit, _ = shown_with(desk, photo)
            (load,) = (one for one in act(desk, visit, "choose", number=1).commands if one["do"] == "load")
            sheet.photo(desk, visit)
            drawn = actions.draw_picture(desk.page.body, visit.session.shown["A"], 0, "front")
            pictures.append((load["meta"]["unseen"], np.asarray(Image.open(io.BytesIO(drawn)), float)))
    (unseen, pale), (none, plain) = pictures
    assert set(unseen) == {f"{side}_{part}" for side in ("left", "right") for part in ("knee", "ankle", "foot")}
    assert none == []
    changed = np.flatnonzero(np.abs(pale - plain).max(-1).max(-1) > 20)
    assert changed.min() > 0.45 * len(plain), "from the knees down"


def test_photos_are_looked_at_on_one_thread(describer, photo):
    class Counting(StandingPeople):
        def people(self, photo, limit=10):
            threads.append(torch.get_num_threads())
            return super().people(photo, limit)

    threads: list[int] = []
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with make_desk(describer, estimator=Counting()) as desk:
            shown_with(desk, photo)
        assert torch.get_num_threads() == 2, "put back"
    finally:
        torch.set_num_threads(before)
    assert threads == [1]
