"""The writer: the one place where a service's database changes.

Promise. A change that was answered is on disk; a change that was rejected left nothing; no two
changes of one service ever run at the same time. What queues while one transaction commits goes
into the next one together, so that many small changes share one sync of the disk.

Invariant. State and events commit together or not at all, and events are numbered 1, 2, 3, …
without a gap, in the order of their commits.

    a request, an event, a due time
        │  Writer.submit
        ▼
    queue ──▶ one transaction ──▶ handlers return events ──▶ event log ──▶ commit ──▶ answers
                   │ a handler raises
                   └──▶ rolled back, and run again with a savepoint around each change: the one
                        that raised is rejected, its neighbours are kept

- `handlers`: what a handler is and what it may touch (`Tx`); `Handlers`, all those of a service.
- `transaction`: the writer's own face of a transaction, which keeps events and answers.
- `writer`: the queue, the thread and the loop around both.
- `commands`, `requests`: what a client asks for, and that as work: one command, a dry run, a bulk.
- `idempotency`: the same client-made id and body again answers with the first result.
- `log`: the append-only table of events. `timers`: due things as rows.
- `migrations`: the tables that every service has.

On PostgreSQL several processes may hold a writer: each transaction begins by locking the one row
of `log_head`, so that they take turns and numbers stay gapless.
"""
