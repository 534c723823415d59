"""`python -m host_tools` is the `calfband` command."""

from host_tools.cli import main

if __name__ == "__main__":  # worker processes import this file, too
    main()
