"""Hardware that takes every order and answers zero."""


class Anything:
    def __init__(self, *arguments, **named):
        pass

    def __call__(self, *arguments, **named):
        return 0

    def __getattr__(self, name):
        return self  # an attribute, or a method that is called


def nothing(*arguments, **named):
    return 0
