"""The sentences of packages that know nothing of languages are recognised as those packages really say them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gigs.errors import InputError
from gigs.explain import description, words
from gigs.explain.colours import colour_names
from gigs.inversion.gate import BLANK, WORDS
from gigs.languages import known, language
from gigs.method import dyes
from gigs.packs import load_pack
from gigs.packs.panel import types_of
from gigs.recommender.standing import doubt_of
from gigs.result.compose import CAUTION
from gigs.service import texts
from gigs.transfer.colour_words import colours_in
from gigs.transfer.framing import CLOSE, CUT, EDGES, SEVERAL, _listed
from gigs.transfer.mask import from_mask, region_from
from gigs.vision.images import decode_photo
from tests.helpers.pictures import png

OTHERS = [language(code) for code in known()[1:]]
SAID = {
    "de": "Deutlich dunkler: Marineblau statt Hellblau; länger und weiter; am stärksten ändern sich Seiten und Ärmel.",
    "es": "Mucho más oscuro: azul marino en lugar de azul claro; más largo y más ancho; lo que más cambia son los "
    "lados y las mangas.",
}
ENGLISH_WORDS = ("the", "photo", "product", "is", "of", "and", "which", "pixels", "edges")


def is_english(text: str) -> bool:
    return bool({*text.lower().replace(":", " ").replace(".", " ").split()} & {*ENGLISH_WORDS})


def refused(act) -> str:
    with pytest.raises(InputError) as found:
        act()
    return str(found.value)


def photos() -> list[str]:
    name = texts.YOUR_PHOTO
    contents = (
        b"dear diary, today I saw",
        b"",
        b"%PDF-1.7 ....",
        bytes(range(64)),
        png(8, 8, 8, 2, b""),
        png(5000, 64, 8, 2, b""),
    )
    return [refused(lambda content=content: decode_photo(content, name)) for content in contents]


def masks() -> list[str]:
    photo, name = Image.new("RGB", (100, 80)), texts.YOUR_MASK
    grey, none, every = (np.full((80, 100), value, np.uint8) for value in (128, 0, 255))
    pieces = np.zeros((80, 100), np.uint8)
    pieces[::4, ::4] = 255
    made = [refused(lambda mask=mask: from_mask(mask, photo, name)) for mask in (grey[:40], grey, none, every, pieces)]
    return [*made, refused(lambda: region_from(none, photo, texts.YOUR_REGION))]


def cautions() -> list[str]:
    edges = [_listed(list(some)) for some in (EDGES[:1], EDGES[1:3], EDGES[:3], EDGES)]
    return [
        WORDS["rough"], WORDS["refused"], BLANK, CAUTION,
        CLOSE.format(how="hardly any backdrop is to be seen around it"),
        *(CLOSE.format(how=f"it runs over its {one}") for one in edges), *(CUT.format(edges=one) for one in edges),
        SEVERAL.format(count=3), doubt_of({}), doubt_of({"value": 0.6, "low": 0.52, "high": 0.7, "n": 3}),
        doubt_of({"value": 0.51, "low": 0.45, "high": 0.6, "n": 300}), refused(lambda: colours_in("nocolouratall")),
    ]  # fmt: skip


def test_the_reasons_of_an_unsure_cut_out_are_those_of_its_code():
    code = Path(load_pack.__code__.co_filename).parents[1] / "transfer" / "doubt.py"
    from gigs.languages import elsewhere

    text = code.read_text(encoding="utf-8")
    reasons = [one for one in elsewhere.PHOTO_AND_PRODUCT if f'"{one}"' in text]
    assert len(reasons) == 7 and "The cut-out is unsure: {reason}. Look at it, or give a mask of the product." in text


@pytest.mark.parametrize("say", OTHERS, ids=lambda say: say.code)
@pytest.mark.parametrize("said", [photos, masks, cautions])
def test_what_is_said_of_a_photo_is_recognised(say, said):
    for sentence in said():
        own = say.sentence(sentence)
        assert own != sentence and not is_english(own), own


@pytest.mark.parametrize("say", OTHERS, ids=lambda say: say.code)
def test_the_words_of_the_bundled_pack_are_there(say):
    pack = load_pack("hm-64")
    catalogue = say._translations._catalog
    named = [*(one["label"] for one in pack.audiences.values()), *types_of(pack), *colour_names(), *dyes.names()]
    assert [one for one in named if one not in catalogue] == []


@pytest.mark.parametrize("say", OTHERS, ids=lambda say: say.code)
def test_a_change_is_described_in_the_language(say):
    navy, sky = (description.Colour(name, "#223355", 1.0) for name in ("navy blue", "light blue"))
    turn = description.Turn("light blue", "navy blue", 1.0, 30.0)
    about = description.Description(
        words="", nothing=False, where="the sides and sleeves", attributes={},
        palette=description.PaletteChange((sky,), (navy,), 30.0, (turn,)),
        lightness=description.Tone(-20.0, True), vividness=description.Tone(0.0, False),
        outline=description.OutlineChange(1.2, 1.3, 0.7, ("longer", "wider")),
    )  # fmt: skip
    assert words.sentence(about, language("en")) == (
        "Much darker: navy blue instead of light blue; longer and wider; the sides and sleeves change most."
    )
    assert words.sentence(about, say) == SAID[say.code]
