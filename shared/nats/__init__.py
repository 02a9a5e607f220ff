"""The broker's client: one connection, and the JetStream requests that outbox and inbox make.

Promise. A connection is kept trying for ever, and a request ends: with an answer, with the
broker's error, or after two seconds.

Invariant. Nothing is remembered about a stream between two questions: what the broker says now is
what counts.

- `connection`: `Bus`, one connection to one broker or several, and its few requests. FastStream
  owns the connection; what is hot speaks nats-py through it.
- `parser`: cuts the broker's bytes into messages, for what a pull consumer is sent.
- `consumer`: an ephemeral pull consumer, drained as it fills.
- `stream`: how a service's stream is made, rebuilt, and brought to our settings.
- `subscriber_access`: what other systems' accounts may ask of a service's stream.

Streams are made with file storage and kept for thirty days; the server syncs every write. A client
whose password is refused for good ends its process, so that whoever watches it hears of it.
"""
