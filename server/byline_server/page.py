"""`/`: the page for a text, pasted or opened; its script asks /v1/score as any client does."""

from __future__ import annotations

from importlib.metadata import version

from flask import Blueprint, render_template


def page_blueprint() -> Blueprint:
    """The route of the page; Flask serves what it needs from static/."""
    routes = Blueprint("page", __name__)
    byline_version = version("byline")

    @routes.get("/")
    def page() -> str:
        return render_template("page.html", version=byline_version)

    return routes
