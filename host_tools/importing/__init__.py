"""Other people's recordings as EDF+ for replay: files in, a map says what is what, one EDF+ out.

`map` says what the file holds, `sources` read it, `clock` finds when each sample was taken,
`signals` gives it the band's label, unit and axes, `truth` the annotations, `write` the file.
"""
