"""Hugging Face Hub conventions for generators, recommenders, encoders and packs.

`save_pretrained(folder)`, `from_pretrained(folder or Hub id)` and `push_to_hub(id)`, as users of the Hub know them. A
folder holds one safetensors file with the model's settings and preprocessing in its header, the same as `config.json`
for people and for the Hub's own pages, and a model card. Nothing else is needed to use it, and nothing in it is run.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from gigs.errors import InputError, ModelError
from gigs.io import storage

M = TypeVar("M", bound="HubMixin")


class Pushed:
    """What can be written into a folder can be uploaded."""

    def save_pretrained(self, folder: str | Path, *args: Any, **options: Any) -> Path:
        """Write whatever belongs together into a folder; what options there are, the class says."""
        raise NotImplementedError

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str = "Upload with gigs",
        private: bool | None = None,
        token: str | None = None,
        revision: str | None = None,
        **options: Any,
    ) -> str:
        """Upload the folder that `save_pretrained` would write; the repository is made where there is none.

        Returns:
            The address of the commit.
        """
        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(folder, **options)
            return upload(
                Path(folder), repo_id, message=commit_message, private=private, token=token, revision=revision
            )


class HubMixin(Pushed):
    """The three methods for a model kept in one file; a class says what the file is called and how it is used.

    Attributes:
        hub_file: Name of the file, such as `generator.safetensors`.
        about: What is known of the model (how trained, on what, scores), JSON-able.
    """

    hub_file: ClassVar[str]
    about: dict[str, Any] = {}  # noqa: RUF012 - replaced, never changed in place

    def hub_write(self, path: Path, **options: Any) -> Path:
        """Write the model's one file."""
        raise NotImplementedError

    @classmethod
    def hub_read(cls, path: Path) -> Any:
        """Read what `hub_write` wrote."""
        raise NotImplementedError

    def save_pretrained(self, folder: str | Path, **options: Any) -> Path:
        """Write the model, `config.json` and a model card into a folder; `options` go to the file's writer."""
        from gigs.io.card import model_card

        folder = Path(folder)
        path = self.hub_write(folder / self.hub_file, **options)
        _, header = storage.load_tensors(path)
        storage.write_json(folder / "config.json", {"library_name": "gigs", **header})
        storage.write_text(folder / "README.md", model_card(self.hub_file, header))
        return folder

    @classmethod
    def from_pretrained(
        cls: type[M],
        name: str | Path,
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
    ) -> M:
        """Load from a folder that `save_pretrained` wrote, or from a Hub repository.

        The model is frozen and on the CPU.

        Raises:
            ModelError: Neither exists, or it holds another kind of model.
        """
        if (Path(name) / cls.hub_file).is_file():
            path = Path(name) / cls.hub_file
        elif Path(name).is_dir():
            raise ModelError(f"{name}: holds no {cls.hub_file}")
        else:
            path = _downloaded(str(name), cls.hub_file, revision=revision, token=token, cache_dir=cache_dir)
        model = cls.hub_read(path)
        if not isinstance(model, cls):
            raise ModelError(f"{name}: holds a {type(model).__name__}, not a {cls.__name__}")
        return model


class HubPack(Pushed):
    """The same for packs: a folder of several files, each with its hash in `pack.json`.

    `load_pack(repo_id)` and `gigs suggest --pack repo_id` find what was pushed.
    """

    root: Path
    info: dict[str, Any]

    def save_pretrained(self, folder: str | Path) -> Path:
        """Copy the pack's own files into another folder, with a model card; whatever else lies beside them stays."""
        from gigs.io.card import pack_card

        folder = Path(folder)
        if folder.exists() and folder.resolve() == self.root.resolve():
            raise InputError(f"{folder}: is the pack itself; give another folder")
        for name in self.info["files"]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.root / name, folder / name)
        storage.write_text(folder / "README.md", pack_card(self.info))
        storage.write_json(folder / "pack.json", self.info)  # last: a folder with one is whole
        return folder


def upload(
    folder: Path, repo_id: str, *, message: str, private: bool | None, token: str | None, revision: str | None
) -> str:
    """Upload a folder as one commit.

    Raises:
        InputError: The Hub refuses, or is out of reach.
    """
    import huggingface_hub  # slow to import

    try:
        hub = huggingface_hub.HfApi(token=token)
        repository = hub.create_repo(repo_id, private=private, exist_ok=True).repo_id
        commit = hub.upload_folder(repo_id=repository, folder_path=folder, commit_message=message, revision=revision)
    except Exception as error:  # the hub's client raises its own, the network's and the system's errors
        raise InputError(f"{repo_id}: could not be uploaded ({_line(error)}); log in with `hf auth login`") from error
    return str(commit.commit_url)


def _downloaded(name: str, file: str, **options: Any) -> Path:
    import huggingface_hub

    try:
        return Path(huggingface_hub.hf_hub_download(name, file, **options))
    except Exception as error:  # as above
        raise ModelError(
            f"{name}: no such folder, and could not be downloaded from the Hub ({_line(error)})"
        ) from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
