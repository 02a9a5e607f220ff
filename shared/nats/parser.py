"""The parser of the NATS protocol; a pull consumer's messages go straight to its callback.

nats-py spends ten microseconds on a message: two patterns, headers read as those of a mail, an
object, a queue. A reader receives every event there is, so the messages of its subscriptions are
parsed here, in one or two microseconds; the library parses all others.
"""

from collections.abc import Callable
from typing import Any

from nats.errors import ProtocolError
from nats.protocol.parser import Parser

OnMessage = Callable[[bytes, bytes, bytes], None]
"""A callback for a message: its reply subject, its block of headers (empty: none), its body."""

END = b"\r\n"
LONGEST_LINE = 32 * 1024


class MessageParser(Parser):
    """nats-py's parser, which passes some subscriptions' messages straight to callbacks."""

    def __init__(self, client: Any, rest: bytes = b"") -> None:
        # By the id of the subscription, as the protocol writes it.
        self.listeners: dict[bytes, OnMessage] = {}
        self._resets = 0
        super().__init__(client)
        # The bytes of a message that is not complete yet.
        self._rest = rest

    def reset(self) -> None:
        """Drop an incomplete message: the connection is a new one."""
        super().reset()
        self._rest = b""
        self._resets += 1

    async def parse(self, data: bytes = b"") -> None:
        """Parse received bytes; raises ProtocolError."""
        data, resets = self._rest + data, self._resets
        # The library parses from `others` on; everything before `at` is complete messages.
        at = others = 0
        while (end := data.find(END, at)) >= 0:
            words = data[at:end].split()
            stop = end + 2
            if words and words[0] in (b"MSG", b"HMSG"):
                stop += _size(words) + 2
                if stop > len(data):
                    break
                on_message = self.listeners.get(words[2])
                if on_message is not None:
                    if others < at:
                        await super().parse(data[others:at])
                    if resets != self._resets:
                        # The client reconnected meanwhile: these bytes belong to the old one.
                        return
                    others = stop
                    _call_back(on_message, words, data, end + 2, stop - 2)
            at = stop
        self._rest = data[at:]
        if others < at:
            await super().parse(data[others:at])
        if len(self._rest) > LONGEST_LINE and END not in self._rest[:LONGEST_LINE]:
            raise ProtocolError("nats: a line without end")


def _size(words: list[bytes]) -> int:
    try:
        return int(words[-1])
    except ValueError:
        raise ProtocolError("nats: malformed MSG") from None


def _call_back(
    on_message: OnMessage, words: list[bytes], data: bytes, start: int, stop: int
) -> None:
    headed = words[0] == b"HMSG"
    body = start + int(words[-2]) if headed else start
    # Without a reply subject a line has one word less.
    reply = words[3] if len(words) == (6 if headed else 5) else b""
    on_message(reply, data[start:body], data[body:stop])
