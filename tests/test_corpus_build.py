"""Building a corpus: resumable, nothing twice, nobody in two splits, broken files reported."""

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from corpus_files import write_amass, write_amass_folder, write_humanml3d, write_json, write_posefix, write_posescript

from chatpose.body.model import BodyModel
from chatpose.body.rotations import geodesic_distance, heading_angle
from chatpose.corpus.amass import AmassFolder
from chatpose.corpus.artefact import Corpus, read_record, write_record
from chatpose.corpus.build import main
from chatpose.corpus.builder import CorpusBuilder, Progress
from chatpose.corpus.families import FAMILIES
from chatpose.corpus.packed import TEST_SUBJECTS, VALIDATION_SUBJECTS
from chatpose.corpus.posescript import PoseFix
from chatpose.corpus.shards import read_shard
from chatpose.corpus.splits import Splitter, SubjectSplits, splits_from_dict
from chatpose.errors import MissingFileError, UnknownNameError, UnreadableFileError, UnwritableFileError

FILES = {
    "CMU/01/01_01_poses.npz": 30,
    "CMU/02/02_01_poses.npz": 33,
    "CMU/03/03_01_poses.npz": 24,
    "KIT/3/kick_poses.npz": 45,
    "KIT/9/walk_poses.npz": 21,
}


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return BodyModel.open()


@pytest.fixture
def amass(tmp_path: Path) -> Path:
    return write_amass_folder(tmp_path / "amass", FILES)


def build(out: Path, *collections, report=lambda progress: None, **settings):
    return CorpusBuilder(out, Splitter(), **settings).build(collections, report)


def everything(folder: Path) -> list[tuple]:
    rows = [row for row in Corpus(folder).batches(size=7)]
    return [
        (rows.source[n], int(rows.frames[n]), rows.subject[n], rows.split[n], rows.texts[n])
        for rows in rows
        for n in range(len(rows))
    ]


# --- splits ----------------------------------------------------------------------------------------------------------


def test_cmus_people_are_split_as_everywhere():
    splitter = Splitter()
    assert {splitter.of(f"cmu/{number}") for number in TEST_SUBJECTS} == {"test"}
    assert {splitter.of(f"cmu/{number}") for number in VALIDATION_SUBJECTS} == {"validation"}
    assert splitter.of("cmu/1") == "train"


def test_others_are_drawn_by_name_alone():
    drawn = [Splitter().of(f"kit/{number}") for number in range(2000)]
    assert drawn == [Splitter().of(f"kit/{number}") for number in range(2000)]
    assert 60 < drawn.count("test") < 140
    assert 60 < drawn.count("validation") < 140


def test_nobody_is_in_two_splits(tmp_path):
    with pytest.raises(UnreadableFileError, match="anna is in train and test"):
        SubjectSplits(train=("anna", "ben"), test=("anna",))
    with pytest.raises(UnreadableFileError, match="given: anna is in validation twice"):
        splits_from_dict({"validation": ["anna", "anna"]}, "given")
    with pytest.raises(UnreadableFileError, match="unknown dev"):
        splits_from_dict({"dev": []}, "given")
    with pytest.raises(UnreadableFileError, match="train isn't a list"):
        splits_from_dict({"train": "anna"}, "given")
    with pytest.raises(UnreadableFileError, match=r"cmu/2 is in train.*expected test"):
        Splitter(SubjectSplits(train=("cmu/2",)))
    assert Splitter(SubjectSplits(test=("anna",))).of("anna") == "test"


def test_a_record_with_somebody_in_two_splits_is_refused(tmp_path, amass):
    record = build(tmp_path / "out", AmassFolder(amass))
    stored = json.loads((tmp_path / "out/corpus.json").read_text())
    stored["splits"]["test"].append("cmu/1")
    (tmp_path / "out/corpus.json").write_text(json.dumps(stored))
    with pytest.raises(UnreadableFileError, match="cmu/1 is in train and test"):
        Corpus(tmp_path / "out")
    assert record.splits.by_subject()["cmu/2"] == "test"


# --- what is in ------------------------------------------------------------------------------------------------------


def test_rows_come_back_as_they_went_in(tmp_path, amass):
    record = build(tmp_path / "out", AmassFolder(amass, fps=20), duplicate_mm=0)
    corpus = Corpus(tmp_path / "out")
    assert len(corpus) == record.poses() == 10 + 11 + 8 + 15 + 7
    corpus.verify()
    assert everything(tmp_path / "out")[0] == ("CMU/01/01_01_poses.npz", 0, "cmu/1", "train", ())
    source = next(AmassFolder(amass, fps=20).sources()).read()
    rows = next(corpus.batches())
    wanted = source.pose.without_heading()
    apart = geodesic_distance(rows.pose.local_rotations[:10], wanted.local_rotations)
    assert float(torch.rad2deg(apart).max()) < 0.001
    assert torch.allclose(rows.pose.transl[:10], wanted.transl, atol=1e-6)
    assert float(heading_angle(rows.pose.global_orient).abs().max()) < 1e-5
    assert set(rows.family) <= set(FAMILIES)
    assert {split: record.poses(split=split) for split in ("train", "validation", "test")} == {
        "train": 32,
        "validation": 8,
        "test": 11,
    }
    assert {row[3] for row in everything(tmp_path / "out") if row[2] == "cmu/2"} == {"test"}


def test_splits_stream_apart_and_shuffled(tmp_path, amass):
    build(tmp_path / "out", AmassFolder(amass), duplicate_mm=0, shard_rows=12)
    corpus = Corpus(tmp_path / "out")
    assert len(corpus.record.shards) > 2
    test = [row for rows in corpus.batches("test", size=3) for row in rows.subject]
    assert test == ["cmu/2"] * 11
    orders = []
    for seed in (0, 0, 1):
        generator = torch.Generator().manual_seed(seed)
        batches = list(corpus.batches("train", size=5, generator=generator))
        orders.append([(rows.source[n], int(rows.frames[n])) for rows in batches for n in range(len(rows))])
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(row[:2] for row in everything(tmp_path / "out") if row[3] == "train")
    with pytest.raises(UnknownNameError, match="train"):
        next(corpus.batches("trian"))


def test_near_duplicates_go_unless_they_have_texts(tmp_path):
    poses = np.zeros((8, 156))
    poses[:, :3] = (np.pi / 2, 0, 0)
    poses[4:, 3:6] = (0.9, 0, 0)  # a bent hip
    root = tmp_path / "amass"
    write_amass(root / "CMU/01/01_01_poses.npz", 8, fps=20, poses=poses)
    record = build(tmp_path / "out", AmassFolder(root))
    assert record.poses() == 2
    assert [row[1] for row in everything(tmp_path / "out")] == [0, 4]
    assert record.sources[0].poses == 8
    ids = {str(frame): ["AMASS", "CMU/01/01_01_poses.npz", frame] for frame in range(3)}
    folder = write_posescript(tmp_path / "ps", ids, {"0": "one", "1": "two", "2": "three"})
    assert main(["--out", str(tmp_path / "out2"), "--amass", str(root), str(folder), str(root)]) == 0
    assert [row[4] for row in everything(tmp_path / "out2")] == [("one",), ("two",), ("three",), ()]


def test_pairs_stay_together(tmp_path, amass):
    ids = {str(number): ["AMASS", name, 3] for number, name in enumerate(FILES)}
    folder = write_posefix(tmp_path / "pf", ids, [[0, 0], [3, 4], [0, 1]], {"0": "a", "1": "b", "2": "c"})
    out = tmp_path / "out"
    record = build(out, PoseFix(folder, amass))
    assert record.poses() == 4
    (skipped,) = record.skipped()
    assert "different splits: cmu/1 (train), cmu/2 (test)" in skipped.problem
    (pair,) = Corpus(out).pairs("train")
    before, after = pair
    assert before.role == ("before", "before")
    assert after.texts == (("a",), ("b",))
    assert before.source == after.source == ("0", "1")


def test_the_card_says_what_is_in(tmp_path, amass):
    record = build(tmp_path / "out", AmassFolder(amass, fps=20), duplicate_mm=0)
    card = (tmp_path / "out/README.md").read_text()
    assert "51 poses of 5 people" in card
    assert "non-commercial research only" in card
    assert "| test | 1 | 11 | 0 | 0 |" in card
    for family in FAMILIES:
        assert f"| {family} |" in card
    assert "Not finished" not in card
    assert record.finished


# --- going on --------------------------------------------------------------------------------------------------------


class StopError(Exception):
    pass


@pytest.mark.parametrize("after", [1, 3, 4])
@pytest.mark.parametrize("shard_rows", [1, 20, 1000])
def test_an_interrupted_build_goes_on(tmp_path, amass, after, shard_rows):
    def stop(progress: Progress) -> None:
        if progress.done == after:
            raise StopError

    whole = build(tmp_path / "whole", AmassFolder(amass), shard_rows=shard_rows)
    with pytest.raises(StopError):
        build(tmp_path / "out", AmassFolder(amass), shard_rows=shard_rows, report=stop)
    begun = read_record(tmp_path / "out")
    assert not begun.finished
    assert len(begun.sources) == after
    told = []
    record = build(tmp_path / "out", AmassFolder(amass), shard_rows=shard_rows, report=told.append)
    assert len(told) == len(FILES) - after
    assert record.finished
    assert record.counts == whole.counts
    assert record.splits == whole.splits
    assert record.sources == whole.sources
    assert everything(tmp_path / "out") == everything(tmp_path / "whole")


def test_a_shard_without_record_is_made_again(tmp_path, amass):
    whole = build(tmp_path / "out", AmassFolder(amass), shard_rows=20)
    last = whole.shards[-1]
    lost = {row.source[0] for row in read_shard(tmp_path / "out" / last.name, size=1)}
    write_record(
        tmp_path / "out",
        dataclasses.replace(
            whole,
            finished=False,
            shards=whole.shards[:-1],
            sources=tuple(source for source in whole.sources if source.name not in lost),
            counts=(),
        ),
    )
    build(tmp_path / "out", AmassFolder(amass), shard_rows=20)
    Corpus(tmp_path / "out").verify()
    assert len(everything(tmp_path / "out")) == whole.poses()


def test_sources_can_be_added(tmp_path, amass):
    build(tmp_path / "out", AmassFolder(amass / "CMU"))
    record = build(tmp_path / "out", AmassFolder(amass / "KIT"))
    assert {info.name for info in record.collections} == {"CMU", "KIT"}
    assert len(record.sources) == 5
    assert record.poses() == sum(source.kept for source in record.sources)


def test_other_settings_are_refused(tmp_path, amass):
    build(tmp_path / "out", AmassFolder(amass))
    with pytest.raises(UnreadableFileError, match=r"begun with fps 20, now it is 30"):
        CorpusBuilder(tmp_path / "out", Splitter(), fps=30)
    with pytest.raises(UnreadableFileError, match=r"near duplicates 15, now it is 0"):
        CorpusBuilder(tmp_path / "out", Splitter(), duplicate_mm=0)
    person, split = next(item for item in read_record(tmp_path / "out").splits.by_subject().items() if "kit" in item[0])
    moved = SubjectSplits(test=(person,)) if split != "test" else SubjectSplits(train=(person,))
    with pytest.raises(UnreadableFileError, match=f"has {person} in {split}"):
        CorpusBuilder(tmp_path / "out", Splitter(moved))


def test_folders_with_other_things_are_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(UnwritableFileError, match=r"thesis\.txt"):
        CorpusBuilder(tmp_path, Splitter())
    with pytest.raises(UnwritableFileError, match="can't make"):
        CorpusBuilder(tmp_path / "thesis.txt/x", Splitter())


# --- bad files -------------------------------------------------------------------------------------------------------


def test_broken_files_are_reported_and_tried_again(tmp_path, amass, capsys):
    np.savez(amass / "KIT/9/no_poses.npz", betas=np.zeros(10))
    (amass / "KIT/9/broken_poses.npz").write_bytes(b"PK\x03\x04 and no more")
    (amass / "KIT/9/empty_poses.npz").write_bytes(b"")
    arguments = ["--out", str(tmp_path / "out"), str(amass)]
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert "no pose in it" in told.err
    assert "broken_poses.npz" in told.err
    assert "empty" in told.err
    assert "poses/s" in told.err
    assert json.loads(told.out)["skipped"] == 3
    assert "KIT/9/broken_poses.npz" in (tmp_path / "out/README.md").read_text()
    for name in ("no_poses", "broken_poses", "empty_poses"):
        write_amass(amass / f"KIT/9/{name}.npz", seed=len(name))
    assert main(arguments) == 0
    record = read_record(tmp_path / "out")
    assert len(record.sources) == 8
    assert not record.skipped()


def test_unreadable_files_are_reported(tmp_path, amass, capsys, monkeypatch):
    real = Path.open

    def denied(self, *arguments, **settings):
        if self.name == "walk_poses.npz":
            raise PermissionError(13, "Permission denied")
        return real(self, *arguments, **settings)

    monkeypatch.setattr(Path, "open", denied)
    assert main(["--out", str(tmp_path / "out"), str(amass)]) == 2
    assert "Permission denied" in capsys.readouterr().err


def test_a_malformed_text_costs_its_source_only(tmp_path, amass, capsys):
    rows = [f"./pose_data/KIT/3/kick_poses.npy,0,-1,00000{number}.npy" for number in range(2)]
    texts = {"000000": "a kick#a/DET kick/NOUN#0.0#0.0", "000001": "a kick\n"}
    folder = write_humanml3d(tmp_path / "h", rows, texts)
    assert main(["--out", str(tmp_path / "out"), "--amass", str(amass), str(folder)]) == 2
    assert "000001.txt:1: 'a kick'" in capsys.readouterr().err
    rows = next(Corpus(tmp_path / "out").batches())
    assert set(rows.source) == {"000000"}
    assert set(rows.clip_texts) == {("a kick",)}


def test_without_pyarrow_nothing_is_begun(tmp_path, amass, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(["--out", str(tmp_path / "out"), str(amass)]) == 2
    assert "pip install 'chatpose[corpus]'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_same_file_twice_is_one_entry(tmp_path, amass, capsys):
    copy = amass / "KIT/9/copy_poses.npz"
    copy.write_bytes((amass / "KIT/3/kick_poses.npz").read_bytes())
    assert main(["--out", str(tmp_path / "out"), str(amass)]) == 0
    assert "the same as amass/KIT/3/kick_poses.npz" in capsys.readouterr().err
    assert not [row for row in everything(tmp_path / "out") if "copy" in row[0]]
    assert main(["--out", str(tmp_path / "out"), str(amass)]) == 0
    assert main(["--out", str(tmp_path / "out"), str(amass), str(amass)]) == 2
    assert "twice" in capsys.readouterr().err


def test_bad_arguments_are_one_line(tmp_path, amass, capsys):
    (tmp_path / "empty").mkdir()
    out = ["--out", str(tmp_path / "out")]
    for arguments, words in (
        ([str(tmp_path / "empty")], "nothing in"),
        ([str(amass), "--fps", "0"], "--fps 0"),
        ([str(amass), "--licence", "other=CC0"], "no such collection"),
        ([str(amass), "--splits", str(write_json(tmp_path / "s.json", {"train": ["a"], "test": ["a"]}))], "a is in"),
    ):
        assert main([*out, *arguments]) == 2, arguments
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1


def test_licences_and_splits_can_be_given(tmp_path, amass):
    splits = write_json(tmp_path / "s.json", {"test": ["kit/3"], "train": ["kit/9"]})
    main(["--out", str(tmp_path / "out"), str(amass), "--licence", "amass=by hand", "--splits", str(splits)])
    record = read_record(tmp_path / "out")
    assert record.collections[0].licence == "by hand"
    assert record.splits.by_subject()["kit/3"] == "test"


def test_ctrl_c_keeps_what_is_whole(tmp_path, amass, capsys, monkeypatch):
    def interrupted(self, info, source, rows):
        raise KeyboardInterrupt

    arguments = ["--out", str(tmp_path / "out"), str(amass)]
    with monkeypatch.context() as patched:
        patched.setattr(CorpusBuilder, "_keep", interrupted)
        assert main(arguments) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert main(arguments) == 0
    assert read_record(tmp_path / "out").finished


def test_damaged_corpora_are_refused(tmp_path, amass):
    build(tmp_path / "out", AmassFolder(amass))
    shard = next((tmp_path / "out").glob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-20])
    with pytest.raises(UnreadableFileError, match=r"shard-00000\.parquet is damaged"):
        list(Corpus(tmp_path / "out").batches())
    with pytest.raises(UnreadableFileError, match="was changed"):
        Corpus(tmp_path / "out").verify()
    shard.unlink()
    with pytest.raises(UnreadableFileError, match="lacks shard"):
        Corpus(tmp_path / "out")
    (tmp_path / "out/corpus.json").write_text("[]")
    with pytest.raises(UnreadableFileError, match="isn't an object"):
        Corpus(tmp_path / "out")
    with pytest.raises(MissingFileError, match=r"corpus\.json"):
        Corpus(tmp_path)
