"""The EMG front end on paper: noise, response, range and input, each from the values in one table.

The formulas are checked twice, by a nodal solver of our own and by ngspice, on one netlist.
"""
