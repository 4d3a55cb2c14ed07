"""What the card and the data card are written in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown; a bar in a cell stays in it."""
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    cells = ([str(cell).replace("|", r"\|") for cell in row] for row in rows)
    lines += [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join(lines)
