"""Photos on the page, without a browser: people, readings, cards, what visitors are told."""

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch
from photo_fakes import NobodyThere, StandingPeople, TwoReadings, standing_at
from PIL import Image

from chatpose.atlas.naming import Namer
from chatpose.body.model import BodyModel
from chatpose.body.skeleton import SMPL
from chatpose.cli.main import main
from chatpose.cli.photo_estimators import Estimators
from chatpose.errors import MissingFileError
from chatpose.formats import PoseClip, load, save
from chatpose.page import actions, photos
from chatpose.page.actions import Page, Result
from chatpose.page.examples import load_examples
from chatpose.posecodes.describe import Describer


@pytest.fixture(scope="module")
def describer() -> Describer:
    return Describer(BodyModel.open())


@pytest.fixture
def page(describer: Describer) -> Iterator[Page]:
    with TemporaryDirectory() as root:
        namer = Namer(describer=describer)
        yield Page(describer.body, load_examples(), Path(root), describer, namer, StandingPeople())


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "beach.jpg"
    Image.new("RGB", (400, 600), (120, 130, 140)).save(path)
    return path


def with_estimator(page: Page, estimator: object) -> Page:
    return Page(page.body, page.examples, page.root, page.describer, page.namer, estimator)  # type: ignore[arg-type]


def dropped(page: Page, path: Path) -> Result:
    return actions.receive(page, None, "A", [str(path)], "")


def seen(result: Result) -> photos.SeenPhoto:
    found = result.session.shown["A"].seen
    assert found is not None
    return found


def test_a_photo_is_looked_at(page, photo):
    result = dropped(page, photo)
    assert [command["do"] for command in result.commands] == ["load"]
    assert result.people == ["1", "2"]
    assert "2 people · person 1 is shown" in result.card
    assert result.card.count("data:image/jpeg;base64,") == 2
    assert "nothing of confidence" in result.card, "what was assumed"
    shown = result.session.shown["A"]
    assert shown.title == "beach.jpg"
    assert len(shown.clip) == 1


def test_another_person(page, photo):
    first = dropped(page, photo)
    near = first.session.shown["A"].clip.pose.transl
    second = actions.choose_person(page, first.session, "A", 1, False, False)
    assert "person 2 is shown" in second.card
    assert second.session.shown["A"].clip.pose.transl[0, 2] < near[0, 2]
    actions.choose_person(page, first.session, "A", 99, False, False)
    assert seen(first).person == 1, "no such number: the nearest"


def test_readings_are_frames(page, photo):
    page = with_estimator(page, TwoReadings())
    first = dropped(page, photo)
    assert first.readings == 2
    assert len(first.session.shown["A"].clip) == 1
    assert "which of 2 poses" in first.card
    both = actions.choose_person(page, first.session, "A", 0, True, False)
    assert len(both.session.shown["A"].clip) == 2
    texts = [actions.say(page, both.session, {"frames": {"A": frame}})[0] for frame in (0, 1)]
    assert "Reading 1 of 2, 70% likely" in texts[0]
    assert "Reading 2 of 2, 30% likely" in texts[1]
    path, _ = actions.take_away(page, both.session, "A", ".npz", None)
    assert path is not None
    assert len(load(path)) == 2


def test_a_mirrored_selfie_is_read_again(page, photo):
    first = dropped(page, photo)
    again = actions.choose_person(page, first.session, "A", 0, False, True)
    assert seen(again).mirrored
    assert "mirror image" in again.card


def test_words_are_of_what_was_seen(page, photo):
    session = dropped(page, photo).session
    card, _, _ = actions.say(page, session, None)
    assert "Confidence of what was seen: 100%." in card
    assert "statements, measured" in card


def test_nobody_is_told_and_what_was_shown_stays(page, photo):
    kept = actions.show_example(page, None, "A", page.examples[0]).session
    result = actions.receive(with_estimator(page, NobodyThere()), kept, "A", [str(photo)], "")
    assert "No person found" in result.card
    assert 'role="alert"' not in result.card, "an answer, not an error"
    assert not result.commands
    assert result.session.shown["A"].title == page.examples[0].shown.title


def test_bad_photos_are_told_in_plain_words(page, tmp_path):
    for name, content in (("a.jpg", b"%PDF-1.4"), ("b.png", b"\x89PNG\r\n"), ("c.jpg", b"")):
        path = tmp_path / name
        path.write_bytes(content)
        result = dropped(page, path)
        assert 'role="alert"' in result.card
        assert name in result.card
        assert str(page.root) not in result.card
        assert not result.commands


def test_a_server_without_models_says_so_without_its_folders(page, photo):
    class Blind(StandingPeople):
        def people(self, photo, limit=10):
            raise MissingFileError("no /root/secret/model.tflite", fix="fetch them")

    card = dropped(with_estimator(page, Blind()), photo).card
    assert "photos can't be looked at here yet; fetch them" in card.replace("&#x27;", "'")
    assert "secret" not in card


def test_markup_in_a_photos_name_is_text(page, photo):
    nasty = photo.rename(photo.with_name("<b onclick=x>.jpg"))
    for estimator in (StandingPeople(), NobodyThere()):
        card = dropped(with_estimator(page, estimator), nasty).card
        assert "<b onclick" not in card
        assert "&lt;b onclick" in card


def test_the_page_keeps_no_more_of_a_photo_than_it_shows(page, tmp_path):
    path = tmp_path / "large.jpg"
    Image.new("RGB", (3000, 2000), (90, 120, 90)).save(path)
    result = dropped(page, path)
    kept = seen(result)
    assert max(kept.photo.pixels.shape) <= photos.KEPT_PX
    assert kept.photo.size == (3000, 2000)
    copy = kept.path
    assert copy.is_relative_to(result.session.folder)
    result.session.close()
    assert not copy.exists()


def test_no_photo_no_person(page):
    session = actions.show_example(page, None, "A", page.examples[0]).session
    assert "no photo is shown" in actions.choose_person(page, session, "A", 0, False, False).card


def test_an_estimator_may_be_chosen_by_the_photo(page, photo):
    asked: list[str] = []

    def choose(path: Path) -> StandingPeople:
        asked.append(path.name)
        return StandingPeople()

    assert dropped(with_estimator(page, choose), photo).people == ["1", "2"]
    assert asked == ["beach.jpg"]


def test_results_dropped_beside_a_photo(page, photo, tmp_path):
    estimators = Estimators(".json", page.body)
    beside = tmp_path / "beach.json"
    save(PoseClip(standing_at((0.0, 0.0, -3.0))), beside)
    page = with_estimator(page, estimators.of)
    both = actions.receive(page, None, "A", [str(photo), str(beside)], "")
    assert both.choices == ["beach.jpg", "beach.json"]
    assert both.people == ["1"]
    alone = dropped(page, photo)
    assert "no beach.json beside beach.jpg" in alone.card
    assert str(page.root) not in alone.card


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


def test_the_viewer_is_told_what_was_not_seen(page, photo):
    class HalfSeen(StandingPeople):
        def people(self, photo, limit=10):
            hidden = torch.tensor([not name.endswith(("knee", "ankle", "foot")) for name in SMPL.joint_names])
            return [dataclasses.replace(one, visible=hidden) for one in super().people(photo, limit)]

    page = with_estimator(page, HalfSeen())
    result = dropped(page, photo)
    unseen = result.commands[0]["meta"]["unseen"]
    assert set(unseen) == {f"{side}_{part}" for side in ("left", "right") for part in ("knee", "ankle", "foot")}
    whole = dropped(with_estimator(page, StandingPeople()), photo)
    shown = [one.session.shown["A"] for one in (result, whole)]
    pale, plain = (
        np.asarray(Image.open(io.BytesIO(actions.draw_picture(page.body, one, 0, "front"))), float) for one in shown
    )
    changed = np.flatnonzero(np.abs(pale - plain).max(-1).max(-1) > 20)
    assert changed.min() > 0.45 * len(plain), "from the knees down"
    assert actions.show_example(page, None, "A", page.examples[0]).commands[0]["meta"]["unseen"] == []


def test_photos_are_described_on_one_thread(page, photo):
    class Counting(StandingPeople):
        def people(self, photo, limit=10):
            threads.append(torch.get_num_threads())
            return super().people(photo, limit)

    threads: list[int] = []
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        session = dropped(with_estimator(page, Counting()), photo).session
        actions.say(page, session, None)
        assert torch.get_num_threads() == 2, "put back"
    finally:
        torch.set_num_threads(before)
    assert threads == [1]
