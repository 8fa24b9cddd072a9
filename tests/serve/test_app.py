"""The API from a photo to a result, and what it answers on the way."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from gigs.inversion.gate import RefusedError
from gigs.method.choice import NothingToShowError
from gigs.progress import Step
from gigs.serve import texts
from gigs.service.problems import PlainError
from tests.helpers.pictures import encoded, quadrants
from tests.serve.serving import PHOTO, Caller, waited


def test_from_a_photo_to_pictures_and_report(caller, member):
    answer = caller.post(n=2, seed=7, preset="preview", keep=["print", "shape"], change=0.25, type="Dress")
    assert answer.status_code == 202 and answer.json()["state"] in ("waiting", "running")
    place = answer.headers["location"]
    assert place == answer.json()["links"]["self"] == f"/v1/redesigns/{answer.json()['id']}"
    done = caller.until(place, "done")
    wish = member.engine.wishes[-1]
    assert (wish.audience, wish.count, wish.seed, wish.preset, wish.change) == ("everyone", 2, 7, "preview", 0.25)
    assert wish.keep == ("print", "shape") and wish.kind == "Dress" and not wish.anyway
    assert done["result"]["audience"]["name"] == "everyone" and done["asked"]["seed"] == 7
    assert {"photo.png", "suggestion-1.png", "suggestion-2.png", "raw/photo.png"} <= set(done["pictures"])
    for address in done["pictures"].values():
        picture = caller.http.get(address)
        assert picture.headers["content-type"] == "image/png" and picture.headers["cache-control"].startswith("private")
    Image.open(io.BytesIO(caller.http.get(done["pictures"]["suggestion-1.png"]).content)).verify()
    report = caller.http.get(done["links"]["report"], follow_redirects=True)
    assert report.text == "<p>everyone</p>" and "default-src 'none'" in report.headers["content-security-policy"]
    assert done["created"] <= done["started"] <= done["finished"] < done["expires"]


def test_the_photo_goes_when_the_result_is_there(caller, server):
    place = caller.taken()
    caller.until(place, "done")
    folder = server.service.store.root / place.rpartition("/")[2]
    assert sorted(path.name for path in folder.iterdir()) == ["result", "task.json"]


def test_colours_go_the_same_way(caller, member):
    place = caller.taken(kind="colours", n=2, colours=" navy, #7a1f2b ")
    done = caller.until(place, "done")
    assert place.startswith("/v1/colours/") and member.engine.named == "navy, #7a1f2b"
    assert done["result"]["today"]["name"] == "red" and "colour-1.png" in done["pictures"]
    assert "red" in caller.http.get(done["links"]["report"], follow_redirects=True).text
    assert caller.http.get(place.replace("colours", "redesigns")).status_code == 404


def test_events_tell_the_place_in_the_line_the_steps_and_the_end(caller, member):
    member.engine.gate.clear()
    first, second = caller.taken(), caller.taken()
    caller.until(first, "running")
    told = []
    with caller.http.stream("GET", f"{second}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("event: "):
                told.append([line.removeprefix("event: ")])
            elif line.startswith("data: "):
                told[-1].append(json.loads(line.removeprefix("data: ")))
                member.engine.gate.set()
    assert [told[0][0], told[-1][0]] == ["waiting", "done"] and told[0][1]["ahead"] == 1
    assert "pictures" in told[-1][1] and "result" not in told[-1][1]


def test_the_status_says_how_far_it_is(caller, server, member):
    member.engine.gate.clear()
    place = caller.taken()
    caller.until(place, "running")
    task = server.service.store.get(place.rpartition("/")[2], "redesigns")
    task.step = Step("redesigning", 3, 20)
    assert caller.http.get(place).json()["progress"] == {"stage": "redesigning", "done": 3, "total": 20}
    for part in ("pictures/photo.png", "report"):
        answer = caller.http.get(f"{place}/{part}")
        assert answer.status_code == 409 and answer.json()["type"] == "/docs#not-finished"


@pytest.mark.parametrize(
    ("error", "state", "status", "words"),
    [
        (RefusedError("this does not look like a product"), "refused", 409, "force=true"),
        (NothingToShowError("nothing"), "failed", 422, "Raise `change`"),
        (PlainError("your photo: is odd"), "failed", 422, "Your photo: is odd."),
        (ValueError("secret of ours"), "failed", 500, texts.BROKEN),
    ],
)
def test_what_cannot_be_done_is_said_in_plain_words(caller, member, error, state, status, words):
    member.engine.error = error
    place = caller.taken()
    found = caller.until(place, "refused", "failed", "done")
    assert found["state"] == state and found["problem"]["status"] == status and words in found["problem"]["detail"]
    assert "secret" not in json.dumps(found) and "result" not in found
    answer = caller.http.get(f"{place}/pictures/photo.png")
    assert answer.status_code == 409 and answer.json()["detail"] == found["problem"]["detail"]


def test_force_goes_on(caller, member):
    caller.until(caller.taken(force="true"), "done")
    assert member.engine.wishes[-1].anyway


def test_delete_ends_what_runs_and_what_waits_and_removes_the_photo(caller, server, member):
    member.engine.gate.clear()
    running, waiting = caller.taken(), caller.taken()
    caller.until(running, "running")
    taken = member.engine.taken
    for place in (waiting, running):
        assert caller.http.delete(place).status_code == 204
        assert caller.http.get(place).status_code == caller.http.delete(place).status_code == 404
    root = server.service.store.root
    assert not (root / waiting.rpartition("/")[2]).exists()
    member.engine.gate.set()
    waited(lambda: not (root / running.rpartition("/")[2]).exists())
    assert member.engine.taken <= taken + 1
    caller.until(caller.taken(), "done")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"n": 9}, "n"), ({"n": 0}, "n"), ({"n": "x"}, "n"), ({"seed": -1}, "seed"), ({"change": "nan"}, "change"),
        ({"change": 1.5}, "change"), ({"preset": "paper-text"}, "preset"), ({"keep": ["wings"]}, "keep.0"),
        ({"audience": ""}, "audience"), ({"audience": "nobody"}, "audience"), ({"type": "Car"}, "type"),
        ({"bogus": 1}, "bogus"), ({"force": "maybe"}, "force"), ({"audience": "x" * 101}, "audience"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_used_is_named(caller, fields, field):
    answer = caller.post(**fields)
    assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json"
    assert field in [each["field"] for each in answer.json()["errors"]] and field in answer.json()["detail"]


def test_a_photo_is_needed_and_must_be_one(caller):
    nothing = caller.http.post("/v1/redesigns", files={"mask": PHOTO}, data={"audience": "everyone"})
    assert nothing.status_code == 422 and nothing.json()["errors"][0]["field"] == "photo"
    for content in (b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", PHOTO[:80]):
        answer = caller.post(photo=content)
        assert answer.status_code == 422 and answer.json()["type"] == "/docs#unusable-photo", content
        assert answer.json()["detail"].startswith("Your photo")
    odd = caller.post(mask=encoded(quadrants(), "PNG")[:50])
    assert odd.status_code == 422 and "where the product is" in odd.json()["detail"]
    answer = caller.http.post("/v1/redesigns", json={"photo": "x", "audience": "everyone"})
    assert answer.status_code == 415 and answer.json()["type"] == "/docs#no-form"


def test_audiences_health_and_metrics(caller, server):
    found = caller.http.get("/v1/audiences").json()
    assert found["pack"] and [one["name"] for one in found["audiences"]] == list(server.service.pack.audiences)
    assert caller.http.get("/health/live").json()["status"] == "live"
    assert caller.http.get("/health/ready").status_code == 200
    caller.until(caller.taken(), "done")
    text = caller.http.get("/metrics").text
    assert 'gigs_computations_total{kind="redesigns",state="done"}' in text and "gigs_workers_ready 1.0" in text
    assert 'route="/v1/redesigns/{id}"' in text and "/v1/redesigns/0" not in text


def test_every_line_of_the_line_and_then_come_back(caller, member):
    member.engine.gate.clear()
    places = [caller.taken()]
    caller.until(places[0], "running")
    places += [caller.taken(), caller.taken()]
    answer = caller.post()
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0
    assert answer.json()["detail"].startswith("2 requests are waiting")
    member.engine.gate.set()
    assert [caller.until(place, "done")["state"] for place in places] == ["done"] * 3


def test_the_docs_are_whole_and_load_nothing(caller):
    page = caller.http.get("/docs")
    assert "://" not in page.text.replace("http://www.w3.org", "") and "script" not in page.text
    assert all(f'id="{kind}"' in page.text for kind in texts.PROBLEMS) and set(texts.TITLES) == set(texts.PROBLEMS)
    described = caller.http.get("/openapi.json").json()
    post = described["paths"]["/v1/redesigns"]["post"]
    assert "multipart/form-data" in post["requestBody"]["content"]
    assert {"202", "401", "413", "415", "422", "429", "503", "507"} <= set(post["responses"])
    fields = described["components"]["schemas"]["RedesignForm"]["properties"]
    assert all(field.get("description") for field in fields.values())
    assert all(one["summary"] for path in described["paths"].values() for one in path.values())
    assert caller.http.get("/").headers["location"] == "/docs"


def test_two_callers_do_not_see_each_others_results(server, caller):
    other = Caller(server)
    mine, theirs = caller.taken(audience="everyone"), other.taken(audience="everyone")
    caller.until(mine, "done"), other.until(theirs, "done")
    assert mine != theirs and not any(mine in str(each) for each in other.http.get(theirs).json().values())
    assert caller.http.get("/v1/redesigns").status_code == 405  # nobody lists them
