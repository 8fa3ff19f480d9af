"""What the site has from outside docs/: some pages, the example DAGs, the URL of the source.

In the repository, pages link to these files. On the site they are pages.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
COPIED = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md"}
EXAMPLES = "examples.md"
# Sphinx's roles in docstrings, which do not become links here.
_ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):(?=<code>)")
_EXAMPLE = re.compile(r"\((?:\.\./)+dags_examples(?:/(?P<name>\w+)\.py)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Link to the source, once the project has a public address."""
    address = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["public-address"]
    config.repo_url = address["repository"] or None
    config.site_url = address["documentation"] or None
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that have no file in docs/."""
    for name, page in COPIED.items():
        text = re.sub(r"\[(\w+)\]\(LICENSE\)", r"\1", (ROOT / name).read_text().replace("](docs/", "]("))
        for other, target in COPIED.items():
            text = text.replace(f"]({other}", f"]({target}")
        files.append(File.generated(config, page, content=text))
    files.append(File.generated(config, EXAMPLES, content=examples_page()))
    return files


def examples_page() -> str:
    """Return the page of all example DAGs: the description of each, then its code."""
    parts = ["# Example DAGs\n\nEach shows one idea. Copy it into your DAG folder; our tests run them all.\n"]
    for path in sorted((ROOT / "dags_examples").glob("*.py")):
        module = ast.parse(path.read_text())
        heading, _, text = (ast.get_docstring(module) or "").partition("\n")
        code = path.read_text().partition('"""\n\n')[2]
        parts.append(
            f"##{heading.lstrip('#')} {{#{path.stem}}}\n{text}\n\n`{path.name}`\n\n```python\n{code}```\n"
        )
    return "\n".join(parts)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links into the repository lead to the site's page instead."""
    up = "../" * page.file.src_uri.count("/")
    for name, target in COPIED.items():
        markdown = re.sub(rf"\((?:\.\./)+{re.escape(name)}", f"({up}{target}", markdown)
    return _EXAMPLE.sub(
        lambda link: f"({up}{EXAMPLES}{'#' + link['name'] if link['name'] else ''})", markdown
    )


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Remove markup that only Sphinx understands."""
    return _ROLE.sub("", html)
