"""A minimal Wagtail site, as ``wagtail start`` would lay it out: what a page costs where nothing of ours is there."""
