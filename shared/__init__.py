"""The floor under the four services: what a record passes through, and nothing of epidemics.

Packages stand in layers, and every import runs down (`.importlinter` holds the rule):

    runtime                     one running service: its parts started, watched and stopped
    http                        routes, their checks and their answers
    context                     what a running service hands to routes and background work
    inbox                       applies other services' events, exactly once and in order
    outbox                      keeps a service's stream an exact copy of its event log
    live | nats | writer        broadcasts here | the broker's client | every change of a database
    site                        the clock, areas, policy, keys and rights of a process
    security                    roles, tokens, sealed data, keys, the audit log
    metrics                     what Prometheus reads
    database                    SQLite or PostgreSQL, opened the same way
    policy                      the dated rules of a county, as typed TOML
    areas | events              the area tree | the contract
    exceptions                  why a request is rejected
    i18n | clock | priority     texts in two languages | the time | who publishes first
    files | backoff             files written whole | the pauses between attempts
    logs                        log lines

Only `events`, `areas`, `policy` and the roles in `security` know what an epidemic is.

To read it for the first time, go with a record: `events` (what a fact looks like), `writer` (how it
is stored), `outbox` (how it reaches the stream), `inbox` (how another service applies it), `http`
(how it came in), `runtime` (what keeps all of this going), and then one feature, such as
`services/alerts/elections`. The words are explained in `docs/glossary.md`.
"""
