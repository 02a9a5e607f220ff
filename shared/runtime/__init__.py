"""One running service: its writer, relay, readers and ticker, started and stopped together.

Promise. However a process dies, the next start goes on where the databases say; of several
processes of one service exactly one leads: it publishes, reads, and hands over what is due.

Invariant. Nothing is written before the log was compared with its stream, or the broker has proved
to be away for three seconds: a restored older database must not give numbers away again.

The lease decides who leads, where several processes share a PostgreSQL database. It is one row
that the leader renews every two seconds by the database's own clock, and it lasts for six:

    follower ──── the row is free, or has run out ────▶ leader
       ▲                                                  │
       │            another holds it, or it could not     │
       └────────────── be renewed within its term ────────┤
                                                          │ the process ends
                                                          ▼
                                                      resigned: another may lead at once

A leader that was frozen past its term does no harm when it wakes: the log, the checkpoints and the
stream each accept a number once. A SQLite file belongs to one machine, so its
process leads without a lease.

- `feature`: what a feature declares, and services made of features.
- `service`: what a service is made of. `runtime`: the parts of one, and their tasks.
- `lease`: the row above. `ticker`: hands due timers to the writer.
- `clock_check`: whether the machine's clock may be trusted; while it may not, nothing falls due.
- `migrations`: brings a database to this release's form. `key_check`: refuses other keys.
- `gauges`: gauges computed at scrape time. `tasks`: ends loops.
"""
