"""The four services by name, each imported when it is asked for: a process may run only one."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from shared.runtime.service import Service


class _Services(Mapping[str, Service]):
    """Their names stand in the order in which they listen to each other."""

    _NAMES = ("intake", "alerts", "volunteers", "rollup")

    def __getitem__(self, name: str) -> Service:
        if name not in self._NAMES:
            raise KeyError(name)
        service: Service = import_module(f"services.{name}.main").SERVICE
        return service

    def __contains__(self, name: object) -> bool:
        return name in self._NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(self._NAMES)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._NAMES)

    def __len__(self) -> int:
        return len(self._NAMES)


SERVICES = _Services()
