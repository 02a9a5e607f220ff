"""The contract for other programs: a JSON Schema and an example of each event, and AsyncAPI 3.

It holds the events that some service makes; one that none makes yet follows with its feature.

`dataschema` in an envelope is the `$id` of the schema of its `data`; every site answers it at
`/schemas/<dataschema>` and at `/schemas/<service>/<event>.json`. Optional fields that are absent
are left out of a document, never null, so the schemas know no null.
"""

from functools import cache
from typing import Any

import orjson

from shared.events.base import AREA_PATTERN, Event
from shared.events.envelope import CONTENT_TYPE, encode, schema_name, subject_of
from shared.events.examples import COMMUNITY, MORNING, example_id, example_of
from shared.events.registry import all_events
from shared.events.registry import model_of as model_by_type
from shared.events.wording import event_label

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXAMPLE_SITE = "bulwark"
# The area tree as six tokens of a subject: which token, how many digits, what it is.
PLACES = (
    ("province", 2, "省 / province"),
    ("city", 2, "市 / city"),
    ("county", 2, "县(市、区) / county"),
    ("township", 3, "乡镇(街道) / township or street"),
    ("community", 3, "村(社区) / community"),
    ("grid", 3, "网格 / grid"),
)
ADDRESS_TAIL = ".".join(f"{{{name}}}" for name, _, _ in PLACES)
_UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


def model_of(service: str, event: str) -> type[Event] | None:
    """The published event of a service by its name; None when there is none."""
    model = model_by_type(f"bulwark.{service}.{event}")
    return model if model is not None and model.published else None


def published() -> list[type[Event]]:
    """Every published event, by service and name."""
    return [model for _, model in sorted(all_events().items()) if model.published]


def by_service() -> dict[str, list[type[Event]]]:
    """Every published event, by the service that owns it, in the order of their names."""
    found: dict[str, list[type[Event]]] = {}
    for model in published():
        found.setdefault(model.service, []).append(model)
    return found


@cache
def schema_of(model: type[Event]) -> Schema:
    """The JSON Schema of an event's `data`, whole in itself."""
    schema = _plain(model.model_json_schema())
    return {"$schema": DIALECT, "$id": schema_name(model.service, model.name), **schema}


@cache
def envelope_schema() -> Schema:
    """The JSON Schema of the envelope: a CloudEvents 1.0 document."""
    text = {"type": "string", "minLength": 1}
    moment = {"type": "string", "format": "date-time"}
    properties: Schema = {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "pattern": _UUID, "description": "一事件一编号 / one per event"},
        "source": {"type": "string", "pattern": "^/[^/]+/[a-z]+$", "description": "/site/service"},
        "type": {"type": "string", "pattern": r"^bulwark\.[a-z]+\.[a-z_]+$"},
        "time": {**moment, "description": "写入日志的时间 / when it entered the log"},
        "subject": {"type": "string", "pattern": AREA_PATTERN, "description": "区划代码 / area"},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {**text, "description": "data 的模式的名称 / the name of data's schema"},
        "sequence": {
            "type": "string",
            "pattern": "^[0-9]{16}$",
            "description": "在其流中的序号 / its number in its stream",
        },
        "correlationid": {
            "type": "string",
            "pattern": _UUID,
            "description": "第一个原因 / the first cause",
        },
        "causationid": {"type": "string", "pattern": _UUID, "description": "直接原因 / the cause"},
        "drill": {"const": True, "description": "演练中才有 / present in a drill"},
        "data": {"type": "object"},
    }
    optional = {"causationid", "drill"}
    return {
        "$schema": DIALECT,
        "$id": "urn:bulwark:envelope:1",
        "title": "Envelope",
        "description": "事件信封,CloudEvents 1.0 结构化模式 / the envelope, structured mode",
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


@cache
def example_document(model: type[Event]) -> bytes:
    """The example of an event as a subscriber receives it: the whole document."""
    event = example_of(model)
    event_id = event.derived_id() if event.because else example_id(model.name.replace("_", " "))
    return encode(event, event_id, 1, MORNING, EXAMPLE_SITE, drill=False)


def example_subject(model: type[Event]) -> str:
    """The subject that the example is published on."""
    return subject_of(model.service, model.name, COMMUNITY)


@cache
def asyncapi() -> Schema:
    """The AsyncAPI 3.0 document of all services."""
    models = published()
    return {
        "asyncapi": "3.0.0",
        "id": "urn:bulwark:events",
        "info": {
            "title": "Bulwark 事件 / events",
            "version": "1",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {"site": _SERVER},
        "channels": {_key(model): _channel(model) for model in models},
        "operations": {f"publish.{_key(model)}": _operation(model) for model in models},
        "components": {
            "schemas": {"Envelope": _embedded(envelope_schema(), {}), **_schemas(models)},
            "messages": {_key(model): _message(model) for model in models},
            "parameters": {name: _parameter(digits, what) for name, digits, what in PLACES},
            "correlationIds": {
                "cause": {
                    "description": "第一个原因的编号 / the id of the first cause",
                    "location": "$message.payload#/correlationid",
                }
            },
        },
    }


def as_json(value: Any) -> bytes:
    """A file of the contract: readable, with a final line end, the same every time."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"


_ABOUT = (
    "每个服务一条 JetStream 流(INTAKE、ALERTS、VOLUNTEERS、ROLLUP),事件按区划发布在各自的主题上。"
    "读者应忽略不认识的字段和事件;以后只增加可选字段。\n\n"
    "One JetStream stream per service; an event is published on a subject that names its kind "
    "and its area. Readers ignore fields and types that they do not know; only optional fields "
    "are ever added."
)

_SERVER: Schema = {
    "host": "{host}:{port}",
    "protocol": "nats",
    "description": "本站的 NATS;账号见 bulwark subscriber add / the site's NATS server",
    "variables": {
        "host": {"default": "127.0.0.1", "description": "主机 / host"},
        "port": {"default": "4222", "description": "端口 / port"},
    },
    "security": [{"type": "userPassword", "description": "bulwark subscriber add"}],
}


def _key(model: type[Event]) -> str:
    return f"{model.service}.{model.name}"


def _titles(model: type[Event]) -> Schema:
    label = f"{event_label(model.name, 'zh')} / {event_label(model.name, 'en')}"
    return {"title": label, "summary": _words(model).partition("\n")[0]}


def _words(model: type[Event]) -> str:
    return (model.__doc__ or "").strip()


def _channel(model: type[Event]) -> Schema:
    return {
        "address": f"events.{model.service}.{model.name}.{ADDRESS_TAIL}",
        **_titles(model),
        "description": f"流 / stream: {model.service.upper()}\n\n{_words(model)}",
        "servers": [{"$ref": "#/servers/site"}],
        "messages": {"event": {"$ref": f"#/components/messages/{_key(model)}"}},
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name, _, _ in PLACES},
        "x-stream": model.service.upper(),
    }


def _operation(model: type[Event]) -> Schema:
    channel = f"#/channels/{_key(model)}"
    return {
        "action": "send",
        "channel": {"$ref": channel},
        **_titles(model),
        "messages": [{"$ref": f"{channel}/messages/event"}],
    }


def _message(model: type[Event]) -> Schema:
    own = {
        "type": "object",
        "properties": {
            "type": {"const": model.type},
            "dataschema": {"const": schema_name(model.service, model.name)},
            "data": {"$ref": f"#/components/schemas/{model.__name__}"},
        },
    }
    return {
        "name": model.type,
        **_titles(model),
        "description": _words(model),
        "contentType": CONTENT_TYPE,
        "correlationId": {"$ref": "#/components/correlationIds/cause"},
        "payload": {"allOf": [{"$ref": "#/components/schemas/Envelope"}, own]},
        "examples": [{"name": model.name, "payload": orjson.loads(example_document(model))}],
    }


def _parameter(digits: int, what: str) -> Schema:
    examples = ["22"] if digits == 2 else ["001"]
    absent = "_: 事件属于上级区划 / the event is about an area above"
    return {"description": f"{what}, {digits} 位 / digits; {absent}", "examples": [*examples, "_"]}


def _schemas(models: list[type[Event]]) -> Schema:
    found: Schema = {}
    for model in models:
        found[model.__name__] = _embedded(schema_of(model), found)
    return found


def _embedded(schema: Schema, among: Schema) -> Schema:
    """A schema as a component: what it defines goes beside it, and references lead there."""
    whole = {key: value for key, value in schema.items() if key not in ("$schema", "$id", "$defs")}
    for name, part in schema.get("$defs", {}).items():
        among[name] = _moved(part)
    moved: Schema = _moved(whole)
    return moved


def _moved(part: Any) -> Any:
    if isinstance(part, dict):
        return {
            key: value.replace("#/$defs/", "#/components/schemas/")
            if key == "$ref"
            else _moved(value)
            for key, value in part.items()
        }
    return [_moved(each) for each in part] if isinstance(part, list) else part


def _plain(part: Any) -> Any:
    """A schema of what is published: without null, which stands for absence inside only."""
    if isinstance(part, list):
        return [_plain(each) for each in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _plain(value) for key, value in part.items()}
    if kept.get("default", ...) is None:
        del kept["default"]
    choices = [one for one in kept.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        kept = {**choices[0], **kept}
    elif choices:
        kept["anyOf"] = choices
    return kept
