"""A language model's layers from a GGUF file: one is written here, small and random."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest
import torch

from byline.errors import InputError
from byline.tokenizer import Tokenizer
from byline_training.config import Base, Stage
from byline_training.encoders import find_folder
from byline_training.gguf import unpack
from byline_training.model import build
from byline_training.quantize import export_fp32

WIDTH, LAYERS, HEADS, BETWEEN = 16, 3, 4, 32


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "small.gguf"
    written(path, "llama")
    return path


def written(path: Path, kind: str) -> None:
    """A language model of three layers, random."""
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    tokens = ["<|endoftext|>", *letters, "Ġ", "th", "the"]
    writer = gguf.GGUFWriter(path, kind)
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(BETWEEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(2)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL, *[gguf.TokenType.NORMAL] * (len(tokens) - 1)])
    writer.add_token_merges(["t h", "th e"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    rng = np.random.default_rng(1)
    shapes = {"token_embd": (len(tokens), WIDTH), "output_norm": (WIDTH,)}
    for layer in range(LAYERS):
        shapes |= {
            f"blk.{layer}.attn_norm": (WIDTH,),
            f"blk.{layer}.attn_q": (WIDTH, WIDTH),
            f"blk.{layer}.attn_k": (WIDTH // 2, WIDTH),
            f"blk.{layer}.attn_v": (WIDTH // 2, WIDTH),
            f"blk.{layer}.attn_output": (WIDTH, WIDTH),
            f"blk.{layer}.ffn_norm": (WIDTH,),
            f"blk.{layer}.ffn_gate": (BETWEEN, WIDTH),
            f"blk.{layer}.ffn_up": (BETWEEN, WIDTH),
            f"blk.{layer}.ffn_down": (WIDTH, BETWEEN),
        }
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", rng.normal(size=shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="module")
def folder(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("unpacked") / "small"
    unpack(file, target)
    return target


def test_a_window_begins_with_what_stands_between_documents(folder: Path) -> None:
    tokenizer = Tokenizer.load(folder / "tokenizer.json")
    assert tokenizer.prefix.tolist() == [0]
    assert tokenizer.suffix.tolist() == []
    the, marked = tokenizer.encode(["the", "<|endoftext|>"])
    assert the.tolist() == [29]  # merged
    assert 0 not in marked.tolist()  # a text can't write it


def test_a_token_sees_those_before_it_alone(folder: Path) -> None:
    model = build(Stage(base=Base(folder=str(folder))), 1).eval()
    ids = torch.tensor([[0, 3, 4, 5, 6]])
    changed = torch.tensor([[0, 3, 4, 5, 9]])
    with torch.inference_mode():
        before, after = (model(i, torch.ones_like(i))[1][0] for i in (ids, changed))
    assert torch.equal(before[:4], after[:4])
    assert before[4] != after[4]


def test_padding_changes_nothing(folder: Path) -> None:
    model = build(Stage(base=Base(folder=str(folder))), 1).eval()
    ids = torch.tensor([[0, 3, 4, 0, 0], [0, 5, 6, 7, 8]])
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    with torch.inference_mode():
        logits, _ = model(ids, mask)
        alone, _ = model(ids[:1, :3], mask[:1, :3])
    torch.testing.assert_close(logits[:1], alone)


def test_lower_layers_are_exported(folder: Path, tmp_path: Path) -> None:
    import onnxruntime

    model = build(Stage(base=Base(folder=str(folder))), 1)
    model.freeze(1, embeddings=True)
    model.keep_layers([0, 1])
    assert len(model.layers) == model.encoder.config.num_hidden_layers == 2
    assert not any(p.requires_grad for p in model.embeddings.parameters())
    assert [p.requires_grad for p in model.layers[0].parameters()] == [False] * 9
    export_fp32(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    ids = np.array([[0, 3, 29, 5, 6, 7, 9]])
    answers = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
    with torch.inference_mode():
        wanted = model(torch.from_numpy(ids), torch.ones(1, 7, dtype=torch.int64))
    for answer, expected in zip(answers, wanted, strict=True):
        np.testing.assert_allclose(answer, expected.numpy(), atol=1e-4)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(b"GGUF, it says")
    with pytest.raises(InputError, match=r"damaged\.gguf: can't be read as a language model"):
        unpack(damaged, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_one_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.gguf"
    written(path, "qwen2")
    with pytest.raises(InputError, match="is of kind 'qwen2'; Llama's can be used"):
        unpack(path, tmp_path / "made")
    assert list(tmp_path.iterdir()) == [path]


def test_a_package_without_the_file_is_named() -> None:
    with pytest.raises(InputError, match="no such file"):
        find_folder(Base(gguf="tokenizers/none.gguf"))
