"""The two diagrams of the architecture, made from the code: the way of the data, and the layers of packages."""

from __future__ import annotations

from dataclasses import dataclass

from importlinter.api import read_configuration

from tools.site.source import ROOT, calls, function, gives, module, summary, takes
from tools.site.svg import Box, stack


@dataclass(frozen=True)
class Stage:
    """A function on the way of the data, and the function that calls it; both are looked up when the site is built."""

    function: str
    caller: str

    @property
    def name(self) -> str:
        """Without its module."""
        return self.function.partition(":")[2]


WAY = (
    Stage("gigs.session:Session.product", "gigs.session:Session.suggest"),
    Stage("gigs.method.cut_out:cut_out_of", "gigs.session:Session.product"),
    Stage("gigs.method.reconstruct:reconstruct", "gigs.method.pipeline:begin"),
    Stage("gigs.method.reconstruct:tuned", "gigs.method.pipeline:begin"),
    Stage("gigs.method.on_photo:OnPhoto.redesigned", "gigs.method.pipeline:suggest"),
    Stage("gigs.method.redesign:ranking", "gigs.method.pipeline:suggest"),
    Stage("gigs.verify.verification:verify", "gigs.method.pipeline:_verified"),
    Stage("gigs.result.compose:compose", "gigs.session:Session.redesign"),
    Stage("gigs.result.result:Result.save", "gigs.batch:_run"),
)


def way_of_the_data(way: tuple[Stage, ...] = WAY) -> str:
    """From a photo to a result folder: each stage with what it takes, what it gives and what its docstring says.

    Raises:
        LookupError: A stage does not exist, or its caller does not call it in this order any more.
    """
    check_order(way)
    rows = []
    for stage in way:
        node = function(stage.function)
        text = f"{summary(node)}. Takes {', '.join(takes(node)) or 'nothing else'}; gives {gives(node)}."
        rows.append([Box(stage.name, text, stage.function.partition(":")[0])])
    return stack(rows, "From a photo to a result folder, stage by stage", arrows=True)


def check_order(way: tuple[Stage, ...]) -> None:
    """Compare the diagram with the code.

    Raises:
        LookupError: A caller does not call a stage, or calls those of this way in another order.
    """
    for caller in dict.fromkeys(stage.caller for stage in way):
        called = calls(function(caller))
        at = -1
        for name in (stage.name.rpartition(".")[2] for stage in way if stage.caller == caller):
            if name not in called[at + 1 :]:
                raise LookupError(f"{caller} does not call {name} here any more; mend tools/site/diagrams.py")
            at = called.index(name, at + 1)


def layers() -> list[list[str]]:
    """Packages of gigs, the topmost layer first, as import-linter is told to keep them."""
    contracts = read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]
    packages = next(one for one in contracts if one["id"] == "packages")
    rows = [row for row in packages["layers"] if row]
    return [[name.strip(" ()") for name in row.replace(":", "|").split("|")] for row in rows]


def packages() -> str:
    """The layers of packages: each may import those below it, and none above it."""
    rows = []
    for row in layers():
        told = {name: summary(module(f"gigs.{name}")) for name in row}
        alone = len(row) == 1
        rows.append([Box(name, "" if alone else text, text if alone else "") for name, text in told.items()])
    return stack(rows, "The packages of gigs in layers: each imports only from layers below its own", arrows=False)


DIAGRAMS = {
    "way-of-the-data": (way_of_the_data, "Drawn from the code: who calls what, in this order."),
    "packages": (packages, "Drawn from the import rules: a package may import those below it, and none above."),
}
