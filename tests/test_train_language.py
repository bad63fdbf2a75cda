"""Training PoseLM: packing, what is learned with which weight, exact resuming, broken disks, runs that are stopped."""

import dataclasses
import errno
import json
import os
import signal
from types import SimpleNamespace

import pytest
import torch
from conftest import random_rotations
from hypothesis import given, strategies
from language_runs import conversations, differences, settings, state
from language_runs import pose as random_pose
from tiny_models import EYES, FAMILIES, load_words, photo, tiny_base

from chatpose.corpus.instructions.messages import Conversation, Message
from chatpose.errors import ChatposeError, UnreadableFileError, UnwritableFileError
from chatpose.pose_tokenizer.config import PARTS
from chatpose.train import language_checkpoint
from chatpose.train.language_asked import budget_of, folder_of, settings_of
from chatpose.train.language_build import build_run, sources
from chatpose.train.language_checkpoint import CHECKPOINT_NAME, read_checkpoint
from chatpose.train.language_data import Chunks, ConversationSource, Cursor, RowStream
from chatpose.train.language_evaluation import asked_for_poses
from chatpose.train.language_folder import RunFolder
from chatpose.train.language_loss import Tally, pose_errors, token_losses
from chatpose.train.language_maker import Maker
from chatpose.train.language_packing import Example, PackingError, pack, packs, plan_rows, positions_of
from chatpose.train.language_run import train
from chatpose.train.language_settings import ROLES, LanguageTraining
from chatpose.train.language_step import LanguageStep
from chatpose.train.language_trainer import LanguageTrainer, TrainingError
from chatpose.train.vqvae_settings import Budget

# --- packing ---------------------------------------------------------------------------------------------------------


def example(length: int, first: int = 5, **images: torch.Tensor) -> Example:
    ids = torch.arange(first, first + length)
    return Example(ids, torch.ones(length, dtype=torch.int8), torch.ones(length), images)


@given(strategies.lists(strategies.integers(1, 64), min_size=1, max_size=60))
def test_rows_hold_every_conversation_once_and_waste_little(lengths):
    rows = plan_rows(lengths, 64)
    assert sorted(index for row in rows for index in row) == list(range(len(lengths)))
    filled = [sum(lengths[index] for index in row) for row in rows]
    assert max(filled) <= 64
    assert len(rows) <= 11 / 9 * len(lengths) + 6 / 9
    assert sum(one <= 32 for one in filled) <= 1  # two half-empty rows would be one


def test_too_long_for_a_row():
    with pytest.raises(PackingError, match="65 tokens"):
        plan_rows([3, 65], 64)


def test_positions_begin_again_and_no_conversation_predicts_the_next_one():
    row = pack([example(3, 10), example(4, 20)])
    assert row.input_ids.tolist() == [[10, 11, 12, 20, 21, 22, 23]]
    assert row.position_ids.tolist() == [[0, 1, 2, 0, 1, 2, 3]]
    assert row.targets.tolist() == [11, 12, 21, 22, 23]  # neither 10 nor 20
    assert row.places.tolist() == [0, 1, 3, 4, 5]
    assert (row.input_ids[0, row.places + 1] == row.targets).all()


def test_photos_of_different_sizes_are_refused():
    small, large = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 9, 9)
    with pytest.raises(PackingError, match="pixel_values"):
        pack([example(3, pixel_values=small), example(3, pixel_values=large)])


def _base(family):
    import transformers

    kind = transformers.AutoModelForImageTextToText if family in EYES else transformers.AutoModelForCausalLM
    return kind.from_pretrained(tiny_base(family)).eval()


def _asked(family, with_photos):
    """Questions as the family's processor writes them."""
    tokenizer, processor = load_words(family)
    for number, text in enumerate(("Raise the right arm.", "What is this pose?", "Sit down, please.", "Kneel.")):
        parts, photos = [{"type": "text", "text": text}], None
        if with_photos and number in (1, 2):
            parts, photos = [{"type": "image"}, *parts], [photo(number, (64 + 32 * number, 64))]
        content = parts if family in EYES else text
        shown = tokenizer.apply_chat_template([{"role": "user", "content": content}], tokenize=False)
        words = {"text": shown, "return_tensors": "pt"}
        made = dict(processor(images=photos, **words) if processor else tokenizer(**words, add_special_tokens=False))
        ids = made.pop("input_ids")[0]
        made.pop("attention_mask")
        yield Example(ids, torch.ones(len(ids), dtype=torch.int8), torch.ones(len(ids)), made)


@pytest.mark.parametrize("family", [pytest.param(one, marks=pytest.mark.slow) for one in EYES] + ["llama"])
def test_packed_conversations_answer_as_if_alone(family):
    base, several = _base(family), list(_asked(family, with_photos=family in EYES))
    step = LanguageStep(base, base, None, False)

    def logits(row):
        return step(row, only_logits=True)

    assert packs(logits, base, several, 1e-5)
    # …and alone as the base itself answers, with its own positions and mask.
    for one in several:
        row = pack([one], positions_of(base, [one]))
        own = base(input_ids=one.input_ids[None], **one.images).logits[0, :-1]
        torch.testing.assert_close(logits(row), own, rtol=1e-4, atol=1e-4)


def test_a_base_whose_conversations_see_each_other_is_found_out():
    base, several = _base("llama"), list(_asked("llama", with_photos=False))[:2]

    def leaky(row):
        made = base(input_ids=row.input_ids, use_cache=False)  # no positions: one long conversation
        return made.logits[0, row.places]

    assert not packs(leaky, base, several, 1e-2)

    def broken(row):
        if row.conversations > 1:
            raise ValueError("one conversation, please")
        return leaky(row)

    assert not packs(broken, base, several, 1e-2)


def test_all_families_are_tried():
    assert set(EYES) | {"llama"} == set(FAMILIES)


# --- what is learned, and how much -----------------------------------------------------------------------------------


def test_losses_are_cross_entropies_and_so_are_their_gradients():
    logits = torch.randn(2500, 7, requires_grad=True)  # more than two chunks
    targets = torch.randint(7, (2500,))
    weights = torch.rand(2500)
    (token_losses(logits, targets) * weights).sum().backward()
    mine, logits.grad = logits.grad, None
    plain = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    (plain * weights).sum().backward()
    torch.testing.assert_close(mine, logits.grad)
    torch.testing.assert_close(token_losses(logits.detach(), targets), plain.detach())


def test_errors_of_poses():
    wanted = random_rotations(3, 24)
    exact = pose_errors(wanted.clone().requires_grad_(), wanted)
    assert exact.angle_rad.max() < 1e-5
    assert exact.position_m.max() < 1e-5
    exact.angle_rad.sum().backward()  # finite where poses are equal
    turned = wanted.clone()
    turn = random_rotations(3, max_angle_rad=0.02, seed=1)
    turned[:, 16] = turned[:, 16] @ turn
    angle = ((turn - torch.eye(3)).flatten(1).norm(dim=1) / 2**0.5) / 24
    torch.testing.assert_close(pose_errors(turned, wanted).angle_rad, angle, atol=1e-5, rtol=1e-3)
    assert pose_errors(turned, wanted).position_m.min() > 0


def test_tallies_add_up():
    one, other = Tally(), Tally()
    one.add(torch.tensor([1.0, 3.0]), torch.tensor([1, 3]))
    other.add(torch.tensor([5.0]), torch.tensor([3]))
    total = Tally.of(one.vector() + other.vector()).means()
    assert total == {"text": 1.0, "pose": 4.0}
    assert ROLES[3] == "pose"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return build_run(settings(tmp_path_factory.mktemp("run")))


def test_each_token_has_the_weight_of_its_role_and_stage(run):
    asked = dataclasses.replace(
        run.trainer.settings, role_weights={"text": 0.5, "plan": 2.0, "pose": 3.0, "tool_call": 0.0}
    )
    renderer = run.trainer.lm.renderer
    words = renderer.vocabulary
    for conversation in conversations(4):
        made = Maker(renderer, asked)(conversation)
        row = pack([made])
        assert len(row.targets) == int((made.weights[1:] > 0).sum())
        for target, weight, role in zip(row.targets, row.weights, row.roles, strict=True):
            name = ROLES[int(role)]
            share = 1.0
            if words.first_id + 2 <= int(target) < words.first_id + len(words):
                slot, _ = words.slot_of(int(target))
                share = (1.0, 0.4, 0.15, 0.1)[max(slot.stage, 1) - 1]
                assert name == "pose"
            assert float(weight) == pytest.approx(share * asked.role_weights[name])
        assert not bool((made.weights[made.roles == 0] > 0).any())  # nobody learns what others say
        assert not bool((made.weights[made.roles == 4] > 0).any())  # weight 0


def test_tokens_that_a_bank_knows_are_taken_from_it(run, monkeypatch):
    renderer, poses = run.trainer.lm.renderer, run.trainer.lm.pose_tokenizer
    words = renderer.vocabulary
    known = poses.encode(random_pose(50), "coarse", residual=False)
    numbers = torch.cat([known.heading, *(known.codes[part][0] for part in PARTS)])
    bank = SimpleNamespace(
        head=SimpleNamespace(level="coarse", fingerprint=words.fingerprint),
        arrays={"tokens": numbers[None].numpy()},
        find=lambda pose: (0, 3),
    )
    make = Maker(renderer, run.trainer.settings, [bank])
    shown = poses.decode(known)[0]
    conversation = Conversation((Message.say("user", "Show me one."), Message.say("assistant", shown)))
    monkeypatch.setattr(renderer, "tokens_of", pytest.fail)
    make.prepare([conversation])
    monkeypatch.undo()
    turned = dataclasses.replace(known, heading=(known.heading + 3) % words.config.heading_bins)
    wanted = words.to_ids(turned)[0]
    assert wanted.tolist() in [
        make(conversation).input_ids[place : place + len(wanted)].tolist() for place in range(60)
    ]
    assert not Maker(renderer, dataclasses.replace(run.trainer.settings), []).banks
    bank.head.level = "fine"
    assert not Maker(renderer, run.trainer.settings, [bank]).banks


def test_packing_doesnt_change_what_is_learned(run, tmp_path):
    """The same conversations in one row, and one after the other, give the same gradient and loss."""
    trainer = run.trainer
    make = Maker(trainer.lm.renderer, trainer.settings)
    examples = [make(one) for one in conversations(4)]
    trainer.inner.eval()  # no dropout
    found = []
    for packing in (True, False):
        trainer.packing = packing
        rows = trainer.rows_of(examples)
        assert len(rows) == (1 if packing else 4)
        total = float(sum(row.weights.sum() for row in rows))
        loss = sum(
            trainer._row(row, total, 0.0, Tally(), last=place + 1 == len(rows)) for place, row in enumerate(rows)
        )
        found.append((loss, {name: one.grad.clone() for name, one in trainer.parameters.items()}))
        trainer.optimizer.zero_grad()
    trainer.packing = True
    trainer.inner.train()
    (packed, gradients), (single, others) = found
    assert packed == pytest.approx(single, rel=1e-5)
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, others[name], rtol=1e-3, atol=1e-6, msg=name)


# --- the stream ------------------------------------------------------------------------------------------------------


def _of_its_number(conversation):
    return example(8 + 3 * (number_of(conversation) % 7), number_of(conversation))


class Numbered:
    """Renders "number 7" as an example that begins with the id 7."""

    def __init__(self, make=None):
        self.make = make or (
            lambda conversation: example(8 + 3 * (number_of(conversation) % 7), number_of(conversation))
        )

    def prepare(self, conversations):
        self.prepared = len(conversations)

    def __call__(self, conversation):
        return self.make(conversation)


def number_of(conversation):
    return int(conversation.messages[0].text.split()[-1])


def _stream(rank=0, processes=1, workers=0, size=40, skip_bad=False, make=None):
    several = [Conversation((Message.say("user", f"number {n}"), Message.say("assistant", "a"))) for n in range(size)]
    asked = LanguageTraining(length=64, chunk=8)
    return RowStream(Chunks(ConversationSource(8, 0, None, several), Numbered(make), asked, skip_bad=skip_bad),
                     rank, processes, workers)  # fmt: skip


def _firsts(rows):
    return [[int(one.input_ids[0]) for one in row] for row in rows]


def test_the_stream_goes_on_from_any_place_with_any_workers():
    whole = _stream()
    rows, cursors = [], [Cursor()]
    for _ in range(12):
        taken, whole.cursor = whole.take(1)
        rows += _firsts(taken)
        cursors.append(whole.cursor)
    for start in (1, 4, 7):
        again = _stream(workers=2 if start == 4 else 0)
        again.cursor = cursors[start]
        assert _firsts(again.take(12 - start)[0]) == rows[start:]
    # Every conversation once before any comes again.
    first_epoch = [one for row in _firsts(_stream().take(30)[0]) for one in row][:40]
    assert sorted(first_epoch) == list(range(40))


def test_rows_that_were_not_learned_come_again():
    stream = _stream()
    taken, _ = stream.take(3)
    assert _firsts(stream.take(3)[0]) == _firsts(taken)


def test_processes_share_the_conversations():
    both = [one for rank in (0, 1) for row in _firsts(_stream(rank, 2).take(4)[0]) for one in row]
    alone = [one for row in _firsts(_stream().take(9)[0]) for one in row]
    assert len(set(both)) == len(both)
    assert set(both) & set(alone)


def test_what_is_left_out_is_counted_and_said(caplog):
    def make(conversation):
        number = number_of(conversation)
        if number % 4 == 0:
            raise ChatposeError("bad")
        made = example(100 if number % 4 == 1 else 10, number)
        return dataclasses.replace(made, weights=torch.zeros(10)) if number % 4 == 2 else made

    with pytest.raises(ChatposeError, match="bad"):
        _stream(make=make).take(1)
    stream = _stream(make=make, skip_bad=True)
    rows = stream.take(5)[0]  # a row a chunk: all 40
    assert {one % 4 for row in _firsts(rows) for one in row} == {3}
    assert stream.left_out == {"too long": 10, "nothing to learn": 10, "can't be shown to the model": 10}
    assert "too long" in caplog.text
    with pytest.raises(ChatposeError, match="none of 64"):
        _stream(make=lambda one: example(100)).take(1)


def test_a_conversation_that_cannot_be_used_is_named_by_workers_too():
    def make(conversation):
        raise ChatposeError("a photo, and no eyes", fix="use others")

    for workers in (0, 1):
        with pytest.raises(ChatposeError) as found:
            _stream(make=make, workers=workers).take(1)
        told = str(found.value)
        assert told.startswith("the conversation that begins '")
        assert told.endswith("': a photo, and no eyes; use others, or leave such conversations out by --skip-bad")


def test_generated_and_read_conversations_are_mixed():
    def say(text):
        return Conversation((Message.say("user", text), Message.say("assistant", "a")))

    source = ConversationSource(10, 0, lambda number: say(f"made {number}"), [say("read")], 0.8)
    chunks = [[one.messages[0].text for one in source.chunk(number)] for number in (0, 1)]
    assert all(chunk.count("read") == 2 for chunk in chunks)
    made = sorted(int(text.split()[1]) for chunk in chunks for text in chunk if text != "read")
    assert made == list(range(16))
    assert [one.messages[0].text for one in source.chunk(1)] == chunks[1]
    with pytest.raises(ChatposeError, match="no conversations"):
        ConversationSource(10, 0)


# --- going on --------------------------------------------------------------------------------------------------------


def test_a_resumed_run_is_the_uninterrupted_run_bit_for_bit(tmp_path):
    asked = settings(tmp_path)
    whole, broken, again = (build_run(asked).trainer for _ in range(3))
    begun = state(whole)
    assert not differences(begun, state(broken))  # LoRA is drawn from the seed
    for number in range(4):
        whole.advance(number / 4)
    broken.advance(0.0)
    broken.advance(0.25)
    broken.save(tmp_path / "kept")
    assert again.resume(tmp_path / "kept")
    assert (again.step, again.stream.cursor) == (2, broken.stream.cursor)
    again.advance(0.5)
    again.advance(0.75)
    assert not differences(state(whole), state(again))
    learned = {name: value for name, value in state(whole).items() if name in begun}
    assert len(differences(begun, learned)) == len(begun)
    broken.settings = dataclasses.replace(asked, learning_rate=0.5)
    broken.key = broken._key(())
    with pytest.raises(UnwritableFileError, match="other settings"):
        broken.resume(tmp_path / "kept")
    again.settings = dataclasses.replace(asked, evaluate_every=7, workers=3)  # these may change
    assert again._key(()) == LanguageTrainer._key(whole, ())


def test_the_base_is_never_touched(run):
    trained = set(run.trainer.parameters)
    before = {name: one.clone() for name, one in run.trainer.inner.named_parameters() if name not in trained}
    run.trainer.advance(0.5)
    after = dict(run.trainer.inner.named_parameters())
    assert all(torch.equal(one, after[name]) for name, one in before.items())
    assert all("lora_" in name or "trainable_tokens" in name for name in trained)


def test_a_full_disk_leaves_the_checkpoint_before(run, tmp_path, monkeypatch):
    run.trainer.save(tmp_path)
    before = (tmp_path / CHECKPOINT_NAME).read_bytes()

    def full(tensors, path, metadata):
        path.write_bytes(b"half a file")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(language_checkpoint, "save_file", full)
    with pytest.raises(UnwritableFileError, match="No space left"):
        run.trainer.save(tmp_path)
    assert (tmp_path / CHECKPOINT_NAME).read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [CHECKPOINT_NAME]


def test_damaged_and_foreign_checkpoints(run, tmp_path):
    assert read_checkpoint(tmp_path) is None
    path = tmp_path / CHECKPOINT_NAME
    run.trainer.save(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnreadableFileError, match="damaged"):
        run.trainer.resume(tmp_path)
    path.unlink()
    language_checkpoint.save_checkpoint(tmp_path, {"model.x": torch.zeros(1)}, {"key": run.trainer.key})
    with pytest.raises(UnreadableFileError, match="other parameters"):
        run.trainer.resume(tmp_path)


def test_a_loss_that_is_no_number_ends_the_run_and_changes_nothing(run):
    trainer = run.trainer
    before = state(trainer)
    _, parameter = next(iter(trainer.parameters.items()))
    with torch.no_grad():
        kept = parameter.clone()
        parameter.fill_(float("nan"))
    step, cursor = trainer.step, trainer.stream.cursor
    with pytest.raises(TrainingError, match="gradient is nan"):
        trainer.advance(0.5)
    assert (trainer.step, trainer.stream.cursor) == (step, cursor)
    with torch.no_grad():
        parameter.copy_(kept)
    assert not differences(before, state(trainer))


# --- a run and its folder --------------------------------------------------------------------------------------------


def test_ctrl_c_ends_after_a_step_and_the_same_command_goes_on(tmp_path, monkeypatch):
    asked = settings(tmp_path)
    whole = build_run(asked).trainer
    train(whole, Budget(steps=3), RunFolder(tmp_path / "whole"))
    stopped = build_run(asked).trainer
    plain = LanguageTrainer.advance

    def advance(self, share):
        made = plain(self, share)
        if self.step == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return made

    monkeypatch.setattr(LanguageTrainer, "advance", advance)
    folder = RunFolder(tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        train(stopped, Budget(steps=3), folder)
    monkeypatch.undo()
    assert stopped.step == 2
    assert not folder.adapter.exists()
    again = build_run(asked).trainer
    assert again.resume(folder.checkpoint)
    facts = train(again, Budget(steps=3), folder)
    assert facts["steps"] == 3
    assert not differences(state(whole), state(again))
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        assert (folder.adapter / name).read_bytes() == (tmp_path / "whole" / "adapter" / name).read_bytes()


def test_sigterm_asks_as_well(tmp_path):
    from chatpose.train.language_stop import Stop

    with Stop() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.asked


def test_the_log_forgets_what_came_after_the_checkpoint(tmp_path):
    folder = RunFolder(tmp_path / "run")
    for step in (1, 2, 3):
        folder.tell(step=step, loss=1 / 3)
    with (folder.path / "log.jsonl").open("a") as file:
        file.write('{"step": 4, "lo')
    folder.cut_log(2)
    rows = [json.loads(line) for line in (folder.path / "log.jsonl").read_text().splitlines()]
    assert rows == [{"step": 1, "loss": 0.333333}, {"step": 2, "loss": 0.333333}]


def test_malformed_lines_are_refused_or_counted(tmp_path, caplog):
    asked = settings(tmp_path)
    path = tmp_path / "conversations.jsonl"
    path.write_text(path.read_text() + '{"messages": "none"}\n')
    with pytest.raises(ChatposeError, match=r"conversations\.jsonl, line 9"):
        sources(asked)
    found = sources(asked, skip_bad=True)
    assert found.facts["bad_lines"] == 2  # learned and held out
    assert found.facts["files"] == 8
    assert "line 9" in caplog.text


def test_questions_are_cut_before_the_first_answer_with_a_pose():
    asked = asked_for_poses(conversations(4), 2)
    assert [one.question.messages[-1].role for one in asked] == ["user", "user"]
    assert [len(list(one.answer.poses())) for one in asked] == [1, 1]
    assert len(asked_for_poses(conversations(4), 9)) == 3  # the fourth calls a tool


# --- settings --------------------------------------------------------------------------------------------------------


def _options(**given):
    names = {"config": None, "base": None, "bank": None, "file": [], "held_out": [], "out": None, "name": None,
             "minutes": None, "steps": None}  # fmt: skip
    return SimpleNamespace(**{**names, **given})


def test_settings_from_a_file_and_over_it(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("model: {base: a/b, lora_rank: 8}\ndata: {files: [x.jsonl]}\nlength: 512\n")
    asked = settings_of(_options(config=path, file=[tmp_path / "y.jsonl"]))
    assert (asked.model.base, asked.model.lora_rank, asked.length) == ("a/b", 8, 512)
    assert asked.data.files == (str(tmp_path / "y.jsonl"),)
    assert settings_of(_options(config=path, base="c/d")).model.base == "c/d"
    assert folder_of(_options(config=path), asked).as_posix() == "runs/mine"
    assert folder_of(_options(), asked).as_posix() == "runs/b"
    assert budget_of(_options()).steps == 1000
    with pytest.raises(ChatposeError, match="no base"):
        settings_of(_options())
    with pytest.raises(ChatposeError, match="plain name"):
        folder_of(_options(name="../x"), asked)


@pytest.mark.parametrize(
    "changes",
    [{"length": 8}, {"accumulate": 0}, {"role_weights": {"text": 1.0}}, {"warmup": 1.0}, {"learning_rate": 0.0},
     {"workers": -1}, {"role_weights": {"text": 0.0, "plan": 0.0, "pose": 0.0, "tool_call": 0.0}}],
)  # fmt: skip
def test_settings_that_make_no_sense(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        LanguageTraining(**changes)
