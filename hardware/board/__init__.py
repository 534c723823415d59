"""The unit as code: netlist, checks, KiCad netlist and bill of materials."""
