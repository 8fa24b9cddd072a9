"""One plain sentence about what a redesign changes, no stronger than what was measured.

It is made from a `Description`, so that a saved result can be described in any language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gigs.explain.description import AttributeChange, Description, PaletteChange, Turn
from gigs.languages import ENGLISH, Language, message

NEW_COLOUR = 8.0  # CIEDE2000 between two colours that are named as different
SMALL = 0.15  # share of the product; colours that fewer of it change to are not named
MUCH = 15.0  # change of mean L* that is much
SHADE = 5.0  # mean CIEDE2000 over the product that is said where no name says it
NOTHING = message("almost nothing that can be named")
# How a shop's words for patterns are said; others are said as they are.
PATTERNS = {
    "Solid": message("plain"), "All over pattern": message("patterned all over"), "Stripe": message("striped"),
    "Check": message("checked"), "Dot": message("dotted"), "Melange": message("mottled (melange)"),
    "Denim": message("denim fabric"), "Lace": message("lace"), "Embroidery": message("embroidered"),
    "Front print": message("printed on the front"), "Placement print": message("printed in one place"),
    "Metallic": message("metallic"), "Glittering/Metallic": message("glittering"),
    "Colour blocking": message("in blocks of colour"),
}  # fmt: skip
MOST = {
    "the neckline area": message("the neckline area changes most"),
    "the waist area": message("the waist area changes most"),
    "the hem area": message("the hem area changes most"),
    "the upper part": message("the upper part changes most"),
    "the middle": message("the middle changes most"),
    "the lower part": message("the lower part changes most"),
    "the lower ends": message("the lower ends change most"),
    "the sides": message("the sides change most"),
    "the sides and sleeves": message("the sides and sleeves change most"),
}
OUTLINES = {
    "longer": message("longer"), "shorter": message("shorter"), "wider": message("wider"),
    "narrower": message("narrower"), "of another outline": message("with another outline"),
}  # fmt: skip


def sentence(description: Description, say: Language = ENGLISH) -> str:
    """What changes, in one sentence that starts with a capital letter and ends with a full stop.

    Args:
        description: Of the change; its `words` are not read.
        say: The language.
    """
    parts = named_parts(description, say)
    if not parts:
        parts = [say(NOTHING)]
    elif description.where:
        parts.append(say(MOST.get(description.where, description.where)))
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def named_parts(description: Description, say: Language = ENGLISH) -> list[str]:
    """What changes, a clause each; empty where nothing can be named."""
    attributes, outline = description.attributes, description.outline
    clauses = (
        _colours(description, say),
        _pattern(attributes, say),
        _type(attributes, say),
        "" if outline is None else say.listed(say(OUTLINES.get(word, word)) for word in outline.words),
    )
    return [one for one in clauses if one] or _shade(description.palette, say)


def not_sure(attributes: Mapping[str, AttributeChange]) -> list[str]:
    """Columns about which the probes are not sure enough to say whether they change."""
    return [name for name, one in attributes.items() if one.changed is None]


def pattern_words(value: str, say: Language = ENGLISH) -> str:
    """A shop's word for a pattern as a sentence has it."""
    return say(PATTERNS[value]) if value in PATTERNS else value.lower()


def named_turns(turns: Sequence[Turn]) -> list[Turn]:
    """The turns from one colour to another that are named, at most two: visible, of some size, to another name."""
    named: dict[tuple[str, str], Turn] = {}
    for turn in turns:  # two shades of a print may turn from and to the same two names
        if turn.delta_e >= NEW_COLOUR and turn.share >= SMALL and turn.before != turn.after:
            named.setdefault((turn.before, turn.after), turn)
    return list(named.values())[:2]


def _colours(description: Description, say: Language) -> str:
    tone = say.listed(_tone(description, say))
    turns = say.listed(
        say("{after} instead of {before}", after=say(turn.after), before=say(turn.before))
        for turn in named_turns(description.palette.turns)
    )
    return f"{tone}: {turns}" if tone and turns else tone or turns


def _tone(description: Description, say: Language) -> list[str]:
    parts, light, vivid = [], description.lightness, description.vividness
    if light.real and abs(light.change) >= MUCH:
        parts.append(say("much lighter") if light.change > 0 else say("much darker"))
    elif light.real:
        parts.append(say("lighter") if light.change > 0 else say("darker"))
    if vivid.real:
        parts.append(say("in stronger colours") if vivid.change > 0 else say("in paler colours"))
    return parts


def _shade(palette: PaletteChange, say: Language) -> list[str]:
    """A change of colour that can be seen, though neither name nor tone is another."""
    confirmed = sum(turn.share * turn.delta_e for turn in palette.turns)
    return [say("another shade of {colour}", colour=say(palette.after[0].name))] if confirmed >= SHADE else []


def _pattern(attributes: Mapping[str, AttributeChange], say: Language) -> str:
    one = attributes.get("appearance")
    if one is None or not one.changed:
        return ""
    before, after = (pattern_words(each.value, say) for each in (one.before, one.after))
    return say("{after} instead of {before}", after=after, before=before)


def _type(attributes: Mapping[str, AttributeChange], say: Language) -> str:
    one = attributes.get("type")
    if one is None or not one.changed:
        return ""
    before, after = (say(each.value) for each in (one.before, one.after))
    return say("looks more like “{after}” than “{before}”", after=after, before=before)
