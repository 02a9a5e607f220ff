"""The names of the core's own metrics, in one place, with their meaning."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

TRANSACTION_SECONDS = Histogram(
    "bulwark_transaction_seconds", "Time of one writer transaction", ["service"], buckets=_SECONDS
)
TRANSACTION_RETRIES = Counter(
    "bulwark_transaction_retries_total", "Transactions tried again for the database", ["service"]
)
EVENTS_LOGGED = Counter("bulwark_events_logged_total", "Events committed to the log", ["service"])
LOG_HEAD = Gauge("bulwark_log_head", "Number of the log's last event", ["service"])
RELAY_HEAD = Gauge("bulwark_relay_head", "Number of the stream's last message", ["service"])
RELAY_ERRORS = Counter("bulwark_relay_errors_total", "Publishes that failed", ["service"])
STREAM_REMADE = Counter(
    "bulwark_stream_remade_total", "Streams deleted and filled again from the log", ["service"]
)
STREAM_BAD = Gauge(
    "bulwark_stream_bad",
    "1 while the stream contradicts the log and waits for a person",
    ["service"],
)
LEASE_HELD = Gauge(
    "bulwark_lease_held", "1 in the process that publishes, reads and ticks", ["service"]
)
READER_PLACE = Gauge(
    "bulwark_reader_place", "Number of the last event applied", ["service", "source"]
)
READER_BEHIND = Gauge(
    "bulwark_reader_behind", "1 while the stream begins beyond the reader", ["service", "source"]
)
EVENTS_APPLIED = Counter(
    "bulwark_events_applied_total", "Events of other services applied", ["service", "source"]
)
DEAD_LETTERS = Counter(
    "bulwark_dead_letters_total",
    "Events set aside because they could not be applied",
    ["service", "source"],
)
HTTP_SECONDS = Histogram(
    "bulwark_http_seconds",
    "Time of one HTTP request",
    ["service", "route", "status"],
    buckets=_SECONDS,
)
CLOCK_JUMPED = Gauge("bulwark_clock_jumped", "1 while ticks stand still after a jump of the clock")
