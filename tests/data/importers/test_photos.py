"""A photo is found by path, by name and by id, in a folder and in a zip, and never outside of them."""

from __future__ import annotations

import shutil
import struct
import unicodedata
import zipfile

import pytest

from gigs.data.importers.photos import Photos, photos_in_cell
from gigs.errors import DataError, InputError
from gigs.vision import images
from gigs.vision.opening import MAX_BYTES
from tests.helpers.pictures import encoded, quadrants

FILES = [
    "1.jpg", "1-front.jpg", "1_10.jpg", "1_2.jpg", "A-1.png", "A.png", "A-1-back.png", "deep/2/b.webp", "deep/2/a.webp",
    "same.jpg", "x/same.jpg", "y/Unique Name.JPG", "größe.jpg", "notes.txt", ".hidden.jpg",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    for name in FILES:
        path = tmp_path / "photos" / unicodedata.normalize("NFD", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(quadrants(), {"png": "PNG", "webp": "WEBP"}.get(name[-4:].strip("."), "JPEG")))
    return tmp_path / "photos"


@pytest.fixture(params=["folder", "zip"])
def photos(request, folder, tmp_path):
    source = folder if request.param == "folder" else shutil.make_archive(str(tmp_path / "photos"), "zip", folder)
    with Photos(source) as found:
        yield found


def test_only_photos_are_listed_in_the_order_people_count(photos):
    names = [unicodedata.normalize("NFC", key) for key in photos.keys]
    assert set(names) == set(FILES) - {"notes.txt", ".hidden.jpg"} and len(photos) == 13
    assert [name for name in names if name.startswith("1_")] == ["1_2.jpg", "1_10.jpg"]


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("deep/2/b.webp", "deep/2/b.webp"), ("./deep\\2\\b.webp", "deep/2/b.webp"), ("b.webp", "deep/2/b.webp"),
        ("unique name.jpg", "y/Unique Name.JPG"), ("C:\\shop\\unique name.jpg", "y/Unique Name.JPG"),
        ("https://cdn.example/img/b.webp?width=200", "deep/2/b.webp"), ("/var/www/b.webp", "deep/2/b.webp"),
        ("same.jpg", "same.jpg"), ("x/same", "x/same.jpg"), ("größe.jpg", "größe.jpg"),
        ("z/same.jpg", None), ("notes.txt", None), ("", None), ("../secret.jpg", None), ("\0", None),
    ],
)  # fmt: skip
def test_a_cell_leads_to_a_photo(photos, cell, name):
    key = photos.by_path(cell)
    assert (key and unicodedata.normalize("NFC", key)) == name


def test_an_id_leads_to_its_photos_the_most_direct_first(photos):
    found = photos.by_ids(["1", "A", "A-1", "2", "größe", "missing", "../secret", "a/b"])
    found = {owner: [unicodedata.normalize("NFC", key) for key in keys] for owner, keys in found.items()}
    assert found == {
        "1": ["1.jpg", "1-front.jpg", "1_2.jpg", "1_10.jpg"],
        "A": ["A.png"],
        "A-1": ["A-1.png", "A-1-back.png"],
        "2": ["deep/2/a.webp", "deep/2/b.webp"],
        "größe": ["größe.jpg"],
    }


def test_numbered_photos_in_an_items_folder_are_the_items_whatever_other_ids_there_are(tmp_path):
    for name in ("7/1.jpg", "7/2.jpg", "1/1.jpg", "7/A1-x.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(encoded(quadrants(), "JPEG"))
    found = Photos(tmp_path).by_ids(["1", "2", "7", "A1"])
    assert found == {"1": ["1/1.jpg"], "7": ["7/1.jpg", "7/2.jpg"], "A1": ["7/A1-x.jpg"]}


def test_ids_that_differ_in_case_have_photos_of_their_own(tmp_path):
    for name in ("ab.png", "AB.png"):
        (tmp_path / name).write_bytes(encoded(quadrants()))
    if len(list(tmp_path.iterdir())) == 2:  # some file systems know no case
        assert Photos(tmp_path).by_ids(["ab", "AB"]) == {"ab": ["ab.png"], "AB": ["AB.png"]}
    assert set(Photos(tmp_path).by_ids(["Ab"])) == {"Ab"}


def test_photos_are_read_alike_from_folder_and_zip(photos, folder):
    key = photos.by_path("x/same.jpg")
    assert photos.read(key).tobytes() == images.read_photo(folder / "x" / "same.jpg").tobytes()


def test_links_that_lead_out_are_passed_over(folder, tmp_path):
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(encoded(quadrants(), "JPEG"))
    (folder / "leak.jpg").symlink_to(secret)
    (folder / "outside").symlink_to(tmp_path, target_is_directory=True)
    (folder / "inner.jpg").symlink_to(folder / "1.jpg")
    keys = Photos(folder).keys
    assert "inner.jpg" in keys and "leak.jpg" not in keys and not any("secret" in key for key in keys)


def test_a_zip_is_never_unpacked_and_its_lies_are_refused(tmp_path):
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../evil.jpg", encoded(quadrants(), "JPEG"))
        archive.writestr("bomb.png", b"\x89PNG\r\n\x1a\n" + bytes(MAX_BYTES))
        archive.writestr("broken.jpg", encoded(quadrants(), "JPEG"))
        archive.writestr("__MACOSX/._1.jpg", b"left behind")
        archive.writestr("folder.jpg/", b"")
    content = bytearray(path.read_bytes())
    place = content.index(b"broken.jpg") + len(b"broken.jpg")
    content[place + 4 : place + 40] = bytes(36)
    path.write_bytes(content)
    before = sorted(tmp_path.rglob("*"))
    with Photos(path) as photos:
        assert set(photos.keys) == {"../../evil.jpg", "bomb.png", "broken.jpg"}
        assert photos.by_path("evil.jpg") == "../../evil.jpg" and photos.read("../../evil.jpg").size == (60, 90)
        for key, reason in (("bomb.png", "too large"), ("broken.jpg", "broken.jpg")):
            with pytest.raises(InputError, match=reason):
                photos.read(key)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_encrypted_entry_is_named(tmp_path):
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jpg", encoded(quadrants(), "JPEG"))
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.index(signature) + offset
        content[place : place + 2] = struct.pack("<H", 1)
    path.write_bytes(content)
    with Photos(path) as photos, pytest.raises(InputError, match=r"a.jpg: cannot be read.*encrypted"):
        photos.read("a.jpg")


def test_a_zip_of_the_future_is_named(tmp_path):
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jpg", encoded(quadrants(), "JPEG"))
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 6] = 255  # the version that is needed to read it
    path.write_bytes(content)
    with pytest.raises(DataError, match="not a readable zip"):
        Photos(path)


@pytest.mark.parametrize("name", ["nothing", "text.zip"])
def test_what_holds_no_photos_is_named(tmp_path, name):
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(DataError, match=f"{name}.*`images`"):
        Photos(tmp_path / name)


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("a.jpg|b.png; c.webp\nd", ["a.jpg", "b.png", "c.webp", "d"]), ("a.jpg, b.JPEG", ["a.jpg", "b.JPEG"]),
        ("red, blue.jpg", ["red, blue.jpg"]), (" ; |", []), (None, []),
    ],
)  # fmt: skip
def test_a_cell_may_name_several(cell, names):
    assert photos_in_cell(cell) == names
