"""Texts for people: Chinese first, English second.

Promise. A text exists in both languages, and a missing one shows in the other language instead
of failing.

Invariant. The code holds no text for people, only message ids with named placeholders.

- `catalogue`: reads pairs of `.po` files as they are, without compiling them.
- `messages`: the messages of the core itself, from the pair in `locale/`.

A feature keeps its own pair beside its code, and events keep theirs in `shared/events`.
Placeholders have names, as in `{temperature_c}`, so that a language may put them in its own order;
a value that is not given shows as a dash.

The language of an answer follows the caller's
`Accept-Language`; without one it is Chinese.
"""
