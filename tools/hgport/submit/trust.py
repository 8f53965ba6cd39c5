"""Whom to believe to be the mail server: Mercurial's settings, as a TLS context."""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hgport.errors import UsageError

_PROTOCOLS = {
    "tls1.0": ssl.TLSVersion.TLSv1,
    "tls1.1": ssl.TLSVersion.TLSv1_1,
    "tls1.2": ssl.TLSVersion.TLSv1_2,
    "tls1.3": ssl.TLSVersion.TLSv1_3,
}
_KNOWN = ("ciphers", "fingerprints", "minimumprotocol", "verifycertsfile")
_FINGERPRINT = re.compile(r"(?P<kind>sha1|sha256|sha512):(?P<digits>[0-9a-f]+)")
_DIGITS = {"sha1": 40, "sha256": 64, "sha512": 128}


@dataclass(frozen=True)
class Trust:
    """Which certificate is good.

    ``fingerprints`` ("sha256:" and hex digits) of certificates, if there are any, are all that
    counts; else the certificate is for the host, and of an authority in ``cafile`` (None: of the
    system's).  ``protocol`` is the oldest version of TLS, ``ciphers`` OpenSSL's list, "" its own.
    """

    cafile: Path | None = None
    fingerprints: tuple[str, ...] = ()
    protocol: str = "tls1.2"
    ciphers: str = ""

    @classmethod
    def read(cls, config: Mapping[str, str], host: str) -> Trust:
        """What the configuration (``section.key``: value) says about a host.  Raises UsageError for
        what makes no sense, a file that is not there included."""
        for key in config:
            mine = key.startswith(f"hostsecurity.{host}:")
            if mine and key.rpartition(":")[2] not in _KNOWN:
                raise UsageError(f"hgport does not know {key} of your hgrc", "remove it there")

        def told(key: str) -> str:
            common = config.get(f"hostsecurity.{key}", "")
            return config.get(f"hostsecurity.{host}:{key}", common).strip()

        trust = cls(
            _file(told("verifycertsfile") or config.get("web.cacerts", "").strip()),
            (
                *_fingerprints(told("fingerprints")),
                *_fingerprints(config.get(f"hostfingerprints.{host}", ""), "sha1:"),
            ),
            told("minimumprotocol") or "tls1.2",
            told("ciphers"),
        )
        trust.context()
        return trust

    def context(self) -> ssl.SSLContext:
        """The context for a client's connection.  Raises UsageError for what TLS does not know.

        With fingerprints it lets every certificate pass, for ``refuses`` to see.
        """
        if self.protocol not in _PROTOCOLS:
            raise UsageError(
                f"hostsecurity.minimumprotocol: no {self.protocol!r}", "one of tls1.0 to tls1.3"
            )
        try:
            context = ssl.create_default_context(cafile=self.cafile)
            with warnings.catch_warnings():
                # a person who asks for an old version knows that it is old
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = _PROTOCOLS[self.protocol]
            if self.ciphers:
                context.set_ciphers(self.ciphers)
        except (ssl.SSLError, OSError) as err:
            what = f"{self.cafile}, " if self.cafile else ""
            raise UsageError(f"TLS cannot be had with {what}your hgrc's settings: {err}") from None
        if self.fingerprints:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def refuses(self, certificate: bytes | None) -> bool:
        """Whether a server's certificate (DER) is none of those that are pinned, if any are."""
        if not self.fingerprints:
            return False
        kinds = {one.partition(":")[0] for one in self.fingerprints}
        shown = {f"{kind}:{hashlib.new(kind, certificate or b'').hexdigest()}" for kind in kinds}
        return certificate is None or not shown & set(self.fingerprints)


def _file(told: str) -> Path | None:
    if not told:
        return None
    path = Path(os.path.expandvars(os.path.expanduser(told)))
    if not path.is_file():
        raise UsageError(f"the file of authorities that your hgrc names is not there: {path}")
    return path


def _fingerprints(told: str, prefix: str = "") -> list[str]:
    found = []
    for word in re.split(r"[\s,]+", told.strip()) if told.strip() else []:
        kind, _, digits = f"{prefix}{word}".lower().partition(":")
        one = f"{kind}:{digits.replace(':', '')}"
        good = _FINGERPRINT.fullmatch(one)
        if not good or len(good["digits"]) != _DIGITS[kind]:
            raise UsageError(f"{word!r} in your hgrc is no certificate's fingerprint")
        found.append(one)
    return found
