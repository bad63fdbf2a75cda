"""Building banks of poses: splits, tokens, edits, a user's own folders, the command."""

import dataclasses

import numpy as np
import pytest
import torch
from instruction_banks import CHANGES, small_atlas, small_bank

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose
from chatpose.corpus.instructions.bank import ORIGINS, PoseBank
from chatpose.corpus.instructions.mixture import Mixture
from chatpose.corpus.instructions.parts import PARTS, joint_indices
from chatpose.corpus.instructions.user_poses import read_user_poses
from chatpose.corpus.packed import PackedPoses
from chatpose.corpus.random_poses import jittered_postures
from chatpose.errors import MissingFileError, UnknownNameError, UnreadableFileError
from chatpose.formats.clip import PoseClip
from chatpose.formats.registry import save
from chatpose.train.instruction_data import build_bank, main
from chatpose.train.instruction_measure import Measurer
from chatpose.train.instruction_poses import BankSettings, bank_entries, split_entries
from chatpose.train.retrieval_texts import plain_words

TINY = BankSettings(
    level="", variations=0, recorded=0, mixed=0, postures=24, library=0, pictures=0,
    changes={"limb": 60, "more": 60, "pair": 20},
)  # fmt: skip


# --- splits ----------------------------------------------------------------------------------------------------------


def test_entries_are_kept_apart():
    atlas = Atlas.load()
    train, validation = split_entries(atlas, "train"), split_entries(atlas, "validation")
    names = [{entry.id for entry in part} for part in (train, validation, atlas.testing())]
    assert not names[0] & names[1] | names[0] & names[2] | names[1] & names[2]
    assert set().union(*names) == {entry.id for entry in atlas}
    assert 25 < len(validation) < 90


@pytest.mark.parametrize("split", ["train", "validation"])
def test_entries_know_only_what_is_for_training(split):
    atlas = Atlas.load()
    entries = bank_entries(atlas, split_entries(atlas, split))
    kept = {
        plain_words(one.text)
        for entry in atlas
        for one in (entry.descriptions if entry.id in atlas.test_ids else entry.test_descriptions())
    }
    assert all(plain_words(text) not in kept for entry in entries for _, text in entry.texts)
    assert all(len(entry.texts) >= 4 for entry in entries)
    assert sum(len(entry.texts) for entry in entries) > (9000 if split == "train" else 800)


def test_banks_of_two_splits_share_no_pose_and_no_entry():
    train, validation = small_bank(), small_bank("", "validation")
    assert not {entry.id for entry in train.head.entries} & {entry.id for entry in validation.head.entries}
    atlas_rows = [bank.rotations[bank.origin == ORIGINS.index("atlas")].tobytes() for bank in (train, validation)]
    assert all(atlas_rows)
    assert atlas_rows[1] not in atlas_rows[0]
    assert Mixture(validation).conversation(0, 0).messages


def test_subjects_are_kept_apart(shared_data):
    settings = dataclasses.replace(TINY, recorded=300, postures=0, changes={})
    poses = {}
    for split in ("train", "validation"):
        bank = build_bank(dataclasses.replace(settings, split=split), data=shared_data, atlas=small_atlas(40))
        poses[split] = {bank.rotations[row, 1:].tobytes() for row in range(len(bank))}
    assert len(poses["train"]) > 300
    assert not poses["train"] & poses["validation"]
    packed = PackedPoses(shared_data / "cmu_poses_30k.npz")
    rows = packed.rows("validation")[:300]
    known = {pose.tobytes() for pose in packed.pose(rows).local_rotations[:, 1:].numpy()}
    assert len(known & poses["validation"]) > 250
    assert not known & poses["train"]


def test_an_unknown_split_is_refused():
    with pytest.raises(UnknownNameError):
        BankSettings(split="test")


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_poses_are_what_their_tokens_say():
    bank = small_bank("coarse")
    measurer = Measurer("coarse")
    tokens = torch.from_numpy(bank.arrays["tokens"].astype(np.int64))
    assert tokens.shape == (len(bank), 13)
    assert not tokens[:, 0].any()
    torch.testing.assert_close(measurer.rotations_of(tokens), torch.from_numpy(bank.rotations[:].copy()))


def test_edits_keep_the_tokens_of_other_parts():
    bank, seen = small_bank("coarse"), 0
    tokens = bank.arrays["tokens"]
    for kind in ("limb", "more", "other side", "swap", "posture"):
        for number in bank.changed[kind].items.tolist():
            change = bank.change(number)
            for part in PARTS:
                columns = [1 + 2 * PARTS.index(part), 2 + 2 * PARTS.index(part)]
                same = (tokens[change.before, columns] == tokens[change.after, columns]).all()
                joints = joint_indices(part)
                exactly = (bank.rotations[change.before, joints] == bank.rotations[change.after, joints]).all()
                assert (part in change.parts) or (same and exactly)
            seen += 1
    assert seen > 80


def test_tokens_of_turned_poses_are_known():
    bank, measurer = small_bank("coarse"), Measurer("coarse")
    for row, turn in ((0, 0), (3, 9), (len(bank) - 1, 250)):
        found, turned = bank.find(bank.pose(row, turn))
        tokens = torch.from_numpy(bank.arrays["tokens"][found].astype(np.int64))[None]
        tokens[0, 0] = turned
        torch.testing.assert_close(measurer.rotations_of(tokens)[0], bank.pose(row, turn).local_rotations)


# --- building --------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bank():
    few = dataclasses.replace(TINY, postures=10, changes={"limb": 16, "more": 16, "pair": 8})
    first, second = (build_bank(few, atlas=small_atlas(80)) for _ in range(2))
    other = build_bank(dataclasses.replace(few, seed=1), atlas=small_atlas(80))
    assert all(np.array_equal(first.arrays[n], second.arrays[n], equal_nan=n == "values") for n in first.arrays)
    assert not np.array_equal(first.rotations, other.rotations)


def test_a_bank_has_all_kinds_of_changes_and_texts():
    bank = small_bank()
    assert set(bank.changed) == set(CHANGES)
    for kind, draw in bank.changed.items():
        change = bank.change(int(draw.items[0]))
        assert change.kind == kind
        assert bool(change.plan) == (kind != "pair")
        texts = [text for number in draw.items.tolist() for text in bank.change(number).text("difference", "wording")]
        assert len(set(texts)) > 0.6 * len(draw)
    for row in range(0, len(bank), 7):
        assert bank.texts(row, "short") or not bank.texts(row, "plain")
    assert bank.head.facts["changes"]["limb"] > 100
    assert len(bank.continued) > 20


def test_names_are_given_where_their_claims_hold():
    bank = small_bank()
    measurer = Measurer()
    rows = np.flatnonzero(bank.entry >= 0)
    poses = Pose.from_rotations(torch.from_numpy(bank.rotations[rows].copy()))
    assert measurer.all_hold(poses, [bank.claims(int(row)) for row in rows]).all()
    assert bank.nameless.sum() > 20
    assert not (bank.nameless & (bank.entry >= 0)).any()


# --- a user's own ----------------------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path):
    """A folder with 12 pose files, texts beside one and in a table."""
    poses = jittered_postures(14, torch.Generator().manual_seed(5))
    folder = tmp_path / "own"
    folder.mkdir()
    for number in range(12):
        save(
            PoseClip(poses[number : number + 2 if number == 1 else number + 1], fps=30.0), folder / f"p{number:02}.npz"
        )
    (folder / "p00.txt").write_text("My favourite pose\n\nas on the poster\n")
    (folder / "texts.tsv").write_text("# file, frame, text\np01.npz\t1\tthe second frame\np02.npz\ta bow to the left\n")
    return folder


def test_own_poses_and_texts_are_read(own):
    both = [read_user_poses(own, split) for split in ("train", "validation")]
    assert sum(len(part.poses) for part in both) == 12
    texts = {text for part in both for several in part.texts for text in several}
    assert texts == {"My favourite pose", "as on the poster", "the second frame", "a bow to the left"}
    assert not any(part.problems for part in both)


def test_own_texts_are_asked_for(own):
    bank = build_bank(dataclasses.replace(TINY, postures=6, changes={}), folders=[own], atlas=small_atlas(40))
    assert (bank.origin == ORIGINS.index("user")).sum() == len(read_user_poses(own, "train").poses)
    mixture = Mixture(bank, {"text to pose": 1.0})
    asked = " ".join(mixture.conversation(0, number).messages[-2].text.lower() for number in range(600))
    texts = [text for several in read_user_poses(own, "train").texts for text in several]
    assert texts
    assert all(text.lower() in asked for text in texts)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("p01.npz", "tabs"),
        ("p01.npz\tx\ttext", "tabs"),
        ("p01.npz\t\x07", "printable"),
        ("p01.npz\t" + "x" * 2000, "1000"),
    ],
)
def test_malformed_lines_are_named(own, line, reason):
    (own / "texts.tsv").write_text(f"p02.npz\tgood\n{line}\n")
    with pytest.raises(UnreadableFileError, match=r"texts\.tsv:2") as error:
        read_user_poses(own, "train")
    assert reason in str(error.value)
    found = [read_user_poses(own, split, skip_bad=True) for split in ("train", "validation")]
    assert all("texts.tsv:2" in part.problems[0] for part in found)
    assert sum(len(part.poses) for part in found) == 12


def test_texts_of_nothing_and_broken_files_are_named(own):
    (own / "texts.tsv").write_text("nobody.npz\thello\n")
    with pytest.raises(MissingFileError, match=r"nobody\.npz"):
        read_user_poses(own, "train")
    (own / "texts.tsv").write_text("p01.npz\t77\tthat frame isn't there\n")
    (own / "p03.npz").write_bytes(b"nothing")
    problems = [p for s in ("train", "validation") for p in read_user_poses(own, s, skip_bad=True).problems]
    assert any("frame 77" in problem for problem in problems)
    assert any("p03.npz" in problem for problem in problems)
    with pytest.raises(MissingFileError):
        read_user_poses(own / "nowhere", "train")


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_builds_and_reports(tmp_path, capsys):
    config = tmp_path / "settings.yaml"
    config.write_text(
        "variations: 0\nrecorded: 0\nmixed: 0\npostures: 12\nlibrary: 0\npictures: 0\nchanges: {limb: 12, more: 6}\n"
    )
    out = tmp_path / "bank"
    assert main(["--config", str(config), "--out", str(out), "--level", "", "--seed", "3"]) == 0
    assert len(PoseBank.load(out)) > 10
    capsys.readouterr()
    assert main(["--report", str(out), "--count", "200"]) == 0
    assert "200 conversations" in capsys.readouterr().out
    assert main(["--report", str(tmp_path / "nothing")]) == 2
    assert "no bank" in capsys.readouterr().err
    assert main(["--config", str(config), "--out", str(out), "--level", ""]) == 2
    assert "already" in capsys.readouterr().err
