"""Every sentence that `gigs serve` answers with."""

from __future__ import annotations

ABOUT = """\
Send a photo of one product and the name of an audience. Get redesigns of that product which this audience should
prefer, with what judges think of them.

1. `GET /v1/audiences` lists the audiences.
2. `POST /v1/redesigns` takes the photo and answers at once with an id.
3. `GET /v1/redesigns/{id}` reports the progress; `GET /v1/redesigns/{id}/events` streams it.
4. When `state` is `done`, the same address has the numbers, and links to the pictures and the report.
5. `DELETE /v1/redesigns/{id}` stops it and removes all its files.

Every picture is a design concept, not a listing photo. An error is a problem document (RFC 9457): `detail` says what is
wrong and what to do.
"""
PROBLEMS = {
    "not-found": "Not found: the id is unknown, or its result was removed.",
    "not-allowed": "The address exists, but not for this method.",
    "no-key": "The API key is missing or wrong.",
    "strange-origin": "The request used a host name that is not this server's, or came from another site's page.",
    "too-large": "The request is larger than this server accepts.",
    "too-slow": "The request took too long to arrive.",
    "no-form": "The request is not a form with a file.",
    "not-valid": "A field is missing, is unknown, or has a value that cannot be used. `errors` names each.",
    "unusable-photo": "The photo, or a mask beside it, cannot be used.",
    "busy": "Too many requests wait, upload or listen. `Retry-After` says in how many seconds to try again.",
    "no-room": "The disk of this server is nearly full.",
    "ending": "The server is shutting down and accepts no new requests.",
    "not-finished": "The redesigns are still being made.",
    "refused": "The photo could not be redrawn as a product. `force=true` makes redesigns anyway.",
    "nothing-to-show": "No redesign shows a visible change.",
    "cancelled": "It was ended before it was finished.",
    "out-of-time": "It took longer than this server allows.",
    "interrupted": "The server ended before it was finished.",
    "broken": "Something went wrong on the server.",
}
TITLES = {
    "not-found": "Not found", "not-allowed": "Method not allowed", "no-key": "API key missing or wrong",
    "strange-origin": "Not for you", "too-large": "Too large", "too-slow": "Too slow", "no-form": "Not a form",
    "not-valid": "Not valid", "unusable-photo": "Photo cannot be used", "busy": "Busy", "no-room": "No room",
    "ending": "Server is ending", "not-finished": "Not finished", "refused": "Photo refused",
    "nothing-to-show": "Nothing to show", "cancelled": "Cancelled", "out-of-time": "Out of time",
    "interrupted": "Interrupted", "broken": "Server error",
}  # fmt: skip
NOT_FOUND = "There is nothing at this address. GET /docs lists all addresses."
NO_TASK = "There is no request with this id. It never existed, was deleted, or has expired."
NO_FILE = "There is no such file. GET {place} lists the pictures."
NO_KEY = "Send the key of this server as `Authorization: Bearer KEY`."
STRANGE = "This server does not answer to this host name, or not to pages of other sites."
TOO_LARGE = "A photo may have {most} MB at most. Save a smaller copy and send that."
TOO_SLOW = "The request did not arrive within {seconds:g} seconds. Try again, or send a smaller copy of the photo."
NO_FORM = "Send the photo as a form: Content-Type multipart/form-data, with a file `photo` and a text `audience`."
BUSY = "{waiting} requests are waiting already. Try again in {seconds} seconds."
UPLOADING = "Too many photos are being uploaded at the same time. Try again in {seconds} seconds."
STREAMING = "Too many clients listen to events at the same time. Ask GET {place} instead."
NO_ROOM = "The disk of this server is nearly full. Try again later, or tell the person who runs it."
ENDING = "This server is shutting down. Send the photo again in a minute."
NOT_FINISHED = "The redesigns are still being made. Ask GET {place} until its state is `done`."
NO_AUDIENCE = "no audience has this name; GET /v1/audiences lists them"
NO_TYPE = "no such type of product is known; choose one of: {known}"
REFUSED = "{reason} If you are sure of the photo, send it again with `force=true`."
NOTHING_TO_SHOW = (
    "No redesign of this photo shows a visible change. Raise `change`, keep less, or choose another audience."
)
CANCELLED = "The computation was ended because the server ended. Send the photo again."
OUT_OF_TIME = (
    "This took longer than {seconds:.0f} seconds and was ended. Ask for fewer redesigns, or use a faster preset."
)
INTERRUPTED = "The server ended before this was finished, and nothing was kept of it. Send the photo again."
BROKEN = "Something went wrong on the server. Try again; if it happens again, tell the person who runs it."
