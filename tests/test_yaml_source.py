"""Sources with line numbers: what is wrong is told with file, line and key."""

import pytest

from chatpose.errors import ChatposeError, UnreadableFileError
from chatpose.yaml_source import SourceError, read_yaml


def source(tmp_path, text):
    path = tmp_path / "some.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_yaml(path)


def test_reads_values_with_their_lines(tmp_path):
    first, second = source(tmp_path, "- a: 1\n  b: some   text\n- a: [2, 3]\n").items()
    assert first.members()["a"].number() == 1
    assert first.members()["b"].text() == "some text"
    assert second.line == 3
    assert [item.number() for item in second.members()["a"].items()] == [2, 3]
    assert [item.text() for item in first.members()["b"].one_or_many()] == ["some text"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\na: 2\n", "2: a: given twice"),
        ("a: &x [1]\nb: *x\n", "alias"),
        ("a: [1, 2\n", "some.yaml:2"),
        ("a: {b: {c: {d: {e: {f: {g: {h: {i: {j: 1}}}}}}}}}\n", "nested"),
        ("? [a, b]\n: 1\n", "isn't plain text"),
        ("", "is empty"),
        ("# nothing\n", "holds nothing"),
    ],
)
def test_refuses_what_people_get_wrong(tmp_path, text, told):
    with pytest.raises(ChatposeError, match=told):
        source(tmp_path, text).members()


@pytest.mark.parametrize("text", ["x", "nan", "inf", "1e999", "0x1f", ""])
def test_refuses_what_is_no_number(tmp_path, text):
    with pytest.raises(SourceError, match=r"some.yaml:1: a"):
        source(tmp_path, f"a: '{text}'\n").members()["a"].number()


def test_refuses_bytes_that_are_no_text_and_a_list_for_a_mapping(tmp_path):
    with pytest.raises(UnreadableFileError, match="isn't text"):
        source(tmp_path, b"\xff\xfe\x00a")
    with pytest.raises(SourceError, match="a sequence; expected a mapping"):
        source(tmp_path, "- 1\n").members()


def test_a_bomb_of_aliases_is_refused_at_once(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(SourceError, match="alias"):
        source(tmp_path, "\n".join(lines))


def test_a_deep_nest_is_an_error_and_no_crash(tmp_path):
    with pytest.raises(SourceError):
        source(tmp_path, "[" * 5000 + "]" * 5000)
