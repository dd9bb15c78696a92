"""Packages that offer integrations, made by hand where no real one would be so broken."""

from itertools import count
from pathlib import Path
from typing import Final

import pytest

_NUMBERS: Final = count()
HEADER: Final = """\
from service.integrations import BadAnswerError, BaseIntegration, OptionsError, UnreachableError
class Plain(BaseIntegration):
    kind = "strange"
    @classmethod
    def configured(cls, settings, *, timeout):
        return cls()
    async def get_models(self):
        return [{"id": "strange:1b"}]
    async def is_available(self):
        return True
"""


def install(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    *,
    names: tuple[str, ...] = ("strange",),
    offers: str = "Offered",
    package: str = "strange-package",
) -> None:
    """Put a package on the path that offers one thing under each of ``names``."""
    module = f"strange_module_{next(_NUMBERS)}"
    site = folder / module
    told = site / f"{package.replace('-', '_')}-1.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = "".join(f"{name} = {module}:{offers}\n" for name in names)
    (told / "entry_points.txt").write_text(f"[rollcall.integrations]\n{lines}")
    (site / f"{module}.py").write_text(source)
    monkeypatch.syspath_prepend(site)
