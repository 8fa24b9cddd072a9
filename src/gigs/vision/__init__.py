"""Pictures and how they are looked at: the image contract, backbones, LPIPS, devices and precision."""
