"""How the studio looks: Gradio's components, and which event goes to which method of the desk. No logic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import escape

from gigs.languages import ENGLISH, SOURCE, Language, known, language
from gigs.service.limits import REDESIGNS
from gigs.studio import screen, texts
from gigs.studio.desk import Desk
from gigs.studio.doors import CHOSEN
from gigs.studio.screen import Screen
from gigs.transfer.keep import KINDS

COUNT = 6
LINKS = ("", "_active", "_hover", "_visited")  # states of a link
OUTPUTS = ("status", "photo", "results", "history", "colours", "go", "colour", "stop", "anyway", "ask")
WISHES = ("audience", "change", "kind", "keep", "count", "careful", "anyway", "mask", "region")


def style(say: Language = ENGLISH) -> str:
    """The page's style sheet, with the words that stand at the slider's ends."""
    ends = f':root {{ --gigs-less: "{say(texts.LESS)}"; --gigs-more: "{say(texts.MORE)}"; }}\n'
    return ends + Path(__file__).with_name("studio.css").read_text(encoding="utf-8")


def theme() -> gr.themes.Base:
    """Fonts that every device has: none is fetched."""
    fonts = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
    base = gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.stone,
        font=fonts,
        font_mono=("ui-monospace", "monospace"),
    )
    return base.set(  # the theme's own teal, blue and greys are hard to read (WCAG 1.4.3)
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
        block_label_text_color="*neutral_700",
        block_title_text_color="*neutral_700",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        **{f"link_text_color{state}": "*primary_700" for state in LINKS},
        **{f"link_text_color{state}_dark": "*primary_300" for state in LINKS},
    )


def build_page(desk: Desk, say: Language = ENGLISH) -> gr.Blocks:
    """The page in a language.

    Every event runs at once: the line is the desk's own (`jobs`), and says in words when it is full.
    """
    with gr.Blocks(title=texts.TITLE, analytics_enabled=False) as page:
        gr.HTML(
            f"<header class='gigs-head'>{switch(say)}<h1>{texts.TITLE}</h1><p>{escape(say(texts.INTRO))}</p></header>"
        )
        with gr.Row(elem_classes="gigs-columns"):
            with gr.Column(scale=4, min_width=320):
                parts = _wishes(desk, say)
            with gr.Column(scale=7, min_width=320):
                parts |= _found(say)
        gr.HTML(f"<footer class='gigs-note'>{escape(say(texts.FOOT))}</footer>")
        _connect(desk, parts, page, say)
    page.queue(default_concurrency_limit=None, max_size=200, api_open=False)
    return page


def switch(say: Language) -> str:
    """Links to the page in every language."""
    up = "" if say.code == SOURCE else "../"
    links = []
    for code in known():
        target = f"{up or './'}?{CHOSEN}={SOURCE}" if code == SOURCE else f"{up}{code}/"
        mark = " aria-current='true'" if code == say.code else ""
        links.append(f"<a href='{target}' lang='{code}' hreflang='{code}'{mark}>{escape(language(code).name)}</a>")
    return f"<nav class='gigs-languages' aria-label='{escape(say(texts.LANGUAGES))}'>{' '.join(links)}</nav>"


def _wishes(desk: Desk, say: Language) -> dict[str, Any]:
    """The column in which a visitor says what is wanted."""
    audiences = [(say.sentence(label), name) for label, name in desk.engine.audiences]
    parts: dict[str, Any] = {
        "upload": gr.File(label=say(texts.PHOTO), file_types=["image"], height=150, elem_id="gigs-upload"),
        "photo": gr.HTML("", elem_id="gigs-photo"),
    }
    hint = say(texts.PHOTO_HINT, most=desk.limits.photo_bytes >> 20)
    gr.HTML(f"<p class='gigs-hint'>{escape(hint)}</p>")
    examples = [
        (str(path), say(texts.EXAMPLE, number=number))
        for number, path in enumerate(desk.engine.pack.examples(), start=1)
    ]
    parts["examples"] = gr.Gallery(
        examples, label=say(texts.EXAMPLES), columns=max(1, len(examples)), height="auto", allow_preview=False,
        object_fit="contain", interactive=False, buttons=[], visible=bool(examples), elem_id="gigs-examples",
    )  # fmt: skip
    parts["audience"] = gr.Dropdown(
        audiences, value=audiences[0][1], label=say(texts.AUDIENCE), filterable=False, elem_id="gigs-audience"
    )
    parts["change"] = gr.Slider(0, 100, 50, step=5, label=say(texts.CHANGE), buttons=[], elem_id="gigs-change")
    parts["ask"] = gr.Radio([], label=say(texts.ASK), visible=False, elem_id="gigs-ask")
    kinds = [(say(texts.LOOK), ""), *((say(kind), kind) for kind in desk.engine.kinds)]
    with gr.Accordion(say(texts.OPTIONS), open=False):
        parts["kind"] = gr.Dropdown(kinds, value="", label=say(texts.KIND), filterable=False, elem_id="gigs-kind")
        parts["keep"] = gr.CheckboxGroup(
            [(say(texts.KEPT[name]), name) for name in KINDS], value=[], label=say(texts.KEEP), elem_id="gigs-keep"
        )
        parts["mask"] = gr.File(label=say(texts.MASK), file_types=["image"], height=140, elem_id="gigs-mask")
        parts["region"] = gr.File(label=say(texts.REGION), file_types=["image"], height=140, elem_id="gigs-region")
        parts["count"] = gr.Slider(*REDESIGNS, COUNT, step=1, label=say(texts.COUNT), buttons=[], elem_id="gigs-count")
        parts["careful"] = gr.Checkbox(False, label=say(texts.CAREFUL), elem_id="gigs-careful")
    parts["anyway"] = gr.Checkbox(False, label=say(texts.ANYWAY), visible=False, elem_id="gigs-anyway")
    with gr.Row(elem_classes="gigs-buttons"):
        parts["go"] = gr.Button(say(texts.GO), variant="primary", elem_id="gigs-go", scale=3)
        parts["stop"] = gr.Button(say(texts.STOP), variant="stop", visible=False, elem_id="gigs-stop", scale=1)
    return parts


def _found(say: Language) -> dict[str, Any]:
    """The column that shows what was found."""
    parts: dict[str, Any] = {"status": gr.HTML(screen.status(say(texts.START)), elem_id="gigs-status")}
    with gr.Tab(say(texts.RESULTS), elem_id="gigs-tab-results"):
        parts["results"] = gr.HTML("", elem_id="gigs-results")
        parts["history"] = gr.HTML("", elem_id="gigs-history")
    with gr.Tab(say(texts.COLOURS), elem_id="gigs-tab-colours"):
        parts["named"] = gr.Textbox(
            label=say(texts.COLOUR_NAMES), info=say(texts.COLOUR_HINT), max_lines=1, elem_id="gigs-colour-names"
        )
        parts["colour"] = gr.Button(say(texts.COLOUR_GO), elem_id="gigs-colour-go")
        parts["colours"] = gr.HTML("", elem_id="gigs-colours")
    return parts


def _connect(desk: Desk, parts: dict[str, Any], page: gr.Blocks, say: Language) -> None:
    wishes = [parts[name] for name in WISHES]
    outputs = [parts[name] for name in OUTPUTS]
    plain: dict[str, Any] = {
        "outputs": outputs, "show_progress": "hidden", "preprocess": False, "api_visibility": "private",
        "concurrency_limit": None,
    }  # fmt: skip

    def chosen(request: gr.Request, upload: Any, *wish: Any) -> Iterator[list[Any]]:
        yield from _shown(desk.choose(request.session_hash, upload, _wish(wish), say), say)

    def picked(request: gr.Request, event: gr.SelectData, *wish: Any) -> Iterator[list[Any]]:
        yield from _shown(desk.example(request.session_hash, event.index, _wish(wish), say), say)

    def changed(request: gr.Request, *wish: Any) -> Iterator[list[Any]]:
        yield from _shown(desk.draft(request.session_hash, _wish(wish), say), say)

    def pressed(request: gr.Request, *wish: Any) -> Iterator[list[Any]]:
        yield from _shown(desk.redesign(request.session_hash, _wish(wish), say), say)

    def coloured(request: gr.Request, named: Any, *wish: Any) -> Iterator[list[Any]]:
        yield from _shown(desk.colours(request.session_hash, named, _wish(wish), say), say)

    def answered(request: gr.Request, answer: Any, *wish: Any) -> Iterator[list[Any]]:
        yield from _shown(desk.draft(request.session_hash, _wish(wish) | {"kind": answer}, say), say)

    def stopped(request: gr.Request) -> None:
        desk.stop(request.session_hash)

    def left(request: gr.Request) -> None:
        desk.visits.leave(request.session_hash)

    again: dict[str, Any] = plain | {"trigger_mode": "always_last"}
    parts["upload"].upload(chosen, [parts["upload"], *wishes], **plain)
    parts["upload"].clear(chosen, [parts["upload"], *wishes], **plain)
    parts["examples"].select(picked, wishes, **plain)
    parts["audience"].input(changed, wishes, **again)
    parts["change"].release(changed, wishes, **again)
    parts["ask"].input(lambda answer: answer, parts["ask"], **plain | {"outputs": parts["kind"]})
    parts["ask"].input(answered, [parts["ask"], *wishes], **again)
    parts["kind"].input(changed, wishes, **again)
    parts["keep"].input(changed, wishes, **again)
    for name in ("mask", "region"):
        parts[name].upload(changed, wishes, **again)
        parts[name].clear(changed, wishes, **again)
    parts["anyway"].input(changed, wishes, **again)
    parts["go"].click(pressed, wishes, **plain)
    parts["colour"].click(coloured, [parts["named"], *wishes], **plain)
    parts["stop"].click(stopped, None, None, queue=True, show_progress="hidden", api_visibility="private")
    page.unload(left)


def _wish(values: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(WISHES, values, strict=True))


def _shown(screens: Iterator[Screen], say: Language) -> Iterator[list[Any]]:
    """Screens as updates of the outputs."""
    keep: Callable[..., Any] = gr.skip
    for one in screens:
        texts_ = [
            keep() if value is None else value
            for value in (one.status, one.photo, one.results, one.history, one.colours)
        ]
        anyway = gr.update(visible=True) if one.anyway else keep()
        free = gr.update(interactive=not one.running)
        ask = keep() if one.asks is None else _asked(one.asks, say)
        yield [*texts_, free, free, gr.update(visible=one.running), anyway, ask]


def _asked(kinds: tuple[str, ...], say: Language) -> Any:
    """The question of the product's kind: what may be answered, or nothing to be seen of it."""
    return gr.update(choices=[(say(kind), kind) for kind in kinds], value=None, visible=bool(kinds))
