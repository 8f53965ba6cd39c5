"""Whether a fault has struck: without that, what came of a cell says nothing."""

from __future__ import annotations

from hgport.proof.connection import ALTERED, CRAWLED, CUT_SHORT
from hgport.proof.evidence import Evidence, Request
from hgport.proof.faults import Fault
from hgport.proof.server import TUNNEL


def missed(evidence: Evidence, fault: Fault) -> tuple[str, ...]:
    """What a fault should have done, by the record, and has not; a phrase each."""
    requests = evidence.requests
    signs = {
        "no connection was reset": fault.resets_at is None
        and fault.stalls is None
        and not fault.resets_response
        or any(request.outcome == "reset" for request in requests),
        f"no transfer was answered with {fault.status}": fault.status is None
        or any(request.object and request.status == fault.status for request in requests),
        "no connection was closed between requests": not _closes(fault)
        or any(request.connection > 1 for request in requests),
        "nothing was read slowly": fault.crawls is None
        or any(request.detail == CRAWLED for request in requests),
        "no response was cut short": not fault.cuts_response
        or any(request.detail == CUT_SHORT for request in requests),
        "nothing else than was stored was given out": not fault.alters_content
        or any(request.detail == ALTERED for request in requests),
        "somebody answered": fault.gone is None or not any(request.object for request in requests),
        "no blob was changed on disk": fault.disk is None or bool(evidence.changed),
        "nothing came through a proxy": not fault.proxy
        or any(_through_proxy(request) for request in requests),
    }
    return tuple(missing for missing, has_struck in signs.items() if not has_struck)


def _closes(fault: Fault) -> bool:
    """Whether it ends connections on which another request might come."""
    return (
        fault.closes_idle
        or fault.closes_each
        or fault.most_requests is not None
        or fault.most_idle is not None
    )


def _through_proxy(request: Request) -> bool:
    return request.method == TUNNEL or request.path.startswith("http://")
