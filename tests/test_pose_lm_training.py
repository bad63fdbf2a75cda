"""Every family of bases learns eight conversations by heart, with an adapter alone, and says them again.

Add rows → LoRA → train → save → load → merge → generate, on tiny random models of the real structures.
"""

import copy
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from conftest import random_rotations
from test_pose_lm import CARD, POSES, bare
from tiny_models import EYES, FAMILIES, photo, tiny_base
from torch.nn.functional import cross_entropy, pad

from chatpose.body.pose import Pose
from chatpose.body.rotations import geodesic_distance
from chatpose.corpus.instructions.messages import (
    Conversation,
    ImagePart,
    Message,
    PlanPart,
    PosePart,
    ToolCall,
    ToolResult,
)
from chatpose.language.batches import left_padded
from chatpose.language.config import PoseLMConfig
from chatpose.language.decoding import Keep, Sampling
from chatpose.language.pose_lm import PoseLM
from chatpose.language.reply import Reply
from chatpose.pose_tokenizer.config import PARTS

pytestmark = pytest.mark.slow
GREEDY = Sampling(0.0, max_new_tokens=80)


def a_pose(seed: int) -> Pose:
    return Pose.from_rotations(random_rotations(24, max_angle_rad=0.7, seed=seed))


def conversations(family: str) -> list[Conversation]:
    """Eight kinds; those with eyes have to tell photos apart, for the words are the same."""
    bent = PlanPart(("left knee: right angle",))
    several = []
    for number in range(3):
        seen = ImagePart(photo(number)) if family in EYES else f"Number {number}."
        plan = PlanPart((f"{'left' if number else 'right'} knee: right angle",))
        question = Message.say("user", "What is this pose?", seen)
        several.append(Conversation((question, Message.say("assistant", "It is:", plan, a_pose(number)))))
    moved = tuple(one.clone() for one in (a_pose(4).global_orient, a_pose(4).body_pose))
    moved[1][15] = a_pose(5).body_pose[15]  # the left shoulder
    raised = PlanPart(("left elbow: right angle",))  # an edit is of what its plan speaks of
    call = ToolCall("search", {"query": "warrior", "count": 2})
    return [
        *several,
        Conversation((Message.say("user", "Say it.", a_pose(3)), Message.say("assistant", "The left knee is bent."))),
        Conversation(
            (
                Message.say("user", a_pose(4), "Raise the left arm."),
                Message.say("assistant", raised, PosePart(Pose(*moved, *_rest(4)), ("left_arm",))),
            )
        ),
        Conversation((Message.say("user", "Two, please."), Message.say("assistant", a_pose(6), "and", a_pose(7)))),
        Conversation((Message.say("user", "Find a warrior."), Message.say("assistant", "One moment.", call))),
        Conversation(
            (
                Message.say("user", "Find a warrior."),
                Message.say("assistant", "One moment.", call),
                Message.say("tool", ToolResult("search", {"hits": 2}), a_pose(8)),
                Message.say("assistant", "Here it is, and mirrored:", bent, a_pose(9)),
            )
        ),
    ]


def _rest(seed: int):
    return a_pose(seed).betas, a_pose(seed).transl


def train(lm: PoseLM, several: list[Conversation], steps: int, rate: float = 0.01) -> list[float]:
    """The plainest loop: all conversations in every step."""
    shown = [lm.renderer.render(one) for one in several]
    inputs = left_padded(shown, lm.tokenizer.pad_token_id)
    length = inputs["input_ids"].shape[1]
    weights = torch.stack([pad(one.weights, (length - len(one), 0)) for one in shown])[:, 1:]
    learned, ids = weights > 0, inputs["input_ids"][:, 1:]
    places = [(row, length - len(one) + at) for row, one in enumerate(shown) for at in one.pose_places]
    rotations = [pose.local_rotations for one in shown for pose in one.poses]
    module = torch.nn.ModuleList([lm.model, *([lm.regression_head] if lm.regression_head else [])])
    parameters = [one for one in module.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.0)
    module.train()
    told = []
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * min((step + 1) / 10, 1.05 - step / steps)
        states: list[torch.Tensor] = []

        def what_is_learned(_, given, states=states):
            states.append(given[0])
            return (given[0][:, :-1][learned],)  # the other logits would take most of the time

        hook = lm.model.get_output_embeddings().register_forward_pre_hook(what_is_learned)
        logits = lm.model(**inputs, use_cache=False).logits
        hook.remove()
        losses = cross_entropy(logits, ids[learned], reduction="none")
        loss = (losses * weights[learned]).sum() / weights.sum()
        if lm.regression_head is not None:
            made = lm.regression_head(torch.stack([states[0][place] for place in places]))
            loss = loss + 10 * (made - torch.stack(rotations)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        told.append(float(loss.detach()))
    module.eval()
    return told


@dataclass
class Trained:
    """A model that knows its conversations, and where it is saved."""

    family: str
    lm: PoseLM
    folder: Path
    known: list[Conversation]
    losses: list[float]
    base: dict[str, torch.Tensor]
    first_fingerprint: str

    def questions(self) -> list[Conversation]:
        return [Conversation(one.messages[:-1], one.task) for one in self.known]


@pytest.fixture(scope="module", params=FAMILIES)
def trained(request, tmp_path_factory):
    family = request.param
    torch.manual_seed(0)
    # All stages alike: by heart is by heart.
    config = PoseLMConfig(lora_dropout=0.0, stage_weights=(1.0,))
    lm = PoseLM.from_pretrained(str(tiny_base(family)), config=config, pose_tokenizer=POSES)
    base = {name: one.clone() for name, one in base_weights(lm).items()}
    first = lm.fingerprint
    known = conversations(family)
    losses = train(lm, known, steps=90)
    folder = tmp_path_factory.mktemp(family) / "adapter"
    lm.save_pretrained(folder, CARD)
    return Trained(family, lm, folder, known, losses, base, first)


def base_weights(lm: PoseLM) -> dict[str, torch.Tensor]:
    """The base's own parameters, by the names that it has without an adapter."""
    found = {}
    for name, one in lm.model.get_base_model().named_parameters():
        if "lora_" not in name and "trainable_tokens" not in name:
            found[name.replace("token_adapter.", "").replace("base_layer.", "")] = one.detach()
    return found


def check(told: Reply, expected: Message, lm: PoseLM) -> None:
    """The answer is exactly the one that was learned."""
    assert told.notes == ()
    assert told.message.text == expected.text
    assert told.plans == tuple(part for part in expected.parts if isinstance(part, PlanPart))
    assert told.tool_calls == tuple(part for part in expected.parts if isinstance(part, ToolCall))
    right = lm.renderer.tokens_of([part.pose for part in expected.parts if isinstance(part, PosePart)])
    assert len(told.tokens) == len(right)
    for made, wanted in zip(told.tokens, right, strict=True):
        assert lm.vocabulary.to_ids(made).equal(lm.vocabulary.to_ids(wanted))


def test_it_learns_by_heart_and_says_exactly_that(trained):
    assert trained.losses[0] > 5
    assert trained.losses[-1] < 0.5
    for question, known in zip(trained.questions(), trained.known, strict=True):
        check(trained.lm.reply(question, sampling=GREEDY), known.messages[-1], trained.lm)


def test_it_needs_no_constraint_for_that(trained):
    for question, known in zip(trained.questions()[:2], trained.known, strict=False):
        check(trained.lm.reply(question, sampling=GREEDY, constrain=False), known.messages[-1], trained.lm)


def test_a_batch_padded_on_the_left_says_the_same(trained):
    told = trained.lm.replies(trained.questions(), sampling=GREEDY)
    for reply, known in zip(told, trained.known, strict=True):
        check(reply, known.messages[-1], trained.lm)


def test_the_base_is_bit_identical(trained):
    now, fresh = base_weights(trained.lm), dict(bare(trained.family).named_parameters())
    assert now.keys() >= fresh.keys()
    own = trained.lm.vocabulary.first_id
    for name, before in trained.base.items():
        assert now[name].equal(before), name
        rows = "embed_tokens" in name or "lm_head" in name
        if name in fresh:
            assert now[name][:own].equal(fresh[name][:own]) if rows else now[name].equal(fresh[name]), name
    assert trained.lm.fingerprint != trained.first_fingerprint


def test_saved_and_loaded_it_says_the_same(trained):
    again = PoseLM.from_pretrained(trained.folder, pose_tokenizer=POSES)
    assert again.fingerprint == trained.lm.fingerprint
    for reply, known in zip(again.replies(trained.questions(), sampling=GREEDY), trained.known, strict=True):
        check(reply, known.messages[-1], again)


def test_merged_it_says_the_same_without_us(trained):
    lm = trained.lm
    model = lm.merged()
    for question, known in zip(trained.questions(), trained.known, strict=True):
        shown = lm.renderer.render(question, generate=True)
        inputs = left_padded([shown], lm.tokenizer.pad_token_id)
        ids = model.generate(**inputs, do_sample=False, max_new_tokens=80, eos_token_id=list(lm.renderer.end_ids))
        base = lm.renderer.edited(question)
        check(Reply.read(ids[0, len(shown) :].tolist(), lm.renderer, base=base), known.messages[-1], lm)


def test_edits_keep_what_they_do_not_touch(trained):
    lm, question = trained.lm, trained.questions()[4]
    tokens = POSES.encode(a_pose(4), "coarse")
    kept = tuple(part for part in PARTS if part != "left_arm")
    told = lm.reply(question, sampling=GREEDY, keep=Keep(tokens, kept, written=False))
    assert len(told.poses) == 1
    before, after = POSES.decode(tokens).local_rotations[0], told.poses[0].local_rotations
    moved = {number for number in range(24) if not after[number].equal(before[number])}
    assert moved
    assert moved <= {16, 18, 20, 22}


# --- ChatPose's way --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["llama", "smolvlm"])
def test_regression_learns_poses_too(family, tmp_path):
    torch.manual_seed(0)
    config = PoseLMConfig(lora_dropout=0.0, mode="regression")
    lm = PoseLM.from_pretrained(str(tiny_base(family)), config=config, pose_tokenizer=POSES)
    known = [copy.copy(one) for place, one in enumerate(conversations(family)) if place in (0, 1, 2, 5)]
    train(lm, known, steps=120, rate=0.005)
    lm.save_pretrained(tmp_path / "it", CARD)
    again = PoseLM.from_pretrained(tmp_path / "it", pose_tokenizer=POSES)
    for question in known:
        expected = [part.pose for part in question.messages[-1].parts if isinstance(part, PosePart)]
        told = again.reply(Conversation(question.messages[:-1]), sampling=GREEDY)
        assert len(told.poses) == len(expected)
        for made, wanted in zip(told.poses, expected, strict=True):
            far = geodesic_distance(made.local_rotations, wanted.local_rotations)
            assert float(far.mean().rad2deg()) < 1
