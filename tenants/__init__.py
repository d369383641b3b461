"""One forest: its people, authorities, templates, trust roots and keys. Start reading at `scoping.py`."""
