"""The time: every `now` of the product comes from here.

Promise. A drill runs on a virtual clock through the same code as real life.

Invariant. No other module asks the machine what time it is.

- `clock`: the clock port, the real clock and the virtual one; China Standard Time.
- `boot`: what tells this machine's present run from an earlier one or another machine.

A time is stored and sent with its offset; days and deadlines are those of China Standard Time
(+08:00). What is due later is a row in the database (`shared.writer.timers`), never a sleeping
task, so that it outlives the process.

Whether the real clock may be trusted is judged in `shared.runtime.clock_check`, which needs the
database for it.
"""
