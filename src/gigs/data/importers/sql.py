"""Importer for a shop's database, with SQLAlchemy: queries give the tables, and a folder or zip the photos.

Nothing is written to the database: SQLite and PostgreSQL are set to read-only, and each query's transaction is rolled
back. A password in the URL is never printed or stored, not even when the connection fails.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from gigs.data.bounds import TableBounds
from gigs.data.catalogue import Catalogue
from gigs.data.importers.photos import Photos
from gigs.data.importers.raw_table import RawTable, table_of
from gigs.data.importers.shop import ShopSettings, import_shop
from gigs.errors import DataError, InputError
from gigs.io.regular import require_file
from gigs.progress import OnStep, Step, silent

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

ROWS_AT_ONCE = 10_000
# Drivers that gigs[sql] or a shop's own environment has, where the URL names none.
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


@dataclass(frozen=True, kw_only=True)
class ShopDatabase:
    """A shop's database, and the queries that give its tables.

    Attributes:
        url: URL as SQLAlchemy writes it (`postgresql://reader@host/shop`), or `env:NAME` for one in an environment
            variable.
        items: Query for the items, or `@FILE` with the query.
        interactions: Likewise.
        users: Likewise, if there is a table of users.
    """

    url: str = field(repr=False)  # it may hold a password
    items: str
    interactions: str
    users: str = ""

    def queries(self) -> dict[str, str]:
        """The text of each query, by table.

        Raises:
            InputError: The file with a query cannot be read.
        """
        queries = {"items": self.items, "interactions": self.interactions}
        queries |= {"users": self.users} if self.users else {}
        return {name: _query(query, name) for name, query in queries.items()}


def import_sql(
    database: ShopDatabase,
    photos: str | Path,
    out: str | Path,
    *,
    settings: ShopSettings | None = None,
    on_step: OnStep = silent,
) -> Catalogue:
    """Import a shop from its database.

    Args:
        database: URL and queries.
        photos: Folder or zip of the photos.
        out: Folder of the catalogue.
        settings: Columns, weights, filters; see `ShopSettings`.
        on_step: Progress.

    Raises:
        DataError: The database or a query fails, a column cannot be found, or nothing usable is left.
    """
    queries = database.queries()
    address = _address(database.url)
    tables = _read(address, queries, on_step)
    about = {"source": "sql", "database": _public(address), "queries": queries}
    with Photos(photos) as opened:
        return import_shop(tables, opened, out, settings or ShopSettings(), about, on_step)


def _query(text: str, name: str) -> str:
    """The query, or the content of the file that `@FILE` names."""
    if not text.startswith("@"):
        return text
    try:
        return require_file(Path(text[1:])).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"query for {name}, {text}: cannot be read ({error})") from error


def _address(url: str) -> URL:
    """Check the URL. Errors never quote it, as it may hold a password."""
    try:
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError as error:
        raise InputError("importing from a database needs SQLAlchemy: pip install 'gigs[sql]'") from error
    named = url[4:] if url.startswith("env:") else ""
    if named and not os.environ.get(named):
        raise InputError(f"env:{named}: no such variable in the environment; export {named}='postgresql://...'")
    try:
        address = make_url(os.environ[named] if named else url)
    except (ArgumentError, ValueError):
        raise InputError(
            "not a database URL; write it as sqlite:///shop.db or postgresql://user@host/database"
        ) from None
    address = address.set(drivername=DRIVERS.get(address.drivername, address.drivername))
    is_file = address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:")
    if is_file and not Path(str(address.database)).is_file():  # SQLite would make an empty one
        raise DataError(f"{address.database}: no such SQLite database")
    return address


def _public(address: URL) -> str:
    """The public parts of a URL: kind, host and database."""
    return f"{address.get_backend_name()}://{address.host or ''}/{address.database or ''}"


def _read(address: URL, queries: Mapping[str, str], on_step: OnStep) -> dict[str, RawTable]:
    """Run the queries and read their rows in pieces."""
    from sqlalchemy.exc import SQLAlchemyError

    tables: dict[str, RawTable] = {}
    try:
        engine = _engine(address)
        try:
            for done, (name, text) in enumerate(queries.items(), start=1):
                tables[name] = table_of(_records(engine, text), name, TableBounds(source=f"the query for {name}"))
                if tables[name].frame.columns.empty:
                    raise DataError(f"the query for {name} returns no rows from {_public(address)}")
                on_step(Step("running queries", done, len(queries)))
        finally:
            engine.dispose()
    except (SQLAlchemyError, OSError, UnicodeError) as error:
        reason = _without_secrets(str(getattr(error, "orig", None) or error), address)
        raise DataError(f"{_public(address)}: {reason}") from None  # the cause may quote the URL
    return tables


def _engine(address: URL) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import NoSuchModuleError

    try:
        return create_engine(address)
    except (ImportError, NoSuchModuleError) as error:
        advice = "pip install 'gigs[sql]'" if "psycopg" in address.drivername else "install it with pip"
        raise InputError(f"{address.drivername}: the database's driver is missing ({error}); {advice}") from error


def _records(engine: Engine, query: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a query, counted from 1."""
    from sqlalchemy import text

    options: dict[str, Any] = {"stream_results": True, "max_row_buffer": ROWS_AT_ONCE}
    if engine.dialect.name == "postgresql":
        options["postgresql_readonly"] = True
    with engine.connect().execution_options(**options) as connection:
        try:
            if engine.dialect.name == "sqlite":
                _allow_reading_only(connection)
            # text() would read ":name" in a query, such as PostgreSQL's ::date, as a parameter.
            result = connection.execute(text(query.strip().rstrip(";").replace(":", "\\:")))
            if not result.returns_rows:
                raise DataError(f"not a query that returns rows: {query.strip()[:80]!r}; write a SELECT")
            for row, record in enumerate(result.mappings(), start=1):
                yield row, dict(record)
        finally:
            connection.rollback()


def _allow_reading_only(connection: Connection) -> None:
    """Make SQLite refuse all but reading: `query_only` alone allows ATTACH and VACUUM INTO, which create files."""
    reading = {
        sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
    }  # fmt: skip

    def decide(action: int, *_: object) -> int:
        return sqlite3.SQLITE_OK if action in reading else sqlite3.SQLITE_DENY

    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    if not connection.info.get("reads only"):  # it is told once, and serves several queries
        connection.exec_driver_sql("PRAGMA query_only = ON")
        driver.set_authorizer(decide)
        connection.info["reads only"] = True


def _without_secrets(message: str, address: URL) -> str:
    """An error's text as one line, without any spelling of the URL's password."""
    secrets = [address.password] if address.password else []
    secrets += [
        text
        for key, value in address.query.items()
        if any(word in key.lower() for word in ("pass", "pwd", "token", "secret", "key"))
        for text in ([value] if isinstance(value, str) else value)
    ]
    line = " ".join(message.split())
    for secret in map(str, secrets):
        for form in {secret, quote(secret, safe=""), quote_plus(secret)}:
            line = line.replace(form, "***") if form else line
    return line[:500]
