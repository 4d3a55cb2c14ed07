"""What goes over the wire at /v1, as pydantic models, which /openapi.json is made from."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from byline.types import Label

API = 1
"""Version of this schema; raised by a change that a client must know of."""

MAX_ID = 200


def _string(value: Any) -> str:
    # pydantic's own str refuses lone surrogates. Pages have them, and the library takes them.
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "Input should be a valid string")
    return value


def _id(value: Any) -> str:
    if len(_string(value)) > MAX_ID:
        raise PydanticCustomError("string_too_long", f"Ids have at most {MAX_ID} characters")
    return str(value)


AnyString = Annotated[str, PlainValidator(_string), WithJsonSchema({"type": "string"})]
Identifier = Annotated[
    str, PlainValidator(_id), WithJsonSchema({"type": "string", "maxLength": MAX_ID})
]
Detail = Literal["document", "sentence"]
OffsetEncoding = Literal["code-point", "utf-16"]


def _listed(value: Any) -> Any:
    if not isinstance(value, list):
        raise PydanticCustomError("list_type", "Input should be a valid array")
    return value


class Request(BaseModel):
    """Strict: a wrong type or an unknown field is an error, not a guess."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _one_unknown(cls, values: Any) -> Any:
        # Each unknown field makes an error, of which the first is told: a body could hold millions.
        if isinstance(values, dict) and len(values) > len(cls.model_fields):
            unknown = next(name for name in values if name not in cls.model_fields)
            return {name: values[name] for name in (*cls.model_fields, unknown) if name in values}
        return values


class Text(Request):
    """A text to score."""

    id: Identifier = Field(description="Your name for it; another for each text of a request.")
    text: AnyString = Field(description="Plain text. An empty one is `too_short`.")


class ScoreRequest(Request):
    """Texts to score."""

    texts: Annotated[list[Text], FailFast(), BeforeValidator(_listed)] = Field(
        description="Scored each by itself: neither order nor company matters."
    )
    detail: Detail = Field("document", description="`sentence` adds the score of each sentence.")
    offset_encoding: OffsetEncoding = Field(
        "code-point",
        description="What `start` and `end` count: Unicode code points, or UTF-16 code units as "
        "JavaScript and Java do.",
    )
    model: AnyString | None = Field(
        None, description="A name from /v1/models; without it, the default."
    )


class Answer(BaseModel):
    """Base of what is answered."""

    model_config = ConfigDict(extra="forbid")


class Error(Answer):
    """What went wrong."""

    code: str = Field(description="For programs: snake_case, stable.")
    message: str = Field(description="For people: what was seen, and what to do.")


class ErrorAnswer(Answer):
    """The body of every error."""

    error: Error


class ModelOfAnswer(Answer):
    """The model that scored."""

    name: str
    version: int
    sha256: str = Field(description="Of the graph; calibration and thresholds are beside it.")
    min_words: int = Field(description="Words of the shortest text that is judged.")


class FindingAnswer(Answer):
    """Something about the text to know beside its score."""

    kind: str = Field(description="Such as `zero_width`, `homoglyphs`, `not_english`, `truncated`.")
    count: int = Field(description="Characters it concerns, for some kinds words.")
    message: str


class SentenceAnswer(Answer):
    """The score of the half-open span [start, end) of the text as it was sent."""

    start: int
    end: int
    probability: float
    log_odds: float = Field(description="Calibrated; `probability` is its sigmoid.")
    verdict: Label = Field(description="`too_short` under five words, whatever the probability.")


class RawAnswer(Answer):
    """The score of the text as it came, with whatever hides or disguises in it."""

    probability: float
    log_odds: float


class Result(Answer):
    """The score of a text."""

    id: str
    verdict: Label
    probability: float | None = Field(
        description="Calibrated, of being written by a language model; null if nothing was scored."
    )
    log_odds: float | None = Field(description="The model's, before calibration; null likewise.")
    words: int
    coverage: float = Field(description="The share of the words that was scored, 0 to 1.")
    findings: list[FindingAnswer]
    raw: RawAnswer | None = Field(
        None, description="Only where the text hides or disguises something."
    )
    sentences: list[SentenceAnswer] | None = Field(
        None, description="Only with `detail: sentence`; what was not scored lies between them."
    )


class Failed(Answer):
    """In the place of the score of a text that has none."""

    id: str
    error: Error


class ScoreAnswer(Answer):
    """A result for each text, in their order."""

    model: ModelOfAnswer
    results: list[Result | Failed]


class Thresholds(Answer):
    """Calibrated probabilities at which verdicts change."""

    human: float = Field(description="A text is `human` up to here.")
    ai: float = Field(description="A text is `ai` from here; between the two it is `unclear`.")
    sentence_human: float
    sentence_ai: float


class ModelDescription(Answer):
    """A model that is loaded."""

    name: str
    version: int
    sha256: str
    window: int = Field(description="Tokens it sees at once.")
    min_words: int
    thresholds: Thresholds
    metrics: dict[str, float] = Field(
        description="Figures it was released with, such as its `false_positive_rate`."
    )


class ModelsAnswer(Answer):
    """The models that are loaded."""

    default: str = Field(description="The name of the one used where a request names none.")
    models: list[ModelDescription]


class Health(Answer):
    """The process lives."""

    status: Literal["ok"]


class Ready(Answer):
    """The server takes requests."""

    status: Literal["ready"]
    version: str = Field(description="Of byline.")
    api: int = Field(description="Of this schema.")
