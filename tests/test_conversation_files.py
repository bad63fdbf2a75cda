"""Conversations in files: round trips, every malformed line with its place and reason, nothing outside the folder."""

import json
import os
import pickle

import numpy as np
import pytest
import torch
from test_pose_tokenizer import poses

from chatpose import load, save
from chatpose.corpus.instructions.messages import (
    Conversation,
    ImagePart,
    Message,
    Part,
    PlanPart,
    PosePart,
    TextPart,
    ToolCall,
    ToolResult,
)
from chatpose.errors import MissingFileError, UnreadableFileError, UnwritableFileError
from chatpose.formats.clip import PoseClip
from chatpose.language import conversation_files
from chatpose.language.conversation_files import ConversationFile, ConversationFileError, write_conversations

POSES = poses(5)
PIXELS = np.random.default_rng(0).integers(0, 256, (48, 40, 3), dtype=np.uint8)


def whole() -> Conversation:
    return Conversation(
        (
            Message.say("system", "Be exact."),
            Message.say("user", ImagePart(PIXELS, POSES[0]), ImagePart(PIXELS), "µ <pose>?", PosePart(POSES[1])),
            Message.say("assistant", PlanPart(("kneeling",)), PosePart(POSES[2], ("left_leg",)), "So."),
            Message.say("user", "Undo."),
            Message.say("assistant", ToolCall("undo"), ToolCall("search", {"query": "bow", "count": 2})),
            Message("tool", (ToolResult("undo", {"done": [True, None, 1.5]}), PosePart(POSES[3]))),
            Message.say("assistant", "Done."),
        ),
        task="mine",
        tools=("undo", "search"),
    )


def lines(folder, *entries) -> ConversationFile:
    return ConversationFile(written(folder, *entries))


def written(folder, *entries):
    path = folder / "mine.jsonl"
    made = [entry if isinstance(entry, bytes) else json.dumps(entry).encode() for entry in entries]
    path.write_bytes(b"\n".join(made) + b"\n")
    return path


def said(*content, role: str = "user") -> dict:
    return {"messages": [{"role": role, "content": list(content)}]}


def assert_same(one: Part, other: Part) -> None:
    assert type(one) is type(other)
    if isinstance(one, PosePart | ImagePart):
        assert isinstance(other, PosePart | ImagePart)
        assert (one.pose is None) == (other.pose is None)
        if one.pose is not None and other.pose is not None:
            assert torch.allclose(one.pose.local_rotations, other.pose.local_rotations, atol=2e-6)
    if isinstance(one, PosePart) and isinstance(other, PosePart):
        assert one.parts == other.parts
    elif isinstance(one, ImagePart) and isinstance(other, ImagePart):
        assert np.array_equal(one.pixels, other.pixels)
    else:
        assert one == other


# --- round trips -----------------------------------------------------------------------------------------------------


def test_what_was_written_is_read(tmp_path):
    path = tmp_path / "mine.jsonl"
    short = Conversation((Message.say("user", "Hi \ud800\n"),))
    assert write_conversations(path, [whole(), short, whole()]) == 3
    found = ConversationFile(path)
    assert (len(found), found.skipped, found.problems) == (3, 0, ())
    for conversation in (found[0], found[2], found[-1], found[:1][0], next(iter(found))):
        assert (conversation.task, conversation.tools) == ("mine", ("undo", "search"))
        for one, other in zip(conversation.messages, whole().messages, strict=True):
            assert one.role == other.role
            for part, expected in zip(one.parts, other.parts, strict=True):
                assert_same(part, expected)
    assert found[1].messages[0].text == "Hi ?\n"
    assert len(list((tmp_path / "mine.photos").iterdir())) == 1  # the same photo once
    write_conversations(tmp_path / "again.jsonl", found)
    for one, other in zip(ConversationFile(tmp_path / "again.jsonl")[0].messages, whole().messages, strict=True):
        for part, expected in zip(one.parts, other.parts, strict=True):
            assert_same(part, expected)


def test_texts_alone_are_the_short_form(tmp_path):
    entry = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": ["a", {"type": "text",
             "text": "b"}]}]}  # fmt: skip
    (conversation,) = lines(tmp_path, entry)
    assert [message.parts for message in conversation.messages] == [
        (TextPart("Hi"),), (TextPart("a"), TextPart("b")),
    ]  # fmt: skip


def test_poses_and_photos_beside_the_file(tmp_path):
    (tmp_path / "poses").mkdir()
    save(PoseClip(POSES), tmp_path / "poses" / "walk.npz")
    save(PoseClip(POSES[1:2]), tmp_path / "one.json")
    save(PoseClip(POSES[2:3]), tmp_path / "seen.png")
    found = lines(
        tmp_path,
        said({"type": "pose", "pose": "poses/walk.npz", "frame": 3}, {"type": "pose", "pose": "./poses/../one.json"}),
        said({"type": "image", "image": "seen.png", "pose": "poses/walk.npz", "frame": -1}),
    )
    walk, one = found[0].messages[0].poses()
    assert torch.allclose(walk.local_rotations, load(tmp_path / "poses" / "walk.npz").pose[3].local_rotations)
    assert torch.allclose(one.local_rotations, POSES[1].local_rotations, atol=2e-6)
    (seen,) = found[1].messages[0].parts
    assert isinstance(seen, ImagePart)
    assert seen.pixels.shape == (512, 512, 3)


def test_blank_lines_a_mark_of_order_and_carriage_returns_do_not_matter(tmp_path):
    path = tmp_path / "mine.jsonl"
    line = json.dumps(said("Hi")).encode()
    path.write_bytes(b"\xef\xbb\xbf" + line + b"\r\n\r\n  \n" + line)
    assert [one.messages[0].text for one in ConversationFile(path)] == ["Hi", "Hi"]


def test_it_travels_to_other_processes(tmp_path):
    found = pickle.loads(pickle.dumps(lines(tmp_path, said("Hi"), said("Ho"))))
    assert found[1].messages[0].text == "Ho"


def test_a_file_that_changed_is_not_read_on(tmp_path):
    found = lines(tmp_path, said("Hi"), said("Ho"))
    written(tmp_path, said("Hi there"), said("Ho"))
    with pytest.raises(ConversationFileError, match="changed since"):
        found[1]


# --- malformed lines -------------------------------------------------------------------------------------------------

POSE_JSON = {"global_orient": [0, 0, 0], "body_pose": [0] * 69}
BEYOND = {
    "messages": [
        {"role": "user", "content": "More."},
        {
            "role": "assistant",
            "content": [
                {"type": "plan", "statements": ["kneeling"]},
                {"type": "pose", "pose": POSE_JSON, "parts": ["left_arm", "torso"]},
            ],
        },
    ]
}
BAD = [
    (b"{", "", "not sound JSON"),
    (b'{"messages": "\xff"}', "", "not text"),
    (b"[1]", "", "a conversation is a list; expected an object"),
    (b'{"messages": [], "messages": []}', "", "'messages' twice"),
    (b'{"messages": NaN}', "", "holds NaN"),
    (b"[" * 5000, "", "nested too deeply"),
    ({"message": []}, "", "a conversation without messages"),
    ({"messages": [], "more": 1}, "", "a conversation with more"),
    ({"messages": []}, "", "nobody speaks"),
    ({"messages": "Hi"}, "", "messages are a text; expected a list"),
    ({"messages": [3]}, "message 1: ", "a message is a number"),
    (said(), "message 1: ", "an empty message of user"),
    (said("Hi", role="robot"), "message 1: ", "role 'robot'; expected system, user"),
    (said("Hi", role="assistant"), "", "assistant after the beginning"),
    ({"messages": [{"role": "user", "content": 3}]}, "message 1: ", "content is a number"),
    ({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}, "", "user after user"),
    ({**said("Hi"), "tools": ["fly"]}, "", "unknown tool 'fly'"),
    ({**said("Hi"), "tools": "undo"}, "", "tools or task"),
    (said("Hi", 3), "message 1, part 2: ", "a part is a number"),
    (said({"type": "sound"}), "message 1, part 1: ", "unknown type of part 'sound'"),
    (said({"type": "text", "text": None}), "message 1, part 1: ", "text is null"),
    (said({"type": "text", "txt": ""}), "message 1, part 1: ", "a text without text"),
    (said({"type": "plan", "statements": ["kneeling"]}), "message 1: ", "PlanPart in a message of user"),
    (said({"type": "plan", "statements": ["flying"]}), "message 1, part 1: ", "unknown statement 'flying'"),
    (said({"type": "plan", "statements": []}), "message 1, part 1: ", "statements of another kind"),
    (said({"type": "tool_call", "name": "fly"}), "message 1, part 1: ", "unknown tool 'fly'"),
    (said({"type": "tool_call", "name": "undo", "arguments": {"a": 1}}), "message 1, part 1: ", "undo: a"),
    (said({"type": "pose", "pose": {"body_pose": []}}), "message 1, part 1: ", "no global_orient"),
    (said({"type": "pose", "pose": {**POSE_JSON, "body_pose": [0] * 7}}), "message 1, part 1: ", "body_pose"),
    (said({"type": "pose", "pose": POSE_JSON, "frame": 1}), "message 1, part 1: ", "one or the other"),
    (said({"type": "pose", "pose": POSE_JSON, "parts": ["tail"]}), "message 1, part 1: ", "unknown part 'tail'"),
    (said({"type": "pose", "pose": "none.npz"}), "message 1, part 1: ", "no file"),
    (said({"type": "pose", "pose": "walk.npz"}), "message 1, part 1: ", "holds 5 frames"),
    (said({"type": "pose", "pose": "walk.npz", "frame": 5}), "message 1, part 1: ", "frame 5"),
    (said({"type": "pose", "pose": "walk.npz", "frame": True}), "message 1, part 1: ", "frame is true or false"),
    (said({"type": "pose", "pose": "walk.amc"}), "message 1, part 1: ", "needs a second file"),
    (said({"type": "pose", "pose": "cut.npz"}), "message 1, part 1: ", "cut.npz"),
    (said({"type": "image", "image": "cut.png"}), "message 1, part 1: ", "cut short"),
    (said({"type": "image", "image": "walk.npz"}), "message 1, part 1: ", "no picture"),
    (said({"type": "image", "image": "."}), "message 1, part 1: ", "is a directory"),
    (said({"type": "image", "image": "a\0b"}), "message 1, part 1: ", "null"),
    (BEYOND, "message 2: ", "an edit of left_arm, and its plan doesn't speak of that"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With files that lines can name."""
    from PIL import Image

    made = tmp_path_factory.mktemp("conversations")
    save(PoseClip(POSES), made / "walk.npz")
    (made / "walk.amc").write_text(":DEGREES\n1\n")
    (made / "cut.npz").write_bytes((made / "walk.npz").read_bytes()[:200])
    Image.fromarray(PIXELS).resize((200, 200)).save(made / "whole.png")
    (made / "cut.png").write_bytes((made / "whole.png").read_bytes()[:3000])
    return made


@pytest.mark.parametrize(("bad", "where", "reason"), BAD)
def test_a_malformed_line_is_reported_with_its_place(folder, bad, where, reason):
    path = written(folder, said("Hi"), b"", bad, said("Ho"))
    with pytest.raises(ConversationFileError) as caught:
        ConversationFile(path)
    assert caught.value.line == 3
    assert str(caught.value).startswith(f"{path}, line 3: {where}")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_malformed_lines_are_skipped_and_counted(folder):
    path = written(folder, *(bad for bad, *_ in BAD), said("Hi"))
    found = ConversationFile(path, skip_bad=True)
    assert (len(found), found.skipped, len(found.problems)) == (1, len(BAD), len(BAD))
    assert found[0].messages[0].text == "Hi"
    for number, (problem, (_, where, reason)) in enumerate(zip(found.problems, BAD, strict=True), 1):
        assert problem.startswith(f"{path}, line {number}: {where}")
        assert reason in problem


def test_lines_beyond_measure_are_malformed_and_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(conversation_files, "MAX_LINE_BYTES", 100)
    path = written(tmp_path, said("Hi"), said("x" * 1000), said("Ho"), said("y" * 150))
    found = ConversationFile(path, skip_bad=True)
    assert [one.messages[0].text for one in found] == ["Hi", "Ho"]
    assert [problem.split(":")[0][-6:] for problem in found.problems] == ["line 2", "line 4"]


def test_reasons_are_kept_for_the_first_and_all_are_counted(tmp_path):
    path = written(tmp_path, *[b"{"] * 150, said("Hi"))
    found = ConversationFile(path, skip_bad=True)
    assert (found.skipped, len(found.problems)) == (150, conversation_files.KEPT_PROBLEMS)


def test_files_without_conversations(tmp_path):
    with pytest.raises(MissingFileError):
        ConversationFile(tmp_path / "none.jsonl")
    with pytest.raises(MissingFileError):
        ConversationFile(tmp_path)
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(UnreadableFileError):
        ConversationFile(tmp_path / "empty.jsonl")
    with pytest.raises(ConversationFileError, match="no conversation"):
        lines(tmp_path, b" ")
    with pytest.raises(ConversationFileError, match=r"1 lines are malformed: .*line 1: not sound JSON"):
        ConversationFile(written(tmp_path, b"{"), skip_bad=True)


# --- nothing outside -------------------------------------------------------------------------------------------------


@pytest.fixture
def secrets(tmp_path):
    """A folder with a file of conversations, and things outside it."""
    inside = tmp_path / "inside"
    inside.mkdir()
    save(PoseClip(POSES[:1]), tmp_path / "secret.npz")
    save(PoseClip(POSES[:1]), tmp_path / "secret.png")
    (tmp_path / "inside_too").mkdir()
    save(PoseClip(POSES[:1]), tmp_path / "inside_too" / "secret.npz")
    (inside / "link.npz").symlink_to(tmp_path / "secret.npz")
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    (inside / "up").symlink_to(tmp_path)
    (inside / "round").symlink_to(inside / "round")
    return inside


@pytest.mark.parametrize(
    "name",
    ["../secret.npz", "link.npz", "up/secret.npz", "../inside_too/secret.npz", "{}/secret.npz", "{}/inside/x.npz",
     "a/../../secret.npz", "round", "/dev/zero", "/etc/passwd"],
)  # fmt: skip
def test_no_path_leads_out_of_the_folder(secrets, name, monkeypatch):
    def never(*_: object, **__: object) -> None:
        raise AssertionError("it was opened")

    monkeypatch.setattr(conversation_files, "load", never)
    monkeypatch.setattr(conversation_files, "read_photo", never)
    for part in ({"type": "pose", "pose": name.format(secrets.parent)},
                 {"type": "image", "image": name.format(secrets.parent).replace(".npz", ".png")}):  # fmt: skip
        with pytest.raises(ConversationFileError, match=r"leads out of|no path|can't look at"):
            lines(secrets, said(part))


def test_links_inside_the_folder_are_followed(secrets):
    save(PoseClip(POSES[:1]), secrets / "mine.npz")
    (secrets / "also.npz").symlink_to("mine.npz")
    assert len(lines(secrets, said({"type": "pose", "pose": "also.npz"}))) == 1


def test_a_folder_by_another_name_is_the_same_folder(secrets):
    save(PoseClip(POSES[:1]), secrets / "mine.npz")
    path = written(secrets, said({"type": "pose", "pose": "mine.npz"}))
    (secrets.parent / "other").symlink_to(secrets)
    assert len(ConversationFile(secrets.parent / "other" / path.name)) == 1


# --- writing ---------------------------------------------------------------------------------------------------------


def test_an_error_while_writing_leaves_the_old_file(tmp_path):
    path = written(tmp_path, said("Hi"))
    before = path.read_bytes()

    def some():
        yield whole()
        raise OSError(28, "No space left on device")

    with pytest.raises(UnwritableFileError, match="No space left"):
        write_conversations(path, some())
    assert path.read_bytes() == before
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".chatpose")]
    with pytest.raises(UnwritableFileError):
        write_conversations(tmp_path / "none" / "x.jsonl", [whole()])
