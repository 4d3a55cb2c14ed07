"""The layers of a language model that comes as a GGUF file, in fp32, to begin an encoder with."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from byline.errors import InputError

_BETWEEN_DOCUMENTS = ("<|endoftext|>", "<s>")


def unpack(path: Path, folder: Path) -> None:
    """Write a folder that `transformers` and `tokenizers` read.

    A window begins with the token that language models see between documents: without one, the
    first word would be what attention rests on where it has nothing to look at (Xiao et al. 2024,
    attention sinks).

    Args:
        path: the GGUF file.
        folder: made, with `config.json`, `model.safetensors` and `tokenizer.json`.

    Raises:
        InputError: it can't be read.
    """
    import torch
    from tokenizers.processors import TemplateProcessing
    from transformers import AutoModel, AutoTokenizer

    try:
        read = AutoModel.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    except Exception as error:
        raise InputError(f"{path}: can't be read as a language model: {error}") from error
    config, weights = read.config, read.state_dict()
    if config.model_type != "llama":
        raise InputError(f"{path}: is of kind {config.model_type!r}; Llama's can be used")
    backend = tokenizer.backend_tokenizer
    begins = next((t for t in _BETWEEN_DOCUMENTS if backend.token_to_id(t) is not None), None)
    if begins is None:
        raise InputError(f"{path}: its tokenizer has none of {', '.join(_BETWEEN_DOCUMENTS)}")
    backend.post_processor = TemplateProcessing(
        single=f"{begins} $A", special_tokens=[(begins, backend.token_to_id(begins))]
    )
    del config.quantization_config  # the weights are numbers again
    encoder = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    encoder.load_state_dict(weights)
    made = Path(tempfile.mkdtemp(dir=folder.parent))
    encoder.save_pretrained(made)
    backend.save(str(made / "tokenizer.json"), pretty=False)
    shutil.rmtree(folder, ignore_errors=True)
    made.rename(folder)
