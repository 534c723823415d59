"""The virtual bench: a virtual band with known errors built in, and what is done with it there.

errors -> signals -> scenes -> files        hands: a socket through which others choose the scene
"""
