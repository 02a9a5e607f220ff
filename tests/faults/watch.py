"""A look at both processes of each service all the while: do two ever say that they are at work?"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

LOOK_SECONDS = 0.1


class Watch:
    """Looks on a thread of its own while the block runs.

    `ports` are those of each service; `at_work` says whether the process behind one is.
    """

    def __init__(self, ports: Mapping[str, Sequence[int]], at_work: Callable[[int], bool]) -> None:
        # The longest time, in seconds, that two of a service said so at once, look after look.
        self.longest: dict[str, float] = defaultdict(float)
        self.looks = 0
        self._ports = ports
        self._at_work = at_work
        self._ending = threading.Event()
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End; what went wrong while looking is told, unless the block failed itself."""
        self._ending.set()
        self._thread.join()
        if self._fault is not None and error is None:
            raise self._fault

    def _run(self) -> None:
        try:
            self._look_on()
        except BaseException as error:  # noqa: BLE001 - told when the block ends
            self._fault = error

    def _look_on(self) -> None:
        since: dict[str, float] = {}
        while not self._ending.wait(LOOK_SECONDS):
            for service, ports in self._ports.items():
                now = time.monotonic()
                if sum(self._at_work(port) for port in ports) > 1:
                    began = since.setdefault(service, now)
                    self.longest[service] = max(self.longest[service], now - began)
                else:
                    since.pop(service, None)
            self.looks += 1
