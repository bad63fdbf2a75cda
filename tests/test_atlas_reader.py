"""Entries from YAML: read whole, or refused with file, line, key and what was expected."""

import textwrap

import pytest

from chatpose.atlas.entry import VOICES, held_out_voices
from chatpose.atlas.reader import read_atlas, read_entries
from chatpose.atlas.wording import jaccard
from chatpose.errors import ChatposeError
from chatpose.yaml_source import SourceError

TREE = textwrap.dedent("""\
    - id: tree
      names: [tree pose, vrksasana]
      family: yoga
      angles:
        right_hip_flexion: 45
        knee_flexion: 10
        left_knee_flexion: 0
      goals:
        - right sole on left inner thigh
        - both palms on the ground
      must:
        - standing on the left leg
        - "right knee: sharply bent"
        - "left knee angle: 165.."
        - "arms: raised overhead"
      must_not:
        - "right foot: on ground"
      held_by: wall
      tags: [balance]
      descriptions:
        coach: Root down through your left foot.
        illustrator: Full figure on one straight leg.
        casual: My aunt can hold this for minutes.
        precise: Weight on the straight left leg, the right sole on its inner thigh.
        indirect: The class looks at one point on the wall and giggles.
        query: yoga balance
        nonnative: He stand with one feet only.
        question: How can I keep my foot from slipping?
    """)


def write(tmp_path, text, name="some.yaml"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_reads_an_entry(tmp_path):
    (entry,) = read_entries(write(tmp_path, TREE))
    assert entry.name == "tree pose"
    assert entry.angles == {"right_hip_flexion": 45, "left_knee_flexion": 0, "right_knee_flexion": 10}
    assert [str(goal) for goal in entry.goals] == [
        "right sole on left inner thigh", "left palm on the ground", "right palm on the ground",
    ]  # fmt: skip
    assert str(entry.claims[-1]) == "not: right foot: on ground"
    assert entry.origin.endswith("some.yaml:1")
    assert {one.voice for one in entry.descriptions} == set(VOICES)
    assert entry.start().batch_shape == ()


def test_the_split_of_texts_is_whole_and_stable(tmp_path):
    (entry,) = read_entries(write(tmp_path, TREE))
    test, train = entry.test_descriptions(), entry.training_descriptions()
    assert [one.voice for one in test] == [voice for voice in VOICES if voice in held_out_voices("tree")]
    assert set(test) | set(train) == set(entry.descriptions)
    more = TREE.replace("query: yoga balance", "query: [yoga balance, one leg]")
    (longer,) = read_entries(write(tmp_path, more))
    assert longer.test_descriptions() == test


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("id: tree", "id: Tree Pose"), "tree|lower-case words"),
        (("family: yoga", "family: yogi"), r":3: tree.family|unknown 'yogi'"),
        (("right_hip_flexion: 45", "right_hip_flexon: 45"), r":5: .*right_hip_flexon.*right_hip_flexion"),
        (("right_hip_flexion: 45", "right_hip_flexion: high"), "expected a number"),
        (("right_hip_flexion: 45", "right_hip_flexion: 900"), "at most 200"),
        (("right sole on left inner thigh", "right sole on left inner tigh"), "inner thigh"),
        (('"right knee: sharply bent"', '"right knee: sharply bend"'), "sharply bent"),
        (('    - "arms: raised overhead"\n', ""), "3 statements; expected at least 4"),
        (('- "right foot: on ground"', "- standing on the left leg"), "can't hold together"),
        (("query: yoga balance", "query: a very long yoga query"), "query of at most"),
        (("    query: yoga balance\n", ""), "no query"),
        (("query: yoga balance", "shout: yoga"), "unknown voice"),
        (("held_by: wall", "held_by: magic"), "unknown 'magic'"),
        (("tags: [balance]", "tag: [balance]"), "an unknown key"),
        (("names: [tree pose, vrksasana]", "names: []"), "no name"),
        (("names: [tree pose, vrksasana]", "names: [tree, Tree]"), "a name twice"),
        (("    coach: Root", "    coach: {a: b}\n    casual: Root"), "given twice|a mapping"),
        (("- id: tree\n  names", "- names"), "no id"),
    ],
)
def test_refuses_what_is_malformed(tmp_path, change, told):
    assert change[0] in TREE
    with pytest.raises(SourceError, match=told) as error:
        read_entries(write(tmp_path, TREE.replace(*change, 1)))
    assert "some.yaml:" in str(error.value)


def test_ids_and_names_belong_to_one_entry(tmp_path):
    first = write(tmp_path, TREE, "a.yaml")
    second = write(tmp_path, TREE.replace("id: tree", "id: other").replace("tree pose, vrk", "Vrk"), "b.yaml")
    with pytest.raises(SourceError, match=r"b.yaml:1: other: 'vrksasana' is tree's too"):
        read_atlas([first, second])


def test_nothing_to_read():
    with pytest.raises(ChatposeError, match="no atlas sources"):
        read_atlas([])


def test_words_in_common():
    assert jaccard("The left knee, bent!", "the LEFT knee") == pytest.approx(3 / 4)
    assert jaccard("it's", "it's") == 1
    assert jaccard("one", "two") == 0
