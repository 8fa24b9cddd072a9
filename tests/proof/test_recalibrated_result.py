"""What tests have taught goes into later promises: shares, verdicts and the record, and back out of the ledger."""

from __future__ import annotations

import shutil

import pytest

from gigs.errors import InputError
from gigs.packs import load_pack
from gigs.proof import compare_folder, read_ledger
from gigs.result import Result
from gigs.session import Session
from gigs.studies.share import write_map
from gigs.verify.recalibration import Recalibration, logit
from gigs.verify.share_map import Estimate, ShareMap
from tests.helpers.command_line import gigs
from tests.proof.sheets import sheet

pytestmark = pytest.mark.usefixtures("small_limits", "pyramid_for_lpips")

LEARNED = Recalibration(slope=0.5, variances=(0.01, 0.0, 0.01), tests=4, redesigns=9)
ASKED = {"preset": "preview", "n": 2, "render": "drawn"}


@pytest.fixture(scope="module")
def pack(small_limits, shops_pack, tmp_path_factory):
    """The shop's pack with a map from gains to shares."""
    root = shutil.copytree(shops_pack, tmp_path_factory.mktemp("mapped") / "pack")
    write_map(load_pack(root), ShareMap(slope=Estimate(0.4, 0.05), reliability=0.8, about={"purchases": 900}))
    return root


@pytest.fixture(scope="module")
def photo(pack):
    return load_pack(pack).examples()[0]


def suggested(session: Session, photo, **more) -> Result:
    """For an audience that is small on purpose."""
    return session.suggest(photo, session.pack.audience("ladies"), **ASKED, **more)


def test_shares_are_put_right_by_what_tests_have_taught(pack, photo, tmp_path):
    plain = suggested(Session(pack), photo)
    put_right = suggested(Session(pack, recalibration=LEARNED.write(tmp_path / "learned.json")), photo)
    for before, after in zip(plain, put_right, strict=True):
        assert logit(after.share.of_100) == pytest.approx(logit(before.share.of_100) / 2, abs=3e-3)
        assert after.verdict == ("likely" if after.share.low > 50 else "unclear" if after.share.of_100 > 50 else
                                 "no gain found")  # fmt: skip
    assert plain.verification.recalibration is None
    assert put_right.verification.recalibration == LEARNED
    put_right.save(tmp_path / "out")
    assert Result.read(tmp_path / "out").verification.recalibration == LEARNED
    said = "This allows for what 4 tests with people found of earlier promises."
    assert said in (tmp_path / "out" / "report.html").read_text()
    number = 1
    counts = sheet(tmp_path / "counts.csv", {"product": 90, f"redesign {number}": 110})
    compare_folder(tmp_path / "out", counts, ledger=tmp_path / "tests.jsonl")
    (entry,) = read_ledger(tmp_path / "tests.jsonl")
    assert entry.recalibration == LEARNED and entry.redesigns[0].promised == put_right[0].share
    judged = entry.as_judged().redesigns[0].promised
    assert judged.of_100 == pytest.approx(plain[0].share.of_100, abs=0.3)  # shares are kept to a tenth


def test_a_recalibration_without_shares_to_put_right_is_refused(pack, shops_pack, photo):
    with pytest.raises(InputError, match="these judges promise none"):
        suggested(Session(shops_pack, recalibration=LEARNED), photo)
    assert suggested(Session(shops_pack, recalibration=LEARNED), photo, verify=False)[0].share is None


def test_the_commands_name_a_file_that_is_none(tmp_path):
    (tmp_path / "learned.json").write_text("{}")
    for command in (("suggest", "--example", 1), ("colours", tmp_path / "photo.png")):
        done = gigs(*command, "--recalibration", tmp_path / "learned.json", "--out", tmp_path / "out")
        assert done.returncode == 2 and "not a recalibration that this version of gigs reads" in done.stderr
