"""Whole runs of PoseLM's training: the command line, several processes, both modes, and the estimate before."""

import json
import math
import os
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT
from language_runs import conversations, settings
from safetensors import safe_open
from tiny_models import EYES, FAMILIES, tiny_base

from chatpose.cli.main import main
from chatpose.corpus.instructions.messages import Conversation
from chatpose.language.config import PoseLMConfig
from chatpose.language.conversation_files import write_conversations
from chatpose.language.decoding import Sampling
from chatpose.language.pose_lm import PoseLM
from chatpose.language.rows import level_vocabulary
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.train.language_build import build_run
from chatpose.train.language_estimate import base_shape, empty_base, estimate
from chatpose.train.language_folder import RunFolder, command
from chatpose.train.language_run import train
from chatpose.train.language_settings import LanguageTraining
from chatpose.train.settings import read_settings
from chatpose.train.vqvae_settings import Budget

# --- the estimate ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_learned_is_counted_exactly(family):
    """Against the real adapter on the real structure, from the config alone."""
    asked = LanguageTraining(model=PoseLMConfig(base=str(tiny_base(family)), lora_rank=4))
    rows = len(level_vocabulary(PoseTokenizer.load(), "coarse"))
    model, config = empty_base(asked.model.base)
    assert all(one.is_meta for one in model.parameters())
    shape = base_shape(model, config, asked.model.lora_targets)
    found = estimate(shape, asked, rows)
    lm = PoseLM.from_pretrained(asked.model.base, config=asked.model, dtype="float32")
    learned = {name: one.numel() for name, one in lm.model.named_parameters() if one.requires_grad}
    rows_learned = sum(size for name, size in learned.items() if "trainable_tokens" in name)
    assert found.trained == {"LoRA": sum(learned.values()) - rows_learned, "pose rows": rows_learned}
    with safe_open(tiny_base(family) / "model.safetensors", framework="pt") as file:
        stored = sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
    assert shape.parameters == stored
    assert bool(shape.eyes) == (family in EYES)


def test_more_of_everything_needs_more():
    model, config = empty_base(str(tiny_base("llama")))
    shape = base_shape(model, config, ("all-linear",))
    asked = LanguageTraining(model=PoseLMConfig(base="x"))

    def bytes_of(**changes):
        import dataclasses

        return estimate(shape, dataclasses.replace(asked, **changes), 100).gib

    assert bytes_of(length=8192) > bytes_of() > bytes_of(quantize="4bit")
    assert bytes_of(checkpointing=False) > bytes_of()
    assert bytes_of(precision="float32") > bytes_of()
    four = estimate(shape, asked, 100, gpus=4, sharded=True)
    alone = estimate(shape, asked, 100)
    assert four.gib < alone.gib
    assert four.step_tokens == 4 * alone.step_tokens
    assert estimate(shape, asked, 100, tflops=800).seconds == pytest.approx(alone.seconds / 2)


def test_estimate_from_the_command_line(capsys, tmp_path):
    asked = ["train", "language", "--estimate", "--base", str(tiny_base("qwen2_5_vl")), "--steps", "100"]
    assert main(asked) == 0
    told = capsys.readouterr().out
    assert "memory of each GPU" in told
    assert "100 steps" in told
    assert "assumed (--tflops to say otherwise)" in told
    assert main([*asked, "--tflops", "100"]) == 0
    assert "as given" in capsys.readouterr().out
    assert main(["train", "language", "--estimate", "--base", str(tmp_path)]) == 2


# --- what is learned -------------------------------------------------------------------------------------------------


def test_statistics_from_the_command_line(capsys, tmp_path):
    """Tokens by role are those of the rendered conversations, of their plain number by task."""
    write_conversations(tmp_path / "mine.jsonl", conversations(8))
    (tmp_path / "mine.yaml").write_text("{length: 120, chunk: 8}")
    asked = ["train", "language", "--base", str(tiny_base("llama")), "--config", str(tmp_path / "mine.yaml")]
    assert main([*asked, "--file", str(tmp_path / "mine.jsonl"), "--statistics", "8"]) == 0
    told = capsys.readouterr().out
    (row,) = [line for line in told.splitlines() if line.startswith("| your files")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:4] == ["your files", "100.0", "2.0", "0.8"]  # two of eight answers are tool calls
    assert sum(map(float, cells[6:])) == pytest.approx(100, abs=0.3)
    assert all(float(cell) > 0 for cell in cells[6:])
    assert "left out: none; lines of files left out: 0" in told


def test_only_the_command_that_takes_a_hub_name_may_ask_the_hub(monkeypatch):
    for asked, switch in ((["train", "language"], None), (["train", "vqvae"], "1"), (["info", "x.npz"], "1")):
        for name in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "GRADIO_ANALYTICS_ENABLED", "DO_NOT_TRACK"):
            monkeypatch.setenv(name, "")  # so that it is put back afterwards
            monkeypatch.delenv(name)
        assert main(asked) == 2
        assert os.environ.get("HF_HUB_OFFLINE") == switch
        assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"


@pytest.mark.parametrize("words", [["train", "language", "--base", "a b"], ["--base", "a b"]])
def test_the_command_is_kept_as_it_was_typed(monkeypatch, words):
    monkeypatch.setattr(sys, "argv", ["x", *words])
    way_in = "chatpose train language" if words[0] == "train" else "python -m chatpose.train.language"
    assert command() == f"{way_in} --base 'a b'"


# --- the command line ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Conversations, and settings for a run that learns them by heart."""
    place = tmp_path_factory.mktemp("mine")
    write_conversations(place / "mine.jsonl", conversations(8))
    (place / "mine.yaml").write_text(
        yaml.safe_dump(
            {
                "model": {"lora_rank": 8, "lora_dropout": 0.0},
                "data": {"files": [str(place / "mine.jsonl")], "held_out": [str(place / "mine.jsonl")]},
                "length": 512, "accumulate": 1, "chunk": 8, "learning_rate": 0.02, "evaluate_every": 30, "replies": 4,
            }
        )
    )  # fmt: skip
    return place


def test_a_bad_command_says_so(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    base = ["train", "language", "--config", "mine.yaml"]
    for asked, said in (
        (base, "no base model"),
        ([*base, "--base", str(tiny_base("llama")), "--data", "."], "--bank, --file and --held-out"),
        ([*base, "--base", str(tiny_base("llama")), "--file", "none.jsonl"], "none.jsonl"),
        ([*base, "--base", str(tiny_base("llama")), "--out", "no/run"], "no folder no"),
        ([*base, "--base", str(tiny_base("llama", chat_template=None)), "--steps", "1"], "chat template"),
        (["train", "vqvae", "--out", "x"], "no --data"),
    ):
        assert main(asked) == 2
        assert said in capsys.readouterr().err


def test_a_run_from_the_command_line_to_an_adapter_that_talks(folder, capsys, monkeypatch):
    """As docs/training.md says; the adapter then answers with exactly the tokens that it learned."""
    monkeypatch.chdir(folder)
    command = ["train", "language", "--config", "mine.yaml", "--base", str(tiny_base("llama")), "--steps", "60"]
    assert main(command) == 0
    place = folder / "runs" / "mine"
    assert str(place.relative_to(folder) / "adapter") in capsys.readouterr().out
    assert {one.name for one in place.iterdir()} == {"about.json", "adapter", "checkpoint", "config.yaml", "log.jsonl"}
    rows = [json.loads(line) for line in (place / "log.jsonl").read_text().splitlines()]
    measured = [row for row in rows if row["kind"] == "measured"]
    assert [row["step"] for row in measured] == [30, 60]
    last = measured[-1]
    assert last["held_out_pose_right"] == 1.0
    assert last["reply_whole"] == last["reply_as_many"] == 1.0
    assert last["reply_mm"] < 80  # what 12 tokens leave out of random poses
    assert next(row for row in rows if row["kind"] == "learned")["tokens_s"] > 0
    about = json.loads((place / "about.json").read_text())
    assert about["packing"] is True
    assert about["files"] == 8
    assert read_settings(LanguageTraining(), place / "config.yaml").learning_rate == 0.02
    assert "tags: [chatpose" in (place / "adapter" / "README.md").read_text()
    lm = PoseLM.from_pretrained(place / "adapter", dtype="float32")
    for conversation in conversations(3):
        reply = lm.reply(Conversation(conversation.messages[:1]), sampling=Sampling(temperature=0.0))
        wanted = lm.renderer.tokens_of(list(conversation.messages[1].poses()))
        for made, right in zip(reply.tokens, wanted, strict=True):
            assert lm.vocabulary.to_ids(made).tolist() == lm.vocabulary.to_ids(right).tolist()
    # The same command again has nothing to do but says so; a longer one goes on.
    assert main([*command[:-1], "61"]) == 0
    assert "61 steps" in capsys.readouterr().out
    assert main([*command, "--name", "mine", "--base", str(tiny_base("llama", seed=1))]) == 2
    assert "other settings" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "mode"),
    [("llava", "tokens"), ("smolvlm", "tokens"), ("qwen2_5_vl", "regression"), ("llama", "regression")],
)
def test_photos_and_regression_are_learned(tmp_path, family, mode):
    asked = settings(
        tmp_path, family, 8, mode=mode, lora_dropout=0.0, learning_rate=2e-2, length=1024, chunk=8, accumulate=1,
        checkpointing=True, replies=4,
    )  # fmt: skip
    run = build_run(asked)
    assert run.trainer.packing
    begun = run.trainer.advance(0.5)
    facts = train(run.trainer, Budget(steps=40), RunFolder(tmp_path / "run"), held_out=run.held_out)
    figures = facts["figures"]
    assert figures["held_out_text"] < begun["text"] / 4
    assert figures["reply_whole"] == 1.0
    if mode == "tokens":
        assert figures["held_out_pose_right"] > 0.9
    else:
        assert figures["held_out_mm"] < begun["mm"]
    lm = PoseLM.from_pretrained(tmp_path / "run" / "adapter", dtype="float32")
    assert (lm.regression_head is not None) == (mode == "regression")


# --- several processes -----------------------------------------------------------------------------------------------


def _launched(folder, processes, *words, script="-m chatpose.train.language"):
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", str(processes), "--standalone"]
    paths = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    environment = os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    command = [*launcher, *script.split(), *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _settings_of(folder, name, accumulate, **changes):
    """Settings under which a row is a chunk, so that two processes have the rows of one with two rows a step."""
    asked = {
        "model": {"lora_rank": 4, "lora_dropout": 0.0, "base": str(tiny_base("llama"))},
        "data": {"files": ["mine.jsonl"], "held_out": ["mine.jsonl"]},
        "length": 1024, "accumulate": accumulate, "chunk": 4, "learning_rate": 0.01, "replies": 2,
    }  # fmt: skip
    (folder / f"{name}.yaml").write_text(yaml.safe_dump({**asked, **changes}))


def _same_adapters(one, two):
    learned, others = (PoseLM.from_pretrained(folder, dtype="float32") for folder in (one, two))
    found = dict(others.model.named_parameters())
    for name, value in learned.model.named_parameters():
        if value.requires_grad:
            # By length: Adam makes whole steps of rounding's gradients. Half of LoRA begins at 0: all is learned.
            assert (value - found[name]).norm() < 1e-3 * value.norm(), name


@pytest.mark.slow
def test_two_processes_learn_what_one_learns_of_both_their_rows(tmp_path):
    write_conversations(tmp_path / "mine.jsonl", conversations(16))
    for name, accumulate in (("one", 2), ("two", 1)):
        _settings_of(tmp_path, name, accumulate)
        for steps in ("2", "4"):  # the second goes on
            told = _launched(tmp_path, 3 - accumulate, "--config", f"{name}.yaml", "--steps", steps)
            assert told.count(f"adapter: {steps} steps") == 1  # only the first process speaks
    _same_adapters(tmp_path / "runs" / "one" / "adapter", tmp_path / "runs" / "two" / "adapter")


@pytest.mark.slow
def test_a_model_spread_over_two_processes_learns_goes_on_and_is_saved_whole(tmp_path):
    write_conversations(tmp_path / "mine.jsonl", conversations(16))
    script = str(ROOT / "tests" / "language_fsdp.py")
    for name, accumulate in (("one", 2), ("two", 1)):
        _settings_of(tmp_path, name, accumulate, precision="float32")
        _launched(tmp_path, 3 - accumulate, f"{name}.yaml", name, script=script)
    _same_adapters(tmp_path / "one" / "adapter", tmp_path / "two" / "adapter")
