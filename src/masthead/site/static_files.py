"""Static files: under names that carry their digest, and compressed, both when they are collected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
from whitenoise.compress import Compressor  # type: ignore[import-untyped]
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

# What only the newsroom loads is 98 % of all; compressing it as hard as can be would take nine tenths of the time of collecting,
# at every first start and with every new version. It is an eighth larger for it.
NEWSROOM = ("admin/", "newsroom/", "table_block/", "wagtail")
QUICK = 5  # of brotli's 0 to 11


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """WhiteNoise's, with the hardest compression kept for what readers load."""

    def create_compressor(self, **options: Any) -> Compressor:
        return _Compressor(Path(self.location), **options)


class _Quick(Compressor):  # type: ignore[misc]
    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return bytes(brotli.compress(data, quality=QUICK))


class _Compressor(Compressor):  # type: ignore[misc]
    def __init__(self, root: Path, **options: Any) -> None:
        super().__init__(**options)
        self._root = root
        self._quick = _Quick(**options)

    def compress(self, path: str) -> list[str]:
        name = Path(path).relative_to(self._root).as_posix()
        found: list[str] = self._quick.compress(path) if name.startswith(NEWSROOM) else super().compress(path)
        return found
