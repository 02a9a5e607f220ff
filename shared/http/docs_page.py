"""A service's HTTP as a page, made of its OpenAPI document: self-contained, Chinese first."""

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from string import Template

from shared.http.openapi import SCHEMAS, Schema
from shared.http.schema_page import kind, style
from shared.i18n.messages import TEXTS

MADE, AGAIN = "201", "200"
COLUMNS = ("docs.name", "docs.kind")


def page(service: str, document: Schema) -> str:
    """The page of an OpenAPI document that `openapi.document` made."""
    template = Template((Path(__file__).parent / "docs_page.html").read_text(encoding="utf-8"))
    operations = _operations(document)
    titles = {one["name"]: _bilingual(one["description"]) for one in document["tags"]}
    return template.substitute(
        style=style(),
        service=service,
        title_zh=escape(TEXTS.text("docs.title", "zh", service=service)),
        title_en=escape(TEXTS.text("docs.title", "en", service=service)),
        skip=_both("docs.skip"),
        about=_said("docs.about"),
        files=_said("docs.files"),
        token=_both("docs.token"),
        id=_said("docs.id"),
        index="\n".join(_index(tag, titles[tag], listed) for tag, listed in operations.items()),
        operations="\n".join(
            f'<h2 id="{escape(tag)}">{titles[tag]}</h2>\n'
            + "\n".join(_operation(*one, document) for one in listed)
            for tag, listed in operations.items()
        ),
        models_heading=_both("docs.models"),
        models="\n".join(
            _model(name, schema) for name, schema in document["components"]["schemas"].items()
        ),
    )


Operation = tuple[str, str, Schema]


def _operations(document: Schema) -> dict[str, list[Operation]]:
    """Method, path and operation by tag, in the order of the document."""
    found: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    return found


def _both(message: str) -> str:
    zh, en = (escape(TEXTS.text(message, tongue)) for tongue in ("zh", "en"))
    return f'{zh} <span lang="en">{en}</span>'


def _bilingual(described: str) -> str:
    """A text of the document, which has both languages in one line."""
    zh, _, en = described.partition(" / ")
    return f'{escape(zh)} <span lang="en">{escape(en)}</span>'


def _said(message: str) -> str:
    zh, en = (escape(TEXTS.text(message, tongue)) for tongue in ("zh", "en"))
    return f'<p>{zh}</p>\n<p lang="en">{en}</p>'


def _index(tag: str, title: str, listed: Iterable[Operation]) -> str:
    links = "\n".join(
        f'<li><a href="#{escape(operation["operationId"])}"><span class="method">{method}</span>'
        f"<code>{escape(path)}</code><br>{escape(operation['summary'])}</a></li>"
        for method, path, operation in listed
    )
    return f'<h3><a href="#{escape(tag)}">{title}</a></h3>\n<ul class="index">\n{links}\n</ul>'


def _operation(method: str, path: str, operation: Schema, document: Schema) -> str:
    id_ = escape(operation["operationId"])
    english, _, more = operation["description"].partition("\n")
    soft = f'<p class="soft" lang="en">{escape(more.strip())}</p>\n' if more.strip() else ""
    return f"""\
<section id="{id_}" aria-labelledby="{id_}-title">
<h3 id="{id_}-title"><span class="method">{method}</span> <code>{escape(path)}</code></h3>
<p>{escape(operation["summary"])} <span lang="en">{escape(english)}</span></p>
{soft}{_access(operation)}
{_parameters(operation.get("parameters", ()))}
{_body(operation, document)}
{_answers(operation["responses"], document)}
</section>"""


def _access(operation: Schema) -> str:
    """Which roles may call it, and how the caller's area is checked."""
    roles = dict.fromkeys(role for one in operation["security"] for (role,) in one.values())
    lines = [_term("docs.roles", "、".join(map(_role, roles)))]
    if not roles:
        lines = [f"<p>{_both('docs.public')}</p>"]
    if any("query" in one for one in operation["security"]):
        lines.append(f"<p><code>?access_token=</code>: {_both('openapi.query')}</p>")
    if with_reason := operation.get("x-with-reason"):
        lines.append(_term("docs.with_reason", "、".join(map(_role, with_reason["roles"]))))
    checks = [check for check in operation["x-area-check"] if check != "none"]
    lines += [_term("docs.area", _both(f"area_check.{check}")) for check in checks]
    return "\n".join(lines)


def _term(message: str, said: str) -> str:
    return f"<p><strong>{_both(message)}</strong>: {said}</p>"


def _role(role: str) -> str:
    return f"{escape(TEXTS.text(f'role.{role}', 'zh'))} <code>{escape(role)}</code>"


def _refer(name: str) -> str:
    return f'<a href="#model-{escape(name)}">{escape(name)}</a>'


def _parameters(parameters: Iterable[Schema]) -> str:
    rows = [
        (
            f"<code>{escape(one['name'])}</code>",
            kind(one["schema"], _refer),
            _both("docs.path" if one["in"] == "path" else "docs.query"),
            _both("docs.required") if one["required"] else "",
        )
        for one in parameters
    ]
    columns = ("docs.name", "docs.kind", "docs.where", "")
    return f"<h4>{_both('docs.parameters')}</h4>\n{_table(columns, rows)}" if rows else ""


def _body(operation: Schema, document: Schema) -> str:
    if "requestBody" not in operation:
        return ""
    ((media_type, content),) = operation["requestBody"]["content"].items()
    name = content["schema"]["$ref"].removeprefix(SCHEMAS)
    heading = "docs.lines" if media_type.endswith("ndjson") else "docs.body"
    fields = _fields(document["components"]["schemas"][name], "docs.required")
    return f"<h4>{_both(heading)}</h4>\n{fields}"


def _answers(responses: Mapping[str, Schema], document: Schema) -> str:
    """What it answers by status, and then its refusals, which are all problem documents."""
    answers = {status: one for status, one in responses.items() if "$ref" not in one}
    lines = [
        f'<li><span class="status">{status}</span> {_contents(one.get("content", {}))}'
        f" {_bilingual(one['description']) if status == AGAIN and MADE in answers else ''}</li>"
        for status, one in answers.items()
    ]
    listed = "\n".join(lines)
    found = f"<h4>{_both('docs.answers')}</h4>\n<ul>\n{listed}\n</ul>"
    refused = [
        _refusal(status, one, document) for status, one in responses.items() if "$ref" in one
    ]
    if refused:
        heading = f"<h4>{_both('docs.refusals')}: {_refer('Problem')}</h4>"
        found += f"\n{heading}\n<p>{' · '.join(refused)}</p>"
    return found


def _contents(contents: Mapping[str, Schema]) -> str:
    return " | ".join(
        f"{kind(one['schema'], _refer)} <code>{escape(media_type)}</code>"
        for media_type, one in contents.items()
    )


def _refusal(status: str, reference: Schema, document: Schema) -> str:
    name = reference["$ref"].rsplit("/", 1)[1]
    described = document["components"]["responses"][name]["description"]
    return f"<strong>{status}</strong> {_bilingual(described)}"


def _model(name: str, schema: Schema) -> str:
    about = " ".join(schema.get("description", "").split())
    soft = f'<p class="soft" lang="en">{escape(about)}</p>\n' if about else ""
    return f"""\
<section id="model-{escape(name)}" aria-labelledby="model-{escape(name)}-title">
<h3 id="model-{escape(name)}-title"><code>{escape(name)}</code></h3>
{soft}{_fields(schema, None)}
</section>"""


def _fields(schema: Schema, required: str | None) -> str:
    """The fields of a schema; a body says which are needed, an answer which may be absent."""
    if "properties" not in schema:
        return f"<p>{kind(schema, _refer)}</p>"
    needed = set(schema.get("required", ()))

    def note(name: str) -> str:
        if required is not None:
            return _both(required) if name in needed else ""
        return "" if name in needed else _both("docs.optional")

    rows = [
        (f"<code>{escape(name)}</code>", kind(part, _refer), note(name))
        for name, part in schema["properties"].items()
    ]
    return _table((*COLUMNS, ""), rows)


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f'<th scope="col">{_both(one) if one else ""}</th>' for one in columns)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="wide" tabindex="0"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )
