"""Policy packs (防控政策包): what a notice or a county may set, as dated and typed TOML.

Promise. A pack is checked as a whole before it is used, and all its problems are reported at once,
with file, line and key. The pack in force is the newest that has begun.

Invariant. No number that a notice gives or a county chooses stands in the code.

- `pack`: `PolicyPack`, one file as a model, and `Packs`, those of a folder.
- `toml_file`: a TOML file checked against a model, with the line of each problem.
- `sections`: what every section has, and the bounded kinds of numbers.
- `measure`, `measures`: what every measure has, how two of one kind are joined, and what each level
  and situation starts.
- a module for each noun, with its section and the parameters of its measures: `fevers`, `risk`,
  `checkpoints`, `elections`, `venues`, `activities`, `service_plans`, `sanitation`, `notices`,
  `matching`, `requests`, `reports`.

Each line of a pack says which notice gives it (the tags are in `docs/sources.md`), or that it was
chosen. A decision's event names the pack and the line that it followed.
"""
