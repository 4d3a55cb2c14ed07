"""Verdicts to JSON, and JSON to requests: the edge where types and offsets change."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import accumulate
from typing import Any, NoReturn

from pydantic import ValidationError

from byline import Model, Verdict
from byline_server.problem import Problem
from byline_server.schema import OffsetEncoding, ScoreRequest


def read_json(body: bytes) -> Any:
    """Parse JSON.

    Raises:
        Problem: it is none, or is nested too deeply, or has numbers that JSON doesn't know.
    """
    try:
        return json.loads(body, parse_constant=_refuse)
    except RecursionError as error:
        raise Problem(400, "invalid_json", "the JSON is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise Problem(400, "invalid_json", "the body is not UTF-8: encode it so") from error
    except json.JSONDecodeError as error:
        raise Problem(
            400, "invalid_json", f"the body is no JSON: {error.msg} at line {error.lineno}, column "
            f"{error.colno}"
        ) from error  # fmt: skip
    except ValueError as error:  # a number of thousands of digits
        raise Problem(400, "invalid_json", "the body has a number that is too long") from error


def read_request(body: bytes, most_texts: int) -> ScoreRequest:
    """Parse and check a request to score.

    Raises:
        Problem: as `read_json`; or a field is missing, unknown or of the wrong type, or there are
            too many texts.
    """
    values = read_json(body)
    texts = values.get("texts") if isinstance(values, dict) else None
    if isinstance(texts, list) and len(texts) > most_texts:  # before each of them is looked at
        raise Problem(
            422, "too_many_texts", f"the request has {len(texts):,} texts, and may have "
            f"{most_texts:,}: send them in several"
        )  # fmt: skip
    try:
        return ScoreRequest.model_validate(values)
    except ValidationError as error:
        # The place and the rule; never the value, which may be a text.
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise Problem(
            422, "invalid_request", f"{place_of(first['loc'])}: {first['msg']}; GET "
            "/openapi.json has the schema"
        ) from None  # fmt: skip


def model_answer(model: Model) -> dict[str, Any]:
    """What names the model in an answer."""
    return {
        "name": model.name,
        "version": model.version,
        "sha256": model.sha256,
        "min_words": model.spec.thresholds.min_words,
    }


def result_answer(
    id: str, text: str, verdict: Verdict, detailed: bool, encoding: OffsetEncoding
) -> dict[str, Any]:
    """A verdict as it is answered.

    Args:
        id: the caller's.
        text: as it was sent; spans of the verdict count its code points.
        verdict: of the text.
        detailed: whether sentences are asked for.
        encoding: what `start` and `end` are to count.
    """
    values: dict[str, Any] = {
        "id": id,
        "verdict": verdict.verdict,
        "probability": verdict.probability,
        "log_odds": verdict.log_odds,
        "words": verdict.words,
        "coverage": verdict.coverage,
        "findings": [asdict(finding) for finding in verdict.findings],
    }
    if verdict.raw is not None:
        values["raw"] = asdict(verdict.raw)
    if detailed:
        at = utf16_offsets(text) if encoding == "utf-16" and not text.isascii() else None
        values["sentences"] = [
            {
                "start": s.start if at is None else at[s.start],
                "end": s.end if at is None else at[s.end],
                "probability": s.probability,
                "log_odds": s.log_odds,
                "verdict": s.verdict,
            }
            for s in verdict.sentences
        ]
    return values


def dumps(values: Any) -> str:
    """Compact JSON, in ASCII: an id may hold a lone surrogate, which UTF-8 can't."""
    return json.dumps(values, separators=(",", ":"), allow_nan=False)


def utf16_offsets(text: str) -> list[int]:
    """For each code point, and the end, how many UTF-16 code units lie before it."""
    return list(accumulate((1 + (c > "\uffff") for c in text), initial=0))


def place_of(path: tuple[int | str, ...]) -> str:
    """Where in a body something is wrong."""
    place = ""
    for part in path:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else part
    # An unknown field's name is the caller's, and may be anything.
    return place[:100] or "the body"


def _refuse(constant: str) -> NoReturn:
    raise Problem(400, "invalid_json", f"{constant} is no JSON number; leave it out or send null")
