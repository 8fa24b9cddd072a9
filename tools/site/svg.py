"""Diagrams as plain SVG: boxes below one another. They need no script and no network, and take the page's colours."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from jinja2 import Environment

WIDTH, GAP, PADDING = 760, 12, 10
LINE, LETTER, SMALL_LETTER = 17, 8.2, 6.4  # pixels: height of a line, mean width of a letter of a title and of a text
TEMPLATE = Environment(autoescape=True).from_string(
    """<svg class="gigs-diagram" role="img" aria-label="{{ label }}" viewBox="0 0 {{ width }} {{ height }}" \
xmlns="http://www.w3.org/2000/svg">
{%- for box in boxes %}
<g><rect x="{{ box.x }}" y="{{ box.y }}" width="{{ box.width }}" height="{{ box.height }}" rx="6"/>
<text class="title" x="{{ box.x + pad }}" y="{{ box.y + 19 }}">{{ box.title }}</text>
{%- if box.note %}<text class="note" text-anchor="end" x="{{ box.x + box.width - pad }}" y="{{ box.y + 19 }}">\
{{ box.note }}</text>{% endif %}
{%- for line in box.lines %}<text x="{{ box.x + pad }}" y="{{ box.y + 38 + loop.index0 * 17 }}">{{ line }}</text>\
{% endfor %}</g>
{%- endfor %}
{%- for x, y in arrows %}
<path class="arrow" d="M{{ x }} {{ y }} v{{ gap - 4 }} m-4 -5 l4 5 l4 -5"/>
{%- endfor %}
</svg>"""
)


@dataclass(frozen=True)
class Box:
    """One box: a title, a note at the right of it, and a text that is wrapped."""

    title: str
    text: str
    note: str = ""

    def lines(self, width: float) -> list[str]:
        """The text, wrapped to a box of a width in pixels."""
        return textwrap.wrap(self.text, max(8, int((width - 2 * PADDING) / SMALL_LETTER)))


def stack(rows: list[list[Box]], label: str, *, arrows: bool) -> str:
    """Rows of boxes, the first at the top.

    Args:
        rows: Boxes of a row share its width.
        label: What the diagram shows, for those who do not see it.
        arrows: Whether an arrow leads from each row to the next.
    """
    placed, tips, y = [], [], GAP / 2
    gap = 2 * GAP if arrows else GAP
    for row in rows:
        width = (WIDTH - GAP * (len(row) - 1)) / len(row)
        height = max(28 + LINE * len(box.lines(width)) + PADDING // 2 for box in row)
        for place, box in enumerate(row):
            x = place * (width + GAP)
            placed.append({"x": x, "y": y, "width": width, "height": height, "lines": box.lines(width), **vars(box)})
        y += height
        if arrows and row is not rows[-1]:
            tips.append((WIDTH / 2, y + 2))
        y += gap
    return TEMPLATE.render(label=label, width=WIDTH, height=y, boxes=placed, arrows=tips, pad=PADDING, gap=gap)
