"""A real browser for tests: where it is, how it is started, and what axe-core finds in a page."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; Debian's package chromium is enough")
WAIT = 180_000  # milliseconds, for whatever comes later on a busy machine
GRAVE = ("serious", "critical")


def grave_findings(page: Any) -> list[str]:
    """Serious and critical findings of axe-core in a page, as rule and place; skips where axe-core is missing."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(page).response
    assert len(found["passes"]) >= 10  # it looked
    return [
        f"{one['id']}: {node['target']} {node['html'][:160]}"
        for one in found["violations"]
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def focused(page: Any) -> dict[str, Any]:
    """The element that has the focus: its tag, id, text, and whether its focus can be seen."""
    return page.evaluate(
        """() => {
          const one = document.activeElement, style = getComputedStyle(one);
          const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
          return {tag: one.tagName.toLowerCase(), id: one.id, type: one.type || "", text: one.innerText || "",
                  label: one.getAttribute("aria-label") || "", name: one.name || "",
                  visible: shown || style.boxShadow !== "none"};
        }"""
    )
