"""The addresses of the API. `service` does the work, and `answers` makes the answers."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Form, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from gigs import __version__
from gigs.serve import described, models, texts
from gigs.serve.answers import address, events, pictures_of, status_of
from gigs.serve.docs_page import documented, render_docs
from gigs.serve.metrics import CONTENT_TYPE
from gigs.serve.order import COLOURS, REDESIGNS
from gigs.serve.problems import LOG, ProblemError, answer
from gigs.serve.service import Service
from gigs.serve.store import Task
from gigs.service.engine import Wish

FILES = ("photo", "mask", "region")
PRIVATE = {"Cache-Control": "private, no-store"}


def build_app(service: Service) -> FastAPI:
    """The API, without the guard."""
    app = FastAPI(
        title="gigs", version=__version__, description=texts.ABOUT, docs_url=None, redoc_url=None,
        openapi_url=None, redirect_slashes=False,
    )  # fmt: skip
    app.include_router(_audiences(service))
    app.include_router(_redesigns(service))
    app.include_router(_tasks(service, REDESIGNS))
    app.include_router(_colours(service))
    app.include_router(_tasks(service, COLOURS))
    app.include_router(_about_the_server(service))
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(Exception, _broken)
    _add_docs(app)
    return app


def _audiences(service: Service) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["audiences"])

    @router.get("/audiences", summary="List audiences", responses=described.problems())
    async def audiences() -> models.Audiences:
        """Audiences and types of products that this server's pack knows."""
        entries = [
            models.AudienceEntry(name=name, label=about["label"], users=about.get("users"))
            for name, about in service.pack.audiences.items()
        ]
        return models.Audiences(pack=service.pack.name, audiences=entries, types=list(service.kinds))

    return router


def _redesigns(service: Service) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=[REDESIGNS])

    @router.post("/redesigns", summary="Request redesigns", **described.taking(REDESIGNS))
    async def redesigns(
        form: Annotated[models.RedesignForm, Form(media_type="multipart/form-data")], response: Response
    ) -> models.Status:
        """Send one photo and the name of an audience. The answer comes at once. The redesigns follow at `Location`.

        If the gate refuses the photo, the state is `refused`, and `problem` says how to continue anyway.
        """
        wish = Wish(
            photo=service.store.root, audience=form.audience, change=form.change, count=form.n, preset=form.preset,
            seed=form.seed, anyway=form.force, kind=form.type or None, keep=tuple(dict.fromkeys(form.keep)),
        )  # fmt: skip
        return await _taken(service, REDESIGNS, wish, form, response)

    return router


def _colours(service: Service) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=[COLOURS])

    @router.post("/colours", summary="Request other colours", **described.taking(COLOURS))
    async def colours(
        form: Annotated[models.ColourForm, Form(media_type="multipart/form-data")], response: Response
    ) -> models.Status:
        """The product in colours that the audience likes better than today's, and in colours that you name."""
        wish = Wish(photo=service.store.root, audience=form.audience, count=form.n, seed=form.seed)
        return await _taken(service, COLOURS, wish, form, response, form.colours.strip())

    return router


def _tasks(service: Service, kind: str) -> APIRouter:
    """Add the addresses for an accepted request."""
    router = APIRouter(prefix=f"/v1/{kind}/{{id}}", tags=[kind])

    @router.get(
        "", summary="Get progress and result", response_model_exclude_none=True, responses=described.problems(404)
    )
    async def status(id: str) -> models.Status:
        """The state, the place in the queue and the progress.

        Once it is done: all figures, and links to the pictures.
        """
        return await asyncio.to_thread(status_of, _found(service, kind, id), service)

    @router.get(
        "/events",
        summary="Follow it",
        response_class=StreamingResponse,
        responses=described.events() | described.problems(404, 429),
    )
    async def follow(id: str) -> StreamingResponse:
        """Server-sent events: one for each change of the status, named after the state, until it is finished.

        The data of each event is the status without `result`.
        """
        task = _found(service, kind, id)
        if service.streams >= service.limits.streams:
            service.metrics.turned_away("streams")
            raise ProblemError(429, "busy", texts.STREAMING.format(place=address(task)), headers={"Retry-After": "10"})
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(events(task, service), media_type="text/event-stream", headers=headers)

    @router.get(
        "/pictures/{name:path}",
        summary="A picture",
        response_class=FileResponse,
        responses=described.picture() | described.problems(404, 409),
    )
    async def picture(id: str, name: str) -> FileResponse:
        """One of `pictures`: the photo, a redesign at the photo's own size, or what the generator drew (`raw/`)."""
        task = _done(_found(service, kind, id))
        return _file(task, name, pictures_of(task))

    @router.get(
        "/report",
        summary="The report",
        status_code=307,
        response_class=RedirectResponse,
        responses=described.problems(404, 409),
    )
    async def report(id: str) -> RedirectResponse:
        """A report for people, which can be printed and read on a phone."""
        task = _done(_found(service, kind, id))
        page = "report.html" if kind == REDESIGNS else "colours.html"
        return RedirectResponse(f"{address(task)}/report/{page}", headers=PRIVATE)

    @router.get("/report/{name:path}", include_in_schema=False)
    async def beside_the_report(id: str, name: str) -> FileResponse:
        task = _done(_found(service, kind, id))
        return _file(task, name, task.record.files)

    @router.delete("", summary="Stop and remove it", status_code=204, responses=described.problems(404))
    async def remove(id: str) -> Response:
        """Stop the computation if it runs or waits, and remove the photo, the pictures and all other files."""
        await asyncio.to_thread(service.remove, _found(service, kind, id))
        return Response(status_code=204)

    return router


def _about_the_server(service: Service) -> APIRouter:
    router = APIRouter(tags=["server"])

    def health(status: Any, code: int) -> JSONResponse:
        pool = service.pool
        about = models.Health(status=status, workers=len(pool), workers_ready=pool.ready, waiting=service.jobs.waiting)
        return JSONResponse(about.model_dump(), code, headers={"Cache-Control": "no-store"})

    @router.get("/health/live", summary="Is the server alive?", response_model=models.Health)
    async def live() -> JSONResponse:
        """200 as long as requests are answered. It does not tell whether models are ready."""
        return health("live", 200)

    @router.get(
        "/health/ready", summary="Is the server ready?", response_model=models.Health,
        responses={503: {"model": models.Health, "description": "No worker is ready, or the server is shutting down"}},
    )  # fmt: skip
    async def ready() -> JSONResponse:
        """200 if a worker has its models in memory and the server is not shutting down."""
        if service.is_ready:
            return health("ready", 200)
        return health("ending" if service.is_ending else "starting", 503)

    @router.get(
        "/metrics", summary="Metrics", response_class=Response, responses=described.plain() | described.problems()
    )
    async def metrics() -> Response:
        """Counters and histograms as Prometheus reads them."""
        return Response(service.metrics.page(), headers={"Content-Type": CONTENT_TYPE})

    return router


def _add_docs(app: FastAPI) -> None:
    description = documented(app)
    page = render_docs(description)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> JSONResponse:
        return JSONResponse(description)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page)

    @app.get("/", include_in_schema=False)
    async def start() -> RedirectResponse:
        return RedirectResponse("/docs")


async def _taken(
    service: Service, kind: str, wish: Wish, form: models.Form, response: Response, named: str = ""
) -> models.Status:
    """Take an order in, and say where it is found."""
    most = service.limits.photo_bytes
    files: dict[str, bytes] = {}
    for name in FILES:
        upload: UploadFile | None = getattr(form, name)
        if upload is not None:
            files[name] = await upload.read(most + 1)
            if len(files[name]) > most:
                raise ProblemError(413, "too-large", texts.TOO_LARGE.format(most=most >> 20))
    asked = form.model_dump(exclude=set(FILES), exclude_none=True)
    task = await asyncio.to_thread(service.take, kind, wish, asked, files, named)
    response.headers["Location"] = address(task)
    return status_of(task, service, whole=False)


def _found(service: Service, kind: str, task_id: str) -> Task:
    task = service.store.get(task_id, kind)
    if task is None:
        raise ProblemError(404, "not-found", texts.NO_TASK)
    return task


def _done(task: Task) -> Task:
    """The same task, if it has a result."""
    if task.record.state == "done":
        return task
    problem = task.record.problem
    if problem is None:
        raise ProblemError(409, "not-finished", texts.NOT_FINISHED.format(place=address(task)))
    raise ProblemError(409, problem["type"].partition("#")[2], problem["detail"])


def _file(task: Task, name: str, names: Any) -> FileResponse:
    """A file of a result; only names that were listed when it was finished are looked for on the disk."""
    path = task.out / name
    if name not in names or not path.is_file():
        raise ProblemError(404, "not-found", texts.NO_FILE.format(place=address(task)))
    return FileResponse(path, headers=PRIVATE)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer(error)


async def _not_valid(request: Request, error: Exception) -> Response:
    """Field by field what is wrong; what was sent is not repeated."""
    assert isinstance(error, RequestValidationError)
    wrong = [
        {"field": ".".join(map(str, each["loc"][1:])) or "form", "message": str(each["msg"])} for each in error.errors()
    ]
    detail = "; ".join(f"{each['field']}: {each['message']}" for each in wrong)
    return answer(ProblemError(422, "not-valid", detail, errors=wrong))


async def _broken(request: Request, error: Exception) -> Response:
    LOG.error("a request failed", exc_info=error)
    return answer(ProblemError(500, "broken", texts.BROKEN))
