"""The written-out EfficientNets are timm's, to the byte."""

import pytest
import torch

from gigs.vision.efficientnet_lite import EfficientNetLite
from gigs.vision.torchvision_import import import_torchvision


@pytest.mark.parametrize("number", [0, 1])
def test_names_shapes_and_features_are_timms(number):
    import_torchvision()
    import timm

    torch.manual_seed(number)
    theirs = timm.create_model(f"tf_efficientnet_lite{number}", pretrained=False, num_classes=0).eval()
    ours = EfficientNetLite(f"efficientnet-lite{number}").eval()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for name, buffer in theirs.named_buffers():  # statistics that are not those of a fresh network
        if "running" in name:
            buffer.copy_(torch.rand_like(buffer) + 0.5)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    for side in (64, 77):
        pictures = torch.rand(2, 3, side, side)
        with torch.no_grad():
            assert torch.equal(ours(pictures), theirs(pictures))
            assert torch.equal(ours.stem(pictures), theirs.bn1(theirs.conv_stem(pictures)))
