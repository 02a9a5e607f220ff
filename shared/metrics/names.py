"""The core's metrics, all in this file, with their help texts. P4.

Counters and histograms are updated where things happen; a `GaugeSpec` is computed at scrape time.
No label takes a value from outside: services, streams, routes, statuses, event types and handlers
are those that this release declares, at most some hundreds of series for each process. Gauges by
area are declared in a service's `main.py` (`AreaGauge` in `shared/runtime/service.py`).
"""

from dataclasses import dataclass

from prometheus_client import Counter, Histogram, disable_created_metrics

# The creation time of a counter would be one more series for each.
disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class GaugeSpec:
    """A gauge whose value is computed at scrape time."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()


# Requests, changes and events -------------------------------------------------------------------

HTTP_SECONDS = Histogram(
    "bulwark_http_seconds",
    "Duration of an HTTP request; status 499: the client had disconnected",
    ["service", "route", "status"],
    buckets=_SECONDS,
)
TRANSACTION_SECONDS = Histogram(
    "bulwark_transaction_seconds", "Duration of a writer transaction", ["service"], buckets=_SECONDS
)
TRANSACTION_RETRIES = Counter(
    "bulwark_transaction_retries_total", "Transactions retried after a database error", ["service"]
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
    "Requests, bulk lines, events and timers that a handler processed",
    ["service", "handler"],
)
HANDLER_SECONDS = Counter(
    "bulwark_handler_seconds_total",
    "Time spent in a handler and in the reactions to its events in the same service",
    ["service", "handler"],
)
HANDLER_ERRORS = Counter(
    "bulwark_handler_errors_total",
    "Failures of a handler; a rejection is not a failure",
    ["service", "handler"],
)

# Log, stream and checkpoints --------------------------------------------------------------------

LOG_HEAD = GaugeSpec("bulwark_log_head", "Sequence of the last event in the log", ("service",))
RELAY_HEAD = GaugeSpec(
    "bulwark_relay_head", "Sequence of the last message in the stream", ("service",)
)
RELAY_LAG = GaugeSpec(
    "bulwark_relay_lag_events", "Events in the log that are not in the stream yet", ("service",)
)
RELAY_LAG_SECONDS = GaugeSpec(
    "bulwark_relay_lag_seconds",
    "Age of the oldest event that is not in the stream yet; 0 when all are",
    ("service",),
)
RELAY_ERRORS = Counter("bulwark_relay_errors_total", "Failed publishes", ["service"])
STREAM_REBUILT = Counter("bulwark_stream_remade_total", "Streams rebuilt from the log", ["service"])
STREAM_BAD = GaugeSpec(
    "bulwark_stream_bad",
    "1 while the stream conflicts with the log and a person must act",
    ("service",),
)
STREAM_BYTES = GaugeSpec("bulwark_stream_bytes", "Size of the service's stream", ("service",))
STORE_BYTES = GaugeSpec("bulwark_broker_store_bytes", "Size of all streams of the broker")
STORE_LIMIT_BYTES = GaugeSpec(
    "bulwark_broker_store_limit_bytes",
    "Storage limit of all streams; absent while the broker reports none",
)
BROKER_CONNECTED = GaugeSpec(
    "bulwark_broker_connected", "1 while this process can reach the broker", ("service",)
)
READER_CHECKPOINT = GaugeSpec(
    "bulwark_reader_place", "Sequence of the last event applied", ("service", "source")
)
READER_LAG = GaugeSpec(
    "bulwark_reader_lag_events",
    "Messages in the stream that are not applied yet",
    ("service", "source"),
)
READER_LAG_SECONDS = GaugeSpec(
    "bulwark_reader_lag_seconds",
    "Age of the oldest message that is not applied yet; 0 when all are",
    ("service", "source"),
)
READER_BEYOND_RETENTION = GaugeSpec(
    "bulwark_reader_behind",
    "1 while the reader needs events beyond the stream's retention",
    ("service", "source"),
)
DEAD_LETTERS_NOW = GaugeSpec(
    "bulwark_dead_letters_set_aside", "Dead-lettered events at present", ("service", "source")
)

# Webhooks, by target: as many series as there are targets ----------------------------------------

WEBHOOK_LAG = GaugeSpec(
    "bulwark_webhook_lag_events",
    "Messages in the streams that were neither sent to the target nor filtered out yet",
    ("target",),
)
WEBHOOK_FAILING = GaugeSpec(
    "bulwark_webhook_failing_seconds",
    "Time since the target began to fail; 0 while it accepts events",
    ("target",),
)
WEBHOOK_BEHIND = GaugeSpec(
    "bulwark_webhook_behind",
    "1 while the target needs events beyond a stream's retention",
    ("target",),
)
WEBHOOK_ATTEMPTS = Counter(
    "bulwark_webhook_attempts_total",
    "Attempts to send (outcome: taken, failed)",
    ["target", "outcome"],
)

# The process and its machine ---------------------------------------------------------------------

LEASE_HELD = GaugeSpec(
    "bulwark_lease_held", "1 in the leader, which publishes, reads and runs timers", ("service",)
)
WRITER_WAITING = GaugeSpec(
    "bulwark_writer_waiting_seconds",
    "Duration so far of the running writer transaction; 0 without one",
    ("service",),
)
DRILL = GaugeSpec("bulwark_drill", "1 while the service runs a drill", ("service",))
CLOCK_JUMPED = GaugeSpec(
    "bulwark_clock_jumped", "1 while timers are paused because the clock is not trusted"
)
POOL_IN_USE = GaugeSpec(
    "bulwark_database_pool_in_use", "Connections in use (pool: read, write)", ("service", "pool")
)
POOL_SIZE = GaugeSpec(
    "bulwark_database_pool_size", "Maximum number of connections", ("service", "pool")
)
DISK_FREE = GaugeSpec("bulwark_disk_free_bytes", "Free space on the disk of the data folder")
DISK_SIZE = GaugeSpec("bulwark_disk_size_bytes", "Size of the disk of the data folder")
BACKUP_AGE = GaugeSpec(
    "bulwark_backup_age_seconds", "Time since the last backup finished; absent without one"
)
CERTIFICATE_END = GaugeSpec(
    "bulwark_certificate_end_timestamp_seconds",
    "When a certificate of BULWARK_CERTIFICATE_FILES expires, in Unix seconds (at most 8 files)",
    ("file",),
)
BUILD_INFO = GaugeSpec(
    "bulwark_build_info", "Always 1, with the running release", ("version", "python")
)
SERIES_LEFT_OUT = GaugeSpec(
    "bulwark_series_left_out",
    "Areas left out of a gauge that has reached its limit of series",
    ("service", "gauge"),
)
PROBE_ERRORS = Counter(
    "bulwark_look_errors_total",
    "Probes for /metrics that failed or timed out (what: log, stream, store, areas, own, folder)",
    ["service", "what"],
)
