"""The HTTP calls of a drill.

A call whose connection was lost is repeated with the same id, by which the service recognises it.
"""

import datetime as dt
from typing import Any
from uuid import uuid4

import httpx
import stamina

from bulwark.texts import TEXTS
from shared.exceptions import OperatorError

ANSWER_SECONDS = 120.0
# How long a service may be unreachable.
AWAY = dt.timedelta(seconds=60)
# The longest pause between two attempts.
PAUSE = dt.timedelta(seconds=2)
CONNECTION_LOST = (httpx.NetworkError, httpx.RemoteProtocolError)


class DrillStopped(OperatorError):
    """The drill cannot go on; the message says why, in one line."""


def stopped(message: str, **values: object) -> DrillStopped:
    """The error with a message from the catalogue, in Chinese and English."""
    texts = (TEXTS.text(message, language, **values) for language in ("zh", "en"))
    return DrillStopped(" / ".join(texts))


def body_of(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; for any other answer its text, as `detail`."""
    try:
        found = answer.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"detail": answer.text}


class Calls:
    """Calls one origin; `away` is for how long a call whose connection was lost is retried."""

    def __init__(self, url: str, *, away: dt.timedelta = AWAY) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=ANSWER_SECONDS, trust_env=False)
        again = stamina.AsyncRetryingCaller(attempts=None, timeout=away, wait_max=PAUSE)
        self._again = again.on(CONNECTION_LOST)

    async def get(self, path: str, headers: dict[str, str]) -> httpx.Response:
        """Send a GET; raises DrillStopped."""
        return await self._made("GET", path, headers=headers)

    async def send(
        self, method: str, path: str, headers: dict[str, str], body: dict[str, Any]
    ) -> httpx.Response:
        """Send a change, with a new id unless the body has one; raises DrillStopped."""
        return await self._made(method, path, headers=headers, json={"id": str(uuid4()), **body})

    async def send_lines(self, path: str, headers: dict[str, str], lines: bytes) -> httpx.Response:
        """Send a bulk whose lines have ids; raises DrillStopped."""
        return await self._made("POST", path, headers=headers, content=lines)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _made(self, method: str, path: str, **sent: Any) -> httpx.Response:
        # Without arguments: stamina logs them, and the headers hold a token.
        async def call() -> httpx.Response:
            return await self._http.request(method, path, **sent)

        try:
            return await self._again(call)
        except httpx.TransportError as error:
            why = str(error) or type(error).__name__
            raise stopped("drill.no_answer", call=f"{method} {path}", why=why) from error
