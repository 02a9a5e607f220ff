"""The contract as a page: plain, self-contained, Chinese first. P2."""

from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import orjson

from shared.events import schema as contract
from shared.events.base import Event
from shared.events.wording import event_label
from shared.http.schema_page import kind, style
from shared.i18n.catalogue import Catalogue

TEXTS = Catalogue.beside(__file__)


@cache
def page() -> str:
    """The page of every event; the same for everybody."""
    template = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))
    services = contract.by_service()
    return template.substitute(
        style=style(),
        title_zh=_text("contract.title", "zh"),
        title_en=_text("contract.title", "en"),
        about=_said("contract.about"),
        subject=_said("contract.subject"),
        address=escape(f"events.<service>.<event>.{contract.ADDRESS_TAIL}"),
        rules=_said("contract.rules"),
        files=_said("contract.files"),
        index="\n".join(_index(service, models) for service, models in services.items()),
        services="\n".join(_service(service, models) for service, models in services.items()),
    )


def _text(message: str, language: Any, **values: object) -> str:
    return escape(TEXTS.text(message, language, **values))


def _both(message: str) -> str:
    return f'{_text(message, "zh")} <span lang="en">{_text(message, "en")}</span>'


def _said(message: str) -> str:
    return f'<p>{_text(message, "zh")}</p>\n<p lang="en">{_text(message, "en")}</p>'


def _index(service: str, models: list[type[Event]]) -> str:
    links = "\n".join(
        f'<li><a href="#{escape(model.type)}">{escape(event_label(model.name, "zh"))} '
        f"<code>{escape(model.name)}</code></a></li>"
        for model in models
    )
    return f'<h3><a href="#{service}">{service}</a></h3>\n<ul class="index">\n{links}\n</ul>'


def _service(service: str, models: list[type[Event]]) -> str:
    events = "\n".join(_event(model) for model in models)
    stream = f"<p>{_both('contract.stream')}: <code>{service.upper()}</code></p>"
    return f'<h2 id="{service}">{service}</h2>\n{stream}\n{events}'


def _event(model: type[Event]) -> str:
    schema = contract.schema_of(model)
    url = f"/schemas/{model.service}/{model.name}.json"
    example = orjson.loads(contract.example_document(model))
    shown = orjson.dumps(example, option=orjson.OPT_INDENT_2).decode()
    zh, en = (escape(event_label(model.name, tongue)) for tongue in ("zh", "en"))
    return f"""\
<section id="{escape(model.type)}" aria-labelledby="{escape(model.name)}">
<h3 id="{escape(model.name)}">{zh} <span lang="en">{en}</span></h3>
<p><code>{escape(model.type)}</code></p>
<p class="soft">{escape((model.__doc__ or "").strip())}</p>
<p>{_both("contract.example_subject")}: <code>{escape(contract.example_subject(model))}</code></p>
<div class="wide"><table>
<thead><tr><th>{_both("contract.field")}</th><th>{_both("contract.kind")}</th><th></th></tr></thead>
<tbody>
{_fields(schema)}
</tbody></table></div>
<details><summary>{_both("contract.example")}</summary><pre>{escape(shown)}</pre></details>
<p><a href="{url}">{_both("contract.schema")}</a></p>
</section>"""


def _fields(schema: contract.Schema) -> str:
    required = set(schema["required"])

    def refer(name: str) -> str:
        return escape(f"{{{', '.join(schema['$defs'][name]['properties'])}}}")

    return "\n".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{kind(part, refer)}</td>"
        f"<td>{'' if name in required else _both('contract.optional')}</td></tr>"
        for name, part in schema["properties"].items()
    )
