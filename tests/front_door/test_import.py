"""`import gigs` is quick, offers what the README says, and nothing is imported before it is used."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import gigs

HEAVY = ("torch", "numpy", "PIL", "pandas", "jinja2", "typer")
# A suggestion with a pack's own audience runs without these; each takes seconds to import.
SPARED = ("torch._dynamo", "timm", "lpips", "pandas", "pyarrow", "sklearn", "scipy.stats", "matplotlib", "tensorboard")
# What only extras bring, and the modules of gigs that are nothing without them.
EXTRA = (
    "matplotlib", "tensorboard", "diffusers", "sqlalchemy", "psycopg", "gradio", "ray", "accelerate", "duckdb",
    "fastapi", "uvicorn", "prometheus_client", "dp_accounting",
)  # fmt: skip
NEED_AN_EXTRA = ("gigs.studio", "gigs.serve", "gigs.farm", "gigs.testing")


def _python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_names_are_there_and_no_others() -> None:
    names = ["Colourways", "Preset", "Result", "Session", "__version__", "colours", "load_pack", "suggest"]
    assert dir(gigs) == names
    assert all(getattr(gigs, name) is not None for name in dir(gigs))
    with pytest.raises(AttributeError, match="no attribute 'sugest'"):
        gigs.sugest


def test_packages_offer_their_names_late_and_no_others() -> None:
    from gigs import audience, packs, recommender

    for package in (audience, packs, recommender):
        late = [name for name in package.__all__ if name not in vars(package)]
        # Importing a module of the same name would put it in the name's place.
        assert not [name for name in late if find_spec(f"{package.__name__}.{name}")]
        assert all(getattr(package, name) is not None for name in package.__all__)
        with pytest.raises(AttributeError, match=rf"module '{package.__name__}' has no attribute 'nothing'"):
            package.nothing


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    assert _python(f"import sys, gigs; print([name for name in {HEAVY} if name in sys.modules])") == "[]"


def test_the_command_line_waits_for_no_network_or_table() -> None:
    """`--version` and every `--help`: typer and rich, and nothing that computes."""
    loaded = "[name for name in ('torch', 'numpy', 'pandas', 'PIL', 'scipy') if name in sys.modules]"
    assert _python(f"import sys, gigs.cli; print({loaded})") == "[]"


def test_a_suggestion_imports_what_it_needs_and_networks_are_built_without_the_compiler() -> None:
    code = f"""
import sys
import torch
import gigs.batch
from gigs.io.build import without_memory
from gigs.recommender.models.vbpr import VBPR
from gigs.training.adam import Adam
from gigs.vision.convolutions import PooledConvolutions
from gigs.vision.efficientnet_lite import EfficientNetLite

loaded = [name for name in {SPARED} if name in sys.modules]
with without_memory():
    VBPR(factors=4, input_size=64, backbone="efficientnet-lite0", user_ids=["a"])
    EfficientNetLite("efficientnet-lite1")
PooledConvolutions("alexnet")
value = torch.ones(2, requires_grad=True)
value.sum().backward()
Adam(value, 0.1, (0.9, 0.98)).step()
print(loaded, "torch._dynamo" in sys.modules, "torch._dynamo.utils" in sys.modules)
"""
    assert _python(code) == "[] False False"


def test_the_core_imports_without_any_extra() -> None:
    source = Path(gigs.__file__).parent
    names = sorted(
        ".".join(("gigs", *path.relative_to(source).with_suffix("").parts)).removesuffix(".__init__")
        for path in source.rglob("*.py")
        if path.name != "__main__.py"
    )
    core = [name for name in names if not name.startswith(NEED_AN_EXTRA)]
    assert len(core) > 200
    code = f"""
import sys
from importlib import import_module
sys.modules.update(dict.fromkeys({EXTRA}))  # as if they were not installed
for name in {core}:
    import_module(name)
"""
    _python(code)


def test_importing_takes_less_than_a_third_of_a_second() -> None:
    """Seconds of processor, and the least of a few runs: a busy computer is no slow import."""
    code = "import time; t = time.process_time(); import gigs; print(time.process_time() - t)"
    seconds = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout) for _ in range(3)
    ]
    assert min(seconds) < 0.3
