"""A checkpoint boundary at which nothing happens."""


class PassedBoundary:
    """Nothing is saved and nobody waits."""

    saves = False

    async def reached(self):
        """Go on."""
