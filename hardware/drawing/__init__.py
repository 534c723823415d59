"""Drawings of the unit, made from its netlist."""
