"""A table of figures, for the terminal and for Markdown."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Table:
    """Rows of text below headings; the first column is left-aligned, the others right."""

    title: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def markdown(self) -> str:
        """Return the table in Markdown."""
        lines = [f"**{self.title}**", "", f"| {' | '.join(self.headings)} |",
                 "|" + "|".join(["---"] + ["---:"] * (len(self.headings) - 1)) + "|"]
        return "\n".join(lines + [f"| {' | '.join(row)} |" for row in self.rows])

    def show(self) -> None:
        """Print the table to the terminal."""
        from rich.console import Console
        from rich.table import Table as RichTable

        shown = RichTable(*self.headings, title=self.title, title_justify="left")
        for column in shown.columns[1:]:
            column.justify = "right"
        for row in self.rows:
            shown.add_row(*row)
        Console().print(shown)
