"""The pose tokenizer: exact locality, mirroring, prefixes, residuals, numpy decoding, refusals."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis, geodesic_distance, is_rotation
from chatpose.body.skeleton import SMPL, smpl_rest_offsets
from chatpose.errors import InvalidPoseError, InvalidTokensError, UnknownNameError, UnreadableFileError
from chatpose.pose_tokenizer import quaternions as quat
from chatpose.pose_tokenizer.codebooks import pack_form, pack_products, root_residual, root_step, smallest
from chatpose.pose_tokenizer.config import (
    BOOKS,
    PARTS,
    PoseTokenizerConfig,
    Stages,
    book_of,
    part_index,
    tracked_points,
)
from chatpose.pose_tokenizer.metric import PointSet, part_metrics
from chatpose.pose_tokenizer.numpy_decoder import NumpyDecoder
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.pose_tokenizer.tokens import PoseTokens
from chatpose.pretrained import config_to_dict

CODES = 32
CONFIG = PoseTokenizerConfig(
    codes=CODES,
    stages=Stages(2, 4, 3, 3),
    levels={"coarse": Stages(1, 2, 1, 1), "fine": Stages(2, 4, 3, 3)},
    heading_bins=256,
    points=tracked_points(),
    rotation_floor_m=0.02,
    involution="neighbour",
    seed=0,
)


def random_tensors(config: PoseTokenizerConfig, seed: int = 0) -> dict[str, torch.Tensor]:
    """Codebooks that nobody trained: the laws below don't depend on it."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, spec in PoseTokenizer.tensor_specs(config).items():
        numbers = torch.randn(spec.shape, generator=generator)
        width = {"first": 0.5, "steps": 0.1, "scales": 0.1, "spreads": 0.1}[name.split(".")[1]]
        numbers = numbers * width + (1 if name.endswith(("scales", "spreads")) else 0)
        if name == "root.first":
            numbers = torch.nn.functional.normalize(torch.randn(spec.shape, generator=generator), dim=-1)
        tensors[name] = numbers.to(spec.dtype)
    return tensors


@pytest.fixture(scope="module")
def tokenizer() -> PoseTokenizer:
    return PoseTokenizer(CONFIG, random_tensors(CONFIG))


def random_tokens(tokenizer: PoseTokenizer, count: int = 16, seed: int = 0) -> PoseTokens:
    generator = torch.Generator().manual_seed(seed)
    codes = {
        part: torch.randint(CODES, (count, tokenizer.config.stages.of(part)), generator=generator) for part in PARTS
    }
    heading = torch.randint(256, (count,), generator=generator)
    return PoseTokens(heading, codes, 256, tokenizer.codebook_fingerprint)


def poses(count: int = 12, seed: int = 1, angle: float = 1.0) -> Pose:
    return Pose.from_rotations(random_rotations(count, 24, max_angle_rad=angle, seed=seed))


# --- what a code does ------------------------------------------------------------------------------------------------


def test_the_parts_cover_every_joint_once():
    assert sorted(joint for part in PARTS for joint in part_index(part)) == list(range(24))


@pytest.mark.parametrize("part", PARTS)
def test_changing_one_part_changes_no_other_joint_by_a_bit(tokenizer, part):
    tokens = random_tokens(tokenizer)
    other = random_tokens(tokenizer, seed=1)
    before = tokenizer.decode(tokens).local_rotations
    after = tokenizer.decode(tokens.with_part(part, other.codes[part])).local_rotations
    mine = part_index(part)
    rest = [joint for joint in range(24) if joint not in mine]
    assert torch.equal(before[:, rest], after[:, rest])
    assert not torch.equal(before[:, mine], after[:, mine])


def test_changing_one_part_keeps_the_residual_of_the_others_to_the_bit(tokenizer):
    exact = poses()
    tokens = tokenizer.encode(exact)
    changed = tokens.with_part("left_arm", tokens.codes["right_arm"])
    before, after = tokenizer.decode(tokens).local_rotations, tokenizer.decode(changed).local_rotations
    rest = [joint for joint in range(24) if joint not in part_index("left_arm")]
    assert torch.equal(before[:, rest], after[:, rest])
    plain = tokenizer.decode(changed.plain()).local_rotations
    torch.testing.assert_close(after[:, part_index("left_arm")], plain[:, part_index("left_arm")])


@pytest.mark.parametrize("seed", range(3))
def test_every_prefix_of_random_tokens_is_a_pose(tokenizer, seed):
    tokens = random_tokens(tokenizer, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(8):
        most = {part: tokenizer.config.stages.of(part) for part in PARTS}
        stages = {part: int(torch.randint(1, most[part] + 1, (1,), generator=generator)) for part in PARTS}
        decoded = tokenizer.decode(tokens.prefix(stages))
        assert bool(is_rotation(decoded.local_rotations, 1e-5).all())


def test_tokens_of_the_mirrored_pose_are_the_mirrored_tokens(tokenizer):
    tokens = random_tokens(tokenizer)
    mirrored = tokenizer.decode(tokens.mirror()).local_rotations
    torch.testing.assert_close(mirrored, tokenizer.decode(tokens).mirror().local_rotations, atol=2e-6, rtol=0)


def test_encoding_the_mirrored_pose_gives_the_mirrored_tokens(tokenizer):
    original = poses(64)
    tokens = tokenizer.encode(original, residual=False).mirror()
    other = tokenizer.encode(original.mirror(), residual=False)
    same = [float((tokens.codes[part] == other.codes[part]).all(-1).float().mean()) for part in PARTS]
    assert min(same) > 0.95  # ties in rounding aside
    assert float((tokens.heading == other.heading).float().mean()) > 0.95


def test_mirroring_twice_changes_nothing(tokenizer):
    tokens = tokenizer.encode(poses())
    twice = tokens.mirror().mirror()
    assert torch.equal(tokens.heading, twice.heading)
    assert all(torch.equal(tokens.codes[part], twice.codes[part]) for part in PARTS)
    assert torch.equal(tokens.residual.rotations, twice.residual.rotations)


def test_limbs_change_sides_and_trunk_codes_go_to_their_neighbours(tokenizer):
    tokens = random_tokens(tokenizer)
    mirrored = tokens.mirror()
    assert torch.equal(mirrored.codes["left_arm"], tokens.codes["right_arm"])
    assert torch.equal(mirrored.codes["torso"], tokens.codes["torso"] ^ 1)
    assert CONFIG.mirrored_code(CONFIG.mirrored_code(7)) == 7


def test_codes_that_were_decoded_are_found_again(tokenizer):
    tokens = random_tokens(tokenizer, 64).prefix(Stages(2, 1, 1, 1).by_part())
    again = tokenizer.encode(tokenizer.decode(tokens), Stages(2, 1, 1, 1), residual=False)
    for part in PARTS[1:]:
        assert torch.equal(again.codes[part], tokens.codes[part])


# --- encoding --------------------------------------------------------------------------------------------------------


def test_with_the_residual_a_pose_comes_back_exactly(tokenizer):
    exact = poses(9, angle=3.0)
    exact = exact.replace(transl=torch.randn(9, 3), betas=torch.randn(9, 10))
    back = tokenizer.decode(tokenizer.encode(exact, "coarse"))
    assert float(torch.rad2deg(geodesic_distance(back.local_rotations, exact.local_rotations)).max()) < 0.05
    assert torch.equal(back.transl, exact.transl)
    assert torch.equal(back.betas, exact.betas)


def test_more_stages_and_a_wider_beam_come_nearer(tokenizer):
    many = poses(128)

    def error(level: str, beam: int) -> float:
        back = tokenizer.decode(tokenizer.encode(many, level, beam=beam, residual=False))
        offsets = smpl_rest_offsets()
        found = forward_kinematics(back.local_rotations, offsets).positions
        return float((found - forward_kinematics(many.local_rotations, offsets).positions).norm(dim=-1).mean())

    assert error("fine", 4) < error("coarse", 4)
    assert error("fine", 8) < error("fine", 1)


def test_one_pose_is_a_batch_of_one(tokenizer):
    one = poses(1)[0]
    tokens = tokenizer.encode(one)
    assert len(tokens) == 1
    assert tokenizer.decode(tokens).batch_shape == (1,)


def test_no_poses_give_no_tokens(tokenizer):
    tokens = tokenizer.encode(Pose.identity((0,)))
    assert len(tokens) == 0
    assert tokenizer.decode(tokens).batch_shape == (0,)


@given(st.floats(-math.pi, math.pi), st.integers(0, 100))
@settings(deadline=None, max_examples=30)
def test_turning_about_the_vertical_changes_the_heading_only(turn, seed):
    tokenizer = PoseTokenizer(CONFIG, random_tensors(CONFIG))
    one = poses(1, seed)
    turned = one.replace(global_orient=about_axis("y", torch.tensor([turn])) @ one.global_orient)
    before, after = (tokenizer.encode(pose, beam=1, residual=False) for pose in (one, turned))
    for part in PARTS[1:]:
        assert torch.equal(before.codes[part], after.codes[part])
    bins = (after.heading - before.heading - turn * 256 / math.tau) % 256
    assert float(torch.minimum(bins, 256 - bins)) <= 1.01


def test_headings_of_the_bins_come_back(tokenizer):
    bins = torch.arange(256)
    upright = Pose.from_rotations(torch.eye(3).repeat(256, 24, 1, 1))
    orient = about_axis("y", bins * (math.tau / 256))
    level = PoseTokenizer(CONFIG, {**random_tensors(CONFIG), "root.first": torch.tensor([[0.0, 1.0, 0.0]] * 16)})
    level = PoseTokenizer(CONFIG, {**dict(level.tensors()), "root.steps": torch.zeros(1, 16, 2).half()})
    tokens = level.encode(upright.replace(global_orient=orient), "coarse", residual=False)
    assert torch.equal(tokens.heading, bins)


def test_upside_down_is_no_pole_for_errors():
    """Tilt and heading can't be told apart there; the encoder must not care."""
    config = replace(CONFIG, codes=512)
    generator = torch.Generator().manual_seed(0)
    tensors = random_tensors(config)
    tensors["root.steps"] = (torch.randn(1, 256, 2, generator=generator) * 0.07).half()
    tokenizer = PoseTokenizer(config, tensors)
    tilt = math.pi - torch.rand(200, generator=generator) * 0.02
    heading = torch.rand(200, generator=generator) * math.tau
    orient = about_axis("y", heading) @ about_axis("x", tilt)
    rotations = torch.eye(3).repeat(200, 24, 1, 1)
    rotations[:, 0] = orient
    tokens = tokenizer.encode(Pose.from_rotations(rotations), residual=False)
    back = tokenizer.decode(tokens).global_orient
    assert float(torch.rad2deg(geodesic_distance(back, orient)).max()) < 6


def test_bad_poses_are_refused(tokenizer):
    broken = poses().local_rotations.clone()
    broken[3, 5] = math.nan
    with pytest.raises(InvalidPoseError):
        tokenizer.encode(Pose.from_rotations(broken))
    with pytest.raises(UnknownNameError):
        tokenizer.encode(poses(), "finer")


# --- numpy -----------------------------------------------------------------------------------------------------------


def test_numpy_decodes_the_same(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path / "t", "card")
    decoder = NumpyDecoder.load(tmp_path / "t")
    assert decoder.fingerprint == tokenizer.fingerprint
    for stages in (CONFIG.stages, CONFIG.levels["coarse"], Stages(2, 1, 3, 2)):
        tokens = random_tokens(tokenizer, 32).prefix(stages.by_part())
        found = decoder.decode(tokens.heading.numpy(), {part: codes.numpy() for part, codes in tokens.codes.items()})
        torch.testing.assert_close(torch.from_numpy(found), tokenizer.decode(tokens).local_rotations, atol=2e-6, rtol=0)


def test_the_numpy_decoder_knows_the_same_parts():
    from chatpose.pose_tokenizer import numpy_decoder

    assert {part: list(index) for part, (_, index) in numpy_decoder._PARTS.items()} == {
        part: part_index(part) for part in PARTS[1:]
    }
    assert all(book == book_of(part) for part, (book, _) in numpy_decoder._PARTS.items())


def test_numpy_refuses_what_torch_refuses(tokenizer):
    plain = {name: tensor.numpy() for name, tensor in tokenizer.tensors().items()}
    decoder = NumpyDecoder(config_to_dict(CONFIG), plain)
    codes = {part: np.zeros((2, 1), int) for part in PARTS}
    heading = np.zeros(2, int)
    decoder.decode(heading, codes)
    for bad in ({**codes, "torso": codes["torso"] + CODES}, {**codes, "torso": np.zeros((2, 9), int)}):
        with pytest.raises(ValueError, match="torso"):
            decoder.decode(heading, bad)
    with pytest.raises(ValueError, match="heading"):
        decoder.decode(heading - 1, codes)


# --- refusals --------------------------------------------------------------------------------------------------------


def test_tokens_of_other_codebooks_are_refused(tokenizer):
    other = PoseTokenizer(CONFIG, random_tensors(CONFIG, 1))
    with pytest.raises(InvalidTokensError, match="codebook"):
        other.decode(random_tokens(tokenizer))


def test_codes_and_stages_out_of_range_are_refused(tokenizer):
    tokens = random_tokens(tokenizer)
    with pytest.raises(InvalidTokensError, match="left_leg stage 1"):
        tokenizer.decode(tokens.with_part("left_leg", torch.full((3,), CODES)))
    with pytest.raises(InvalidTokensError, match="stages"):
        tokenizer.decode(tokens.with_part("left_leg", torch.zeros(9, dtype=torch.long)))
    with pytest.raises(InvalidTokensError, match="shape"):
        tokens.with_part("left_leg", torch.zeros(16, 0, dtype=torch.long))
    with pytest.raises(UnknownNameError):
        tokens.with_part("tail", torch.zeros(1, dtype=torch.long))


def test_a_checkpoint_whose_config_and_tensors_disagree_is_refused(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path / "t", "card")
    assert PoseTokenizer.from_pretrained(tmp_path / "t").fingerprint == tokenizer.fingerprint
    path = tmp_path / "t" / "config.json"
    stored = json.loads(path.read_text())
    for change in ({"codes": 2 * CODES}, {"stages": {**stored["stages"], "torso": 6}}, {"heading_bins": 360}):
        path.write_text(json.dumps({**stored, **change}))
        with pytest.raises(UnreadableFileError):
            PoseTokenizer.from_pretrained(tmp_path / "t")


@pytest.mark.parametrize(
    "change", [{"codes": 7}, {"heading_bins": 255}, {"involution": "none"}, {"stages": Stages(1, 1, 1, 1)}]
)
def test_settings_that_make_no_sense_are_refused(change):
    with pytest.raises(ValueError):  # noqa: PT011
        replace(CONFIG, **change)


# --- geometry below --------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3))
@settings(deadline=None)
def test_logarithm_undoes_exponential(vector):
    rotvec = torch.tensor(vector, dtype=torch.float64)
    if float(rotvec.norm()) < 3.1:
        torch.testing.assert_close(quat.logarithm(quat.exponential(rotvec)), rotvec, atol=1e-5, rtol=0)


def test_quaternions_compose_as_matrices():
    first, second = (quat.exponential(torch.randn(50, 3)) for _ in range(2))
    product = quat.to_matrix(first) @ quat.to_matrix(second)
    torch.testing.assert_close(quat.to_matrix(quat.compose(first, second)), product, atol=1e-5, rtol=0)


def test_root_steps_lead_where_residuals_point():
    start, end = (torch.nn.functional.normalize(torch.randn(200, 3), dim=-1) for _ in range(2))
    torch.testing.assert_close(root_step(start, root_residual(start, end)), end, atol=1e-4, rtol=0)


def test_the_smallest_are_found_in_order():
    values = torch.rand(20, 256)
    for count in (1, 3, 8):
        assert torch.equal(smallest(values, count), values.topk(count, dim=-1, largest=False).indices)


def test_packed_forms_are_quadratic_forms():
    half = torch.randn(4, 6, 6)
    form, vector = half @ half.transpose(-1, -2), torch.randn(4, 6)
    expected = torch.einsum("ni,nij,nj->n", vector, form, vector)
    torch.testing.assert_close((pack_form(form) * pack_products(vector)).sum(-1), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("part", ["torso", "left_arm", "left_leg"])
def test_the_metric_is_how_far_points_move(part):
    rotations = poses(4).local_rotations.double()
    points = PointSet.of(CONFIG)
    points = replace(points, floor_m=0.0)
    index = part_index(part)
    turn = torch.randn(4, len(index), 3, dtype=torch.float64) * 1e-4
    moved = rotations.clone()
    moved[:, index] = moved[:, index] @ quat.to_matrix(quat.exponential(turn))
    offsets = smpl_rest_offsets(torch.float64)
    before, after = (points.place(forward_kinematics(one, offsets)) for one in (rotations, moved))
    expected = ((after - before).square().sum(-1) * points.weights.double()).sum(-1)
    form = part_metrics(rotations, points, part)
    flat = turn.flatten(1)
    torch.testing.assert_close(torch.einsum("ni,nij,nj->n", flat, form, flat), expected, rtol=1e-3, atol=1e-14)


def test_books_and_parts_belong_together():
    assert {book_of(part) for part in PARTS} == set(BOOKS)
    assert len(SMPL) == 24
