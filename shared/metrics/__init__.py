"""What Prometheus reads of the core.

Promise. A scrape costs a service next to nothing, and comes whatever else is broken.

Invariant. No label takes a value from outside: services, streams, routes, statuses, event types,
handlers, and areas of the loaded tree. A process has some hundreds of series at most.

- `names`: every metric of the core with its meaning, in one place.
- `counters`: counts what is done: events by type, and the calls of handlers with their time.
- `gauges`: gauges computed at scrape time, and looks that may take long: one at a time, kept for a
  while, waited for only a little.

What a feature tells by area it declares itself, as an `AreaGauge` of its service.

What a metric means, what is normal, and which alert watches it is told in `docs/monitoring.md`.
"""
