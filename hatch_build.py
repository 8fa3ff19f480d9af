"""Package metadata from the public address in pyproject.toml: URLs, and the README's links.

In the repository the README links to files beside it, which a package index does not have.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_RELATIVE_LINK = re.compile(r"(!?\[[^\]]*\])\((?!https?:|#)([^)\s]+)\)")


def urls(address: dict[str, str]) -> dict[str, str]:
    """Return the project's URLs, without those that have no address yet."""
    found = {"Documentation": address["documentation"], "Security": address["security"]}
    if repository := address["repository"]:
        found |= {
            "Source": repository,
            "Issues": f"{repository}/issues",
            "Changelog": f"{repository}/blob/main/CHANGELOG.md",
        }
    return {name: url for name, url in found.items() if url}


def readme(text: str, repository: str) -> str:
    """Turn the relative links of the README into links to the repository, if it has an address."""

    def absolute(link: re.Match[str]) -> str:
        kind = "raw" if link[1].startswith("!") else "blob"
        return f"{link[1]}({repository}/{kind}/main/{link[2]})"

    return _RELATIVE_LINK.sub(absolute, text) if repository else text


class PublicAddress(MetadataHookInterface):
    """Fills in ``urls`` and ``readme``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the two dynamic fields to the metadata."""
        root = Path(self.root)
        address = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["public-address"]
        metadata["urls"] = urls(address)
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": readme((root / "README.md").read_text(), address["repository"]),
        }
