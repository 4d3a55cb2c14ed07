"""The configurations of the ensemble and its two steps in Python, in Triton's text form."""

from __future__ import annotations

TEXT = "byline_text"
TOKENIZER = "byline_tokenizer"
VERDICT = "byline_verdict"

_PYTHON = """\
name: "{name}"
backend: "python"
max_batch_size: 0
{tensors}
instance_group [ {{ count: {instances} kind: KIND_CPU }} ]
parameters {{ key: "model" value {{ string_value: "{model}" }} }}
parameters {{ key: "most_windows" value {{ string_value: "{most_windows}" }} }}
"""

_TOKENIZER_TENSORS = """\
input [ { name: "text" data_type: TYPE_STRING dims: [ 1, 1 ] } ]
output [
  { name: "input_ids"      data_type: TYPE_INT64 dims: [ -1, -1 ] },
  { name: "attention_mask" data_type: TYPE_INT64 dims: [ -1, -1 ] },
  { name: "words"          data_type: TYPE_INT32 dims: [ 1 ] }
]"""

_VERDICT_TENSORS = """\
input [
  { name: "window_logits"  data_type: TYPE_FP32 dims: [ -1, 2 ] },
  { name: "attention_mask" data_type: TYPE_INT64 dims: [ -1, -1 ] },
  { name: "words"          data_type: TYPE_INT32 dims: [ 1 ] }
]
output [
  { name: "logits"      data_type: TYPE_FP32 dims: [ 1, 2 ] },
  { name: "probability" data_type: TYPE_FP32 dims: [ 1, 1 ] }
]"""

# The windows of a text are the rows of one request to the model, whose own rows have one
# dimension less: Triton takes that where the ensemble has no batches (max_batch_size 0).
_ENSEMBLE = """\
name: "byline_text"
platform: "ensemble"
max_batch_size: 0
input [ {{ name: "text" data_type: TYPE_STRING dims: [ 1, 1 ] }} ]
output [
  {{ name: "logits"      data_type: TYPE_FP32 dims: [ 1, 2 ] }},
  {{ name: "probability" data_type: TYPE_FP32 dims: [ 1, 1 ] }}
]
ensemble_scheduling {{
  step [
    {{
      model_name: "byline_tokenizer" model_version: -1
      input_map {{ key: "text" value: "text" }}
      output_map {{ key: "input_ids" value: "ids" }}
      output_map {{ key: "attention_mask" value: "mask" }}
      output_map {{ key: "words" value: "words" }}
    }},
    {{
      model_name: "{model}" model_version: -1
      input_map {{ key: "input_ids" value: "ids" }}
      input_map {{ key: "attention_mask" value: "mask" }}
      output_map {{ key: "logits" value: "window_logits" }}
    }},
    {{
      model_name: "byline_verdict" model_version: -1
      input_map {{ key: "window_logits" value: "window_logits" }}
      input_map {{ key: "attention_mask" value: "mask" }}
      input_map {{ key: "words" value: "words" }}
      output_map {{ key: "logits" value: "logits" }}
      output_map {{ key: "probability" value: "probability" }}
    }}
  ]
}}
"""


def configurations(model: str, most_windows: int, instances: int) -> dict[str, str]:
    """The three `config.pbtxt`, by model name.

    Args:
        model: the one that scores.
        most_windows: of a text; the model's `max_batch_size`.
        instances: processes of each Python step.
    """
    values = {"model": model, "most_windows": most_windows, "instances": instances}
    return {
        TOKENIZER: _PYTHON.format(name=TOKENIZER, tensors=_TOKENIZER_TENSORS, **values),
        VERDICT: _PYTHON.format(name=VERDICT, tensors=_VERDICT_TENSORS, **values),
        TEXT: _ENSEMBLE.format(model=model),
    }
