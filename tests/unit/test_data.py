"""Training windows and batches."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer as Plain
from tokenizers import models, pre_tokenizers, processors

from byline.tokenizer import Tokenizer
from byline_training.batch import batches
from byline_training.data import Example, Prepared, document_windows, training_examples

WINDOW = 32


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    entries = {"[UNK]": 0, "a": 1, "[CLS]": 2, "[SEP]": 3}
    plain = Plain(models.WordLevel(entries, unk_token="[UNK]"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    plain.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return Tokenizer(plain)


def document(number: int, labels: list[float], lengths: list[int], domain: str = "d") -> Prepared:
    """Its ids tell the document and the sentence: 1000 * number + sentence + 10."""
    return Prepared(
        id=str(number), label=float(np.average(labels, weights=lengths)), words=sum(lengths),
        source="s", domain=domain, family="f", attack="",
        sentences=[
            np.full(n, 1000 * number + i + 10, np.int64) for i, n in enumerate(lengths)
        ],
        sentence_words=np.asarray(lengths, np.int32),
        sentence_labels=np.asarray(labels, np.float32),
    )  # fmt: skip


def corpus(n: int = 60) -> list[Prepared]:
    rng = random.Random(4)
    documents = []
    for i in range(n):
        lengths = [rng.randrange(1, 20) for _ in range(rng.randrange(1, 9))]
        if i % 5 == 4 and len(lengths) > 1:
            labels = [float(j % 2) for j in range(len(lengths))]
        else:
            labels = [float(i % 2)] * len(lengths)
        documents.append(document(i, labels, lengths, ("news", "essay")[i % 3 == 0]))
    return documents


def test_windows_hold_text_between_special_tokens_and_never_too_much(tokenizer: Tokenizer) -> None:
    documents = corpus()
    examples = training_examples(documents, WINDOW, 0.0, tokenizer, 1)
    assert len(examples) == len(documents)
    for source, example in zip(documents, examples, strict=True):
        assert len(example.ids) == len(example.token_labels) <= WINDOW
        assert (example.ids[0], example.ids[-1]) == (2, 3)
        assert (example.token_labels[[0, -1]] == -1).all()
        flat = np.concatenate(source.sentences)
        inside = example.ids[1:-1]
        assert len(inside) == min(len(flat), WINDOW - 2)
        # A run of the document's own tokens, from the beginning of a sentence.
        starts = np.cumsum([0, *map(len, source.sentences)])[:-1]
        assert any(np.array_equal(flat[s : s + len(inside)], inside) for s in starts)


def test_the_label_is_the_share_of_the_tokens(tokenizer: Tokenizer) -> None:
    mixed = document(1, [0.0, 1.0, 0.25], [4, 4, 4])
    (example,) = training_examples([mixed], WINDOW, 0.5, tokenizer, 1)
    assert example.token_labels.tolist() == [-1, *[0] * 4, *[1] * 4, *[0.25] * 4, -1]
    assert example.label == pytest.approx(5 / 12)


def test_windows_depend_on_the_seed_alone(tokenizer: Tokenizer) -> None:
    def ids(seed: int) -> list[list[int]]:
        made = training_examples(corpus(), WINDOW, 0.5, tokenizer, seed)
        return [example.ids.tolist() for example in made]

    assert ids(1) == ids(1)
    assert ids(1) != ids(2)


def test_spliced_windows_have_a_half_of_each_kind_and_say_which(tokenizer: Tokenizer) -> None:
    documents = [document(i, [float(i % 2)] * 4, [4] * 4) for i in range(40)]
    for example in training_examples(documents, WINDOW, 1.0, tokenizer, 1):
        # The document's number is odd where its text is an AI's.
        owners = example.ids[1:-1] // 1000 % 2
        assert example.token_labels[1:-1].tolist() == owners.tolist()
        assert set(owners) == {0, 1}
        assert 0 < example.label < 1
        assert np.count_nonzero(np.diff(owners)) == 1


def test_splices_stay_in_their_domain_where_it_has_both_kinds(tokenizer: Tokenizer) -> None:
    documents = [
        document(i, [float(i % 2)] * 3, [4] * 3, "news" if i < 20 else "essay") for i in range(40)
    ]
    for example in training_examples(documents, WINDOW, 1.0, tokenizer, 1):
        assert len({number < 20 for number in example.ids[1:-1] // 1000}) == 1


def test_nothing_is_spliced_where_one_kind_is_missing(tokenizer: Tokenizer) -> None:
    documents = [document(i, [1.0], [6]) for i in range(5)]
    made = training_examples(documents, WINDOW, 1.0, tokenizer, 1)
    assert [example.label for example in made] == [1.0] * 5


def test_long_documents_are_not_only_seen_from_their_beginning(tokenizer: Tokenizer) -> None:
    long = document(1, [0.0] * 40, [10] * 40)
    firsts = {
        int(training_examples([long], WINDOW, 0.0, tokenizer, seed)[0].ids[1]) for seed in range(30)
    }
    assert len(firsts) > 10
    assert max(firsts) <= 1010 + 37  # three sentences still fill the window


def test_scoring_windows_hold_every_token_once(tokenizer: Tokenizer) -> None:
    for source in corpus():
        windows = document_windows(source, WINDOW, tokenizer)
        assert all(len(window.ids) <= WINDOW for window in windows)
        inside = np.concatenate([window.ids[1:-1] for window in windows])
        assert inside.tolist() == np.concatenate(source.sentences).tolist()


@given(
    lengths=st.lists(st.integers(1, 64), max_size=200),
    budget=st.integers(16, 600),
    seed=st.none() | st.integers(0, 99),
)
def test_batches_hold_each_index_once_within_their_budget(
    lengths: list[int], budget: int, seed: int | None
) -> None:
    groups = batches(lengths, budget, seed)
    assert sorted(int(i) for group in groups for i in group) == list(range(len(lengths)))
    for group in groups:
        longest = max(lengths[i] for i in group)
        assert len(group) * longest <= budget or len(group) == 1


def test_batches_pad_little_and_vary_between_epochs() -> None:
    rng = random.Random(0)
    lengths = [rng.randrange(8, 256) for _ in range(12_000)]
    groups = batches(lengths, 4096, 1)
    padded = sum(len(group) * max(lengths[i] for i in group) for group in groups)
    assert padded / sum(lengths) < 1.1
    assert [g.tolist() for g in groups] == [g.tolist() for g in batches(lengths, 4096, 1)]
    other = {tuple(sorted(g.tolist())) for g in batches(lengths, 4096, 2)}
    assert not {tuple(sorted(g.tolist())) for g in groups} & other


def test_an_example_is_small(tokenizer: Tokenizer) -> None:
    (example,) = training_examples([document(1, [1.0], [5])], WINDOW, 0.0, tokenizer, 1)
    assert isinstance(example, Example)
    assert [example.ids.dtype.name, example.token_labels.dtype.name] == ["int32", "float32"]
