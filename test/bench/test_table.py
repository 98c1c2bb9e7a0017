"""Tables of figures."""

from dnne_ros.bench.table import Table

TABLE = Table("times", ("", "p50", "p99"), [("ours", "1 µs", "2 µs"), ("theirs", "3 µs", "4 µs")])


def test_markdown_aligns_figures_right():
    assert TABLE.markdown().splitlines() == [
        "**times**", "", "|  | p50 | p99 |", "|---|---:|---:|", "| ours | 1 µs | 2 µs |",
        "| theirs | 3 µs | 4 µs |"]


def test_the_terminal_shows_everything(capsys):
    TABLE.show()
    shown = capsys.readouterr().out
    assert all(cell in shown for row in (("times",), TABLE.headings, *TABLE.rows) for cell in row)
