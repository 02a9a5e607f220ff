"""Rights and secrets: roles, tokens, sealed data, keys, and the log of who did what.

Promise. What is stored of people can be read only with their own key, and is gone once that key is
destroyed. Who opened what is in a log that shows whether it was changed.

Invariant. A caller has one role within one area, and a token says nothing else that counts.

- `roles`: the roles, and which of them may read what of health.
- `tokens`: signed tokens of callers, and grants: one permission for one person and request.
- `access`: the check of a caller's right on an area.
- `vault`: seals and opens data, with a random key for each person, itself wrapped by a master key.
- `key_store`: the file of the wrapped keys; deleted means gone.
- `key_files`: keys in files that their owner alone can read.
- `masking`: what is shown of a person to those who need not know them whole.
- `audit`: the append-only log, each entry bound to the one before it.

Expiry is judged by the clock port. No secret and nothing a person typed goes into a log line.
"""
