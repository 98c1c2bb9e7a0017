"""What starts Isaac Sim."""


class AppLauncher:
    """Has to come before all else."""

    started = False

    def __init__(self, **options):
        assert options["headless"] is True
        AppLauncher.started = True
