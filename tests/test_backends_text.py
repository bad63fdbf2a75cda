"""Words of models on their way to a person: what is shown early is how the final text begins, whatever comes."""

from hypothesis import given
from hypothesis import strategies as st

from chatpose.agent.backends.model_text import MAX_CHARS, VisibleText, final_text
from chatpose.agent.backends.openai_errors import ServerReplyError
from chatpose.agent.backends.openai_stream import EventReader
from chatpose.agent.backends.written import WrittenReader

SIGNS = st.text(st.sampled_from("ab !.\n<>[]()`/\u202e\x00é🧘"), max_size=60)
PIECES = st.lists(
    st.one_of(SIGNS, st.sampled_from(["<think>", "![x](http://y)", "[x](y)", "```json\n", "<b>", "!"])), max_size=8
)


@given(PIECES, st.booleans())
def test_what_is_shown_early_stays(pieces, sentences):
    visible = VisibleText(sentences=sentences)
    early = "".join(visible.add(piece) for piece in pieces)
    final = final_text("".join(pieces))
    assert final.startswith(early) or final == early.strip()
    assert "\u202e" not in final + early
    assert "\x00" not in final + early


@given(st.text(st.sampled_from("ab .!"), max_size=40), st.integers(1, 7))
def test_plain_words_are_shown_whole(text, size):
    visible = VisibleText()
    early = "".join(visible.add(text[place : place + size]) for place in range(0, len(text), size))
    assert early == text.lstrip() or early + "!" == text.lstrip()


def test_long_texts_end():
    visible = VisibleText()
    early = visible.add("word " * MAX_CHARS) + visible.add("more")
    assert len(early) == MAX_CHARS
    assert final_text("word " * MAX_CHARS + "more") == early + "…"


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12), max_size=5),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.integers(1, 9),
)
def test_events_come_out_however_they_are_cut(texts, end, size):
    data = b"".join(b": comment" + end + b"data: " + text.encode() + end + b"event: x" + end + end for text in texts)
    reader, found = EventReader(), []
    for place in range(0, len(data), size):
        found += reader.feed(data[place : place + size])
    assert found + reader.rest() == texts


def test_lines_without_end_are_refused():
    reader = EventReader()
    try:
        for _ in range(40):
            reader.feed(b"x" * 65536)
    except ServerReplyError as error:
        assert "bytes" in str(error)  # noqa: PT017
    else:
        raise AssertionError


def test_poses_that_a_served_model_writes_are_read():
    from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
    from chatpose.pose_tokenizer.vocabulary import PoseVocabulary

    reader = WrittenReader()
    poses = PoseTokenizer.load()
    words = PoseVocabulary(poses.config, poses.codebook_fingerprint, 0)
    from backend_views import pose

    from chatpose.language.markup import block_ids, write_block

    tokens = poses.encode(pose(), "coarse")
    stages = poses.config.level("coarse").by_part()
    whole = write_block(block_ids(tokens, words, stages), words)
    arm = write_block(block_ids(tokens, words, stages, ("left_arm",)), words)
    read = reader.read(f"<plan>\nleft knee: right angle\n</plan>\n{whole}\nThere.")
    assert (read.text, read.plan, len(read.poses), read.errors) == ("There.", ("left knee: right angle",), 1, ())
    assert len(reader.read(arm, current=pose()).poses) == 1
    alone = reader.read(arm)
    assert alone.poses == ()
    assert "whole pose" in alone.errors[0]
