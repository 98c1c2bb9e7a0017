"""Notes what asyncio says of tasks that nobody has asked how they ended."""

import logging
import traceback


class ForgottenErrors(logging.Handler):
    """Collects such errors, with where each arose, while it is entered."""

    def __init__(self):
        """Collect nothing yet."""
        super().__init__()
        self.texts = []

    def emit(self, record):
        """Keep what tells of a forgotten error."""
        if "never retrieved" in record.getMessage():
            error = record.exc_info[1] if record.exc_info else None
            where = "".join(traceback.format_exception(error)) if error else ""
            self.texts.append(f"{record.getMessage()}\n{where}")

    def __enter__(self):
        logging.getLogger("asyncio").addHandler(self)
        return self

    def __exit__(self, *_):
        logging.getLogger("asyncio").removeHandler(self)
