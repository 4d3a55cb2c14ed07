"""Pretrained encoders and their tokenizers, from a folder, an installed package, or the hub."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from byline.errors import InputError
from byline_training.config import Base
from byline_training.runs import replacing

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_CACHE = Path.home() / ".cache" / "byline"


def find_folder(base: Base) -> Path:
    """Find the folder with the weights, `config.json` and tokenizer files of an encoder.

    Raises:
        InputError: it is in none of the places that `base` names.
    """
    tried: list[str] = []
    if base.folder:
        folder = Path(base.folder)
        if (folder / "config.json").is_file():
            return folder
        raise InputError(f"{folder} holds no config.json: not a folder of a pretrained encoder")
    if base.package and (found := _installed(base.package, tried)):
        return found
    if base.parts and (joined := _joined_parts(base.parts, tried)):
        return joined
    if base.gguf and (file := _installed(base.gguf, tried)):
        return _unpacked(file)
    if base.hub:
        from huggingface_hub import snapshot_download

        try:
            patterns = ["*.json", "*.txt", "*.model", "*.safetensors"]
            return Path(snapshot_download(base.hub, allow_patterns=patterns))
        except Exception as error:
            reason = str(error).splitlines()[0]
            tried.append(
                f"{base.hub!r} can't be had from the hub ({type(error).__name__}: {reason})"
            )
    raise InputError(
        "no pretrained encoder: "
        + "; ".join(tried or ["the preset names none"])
        + "; give a local folder with --teacher-folder or --student-folder"
    )


def find_tokenizer(base: Base) -> Path:
    """Find or make the `tokenizer.json` of an encoder; SentencePiece models are converted."""
    if base.random:
        return _tiny_tokenizer()
    folder = find_folder(base)
    path = folder / "tokenizer.json"
    if path.is_file():
        return path
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True)
    except Exception as error:
        raise InputError(f"{folder}: no tokenizer.json, and none can be made: {error}") from error
    place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]  # names recur: "model"
    made = _CACHE / f"{folder.name}-{place}-tokenizer.json"
    made.parent.mkdir(parents=True, exist_ok=True)
    with replacing(made) as temporary:
        tokenizer.backend_tokenizer.save(str(temporary))
    return made


def load_encoder(base: Base, seed: int) -> PreTrainedModel:
    """Load an encoder without its heads, dropout off (one pass over much data needs none).

    Raises:
        InputError: it can't be found or read.
    """
    import torch
    from transformers import AutoModel, BertConfig, BertModel

    encoder: PreTrainedModel

    if base.random:
        torch.manual_seed(seed)
        vocabulary = json.loads(_tiny_tokenizer().read_text("utf-8"))["model"]["vocab"]
        config = BertConfig(
            vocab_size=len(vocabulary), hidden_dropout_prob=0, attention_probs_dropout_prob=0,
            **cast("dict[str, Any]", base.random),
        )  # fmt: skip
        return BertModel(config, add_pooling_layer=False)
    folder = find_folder(base)
    try:
        # By itself it keeps the folder's type: AdamW on fp16 weights loses small steps.
        encoder = AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    except Exception as error:
        raise InputError(f"{folder}: can't be loaded as an encoder: {error}") from error
    for module in encoder.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout",
                 "attention_dropout"):  # fmt: skip
        if hasattr(encoder.config, name):
            setattr(encoder.config, name, 0.0)
    encoder.pooler = None  # type: ignore[assignment]
    encoder.config.use_cache = False
    return encoder


def _installed(place: str, tried: list[str]) -> Path | None:
    """What lies at `package/path` in an installed package, which isn't imported."""
    package, _, inside = place.partition("/")
    spec = importlib.util.find_spec(package)
    if spec and spec.submodule_search_locations:
        return Path(spec.submodule_search_locations[0]) / inside
    name = package.replace("_", "-")
    tried.append(f"the package {package!r} is not installed (pip install {name})")
    return None


def _unpacked(file: Path) -> Path:
    from byline_training.gguf import unpack

    if not file.is_file():
        raise InputError(f"{file}: the package that is installed has no such file")
    place = hashlib.sha256(f"{file.resolve()} {file.stat().st_size}".encode()).hexdigest()[:12]
    target = _CACHE / f"{file.stem}-{place}"
    if not (target / "config.json").is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        unpack(file, target)
    return target


def _joined_parts(parts: tuple[str, ...], tried: list[str]) -> Path | None:
    """Join a model that is spread over several packages as the pieces of one zip file."""
    target = _CACHE / parts[0]
    if (target / "config.json").is_file():
        return target
    pieces: list[Path] = []
    for part in parts:
        installed = _installed(part, tried)
        if not installed:
            return None
        found = sorted(installed.rglob("*.zip.*"))
        if not found:
            tried.append(f"the package {part!r} holds no piece of a zip file: install it again")
            return None
        pieces += found
    target.parent.mkdir(parents=True, exist_ok=True)
    joined = target.with_suffix(".zip")
    with joined.open("wb") as out:
        for piece in sorted(pieces, key=lambda p: p.suffix):
            with piece.open("rb") as file:
                shutil.copyfileobj(file, out)
    unpacked = target.with_suffix(".unpacking")
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        with zipfile.ZipFile(joined) as archive:
            archive.extractall(unpacked)
    except zipfile.BadZipFile as error:
        raise InputError(
            f"the pieces in {', '.join(parts)} make no zip file ({error}): install them again"
        ) from error
    finally:
        joined.unlink()
    # The outermost: sentence-transformers keeps others in folders beside it.
    config = min(unpacked.rglob("config.json"), key=lambda p: len(p.parts), default=None)
    if config is None:
        raise InputError(f"the pieces in {', '.join(parts)} hold no config.json")
    config.parent.rename(target)
    shutil.rmtree(unpacked, ignore_errors=True)
    return target


def _tiny_tokenizer() -> Path:
    """A WordPiece tokenizer of letters and a few words, for the smoke preset."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    path = _CACHE / "tiny-tokenizer.json"
    if path.is_file():
        return path
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'\"-:;()"
    words = "the of and to in is that it for was with as on be at by this had not are".split()
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    entries += [f"##{c}" for c in letters[:36]] + words
    tokenizer = Tokenizer(
        models.WordPiece({entry: i for i, entry in enumerate(entries)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        tokenizer.save(str(temporary))
    return path
