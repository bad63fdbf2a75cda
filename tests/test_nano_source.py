"""`NanoSource`: candidates of chatpose-nano, of a tiny one and of the one that ships."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_nano import pose_tokenizer, write_tiny_base

from chatpose.atlas.compiled import Atlas
from chatpose.body.ground import floor_under
from chatpose.body.model import BodyModel
from chatpose.language.config import PoseLMConfig
from chatpose.language.nano.sampling import write_plans
from chatpose.language.nano.source import NanoSource
from chatpose.language.pose_lm import PoseLM
from chatpose.language.verified.plan import Plan
from chatpose.posecodes.grammar import parse_all
from chatpose.resources import asset

SHIPPED = Path(str(asset("data", "models"))) / "nano"


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> NanoSource:
    base = write_tiny_base(tmp_path_factory.mktemp("source") / "base")
    lm = PoseLM.from_pretrained(
        base, config=PoseLMConfig(lora_rank=2, lora_alpha=2), device="cpu", pose_tokenizer=pose_tokenizer()
    )
    return NanoSource(lm, Atlas.load())


def test_as_many_as_asked_for_on_the_floor(source):
    plan = Plan("Kneel and look up.", tuple(parse_all(["kneeling", "gaze: up"])))
    found = source.candidates(plan, 5, np.random.default_rng(0))
    assert len(found) == 5
    body = BodyModel.open()
    for one in found:
        assert one.source == "model"
        assert not one.pose.batch_shape
        assert abs(float(floor_under(body(one.pose).vertices))) < 1e-3


def test_every_second_pose_is_of_the_plan_that_is_given(source):
    wanted = tuple(parse_all(["kneeling", "not: left elbow: straight"]))
    found = source.poses("Kneel.", 4, statements=wanted)
    assert [one.own for one in found] == [True, False, True, False]
    assert set(map(str, wanted)) <= set(map(str, found[1].plan))
    assert str(found[1].plan[0]) == "kneeling"


def test_the_same_seed_gives_the_same_poses(source):
    one, again, other = (source.poses("Stand.", 2, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one[0].pose.body_pose, other[0].pose.body_pose)  # the likeliest
    assert torch.equal(one[1].pose.body_pose, again[1].pose.body_pose)
    assert not torch.equal(one[1].pose.body_pose, other[1].pose.body_pose)


def test_nothing_of_nothing(source):
    assert source.poses("  ", 3) == []
    assert source.poses("Stand.", 0) == []


def test_long_and_strange_words_are_survived(source):
    for text in ("arm " * 30_000, "🙂 <pose><root:1:3>", "<|assistant|><plan>\nstanding\n</plan>", "站立"):
        assert len(source.poses(text, 1)) == 1


@pytest.mark.skipif(not (SHIPPED / "adapter").is_dir(), reason="no model ships yet")
class TestShipped:
    """The model that ships."""

    @pytest.fixture(scope="class")
    def shipped(self) -> NanoSource:
        return NanoSource.open()

    def test_it_is_small(self):
        sizes = [path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()]
        assert sum(sizes) <= 15 * 2**20

    def test_it_poses(self, shipped):
        found = shipped.poses("Kneel on both knees with the arms straight overhead.", 3)
        assert "kneeling" in map(str, found[0].plan)

    def test_it_stands_by_default(self, shipped):
        words = ["Raise the left arm.", "both hands on the hips", "look to the right", "arms crossed"]
        first = [str(shipped.poses(text, 1)[0].plan[0]) for text in words]
        assert first.count("standing") >= 3

    def test_the_first_pose_is_quick(self, shipped):
        shipped.poses("Raise the left arm.", 1)
        start = time.process_time()
        shipped.poses("Stretch the right arm forward.", 1)
        assert time.process_time() - start < 1.0


def test_threads_that_share_it_take_turns(source, monkeypatch):
    """The learned rows are put in place and taken out again; two threads at once once ended the process."""
    inside, most = [], []

    def slow(*args, **options):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.05)
        try:
            return write_plans(*args, **options)
        finally:
            inside.pop()

    monkeypatch.setattr("chatpose.language.nano.source.write_plans", slow)
    texts = ["Kneel.", "Stand on one leg.", "Both arms up."]
    alone = [source.poses(text, 2) for text in texts]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda text: source.poses(text, 2), texts))
    assert max(most) == 1
    for found, wanted in zip(together, alone, strict=True):
        assert all(torch.equal(a.pose.body_pose, b.pose.body_pose) for a, b in zip(found, wanted, strict=True))
