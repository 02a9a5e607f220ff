"""Another system's HTTP server on loopback, which takes events, fails, hangs, and goes away."""

import base64
import datetime as dt
import hmac
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bulwark.broker.nats_server import free_port
from tests.support.harness import PATIENCE


@dataclass
class Message:
    """What arrived: the headers, the body as it was, and the event in it."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The CloudEvents document."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def verified_by(self, secret: str) -> bool:
        """Whether the signature is right, worked out as Standard Webhooks says."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        head = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}."
        right = base64.b64encode(hmac.digest(key, head.encode() + self.body, "sha256")).decode()
        return self.headers["webhook-signature"] == f"v1,{right}"


@dataclass
class Receiver:
    """The server: `status` is what it answers, 400 to the screenings in `refused`; it answers only
    while it is `free`."""

    port: int = field(default_factory=free_port)
    status: int = 204
    taken: list[Message] = field(default_factory=list)
    tries: list[Message] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    free: threading.Event = field(default_factory=threading.Event)
    at_once: int = 0
    most_at_once: int = 0
    # A certificate and its key in one file: then it speaks TLS, as `name`.
    certificate: Path | None = None
    name: str = "127.0.0.1"

    def __post_init__(self) -> None:
        self.free.set()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it takes events."""
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://{self.name}:{self.port}/events?from=bulwark"

    @property
    def screenings(self) -> list[str]:
        """The screenings in what it took, in order."""
        return [one.event["data"]["screening_id"] for one in list(self.taken)]

    def start(self) -> None:
        """Listen (again), where it listened before."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver.at_once += 1
                receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
                body = self.rfile.read(int(self.headers["content-length"]))
                message = Message({k.lower(): v for k, v in self.headers.items()}, body)
                receiver.tries.append(message)
                receiver.free.wait(PATIENCE)
                refused = message.event["data"].get("screening_id") in receiver.refused
                status = 400 if refused else receiver.status
                if 200 <= status < 300:
                    receiver.taken.append(message)
                receiver.at_once -= 1
                try:
                    self.send_response(status)
                    self.send_header("content-length", "0")
                    if status in (301, 307):
                        self.send_header("location", "/elsewhere")
                    self.end_headers()
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        server.daemon_threads = True
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        """Go away."""
        self.free.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None


@contextmanager
def receiving(**options: Any) -> Iterator[Receiver]:
    """A receiver that ends with the test."""
    receiver = Receiver(**options)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


def certificate(file: Path, name: str) -> Path:
    """A certificate that a name signed for itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, *form)
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file
