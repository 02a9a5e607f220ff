"""The inbox: applies other services' events, exactly once and in order.

Promise. Each event of each source changes this database once, in the source's order, whatever
crashes on either side. An event that cannot be applied is kept as a dead letter with its error, and
its neighbours do not wait.

Invariant. A service's checkpoint in a source is one number in its own database. It moves from
N to M in the very transaction that applies the events N+1 to M, and only if it still stands at N.

The broker's own state is not relied on. The reader asks for the stream from its checkpoint on,
and the source and sequence inside each envelope must be the next ones.

        ┌──────────────── opening ◀───────────────────────────────────────────┐
        │ the stream begins    │ consumer open                                 │
        │ beyond checkpoint+1  ▼                     silence, or it is gone    │
        ▼                   reading ───────────────────────────────────────────┤
    beyond retention         │  ▲  │                                           │
    (alarm; `bulwark         │  │  │ a number is missing, or an envelope       │
     refill` helps)          │  │  │ does not match its sequence               │
        │                    │  │  ▼                                           │
        └── checks each      │  │  verifying ── missing again ──▶ asks the ────┘
            second           │  │                                 source to rebuild
                 next events │  │ committed
                             ▼  │
                           applying

- `reader`: the loop above, one for each source.
- `verified_stream`: the next entries, or the fault found instead; the webhooks read it too.
- `entry`: one message as the reader hands it on. `applying`: runs the handlers.
- `checkpoints`: the position, with the digest of the event that stands there, so that a source
  whose log holds another event is recognised.
- `dead_letters`, `retry`: what could not be applied, and how it is replayed.

Sources interleave as they like, so handlers recompute from stored facts: any order of the sources
ends in the same state.
"""
