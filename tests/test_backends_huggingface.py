"""A Hugging Face model as the one that answers: scripted replies of a tiny one, and its own."""

import dataclasses

import pytest
import torch
from backend_views import broken, item, photo_bytes, pose, state, told, view
from tiny_models import tiny_base

from chatpose.agent.backends.huggingface import HuggingFaceBackend
from chatpose.agent.backends.protocol import Backend, BackendError, Call, MalformedMoveError, Say
from chatpose.agent.items import PhotoItem
from chatpose.agent.state import ConversationState
from chatpose.corpus.instructions.messages import ImagePart, PosePart, ToolCall
from chatpose.language.markup import block_ids, write_block
from chatpose.language.pose_lm import PoseLM
from chatpose.language.reply import Reply
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer


@pytest.fixture(scope="module")
def lm():
    return PoseLM.from_pretrained(str(tiny_base("llama")), pose_tokenizer=PoseTokenizer.load())


class Scripted:
    """A model whose replies are given as text; it is shown conversations as the real one is."""

    def __init__(self, lm: PoseLM, *texts: str, ends: bool = True) -> None:
        self.lm, self.texts, self.ends = lm, list(texts), ends
        self.shown: list = []
        self.seeds: list[int] = []
        self.model, self.config, self.renderer, self.has_eyes = lm.model, lm.config, lm.renderer, lm.has_eyes

    def reply(self, conversation, *, sampling, stop) -> Reply:
        renderer = self.lm.renderer
        renderer.render(conversation, generate=True)
        self.shown.append(conversation)
        self.seeds.append(sampling.seed)
        text = self.texts[min(len(self.shown), len(self.texts)) - 1]
        ids = renderer.tokenizer(text, add_special_tokens=False)["input_ids"]
        ends = renderer.end_ids if self.ends else ()
        return Reply.read([*ids, *ends], renderer, base=renderer.edited(conversation))


def backend(lm, *texts, **options) -> HuggingFaceBackend:
    return HuggingFaceBackend(Scripted(lm, *texts, **options), "tiny")  # type: ignore[arg-type]


def block(lm, parts=()) -> str:
    (tokens,) = lm.renderer.tokens_of([pose()])
    return write_block(block_ids(tokens, lm.vocabulary, lm.renderer.stages, parts), lm.vocabulary)


def test_words(lm):
    move = backend(lm, "A knee bends to about 140 degrees.").next(view())
    assert isinstance(move, Say)
    assert (move.text, move.poses) == ("A knee bends to about 140 degrees.", ())


def test_calls(lm):
    move = backend(lm, '<tool_call>{"name": "mirror", "arguments": {"pose": "pose 1"}}</tool_call>').next(view())
    assert isinstance(move, Call)
    assert move.calls == (ToolCall("mirror", {"pose": "pose 1"}),)


def test_poses_come_with_their_plan_to_be_verified(lm):
    text = f"<plan>\nleft knee: right angle\n</plan>\n{block(lm)}\nHere it is."
    move = backend(lm, text).next(view("kneel", ConversationState()))
    assert isinstance(move, Say)
    assert (move.text, move.plan, len(move.poses)) == ("Here it is.", ("left knee: right angle",), 1)
    assert torch.allclose(move.poses[0].local_rotations, pose().local_rotations, atol=0.35)


def test_edits_change_the_pose_on_screen(lm):
    now = state(poses=2, turns=1)  # the talk was about pose 1, on screen is pose 2
    model = backend(lm, block(lm, ("left_arm",)))
    move = model.next(view("lower the left arm", now))
    assert len(move.poses) == 1
    assert move.poses[0].batch_shape == ()
    seen = [one for message in model.lm.shown[0].messages for one in message.poses()]
    assert seen[-1] is now.current_pose.pose


def test_broken_markup_is_told_once_then_the_words_count(lm):
    now = state()
    model = backend(lm, "Look. <pose><heading:1></pose>")
    with pytest.raises(MalformedMoveError, match=r"markup that is broken: .*half a pose") as raised:
        model.next(view(now=now))
    assert "<pose>" in raised.value.raw
    move = model.next(view(now=now, outcomes=(broken(now, "half a pose block"),)))
    assert (move.text, move.poses) == ("Look.", ())
    shown = model.lm.shown[-1].messages
    assert [message.role for message in shown] == ["system", "user"]
    assert "half a pose block" in shown[-1].text
    assert model.lm.seeds[0] != model.lm.seeds[1]


def test_nothing_twice_gives_the_model_up(lm):
    now = state()
    model = backend(lm, "")
    with pytest.raises(MalformedMoveError, match="an empty reply"):
        model.next(view(now=now))
    with pytest.raises(BackendError, match="twice") as raised:
        model.next(view(now=now, outcomes=(broken(now),)))
    assert not isinstance(raised.value, MalformedMoveError)


def test_unknown_tools_and_bad_arguments_are_told(lm):
    for text, said in (
        ('<tool_call>{"name": "fly", "arguments": {}}</tool_call>', "unknown tool"),
        ('<tool_call>{"name": "mirror", "arguments": {"who": 1}}</tool_call>', "mirror: who"),
        ('<tool_call>{"name": "mirror", "argum', "doesn't end"),
    ):
        with pytest.raises(MalformedMoveError, match=said):
            backend(lm, text).next(view())


def test_results_of_tools_are_shown_with_a_note_on_what_was_broken(lm):
    now = state()
    model = backend(lm, "It is mirrored.")
    model.next(view(now=now, outcomes=(told(now, pose="pose 1"), broken(now))))
    messages = model.lm.shown[0].messages
    assert [message.role for message in messages] == ["system", "user", "assistant", "tool"]
    assert messages[-1].parts[0].content["result"] == {"done": True}
    assert "an empty reply" in messages[-1].parts[0].content["note"]


def test_long_pasts_are_left_out(lm):
    now = state(turns=12)
    now = dataclasses.replace(now, turns=tuple(dataclasses.replace(turn, reply="so " * 300) for turn in now.turns))
    model = backend(lm, "Fine.")
    model.max_new_tokens = 16
    room = lm.model.get_base_model().config.max_position_embeddings
    model.next(view("and now?", now))
    shown = model.lm.shown[0]
    assert len(lm.renderer.render(shown, generate=True)) <= room - 16
    assert shown.messages[0].role == "system"
    assert shown.messages[-1].text.startswith("and now?")
    assert len(shown.messages) < 26
    with pytest.raises(BackendError, match="too long"):
        model.next(view("word " * 12_000, ConversationState()))


def test_photos_are_seen_or_read_as_poses(lm):
    now = state(photo=photo_bytes())
    now = now.replace_photo(PhotoItem(1, "holiday.jpg", photo_bytes(), True, (1,)))
    model = backend(lm, "Fine.")
    model.next(view("who is this?", now, attached=("photo 1",)))
    assert isinstance(model.lm.shown[0].messages[-1].parts[1], PosePart)
    from chatpose.agent.backends.huggingface_view import shown_to

    part = shown_to(view("who?", now, attached=("photo 1",)), has_eyes=True).messages[-1].parts[1]
    assert isinstance(part, ImagePart)
    assert part.pixels.shape == (40, 60, 3)


def test_attached_poses_are_shown(lm):
    now = state().add_pose(item(2))
    model = backend(lm, "Fine.")
    model.next(view("what is it?", now, attached=("pose 2",)))
    assert sum(isinstance(part, PosePart) for part in model.lm.shown[0].messages[-1].parts) == 1


def test_the_real_thing_answers_and_stops(lm):
    model = HuggingFaceBackend(lm, max_new_tokens=4)
    assert isinstance(model, Backend)
    try:
        move = model.next(view())
    except MalformedMoveError:
        move = None  # an untrained model may write anything
    assert move is None or isinstance(move, Say | Call)
    asked = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) >= 3

    model = HuggingFaceBackend(lm, max_new_tokens=400)
    stopped = model.next(view(), cancelled=stop)
    assert isinstance(stopped, Call)
    assert stopped.calls == ()
    assert len(asked) < 10


def test_one_at_a_time(lm):
    model = backend(lm, "Fine.")
    model._busy.acquire()
    try:
        move = model.next(view(), cancelled=lambda: True)
    finally:
        model._busy.release()
    assert isinstance(move, Call)
    assert move.calls == ()
    assert model.lm.shown == []
