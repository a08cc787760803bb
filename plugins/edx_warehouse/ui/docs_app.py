"""The documentation and the runbook, as pages beside the Dags."""

import re
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

from edx_warehouse.ui.guarded import file, guarded_app, page

DOCS = Path(__file__).resolve().parents[3] / "docs"
_NO_WORD = re.compile(r"[^\w\- ]")


def create_docs_app(folder: Path = DOCS) -> FastAPI:
    """Return the app; it serves the Markdown and the images that are below the folder now, and nothing else."""
    app = guarded_app("edX Warehouse documentation")
    # Looked up by name, never by path: no name leads out of the folder.
    pages = {str(it.relative_to(folder)): it for it in sorted(folder.rglob("*.md"))}
    images = {str(it.relative_to(folder)): it for kind in ("svg", "png") for it in folder.glob(f"images/*.{kind}")}
    markdown = reader()

    @app.get("/{name:path}")
    def show(request: Request, name: str) -> Response:
        if name in images:
            return file(images[name])
        # A folder, or a page without its ending, as links in logs have it.
        if name not in pages and f"{name.rstrip('/')}/README.md".lstrip("/") in pages:
            if name and not name.endswith("/"):
                return RedirectResponse(f"{request.scope['root_path']}/{name}/")
            name = f"{name}README.md"
        elif name not in pages:
            name = f"{name}.md"
        if name not in pages:
            raise HTTPException(404, "There is no such page.")
        text = pages[name].read_text(encoding="utf-8")
        title = next((line.lstrip("# ") for line in text.splitlines() if line.startswith("# ")), name)
        return page(request, "doc.html.jinja", title=title, content=markdown.render(text))

    return app


def reader() -> MarkdownIt:
    """Return what turns Markdown into HTML: tags in the text stay text, headings get the ids that links name."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.core.ruler.push("anchors", _anchors)
    return markdown


def _anchors(state: StateCore) -> None:
    for number, token in enumerate(state.tokens):
        if token.type == "heading_open":
            # As GitHub makes them, where the same pages are read.
            text = "".join(
                it.content for it in state.tokens[number + 1].children or () if it.type in ("text", "code_inline")
            )
            token.attrSet("id", _NO_WORD.sub("", text.lower()).replace(" ", "-"))
        elif style := token.attrGet("style"):
            token.attrs.pop("style")  # pages allow no styles but those of their file
            token.attrSet("class", str(style).rpartition(":")[2])
