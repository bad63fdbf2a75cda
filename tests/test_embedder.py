"""The joint embedder: features and towers that mirror exactly, vectors, files, the language model."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import ROOT, random_rotations
from text_model_fake import FakeTextModel

from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.rotations import about_axis
from chatpose.corpus.random_poses import jittered_postures, limit_poses
from chatpose.errors import InvalidPoseError, MissingFileError, UnreadableFileError
from chatpose.posecodes.phrasebook import exchange_words
from chatpose.retrieval import text_models
from chatpose.retrieval.embedder import TOWERS_FOLDER, Embedder, EmbedderConfig, PoseTextTowers
from chatpose.retrieval.embedding import DIMENSION, PoseTextEmbedder
from chatpose.retrieval.halves import EVEN, EVEN_SHARE, ODD, joined, mirrored
from chatpose.retrieval.pose_features import (
    PARTS,
    PoseFeatures,
    columns_of_part,
    features,
    mirror_table,
    mirrored_features,
    parts_of_words,
)
from chatpose.retrieval.text_models import MiniLM, check_minilm, minilm_folder, open_text_model

TINY = EmbedderConfig(
    text_model="fake", states_width=16, text_width=16, text_heads=2, text_queries=2, middle_width=8, limb_width=8,
    pose_width=16, pose_blocks=1,
)  # fmt: skip
SIDED = ("the left arm is up", "look over the right shoulder", "Left knee bent, right leg straight")
SIDELESS = ("kneeling", "both arms at a right angle", "")


def some_poses(count: int = 24) -> Pose:
    generator = torch.Generator().manual_seed(3)
    return concatenate_poses([limit_poses(count // 2, generator), jittered_postures(count // 2, generator)])


@pytest.fixture(scope="module")
def measure() -> PoseFeatures:
    return PoseFeatures()


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    torch.manual_seed(1)
    towers = PoseTextTowers(TINY)
    towers.pose.standardise(PoseFeatures()(some_poses(64)))
    return Embedder(towers, FakeTextModel())


def flipped(vectors: np.ndarray) -> np.ndarray:
    return mirrored(torch.from_numpy(vectors)).numpy()


# --- features --------------------------------------------------------------------------------------------------------


def test_features_of_the_mirror_image_are_known_from_the_pose(measure):
    poses = some_poses()
    apart = (measure(poses.mirror()) - mirrored_features(measure(poses))).abs()
    assert apart.max() < 2e-3
    assert torch.equal(mirrored_features(mirrored_features(measure(poses))), measure(poses))


def test_features_have_no_heading_place_or_shape(measure):
    poses = some_poses()
    turned = poses.replace(
        global_orient=about_axis("y", torch.full((len(poses),), 2.0)) @ poses.global_orient,
        betas=torch.randn(len(poses), 10),
        transl=torch.randn(len(poses), 3),
    )
    assert (measure(turned) - measure(poses)).abs().max() < 2e-3


def test_features_tell_poses_apart_and_are_finite(measure):
    rows = measure(some_poses())
    assert rows.shape == (24, len(features()))
    assert torch.isfinite(rows).all()
    distances = torch.cdist(rows, rows) + torch.eye(24) * 1e3
    assert distances.min() > 0.5


def test_every_feature_belongs_to_parts_and_limbs_are_twins():
    twins, signs = mirror_table()
    assert all(feature.parts and set(feature.parts) <= set(PARTS) for feature in features())
    assert [twins[twin] for twin in twins] == list(range(len(twins)))
    assert all(signs[twin] == sign for twin, sign in zip(twins, signs, strict=True))
    for limb in ("arm", "leg"):
        left, right = columns_of_part(f"left {limb}"), columns_of_part(f"right {limb}")
        assert len(left) == len(right) > 100
        assert sorted(right) == [n for n, feature in enumerate(features()) if f"right {limb}" in feature.parts]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("left hand above head", ("head", "left arm")),
        ("left hand to right knee distance", ("left arm", "right leg")),
        ("torso tilt", ("trunk",)),
        ("legs angle", ("left leg", "right leg")),
        ("gaze elevation", ("head",)),
    ],
)
def test_parts_of_measures(name, parts):
    assert parts_of_words(name) == parts


def test_nan_poses_are_refused(measure):
    rotations = random_rotations(2, 24)
    rotations[1, 5, 0, 0] = float("nan")
    with pytest.raises(InvalidPoseError, match="frame 1"):
        measure(Pose.from_rotations(rotations))


# --- vectors ---------------------------------------------------------------------------------------------------------


def test_halves_make_unit_vectors_with_a_constant_even_half():
    even, odd = torch.randn(5, EVEN), torch.randn(5, ODD) * torch.tensor([0, 0.1, 1, 10, 1000])[:, None]
    pose, text = joined(even, odd, kind=0), joined(even, odd, kind=1)
    for vectors in (pose, text):
        assert vectors.shape == (5, DIMENSION)
        assert torch.allclose(vectors.norm(dim=-1), torch.ones(5), atol=1e-5)
        assert torch.allclose(vectors[:, :EVEN].square().sum(-1), torch.full((5,), EVEN_SHARE), atol=1e-5)
    # The fillers of poses and texts never meet.
    products = (pose * text).sum(-1)
    assert torch.allclose(products, (pose[:, : EVEN + ODD] * text[:, : EVEN + ODD]).sum(-1), atol=1e-6)


def test_embedder_is_the_protocol_and_gives_unit_rows(embedder):
    assert isinstance(embedder, PoseTextEmbedder)
    for rows in (embedder.embed_poses(some_poses()), embedder.embed_texts(SIDED)):
        assert rows.dtype == np.float32
        assert rows.shape[1] == embedder.dimension == DIMENSION
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_mirroring_and_exchanging_words_do_the_same(embedder):
    poses = some_poses()
    shown, turned = embedder.embed_poses(poses), embedder.embed_poses(poses.mirror())
    assert np.abs(flipped(shown) - turned).max() < 2e-3
    said, swapped = embedder.embed_texts(SIDED), embedder.embed_texts([exchange_words(text) for text in SIDED])
    assert np.abs(flipped(said) - swapped).max() < 1e-5
    assert np.abs(said @ shown.T - swapped @ turned.T).max() < 2e-3
    assert np.abs(said @ shown.T - swapped @ shown.T).max() > 1e-3


def test_texts_without_sides_cannot_tell_a_pose_from_its_mirror_image(embedder):
    poses = some_poses()
    said = embedder.embed_texts(SIDELESS)
    assert np.abs(said[:, EVEN : EVEN + ODD]).max() == 0
    assert np.abs(said @ embedder.embed_poses(poses).T - said @ embedder.embed_poses(poses.mirror()).T).max() < 2e-3


def test_vectors_do_not_depend_on_company(embedder):
    poses = some_poses()
    assert np.allclose(embedder.embed_poses(poses)[5], embedder.embed_poses(poses[5])[0], atol=1e-5)
    texts = [*SIDED, *SIDELESS, *(f"{text} and more words after it" for text in SIDED)] * 9
    together = embedder.embed_texts(texts)
    assert np.allclose(together[:9], together[-9:], atol=1e-5)
    assert np.allclose(together[4], embedder.embed_texts([texts[4]])[0], atol=1e-5)


def test_nothing_gives_nothing(embedder):
    assert embedder.embed_texts([]).shape == (0, DIMENSION)
    assert embedder.embed_poses(Pose.identity((0,))).shape == (0, DIMENSION)


def test_features_measured_before_give_the_same_vectors(embedder):
    rows = embedder.features(some_poses())
    assert np.allclose(embedder.embed_features(rows), embedder.embed_poses(some_poses()), atol=1e-5)


def test_a_huge_text_is_cut():
    model = FakeTextModel()
    Embedder(PoseTextTowers(TINY), model).embed_texts(["left arm " * 120_000])
    assert max(map(len, model.read)) < 1.2 * text_models.MAX_CHARS  # "right" is longer than "left"


# --- files -----------------------------------------------------------------------------------------------------------


def test_saves_and_loads_the_same(embedder, tmp_path):
    embedder.save_pretrained(tmp_path / "made", "# card")
    loaded = Embedder.from_pretrained(tmp_path / "made", text_model=FakeTextModel())
    again = Embedder.from_pretrained(tmp_path / "made" / TOWERS_FOLDER, text_model=FakeTextModel())
    assert loaded.fingerprint == again.fingerprint == embedder.fingerprint
    for one in (loaded, again):  # half precision
        assert np.abs(one.embed_poses(some_poses()) - embedder.embed_poses(some_poses())).max() < 0.02
        assert np.abs(one.embed_texts(SIDED) - embedder.embed_texts(SIDED)).max() < 0.02
    modules = json.loads((tmp_path / "made" / "modules.json").read_text())
    assert [module["type"] for module in modules] == ["chatpose.retrieval.sentence_module.PoseTextModule"]


def test_loading_is_strict(embedder, tmp_path):
    embedder.save_pretrained(tmp_path / "made", "# card")
    config = tmp_path / "made" / TOWERS_FOLDER / "config.json"
    stored = json.loads(config.read_text())
    config.write_text(json.dumps(stored | {"pose_width": 32}))
    with pytest.raises(UnreadableFileError, match="doesn't fit its config"):
        Embedder.from_pretrained(tmp_path / "made")
    config.write_text(json.dumps(stored | {"shape": 1}))
    with pytest.raises(UnreadableFileError, match="unknown shape"):
        Embedder.from_pretrained(tmp_path / "made")
    with pytest.raises(MissingFileError):
        Embedder.from_pretrained(tmp_path / "nowhere")


def test_other_weights_have_another_fingerprint(embedder):
    torch.manual_seed(2)
    assert Embedder(PoseTextTowers(TINY)).fingerprint != embedder.fingerprint


def test_a_language_model_of_another_width_is_refused():
    with pytest.raises(UnreadableFileError, match="24 wide"):
        Embedder(PoseTextTowers(TINY), FakeTextModel(24)).embed_texts(["a"])


def test_the_shape_that_ships_fits_its_budget():
    specs = PoseTextTowers.tensor_specs(EmbedderConfig())
    assert sum(2 * int(np.prod(spec.shape)) for spec in specs.values()) <= 4e6


# --- the language model ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    try:
        model = open_text_model()
    except MissingFileError as error:
        pytest.skip(str(error))
    assert isinstance(model, MiniLM)
    return model


def test_minilm_gives_states_of_words(minilm):
    found = minilm(["a man jumps", "sit", ""])
    assert found.states.shape == (3, 5, 384)
    assert found.mask.sum(1).tolist() == [5, 3, 2]
    alone = minilm(["sit"])
    assert (alone.states[0] - found.states[1, :3]).abs().max() < 1e-4


def test_minilm_cuts_long_texts(minilm):
    assert minilm(["left " * 5000]).states.shape[1] == text_models.MAX_TOKENS


def test_minilm_is_the_released_one(minilm, tmp_path):
    folder = minilm_folder()
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(folder / name, tmp_path)
    (tmp_path / "model.safetensors").symlink_to(folder / "model.safetensors")
    check_minilm(tmp_path)
    (tmp_path / "config.json").write_text((folder / "config.json").read_text().replace("12", "11", 1))
    with pytest.raises(UnreadableFileError, match="isn't the released file"):
        MiniLM(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(MissingFileError):
        MiniLM(tmp_path)


def test_other_models_come_from_sentence_transformers_without_network(minilm, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    other = open_text_model(str(minilm_folder()))
    texts = ["a man jumps", "kneel"]
    found, wanted = other(texts), minilm(texts)
    assert other.width == 384
    assert torch.equal(found.mask, wanted.mask)
    assert ((found.states - wanted.states).abs() * wanted.mask[..., None]).max() < 1e-4
    with pytest.raises(MissingFileError, match="no sentence-transformer"):
        open_text_model("somebody/nothing-of-this-name")


def test_sentence_transformers_loads_the_text_side(minilm, tmp_path):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    torch.manual_seed(4)
    embedder = Embedder(PoseTextTowers(EmbedderConfig()), minilm)
    embedder.save_pretrained(tmp_path / "made", "# card")
    model = sentence_transformers.SentenceTransformer(str(tmp_path / "made"), trust_remote_code=True, device="cpu")
    loaded = Embedder.from_pretrained(tmp_path / "made", text_model=minilm)
    assert np.abs(model.encode(list(SIDED)) - loaded.embed_texts(SIDED)).max() < 1e-4
    assert model.get_embedding_dimension() == DIMENSION


def test_importing_the_embedder_needs_neither_transformers_nor_sentence_transformers():
    code = (
        "import sys, chatpose.retrieval.embedder\n"
        "sys.exit(any(name in sys.modules for name in ('transformers', 'sentence_transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
