"""How lines of an earlier schema read in the next one. A step never changes once it was shipped.

A step takes and returns [(name, text)]. It knows the names and bounds of its own time: the table
of today is no guide to what an old file meant.
"""


def _first_to_second(lines):
    """Schema 1 had names and integers without bounds: what is no athlete counts as not known."""
    unknown_below = {"mass_g": 20_000, "height_mm": 900, "speed_mm_s": 200}
    found = []
    for name, text in lines:
        value = int(text)
        if value < 0:
            raise ValueError(name)
        if name in unknown_below and value < unknown_below[name]:
            text = "0"
        found.append((name, text))
    return found


def _as_it_was(lines):
    return lines


# At k: from schema k + 1 to k + 2.
OF_SETTINGS = (_first_to_second,)
OF_RUNS = (_as_it_was,)
