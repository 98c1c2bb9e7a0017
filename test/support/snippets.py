"""What pages print for a reader to save and to run."""

import re

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"(?:as|it as) `([\w.]+)`")


def blocks(text):
    """Yield (name of the file or "", text) for each block: to be saved, or to be run."""
    for block in _BLOCK.finditer(text):
        language, content = block.groups()
        if language == "sh":
            yield "", content
        else:
            said = " ".join(text[:block.start()].split("\n\n")[-2].split())
            yield _NAME.findall(said)[-1], content
