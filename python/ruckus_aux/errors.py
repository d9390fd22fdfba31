"""Errors that a person can act on."""


class RuckusError(Exception):
    """Something that the user has to know and can put right.

    message: one sentence that names the file or value that is wrong.
    hint: the way out, as a command to type where there is one; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
