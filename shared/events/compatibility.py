"""What a change of an event's schema means to those who read it: only optional additions pass.

A stored event stays as it was written and a subscriber reads old and new ones side by side, so
neither a narrower nor a wider value is let through, nor a field that is gone, renamed, of another
type, newly required or no longer promised.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

# What says nothing about the values.
ANNOTATIONS = frozenset({"title", "description", "default", "examples", "$schema", "$defs"})
_STRUCTURE = frozenset({"properties", "required", "$ref"})
_INNER = ("items", "additionalProperties")
_CHOICES = ("anyOf", "oneOf", "allOf", "prefixItems")


def breaks(old: Schema, new: Schema) -> list[str]:
    """Why readers of the old schema would stumble over the new one; empty when they would not.

    Each line names the field, as `$.order.text: removed`.
    """
    return list(_compare(old, new, old, new, "$"))


def breaks_of_all(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[str]:
    """The same for schemas by name; a name that is gone breaks, one that is new does not."""
    found = []
    for name, schema in sorted(old.items()):
        if name not in new:
            found.append(f"{name}: removed")
        else:
            found += [f"{name} {line}" for line in breaks(schema, new[name])]
    return found


def _compare(old: Any, new: Any, old_root: Schema, new_root: Schema, at: str) -> Iterator[str]:
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        if old != new:
            yield f"{at}: {old!r} became {new!r}"
        return
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    yield from _values(old, new, at)
    yield from _required(old, new, at)
    for name, part in old.get("properties", {}).items():
        below = f"{at}.{name}"
        if name not in new.get("properties", {}):
            yield f"{below}: removed"
        else:
            yield from _compare(part, new["properties"][name], old_root, new_root, below)
    for keyword in _INNER:
        if (keyword in old) != (keyword in new):
            yield f"{at}: {keyword} {'removed' if keyword in old else 'added'}"
        elif keyword in old:
            yield from _compare(old[keyword], new[keyword], old_root, new_root, f"{at}[]")
    yield from _choices(old, new, old_root, new_root, at)


def _choices(
    old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str
) -> Iterator[str]:
    for keyword in _CHOICES:
        ours, theirs = old.get(keyword, []), new.get(keyword, [])
        if len(ours) != len(theirs):
            yield f"{at}: {keyword} has {len(theirs)} choices instead of {len(ours)}"
            continue
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _compare(one, other, old_root, new_root, f"{at}<{number}>")


def _values(old: Schema, new: Schema, at: str) -> Iterator[str]:
    """Types, formats, bounds, patterns, vocabularies: none may change."""
    ignored = ANNOTATIONS | _STRUCTURE | {*_INNER, *_CHOICES}
    for keyword in sorted((old.keys() | new.keys()) - ignored):
        before, after = old.get(keyword), new.get(keyword)
        if keyword == "enum" and before is not None and after is not None:
            if gone := _listed(before, after):
                yield f"{at}: no longer {gone}"
            if added := _listed(after, before):
                yield f"{at}: may now be {added}, which readers do not know"
        elif before != after:
            yield f"{at}: {keyword} {before!r} became {after!r}"


def _listed(these: Iterable[Any], without: Iterable[Any]) -> str:
    known = list(without)
    return ", ".join(str(one) for one in these if one not in known)


def _required(old: Schema, new: Schema, at: str) -> Iterator[str]:
    before, after = set(old.get("required", ())), set(new.get("required", ()))
    known = old.get("properties", {})
    for name in sorted(after - before):
        what = "is now required" if name in known else "is new and required"
        yield f"{at}.{name}: {what}"
    for name in sorted(before - after):
        if name in new.get("properties", {}):
            yield f"{at}.{name}: is no longer promised"


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    target: Any = root
    for part in str(reference).removeprefix("#/").split("/"):
        target = target[part]
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    return {**_resolved(target, root), **beside}
