"""The area tree (行政区划): province, city, county, township, community, grid.

Promise. Names and codes are found without loading the tree into memory, however large it is.

Invariant. A code is 2, 4, 6, 9, 12 or 15 digits, and its parent is its own beginning. A tree that
is in use is one read-only file, put in place whole.

- `tree`: codes and their levels; `Areas`, the loaded tree.
- `loading`: from a CSV of codes and names, or the national list, into `areas.db`.
- `csv_file`: reads the lines, with errors that say where.

What a code alone determines, such as its level and its parent, needs no tree at all.

The county of Meihekou (220581) with its 24 townships and 333 communities ships in `data/`. Every
record, right, figure and report hangs on an area code, and a subject on the bus ends in one, so
that a subscriber can ask for one county or one community.
"""
