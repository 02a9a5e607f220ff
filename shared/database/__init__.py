"""Databases: SQLite in one file or PostgreSQL, opened the same way.

Promise. What was committed survives a power cut, on both. A read sees one moment.

Invariant. A transaction of the writing engine holds the write lock from its first statement, so
that it can never fail because another one wrote in between.

- `engine`: `Database`, with one engine for the writer and one for reads.
- `types`: an instant with its offset, and `core`, the tables that every service has.
- `metadata`: an empty collection for the tables of one service.
- `sql`: small pieces of SQL, such as a range of area codes that an index serves.
- `failures`: which errors pass by themselves and are worth another try; PostgreSQL's errors
  without the values that people typed.
- `threads`: reads on a thread.

No import connects to anything. SQLite runs in WAL mode with `synchronous=FULL`; its log is brought
into the file beside the commits and not within them.
"""
