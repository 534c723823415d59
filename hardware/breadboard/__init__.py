"""The breadboard variant: the same firmware on boards from the shelf."""
