"""What a model reads of a text's own words."""

from __future__ import annotations

from pathlib import Path

from byline.tokenizer import Tokenizer


def test_a_text_cannot_write_special_tokens(released_repository: Path) -> None:
    tokenizer = Tokenizer.load(released_repository / "student_int8" / "1" / "tokenizer.json")
    special = {*tokenizer.prefix.tolist(), *tokenizer.suffix.tolist()}
    assert len(special) == 2
    (ids,) = tokenizer.encode(["One reads [CLS] and [SEP] in papers about BERT."])
    assert special.isdisjoint(ids.tolist())
    assert len(ids) > 14  # the brackets too
