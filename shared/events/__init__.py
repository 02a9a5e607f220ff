"""The contract between the services: every event, its envelope and its words.

What it promises: an event is a fact in the past tense, frozen once made, and the only thing that
services share. It is written once, as one CloudEvents document, when it enters the log of the
service that owns it; every reader, and every program of others, receives those same bytes.

What always holds:

- The document at sequence N of a service's log is the message at sequence N of its stream. The
  numbers have no gaps.
- The id of an event that follows from another is derived from its cause and its `key`: the same
  cause makes the same event again, never a second one.
- `because` is the line of causes, first cause first, at most eight. Every event can say why.
- Only optional fields are ever added. A reader ignores fields and types that it does not know, so
  old and new documents stand side by side in one stream.
- No field holds a resident's data. People are random ids.

Where things are:

- `base`: the class of all events, causes, ids and area codes; `REGISTRY`, the types imported yet.
- `envelope`: an event as a document, and back; the subject that it is published on.
- `<service>/<noun>`: the events of one noun, the vocabulary that it owns, an example of each, and
  its words in the `.po` pair beside it. A noun may import another of its service, not in a circle.
- `vocabulary`: the values that several nouns share.
- `registry`: all events, or the one of a type; imports what has not been imported yet.
- `causes`: lines of causes on rows. `wording`: an event in Chinese and English.
- `schema`, `examples`, `compatibility`: the published contract, and what may change in it.

To add an event: write its class in the module of its noun, with `area` and `occurred_at` from
`Event`, its `key`, `about` and `example`; put its sentence and its label into both `.po` files;
make it in a decision and name it in the feature's `emits`; `make contract` writes its schema to
`docs/contract/`. While no handler makes it yet it says `published = False`.
"""
