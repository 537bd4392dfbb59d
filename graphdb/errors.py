"""The one exception of this project that a user is meant to read."""


class ZooError(Exception):
    """A mistake or a circumstance the user can act on.

    The message is one line: what is wrong, which value, and the next command to type. The command
    line prints it and exits with code 1; anything that is not a ZooError is a bug and keeps its
    traceback.
    """
