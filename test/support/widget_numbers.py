"""Numbers that an editor may spoil."""


def numbers_of(widget):
    """Return those that must not change by being loaded and saved, as a widget takes them."""
    wanted = [widget.default, widget.minimum, widget.maximum, 1e-6, -1e-6, -1, -0.002, 0.002, 3]
    found = []
    for each in wanted:
        try:
            found.append(widget.check(each))
        except ValueError:
            continue
    return found
