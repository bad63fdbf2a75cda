"""The conversation on the page, without a browser: turns, clicks, uploads, what is kept and what isn't."""

import logging
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from page_desk import Scripted, act, make_desk, say
from PIL import Image
from search_library import TellingEmbedder, make_library

from chatpose.atlas.compiled import Atlas
from chatpose.body.model import BodyModel
from chatpose.errors import MissingFileError, TooLargeError
from chatpose.formats import PoseClip, load, save
from chatpose.page import acts, finding, layout, sheet, turns, uploads
from chatpose.page.components import chat_value
from chatpose.page.desk import Change, Desk
from chatpose.page.examples import load_examples
from chatpose.page.search import PageSearch
from chatpose.page.visit import Visit
from chatpose.posecodes.describe import Describer
from chatpose.retrieval.search_place import LibrarySearch
from chatpose.retrieval.searcher import Searcher

MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def describer() -> Describer:
    return Describer(BodyModel.open())


@pytest.fixture
def backend() -> Scripted:
    return Scripted()


@pytest.fixture
def desk(describer: Describer, backend: Scripted) -> Iterator[Desk]:
    with make_desk(describer, backend) as made:
        yield made


@pytest.fixture
def visit(desk: Desk) -> Visit:
    return desk.visit(None)


# --- turns ------------------------------------------------------------------------------------------------------------


def test_a_turn_shows_the_body_and_keeps_the_words(desk, visit):
    changes = say(desk, visit, "make a pose")
    first, last = changes[0], changes[-1]
    assert [message["key"] for message in first.messages] == ["u0", "b0"]
    assert first.messages[1]["working"]
    loads = [command for change in changes for command in change.commands if command["do"] == "load"]
    assert len(loads) == 1, "shown once, when it was measured"
    assert not loads[0]["meta"]["draft"]
    assert loads[0]["meta"]["about"], "a description for those who don't see it"
    told = last.messages[1]
    assert told["text"]
    assert told["checks"]["of"] == 1
    assert told["poses"][0]["number"] == 1
    assert not told["working"]
    assert last.panel is not None
    assert last.panel["on"] == 1
    assert last.panel["asked"][0]["joints"]
    assert visit.session.shown["A"].title == "make a pose"


def test_statements_are_measured_once_the_body_stands(desk, visit):
    say(desk, visit, "make a pose")
    told = sheet.measured(desk, visit, {"frames": {"A": 0}})
    assert len(told["measured"]) > 5
    assert all(row["claim"] and row["measured"] for row in told["measured"][:3])
    assert not {row["statement"] for row in told["asked"]} & {row["statement"] for row in told["measured"]}


def test_files_become_poses_and_the_frame_is_what_is_talked_about(desk, visit, tmp_path):
    path = tmp_path / f"{MARKUP[:8]}walk.json"
    save(load_examples()[2].shown.clip, path)
    change = say(desk, visit, "", path)[-1]
    item = visit.state.current_pose
    assert item is not None
    assert item.clip is not None
    assert change.messages[0]["files"] == [{"name": path.name, "thumb": ""}]
    before = item.description
    sheet.measured(desk, visit, {"frames": {"A": 30}})
    now = visit.state.current_pose
    assert now.frame == 30
    assert now.description != before
    assert not visit.state.past or visit.state.past[-1].poses != visit.state.poses
    again = act(desk, visit, "up", number=1, axis="z")
    assert not again.problem
    assert not torch.allclose(visit.state.current_pose.clip.pose.global_orient, item.clip.pose.global_orient, atol=0.1)


def test_photos(desk, visit, tmp_path):
    path = tmp_path / "beach.jpg"
    Image.new("RGB", (400, 600), (120, 130, 140)).save(path)
    change = say(desk, visit, "estimate it", path)[-1]
    assert change.messages[0]["files"][0]["thumb"].startswith("data:image/jpeg")
    seen = sheet.photo(desk, visit)
    assert seen is not None
    assert len(seen["pictures"]) == 2
    assert len(seen["people"]) == 2
    act(desk, visit, "choose", number=2)
    assert visit.state.current == 2
    assert not act(desk, visit, "mirrored", number=2).problem
    assert visit.state.photos[-1].title == "beach, mirrored.png"
    act(desk, visit, "undo")
    assert visit.state.current == 2


def test_one_turn_at_a_time_and_it_can_be_stopped(desk, visit):
    running = turns.answer(desk, visit, "wait", ())
    next(running)
    assert next(turns.answer(desk, visit, "make a pose", ())).problem
    assert act(desk, visit, "undo").problem
    visit.stop.set()
    last = list(running)[-1]
    assert last.messages[1]["stopped"]
    assert not visit.busy.locked()
    assert say(desk, visit, "make a pose")[-1].messages[1]["poses"]


def test_a_new_conversation_drops_the_turn_that_runs(desk, visit, backend):
    running = turns.answer(desk, visit, "wait", ())
    next(running)
    act(desk, visit, "fresh")
    backend.gate.set()
    assert list(running) == []
    assert visit.state.turns == ()
    assert say(desk, visit, "make a pose")[-1].messages[1]["key"] == "b0"


def test_what_comes_at_once_is_sent_at_once():
    events: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for number in range(3):
        events.put(number)
    assert turns._arrived(events) == [0, 1, 2]
    draft = {"do": "load", "slot": "A", "meta": {"draft": True}}
    body = {"do": "load", "slot": "A", "meta": {"draft": False}}
    merged = turns._together([Change(commands=[draft]), Change(commands=[body]), Change(note="last")])
    assert merged.note == "last"
    assert merged.commands == [body], "the draft would be gone before it is seen"
    assert turns._together([Change(), Change(commands=[draft])]).commands == [draft]


def test_faults_are_told_and_logged_without_content(desk, visit, caplog):
    say(desk, visit, "make a pose")
    with caplog.at_level(logging.INFO):
        told = say(desk, visit, "break")[-1].messages[0]
    assert told["text"] == turns.FAULT
    assert told["problem"]
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text + str(told)
    assert len(visit.state.poses) == 1, "the conversation is kept"
    assert say(desk, visit, "x" * 5000)[-1].messages[0]["problem"], "too long"


def test_a_server_that_began_anew_says_so(desk, visit):
    changes = list(layout._asked(desk, visit, {"text": "make a pose", "known": 7}, Path("/nowhere")))
    assert "began anew" in changes[0].note
    assert changes[-1].messages[0]["key"] == "u7"


# --- clicks -----------------------------------------------------------------------------------------------------------


def test_undo_redo_choose(desk, visit):
    assert not act(desk, visit, "undo").problem, "nothing to undo is no fault"
    say(desk, visit, "make a pose")
    say(desk, visit, "mirror it")
    value = chat_value(visit, act(desk, visit, "undo"))
    assert (value["current"], value["present"], value["redo"]) == (1, [1], True)
    assert act(desk, visit, "choose", number=2).problem, "it was undone"
    value = chat_value(visit, act(desk, visit, "redo"))
    assert (value["current"], value["present"]) == (2, [1, 2])
    act(desk, visit, "choose", number=1)
    assert visit.state.current == 1


def test_examples_compare_download(desk, visit):
    act(desk, visit, "example", key="squat")
    assert visit.state.current_pose.title == "Squat"
    change = act(desk, visit, "example", key="wave", slot="B")
    assert change.panel["beside"] == {"title": "Waving", "number": None}
    assert sheet.measured(desk, visit, {})["way"]
    change = act(desk, visit, "download", suffix=".npz", slot="A", state={"frames": {"A": 3}})
    assert change.file.name == "Squat.npz"
    assert len(load(change.file)) == 60
    assert act(desk, visit, "download", suffix="/../x", slot="A").problem
    act(desk, visit, "alone")
    assert "B" not in visit.session.shown


def test_a_hit_of_the_finder_becomes_the_pose_on_screen(describer, tmp_path):
    with make_library(tmp_path / "poses", describer) as library:
        search = LibrarySearch([Searcher(library, TellingEmbedder(64), describer=describer)])
        with make_desk(describer, search=PageSearch(lambda: search)) as desk:
            first, second = desk.visit(None), desk.visit(None)
            asked = {"ask": 1, "text": "entry 50", "where": [], "k": 3}
            tile = finding.find(desk.page, desk.finder, first.session, asked)["tiles"][0]
            change = act(desk, first, "use_a", token=tile["token"])
            item = first.state.current_pose
            assert change.panel["on"] == 1
            assert torch.allclose(
                item.pose.body_pose, Atlas.load().pose(Atlas.load().entries[50].id).body_pose, atol=1e-3
            )
            assert any("Apache-2.0" in note for note in change.panel["current"]["notes"]), "its terms"
            beside = act(desk, first, "use_b", token=tile["token"])
            assert beside.panel["beside"] == {"title": tile["name"], "number": None}
            act(desk, second, "example", key="stand")
            assert "no longer in the list" in act(desk, second, "use_a", token=tile["token"]).note
            assert len(second.state.poses) == 1


def test_files_of_the_agent_are_handed_over(desk, visit):
    say(desk, visit, "make a pose")
    told = say(desk, visit, "export it")[-1].messages[1]
    assert len(told["files"]) == 1
    change = act(desk, visit, "fetch", turn=1, place=0)
    assert len(load(change.file)) == 1
    assert change.file.is_relative_to(visit.session.folder)
    for turn, place in ((1, 1), (0, 0), (99, 0), (1, -1)):
        assert act(desk, visit, "fetch", turn=turn, place=place).problem


@pytest.mark.parametrize(
    "asked",
    [None, 3, {}, {"do": "no such"}, {"do": "choose"}, {"do": "choose", "number": "1"},
     {"do": "hit", "list": 1, "place": 0}, {"do": "use_a", "token": ["x"]},
     {"do": "open", "file": {"path": "/etc/passwd", "name": "x"}}, {"do": "readings"},
     {"do": "compare", "number": True}, {"do": "up", "number": 1}, {"do": "download", "suffix": None, "state": 5}],
)  # fmt: skip
def test_anything_may_come_from_a_browser(desk, visit, asked):
    change = acts.perform(desk, visit, asked, Path("/nowhere"))
    assert "fault of chatpose" not in change.note
    assert "/" not in change.note.replace("https://", "")


def test_a_conversation_is_saved_and_opened(desk, visit, tmp_path):
    say(desk, visit, "make a pose")
    say(desk, visit, MARKUP)
    path = act(desk, visit, "save").file
    other = desk.visit(None)
    folder = tmp_path / "uploads"
    folder.mkdir()
    copy = folder / "mine.json"
    copy.write_bytes(path.read_bytes())
    changes = list(
        layout._asked(desk, other, {"text": "", "files": [{"path": str(copy), "name": "mine.json"}]}, folder)
    )
    assert changes[0].reset
    assert [message["key"] for message in changes[0].messages] == ["u0", "b0", "u1", "b1"]
    assert changes[0].messages[2]["text"] == MARKUP, "as text; the browser escapes it"
    assert len(other.state.poses) == 1
    assert say(desk, other, "mirror it")[-1].messages[0]["key"] == "u2"
    copy.write_text('{"chatpose": "conversation", "version": 1}')
    (bad,) = layout._asked(desk, other, {"files": [{"path": str(copy), "name": "mine.json"}]}, folder)
    assert bad.problem
    assert "damaged" in bad.note
    assert len(other.state.poses) == 2


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_what_a_visitor_had_is_deleted(desk, visit, tmp_path):
    path = tmp_path / "walk.json"
    save(PoseClip(Atlas.load().poses[[3]]), path)
    say(desk, visit, "", path)
    tile = sheet.quick(desk, visit)["tray"][0]
    assert desk.finder.thumbnails.picture(tile["token"]) is not None
    other = desk.visit(None)
    say(desk, other, "", path)
    assert sheet.quick(desk, other)["tray"][0]["token"] != tile["token"], "nobody has another one's addresses"
    layout.close_visit(visit)
    layout.close_visit(None)
    assert desk.finder.thumbnails.picture(tile["token"]) is None
    assert not visit.session.folder.exists()


def test_only_uploads_are_taken(visit, tmp_path):
    folder = tmp_path / "uploads"
    (folder / "hash").mkdir(parents=True)
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (folder / "link.json").symlink_to(secret)
    (folder / "away").symlink_to(tmp_path)
    outside = [str(secret), str(folder / "link.json"), str(folder / "away" / "secret.txt"), "secret.txt", "", None, 3,
               str(folder / ".." / "secret.txt"), str(folder), str(folder / "none"), "http://x/y", "a\0b"]  # fmt: skip
    for path in outside:
        with pytest.raises(MissingFileError):
            uploads.take(visit, [{"path": path, "name": "x.json"}], folder)
    assert secret.is_file()
    names = ["walk.json", "../../etc/passwd", "..", MARKUP, "a\\b.npz", "", None, "n" * 500, "walk.json"]
    rows = []
    for number, name in enumerate(names):
        upload = folder / "hash" / f"{number}.bin"
        upload.write_text("x")
        rows.append({"path": str(upload), "name": name})
    taken = uploads.take(visit, rows, folder)
    assert [path.name for path in taken[:3]] == ["walk.json", "passwd", "file"]
    assert taken[4].name == "b.npz"
    assert taken[-1].name == "2 walk.json"
    assert all(path.is_relative_to(visit.session.folder) for path in taken)
    assert not list((folder / "hash").iterdir()), "moved, not copied"
    with pytest.raises(TooLargeError):
        uploads.take(visit, [{"path": "x"}] * 11, folder)
