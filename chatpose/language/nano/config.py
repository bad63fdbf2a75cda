"""Settings of chatpose-nano as transformers keeps them. Importing this imports transformers."""

from dataclasses import field

from transformers import PretrainedConfig

from chatpose.language.nano.prompt import PromptIds
from chatpose.retrieval.text_models import MINILM, MINILM_WIDTH

MODEL_TYPE = "chatpose-nano"


class NanoConfig(PretrainedConfig):
    """Settings of the base.

    Attributes:
        vocab_size: rows of the vocabulary; more once pose tokens are added.
        word_rows: word pieces of the text model, which come first.
        own_rows: our own words behind them.
        hidden_size: of the states.
        num_hidden_layers: of the decoder.
        reader_layers: of the reader.
        num_attention_heads: of every attention.
        intermediate_size: of feed-forward layers.
        text_model: whose token states are read; all-MiniLM-L6-v2 is the only one so far.
        text_width: of these states.
        headings: how many heading tokens poses have.
        row_scale: standard deviation of the rows.
        marks: ids of `words.MARKS`.
    """

    model_type = MODEL_TYPE

    vocab_size: int = 31_578
    word_rows: int = 30_522
    own_rows: int = 1_056
    hidden_size: int = 192
    num_hidden_layers: int = 3
    reader_layers: int = 1
    num_attention_heads: int = 4
    intermediate_size: int = 768
    text_model: str = MINILM
    text_width: int = MINILM_WIDTH
    headings: int = 256
    row_scale: float = 0.1
    marks: list[int] = field(default_factory=lambda: list(range(30_522, 30_528)))
    pad_token_id: int | None = 0
    bos_token_id: int | None = None
    eos_token_id: int | list[int] | None = 30_525
    tie_word_embeddings: bool = True
    use_cache: bool = True

    @property
    def first_pose(self) -> int:
        """The id of `<pose>`: right behind the own words."""
        return self.word_rows + self.own_rows

    @property
    def prompt_ids(self) -> PromptIds:
        """Which ids are what."""
        system, user, assistant, end, begin_plan, end_plan = self.marks
        plan = (begin_plan, end_plan)
        return PromptIds(self.word_rows, system, user, assistant, end, plan, self.first_pose, self.headings)
