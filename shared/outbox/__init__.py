"""The outbox: keeps a service's stream an exact copy of its event log.

Promise. Whatever was committed reaches the stream, once and in order, whatever crashes, races or
is damaged on the way; a stream that is no copy is found and rebuilt from the log.

Invariant. The message at sequence N of a service's stream is the event at sequence N of its log.

The relay remembers nothing. It asks where the stream ends and publishes what follows, guarded by
the stream's own last sequence. A rejection, a lost acknowledgement, a crash, a second relay, a
wiped store: each is the same case, verify and go on.

              start, error, every 2 s
                       │
                       ▼
      ┌─────────▶ verifying ──── is a copy ────▶ publishing ──── head reached ────▶ waiting
      │            │      │                          │                                │
      │            │      │                          └── rejected, or no answer ──┐   │ a commit,
      │            │      │                                                       │   │ or 2 s
      │            │      └─ no stream, or no copy ─▶ rebuilding ─────────────────┤   │
      │            │                                                              │   │
      │            └─ the log is older ─▶ stopped: a person must act              │   │
      └───────────────────────────────────────────────────────────────────────────┴───┘

- `relay`: the loop above, in the process that leads.
- `publisher`: sends rows in atomic batches of up to a thousand, the first guarded.
- `verification`: whether a stream is a copy of the log.
- `control`: the control subjects on which readers ask for the log's head or for a rebuild.

A database that was restored to an older moment has a log that ends before its stream. Publishing
would give numbers away twice, so the relay stops with an alarm and nothing is written.
"""
