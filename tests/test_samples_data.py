"""Samples as the command makes them: true, of their splits, the same in another process."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chatpose.atlas.compiled import Atlas
from chatpose.corpus.instructions.bank import KeptNames
from chatpose.corpus.samples.claims import claim_line
from chatpose.corpus.samples.postures import STANDING
from chatpose.corpus.samples.samples import KINDS, Samples
from chatpose.train.instruction_poses import kept_names, split_entries
from chatpose.train.retrieval_texts import is_validation_entry
from chatpose.train.sample_data import main
from chatpose.train.sample_data_build import build_samples
from chatpose.train.sample_data_claims import codes_around
from chatpose.train.sample_data_context import NearEntries
from chatpose.train.sample_data_report import truth

SIZE = 250
SCRIPT = """
import sys
from pathlib import Path
from chatpose.train.sample_data_build import build_samples
from test_samples_data import SIZE, some_atlas
build_samples(None, size=SIZE, seed=3, atlas=some_atlas()).save(Path(sys.argv[1]))
"""


def some_atlas() -> Atlas:
    """A few entries of each split."""
    whole = Atlas.load()
    training = whole.training().entries
    held_out = [entry for entry in training if is_validation_entry(entry)]
    others = [entry for entry in training if not is_validation_entry(entry)]
    return whole.only([*others[::45], *held_out[::16], *whole.testing().entries[:3]])


@pytest.fixture(scope="module")
def made() -> Samples:
    return build_samples(None, size=SIZE, seed=3, atlas=some_atlas())


class TestBuilt:
    def test_everything_said_is_true_of_the_decoded_codes(self, made: Samples) -> None:
        said, wrong, postures = truth(made, len(made))
        assert said > SIZE
        assert wrong == 0
        assert postures == 0

    def test_has_all_kinds_and_splits(self, made: Samples) -> None:
        assert set(np.asarray(made.kind)[made.rows("train")].tolist()) == set(range(len(KINDS)))
        for split in ("val", "val_wording", "val_entry"):
            assert len(made.rows(split))

    def test_nothing_of_held_out_entries_in_training(self, made: Samples) -> None:
        whole = some_atlas()
        ours = split_entries(whole, "train")
        names = KeptNames(kept_names(whole, ours))
        train = [made[row] for row in made.rows("train").tolist()]
        assert not [sample.text for sample in train if names.found_in(sample.text)]
        splits = {made.contexts[place].split for sample in train for place in (*sample.context, sample.entry)
                  if place >= 0}  # fmt: skip
        assert splits == {"train"}
        own = {made.contexts[made[row].entry].split for row in made.rows("val_entry").tolist()}
        assert own == {"val_entry"}
        assert not {context.id for context in made.contexts} & whole.test_ids

    def test_a_text_without_a_posture_goes_with_a_standing_pose(self, made: Samples) -> None:
        rows = [made[row] for row in made.rows("train").tolist() if KINDS[made.kind[row]] == "statements"]
        bare = [sample for sample in rows if sample.posture != STANDING]
        named = [sample for sample in bare if any(":" not in claim_line(claim) for claim in sample.plan)]
        assert len(rows) > 100
        assert len(named) > 0.85 * len(bare)

    def test_contexts_hold_what_their_codes_say(self, made: Samples) -> None:
        assert len(made.context_codes) == len(made.contexts) > 0
        assert (np.asarray(made.context) < len(made.contexts)).all()
        assert any(sample.entry in sample.context for sample in map(made.__getitem__, range(len(made))))

    def test_another_process_makes_the_same_bytes(self, made: Samples, tmp_path: Path) -> None:
        made.save(tmp_path / "here")
        root = Path(__file__).parent
        environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": f"{root.parent}{os.pathsep}{root}"}
        subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / "there")], check=True, env=environment)
        for file in (tmp_path / "here").iterdir():
            assert file.read_bytes() == (tmp_path / "there" / file.name).read_bytes(), file.name


class TestParts:
    def test_codes_around_a_value(self) -> None:
        assert [claim_line(code) for code in codes_around("left knee angle", 87, 93)] == ["left knee: right angle"]
        assert codes_around("left knee angle", 100, 110) == []

    def test_near_entries_share_words(self) -> None:
        from chatpose.train.instruction_poses import bank_entries

        whole = some_atlas()
        entries = bank_entries(whole, split_entries(whole, "train"))
        near = NearEntries(entries, range(len(entries)))
        found = sum(near.near(entry.names[0])[:1] == [place] for place, entry in enumerate(entries))
        assert found > 0.8 * len(entries)
        assert near.near("") == []
        assert NearEntries(entries, [2]).near(entries[0].names[0]) in ([], [2])


def test_command_refuses_what_it_cannot_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["--report", str(tmp_path)]) == 2
    with pytest.raises(SystemExit):
        main([])
