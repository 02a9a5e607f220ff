"""HTTP: routes that features declare, the checks before them, and the answers after them.

Promise. A 2xx goes out after the commit. Whatever a client sends, the answer is JSON: a result, or
a problem document (RFC 9457) in the caller's language that names the field and the form meant.

Invariant. Nobody reaches a handler or a read whose role is not among the route's roles, nor names
an area outside their own; what stands on a row is checked there (`require_access`).

    request ─▶ role ─▶ body or query parsed ─▶ areas and times checked ─▶ handler or read ─▶ answer
                │              │                        │                       │
                └── 401, 403   └── 422                  └── 422, 403            └── 404, 409, 422

- `routes`: how a feature declares a change, a read, a bulk, a dry run, an audited read.
- `declaration`: `Route`, what each declaration becomes. `endpoints`: what runs when it is called.
- `requests`: the checks of a request. `draining`: reads what a rejected request is still sending,
  so that its sender gets the answer.
- `reads`: what a read sees. `responses`: JSON as the contract writes it.
- `answers`: models of the answers, for the documents. `rejections`, `problems`: errors as problem
  documents.
- `docs`: each service's own documentation: `openapi` makes the OpenAPI document, `docs_page` the
  page of it, `schema_page` the style and the words for types that it shares with the event pages.
- `bulk`: one JSON object a line; good lines are kept, bad ones named.
- `paging`: lists by cursor. `sse`: streams of events. `explain`: the chain of causes of a thing.
- `app`: the application of one service, made of its routes.

A change goes through the writer; a read runs on a thread with a consistent view of the database.
"""
