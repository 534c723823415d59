// No names beyond those that the C files use.
