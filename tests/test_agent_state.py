"""State, references, undo and redo, saved conversations."""

import base64
import json
from pathlib import Path

import pytest
import torch
from agent_fakes import fake_agent

from chatpose.agent import saved
from chatpose.agent.items import Hit, HitList, PhotoItem, PoseItem, Sighting, short_title
from chatpose.agent.references import UnclearReferenceError, mentions, resolve, resolve_poses
from chatpose.agent.state import MAX_PAST, MAX_POSES, ConversationState, NothingToUndoError, Turn
from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError, TooLargeError, UnreadableFileError
from chatpose.formats import PoseClip

GOLDEN = Path(__file__).parent / "golden" / "conversation_1.json"
JOINTS = torch.zeros(24, 3)


def pose(number: int, title: str = "", **facts) -> PoseItem:
    return PoseItem(
        number, title or f"title {number}", Pose.identity(), JOINTS, "generated", "Someone stands.", **facts
    )


def hits(number: int, count: int) -> HitList:
    found = [Hit(f"id-{n}", f"hit {n}", (), 0.5, "", "", Pose.identity(), JOINTS) for n in range(1, count + 1)]
    return HitList(number, "query", tuple(found))


def state_with(count: int) -> ConversationState:
    return ConversationState().add_poses([pose(number + 1) for number in range(count)])


# --- state ----------------------------------------------------------------------------------------------------------


def test_undo_and_redo_restore_and_numbers_are_never_given_twice():
    start = ConversationState()
    one = start.add_pose(pose(1)).with_step(start)
    two = one.add_pose(pose(2)).with_step(one)
    back = two.undo()
    assert [item.number for item in back.poses] == [1]
    assert back.current == 1
    assert back.next_pose == 3
    assert back.redo().poses == two.poses
    other = back.add_pose(pose(3)).with_step(back)
    with pytest.raises(NothingToUndoError):
        other.redo()
    assert other.undo().undo().poses == ()
    with pytest.raises(NothingToUndoError):
        start.undo()


def test_searches_stay_after_undo_and_are_no_step():
    start = ConversationState()
    one = start.add_pose(pose(1)).with_step(start)
    found = one.add_hits(hits(1, 3)).with_step(one)
    assert found.past == one.past
    changed = found.add_pose(pose(2)).with_step(found)
    assert changed.undo().last_hits is found.last_hits


def test_what_is_kept_is_bounded():
    state = ConversationState()
    for number in range(1, MAX_POSES + 30):
        state = state.add_pose(pose(number)).with_step(state).with_turn(Turn("a", "b"))
    assert len(state.poses) == MAX_POSES
    assert state.current == MAX_POSES + 29
    assert len(state.past) == MAX_PAST


def test_the_memory_of_photos_and_motions_is_bounded(monkeypatch):
    monkeypatch.setattr("chatpose.agent.state.MAX_PHOTO_BYTES", 10)
    monkeypatch.setattr("chatpose.agent.state.MAX_CLIP_FRAMES", 5)
    state = ConversationState()
    for number in range(1, 5):
        before = state
        clip = PoseClip(Pose.identity((4,)))
        state = state.add_photo(PhotoItem(number, "a", b"123456")).add_pose(pose(number, clip=clip)).with_step(before)
    assert [item.content is None for item in state.photos] == [True, True, True, False]
    assert [item.clip is None for item in state.poses] == [True, True, True, False]
    assert sum(item.content is not None for one in state.past for item in one.photos) <= 1


def test_choosing_what_is_not_there_says_what_is():
    with pytest.raises(ChatposeError, match="1, 2"):
        state_with(2).choose(9)


def test_titles_are_one_short_line():
    assert short_title("a\nb\x1b[31m") == "a b [31m"
    assert len(short_title("x" * 500)) == 80


# --- references -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("it", 3),
        ("this pose", 3),
        ("pose 2", 2),
        ("Pose two", 2),
        ("the second one", 2),
        ("the last one", 5),
        ("number 4", 4),
        ("#4", 4),
        ("4", 4),
        ("the previous pose", 2),
        ("the original", 1),
        ("title 5", 5),
        ("in pose 2", 2),
        ("the first", 1),
        ("her", 3),
    ],
)
def test_names_of_poses(words, number):
    state = ConversationState()
    for place in range(1, 6):
        parent = place - 1 if 1 < place < 4 else None
        state = state.add_pose(pose(place, parent=parent))
    state = state.choose(3)
    found = resolve(words, state)
    assert isinstance(found, PoseItem)
    assert found.number == number


def test_after_a_search_it_is_the_first_hit_and_numbers_are_hits():
    state = state_with(3).add_hits(hits(1, 5))
    for words, name in (
        ("it", "hit 1"),
        ("the second one", "hit 2"),
        ("result 4", "hit 4"),
        ("the last result", "hit 5"),
        ("the best match", "hit 1"),
        ("number 3", "hit 3"),
        ("hit 2", "hit 2"),
    ):
        found = resolve(words, state)
        assert isinstance(found, Hit)
        assert found.name == name, words
    assert resolve("pose 2", state).number == 2
    assert resolve("the third result", state.choose(1)).name == "hit 3"


def test_groups_them_both_and_lists():
    state = state_with(1).add_poses([pose(2), pose(3), pose(4)])
    numbers = [item.number for item in resolve_poses("them", state)[0]]
    assert numbers == [2, 3, 4]
    assert [item.number for item in resolve_poses("both", state)[0]] == [3, 4]
    assert [item.number for item in resolve_poses("pose 1 and pose 3", state)[0]] == [1, 3]
    assert resolve("the second one", state).number == 3


def test_photos_by_name_and_number():
    state = state_with(1).add_photo(PhotoItem(1, "a.jpg")).add_photo(PhotoItem(2, "b.jpg"))
    assert resolve("the photo", state).number == 2
    assert resolve("photo 1", state).number == 1
    assert resolve("the first picture", state).number == 1
    with pytest.raises(UnclearReferenceError, match="photo 7"):
        resolve("photo 7", state)


@pytest.mark.parametrize("words", ["pose 9", "the seventh one", "result 3", "the photo", "the purple unicorn"])
def test_what_is_not_there_is_an_error_that_lists_what_is(words):
    with pytest.raises(UnclearReferenceError) as caught:
        resolve(words, state_with(2))
    assert "pose 1" in caught.value.expected or "pose 2" in caught.value.expected


def test_nothing_is_there_at_the_beginning():
    with pytest.raises(UnclearReferenceError, match="no pose yet"):
        resolve("it", ConversationState())


def test_mentions_leave_parts_of_the_body_alone():
    assert [one.words for one in mentions("raise the left arm of pose 2")] == ["pose 2"]
    assert mentions("raise the second toe, turn the other arm by 30 degrees") == []
    assert [one.words for one in mentions("compare the first and the last one")] == ["the first", "the last one"]


# --- saved ----------------------------------------------------------------------------------------------------------


def example(tmp_path) -> ConversationState:
    agent = fake_agent(tmp_path)
    state = ConversationState()
    for line in ("tree pose", "mirror it", "find a mountain", "the second result", "undo"):
        state = agent.turn(state, line).state
    seen = Sighting(1, 1, torch.arange(24) < 12, 0.7, ("both legs",), ("a note",))
    photo = PhotoItem(1, "a.jpg", b"\xff\xd8\xff123", True, (9,))
    return state.add_photo(photo).add_pose(pose(9, seen=seen))


def without_numbers(text: str) -> str:
    """Without poses, whose last digits change when rotations become matrices."""
    return json.dumps(json.loads(text, object_hook=lambda row: {key: row[key] for key in row if key != "pose"}))


def test_a_conversation_comes_back_as_it_was(tmp_path):
    state = example(tmp_path)
    saved.save(state, tmp_path / "talk.json")
    again = saved.load(tmp_path / "talk.json")
    assert without_numbers(saved.dumps(again)) == without_numbers(saved.dumps(state))
    assert again.counts == state.counts
    assert [item.title for item in again.poses] == [item.title for item in state.poses]
    torch.testing.assert_close(again.poses[0].pose.body_pose, state.poses[0].pose.body_pose, atol=1e-5, rtol=0)
    assert again.poses[0].checks == state.poses[0].checks
    assert again.photos[0].content == b"\xff\xd8\xff123"
    assert again.poses[-1].seen.visible.tolist() == state.poses[-1].seen.visible.tolist()
    assert again.undo().current == state.undo().current
    assert again.redo().poses[-1].number == state.redo().poses[-1].number
    assert [turn.user for turn in again.turns] == [turn.user for turn in state.turns]


def test_a_loaded_conversation_goes_on(tmp_path):
    state = saved.loads(saved.dumps(example(tmp_path)).encode())
    result = fake_agent(tmp_path).turn(state, "describe pose 1")
    assert not result.tools[0].failed
    assert fake_agent(tmp_path).turn(result.state, "the first result").poses[0].source == "library"


def test_version_1_is_read_for_ever():
    state = saved.load(GOLDEN)
    assert [item.name for item in state.poses] == ["pose 1", "pose 2", "pose 3"]
    assert state.current == 3
    assert state.poses[0].title == "tree pose"
    assert all(row.holds for row in state.poses[0].checks)
    assert state.last_hits.hits[0].name
    assert state.turns[0].steps[0].name == "generate"
    assert state.undo().current == 2


def test_large_photos_are_saved_by_name_only(tmp_path, monkeypatch):
    monkeypatch.setattr(saved, "MAX_PHOTO_BYTES", 4)
    row = json.loads(saved.dumps(example(tmp_path)))
    assert row["photos"][0]["content"] is None
    assert saved.loads(json.dumps(row).encode()).photos[0].title == "a.jpg"


def damaged(change) -> bytes:
    row = json.loads(GOLDEN.read_text(encoding="utf-8"))
    change(row)
    return json.dumps(row).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\x80\x04pickle",
        b'{"chatpose": "conversation"}',
        b"{" * 100_000,
        damaged(lambda row: row.update(version=2)),
        damaged(lambda row: row.update(version="1")),
        damaged(lambda row: row["poses"][0].pop("pose")),
        damaged(lambda row: row["poses"][0]["pose"].update(body_pose=[0.0] * 3)),
        damaged(lambda row: row["poses"][0]["pose"].update(joints=[[0, 0]] * 24)),
        damaged(lambda row: row["poses"][0].update(number=-1)),
        damaged(lambda row: row["poses"][0].update(title=7)),
        damaged(lambda row: row["poses"][0].update(source="../../etc")),
        damaged(lambda row: row["now"].update(poses=[77])),
        damaged(lambda row: row["now"].update(current=77)),
        damaged(
            lambda row: row.update(
                photos=[{"number": 1, "title": "x", "content": "!!", "looked_at": True, "poses": []}]
            )
        ),
        damaged(lambda row: row.update(turns=[{"user": 1}])),
        damaged(lambda row: row.update(counts=[1, 2])),
    ],
)
def test_damaged_conversations_are_refused_in_one_sentence(content):
    with pytest.raises((UnreadableFileError, TooLargeError)) as caught:
        saved.loads(content)
    assert "\n" not in str(caught.value)


def test_photos_in_saved_files_are_base64():
    row = {"number": 1, "title": "x", "content": base64.b64encode(b"abc").decode(), "looked_at": False, "poses": []}
    state = saved.loads(damaged(lambda all_: (all_.update(photos=[row]), all_["now"].update(photos=[1]))))
    assert state.photos[0].content == b"abc"
