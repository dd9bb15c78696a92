"""Servers that speak TLS, with certificates made on the spot by ``openssl``."""

import asyncio
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fake_upstream import FakeUpstream, _bound

_CONFIG = """
[ca]
default_ca = here
[here]
new_certs_dir = .
database = index.txt
serial = serial
default_md = sha256
policy = any
x509_extensions = more
unique_subject = no
[any]
commonName = supplied
[more]
subjectAltName = {names}
"""
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    """A certificate authority in a folder; ``certificate`` is what clients must trust."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate = folder / "ca.pem"
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01\n")
        self._openssl(
            "req", "-x509", *_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=an authority", "-addext", "keyUsage=critical,keyCertSign",
        )  # fmt: skip

    def issue(self, label: str, names: str, *, expired: bool = False) -> ssl.SSLContext:
        """Give a server's context with a certificate for ``names``."""
        config = self.folder / f"{label}.cnf"
        config.write_text(_CONFIG.format(names=names))
        span = ("20200101000000Z", "20210101000000Z" if expired else "20991231000000Z")
        self._openssl(
            "req", *_KEY, "-keyout", f"{label}.key", "-out", f"{label}.csr", "-subj", f"/CN={label}"
        )
        self._openssl(
            "ca", "-batch", "-config", config.name, "-cert", "ca.pem", "-keyfile", "ca.key",
            "-in", f"{label}.csr", "-out", f"{label}.pem", "-notext",
            "-startdate", span[0], "-enddate", span[1],
        )  # fmt: skip
        return self._context(label)

    def self_signed(self) -> ssl.SSLContext:
        """Give a server's context with a certificate for which nobody vouches."""
        self._openssl(
            "req", "-x509", *_KEY, "-keyout", "alone.key", "-out", "alone.pem", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        )  # fmt: skip
        return self._context("alone")

    def _context(self, label: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{label}.pem", self.folder / f"{label}.key")
        return context

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


class TlsUpstream(FakeUpstream):
    """A fake upstream behind TLS."""

    def __init__(self, answers: Mapping[str, Any], context: ssl.SSLContext) -> None:
        super().__init__(answers)
        self._context = context

    async def start(self) -> None:
        self._server = await asyncio.start_server(
            self._accept, sock=_bound(self.port), ssl=self._context
        )

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"
