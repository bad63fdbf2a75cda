"""PoseLM: rows for pose tokens, adapters and their folders, what is refused, batches; training is in the other file."""

import dataclasses
import json
import resource
import shutil

import numpy as np
import pytest
import torch
from conftest import random_rotations
from tiny_models import EYES, FAMILIES, load_words, photo, tiny_base

from chatpose.body.pose import Pose
from chatpose.corpus.instructions.messages import Conversation, ImagePart, Message
from chatpose.errors import ChatposeError, MissingExtraError, MissingFileError, UnreadableFileError, UnwritableFileError
from chatpose.language.adapter import TENSORS_NAME, rows_in_place
from chatpose.language.config import PoseLMConfig, PoseLMError
from chatpose.language.decoding import Sampling
from chatpose.language.pose_lm import PoseLM
from chatpose.language.regression_head import RegressionHead
from chatpose.language.rendering import PHOTO_AS_POSE
from chatpose.language.rows import add_pose_rows, add_pose_words, level_vocabulary
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.pose_tokenizer.vocabulary import BEGIN, Slot

POSES = PoseTokenizer.load()
CARD = "# A test's adapter"
_OPEN: dict[str, PoseLM] = {}


def opened(family: str) -> PoseLM:
    """A PoseLM that no test changes."""
    if family not in _OPEN:
        _OPEN[family] = PoseLM.from_pretrained(str(tiny_base(family)), pose_tokenizer=POSES)
    return _OPEN[family]


def fresh(family: str, **config) -> PoseLM:
    settings = PoseLMConfig(**config) if config else None
    return PoseLM.from_pretrained(str(tiny_base(family)), config=settings, pose_tokenizer=POSES)


def loaded(folder, base=None, **options) -> PoseLM:
    where = {"base_or_adapter": folder} if base is None else {"base_or_adapter": base, "adapter": folder}
    return PoseLM.from_pretrained(**where, pose_tokenizer=POSES, **options)


def bare(family: str):
    import transformers

    kind = transformers.AutoModelForImageTextToText if family in EYES else transformers.AutoModelForCausalLM
    return kind.from_pretrained(tiny_base(family)).eval()


def shaken(lm: PoseLM, seed: int = 0) -> PoseLM:
    """The adapter made one that does something."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in lm.model.parameters():
            if parameter.requires_grad:
                parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    return lm


def ask(*parts) -> Conversation:
    return Conversation((Message.say("user", *parts),))


def logits(model, tokenizer, text="Stand with the left knee bent.") -> torch.Tensor:
    with torch.no_grad():
        return model(**tokenizer(text, return_tensors="pt", add_special_tokens=False)).logits[0]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A changed adapter of the tiny Llama, and its folder."""
    lm = shaken(fresh("llama"))
    folder = tmp_path_factory.mktemp("adapter") / "it"
    lm.save_pretrained(folder, CARD)
    return lm, folder


@pytest.fixture
def adapter(saved, tmp_path):
    """A copy of the folder, to be damaged."""
    return shutil.copytree(saved[1], tmp_path / "adapter")


# --- rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_are_one_range_behind_the_bases_own(family):
    tokenizer, processor = load_words(family)
    model, before = bare(family), len(tokenizer)
    rows = [matrix.detach().clone() for matrix in (model.get_input_embeddings().weight, model.lm_head.weight)]
    tied = rows[0].equal(rows[1])
    words = add_pose_rows(model, tokenizer, POSES, level_vocabulary(POSES, "coarse"))
    assert words.first_id == before
    assert tokenizer.convert_tokens_to_ids(list(words.words())) == list(range(before, before + len(words)))
    assert processor is None or len(processor.tokenizer) == before + len(words)
    now = (model.get_input_embeddings().weight, model.lm_head.weight)
    assert (now[0] is now[1]) == tied
    for matrix, old in zip(now, rows, strict=True):
        assert len(matrix) >= before + len(words)
        assert len(matrix) % 64 == 0
        assert matrix[:before].equal(old[:before])
        new = matrix[before : before + len(words)].detach()
        torch.testing.assert_close(new.std(), old[:before].std(), rtol=0.1, atol=0)
    assert model.config.get_text_config().vocab_size == len(now[0])


def test_near_headings_get_near_rows():
    lm = opened("llama")
    rows = lm.model.get_input_embeddings().weight[[*lm.vocabulary.range_of(Slot("heading", 0))]].detach()
    rows = torch.nn.functional.normalize(rows - rows.mean(0), dim=-1)
    assert (rows[0] @ rows[2]) > 0.95
    assert (rows[0] @ rows[128]) < -0.9


def test_levels_take_only_their_own_rows():
    assert len(level_vocabulary(POSES, "coarse")) == 2 + 256 + 12 * 1024
    fine = level_vocabulary(POSES, "fine")
    assert set(fine.config.levels) == {"coarse", "fine"}
    assert len(fine) == 2 + 256 + 24 * 1024


def test_words_that_the_base_knows_are_refused():
    tokenizer, _ = load_words("llama")
    tokenizer.add_tokens(["<left_arm:1:5>", BEGIN])
    with pytest.raises(PoseLMError, match="2 of the 12,546 pose words already"):
        add_pose_words(tokenizer, level_vocabulary(POSES, "coarse"))


def test_words_are_added_once():
    tokenizer, _ = load_words("llama")
    words = add_pose_words(tokenizer, level_vocabulary(POSES, "coarse"))
    assert add_pose_words(tokenizer, level_vocabulary(POSES, "coarse")) == words
    with pytest.raises(PoseLMError, match="pose words already"):
        add_pose_words(tokenizer, level_vocabulary(POSES, "fine"))


def test_another_bases_tokenizer_is_refused():
    tokenizer, _ = load_words("llama")
    tokenizer.add_tokens([f"word{number}" for number in range(300)])
    with pytest.raises(PoseLMError, match="the model 486 rows"):
        add_pose_rows(bare("llama"), tokenizer, POSES, level_vocabulary(POSES, "coarse"))


def test_ids_that_the_base_reserves_are_refused():
    tokenizer, _ = load_words("llava")
    model = bare("llava")
    model.config.image_token_index = len(tokenizer) + 1
    with pytest.raises(PoseLMError, match="image_token_i"):
        add_pose_rows(model, tokenizer, POSES, level_vocabulary(POSES, "coarse"))


def test_the_random_state_stays():
    torch.manual_seed(5)
    expected = torch.rand(1)
    tokenizer, _ = load_words("llama")
    model = bare("llama")
    torch.manual_seed(5)
    add_pose_rows(model, tokenizer, POSES, level_vocabulary(POSES, "coarse"))
    assert torch.rand(1).equal(expected)


# --- adapters --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_a_new_adapter_changes_nothing(family):
    lm = opened(family)
    before, tokens = bare(family), lm.vocabulary.first_id
    now = logits(lm.model, lm.tokenizer)
    torch.testing.assert_close(now[:, :tokens], logits(before, load_words(family)[0])[:, :tokens])


@pytest.mark.parametrize("family", FAMILIES)
def test_only_what_is_added_learns(family):
    lm = opened(family)
    learned = {name for name, one in lm.model.named_parameters() if one.requires_grad}
    rows = {name for name in learned if "trainable_tokens_delta" in name}
    assert len(rows) == (2 if family in ("llava", "smolvlm") else 1)  # tied heads have none of their own
    lora = learned - rows
    assert lora
    assert all("lora_" in name for name in lora)
    assert not any("vision" in name or "visual" in name or "lm_head" in name for name in lora)
    assert lm.has_eyes == (family in EYES)


def test_targets_can_be_named():
    lm = fresh("llama", lora_targets=("q_proj", "v_proj"), lora_rank=4)
    lora = [name for name, one in lm.model.named_parameters() if one.requires_grad and "lora_" in name]
    assert len(lora) == 2 * 2 * 2
    assert all("q_proj" in name or "v_proj" in name for name in lora)


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_stand_in_place_while_answering(family):
    lm = shaken(fresh(family))
    matrices = {layer.weight.data_ptr(): layer.weight.clone() for layer in _row_layers(lm)}
    expected = logits(lm.model, lm.tokenizer, f"It is {BEGIN}<heading:3>")
    with torch.no_grad(), rows_in_place(lm.model):
        assert all(layer.merged for layer in _row_layers(lm))
        torch.testing.assert_close(logits(lm.model, lm.tokenizer, f"It is {BEGIN}<heading:3>"), expected)
    for layer in _row_layers(lm):
        assert not layer.merged
        assert layer.weight.equal(matrices[layer.weight.data_ptr()])
    assert logits(lm.model, lm.tokenizer, f"It is {BEGIN}<heading:3>").equal(expected)


def _row_layers(lm):
    from peft.tuners.trainable_tokens import TrainableTokensLayer

    return [layer for layer in lm.model.modules() if isinstance(layer, TrainableTokensLayer)]


@pytest.mark.parametrize("family", FAMILIES)
def test_merged_models_answer_alike_and_load_as_any_other(family, tmp_path):
    import transformers

    lm = shaken(fresh(family))
    kept = lm.fingerprint
    expected = logits(lm.model, lm.tokenizer)
    merged = lm.merged()
    assert not any("lora" in name for name, _ in merged.named_parameters())
    torch.testing.assert_close(logits(merged, lm.tokenizer), expected, rtol=1e-3, atol=1e-4)
    assert lm.fingerprint == kept
    assert logits(lm.model, lm.tokenizer).equal(expected)
    merged.save_pretrained(tmp_path)
    (lm.processor or lm.tokenizer).save_pretrained(tmp_path)
    kind = transformers.AutoModelForImageTextToText if lm.has_eyes else transformers.AutoModelForCausalLM
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    again = kind.from_pretrained(tmp_path).eval()
    torch.testing.assert_close(logits(again, tokenizer), expected, rtol=1e-3, atol=1e-4)
    assert tokenizer.convert_tokens_to_ids(BEGIN) == lm.vocabulary.begin
    assert (again.get_input_embeddings().weight is again.get_output_embeddings().weight) == (
        family in ("llama", "qwen2_5_vl")
    )


# --- folders ---------------------------------------------------------------------------------------------------------


def test_what_is_saved_is_loaded(saved):
    lm, folder = saved
    again = loaded(folder)
    assert again.config == lm.config
    assert again.fingerprint == lm.fingerprint
    assert logits(again.model, again.tokenizer).equal(logits(lm.model, lm.tokenizer))
    assert loaded(folder, str(tiny_base("llama"))).fingerprint == lm.fingerprint
    assert (folder / "README.md").read_text() == CARD + "\n"


@pytest.mark.parametrize("family", EYES)
def test_those_with_eyes_keep_their_processor(family, tmp_path):
    lm = fresh(family)
    lm.save_pretrained(tmp_path / "it", CARD)
    names = {path.name for path in (tmp_path / "it").iterdir()}
    assert {"processor_config.json", "tokenizer.json", "adapter_config.json", "chatpose.json"} <= names
    again = loaded(tmp_path / "it")
    assert type(again.processor).__name__ == type(lm.processor).__name__
    assert again.fingerprint == lm.fingerprint


def test_an_adapter_of_another_base_is_refused(saved):
    base, other = str(tiny_base("llama")), str(tiny_base("llama", seed=1))
    with pytest.raises(PoseLMError) as told:
        loaded(saved[1], other)
    assert base in str(told.value)
    assert other in str(told.value)
    with pytest.raises(PoseLMError, match="structure") as told:
        loaded(saved[1], str(tiny_base("qwen2_5_vl")))
    assert base in str(told.value)
    assert "qwen2_5_vl" in str(told.value)


def test_the_precision_of_the_base_does_not_matter(saved):
    for dtype in ("bfloat16", "float16"):
        lm = loaded(saved[1], dtype=dtype)
        assert lm.model.get_base_model().dtype == getattr(torch, dtype)
        assert lm.reply(ask("A pose."), sampling=Sampling(temperature=0, max_new_tokens=4)).raw_text is not None


def test_an_adapter_of_another_template_is_refused(saved):
    template = load_words("llama")[0].chat_template + " "
    with pytest.raises(PoseLMError, match="chat template") as told:
        loaded(saved[1], str(tiny_base("llama", chat_template=template)))
    assert saved[0].config.template_hash[:12] in str(told.value)
    assert str(tiny_base("llama", chat_template=template)) in str(told.value)


def test_an_adapter_of_another_pose_tokenizer_is_refused(saved):
    tensors = {name: one.clone() for name, one in POSES.tensors().items()}
    tensors["arm.first"][0, 0, 0] += 0.25
    other = PoseTokenizer(POSES.config, tensors)
    with pytest.raises(PoseLMError, match="pose tokenizer") as told:
        PoseLM.from_pretrained(saved[1], pose_tokenizer=other)
    assert POSES.codebook_fingerprint[:12] in str(told.value)
    assert other.codebook_fingerprint[:12] in str(told.value)


def test_a_base_without_a_chat_template_is_refused():
    with pytest.raises(ChatposeError, match="no chat template"):
        PoseLM.from_pretrained(str(tiny_base("llama", chat_template=None)), pose_tokenizer=POSES)


def test_damaged_folders_are_refused(adapter):
    from safetensors.torch import load_file, save_file

    path = adapter / TENSORS_NAME
    tensors = load_file(path)
    name = next(name for name in tensors if "lora_A" in name)

    def refused(changed, match, error=UnreadableFileError):
        save_file(changed, path)
        with pytest.raises(error, match=match):
            loaded(adapter)

    refused({other: one for other, one in tensors.items() if other != name}, "lacks .*lora_A")
    refused({**tensors, "more": torch.zeros(1)}, "has, too much, more")
    refused({**tensors, name: tensors[name][:, :-1].contiguous()}, "lora_A.* is ")
    refused({**tensors, name: tensors[name] * torch.nan}, "NaN")
    refused({**tensors, name: tensors[name] + 1}, "don't belong together")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnreadableFileError, match="damaged"):
        loaded(adapter)
    path.unlink()
    with pytest.raises(MissingFileError, match=TENSORS_NAME):
        loaded(adapter)


@pytest.mark.parametrize(
    ("text", "match"),
    [("{", "JSON"), ("{}", "fingerprint"), ('{"fingerprint": "a", "kind": "pose_prior", "version": 1}', "kind")],
)
def test_damaged_settings_are_refused(adapter, text, match):
    (adapter / "chatpose.json").write_text(text)
    with pytest.raises(UnreadableFileError, match=match):
        loaded(adapter)


def test_settings_with_a_wrong_key_are_refused(adapter):
    stored = json.loads((adapter / "chatpose.json").read_text())
    (adapter / "chatpose.json").write_text(json.dumps({**stored, "lora_rank": 0}))
    with pytest.raises(UnreadableFileError, match="lora_rank"):
        loaded(adapter)


def test_a_full_disk_leaves_the_previous_folder_whole(adapter):
    lm = shaken(loaded(adapter), seed=3)
    before = {path.name: path.read_bytes() for path in adapter.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in (1_000, 3_000_000):  # in the tokenizer, in the tensors
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            with pytest.raises(UnwritableFileError, match="can't write"):
                lm.save_pretrained(adapter, CARD)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert {path.name: path.read_bytes() for path in adapter.iterdir()} == before
        assert [path.name for path in adapter.parent.iterdir()] == [adapter.name]
    lm.save_pretrained(adapter, CARD)
    assert loaded(adapter).fingerprint == lm.fingerprint


def test_other_files_are_left_alone(saved, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UnwritableFileError, match=r"thesis\.txt"):
        saved[0].save_pretrained(tmp_path, CARD)
    with pytest.raises(UnwritableFileError, match="card"):
        saved[0].save_pretrained(tmp_path / "new", "  ")


# --- bases -----------------------------------------------------------------------------------------------------------


def test_bases_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(MissingFileError, match="no base"):
        PoseLM.from_pretrained(str(tmp_path / "nothing"), pose_tokenizer=POSES)
    with pytest.raises(MissingFileError, match="no folder"):
        loaded(tmp_path / "nothing", str(tiny_base("llama")))
    with pytest.raises(PoseLMError, match="float8"):
        PoseLM.from_pretrained(str(tiny_base("llama")), dtype="float8", pose_tokenizer=POSES)
    (tmp_path / "config.json").write_text('{"model_type": "vit", "architectures": ["ViTModel"]}')
    with pytest.raises(PoseLMError, match="is a vit; expected a language model"):
        PoseLM.from_pretrained(str(tmp_path), pose_tokenizer=POSES)
    (tmp_path / "config.json").write_text('{"model_type": "poseformer9000"}')
    with pytest.raises(UnreadableFileError, match="can't be loaded"):
        PoseLM.from_pretrained(str(tmp_path), pose_tokenizer=POSES)


def test_four_bits_need_their_package(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(MissingExtraError, match="bitsandbytes"):
        PoseLM.from_pretrained(str(tiny_base("llama")), quantize="4bit", pose_tokenizer=POSES)


def test_a_config_and_an_adapter_are_too_much(saved):
    with pytest.raises(PoseLMError, match="config"):
        loaded(saved[1], config=PoseLMConfig())


@pytest.mark.parametrize(
    "wrong",
    [{"lora_rank": 0}, {"lora_dropout": 1.0}, {"lora_targets": ()}, {"lora_targets": ("all-linear", "q_proj")},
     {"stage_weights": (-1.0,)}],
)  # fmt: skip
def test_settings_are_checked(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PoseLMConfig(**wrong)


def test_videos_are_refused_where_torchvision_is_missing():
    import transformers

    if transformers.utils.is_torchvision_available():
        pytest.skip("videos can be read here")
    _, processor = load_words("qwen2_5_vl")
    with pytest.raises(MissingExtraError, match="torchvision"):
        processor.video_processor(videos=[np.zeros((4, 28, 28, 3), dtype=np.uint8)])


def test_a_base_with_eyes_and_no_processor_is_refused(tmp_path):
    folder = shutil.copytree(tiny_base("qwen2_5_vl"), tmp_path / "base")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(UnreadableFileError, match="processor"):
        PoseLM.from_pretrained(str(folder), pose_tokenizer=POSES)


# --- answering -------------------------------------------------------------------------------------------------------


def questions(family: str) -> list[Conversation]:
    """Of different lengths, with none, one and two photos where they are seen."""
    pose = Pose.from_rotations(random_rotations(24, seed=3))
    several = [ask("Sit."), ask("What is this pose?", pose), ask("Stand with the left knee bent, and say what it is.")]
    if family in EYES:
        several += [ask("Who?", ImagePart(photo(0))), ask(ImagePart(photo(1)), "and", ImagePart(photo(2, (48, 80))))]
    return several


@pytest.mark.parametrize("sampling", [Sampling(0.0, max_new_tokens=12), Sampling(0.9, max_new_tokens=12, seed=7)])
@pytest.mark.parametrize("family", FAMILIES)
def test_batches_padded_on_the_left_equal_single_runs(family, sampling):
    lm = opened(family)
    together = lm.replies(questions(family), sampling=sampling)
    alone = [lm.reply(one, sampling=sampling) for one in questions(family)]
    assert [reply.raw_text for reply in together] == [reply.raw_text for reply in alone]
    assert len({reply.raw_text for reply in together}) == len(together)


def test_several_answers_stand_together():
    lm, sampling = opened("llama"), Sampling(1.0, max_new_tokens=8, count=3)
    several = lm.replies([ask("Sit."), ask("Stand up, please.")], sampling=sampling)
    assert len(several) == 6
    assert [one.raw_text for one in lm.replies([ask("Sit.")], sampling=sampling)] == [
        one.raw_text for one in several[:3]
    ]
    assert len({one.raw_text for one in several}) > 3
    with pytest.raises(PoseLMError, match="3 answers"):
        lm.reply(ask("Sit."), sampling=sampling)
    assert lm.replies([]) == []


def test_a_photo_without_eyes_is_perceptions_pose():
    pose = Pose.from_rotations(random_rotations(24, seed=3))
    reply = opened("llama").reply(ask("What is it?", ImagePart(photo(0), pose)), sampling=Sampling(0.0, 1.0, 4))
    assert PHOTO_AS_POSE in reply.notes


def test_the_photo_matters():
    lm = shaken(fresh("qwen2_5_vl"))
    several = lm.replies([ask("Who?", ImagePart(photo(n))) for n in range(4)], sampling=Sampling(0.0, 1.0, 8))
    assert len({reply.raw_text for reply in several}) > 1


def test_answers_never_use_rows_of_no_word():
    lm = shaken(fresh("llama"))
    with torch.no_grad():  # a row that would be said all the time
        weight = lm.model.get_base_model().get_input_embeddings().token_adapter.get_base_layer().weight
        weight[lm.vocabulary.first_id + len(lm.vocabulary) :] = 100 * torch.randn(64)
    told = lm.replies([ask("Sit."), ask("Stand.")], sampling=Sampling(0.0, 1.0, 6))
    assert all(len(reply.raw_text) for reply in told)


def test_training_goes_on_as_before_after_an_answer():
    lm = fresh("llama", lora_dropout=0.1)
    lm.model.train()
    lm.reply(ask("Sit."), sampling=Sampling(0.0, 1.0, 2))
    assert lm.model.training
    assert all(one.requires_grad for name, one in lm.model.named_parameters() if "lora_" in name)


# --- regression ------------------------------------------------------------------------------------------------------


def test_the_head_begins_with_the_rest_pose():
    head = RegressionHead(32)
    rotations = head(torch.randn(5, 3, 32))
    assert rotations.shape == (5, 3, 24, 3, 3)
    torch.testing.assert_close(rotations, torch.eye(3).expand_as(rotations), atol=0.05, rtol=0)
    rotations.sum().backward()
    assert all(one.grad is not None for one in head.parameters())


def test_regression_is_saved_with_its_head(tmp_path):
    lm = fresh("llama", mode="regression")
    with torch.no_grad():
        lm.regression_head.out.weight.normal_()
    lm.save_pretrained(tmp_path / "it", CARD)
    again = loaded(tmp_path / "it")
    assert again.regression_head.out.weight.equal(lm.regression_head.out.weight)
    assert again.fingerprint == lm.fingerprint
    (tmp_path / "it" / "regression_head.safetensors").unlink()
    with pytest.raises(MissingFileError, match="regression_head"):
        loaded(tmp_path / "it")


def test_adapters_in_pieces_are_saved_from_what_was_gathered(saved, tmp_path):
    """As with FSDP: the state is given, by the trainer's names."""
    lm = fresh("llama")
    state = {f"model.{name}": one for name, one in saved[0].model.named_parameters() if one.requires_grad}
    lm.save_pretrained(tmp_path / "it", CARD, state=state)
    assert loaded(tmp_path / "it").fingerprint == saved[0].fingerprint


def test_settings_recognise_their_base():
    config = opened("llava").config
    assert config.base == str(tiny_base("llava"))
    assert config.pose_fingerprint == POSES.codebook_fingerprint
    assert len(config.template_hash) == len(config.base_hash) == 64
    assert set(config.base_sample) == {"embedding", "middle layer"}
    assert config.first_pose_id == opened("llava").vocabulary.begin
    assert dataclasses.replace(config, base="x").level == "coarse"
