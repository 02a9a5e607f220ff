"""What Prometheus reads of the core.

Promise. A scrape costs a service next to nothing, and comes whatever else is broken.

Invariant. No label takes a value from outside: services, streams, routes, statuses, event types,
handlers, and areas of the loaded tree. A process has some hundreds of series at most.

- `names`: every metric of the core with its meaning, in one place.
- `counters`: counts what is done: events by type, and the calls of handlers with their time.
- `gauges`: gauges computed at scrape time, and slow probes: one at a time, cached for a while, and
  waited for only briefly.

A feature declares its own gauges by area, as an `AreaGauge` of its service.

`docs/monitoring.md` says what a metric means, what is normal, and which alert watches it.
"""
