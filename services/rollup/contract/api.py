"""The contract of the events, for other systems, without a token. P2.

The page and the files are made here and ask no other host for anything.
"""

from pydantic import BaseModel
from starlette.responses import Response

from services.rollup.contract.page import page
from shared.events import schema as contract
from shared.events.envelope import schema_name
from shared.exceptions import NotFound
from shared.http.answers import JsonDocument
from shared.http.reads import Read
from shared.http.routes import Routes
from shared.i18n.catalogue import Catalogue

TEXTS = Catalogue.beside(__file__)

HEADERS = {"cache-control": "public, max-age=300"}
# The page needs nothing from anywhere, so nothing is allowed in.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class Whole(BaseModel):
    """Nothing is asked: the whole."""


class SchemaAsked(BaseModel):
    """The event whose schema is asked for."""

    service: str
    event: str


class NameAsked(BaseModel):
    """The name of a schema, as `dataschema` carries it."""

    name: str


def contract_page(_read: Read, _asked: Whole) -> Response:
    """Every event with its subject, fields and an example, as a page."""
    return Response(
        page(), media_type="text/html", headers={**HEADERS, "content-security-policy": POLICY}
    )


def asyncapi(_read: Read, _asked: Whole) -> Response:
    """The AsyncAPI 3.0 document of all events."""
    return _json(contract.asyncapi())


def envelope(_read: Read, _asked: Whole) -> Response:
    """The JSON Schema of the envelope."""
    return _json(contract.envelope_schema(), "application/schema+json")


def schema(_read: Read, asked: SchemaAsked) -> Response:
    """The JSON Schema of an event's data."""
    return _schema(asked.service, asked.event, "event", asked.event)


def schema_by_name(_read: Read, asked: NameAsked) -> Response:
    """The JSON Schema that an envelope's `dataschema` names."""
    parts = asked.name.split(":")
    service, event = parts[2:4] if len(parts) == 5 else ("", "")
    if asked.name != schema_name(service, event):
        service = event = ""
    return _schema(service, event, "name", asked.name)


def _schema(service: str, event: str, field: str, asked: str) -> Response:
    model = contract.model_of(service, event)
    if model is None:
        raise NotFound(TEXTS, "no_such_schema", field=field, schema=asked)
    return _json(contract.schema_of(model), "application/schema+json")


def _json(value: object, media_type: str = "application/json") -> Response:
    return Response(contract.as_json(value), media_type=media_type, headers=HEADERS)


SCHEMA = {"application/schema+json": JsonDocument}

routes = Routes("", "contract", TEXTS)
routes.get("/asyncapi", contract_page, Whole, returns={"text/html": None}, roles=None)
routes.get("/asyncapi.json", asyncapi, Whole, returns=JsonDocument, roles=None)
routes.get("/schemas/envelope.json", envelope, Whole, returns=SCHEMA, roles=None)
routes.get("/schemas/{service}/{event}.json", schema, SchemaAsked, returns=SCHEMA, roles=None)
routes.get("/schemas/{name}", schema_by_name, NameAsked, returns=SCHEMA, roles=None)
