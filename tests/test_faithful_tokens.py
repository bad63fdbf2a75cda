"""Tokens keep what is said of a pose: the encoder's choice among near codes."""

import pytest
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.kinematics import forward_kinematics
from chatpose.body.pose import Pose
from chatpose.body.skeleton import smpl_rest_offsets
from chatpose.evaluation.tokenizer import facing_alike, statements_kept
from chatpose.pose_tokenizer.config import PARTS
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.posecodes.describe import Describer


@pytest.fixture(scope="module")
def tokenizer() -> PoseTokenizer:
    return PoseTokenizer.load()


@pytest.fixture(scope="module")
def several() -> Pose:
    return Atlas.load().training().poses[::9]


def kept(tokenizer: PoseTokenizer, poses: Pose, candidates: int, level: str) -> tuple[float, float]:
    """Share of statements that survive, and the mean distance of joints in millimetres."""
    tokens = tokenizer.encode(poses, level, candidates=candidates, residual=False)
    back = tokenizer.decode(tokens).local_rotations
    truth = facing_alike(poses.local_rotations, back)
    offsets = smpl_rest_offsets()
    far = forward_kinematics(back, offsets).positions - forward_kinematics(truth, offsets).positions
    return statements_kept(truth, back, Describer())[0], float(far.norm(dim=-1).mean()) * 1000


def test_choosing_among_near_codes_keeps_more_statements_and_costs_little(tokenizer, several):
    nearest, near = kept(tokenizer, several, 1, "coarse")
    faithful, far = kept(tokenizer, several, 16, "coarse")
    assert faithful > nearest + 0.02
    assert far < near + 1.5


def test_twelve_tokens_keep_96_and_24_keep_99_of_100_statements(tokenizer, several):
    assert kept(tokenizer, several, 16, "coarse")[0] > 0.96
    assert kept(tokenizer, several, 16, "fine")[0] > 0.99


def test_the_mirrored_pose_chooses_the_mirrored_codes(tokenizer, several):
    tokens = tokenizer.encode(several, "coarse", residual=False).mirror()
    other = tokenizer.encode(several.mirror(), "coarse", residual=False)
    limbs = PARTS[2:]  # of a straight trunk both mirrored codes are equally near
    same = torch.stack([(tokens.codes[part] == other.codes[part]).all(-1) for part in limbs]).all(0)
    assert float(same.float().mean()) > 0.95


def test_one_candidate_is_the_nearest_way(tokenizer, several):
    plain = tokenizer.encode_rotations(several.local_rotations, tokenizer.config.level("coarse"), 8)
    one = tokenizer.encode(several, "coarse", beam=8, candidates=1, residual=False)
    assert all(torch.equal(plain[part], one.codes[part]) for part in PARTS)


def test_the_same_pose_gives_the_same_tokens_alone_and_among_others(tokenizer, several):
    together = tokenizer.encode(several[:8], "coarse", residual=False)
    alone = tokenizer.encode(several[3], "coarse", residual=False)
    assert all(torch.equal(together.codes[part][3:4], alone.codes[part]) for part in PARTS)
