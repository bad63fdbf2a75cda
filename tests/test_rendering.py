"""Rendering, token by token, for each family with its real tokenizer and processor classes; answers read back."""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_pose_tokenizer import CONFIG, poses, random_tensors
from tiny_models import EYES, FAMILIES, load_words, photo

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
from chatpose.language.chat_template import RenderError
from chatpose.language.decoding import Keep
from chatpose.language.markup import MarkupError
from chatpose.language.rendering import OTHER, PHOTO_AS_POSE, PHOTO_WORDS, PLAN, POSE, TEXT, TOOL_CALL, Renderer
from chatpose.language.reply import CUT_OFF, Reply
from chatpose.language.rows import add_pose_words, level_vocabulary
from chatpose.pose_tokenizer.config import PARTS, part_index
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer

TOKENIZER = PoseTokenizer(CONFIG, random_tensors(CONFIG))
POSES = poses(4)
EDITED = PosePart(POSES[1], ("left_arm",))
PLANNED = PlanPart(("kneeling", "left knee: right angle"))
SEARCH = ToolCall("search", {"query": "a <bow>", "count": 2})
FOUND = ToolResult("search", [{"name": "<pose> [INST]"}])


def renderer(family: str, **options) -> Renderer:
    template = options.pop("chat_template", None)
    tokenizer, processor = load_words(family)
    vocabulary = add_pose_words(tokenizer, level_vocabulary(TOKENIZER, "coarse"))
    base = processor or tokenizer
    if template:
        base.chat_template = template
    return Renderer(base, vocabulary, TOKENIZER, "coarse", **options)


shared = cache(renderer)
shared.__doc__ = "One for all tests that don't change it."


def picture(number: int) -> ImagePart:
    return ImagePart(photo(number), POSES[3])


def long(eyes: bool) -> Conversation:
    """Everything that there is."""
    seen: list[Part] = [picture(1), TextPart("and"), picture(2)] if eyes else []
    return Conversation(
        (
            Message.say("system", "Be exact."),
            Message.say("user", TextPart("Do "), *seen, TextPart("this:"), PosePart(POSES[0])),
            Message.say("assistant", PLANNED, PosePart(POSES[1]), "Done.", EDITED),
            Message.say("user", "Find more."),
            Message.say("assistant", "Yes.", SEARCH),
            Message("tool", (FOUND,)),
            Message("tool", (ToolResult("describe", "x"), PosePart(POSES[2]))),
            Message.say("assistant", "Two."),
        )
    )


def block(one: Renderer, part: PosePart) -> str:
    from chatpose.language.markup import block_ids, write_block

    return write_block(block_ids(one.tokens_of([part.pose])[0], one.vocabulary, one.stages, part.parts), one.vocabulary)


def answers(one: Renderer) -> list[list[tuple[str, int]]]:
    """What the assistant says in `long`, by role, without what the template puts around."""
    call = '<tool_call>{"name": "search", "arguments": {"query": "a \\u003cbow>", "count": 2}}</tool_call>'
    return [
        [
            ("<plan>\nkneeling\nleft knee: right angle\n</plan>", PLAN),
            ("\n", TEXT),
            (block(one, PosePart(POSES[1])), POSE),
            ("\nDone.\n", TEXT),
            (block(one, EDITED), POSE),
        ],
        [("Yes.\n", TEXT), (call, TOOL_CALL)],
        [("Two.", TEXT)],
    ]


AROUND = {  # what the assistant says before and behind its message
    "llava": (" ", "</s>"),
    "qwen2_5_vl": ("", "<|im_end|>"),
    "smolvlm": (" ", "<end_of_utterance>"),
    "llama": ("", "<|eot_id|>"),
}
NEXT = {  # what stands between two turns of user and assistant, behind the end
    "llava": " USER: ",
    "qwen2_5_vl": "\n<|im_start|>user\n",
    "smolvlm": "\nUser: ",
    "llama": "<|start_header_id|>user<|end_header_id|>\n\n",
}


def runs(rendered) -> list[tuple[int, int]]:
    """Where the assistant speaks: starts and ends of runs of learned tokens."""
    learned = np.concatenate([[0], (rendered.roles != OTHER).numpy().astype(int), [0]])
    return list(zip((np.diff(learned) == 1).nonzero()[0], (np.diff(learned) == -1).nonzero()[0], strict=True))


def plain(one: Renderer, ids) -> str:
    return one.tokenizer.decode(ids, clean_up_tokenization_spaces=False)


# --- token by token --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_exactly_the_assistants_tokens_are_learned(family):
    one = shared(family)
    rendered = one.render(long(family in EYES))
    lead, end = AROUND[family]
    said = runs(rendered)
    assert len(said) == 3
    for (start, stop), parts in zip(said, answers(one), strict=True):
        ids, roles = rendered.input_ids[start:stop], rendered.roles[start:stop]
        text = lead + "".join(text for text, _ in parts) + end
        # SentencePiece decoders drop the first blank of what they decode.
        assert plain(one, ids) in (text, text.removeprefix(" "))
        assert int(ids[-1]) == one.end_ids[0] == one.tokenizer.convert_tokens_to_ids(end)
        assert int(roles[-1]) == TEXT
        # Each token's role is that of its first character.
        expected = [role for text, role in [(lead, TEXT), *parts, (end, TEXT)] for _ in text]
        told = one.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        known = [expected[start] for start, stop in told["offset_mapping"] if start < stop]
        assert roles.tolist()[-len(known) :] == known
    assert torch.equal(rendered.labels == -100, rendered.roles == OTHER)
    assert torch.equal(rendered.labels[rendered.roles != OTHER], rendered.input_ids[rendered.roles != OTHER])


@pytest.mark.parametrize("family", FAMILIES)
def test_what_stands_between_the_turns_is_the_templates(family):
    one = shared(family)
    rendered = one.render(long(family in EYES))
    (_, stop), (start, _) = runs(rendered)[:2]
    between = plain(one, rendered.input_ids[stop:start])
    assert between.strip().startswith((NEXT[family] + "Find more.").strip())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_prompt_is_what_stands_before_its_answer(family):
    one = shared(family)
    whole = long(family in EYES)
    rendered = one.render(whole)
    said = runs(rendered)
    turns = [number for number, message in enumerate(whole.messages) if message.role == "assistant"]
    for number, (start, stop) in zip(turns, said, strict=True):
        prompt = one.render(Conversation(whole.messages[:number]), generate=True)
        assert torch.equal(prompt.input_ids, rendered.input_ids[:start])
        assert not prompt.roles.any() or number > turns[0]
        until = one.render(Conversation(whole.messages[: number + 1]))
        assert torch.equal(until.input_ids[:stop], rendered.input_ids[:stop])
        assert torch.equal(until.roles[:stop], rendered.roles[:stop])


@pytest.mark.parametrize("family", FAMILIES)
def test_prompts_are_the_ones_that_transformers_makes(family):
    one = shared(family)
    eyes = family in EYES
    parts = [picture(1)] if eyes else []
    rendered = one.render(Conversation((Message.say("user", *parts, "What pose is this?"),)), generate=True)
    content: list[dict] = [{"type": "text", "text": "What pose is this?"}]
    if eyes:
        from PIL import Image

        content.insert(0, {"type": "image", "image": Image.fromarray(photo(1))})
    base = one.processor or one.tokenizer
    made = base.apply_chat_template(
        [{"role": "user", "content": content if eyes else "What pose is this?"}],
        tokenize=True, add_generation_prompt=True, return_dict=True, return_tensors="pt",
    )  # fmt: skip
    assert torch.equal(made["input_ids"][0], rendered.input_ids)
    for name, value in rendered.images.items():
        assert torch.equal(made[name], value)
    assert set(rendered.images) == set(made) - {"input_ids", "attention_mask"} or not eyes


@pytest.mark.parametrize("family", EYES)
def test_photos_have_their_room_and_nothing_else_moves(family):
    one = shared(family)
    seen, unseen = one.render(long(True)), one.render(long(False))
    mark = one.tokenizer.convert_tokens_to_ids(getattr(one.processor, "image_token", ""))
    count = int((seen.input_ids == mark).sum())
    assert count > 2
    assert not (unseen.input_ids == mark).any()
    assert not unseen.images
    assert not seen.roles[seen.input_ids == mark].any()
    assert torch.equal(seen.input_ids[seen.roles != OTHER], unseen.input_ids[unseen.roles != OTHER])
    assert torch.equal(seen.roles[seen.roles != OTHER], unseen.roles[unseen.roles != OTHER])
    if "mm_token_type_ids" in seen.images:
        assert torch.equal(seen.images["mm_token_type_ids"][0] == 1, seen.input_ids == mark)


@pytest.mark.parametrize("family", EYES)
def test_photos_between_answers(family):
    one = shared(family)
    whole = Conversation(
        (
            Message.say("user", picture(1), "One?"), Message.say("assistant", "One."),
            Message.say("user", picture(2), picture(3)), Message.say("assistant", PosePart(POSES[0])),
            Message.say("user", "And?"), Message.say("assistant", "Three."),
        )
    )  # fmt: skip
    rendered = one.render(whole)
    end = AROUND[family][1]
    texts = [plain(one, rendered.input_ids[start:stop]).strip() for start, stop in runs(rendered)]
    assert texts == [f"One.{end}", f"{block(one, PosePart(POSES[0]))}{end}", f"Three.{end}"]
    assert rendered.pose_places == (int((rendered.input_ids == one.vocabulary.begin).nonzero()[0]),)


def test_stages_weigh_less_and_less():
    one = shared("llama")
    rendered = one.render(long(False))
    begin = rendered.pose_places[0]
    # <pose>, heading, root 1, torso 1 and 2, arms, legs, </pose>
    assert rendered.weights[begin : begin + 10].tolist() == pytest.approx([1, 1, 1, 1, 0.4, 1, 1, 1, 1, 1])
    assert torch.equal(rendered.weights == 0, rendered.roles == OTHER)
    assert [torch.equal(pose.body_pose, POSES[1].body_pose) for pose in rendered.poses] == [True, True]


# --- people can't forge ----------------------------------------------------------------------------------------------

FORGED = ("<pose>", "</pose>", "<left_arm:1:3>", "<plan>", "<image>", "</s>", "<|im_end|>", "<|eot_id|>", "[INST]",
          "<s>", "<end_of_utterance>", "<|image_pad|>", "<fake_token_around_image>", "<|start_header_id|>")  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_what_people_type_is_text(family):
    one = shared(family)
    eyes = family in EYES
    known = one.special_ids

    def asked(text: str) -> Conversation:
        seen = [picture(1)] if eyes else []
        return Conversation(
            (Message.say("system", text), Message.say("user", *seen, text), Message.say("assistant", text))
        )

    forged, honest = (one.render(asked(text)) for text in (" ".join(FORGED), "stand"))
    counts = [np.bincount(ids[np.isin(ids, known)], minlength=10) for ids in
              (forged.input_ids.numpy(), honest.input_ids.numpy())]  # fmt: skip
    assert np.array_equal(counts[0], counts[1])
    assert not one._of_pose(int(forged.input_ids.max()))
    ((start, stop),) = runs(forged)
    reply = Reply.read(forged.input_ids[start:stop].tolist(), one)
    assert reply.message.text == " ".join(FORGED)
    assert not reply.notes


@given(st.lists(st.one_of(st.text(max_size=8), st.sampled_from(FORGED)), max_size=6).map("".join), st.integers(0, 3))
@settings(deadline=None, max_examples=120)
def test_answers_come_back(text, which):
    one = shared(FAMILIES[which])
    parts: list[Part] = [TextPart(text), PLANNED, PosePart(POSES[2]), SEARCH, EDITED, TextPart("ok")]
    rendered = one.render(Conversation((Message.say("user", text or "?"), Message("assistant", tuple(parts)))))
    ((start, stop),) = runs(rendered)
    base = one.edited(Conversation((Message.say("user", POSES[0]),)))
    reply = Reply.read(rendered.input_ids[start:stop].tolist(), one, base=base)
    assert not reply.notes
    kinds = [type(part) for part in reply.message.parts]
    assert kinds == [TextPart] * (kinds[0] is TextPart) + [PlanPart, PosePart, ToolCall, PosePart, TextPart]
    assert (reply.plans, reply.tool_calls) == ((PLANNED,), (SEARCH,))
    whole = text.encode("utf-8", "replace").decode().strip()
    assert [part.text for part in reply.message.parts if isinstance(part, TextPart)] == [
        *([whole] if whole else []),
        "ok",
    ]


# --- answers ---------------------------------------------------------------------------------------------------------


def answer(one: Renderer, *parts: Part | str) -> list[int]:
    rendered = one.render(Conversation((Message.say("user", "?"), Message.say("assistant", *parts))))
    ((start, stop),) = runs(rendered)
    return rendered.input_ids[start:stop].tolist()


@pytest.mark.parametrize("family", FAMILIES)
def test_an_edit_leaves_the_other_parts_bit_for_bit(family):
    one = shared(family)
    exact = POSES[0]
    base = one.edited(Conversation((Message.say("user", exact),)))
    assert base is not None
    assert torch.allclose(TOKENIZER.decode(base)[0].local_rotations, exact.local_rotations, atol=1e-6)
    reply = Reply.read(answer(one, "So.", EDITED), one, base=base)
    before, after = TOKENIZER.decode(base)[0].local_rotations, reply.poses[0].local_rotations
    for part in PARTS:
        same = torch.equal(before[part_index(part)], after[part_index(part)])
        assert same == (part != "left_arm")
    (part,) = (part for part in reply.message.parts if isinstance(part, PosePart))
    assert part.parts == ("left_arm",)
    Keep(base, tuple(part for part in PARTS if part != "left_arm"))


def test_an_edit_changes_no_part_that_its_plan_does_not_speak_of():
    one = renderer("llama")
    base = one.edited(Conversation((Message.say("user", POSES[0]),)))
    assert base is not None
    plan = PlanPart(("left elbow angle: 90..",))
    wide = PosePart(POSES[1], ("root", "left_arm", "right_leg"))
    reply = Reply.read(answer(one, plan, wide), one, base=base)
    before, after = TOKENIZER.decode(base)[0].local_rotations, reply.poses[0].local_rotations
    for part in PARTS:
        assert torch.equal(before[part_index(part)], after[part_index(part)]) == (part != "left_arm")
    assert torch.equal(reply.tokens[0].heading, base.heading)
    assert [part.parts for part in reply.message.parts if isinstance(part, PosePart)] == [("left_arm",)]
    assert [note.rpartition(" ")[2] for note in reply.notes] == ["root.", "right_leg."]
    # Without a plan, or behind the pose that it was for, all parts are taken; of whole poses always.
    for parts in ((wide,), (plan, EDITED, wide), (plan, PosePart(POSES[1]))):
        told = Reply.read(answer(one, *parts), one, base=base)
        assert not told.notes
    # A plan that speaks of none of them leaves nothing to change.
    told = Reply.read(answer(one, PlanPart(("right elbow angle: 90..",)), EDITED), one, base=base)
    assert not told.poses
    assert len(told.notes) == 1


def test_a_pose_that_was_written_is_read_again_as_the_same_tokens():
    one = renderer("llama")
    ids = answer(one, PosePart(POSES[2]))
    reply = Reply.read(ids, one)
    assert answer(one, PosePart(reply.poses[0])) == ids
    assert reply.tokens[0].residual is None


def test_what_cannot_be_read_is_left_out_and_noted():
    one = shared("qwen2_5_vl")
    ids = answer(one, "So:", PosePart(POSES[2]), "Well.")
    cut = ids[: ids.index(one.vocabulary.begin) + 5]
    reply = Reply.read(cut, one)
    assert [part.text for part in reply.message.parts if isinstance(part, TextPart)] == ["So:"]
    assert reply.poses == ()
    assert "half a pose block" in reply.notes[0]
    assert reply.notes[1] == CUT_OFF
    assert reply.raw_text.startswith("So:\n<pose><heading:")
    edit = Reply.read(answer(one, EDITED), one)
    assert "edits need a pose" in edit.notes[0]
    assert edit.message.text == ""
    padded = Reply.read([*answer(one, "Yes."), *[one.tokenizer.pad_token_id] * 3, *cut], one)
    assert (padded.raw_text, padded.notes) == ("Yes.", ())
    assert Reply.read([], one).notes == (CUT_OFF,)


def test_regressed_poses_are_a_lone_token():
    one = renderer("smolvlm", mode="regression")
    rendered = one.render(long(False))
    assert rendered.roles[list(rendered.pose_places)].tolist() == [POSE, POSE]
    assert rendered.input_ids[list(rendered.pose_places)].tolist() == [one.vocabulary.begin] * 2
    start, stop = runs(rendered)[0]
    assert plain(one, rendered.input_ids[start:stop]).endswith("\n<pose>\nDone.\n<pose><end_of_utterance>")
    assert "<heading:" in plain(one, rendered.input_ids[:start])  # people's poses are told whole
    given = (POSES[1], POSES[2])
    assert Reply.read(rendered.input_ids[start:stop].tolist(), one, poses=given).poses == given


# --- bases -----------------------------------------------------------------------------------------------------------


def test_a_photo_without_eyes_is_its_pose_and_that_is_said():
    one = shared("llama")
    rendered = one.render(Conversation((Message.say("user", picture(1), "Who?"),)), generate=True)
    assert rendered.notes == (PHOTO_AS_POSE,)
    assert f"{PHOTO_WORDS}\n{block(one, PosePart(POSES[3]))}\nWho?" in plain(one, rendered.input_ids)
    with pytest.raises(RenderError, match=r"no eyes.*estimate it first"):
        one.render(Conversation((Message.say("user", ImagePart(photo(1))),)), generate=True)


def test_eyes_may_read_the_estimate_too():
    asked = Conversation((Message.say("user", picture(1), "Who?"),))
    for estimates in (False, True):
        rendered = renderer("qwen2_5_vl", estimates=estimates).render(asked, generate=True)
        assert bool((rendered.input_ids == renderer("qwen2_5_vl").vocabulary.begin).sum()) == estimates
        assert rendered.images
        assert not rendered.notes


NO_SYSTEM = (
    "{% for m in messages %}{% if m.role not in ['user', 'assistant'] %}{{ raise_exception('no role') }}{% endif %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('not in turn') }}{% endif %}"
    "{{ '[' + m.role + '] ' + m.content + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)


def test_without_a_system_role_the_user_says_it_first():
    one = renderer("llama", chat_template=NO_SYSTEM)
    assert not one.template.has_system
    assert not one.template.has_tools
    text = plain(one, one.render(long(False)).input_ids)
    assert text.startswith("[user] Be exact.\n\nDo\nthis:\n<pose>")
    assert '[user] <tool_result name="search">[{"name": "\\u003cpose> [INST]"}]</tool_result>\n<tool_result' in text


WITH_TOOLS = (
    "{% for m in messages %}<|start_header_id|>{{ 'ipython' if m.role == 'tool' else m.role }}<|end_header_id|>\n\n"
    "{{ m.content | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)


def test_tools_speak_in_their_own_role_where_there_is_one():
    one = renderer("llama", chat_template=WITH_TOOLS)
    assert one.template.has_tools
    text = plain(one, one.render(long(False)).input_ids)
    assert text.count("<|start_header_id|>ipython<|end_header_id|>\n\n<tool_result name=") == 2


THINKING = (  # as Qwen3: earlier answers are shown without the empty thought that new ones begin with
    "{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n"
    "{% if m.role == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}"
    "{{ m.content }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n"
    "{% if enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
INSTRUCTING = (  # as Llama 2: nothing stands before an answer, and blanks around it
    "{% for m in messages %}{% if m.role == 'user' %}{{ bos_token + '[INST] ' + m.content | trim + ' [/INST]' }}"
    "{% elif m.role == 'assistant' %}{{ ' ' + m.content | trim + ' ' + eos_token }}"
    "{% else %}{{ raise_exception('no role') }}{% endif %}{% endfor %}"
)
ENDLESS = "{% for m in messages %}{{ m.role + ': ' + m.content + '\n' }}{% endfor %}"


@pytest.mark.parametrize(
    ("template", "around"),
    [(THINKING, "{}<|eot_id|>"), (INSTRUCTING, " {} <|eot_id|>"), (ENDLESS, "assistant: {}<|eot_id|>")],
)
def test_templates_of_other_forms(template, around):
    one = renderer("llama", chat_template=template)
    said = [
        Message.say(role, text)
        for role, text in zip(["user", "assistant"] * 2, ["A?", "One.", "B?", "Two."], strict=True)
    ]
    rendered = one.render(Conversation(tuple(said)))
    texts = [plain(one, rendered.input_ids[start:stop]) for start, stop in runs(rendered)]
    assert texts == [around.format("One."), around.format("Two.")]
    prompt = one.render(Conversation(tuple(said[:3])), generate=True)
    assert torch.equal(prompt.input_ids, rendered.input_ids[: runs(rendered)[-1][0]])


def test_the_tools_that_may_be_called_are_told():
    one = shared("llama")
    asked = Conversation((Message.say("user", "Hi"),), tools=("describe", "undo"))
    text = plain(one, one.render(asked, generate=True).input_ids)
    assert "describe(pose: string, style?: short|plain|full): Measures a pose" in text
    assert "undo(): Takes the last change back." in text
    assert text.index("undo()") < text.index("Hi")


def test_bad_bases_are_refused():
    tokenizer, _ = load_words("llama", chat_template=None)
    vocabulary = add_pose_words(tokenizer, level_vocabulary(TOKENIZER, "coarse"))
    with pytest.raises(RenderError, match="no chat template"):
        Renderer(tokenizer, vocabulary, TOKENIZER)
    plain_words, _ = load_words("llama")
    with pytest.raises(RenderError, match="<pose> isn't token"):
        Renderer(plain_words, vocabulary, TOKENIZER)
    for template, said in [("{{ messages[0].content }}", "no question with its answer"),
                           ("{% for m in messages %}{{ m.content[:1] }}{% endfor %}", "no question")]:  # fmt: skip
        with pytest.raises(RenderError, match=said):
            renderer("llama", chat_template=template)


def test_bad_conversations_are_refused():
    one = shared("llama")
    spoken = Conversation((Message.say("user", "?"), Message.say("assistant", "!")))
    with pytest.raises(RenderError, match="own message"):
        one.render(spoken, generate=True)
    for part in (PlanPart(("a\nb",)), ToolCall("fly")):
        with pytest.raises(MarkupError):
            one.render(Conversation((Message.say("user", "?"), Message("assistant", (part,)))))
