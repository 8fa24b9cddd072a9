"""gigs: GAN Inversion & Guided Shifting. Redesigns of a product photo that a named audience would prefer.

```python
import gigs

result = gigs.suggest("shirt.jpg", audience="women")
result.save("out")
```

Nothing heavy is imported before it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gigs.threads import wait_asleep

if TYPE_CHECKING:
    from gigs.api import colours, suggest
    from gigs.method.presets import Preset
    from gigs.packs.load import load_pack
    from gigs.result import Result
    from gigs.result.colourways import Colourways
    from gigs.session import Session

__version__ = "0.2.0"  # the one place: the packages' metadata is made from it

wait_asleep()  # before PyTorch is loaded, or it has no effect

__all__ = ["Colourways", "Preset", "Result", "Session", "__version__", "colours", "load_pack", "suggest"]
_HOMES = {
    "Colourways": "gigs.result.colourways",
    "Preset": "gigs.method.presets",
    "Result": "gigs.result",
    "Session": "gigs.session",
    "colours": "gigs.api",
    "load_pack": "gigs.packs.load",
    "suggest": "gigs.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gigs' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
