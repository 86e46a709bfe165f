"""The page's routes described for programs: OpenAPI 3.1, out of the table itself. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from agent import __version__
from agent.web.routes import COOKIE, EVENTS, FORM, JSON, Need, Route, Wrong

_REF = "#/components/schemas/{name}"
_WHO = {
    Need.NOTHING: "Nobody needs to log in.",
    Need.RESIDENT: "Needs the household's PIN or the claim code.",
    Need.INSTALLER: "Needs the claim code.",
}
_REFUSALS = {
    400: "The request is not understood.",
    401: "Nobody is logged in, or not as who may do this.",
    403: "The request comes from another page, or asks for another host.",
    409: "It was understood and not done; the reason is in the body.",
    413: "The body is too long.",
    415: "The body is neither JSON nor a form.",
    429: "Too many requests or wrong codes; Retry-After says when to come back.",
    503: "Too many watch already, or the codes cannot be read.",
}


def description(routes: Iterable[Route]) -> dict[str, Any]:
    """The whole document."""
    routes = tuple(routes)
    kinds = {kind for one in routes for kind in (one.takes, one.gives) if kind is not None}
    ordered = sorted({*kinds, Wrong}, key=lambda kind: kind.__name__)
    _, schemas = msgspec.json.schema_components(ordered, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Local page of a heat-pump gateway",
            "version": __version__,
            "description": "Served by the gateway itself, in the house. What changes something is "
            "refused before somebody logs in; every wish becomes an ordinary command and is "
            "answered with its end.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": COOKIE}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{route.path.replace('/', '_').replace('.', '_')}",
        "summary": route.about,
        "description": _WHO[route.need],
        "responses": {str(status): answer for status, answer in _answers(route).items()},
    }
    if route.need is not Need.NOTHING:
        found["security"] = [{"session": []}]
    if route.takes is not None:
        schema = {"$ref": _REF.format(name=route.takes.__name__)}
        found["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": schema}, FORM: {"schema": schema}},
        }
    return found


def _answers(route: Route) -> dict[int, Any]:
    schema: dict[str, Any] = {}
    if route.gives is not None:
        schema = {"schema": {"$ref": _REF.format(name=route.gives.__name__)}}
    kind = EVENTS if route.kind == EVENTS else route.kind
    found: dict[int, Any] = {200: {"description": "Done.", "content": {kind: schema}}}
    if route.writes or route.need is not Need.NOTHING:
        found[303] = {"description": "A person goes on to a page."}
    wrong = {JSON: {"schema": {"$ref": _REF.format(name=Wrong.__name__)}}, "text/html": {}}
    for status, why in _REFUSALS.items():
        if route.writes or status in (403, 429, *((401,) if route.need else ()), *_full(route)):
            found[status] = {"description": why, "content": wrong}
    return dict(sorted(found.items()))


def _full(route: Route) -> tuple[int, ...]:
    return (503,) if route.kind == EVENTS else ()
