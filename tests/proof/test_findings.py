"""What a test found stands beside the right promise, and is called better only where that is proven."""

import numpy as np
import pytest

from gigs.errors import InputError
from gigs.proof.counts import Tally, read_counts
from gigs.proof.evidence import evidence, outcome
from gigs.proof.findings import Findings, compare
from gigs.proof.intervals import chosen_share
from gigs.result import Result
from gigs.verify.recalibration import expit, logit
from gigs.verify.share import Share
from tests.proof.sheets import SHARES, promised_result, sheet


def found(tmp_path, rows) -> Findings:
    result = Result.read(promised_result(tmp_path / "dress"))
    return compare(result, read_counts(sheet(tmp_path / "counts.csv", rows)), product="dress", fingerprint="0" * 64)


def test_a_panel_of_three_redesigns(tmp_path):
    findings = found(tmp_path, {"product": 100, "redesign 3": 40, "redesign 1": 104, "redesign 2": 160})
    assert [one.number for one in findings] == [3, 1, 2]
    assert [one.verdict for one in findings] == ["worse", "open", "better"]
    assert [one.promised for one in findings] == [None, SHARES[0], SHARES[1]]
    assert [one.outcome for one in findings] == [None, "agrees", "agrees"]
    assert findings.best.number == 2 and findings.coverage == pytest.approx(1 - 0.05 / 3)
    assert findings[2].found == chosen_share(160, 100) and findings[2].joint == chosen_share(
        160, 100, findings.coverage
    )
    assert findings[1].counted == 204 and findings[1].needed == 1259 and not findings[1].few


def test_what_one_redesign_alone_would_prove_three_do_not(tmp_path):
    alone = found(tmp_path, {"product": 100, "redesign 1": 133})[0]
    among = found(tmp_path, {"product": 100, "redesign 1": 133, "redesign 2": 100, "redesign 3": 90})[0]
    assert alone.found == among.found == alone.joint
    assert alone.verdict == "better" and among.verdict == "open"


def test_a_shop(tmp_path):
    findings = found(tmp_path, {"product": (30_000, 600), "redesign 1": (30_000, 760), "redesign 2": (20_000, 380)})
    better, open_ = findings
    assert better.verdict == "better" and open_.verdict == "open"
    assert better.found.of_100 == pytest.approx(100 * 760 / 1360)
    assert open_.found.of_100 == pytest.approx(100 * 19 / 39)  # 1.9 of 100 against 2.0: views are not equal
    assert better.difference.of_100 == pytest.approx(160 / 300) and better.difference.low > 0
    assert (better.uneven, open_.uneven) == (False, True)
    assert better.counted == 30_000 and better.needed == 27_593
    assert open_.outcome == "fewer"


def test_a_shop_without_sales_of_the_product_has_no_number_needed(tmp_path):
    one = found(tmp_path, {"product": (900, 0), "redesign 1": (900, 6)})[0]
    assert one.needed is None and one.few and one.found.high == 100


def test_a_redesign_that_the_result_does_not_have_is_refused(tmp_path):
    with pytest.raises(InputError, match="redesign 4 is not in this result, which has 3"):
        found(tmp_path, {"product": 3, "redesign 4": 5})


def test_the_same_counts_have_the_same_id_and_others_another(tmp_path):
    first = found(tmp_path, {"product": 100, "redesign 1": 104, "redesign 2": 160})
    assert first.id == found(tmp_path, {"redesign 2": 160, "redesign 1": 104, "product": 100}).id
    assert first.id != found(tmp_path, {"product": 100, "redesign 1": 104, "redesign 2": 161}).id


@pytest.mark.parametrize("n", [60, 400, 5000])
def test_right_promises_agree_19_times_in_20_whatever_the_size_of_the_test(n):
    """A promise of 56 whose interval is right: true shares are spread around it as it says."""
    rng, error = np.random.default_rng(0), 0.1
    promised = Share(56, expit(logit(56) - 1.96 * error), expit(logit(56) + 1.96 * error))
    truths = [expit(logit(56) + error * z) / 100 for z in rng.normal(size=3000)]
    taken = rng.binomial(n, truths)
    outcomes = [outcome(promised, evidence(Tally(choices=n - int(t)), Tally(choices=int(t)))) for t in taken]
    assert np.mean([one == "agrees" for one in outcomes]) == pytest.approx(0.95, abs=0.012)
    assert 0.01 < np.mean([one == "fewer" for one in outcomes]) < 0.045


def test_errors_of_evidence_are_those_of_simulated_tests():
    rng = np.random.default_rng(0)
    taken = rng.binomial(300, 0.55, 4000)
    choices = [evidence(Tally(choices=300 - int(t)), Tally(choices=int(t))) for t in taken]
    assert np.std([one.log_odds for one in choices]) == pytest.approx(choices[0].error, rel=0.05)
    sales = [
        evidence(Tally(views=4000, sales=int(a)), Tally(views=5000, sales=int(b)))
        for a, b in zip(rng.binomial(4000, 0.1, 4000), rng.binomial(5000, 0.12, 4000), strict=True)
    ]
    assert np.std([one.log_odds for one in sales]) == pytest.approx(np.mean([one.error for one in sales]), rel=0.04)
    assert np.mean([one.of_100 for one in sales]) == pytest.approx(100 * 12 / 22, abs=0.1)
