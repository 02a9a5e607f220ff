"""The public page of an area, without a token: JSON, or HTML for a browser. D10, V5."""

from pydantic import BaseModel
from starlette.responses import Response

from services.rollup.public.answers import PublicArea
from services.rollup.public.page import page
from services.rollup.public.reading import public_area
from shared.events.base import AreaCode
from shared.http.declaration import JSON
from shared.http.reads import Read
from shared.http.responses import json_response
from shared.http.routes import Routes
from shared.i18n.catalogue import Catalogue

TEXTS = Catalogue.beside(__file__)

HEADERS = {"cache-control": "public, max-age=10", "vary": "Accept"}
# The page needs nothing from anywhere, so nothing is allowed in.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class PublicAsked(BaseModel):
    """The area asked for."""

    code: AreaCode


def public(read: Read, asked: PublicAsked) -> Response:
    """What residents are told: level, situation, rules, duty roster, hotline, notices."""
    found = public_area(read, asked.code)
    if read.wants_html:
        headers = {**HEADERS, "content-security-policy": POLICY}
        return Response(page(found), media_type="text/html", headers=headers)
    answer = json_response(found, 200)
    answer.headers.update(HEADERS)
    return answer


routes = Routes("/public", "public", TEXTS)
routes.get(
    "/areas/{code}",
    public,
    PublicAsked,
    returns={JSON: PublicArea, "text/html": None},
    roles=None,
)
