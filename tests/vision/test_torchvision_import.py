"""torchvision comes without PyTorch's compiler, and the usual way where that cannot be."""

import sys

from gigs.vision import torchvision_import


def test_a_torchvision_that_asks_for_more_is_imported_the_usual_way(monkeypatch):
    for name in ("torchvision", torchvision_import.ASKED):
        monkeypatch.delitem(sys.modules, name, raising=False)
    tries = []

    def import_module(name):
        tries.append(torchvision_import.ASKED in sys.modules)
        if len(tries) == 1:
            raise ImportError("cannot import name 'more'")
        return "torchvision"

    monkeypatch.setattr(torchvision_import, "import_module", import_module)
    assert torchvision_import.import_torchvision() == "torchvision"
    assert tries == [True, False] and torchvision_import.ASKED not in sys.modules


def test_what_is_imported_already_is_left_alone():
    import torchvision

    assert torchvision_import.import_torchvision() is torchvision


def test_the_stand_in_answers_as_the_compiler_does():
    from torch._dynamo.utils import is_compile_supported

    assert torchvision_import._is_compile_supported("cpu") == is_compile_supported("cpu")
