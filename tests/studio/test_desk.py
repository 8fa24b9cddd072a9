"""What the desk does with events, without a browser."""

from __future__ import annotations

import re
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from gigs.errors import InputError
from gigs.inversion.gate import RefusedError
from gigs.languages import ENGLISH, language
from gigs.method.choice import NothingToShowError
from gigs.packs import load_pack
from gigs.service.engine import Engine, Wish
from gigs.service.folder import bytes_in
from gigs.service.jobs import TooSlowError
from gigs.studio import texts
from gigs.studio.desk import uploaded
from gigs.studio.limits import Limits
from gigs.studio.screen import Screen
from gigs.studio.visits import ARCHIVE
from tests.helpers.pictures import encoded, quadrants
from tests.studio.scripted import WISH


def upload(folder: Path, content: bytes | None = None, name: str = "shirt.png") -> dict:
    path = folder / "uploads" / "ab12" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(encoded(quadrants()) if content is None else content)
    return {"path": str(path), "orig_name": name, "meta": {"_type": "gradio.FileData"}}


def test_a_photo_a_draft_a_run_and_its_report(desk, engine, tmp_path):
    last = list(desk.choose("one", upload(tmp_path), WISH))[-1]
    assert "draft for all buyers" in last.status and last.results.count(texts.CONCEPT) >= 2
    assert not last.running
    engine.pause = 0.1  # so that nobody's listening lags behind
    screens = list(desk.redesign("one", WISH))
    assert all(each.running for each in screens[:-1]) and not screens[-1].running
    shares = [int(found[1]) for each in screens if (found := re.search(r'value="(\d+)"', each.status))]
    assert shares == sorted(shares) and shares[-1] > shares[0]
    assert any(each.results and texts.ARRIVING in each.results for each in screens[:-1])
    links = re.findall(r'href="result/(\w{32})/([\w.-]+)["#]', screens[-1].results)
    assert {name for _, name in links} == {"report.html", "compare.html", ARCHIVE}
    with zipfile.ZipFile(desk.visits.file(*links[1])) as packed:
        assert "gigs-redesigns/report.html" in packed.namelist()
    assert [wish.count for wish in engine.wishes] == [2, 2] and engine.wishes[0].change == 0.5


def test_masks_are_uploads_like_any_other(desk, engine, tmp_path):
    mask, region = upload(tmp_path, name="mask.png"), upload(tmp_path, name="logo.png")
    list(desk.choose("one", upload(tmp_path), WISH | {"mask": mask, "region": region}))
    assert (engine.wishes[-1].mask, engine.wishes[-1].region) == (Path(mask["path"]), Path(region["path"]))
    list(desk.draft("one", WISH | {"mask": None}))
    assert engine.wishes[-1].mask is None and engine.wishes[-1].region is None
    for odd in ({"path": "/etc/passwd"}, "mask.png", {"path": "http://elsewhere/mask.png"}):
        assert texts.NO_ADDRESS in list(desk.draft("one", WISH | {"region": odd}))[-1].status


def test_the_product_in_other_colours(desk, engine, tmp_path):
    list(desk.choose("one", upload(tmp_path), WISH))
    assert texts.NO_PHOTO in list(desk.colours("two", "", WISH))[-1].status
    first = list(desk.colours("one", " navy, #7a1f2b ", WISH))[-1]
    assert engine.named == "navy, #7a1f2b" and "blue 1" in first.colours and "#223355" in first.colours
    ((key, page), *pictures) = re.findall(r'"result/(\w{32})/([\w.-]+)"', first.colours)
    assert page == "colours.html" and [name for _, name in pictures] == ["colour-1.png", "colour-2.png"]
    assert all(desk.visits.file(key, name).is_file() for name in ("colours.html", "colour-2.png"))
    assert desk.visits.file(key, "colours.json") is None
    list(desk.colours("one", None, WISH))
    assert desk.visits.file(key, "colours.html") is None  # the latest are kept, and no others
    for odd in (7, "x" * 300, "a\nb"):
        assert texts.ODD_COLOURS in list(desk.colours("one", odd, WISH))[-1].status


def test_a_photo_of_which_nothing_can_be_shown_is_told_what_to_do(desk, engine, tmp_path):
    engine.error = NothingToShowError("nothing")
    assert "Let more change" in list(desk.choose("one", upload(tmp_path), WISH))[-1].status


def test_the_clients_file_name_is_used_nowhere(desk, tmp_path):
    list(desk.choose("one", upload(tmp_path, name="..%2fevil<b>.png"), WISH))
    names = [path.name for path in (tmp_path / "visits").rglob("*")]
    assert names and all(re.fullmatch(r"\w{32}", name) for name in names)


def test_stop_really_ends_the_computation(desk, engine, tmp_path):
    list(desk.choose("one", upload(tmp_path), WISH))
    engine.steps, engine.taken = 10_000, 0
    screens = []
    for each in desk.redesign("one", WISH):
        screens.append(each)
        if engine.taken >= 3:
            desk.stop("one")
    job = desk.visits.of("one").job
    assert job.done.wait(10) and engine.running == 0
    assert engine.taken < 1000 and texts.STOPPED in screens[-1].status and not screens[-1].running
    taken = engine.taken
    assert not threading.Event().wait(0.3) and engine.taken == taken
    assert [path for path in desk.visits.of("one").folder.iterdir() if path.is_dir()] == []
    engine.steps = 1
    assert "Done in" in list(desk.redesign("one", WISH))[-1].status  # and the next run is not held up


def test_whoever_closes_the_page_stops_the_computation(desk, engine, tmp_path):
    list(desk.choose("one", upload(tmp_path), WISH))
    engine.steps = 10_000
    screens = desk.redesign("one", WISH)
    next(screens)
    visit = desk.visits.of("one")
    desk.visits.leave("one")
    assert visit.job.done.wait(10) and engine.taken < 5000
    screens.close()
    desk.visits.sweep(0)
    assert not visit.folder.exists() and len(desk.visits) == 0


def test_two_visitors_do_not_get_each_others_results(desk, engine, tmp_path):
    list(desk.choose("one", upload(tmp_path), WISH))
    list(desk.choose("two", upload(tmp_path), WISH | {"audience": "few"}))
    found: dict[str, list] = {}
    threads = [
        threading.Thread(target=lambda who=who, wish=wish: found.update({who: list(desk.redesign(who, wish))}))
        for who, wish in (("one", WISH), ("two", WISH | {"audience": "few"}))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert "for all buyers" in found["one"][-1].results and "for a few" in found["two"][-1].results
    keys = {who: set(re.findall(r"result/(\w{32})/", screens[-1].results)) for who, screens in found.items()}
    assert all(len(own) == 1 for own in keys.values()) and not keys["one"] & keys["two"]
    assert desk.visits.file(*keys["two"], "report.html").read_text() == "<p>few</p>"
    assert engine.most_running == 1  # one at a time
    assert all(len(desk.visits.of(who).results) == 1 for who in keys)


def test_a_full_line_says_so_in_plain_words(desk, engine, tmp_path):
    for who in "abcdefgh":
        list(desk.choose(who, upload(tmp_path), WISH))
    engine.gate.clear()
    found: dict[str, list] = {}

    def ask(who: str) -> None:
        found[who] = list(desk.redesign(who, WISH))

    threads = [threading.Thread(target=ask, args=(who,)) for who in "abcdefgh"]
    for thread in threads:
        thread.start()
    for _ in range(100):
        if len(found) == 5:  # one runs, two wait, as the limits say
            break
        threading.Event().wait(0.1)
    threading.Event().wait(0.5)  # those who wait are told so
    engine.gate.set()
    for thread in threads:
        thread.join(30)
    busy = [who for who, screens in found.items() if texts.BUSY in screens[-1].status]
    assert len(busy) == 5 and sum("Done in" in screens[-1].status for screens in found.values()) == 3
    said = [each.status for screens in found.values() for each in screens]
    assert any(texts.WAITING_NEXT in each or "come before you" in each for each in said)


def test_a_new_wish_replaces_the_draft_and_leaves_a_run_alone(desk, engine, tmp_path):
    list(desk.choose("one", upload(tmp_path), WISH))
    engine.gate.clear()
    first = desk.draft("one", WISH)
    next(first)
    job = desk.visits.of("one").job
    second = desk.draft("one", WISH | {"change": 80})
    next(second)
    assert job.stopped
    engine.gate.set()
    assert list(first) == [] and "draft for" in list(second)[-1].status
    engine.gate.clear()
    run = desk.redesign("one", WISH)
    next(run)
    assert list(desk.draft("one", WISH)) == [] and list(desk.redesign("one", WISH)) == []
    assert texts.RUNNING in list(desk.choose("one", upload(tmp_path), WISH))[-1].status.replace("&#34;", '"')
    engine.gate.set()
    assert "Done in" in list(run)[-1].status


def test_a_refused_photo_can_be_gone_on_with(desk, engine, tmp_path):
    engine.error = RefusedError("This picture could not be redrawn as a product.")
    last = list(desk.choose("one", upload(tmp_path), WISH))[-1]
    assert last.anyway and "could not be redrawn" in last.status and "Go on with this photo anyway" in last.status
    engine.error = None
    assert not list(desk.redesign("one", WISH | {"anyway": True}))[-1].anyway
    assert engine.wishes[-1].anyway


def test_what_goes_wrong_inside_is_not_shown(desk, engine, tmp_path, caplog):
    engine.error = RuntimeError("secret path /root/x")
    last = list(desk.choose("one", upload(tmp_path), WISH))[-1]
    assert texts.BROKEN in last.status and "secret" not in last.status and "secret" in caplog.text


def test_a_computation_that_takes_too_long_is_ended(desk, engine, tmp_path):
    list(desk.choose("one", upload(tmp_path), WISH))
    engine.steps = 10**9
    desk.jobs._limits = replace(desk.limits, seconds=0.2)
    last = list(desk.redesign("one", WISH))[-1]
    assert "was stopped" in last.status and not last.running


def test_the_time_that_a_photo_takes_to_load_counts(desk, engine, tmp_path, monkeypatch):
    """Row 38: with its time up, or stopped, a computation takes no step after the photo is there."""
    list(desk.choose("one", upload(tmp_path), WISH))
    plain, loading = engine.look, threading.Event()

    def slow(path):
        loading.set()
        threading.Event().wait(0.4)
        return plain(path)

    monkeypatch.setattr(engine, "look", slow)
    engine.taken, desk.jobs._limits = 0, replace(desk.limits, seconds=0.1)
    assert "was stopped" in list(desk.redesign("one", WISH))[-1].status and engine.taken == 0
    desk.jobs._limits = desk.limits
    loading.clear()
    stopper = threading.Thread(target=lambda: (loading.wait(5), desk.stop("one")))
    stopper.start()
    assert texts.STOPPED in list(desk.redesign("one", WISH))[-1].status and engine.taken == 0
    stopper.join()


def test_the_engine_looks_at_the_clock_once_a_photo_is_decoded(small_pack, tmp_path):
    """Row 38: in every computation; the models are not even asked."""

    def up(step):
        raise TooSlowError("took longer")

    engine = Engine(str(small_pack))
    wish = Wish(photo=load_pack(small_pack).examples()[0], audience="everyone")
    for act in (
        lambda: engine.draft(wish, up),
        lambda: engine.redesign(wish, tmp_path / "out", up),
        lambda: engine.colours(wish, "", tmp_path / "out", up),
    ):
        with pytest.raises(TooSlowError):
            act()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "odd",
    [
        {"audience": "martians"}, {"audience": None}, {"audience": ["everyone"]}, {"change": -1}, {"change": 1e9},
        {"change": float("nan")}, {"change": "50"}, {"change": True}, {"count": 0}, {"count": 9}, {"count": 1e6},
        {"count": None}, {"kind": "Martian"}, {"kind": ["Shirt"]},
    ],
)  # fmt: skip
def test_a_page_that_asks_for_more_than_it_offers_gets_nothing(desk, engine, tmp_path, odd):
    list(desk.choose("one", upload(tmp_path), WISH))
    engine.wishes.clear()
    screens = list(desk.redesign("one", WISH | odd))
    assert len(screens) == 1 and "gigs-error" in screens[0].status and engine.wishes == []


def test_a_visitor_says_what_the_product_is_or_lets_the_computer_see(desk, engine, tmp_path):
    for given, kind in (("Shirt", "Shirt"), ("", None)):
        list(desk.choose("one", upload(tmp_path), WISH | {"kind": given}))
        assert engine.wishes[-1].kind == kind


def test_two_kinds_that_are_near_are_asked_for_until_one_is_said(desk, engine, tmp_path):
    engine.asks = ("Dress", "Shirt")
    last = list(desk.choose("one", upload(tmp_path), WISH))[-1]
    assert last.asks == ("Dress", "Shirt") and "is this “Dress” or “Shirt”?" in last.status
    last = list(desk.draft("one", WISH | {"kind": "Shirt"}))[-1]
    assert engine.wishes[-1].kind == "Shirt" and last.asks == () and "draft for all buyers" in last.status
    assert list(desk.choose("one", None, WISH))[-1].asks == ()


def test_what_the_page_shows_of_a_question():
    page = pytest.importorskip("gigs.studio.page")
    asked = page._asked(("Dress", "Shirt"), language("de"))
    assert (asked["choices"], asked["visible"]) == ([("Kleid", "Dress"), ("Hemd", "Shirt")], True)
    assert page._asked((), ENGLISH)["visible"] is False
    assert len(next(page._shown(iter([Screen("")]), ENGLISH))) == len(page.OUTPUTS)


def test_a_draft_of_a_close_up_says_so(desk, engine, tmp_path):
    engine.caution = ("The photo seems to show a part of the product from near.",)
    assert engine.caution[0] in list(desk.choose("one", upload(tmp_path), WISH))[-1].results


def test_without_a_photo_or_a_session_there_is_nothing_to_do(desk, tmp_path):
    assert texts.NO_PHOTO in list(desk.redesign("one", WISH))[-1].status
    assert texts.NO_SESSION in list(desk.redesign(None, WISH))[-1].status
    assert texts.NO_PHOTO in list(desk.example("one", 99, WISH))[-1].status
    assert texts.START in list(desk.choose("one", None, WISH))[-1].status
    desk.stop("nobody")


def test_only_uploads_are_files(desk, tmp_path):
    inside = Path(upload(tmp_path)["path"])
    secret = tmp_path / "secret.png"
    secret.write_bytes(inside.read_bytes())
    link = tmp_path / "uploads" / "link.png"
    link.symlink_to(secret)
    assert uploaded(str(inside), tmp_path / "uploads") == inside
    for given in (
        "http://169.254.169.254/latest", "https://example.com/a.png", "file:///etc/passwd", str(secret), "/etc/passwd",
        str(link), str(inside.parent), str(inside.parent / ".." / ".." / "secret.png"), f"{inside}\0.png", "shirt.png",
        None, 7, "",
    ):  # fmt: skip
        assert uploaded(given, tmp_path / "uploads") is None, given
        screens = list(desk.choose("one", {"path": given}, WISH))
        assert len(screens) == 1 and texts.NO_ADDRESS in screens[0].status, given


def test_a_photo_larger_than_granted_is_refused_unread(desk, tmp_path):
    desk.limits = replace(desk.limits, photo_bytes=1 << 20)
    given = upload(tmp_path, b"\x89PNG" + bytes(1 << 20))
    assert "larger than 1 MB" in list(desk.choose("one", given, WISH))[-1].status


def test_the_history_is_short_and_its_files_go_with_it(desk, engine, tmp_path):
    list(desk.choose("one", upload(tmp_path), WISH))
    folders = []
    for _ in range(3):
        last = list(desk.redesign("one", WISH))[-1]
        folders.append(desk.visits.of("one").results[0].folder)
    assert not folders[0].exists() and folders[1].exists() and folders[2].exists()
    assert folders[1].name in last.history and folders[2].name in last.results and folders[2].name not in last.history


def test_choosing_takes_no_room_however_often(desk, engine, tmp_path):
    """Row 41: a photo is linked, not copied, and the one before it goes."""
    given = upload(tmp_path, encoded(quadrants(600, 900)))
    Path(given["path"]).parent.joinpath("other.png").write_bytes(b"x")
    used = []
    for _ in range(20):
        list(desk.choose("one", given, WISH))
        used.append({(one := path.stat()).st_ino: one.st_size for path in tmp_path.rglob("*") if path.is_file()})
    assert all(sum(each.values()) == sum(used[0].values()) for each in used)
    visit = desk.visits.of("one")
    assert [path for path in visit.folder.iterdir() if path.is_file()] == [visit.photo]
    Path(given["path"]).unlink()  # it gave way to other uploads
    assert "Done in" in list(desk.redesign("one", WISH))[-1].status
    list(desk.choose("one", None, WISH))
    assert [path for path in visit.folder.iterdir() if path.is_file()] == []
    list(desk.example("one", 0, WISH))
    list(desk.choose("one", None, WISH))
    assert desk.engine.pack.examples()[0].is_file()


def run_of(desk, session: str) -> list[Path]:
    """Folders of a visitor's results after one more run, newest first."""
    list(desk.redesign(session, WISH))
    return [one.folder for one in desk.visits.of(session).results]


def test_results_have_room_for_each_visitor_and_for_all(desk, engine, tmp_path):
    """Row 41: the oldest give way, first of those who left; the newest never."""
    for session in ("one", "two", "three"):
        list(desk.choose(session, upload(tmp_path), WISH))
    size = bytes_in(run_of(desk, "one")[0])
    limits = replace(desk.limits, history=10, visit_bytes=int(2.5 * size), result_bytes=int(4.5 * size))
    desk.visits._limits = limits
    folders = [run_of(desk, "one")[0] for _ in range(2)]
    assert run_of(desk, "one")[1] == folders[-1] and len(desk.visits.of("one").results) == 2
    first = [run_of(desk, "two")[0] for _ in range(2)]
    desk.visits.leave("two")
    assert all(folder.is_dir() for folder in first)
    run_of(desk, "three")
    gone = desk.visits.known("two")
    assert not first[0].exists() and [one.folder for one in gone.results] == first[1:]
    assert len(desk.visits.of("one").results) == 2
    desk.visits._limits = replace(limits, visit_bytes=1, result_bytes=1)
    assert len(run_of(desk, "three")) == 1 and bytes_in(tmp_path / "visits") < 2 * size
    list(desk.colours("three", "", WISH))
    visit = desk.visits.of("three")
    assert visit.results == [] and visit.colours.folder.is_dir() and visit.colours.size > 1


def test_files_of_a_result_are_those_it_has(desk, tmp_path):
    list(desk.choose("one", upload(tmp_path), WISH))
    list(desk.redesign("one", WISH))
    result = desk.visits.of("one").results[0]
    assert desk.visits.file(result.key, "suggestion-1.png").is_file()
    for key, name in (
        (result.key, "result.json"),
        (result.key, "../" + result.key),
        (result.key, ""),
        ("x", "report.html"),
    ):
        assert desk.visits.file(key, name) is None


def test_limits_are_above_zero():
    with pytest.raises(InputError, match="seconds must be above 0"):
        Limits(seconds=0)


def test_a_visit_in_german_is_german_to_the_end(desk, engine, tmp_path):
    """The draft, what goes wrong, the result, its report and the history; the same engine, the same result."""
    say = language("de")
    engine.plain, engine.asks = False, ("Dress", "Shirt")
    engine.caution = ("it is in many pieces",)
    draft = list(desk.choose("one", upload(tmp_path), WISH, say))[-1]
    assert "Ist das „Kleid“ oder „Hemd“?" in draft.status and "er besteht aus vielen Teilen" in draft.results
    engine.asks = ()
    assert "Vorschau für alle Käufer" in list(desk.draft("one", WISH, say))[-1].status
    for _ in range(2):
        last = list(desk.redesign("one", WISH, say))[-1]
    assert "Fertig in" in last.status and "Marineblau statt Hellblau" in last.results
    assert "2 Entwürfe für alle Käufer" in last.results and "2 Entwürfe für alle Käufer" in last.history
    kept = desk.visits.of("one").results[0]
    assert (kept.folder / "report.html").read_text().startswith('<!doctype html>\n<html lang="de">')
    assert kept.result.audience.label == "all buyers" and "navy" in (kept.folder / "result.json").read_text()
    assert "Wählen Sie zuerst ein Foto" in list(desk.redesign("two", WISH, say))[-1].status
