"""What a product is: asked for where two kinds are near, said by the seller, or read from an item table in batches."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import gigs
from gigs.batch import Request, run
from gigs.cli.suggest import cautions
from gigs.errors import InputError
from gigs.method.options import Options
from gigs.method.presets import get_preset
from gigs.report import texts
from gigs.report.page import render_page
from gigs.result import Result
from gigs.verify import category

pytestmark = pytest.mark.usefixtures("small_limits", "pyramid_for_lpips")


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Two garments; the second is cut off below."""
    found = []
    for name, bottom in (("0017", 155), ("b-2", 180)):
        picture = Image.new("RGB", (120, 180), (244, 243, 240))
        picture.paste((70, 90, 150), (25, 25, 95, bottom))
        picture.save(tmp_path / f"{name}.png")
        found.append(tmp_path / f"{name}.png")
    return found


def request(pack: Path, photos: list[Path], out: Path, **more: object) -> Request:
    options = Options(preset=get_preset("fast", n=2, steps=1), force=True, **more.pop("options", {}))
    asked = {"audience": "ladies", "min_audience": 1} | more
    return Request(options=options, photos=tuple(photos), out=out, pack=str(pack), **asked)


def test_types_of_many_photos_come_from_the_item_table(shops_pack: Path, photos: list[Path], tmp_path: Path) -> None:
    names = gigs.Session(shops_pack).panel(gigs.load_pack(shops_pack).audience("everyone")).category.names
    table = tmp_path / "items.csv"
    table.write_text(f"sku;Product type;price\n17;{names[1].upper()}s;3\nB/2;Kimono;4\n", encoding="utf-8")
    asked = request(shops_pack, photos, tmp_path / "out", types=table)
    with pytest.warns(UserWarning, match="items.csv: calls products Kimono, which the pack does not tell apart"):
        done = run(asked)
    said = [result.verification.category for _, result in done.results]
    assert [one.told for one in said] == [True, False] and said[0].photo == names[1]
    with pytest.raises(InputError, match="`types` needs photos"):
        request(shops_pack, photos, tmp_path / "out", types=table, options={"product_type": "Shirt"})


def test_a_product_that_is_cut_off_and_of_a_doubtful_kind_says_so_everywhere(
    shops_pack: Path, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(category, "NEAR", 1e9)  # everything is near
    session = gigs.Session(shops_pack)
    everyone = session.audience("everyone", minimum=1)
    result = session.suggest(photos[1], everyone, n=2, steps=1, force=True)
    result.save(tmp_path / "out")
    result = Result.read(tmp_path / "out")
    first, second = (one.name for one in result.verification.category.rivals)
    assert first != second
    cut, *_, kind = cautions(result)
    assert "cut off at the lower edge" in cut and f"“{first}” or “{second}”" in kind
    assert f"--type {second if first == result.verification.category.photo else first}" in kind
    page = render_page(result, "one")
    assert "cut off at the lower edge" in page and f"“{first}” or “{second}”" in page
    told = session.suggest(photos[0], everyone, n=2, steps=1, force=True, product_type=first)
    assert told.verification.category.rivals == () and texts.kind_in_doubt(told.verification.category) is None
    assert told.cutout.framing is None
