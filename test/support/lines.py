"""Sending on a line that may have no room."""

from collections import deque


def send_all(line, packets):
    """Send packets, each as soon as there is room; return how many found room at once."""
    left = deque(packets)

    def send():
        while left and line.send([left.popleft()]):
            pass

    line.on_room = send
    send()
    return len(packets) - len(left) - bool(left)
