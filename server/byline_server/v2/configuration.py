"""A model's configuration as JSON: Triton's names, enumerations by name, maps as objects."""

from __future__ import annotations

from typing import Any

from byline_server.v2.served import TEXT_MODEL, Served, TokenModel

_TYPES = {"INT64": "TYPE_INT64", "FP32": "TYPE_FP32", "BYTES": "TYPE_STRING"}


def configuration(name: str, served: Served) -> dict[str, Any]:
    """What GET /v2/models/M/config answers."""
    if isinstance(served, TokenModel):
        values = _values(served.loaded.configuration)
        return {"platform": "", "max_batch_size": 0, **values, "name": name}
    return {
        "name": TEXT_MODEL,
        "platform": served.platform,
        "backend": "",
        "version_policy": {"latest": {"num_versions": 1}},
        "max_batch_size": served.most_rows,
        "input": [
            {"name": t.name, "data_type": _TYPES[t.datatype], "dims": list(t.shape[1:])}
            for t in served.takes
        ],
        "output": [
            {"name": t.name, "data_type": _TYPES[t.datatype], "dims": list(t.shape[1:])}
            for t in served.gives
        ],
        "parameters": {},
    }


def _values(message: Any) -> dict[str, Any]:
    """The fields that are set."""
    values: dict[str, Any] = {}
    for field, value in message.ListFields():
        if field.enum_type is not None:
            values[field.name] = field.enum_type.values_by_number[value].name
        elif field.message_type is None:
            values[field.name] = list(value) if field.is_repeated else value
        elif not field.is_repeated:
            values[field.name] = _values(value)
        elif {f.name for f in field.message_type.fields} == {"key", "value"}:
            values[field.name] = {entry.key: _values(entry.value) for entry in value}
        else:
            values[field.name] = [_values(part) for part in value]
    return values
