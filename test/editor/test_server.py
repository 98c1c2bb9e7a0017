"""What the front end asks for, asked without one."""

import json
import os
import re

import pytest
from cartpole_drawings import DRAWINGS, node_of, unlink
from prompts import asked

from dnne_ros.editor.jobs import SubmittedJob
from dnne_ros.errors import InputError

API = "/editor/api"


def test_the_front_end_finds_what_it_asks_for_first(served):
    async def talk(client):
        for path in ("/editor/", f"{API}/object_info", f"{API}/settings", f"{API}/users",
                     f"{API}/system_stats", f"{API}/extensions", f"{API}/i18n",
                     f"{API}/features", f"{API}/global_subgraphs", f"{API}/embeddings",
                     f"{API}/experiment/models", f"{API}/jobs", f"{API}/queue",
                     f"{API}/workflow_templates", "/editor/internal/logs/raw",
                     "/editor/templates/index.json", "/editor/user.css",
                     "/editor/extensions/dnne_ros/main.js"):
            status, _, _ = await client.ask("GET", path)
            assert status == 200, path
    served(talk)


def test_nothing_is_had_without_the_token(served):
    async def talk(client):
        for path in ("/editor/", f"{API}/object_info", "/editor/ws",
                     "/editor/extensions/dnne_ros/main.js", f"{API}/userdata?dir=workflows"):
            assert (await client.ask("GET", path))[0] == 401, path
    served(talk, entered=False)


def test_with_view_nothing_changes(served, cartpole, tmp_path):
    async def talk(client):
        assert (await client.ask("GET", f"{API}/object_info"))[0] == 200
        for method, path in (("POST", f"{API}/prompt"), ("POST", f"{API}/interrupt"),
                             ("POST", f"{API}/userdata/workflows%2Fx.json"),
                             ("DELETE", f"{API}/userdata/workflows%2Fx.json"),
                             ("POST", f"{API}/settings/Comfy.X")):
            assert (await client.ask(method, path, json=asked(cartpole)))[0] == 403, path
    served(talk, read_only=True)
    assert list((tmp_path / "served").iterdir()) == []


def test_a_workflow_is_saved_listed_opened_moved_and_deleted(served, cartpole, tmp_path):
    place = f"{API}/userdata/workflows%2Fgraphs%2Fmine.json"

    async def talk(client):
        status, info = await client.json("POST", f"{place}?overwrite=false", json=cartpole)
        assert (status, info["path"]) == (200, "workflows/graphs/mine.json")
        assert json.loads((tmp_path / "served/graphs/mine.json").read_text()) == cartpole
        _, found = await client.json(
            "GET", f"{API}/userdata?dir=workflows&recurse=true&split=false&full_info=true")
        assert [each["path"] for each in found] == ["graphs/mine.json"]
        status, opened = await client.json("GET", place)
        assert (status, len(opened["nodes"])) == (200, 7)
        assert (await client.ask("POST", f"{place}?overwrite=false", json=cartpole))[0] == 409
        status, info = await client.json("POST", f"{place}/move/workflows%2Fother.json")
        assert (status, info["path"]) == (200, "workflows/other.json")
        assert (await client.ask("GET", place))[0] == 404
        assert (await client.ask("DELETE", f"{API}/userdata/workflows%2Fother.json"))[0] == 204
    served(talk)


def test_the_second_of_two_browsers_is_told(served, cartpole, tmp_path):
    place = f"{API}/userdata/workflows%2Fmine.json"

    async def talk(client):
        await client.ask("POST", place, json=cartpole)
        _, _, seen = await client.ask("GET", place)
        tag = {"If-Match": seen["ETag"]}
        other = {**cartpole, "revision": 1}
        status, _, saved = await client.ask("POST", place, json=other, headers=tag)
        assert status == 200
        status, text, _ = await client.ask("POST", place, json=cartpole, headers=tag)
        assert status == 409
        assert "somebody else has saved it" in text
        assert json.loads((tmp_path / "served/mine.json").read_text()) == other
        again = {"If-Match": saved["ETag"]}
        assert (await client.ask("POST", place, json=cartpole, headers=again))[0] == 200
    served(talk)


@pytest.mark.parametrize("name", [
    "workflows%2F..%2Foutside.json", "workflows%2F%2Fetc%2Fpasswd.json", "%2Fetc%2Fpasswd",
    "workflows%2Fnote.txt", "workflows%2F.hidden.json", "workflows%2F.git%2Fconfig.json",
    "workflows%2Fa%00.json", "workflows%2Fa%5C..%5Cb.json", "..%2Foutside.json",
    "workflows%2Flink.json", "workflows%2Ffolder%2Fx.json", "workflows%2Fas_text.json"])
def test_no_name_leads_out_of_the_folder(name, served, cartpole, tmp_path):
    top = tmp_path / "served"
    top.mkdir()
    (tmp_path / "outside.json").write_text(json.dumps(cartpole))
    (top / "note.txt").write_text("{}")
    (top / "link.json").symlink_to(tmp_path / "outside.json")
    (tmp_path / "elsewhere").mkdir()
    (top / "folder").symlink_to(tmp_path / "elsewhere")
    (top / "as_text.json").symlink_to(top / "note.txt")

    async def talk(client):
        for method in ("GET", "POST", "DELETE"):
            status, _, _ = await client.ask(method, f"{API}/userdata/{name}", json=cartpole)
            assert status in (403, 404), method
        _, found = await client.json("GET", f"{API}/userdata?dir=workflows")
        assert found == []
    before = (tmp_path / "outside.json").read_text()
    served(talk)
    assert (tmp_path / "outside.json").read_text() == before
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_rubbish_is_refused_and_starts_nothing(served, cartpole):
    async def talk(client):
        bodies = [b"", b"{", b"[]", b"null", b'"text"', b"{}", b'{"extra_data": 3}',
                  json.dumps(asked(None)).encode(), json.dumps(asked({"nodes": 3})).encode(),
                  json.dumps(asked({"nodes": [None, 3, {"id": {}}], "links": 7})).encode(),
                  json.dumps(asked({**cartpole, "extra": {"dnne_ros": {"run": {
                      "duration": "soon", "seed": [1], "cheat": "1"}}}})).encode()]
        for body in bodies:
            status, _, _ = await client.ask("POST", f"{API}/prompt", data=body, headers={
                "Content-Type": "application/json"})
            assert status == 400, body
        _, jobs = await client.json("GET", f"{API}/jobs")
        assert jobs["jobs"] == []
        status, text, _ = await client.ask(
            "POST", f"{API}/userdata/workflows%2Fx.json", data=b"no json")
        assert status == 400, text
        assert (await client.ask("POST", f"{API}/userdata/workflows%2Fx.json", json=[]))[0] == 400
    served(talk)


_RUBBISH = [b"", b"{", b"[]", b"null", b'"x"', b"3", b"1e999", b"{}", b"\xff\xfe\x00",
            b"[" * 100_000,
            b'{"extra_data": {"extra_pnginfo": {"workflow": {"nodes": [[]], "links": [3]}}}}',
            b'{"delete": {"a": 1}, "clear": "x", "job_ids": [[1], {}], "prompt_id": []}',
            b'{"node": {}, "name": [], "value": {}}', b'{"extra_data": 7, "dnne_ros": []}']


def test_rubbish_for_whatever_there_is_to_ask_is_no_fault_of_the_server(served, tmp_path):
    async def talk(client):
        assert len(client.routes) > 40
        for method, path in client.routes:
            for name in ("x", "%2E%2E%2Fx", "%00", "a" * 3000, "workflows%2Fx.json"):
                place = re.sub(r"\{[^}]*\}", name, path)
                for body in _RUBBISH if method not in ("GET", "HEAD") else [None]:
                    for kind in ("application/json", "text/plain"):
                        status, text, _ = await client.ask(
                            method, f"{place}?dir=%00&status=%FF&page=[]", data=body,
                            headers={"Content-Type": kind})
                        assert status < 500, (method, place, body, text)
        _, jobs = await client.json("GET", f"{API}/jobs")
        assert jobs["jobs"] == []
    served(talk)
    assert list((tmp_path / "served").iterdir()) == []


def test_problems_are_told_at_their_node_and_port_as_check_does(served, cartpole):
    node_of(cartpole, 6)["widgets_values"][3] = 3.0  # gamma
    unlink(cartpole, 3, 0)

    async def talk(client):
        status, found = await client.json("POST", f"{API}/prompt", json=asked(cartpole))
        assert status == 400
        errors = found["node_errors"]
        gamma = errors["6"]["errors"][0]
        assert gamma["extra_info"] == {"input_name": "gamma"}
        assert gamma["message"] == "expected a number from 0.0 to 1.0, found 3.0"
        assert errors["3"]["errors"][0]["extra_info"] == {"input_name": "observations"}
        assert "nothing is linked to it" in errors["3"]["errors"][0]["message"]
        status, checked = await client.json("POST", "/editor/dnne_ros/check", json=asked(cartpole))
        assert (status, checked) == (200, found)
    served(talk)


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_kind_of_drawing_is_sound(name, served, cartpole):
    async def talk(client):
        status, found = await client.json(
            "POST", "/editor/dnne_ros/check", json=asked(DRAWINGS[name](cartpole)))
        assert (status, found["error"]) == (200, None), found
    served(talk)


def test_files_of_options_lie_in_the_served_folder(served, cartpole):
    async def talk(client):
        for text in ("../elsewhere", "/tmp/elsewhere", "a/../../b"):
            cartpole["extra"] = {"dnne_ros": {"run": {"save_checkpoint_dir": text}}}
            status, found = await client.json("POST", f"{API}/prompt", json=asked(cartpole))
            assert status == 400
            assert "in the served folder" in found["error"]["details"]
    served(talk)


def test_settings_are_kept_but_not_those_that_keep_values(served, tmp_path):
    async def talk(client):
        await client.ask("POST", f"{API}/settings/Comfy.Locale", json="de")
        await client.ask("POST", f"{API}/settings/Comfy.DisableFloatRounding", json=False)
        _, settings = await client.json("GET", f"{API}/settings")
        assert settings["Comfy.Locale"] == "de"
        assert settings["Comfy.DisableFloatRounding"] is True
        palette = settings["Comfy.CustomColorPalettes"]["dnne_ros"]["colors"]["node_slot"]
        assert palette["TENSOR"].startswith("#")
        assert any("," in name for name in palette)
    served(talk)

    async def talk_again(client):
        _, settings = await client.json("GET", f"{API}/settings")
        assert settings["Comfy.Locale"] == "de"
    served(talk_again)


def test_every_workflow_of_the_package_is_a_template_with_a_picture(served):
    async def talk(client):
        _, found = await client.json("GET", f"{API}/workflow_templates")
        names = found["dnne_ros"]
        assert "cartpole_ppo" in names and "mnist_mlp" in names
        for name in names:
            place = f"{API}/workflow_templates/dnne_ros/{name}"
            status, drawing = await client.json("GET", f"{place}.json")
            assert status == 200 and drawing["nodes"], name
            status, picture, headers = await client.ask("GET", f"{place}.jpg")
            assert status == 200, name
            assert headers["Content-Type"].startswith("image/svg+xml")
            assert "<svg" in picture
        for name in ("nothing.json", "..%2F..%2Fsetup.json", "nothing"):
            path = f"{API}/workflow_templates/dnne_ros/{name}"
            assert (await client.ask("GET", path))[0] == 404
    served(talk)


def test_a_drawing_is_exported(served, cartpole):
    async def talk(client):
        place = "/editor/dnne_ros/export"
        status, picture, headers = await client.ask("POST", f"{place}/svg", json=asked(cartpole))
        assert status == 200 and "<svg" in picture
        assert 'filename="cartpole_ppo.svg"' in headers["Content-Disposition"]
        async with client.session.post(f"{client.base}{place}/package",
                                       json=asked(cartpole)) as answer:
            assert answer.status == 200
            data = await answer.read()
        assert data.startswith(b"PK") and b"package.xml" in data
        status, refused = await client.json("POST", f"{place}/policy", json=asked(cartpole))
        assert status == 400 and "no trained policy yet" in refused["error"]
        assert (await client.ask("POST", f"{place}/virus", json=asked(cartpole)))[0] == 400
    served(talk)


def test_a_second_run_waits_and_can_be_taken_out(served, cartpole):
    """Nobody starts them here: the first stays at its start."""
    async def talk(client):
        ids = []
        for _ in range(3):
            status, run = await client.json("POST", f"{API}/prompt", json=asked(cartpole))
            assert (status, run["node_errors"]) == (200, {})
            ids.append(run["prompt_id"])
        _, found = await client.json("GET", f"{API}/jobs")
        assert [job["status"] for job in found["jobs"]] == ["pending", "pending", "in_progress"]
        await client.ask("POST", f"{API}/queue", json={"delete": [ids[2]]})
        await client.ask("POST", f"{API}/jobs/{ids[1]}/cancel", json={})
        _, found = await client.json("GET", f"{API}/jobs?status=pending")
        assert found["jobs"] == []
        assert (await client.ask("POST", f"{API}/jobs/none/cancel", json={}))[0] == 404
    served(talk)


def test_with_a_store_a_second_run_becomes_a_job_or_is_refused(served, cartpole):
    class Jobs:
        async def submit(self, asked):
            if asked.place:
                raise InputError("job", ["no store is there"])
            return SubmittedJob(7, "job 7: run cartpole_ppo.json, queued (submitted)")

    async def talk(client):
        _, first = await client.json("POST", f"{API}/prompt", json=asked(cartpole))
        assert not first["prompt_id"].startswith("job")  # nothing ran
        async with client.session.ws_connect(f"{client.base}/editor/ws?clientId=me") as page:
            status, second = await client.json("POST", f"{API}/prompt", json=asked(cartpole))
            assert (status, second["prompt_id"]) == (200, "job-7")
            while (message := await page.receive_json())["type"] != "dnne_ros.job":
                pass
            assert message["data"]["text"].startswith("job 7")
        placed = {**cartpole, "extra": {"dnne_ros": {"run": {"place": "split"}}}}
        status, third = await client.json("POST", f"{API}/prompt", json=asked(placed))
        assert (status, third["error"]["details"]) == (400, "no store is there")
        _, found = await client.json("GET", f"{API}/jobs")
        assert [job["status"] for job in found["jobs"]] == ["in_progress"]
    served(talk, jobs=Jobs())


def test_a_page_that_listens_late_is_told_all_once_more(served, cartpole):
    """The front end drops what comes before an extension listens."""
    async def talk(client):
        await client.ask("POST", f"{API}/prompt", json=asked(cartpole))
        async with client.session.ws_connect(f"{client.base}/editor/ws?clientId=me") as page:
            async def until_run():
                while (message := await page.receive_json())["type"] != "dnne_ros.run":
                    pass
                return message["data"]["state"]
            assert await until_run() == "starting"
            for name, status in (("me", 204), ("another", 204), ("", 204)):
                path = f"/editor/dnne_ros/greeting?page={name}"
                assert (await client.ask("GET", path))[0] == status
            assert await until_run() == "starting"
    served(talk)


def test_a_page_is_told_how_things_are_and_takes_no_orders(served, cartpole):
    async def talk(client):
        await client.ask("POST", f"{API}/prompt", json=asked(cartpole))
        async with client.session.ws_connect(f"{client.base}/editor/ws?clientId=me") as page:
            await page.send_str("rubbish")
            await page.send_str(json.dumps({"type": "interrupt"}))
            told = {}
            while "progress_state" not in told:
                message = await page.receive_json()
                told[message["type"]] = message["data"]
        assert told["dnne_ros.run"]["state"] == "starting"
        assert told["dnne_ros.run"]["trainers"] == ["6"]
        assert set(told["progress_state"]["nodes"]) == {str(id) for id in range(1, 8)}
        _, found = await client.json("GET", f"{API}/jobs")
        assert found["jobs"][0]["status"] == "in_progress"
    served(talk)


def test_a_hostile_page_opens_no_socket(served):
    async def talk(client):
        for origin in ("http://127.0.0.1:1", "null", "http://evil.example"):
            status, _, _ = await client.ask("GET", "/editor/ws", headers={
                "Origin": origin, "Connection": "Upgrade", "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="})
            assert status == 403, origin
    served(talk)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_told(served, cartpole, tmp_path):
    (tmp_path / "served").mkdir(mode=0o500)

    async def talk(client):
        status, text, _ = await client.ask(
            "POST", f"{API}/userdata/workflows%2Fx.json", json=cartpole)
        assert status == 409 and "Permission denied" in text
    served(talk)
