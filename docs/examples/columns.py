"""A node type whose outputs are the columns of a table."""

from pathlib import Path

from dnne_ros import Float, InputError, Node, Output, Ports, Widget


class ColumnsNode(Node):
    """Give each column of a table, row by row."""

    table = Widget("", "A file of comma-separated numbers below their names.", required=True,
                   file=True, decides_ports=True)

    @classmethod
    def ports_for(cls, values):
        """Return an output for each name in the first line."""
        return Ports(outputs=tuple(Output(Float(), name=name) for name in _names(values)))

    async def process(self):
        """Send the rows, and be through."""
        for line in _lines(self.values)[1:]:
            for name, number in zip(self.outputs, line.split(","), strict=True):
                await self.send_output(float(number), name)


def _names(values):
    return [name.strip() for name in _lines(values)[0].split(",")]


def _lines(values):
    try:
        return Path(values["table"]).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError("widget 'table'", [f"{values['table']}: {error.strerror}"]) from None
