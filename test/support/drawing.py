"""Whether this machine can draw pictures without a screen."""

from dnne_ros.errors import InputError


def can_draw():
    """Tell whether MuJoCo's drawing process starts here."""
    from dnne_ros.sim.drawing_process import DrawingProcess

    try:
        DrawingProcess(8, 8).close()
    except InputError:
        return False
    return True
