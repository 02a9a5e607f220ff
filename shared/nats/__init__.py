"""The broker's client: one connection, and the JetStream requests that outbox and inbox make.

Promise. A connection is kept trying for ever, and a request ends: with an answer, with the
broker's error, or after two seconds.

Invariant. Nothing is remembered about a stream between two questions: what the broker says now is
what counts.

- `connection`: `Bus`, one connection to one broker or several, and its few requests. FastStream
  owns the connection; relay and readers speak nats-py through it, for speed.
- `middlewares`: what FastStream runs around each request handler: counting, and logging of errors.
- `request_handlers`: typed answers to requests, which begin and end together.
- `parser`: parses the messages of pull consumers. `patches`: the private names of nats-py in use.
- `consumer`: an ephemeral pull consumer, drained as it fills.
- `stream`: how a service's stream is made, rebuilt, and brought to our settings.
- `subscriber_access`: answers other systems' accounts that read a service's stream.
- `subscriber_rights`: what such an account may read, and the consumers it may have.

Streams are made with file storage and kept for thirty days; the server syncs every write. A client
whose password is refused for good ends its process, so that whoever watches it hears of it.
"""
