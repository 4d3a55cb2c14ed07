"""Hidden states in training, kept on disk or not, are those of the plain pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    MPNetConfig,
    MPNetModel,
)

from byline_training.attention import hidden_states
from byline_training.batch import Batch, batches, collate
from byline_training.config import Stage
from byline_training.data import Example
from byline_training.frozen import FrozenStates
from byline_training.model import TwoHeads

SIZES: dict[str, Any] = {
    "vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2,
    "intermediate_size": 32, "max_position_embeddings": 66,
    "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
}  # fmt: skip
PAD = 1
CPU = torch.device("cpu")


def bert() -> TwoHeads:
    torch.manual_seed(0)
    return TwoHeads(BertModel(BertConfig(**SIZES, pad_token_id=PAD), add_pooling_layer=False))


def mpnet() -> TwoHeads:
    torch.manual_seed(0)
    return TwoHeads(MPNetModel(MPNetConfig(**SIZES, pad_token_id=PAD), add_pooling_layer=False))


def windows(n: int = 40, seed: int = 0) -> list[Example]:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(4, 48, n)
    return [
        Example(rng.integers(5, 60, length).astype(np.int32), np.zeros(length, np.float32), 0.0)
        for length in lengths
    ]


def states(folder: Path, model: TwoHeads, examples: list[Example], **stage: Any) -> FrozenStates:
    settings = Stage(**{"frozen_layers": 2, "epochs": 2} | stage)
    model.freeze(settings.frozen_layers, settings.freeze_embeddings)
    return FrozenStates(folder, model, settings, examples, CPU, torch.float32, PAD)


@pytest.mark.parametrize("encoder", [bert, mpnet])
def test_kept_states_are_those_of_the_plain_pass(encoder: Any, tmp_path: Path) -> None:
    model, examples = encoder(), windows()
    kept = states(tmp_path, model, examples)
    assert (tmp_path / "states.f16").stat().st_size == sum(len(e.ids) for e in examples) * 16 * 2
    for group in batches([len(e.ids) for e in examples], 200, 3):
        batch = collate(examples, group, CPU, PAD)
        found = kept.hidden(batch.indices, batch.ids, batch.mask)
        expected = model.hidden(batch.ids, batch.mask)
        inside = batch.mask.bool()
        torch.testing.assert_close(found[inside], expected[inside], atol=5e-3, rtol=5e-3)


@pytest.mark.parametrize("encoder", [bert, mpnet])
def test_the_layers_above_learn_and_those_below_do_not(encoder: Any, tmp_path: Path) -> None:
    model, examples = encoder(), windows(6)
    kept = states(tmp_path, model, examples)
    batch = collate(examples, np.arange(6), CPU, PAD)
    model.answers(kept.hidden(batch.indices, batch.ids, batch.mask), batch.mask)[0].sum().backward()
    learnt = [any(p.grad is not None for p in layer.parameters()) for layer in model.layers]
    assert learnt == [False, False, True]
    assert all(p.grad is None for p in model.encoder.embeddings.parameters())


@pytest.mark.parametrize("encoder", [bert, mpnet])
def test_training_the_layers_above_leaves_what_the_frozen_ones_say(encoder: Any) -> None:
    model, batch = encoder(), collate(windows(6), np.arange(6), CPU, PAD)
    model.freeze(2, embeddings=True)

    def below() -> torch.Tensor:
        said: torch.Tensor = model.encoder(
            input_ids=batch.ids, attention_mask=batch.mask, output_hidden_states=True
        ).hidden_states[2]
        return said.detach().clone()

    before = below()
    model(batch.ids, batch.mask)[0].sum().backward()
    learning = [p for p in model.parameters() if p.requires_grad]
    torch.optim.SGD(learning, lr=1.0).step()
    assert torch.equal(below(), before)


def test_states_are_taken_over_by_the_next_process(tmp_path: Path) -> None:
    model, examples = bert(), windows()
    states(tmp_path, model, examples)
    before = (tmp_path / "states.f16").stat().st_mtime_ns
    states(tmp_path, model, examples)
    assert (tmp_path / "states.f16").stat().st_mtime_ns == before


def test_states_of_other_windows_or_weights_are_computed_anew(tmp_path: Path) -> None:
    model, examples = bert(), windows()
    states(tmp_path, model, examples)
    other = windows(seed=1)
    with torch.no_grad():
        for weight in model.layers[0].parameters():
            weight.add_(0.5)
    for changed in (examples, other):
        kept = states(tmp_path, model, changed)
        batch = collate(changed, np.arange(8), CPU, PAD)
        found = kept.hidden(batch.indices, batch.ids, batch.mask)
        expected = model.hidden(batch.ids, batch.mask)
        inside = batch.mask.bool()
        torch.testing.assert_close(found[inside], expected[inside], atol=5e-3, rtol=5e-3)


def test_an_unfinished_file_is_computed_anew(tmp_path: Path) -> None:
    model, examples = bert(), windows()
    states(tmp_path, model, examples)
    whole = (tmp_path / "states.f16").read_bytes()
    (tmp_path / "complete").unlink()
    (tmp_path / "states.f16").write_bytes(whole[: len(whole) // 2])
    states(tmp_path, model, examples)
    assert (tmp_path / "states.f16").read_bytes() == whole


def distilbert() -> TwoHeads:
    return TwoHeads(
        DistilBertModel(
            DistilBertConfig(
                vocab_size=60,
                dim=16,
                n_layers=2,
                n_heads=2,
                hidden_dim=32,
                dropout=0.0,
                attention_dropout=0.0,
            )
        )
    )


@pytest.mark.parametrize(
    ("encoder", "stage"),
    [(bert, {"frozen_layers": 0}), (bert, {"epochs": 1}), (distilbert, {"frozen_layers": 1})],
)
def test_where_it_does_not_pay_or_is_not_known_the_pass_is_plain(
    encoder: Any, stage: dict[str, Any], tmp_path: Path
) -> None:
    model, examples = encoder(), windows(4)
    plain = states(tmp_path, model, examples, **stage)
    batch = collate(examples, np.arange(4), CPU, PAD)
    found = plain.hidden(batch.indices, batch.ids, batch.mask)
    torch.testing.assert_close(found, model.hidden(batch.ids, batch.mask), atol=1e-5, rtol=1e-4)
    assert not any(tmp_path.iterdir())


def test_no_room_on_disk_is_an_error_and_not_the_end_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import os

    def full(_: int, __: int, ___: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left on device"):
        states(tmp_path, bert(), windows())
    assert not (tmp_path / "complete").exists()


def padded() -> Batch:
    return collate(windows(6), np.arange(6), CPU, PAD)


def answers_and_gradients(
    model: TwoHeads, hidden: torch.Tensor, batch: Batch
) -> tuple[torch.Tensor, list[torch.Tensor | None]]:
    logits, token_logits, _ = model.answers(hidden, batch.mask)
    model.zero_grad()
    loss: torch.Tensor = logits[:, 1].sum() + token_logits[batch.mask.bool()].square().sum()
    loss.backward()  # type: ignore[no-untyped-call]
    return logits.detach(), [p.grad for p in model.parameters()]


@pytest.mark.parametrize("frozen", [0, 2])
@pytest.mark.parametrize("encoder", [bert, mpnet, distilbert])
def test_answers_and_gradients_are_those_of_the_plain_pass(encoder: Any, frozen: int) -> None:
    model, batch = encoder(), padded()
    model.freeze(frozen, embeddings=bool(frozen))
    plain = model.hidden(batch.ids, batch.mask)
    expected, slopes = answers_and_gradients(model, plain, batch)
    found, own = answers_and_gradients(model, hidden_states(model, batch.ids, batch.mask), batch)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert any(slope is not None for slope in slopes)
    for slope, other in zip(own, slopes, strict=True):
        assert (slope is None) == (other is None)
        if slope is not None:
            torch.testing.assert_close(slope, other, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("encoder", [bert, mpnet])
def test_what_learns_nothing_attends_the_same(encoder: Any) -> None:
    model, batch = encoder(), padded()
    with torch.inference_mode():
        found = hidden_states(model, batch.ids, batch.mask)
        expected = model.hidden(batch.ids, batch.mask)
    inside = batch.mask.bool()
    torch.testing.assert_close(found[inside], expected[inside], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("encoder", [bert, mpnet])
def test_in_bf16_it_is_as_near_as_bf16_gets(encoder: Any) -> None:
    model, batch = encoder(), padded()
    inside = batch.mask.bool()
    with torch.autocast("cpu", torch.bfloat16):
        found = hidden_states(model, batch.ids, batch.mask)
    expected = model.hidden(batch.ids, batch.mask)
    assert (found - expected)[inside].abs().max() < 0.1


@pytest.mark.parametrize("encoder", [bert, mpnet])
def test_afterwards_the_encoder_attends_as_before(encoder: Any) -> None:
    model, batch = encoder(), padded()
    own = model.hidden(batch.ids, batch.mask)
    before = model.encoder.config._attn_implementation
    with pytest.raises(IndexError):  # an id that isn't there
        hidden_states(model, batch.ids + 60, batch.mask)
    hidden_states(model, batch.ids, batch.mask)
    assert model.encoder.config._attn_implementation == before
    assert not any("forward" in vars(module) for module in model.modules())
    assert torch.equal(model.hidden(batch.ids, batch.mask), own)
