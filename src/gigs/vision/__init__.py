"""Pictures and networks that see them: image formats, backbones, LPIPS, devices and precision."""
