"""The names of the core's own metrics, in one place, with their meaning. P4.

Counters and histograms are updated where things happen; a gauge is computed only when `/metrics`
is scraped. No label takes a value from outside: services, streams, routes, statuses, event types
and handlers are those that this release declares, at most some hundreds of series a process.
A service declares its gauges by area in its `main.py` (`AreaGauge` in `shared/runtime/service.py`).
"""

from dataclasses import dataclass

from prometheus_client import Counter, Histogram, disable_created_metrics

# The creation time of each counter would be one more series.
disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class GaugeSpec:
    """A gauge that is computed at scrape time."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()


# Requests, changes and events -------------------------------------------------------------------

HTTP_SECONDS = Histogram(
    "bulwark_http_seconds",
    "Time of one HTTP request; status 499: the client had gone",
    ["service", "route", "status"],
    buckets=_SECONDS,
)
TRANSACTION_SECONDS = Histogram(
    "bulwark_transaction_seconds", "Time of one writer transaction", ["service"], buckets=_SECONDS
)
TRANSACTION_RETRIES = Counter(
    "bulwark_transaction_retries_total", "Transactions tried again for the database", ["service"]
)
EVENTS_LOGGED = Counter("bulwark_events_logged_total", "Events committed to the log", ["service"])
EVENTS_LOGGED_BY_TYPE = Counter(
    "bulwark_events_logged_by_type_total",
    "Events committed to the log, by type",
    ["service", "event"],
)
EVENTS_APPLIED = Counter(
    "bulwark_events_applied_total", "Events of other services applied", ["service", "source"]
)
DEAD_LETTERS = Counter(
    "bulwark_dead_letters_total",
    "Events dead-lettered because they could not be applied",
    ["service", "source"],
)
HANDLED = Counter(
    "bulwark_handled_total",
    "Requests, lines, events and timers that a handler handled",
    ["service", "handler"],
)
HANDLER_SECONDS = Counter(
    "bulwark_handler_seconds_total",
    "Time in a handler, and in the service's own handlers of the events it returned",
    ["service", "handler"],
)
HANDLER_ERRORS = Counter(
    "bulwark_handler_errors_total",
    "Failures of a handler; rejections are not counted",
    ["service", "handler"],
)

# Log, stream and checkpoints ---------------------------------------------------------------------

LOG_HEAD = GaugeSpec("bulwark_log_head", "Number of the log's last event", ("service",))
RELAY_HEAD = GaugeSpec("bulwark_relay_head", "Number of the stream's last message", ("service",))
RELAY_LAG = GaugeSpec(
    "bulwark_relay_lag_events", "Events of the log that the stream does not hold yet", ("service",)
)
RELAY_LAG_SECONDS = GaugeSpec(
    "bulwark_relay_lag_seconds",
    "Age of the oldest event that the stream does not hold yet; 0 when it holds all",
    ("service",),
)
RELAY_ERRORS = Counter("bulwark_relay_errors_total", "Publishes that failed", ["service"])
STREAM_REBUILT = Counter("bulwark_stream_remade_total", "Streams rebuilt from the log", ["service"])
STREAM_BAD = GaugeSpec(
    "bulwark_stream_bad",
    "1 while the database is older than the stream and a person must act",
    ("service",),
)
STREAM_BYTES = GaugeSpec("bulwark_stream_bytes", "Size of the service's stream", ("service",))
STORE_BYTES = GaugeSpec("bulwark_broker_store_bytes", "Size of all streams of the broker")
STORE_LIMIT_BYTES = GaugeSpec(
    "bulwark_broker_store_limit_bytes",
    "Largest size of all streams; absent while the broker states no limit",
)
BROKER_CONNECTED = GaugeSpec(
    "bulwark_broker_connected", "1 while the broker answers this process", ("service",)
)
READER_CHECKPOINT = GaugeSpec(
    "bulwark_reader_place", "Number of the last event applied", ("service", "source")
)
READER_LAG = GaugeSpec(
    "bulwark_reader_lag_events",
    "Messages of the stream that are not applied yet",
    ("service", "source"),
)
READER_LAG_SECONDS = GaugeSpec(
    "bulwark_reader_lag_seconds",
    "Age of the oldest message that is not applied yet; 0 when all are",
    ("service", "source"),
)
READER_BEYOND_RETENTION = GaugeSpec(
    "bulwark_reader_behind",
    "1 while the reader's next event is beyond the stream's retention",
    ("service", "source"),
)
DEAD_LETTERS_NOW = GaugeSpec(
    "bulwark_dead_letters_set_aside", "Dead letters stored now", ("service", "source")
)

# Sending to the outside, by target: no more series than there are targets ------------------------

WEBHOOK_LAG = GaugeSpec(
    "bulwark_webhook_lag_events",
    "Messages of the streams that were neither sent to a target nor skipped yet",
    ("target",),
)
WEBHOOK_FAILING = GaugeSpec(
    "bulwark_webhook_failing_seconds",
    "Time since a target began to fail; 0 while it accepts what it is sent",
    ("target",),
)
WEBHOOK_BEHIND = GaugeSpec(
    "bulwark_webhook_behind",
    "1 while a target's next event is beyond the stream's retention",
    ("target",),
)
WEBHOOK_ATTEMPTS = Counter(
    "bulwark_webhook_attempts_total",
    "Attempts to send (outcome: taken, failed)",
    ["target", "outcome"],
)

# The process and its machine ---------------------------------------------------------------------

LEASE_HELD = GaugeSpec(
    "bulwark_lease_held", "1 in the process that publishes, reads and ticks", ("service",)
)
WRITER_WAITING = GaugeSpec(
    "bulwark_writer_waiting_seconds",
    "Age of the writer's running transaction, retries included; 0 without one",
    ("service",),
)
DRILL = GaugeSpec("bulwark_drill", "1 in an instance that plays a drill", ("service",))
CLOCK_JUMPED = GaugeSpec(
    "bulwark_clock_jumped", "1 while the ticker is stopped because the clock is not trusted"
)
POOL_IN_USE = GaugeSpec(
    "bulwark_database_pool_in_use", "Connections in use (pool: read, write)", ("service", "pool")
)
POOL_SIZE = GaugeSpec(
    "bulwark_database_pool_size", "Most connections of the pool", ("service", "pool")
)
DISK_FREE = GaugeSpec("bulwark_disk_free_bytes", "Free space on the disk of the data folder")
DISK_SIZE = GaugeSpec("bulwark_disk_size_bytes", "Size of the disk of the data folder")
BACKUP_AGE = GaugeSpec(
    "bulwark_backup_age_seconds", "Time since the newest backup was finished; absent without one"
)
CERTIFICATE_END = GaugeSpec(
    "bulwark_certificate_end_timestamp_seconds",
    "When a certificate of BULWARK_CERTIFICATE_FILES ends, in seconds since 1970 (at most 8 files)",
    ("file",),
)
BUILD_INFO = GaugeSpec("bulwark_build_info", "1, with the release that runs", ("version", "python"))
SERIES_LEFT_OUT = GaugeSpec(
    "bulwark_series_left_out",
    "Areas that a gauge leaves out because it has reached its limit of series",
    ("service", "gauge"),
)
PROBE_ERRORS = Counter(
    "bulwark_look_errors_total",
    "Probes for /metrics that failed (what: log, stream, store, areas, own, folder)",
    ["service", "what"],
)
