"""The types of requests and answers, from which the OpenAPI description is made."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field

from gigs.service.limits import NAMED, REDESIGNS

KeepName = Literal["colour", "shape", "print"]
PresetName = Literal["preview", "fast", "faithful"]
StateName = Literal["waiting", "running", "done", "refused", "failed", "cancelled"]
ID = "3f2b8c1d9e7a4056b1c2d3e4f5a60718"
LONGEST_NAME = 100


class Form(BaseModel):
    """Fields of both kinds of requests. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    photo: UploadFile = Field(
        description="One product from the front, on a plain, light backdrop: JPEG, PNG, WebP or AVIF, up to 20 MB and "
        "50 megapixels, at least 32 pixels a side. Its file name is not used."
    )
    audience: str = Field(
        description="The audience: a `name` from `GET /v1/audiences`.", examples=["women"],
        min_length=1, max_length=LONGEST_NAME,
    )  # fmt: skip
    seed: int = Field(
        0, ge=0, lt=2**63, description="The same seed gives the same pictures, on the same kind of computer."
    )
    mask: UploadFile | None = Field(
        None,
        description="A picture of the photo's size, white where the product is. By default, the product is found "
        "automatically.",
    )
    region: UploadFile | None = Field(
        None, description="A picture of the photo's size, white where nothing may change, such as over a logo."
    )


class RedesignForm(Form):
    """The form for redesigns."""

    preset: PresetName = Field(
        "fast",
        description="`preview`: a draft from fewer candidates. `fast`: the default. `faithful`: keeps prints, buttons "
        "and cut better, but takes several times as long.",
    )
    n: int = Field(
        6,
        ge=REDESIGNS[0],
        le=REDESIGNS[1],
        description="Number of redesigns. There may be fewer, if fewer differ visibly.",
    )
    change: float = Field(
        0.5, ge=0, le=1, allow_inf_nan=False, description="How much may change, from 0 (little) to 1 (much)."
    )
    type: str | None = Field(
        None, max_length=LONGEST_NAME, examples=["Dress"],
        description="What the product is, from `types` of `GET /v1/audiences`. Default: recognised automatically.",
    )  # fmt: skip
    keep: list[KeepName] = Field(
        default_factory=list, description="What must not change. The field may be repeated.", max_length=3
    )
    force: bool = Field(False, description="Continue with a photo that could not be redrawn as a product.")


class ColourForm(Form):
    """The form for other colours."""

    n: int = Field(
        8,
        ge=REDESIGNS[0],
        le=REDESIGNS[1],
        description="Number of colours. There may be fewer, if fewer are liked better.",
    )
    colours: str = Field(
        "", max_length=NAMED, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["navy, #7a1f2b"],
        description="Colours to show in any case: names or hex values, separated by commas.",
    )  # fmt: skip


class AudienceEntry(BaseModel):
    """An audience."""

    name: str = Field(description="Value for the field `audience`.", examples=["women"])
    label: str = Field(description="The name in words.", examples=["women's buyers"])
    users: int | None = Field(description="Number of members.", examples=[4240])


class Audiences(BaseModel):
    """What a request may name."""

    pack: str = Field(description="The models that this server uses.", examples=["hm-128"])
    audiences: list[AudienceEntry]
    types: list[str] = Field(description="Values for the field `type`.", examples=[["Dress", "Shirt"]])


class Progress(BaseModel):
    """The progress of a computation."""

    stage: str = Field(description="What is being done.", examples=["redesigning"])
    done: int = Field(description="Finished steps of this stage.", examples=[3])
    total: int = Field(description="Largest number of steps of this stage.", examples=[20])


class FieldProblem(BaseModel):
    """A field that cannot be used."""

    field: str = Field(examples=["n"])
    message: str = Field(examples=["Input should be less than or equal to 8"])


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(description="Where this kind of problem is explained.", examples=["/docs#busy"])
    title: str = Field(examples=["Busy"])
    status: int = Field(examples=[429])
    detail: str = Field(description="What is wrong, and what to do.")
    errors: list[FieldProblem] | None = Field(None, description="The fields of an invalid form.")


class Links(BaseModel):
    """Addresses on this server."""

    self: str = Field(examples=[f"/v1/redesigns/{ID}"])
    events: str = Field(description="Server-sent events until it is finished.", examples=[f"/v1/redesigns/{ID}/events"])
    report: str | None = Field(
        None, description="A report for people, once it is done.", examples=[f"/v1/redesigns/{ID}/report"]
    )


class Status(BaseModel):
    """A request and its outcome."""

    id: str = Field(examples=[ID])
    state: StateName = Field(
        description="`waiting`, `running`, `done`, `refused` by the gate (see `problem`), `failed` (see `problem`), or "
        "`cancelled` if the server ended."
    )
    ahead: int | None = Field(None, description="While it waits: number of requests before it.", examples=[2])
    progress: Progress | None = Field(None, description="While it runs.")
    asked: dict[str, Any] = Field(description="The fields of the request.", examples=[{"audience": "women", "n": 6}])
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    expires: datetime | None = Field(None, description="When it is removed at the latest.")
    problem: Problem | None = Field(None, description="Why there is no result.")
    result: dict[str, Any] | None = Field(
        None, description="Once it is done: `result.json` as docs/reference/result.md describes it, or `colours.json`."
    )
    pictures: dict[str, str] | None = Field(
        None, description="Once it is done: the pictures' names and addresses.",
        examples=[{"suggestion-1.png": f"/v1/redesigns/{ID}/pictures/suggestion-1.png"}],
    )  # fmt: skip
    links: Links


class Health(BaseModel):
    """The state of the server."""

    status: Literal["live", "ready", "lost", "starting", "ending"]
    workers: int = Field(description="Processes that compute.")
    workers_ready: int = Field(description="Of these, those with their models in memory.")
    waiting: int = Field(description="Number of waiting requests.")
