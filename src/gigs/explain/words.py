"""One plain sentence about what a redesign changes, no stronger than what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from gigs.explain.changes import Changes
from gigs.explain.palette import Flow

NEW_COLOUR = 8.0  # least CIEDE2000 between two colours to be named as different
SMALL = 0.15  # least share of the product that changes to a colour for it to be named
MUCH = 15.0  # change of mean L* that counts as much
SHADE = 5.0  # least mean CIEDE2000 over the product to report if no name describes it
NOTHING = "almost nothing that can be named"
# Sentence forms of a shop's words for patterns; others are used unchanged.
PATTERNS = {
    "Solid": "plain", "All over pattern": "patterned all over", "Stripe": "striped", "Check": "checked",
    "Dot": "dotted", "Melange": "mottled (melange)", "Denim": "denim", "Lace": "lace", "Embroidery": "embroidered",
    "Front print": "printed on the front", "Placement print": "printed in one place", "Metallic": "metallic",
    "Glittering/Metallic": "glittering", "Colour blocking": "in blocks of colour",
}  # fmt: skip


def named_parts(changes: Changes) -> list[str]:
    """The changes, one clause each; empty if nothing can be named."""
    parts = [part for part in (_colours(changes), _pattern(changes), _type(changes), _outline(changes)) if part]
    return parts or _shade(changes)


def sentence(changes: Changes) -> str:
    """What changes, in one sentence of plain English that starts with a capital letter and ends with a full stop."""
    parts = named_parts(changes)
    text = "; ".join(parts or [NOTHING])
    if changes.where and parts:
        text += f"; {changes.where} {'change' if changes.where.endswith('s') else 'changes'} most"
    return f"{text[0].upper()}{text[1:]}."


def not_sure(changes: Changes) -> list[str]:
    """Columns about which the probes are not sure enough to say whether they change."""
    return [name for name, one in changes.attributes.items() if one.changed is None]


def pattern_words(value: str) -> str:
    """A shop's word for a pattern, as it appears in a sentence."""
    return PATTERNS.get(value, value.lower())


def named_turns(changes: Changes) -> list[Flow]:
    """The colour changes to name, at most two: visible, large enough, and to another name."""
    visible = [
        flow
        for flow in changes.flows
        if flow.delta_e >= NEW_COLOUR and flow.share >= SMALL and flow.before.name != flow.after.name
    ]
    named: dict[tuple[str, str], Flow] = {}
    for flow in visible:  # two shades of a print may change between the same two names
        named.setdefault((flow.before.name, flow.after.name), flow)
    return list(named.values())[:2]


def _colours(changes: Changes) -> str:
    tone = _tone(changes)
    turns = " and ".join(f"{flow.after.name} instead of {flow.before.name}" for flow in named_turns(changes))
    return f"{tone}: {turns}" if tone and turns else tone or turns


def _tone(changes: Changes) -> str:
    parts = []
    if changes.lightness.real:
        much = "much " if abs(changes.lightness.change) >= MUCH else ""
        parts.append(much + ("lighter" if changes.lightness.change > 0 else "darker"))
    if changes.vividness.real:
        parts.append("in stronger colours" if changes.vividness.change > 0 else "in paler colours")
    return _listed(parts)


def _shade(changes: Changes) -> list[str]:
    """Whether the colour changes visibly although name and tone stay the same."""
    confirmed = sum(flow.share * flow.delta_e for flow in changes.flows)
    return [f"another shade of {changes.after[0].name}"] if confirmed >= SHADE else []


def _pattern(changes: Changes) -> str:
    one = changes.attributes.get("appearance")
    if one is None or not one.changed:
        return ""
    before, after = pattern_words(one.before.value), pattern_words(one.after.value)
    return f"{after} instead of {before}"


def _type(changes: Changes) -> str:
    one = changes.attributes.get("type")
    if one is None or not one.changed:
        return ""
    return f"looks more like {_article(one.after.value)} than {_article(one.before.value)}"


def _outline(changes: Changes) -> str:
    return "" if changes.outline is None else _listed(changes.outline.words)


def _article(name: str) -> str:
    word = name.lower()
    plural = word.endswith("s") and not word.endswith("ss")
    return word if plural else f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join(words)
