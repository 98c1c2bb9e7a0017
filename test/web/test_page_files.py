"""Files of pages: those that were there, and no path tricks."""

import pytest

from dnne_ros.web.application import Part
from dnne_ros.web.page_files import file_routes

TRICKS = ("/../secret.txt", "/..%2Fsecret.txt", "/%2e%2e/secret.txt", "/a/../../secret.txt",
          "/a/..%2f..%2fsecret.txt", "//etc/passwd", "/etc/passwd", "/a/%00b.js",
          "/..\\secret.txt", "/a/b.js/",
          "/a", "/A/B.JS", "/link.txt/../../secret.txt", "/late.txt", "/.hidden/../..")


@pytest.fixture
def folder(tmp_path):
    page = tmp_path / "page"
    (page / "a").mkdir(parents=True)
    (page / "index.html").write_text("<p>index")
    (page / "a/b.js").write_text("let b")
    (tmp_path / "secret.txt").write_text("secret")
    return page


def test_files_are_served_with_their_types_and_nothing_else_is(visit, folder):
    parts = [Part("page", file_routes("/", folder))]
    (folder / "late.txt").write_text("secret")

    async def talk(visit):
        found = {}
        for path in ("/", "/index.html", "/a/b.js"):
            async with visit.session.get(visit.base + path) as answer:
                found[path] = answer.content_type, await answer.text()
        return found, [await visit.send_raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
                       for path in TRICKS]

    found, tricks = visit(parts, talk)
    assert found["/"] == found["/index.html"] == ("text/html", "<p>index")
    type, text = found["/a/b.js"]
    assert type in ("text/javascript", "application/javascript") and text == "let b"
    for path, answer in zip(TRICKS, tricks):
        assert answer[9:12] in ("400", "404") and "secret" not in answer, path
