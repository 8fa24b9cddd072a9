"""Files of an experiment, its answers in words, and the command."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from gigs.experiments import report
from gigs.experiments.claims import answers
from gigs.experiments.paper import CLAIMS, PRINTED
from gigs.experiments.report import run_experiments, write_summary
from gigs.experiments.table import describe_table
from gigs.experiments.table_files import as_csv, as_markdown, write_table
from gigs.metrics.inception import Classifier
from tests.experiments.small_bench import SETTINGS, small_bench, with_judges
from tests.helpers.command_line import gigs


class Colours(Classifier):
    """Features and classes without weights to fetch."""

    name, width, suffix = "colours", 3, "-colours"

    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(3, 4)
        torch.nn.init.eye_(self.head.weight)

    def forward(self, images):
        return images.mean((2, 3))


@pytest.fixture(scope="module", autouse=True)
def small_parts(pyramid_for_lpips_throughout):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIGS_COMPUTE", "fp32")
        patch.setattr(report, "figure_network", Colours)
        yield


@pytest.fixture(scope="module")
def bench(tiny_catalogue, tmp_path_factory):
    return with_judges(small_bench(tmp_path_factory.mktemp("bench"), tiny_catalogue))


@pytest.fixture(scope="module")
def described(bench):
    return describe_table("table5", bench, report.run_table("table5", bench), Colours())


def test_every_figure_has_its_n_and_interval(described):
    for row in described["rows"]:
        names = set(row["figures"])
        assert {"preference", "shift", "judges_gain", "IS-colours", "FID-colours", "KID-colours"} <= names
        assert {"opposite_ssim_text", "opposite_ssim_code", "opposite_ssim_pairs"} <= names
        for one in row["figures"].values():
            assert one["items"] == 3 and one["n"] >= 3 and one["low"] <= one["mean"] <= one["high"]


def test_the_papers_rows_stand_beside_ours_with_what_each_was_measured_on(described):
    text = as_markdown(described)
    assert "Amazon Fashion" in text and "12 users of the recommender" in text
    assert "| 10000 | 1.04 ± 0.82 |" in text  # also rows that these data are too small for
    assert "T=2 (inversion)" in text and "T=2 (shifting)" in text
    rows = list(csv.DictReader(io.StringIO(as_csv(described))))
    paper = {(row["row"], row["figure"]): float(row["mean"]) for row in rows if row["method"] == "paper"}
    assert paper["5", "shift"] == PRINTED["table5"]["5"]["shift"][0]
    ours = [row for row in rows if (row["row"], row["figure"]) == ("3", "shift") and row["method"] == "gradient"]
    assert float(ours[0]["mean"]) == described["rows"][1]["figures"]["shift"]["mean"]


def test_files_say_the_same_as_the_table(described, tmp_path):
    paths = write_table(tmp_path, described)
    assert [path.suffix for path in paths] == [".json", ".csv", ".md"]
    assert json.loads(paths[0].read_text()) == json.loads(json.dumps(described))


def test_all_leaves_tables_plots_grids_and_a_summary(bench, tmp_path):
    own = replace(bench, settings=replace(SETTINGS, items=2))
    said = []
    names = ("table2", "table3", "table4", "table5", "radius", "figures")
    files = run_experiments(names, own, tmp_path, tell=said.append)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in files}
    for name in ("table4-honest.md", "fig4-honest.png", "fig5-honest.png", "fig6-honest.png", "radius-honest.png"):
        assert (tmp_path / name).stat().st_size > 500
    assert any("to go: about" in line for line in said)
    summary = (tmp_path / "summary-honest.md").read_text()
    assert "not run yet" not in summary and "no baseline was given" in summary


def test_fig_5_shows_a_catalogues_photo_only_on_request(bench, tmp_path):
    own = replace(bench, settings=replace(SETTINGS, items=1))
    run_experiments(["figures"], own, tmp_path)
    run_experiments(["figures"], own, tmp_path, photos=True)
    plain, shown = (np.asarray(Image.open(tmp_path / f"fig5-honest{end}.png")) for end in ("", "-with-photos"))
    assert shown.shape[1] > plain.shape[1]
    record = report.run_table("table3", own)[0]
    row = int((own.catalogue.items["item_id"].astype(str) == record["item_id"]).to_numpy().argmax())
    photo = (own.photo(row)[0].permute(1, 2, 0).numpy() * 255).mean((0, 1))
    column = shown[32:128, 6:102].reshape(-1, 3).mean(0)
    assert np.abs(column - photo).max() < 3 < np.abs(plain[32:128, 6:102].reshape(-1, 3).mean(0) - photo).max()


def pair(figure, first, second, n=50, **more):
    """A comparison as `compare.paired` makes it, of a difference that is clear."""
    gap = first - second
    share = first / second - 1
    found = {
        "kind": "paired", "figure": figure, "first_row": ["method", "gradient"],
        "second_row": ["personalised", "personalised"], "n": n, "first": first, "second": second,
        "difference": gap, "low": gap - 0.1, "high": gap + 0.1, "wilcoxon_p": 0.001, "t_test_p": 0.001,
        "lead": {"n": n, "share": share, "low": share - 0.05, "high": share + 0.05},
    }  # fmt: skip
    return found | more


def said(*comparisons):
    table = {"comparisons": list(comparisons), "rows": [], "scorers": [{"name": "lite0"}]}
    return answers({"table2": table})


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (pair("preference", 9.0, 5.0), "Yes: +80.0%"),
        (pair("preference", 5.3, 5.0), "ahead, but by less"),
        (pair("preference", 5.8, 5.0), "includes that share"),
        (pair("preference", 4.0, 5.0), "No, the opposite"),
        (pair("preference", 5.05, 5.0), "No difference is shown"),
        (pair("preference", 9.0, 5.0, n=2), "Too few items"),
        (pair("preference", 9.0, 5.0, wilcoxon_p=0.4), "the rank test does not confirm it"),
        (pair("preference", 2.0, -1.0, lead={"share": None}), "its share cannot be given"),
    ],
)
def test_the_answer_follows_the_numbers(one, words):
    text = said(one)[0]
    assert words in text and f"n={one['n']}" in text and f"{CLAIMS['preference']:.1%}" in text


def slope_of(low, high):
    mid = (low + high) / 2
    cells = [{"cell": str(n), "method": "gradient", "figures": {"shift": {"mean": 1.0}}} for n in (10, 100)]
    one = {
        "kind": "slope", "figure": "shift", "method": "gradient", "counts": [10, 100], "n": 50, "slope": mid,
        "low": low, "high": high,
    }  # fmt: skip
    return answers({"table5": {"comparisons": [one], "rows": cells}})[0]


def test_levelling_off_is_said_only_where_no_slope_is_shown():
    assert "it levels off" in slope_of(-0.1, 0.1)
    assert "still falls" in slope_of(-0.3, -0.1) and "still rises" in slope_of(0.1, 0.3)


def test_a_summary_says_what_is_missing(tmp_path):
    text = write_summary(tmp_path, "honest").read_text()
    assert "not run yet: table2, table3, table4, table5, radius" in text


@pytest.mark.weights  # of the bundled pack's judges
def test_more_users_than_bought_something_are_refused_in_one_line(tiny_catalogue, tmp_path):
    found = gigs("experiment", "table3", tiny_catalogue.root, "--items", "50", "--out", tmp_path / "out")
    assert found.returncode == 2 and "6 users bought" in found.stderr and "fewer --items" in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--protocol", "kind", "paper-text"), ("--items", "0", "at least 1 item"), ("--method", "magic", "supported"),
        ("--segment", "shoes", "NAME=CONDITION"), ("--preset", "slow", "paper-text"), ("--seed", "-1", "negative"),
    ],
)  # fmt: skip
def test_impossible_options_are_refused_in_one_line(tiny_catalogue, option, value, words):
    found = gigs("experiment", "table3", tiny_catalogue.root, option, value)
    assert found.returncode == 2 and words in found.stderr and len(found.stderr.strip().splitlines()) == 1


def test_a_table_runs_from_the_command_line(bench, tmp_path):
    folder = bench.work.parent
    found = gigs(
        "experiment", "radius", bench.catalogue.root, "--recommender", folder / "target.safetensors", "--pack",
        folder / "pack", "--items", "1", "--steps", "1", "--protocol", "paper-code", "--out", tmp_path / "out",
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    table = json.loads((tmp_path / "out" / "radius-paper-code.json").read_text())
    assert table["settings"]["n"] == 6 and table["settings"]["counted"] == 3 and len(table["rows"]) == 11
    assert table["rows"][0]["figures"]["preference"]["n"] == 3
    assert "no judges" in table["why_no_judges"]
