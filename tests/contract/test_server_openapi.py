"""/openapi.json: what it says is what the server does. Schemathesis tries it out."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Server

pytestmark = pytest.mark.contract


def test_schemathesis_finds_nothing_with_its_default_checks(server: Server, tmp_path: Path) -> None:
    # As a process: its pytest plugin and its warnings are its own.
    command = Path(sys.executable).parent / "schemathesis"
    result = subprocess.run(
        [command, "run", f"{server.url}/openapi.json", "--max-examples", "100", "--seed", "1",
         "--no-color", "--generation-database", "none"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    tried = re.search(r"(\d+) generated", result.stdout)
    assert tried, result.stdout
    assert int(tried[1]) > 100


def test_every_route_of_ours_is_described(server: Server) -> None:
    described = server.request("GET", "/openapi.json").json["paths"]
    assert set(described) == {
        "/v1/score", "/v1/models", "/healthz", "/readyz", "/metrics", "/openapi.json",
    }  # fmt: skip
    for path, methods in described.items():
        for method in methods:
            assert server.request(method.upper(), path).status != 404
    page = server.request("GET", "/docs").body.decode()
    assert all(path in page for path in described)


def test_the_token_is_described() -> None:
    from byline_server.openapi import describe

    described = describe(10, with_token=True)
    assert described["security"] == [{"token": []}]
    assert described["paths"]["/healthz"]["get"]["security"] == []
    assert "401" in described["paths"]["/v1/score"]["post"]["responses"]
    assert "401" not in described["paths"]["/healthz"]["get"]["responses"]
    without = describe(10, with_token=False)
    assert "security" not in without
    assert "401" not in without["paths"]["/v1/score"]["post"]["responses"]
    assert (
        described["components"]["schemas"]["ScoreRequest"]["properties"]["texts"]["maxItems"] == 10
    )
