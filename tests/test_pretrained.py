import json
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import pytest
import torch
from conftest import ROOT
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from chatpose.errors import MissingFileError, TooLargeError, UnreadableFileError, UnwritableFileError
from chatpose.pretrained import (
    CARD_NAME,
    CONFIG_NAME,
    TENSORS_NAME,
    Pretrained,
    PretrainedConfig,
    PretrainedModule,
    TensorSpec,
    fingerprint,
)


@dataclass(frozen=True)
class Scale:
    factor: float
    note: str | None = None


@dataclass(frozen=True)
class BookConfig(PretrainedConfig):
    KIND: ClassVar[str] = "test_book"
    VERSION: ClassVar[int] = 2
    codes: int = 4
    width: int = 3
    mode: Literal["coarse", "fine"] = "fine"
    scales: tuple[Scale, ...] = (Scale(0.1), Scale(2.0, "ü"))
    span: tuple[int, float] = (1, 2.5)
    sizes: dict[str, int] = field(default_factory=lambda: {"a": 1})
    mirrored: bool = True

    def __post_init__(self) -> None:
        if self.codes < 1:
            raise ValueError("codes must be positive")


class Book(Pretrained[BookConfig]):
    config_type = BookConfig

    def __init__(self, config: BookConfig, tensors: Mapping[str, Tensor]) -> None:
        self.config, self._tensors = config, dict(tensors)

    @classmethod
    def tensor_specs(cls, config: BookConfig) -> dict[str, TensorSpec]:
        return {
            "codes": TensorSpec((config.codes, config.width), torch.float16),
            "order": TensorSpec((config.codes,), torch.int64),
            "weight": TensorSpec(()),
        }

    @classmethod
    def from_tensors(cls, config: BookConfig, tensors: Mapping[str, Tensor]) -> "Book":
        return cls(config, tensors)

    def tensors(self) -> dict[str, Tensor]:
        return self._tensors


def book(**changes: Any) -> Book:
    config = BookConfig(**changes)
    codes = torch.arange(config.codes * config.width).reshape(config.codes, config.width).half() / 7
    return Book(config, {"codes": codes, "order": torch.arange(config.codes), "weight": torch.tensor(0.25)})


@pytest.fixture
def folder(tmp_path):
    book().save_pretrained(tmp_path / "book", "# A book\n")
    return tmp_path / "book"


def rewrite(folder, **changes):
    """Another config.json, without touching the tensors."""
    stored = json.loads((folder / CONFIG_NAME).read_text(encoding="utf-8"))
    stored |= changes
    (folder / CONFIG_NAME).write_text(json.dumps({k: v for k, v in stored.items() if v is not ...}), encoding="utf-8")


def retensor(folder, **changes):
    """Other tensors, without touching config.json."""
    tensors = load_file(folder / TENSORS_NAME) | changes
    save_file({k: v for k, v in tensors.items() if v is not None}, folder / TENSORS_NAME)


# --- what is saved comes back ----------------------------------------------------------------------------------------


def test_round_trip(folder):
    saved, loaded = book(), Book.from_pretrained(folder)
    assert loaded.config == saved.config
    assert loaded.tensors().keys() == saved.tensors().keys()
    for name, tensor in saved.tensors().items():
        assert loaded.tensors()[name].dtype == tensor.dtype
        assert torch.equal(loaded.tensors()[name], tensor)
    assert loaded.fingerprint == saved.fingerprint
    assert sorted(path.name for path in folder.iterdir()) == sorted((CARD_NAME, CONFIG_NAME, TENSORS_NAME))
    assert (folder / CARD_NAME).read_text() == "# A book\n"


def test_equal_parts_give_equal_bytes(folder, tmp_path):
    book().save_pretrained(tmp_path / "again", "# A book\n")
    for name in (CARD_NAME, CONFIG_NAME, TENSORS_NAME):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_fingerprint_is_the_same_in_another_process(folder):
    code = "from test_pretrained import Book; import sys; print(Book.from_pretrained(sys.argv[1]).fingerprint)"
    paths = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}]; "
    run = subprocess.run([sys.executable, "-c", paths + code, str(folder)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == book().fingerprint


def test_fingerprint_sees_every_change():
    same, config = book().tensors(), BookConfig()
    found = {
        fingerprint(config, same),
        fingerprint(replace(config, mirrored=False), same),
        fingerprint(config, same | {"weight": torch.tensor(0.25000003)}),
        fingerprint(config, same | {"weight": torch.tensor([0.25])}),
        fingerprint(config, same | {"order": torch.arange(4).int()}),
        fingerprint(config, {"other" if name == "weight" else name: value for name, value in same.items()}),
    }
    assert len(found) == 6
    assert fingerprint(config, dict(reversed(same.items()))) == fingerprint(config, same)


def test_loaded_tensors_outlive_the_file(folder):
    loaded = Book.from_pretrained(folder)
    (folder / TENSORS_NAME).write_bytes(b"\0" * (folder / TENSORS_NAME).stat().st_size)
    assert loaded.fingerprint == book().fingerprint


# --- a module --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NetConfig(PretrainedConfig):
    KIND: ClassVar[str] = "test_net"
    width: int = 5


class Net(PretrainedModule[NetConfig]):
    config_type = NetConfig
    stored_dtype = torch.float16

    def __init__(self, config: NetConfig) -> None:
        super().__init__(config)
        self.layer, self.dropout = nn.Linear(3, config.width), nn.Dropout()
        self.tied = self.layer

    def forward(self, values: Tensor) -> Tensor:
        return self.dropout(self.tied(values))


def test_module_round_trip(tmp_path):
    net = Net(NetConfig())
    net.save_pretrained(tmp_path / "net", "card")
    state = torch.get_rng_state()
    loaded = Net.from_pretrained(tmp_path / "net")
    assert torch.equal(torch.get_rng_state(), state), "loading must not move the random numbers"
    assert not loaded.training
    assert loaded.layer.weight.dtype == torch.float32
    torch.testing.assert_close(loaded(torch.ones(2, 3)), net.eval()(torch.ones(2, 3)), atol=2e-3, rtol=2e-3)
    assert loaded.fingerprint == net.fingerprint
    with pytest.raises(UnreadableFileError, match=r"kind is 'test_net'; expected 'test_book'"):
        Book.from_pretrained(tmp_path / "net")


# --- what doesn't fit is refused by name -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"weight": None}, r"lacks weight; expected weight: float32 \(\)"),
        ({"extra": torch.zeros(2)}, r"extra too much"),
        ({"codes": torch.zeros(3, 4).half()}, r"codes is float16 \(3, 4\); expected codes: float16 \(4, 3\)"),
        ({"codes": torch.zeros(4, 3)}, r"codes is float32 \(4, 3\); expected codes: float16 \(4, 3\)"),
        ({"order": torch.arange(4).short()}, r"order is int16 \(4,\); expected order: int64 \(4,\)"),
        ({"weight": torch.tensor(float("nan"))}, r"weight holds NaN"),
        ({"codes": torch.full((4, 3), torch.inf).half()}, r"codes holds NaN or infinite"),
        ({"weight": torch.tensor(0.5)}, r"don't belong together"),
        ({"codes": None, "order": None, "other": torch.zeros(1)}, r"lacks codes, order, other too much"),
    ],
)
def test_tensors_that_dont_fit_are_refused(folder, changes, says):
    retensor(folder, **changes)
    with pytest.raises(UnreadableFileError, match=says):
        Book.from_pretrained(folder)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "pose_prior"}, r"kind is 'pose_prior'; expected 'test_book'"),
        ({"kind": ...}, r"kind is None"),
        ({"version": 1}, r"version is 1; expected 2"),
        ({"version": True}, r"version is True"),
        ({"colour": "red"}, r"unknown colour; expected codes, width"),
        ({"codes": ...}, r"missing codes"),
        ({"codes": 4.0}, r"codes is 4.0; expected a whole number"),
        ({"codes": True}, r"codes is True; expected a whole number"),
        ({"codes": -1}, r"codes must be positive"),
        ({"codes": 5}, r"codes is float16 \(4, 3\), order is int64 \(4,\); expected codes: float16 \(5, 3\)"),
        ({"mode": "rough"}, r"mode is 'rough'; expected one of 'coarse', 'fine'"),
        ({"mode": "coarse"}, r"don't belong together"),
        ({"mirrored": 1}, r"mirrored is 1; expected true or false"),
        ({"scales": 3}, r"scales is 3; expected a list"),
        ({"scales": [{"factor": "x", "note": None}]}, r"scales\[0\]: factor is 'x'; expected a number"),
        ({"scales": [{"factor": 1e999, "note": None}]}, r"isn't sound JSON: Infinity"),
        ({"scales": [{"factor": 1}]}, r"scales\[0\]: missing note"),
        ({"scales": [3]}, r"scales\[0\] is 3; expected an object"),
        ({"span": [1]}, r"span is \[1\]; expected 2 values"),
        ({"sizes": {"a": "b"}}, r"sizes\.a is 'b'"),
        ({"sizes": []}, r"sizes is \[\]; expected an object"),
        ({"fingerprint": ...}, r"no fingerprint"),
        ({"fingerprint": "0" * 64}, r"don't belong together"),
    ],
)
def test_settings_that_dont_fit_are_refused(folder, changes, says):
    rewrite(folder, **changes)
    with pytest.raises(UnreadableFileError, match=says):
        Book.from_pretrained(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "\0", '{"a": 1, "a": 2}', '{"a": NaN}', "[" * 100_000, "null"])
def test_broken_json_is_refused(folder, text):
    (folder / CONFIG_NAME).write_text(text)
    with pytest.raises(UnreadableFileError):
        Book.from_pretrained(folder)


def test_json_in_another_encoding_is_refused(folder):
    (folder / CONFIG_NAME).write_bytes('{"kind": "ü"}'.encode("latin1"))
    with pytest.raises(UnreadableFileError, match="JSON"):
        Book.from_pretrained(folder)


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 30, 150, -1])
def test_truncated_tensors_are_refused(folder, keep):
    path = folder / TENSORS_NAME
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UnreadableFileError, match=r"empty|damaged"):
        Book.from_pretrained(folder)


def test_a_header_that_promises_the_world_is_refused(folder):
    header = b'{"codes":{"dtype":"F16","shape":[999999999999,9],"data_offsets":[0,17999999999982]}}'
    (folder / TENSORS_NAME).write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(UnreadableFileError, match="damaged"):
        Book.from_pretrained(folder)
    (folder / TENSORS_NAME).write_bytes((2**63).to_bytes(8, "little") + header)
    with pytest.raises(UnreadableFileError, match="damaged"):
        Book.from_pretrained(folder)


def test_an_unusual_type_is_refused(folder):
    header = b'{"codes":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}'
    (folder / TENSORS_NAME).write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 4)
    with pytest.raises(UnreadableFileError, match="codes is of type F8_E4M3"):
        Book.from_pretrained(folder)


def test_too_large_files_are_refused_before_reading(folder, monkeypatch):
    monkeypatch.setattr(Book, "max_tensor_bytes", 100)
    with pytest.raises(TooLargeError, match="at most 100"):
        Book.from_pretrained(folder)
    (folder / CONFIG_NAME).write_text(" " * 2**21)
    with pytest.raises(TooLargeError, match=CONFIG_NAME):
        Book.from_pretrained(folder)


def test_what_is_missing_is_named(folder, tmp_path):
    with pytest.raises(MissingFileError, match="nowhere"):
        Book.from_pretrained(tmp_path / "nowhere")
    with pytest.raises(MissingFileError, match=r"config\.json"):
        Book.from_pretrained(folder / CONFIG_NAME)
    (folder / TENSORS_NAME).unlink()
    with pytest.raises(MissingFileError, match=r"model\.safetensors; expected a file of a checkpoint"):
        Book.from_pretrained(folder)
    (folder / CONFIG_NAME).unlink()
    with pytest.raises(MissingFileError, match=r"config\.json"):
        Book.from_pretrained(folder)


# --- writing ---------------------------------------------------------------------------------------------------------


def test_a_new_checkpoint_replaces_the_old_one(folder):
    book(codes=9).save_pretrained(folder, "nine")
    assert Book.from_pretrained(folder).config.codes == 9
    assert [path.name for path in folder.parent.iterdir()] == ["book"], "nothing is left beside"


def test_the_old_checkpoint_survives_a_full_disk(folder):
    """A limit on file sizes stands in for it: writing fails half-way through the tensors."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(UnwritableFileError, match=r"too large|space"):
            book(codes=20_000).save_pretrained(folder, "card")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert Book.from_pretrained(folder).fingerprint == book().fingerprint
    assert [path.name for path in folder.parent.iterdir()] == ["book"]


def test_foreign_files_are_never_replaced(folder, tmp_path):
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(UnwritableFileError, match=r"other files: notes\.txt"):
        book(codes=9).save_pretrained(folder, "card")
    with pytest.raises(UnwritableFileError, match="is a file"):
        book().save_pretrained(folder / "notes.txt", "card")
    with pytest.raises(UnwritableFileError, match="no folder"):
        book().save_pretrained(tmp_path / "a" / "b", "card")
    with pytest.raises(UnwritableFileError, match="can't write"):
        book().save_pretrained(tmp_path / "a\0b", "card")
    assert Book.from_pretrained(folder).config.codes == 4


def test_what_couldnt_be_loaded_isnt_written(tmp_path):
    wrong = Book(BookConfig(codes=5), book().tensors())
    with pytest.raises(UnreadableFileError, match=r"codes is float16 \(4, 3\)"):
        wrong.save_pretrained(tmp_path / "wrong", "card")
    spoilt = Book(BookConfig(), book().tensors() | {"weight": torch.tensor(torch.nan)})
    with pytest.raises(UnreadableFileError, match="NaN"):
        spoilt.save_pretrained(tmp_path / "wrong", "card")
    with pytest.raises(UnwritableFileError, match="card"):
        book().save_pretrained(tmp_path / "wrong", " \n")
    assert not list(tmp_path.iterdir())
