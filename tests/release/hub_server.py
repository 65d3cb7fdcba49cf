"""A model hub as a process: the part of its HTTP API that `huggingface_hub` speaks, without xet.

    python -m tests.release.hub_server PORT OWNER TOKEN

It keeps to the hub's rules: a commit with another parent than its branch's is 412, a tag or branch
that exists 409; large files go to another address, which takes no login; lists come in pages.
`TOKEN` may do all of OWNER, `TOKEN-read` may only look. A POST to `/-/faults` sets what goes wrong:
a list of `{on: PATTERN of "METHOD path", do: 500 | drop | lose | cut, skip: N, times: N}`, where
lose does the work and drops the answer, and cut sends half of it. `/-/requests` is what was asked,
`/-/new` forgets all.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import yaml

from tests.release.hub_store import Refused, Repository

PAGE = 5
MOST = 2000  # so that small files of tests are large ones, too
REPO = r"(?P<repo>[^/]+/[^/]+)"
REV = r"(?P<rev>[^/]+)"
ROUTES: list[tuple[str, str]] = []


def route(pattern: str) -> Any:
    def keep(function: Any) -> Any:
        ROUTES.append((pattern, function.__name__))
        return function

    return keep


class Hub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, owner: str, token: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.port, self.owner, self.token = port, owner, token
        self.repositories: dict[str, Repository] = {}
        self.faults: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.lock = threading.Lock()

    def fault(self, request: str) -> str | None:
        """What shall go wrong with a request."""
        for fault in self.faults:
            if not re.search(fault["on"], request) or fault.setdefault("times", 1) == 0:
                continue
            if fault.get("skip", 0) > 0:
                fault["skip"] -= 1
                continue
            fault["times"] -= 1
            return str(fault["do"])
        return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self) -> None:
        body = self._body()
        address = urlsplit(self.path)
        self.query = parse_qs(address.query)
        asked = f"{self.command} {address.path}"
        try:
            with self.server.lock:
                if address.path.startswith("/-/"):
                    return self._control(address.path, body)
                self.server.requests.append(asked)
                fault = self.server.fault(asked)
                if fault == "drop":
                    return self._drop()
                if fault and fault.isdecimal():
                    raise Refused(int(fault), "", "out of order")
                status, headers, data = self._do(asked, body)
            if fault == "lose":
                return self._drop()
            self._send(status, headers, data, half=fault == "cut")
        except Refused as error:
            headers = {"X-Error-Message": error.message}
            if error.code:
                headers["X-Error-Code"] = error.code
            self._send(error.status, headers, json.dumps({"error": error.message}).encode())
        except Exception:  # of this server itself: nothing that a client tries again
            said = traceback.format_exc()
            self._send(418, {}, json.dumps({"error": said}).encode())

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _control(self, path: str, body: bytes) -> None:
        data: Any = None
        if path == "/-/faults":
            self.server.faults = json.loads(body)
        elif path == "/-/new":
            self.server.repositories, self.server.faults = {}, []
        elif path == "/-/requests":
            data, self.server.requests = self.server.requests, []
        self._send(200, {}, json.dumps(data).encode())

    def _drop(self) -> None:
        self.close_connection = True

    def _send(self, status: int, headers: dict[str, str], data: bytes, half: bool = False) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if half else data)
            self.close_connection = self.close_connection or half

    def _do(self, asked: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        for pattern, name in ROUTES:
            if found := re.fullmatch(pattern, asked):
                given = {key: value for key, value in found.groupdict().items() if value}
                words: dict[str, Any] = {key: unquote(value) for key, value in given.items()}
                if "repo" in words:
                    words["repo"] = self._repository(words["repo"])
                made = getattr(self, name)(body=body, **words)
                return made if isinstance(made, tuple) else (200, {}, json.dumps(made).encode())
        raise Refused(404, "", f"no {asked}")

    def _may(self, write: bool) -> bool:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if given not in ("", self.server.token, f"{self.server.token}-read"):
            raise Refused(401, "", "Invalid credentials in Authorization header")
        if write and given.endswith("-read"):
            raise Refused(403, "", "this token may only read")
        return bool(given)

    def _repository(self, name: str) -> Repository:
        """Who may not see a repository hears no more than of one that is not there."""
        if urlsplit(self.path).path.startswith("/large/"):
            if self.headers.get("Authorization"):
                raise Refused(400, "InvalidRequest", "only one way to log in is allowed")
            return self.server.repositories[name]
        is_search = re.search("/(paths-info|preupload)/", self.path)
        known = self._may(write=self.command not in ("GET", "HEAD") and not is_search)
        found = self.server.repositories.get(name)
        if found is None or (found.private and not known):
            raise Refused(404 if known else 401, "RepoNotFound", "Repository not found")
        if self.command not in ("GET", "HEAD") and not known:
            raise Refused(401, "", "Invalid username or password.")
        return found

    def _large(self, repository: Repository, oid: str) -> str:
        (name,) = (n for n, found in self.server.repositories.items() if found is repository)
        return f"http://localhost:{self.server.port}/large/{name}/{oid}"

    def _page(self, rows: list[Any]) -> tuple[int, dict[str, str], bytes]:
        begin = int(self.query.get("cursor", ["0"])[0])
        headers = {}
        if len(rows) > begin + PAGE:
            words = {**{key: value[0] for key, value in self.query.items()}, "cursor": begin + PAGE}
            query = "&".join(f"{key}={quote(str(value))}" for key, value in words.items())
            at = f"http://127.0.0.1:{self.server.port}{urlsplit(self.path).path}?{query}"
            headers["Link"] = f'<{at}>; rel="next"'
        return 200, headers, json.dumps(rows[begin : begin + PAGE]).encode()

    @route("POST /api/repos/create")
    def create(self, body: bytes) -> Any:
        wanted = json.loads(body)
        name = f"{wanted['organization']}/{wanted['name']}"
        if not self._may(write=True) or wanted["organization"] != self.server.owner:
            raise Refused(403, "", "You don't have the rights to create a model there")
        data = json.dumps({"url": f"http://127.0.0.1:{self.server.port}/{name}"}).encode()
        if name in self.server.repositories:
            return 409, {"X-Error-Message": "You already created this model repo"}, data
        private = wanted.get("visibility") == "private" or wanted.get("private") is True
        self.server.repositories[name] = Repository(private, MOST)
        return 200, {}, data

    @route("GET /api/models")
    def models(self, body: bytes) -> Any:  # noqa: ARG002
        known, (author,), (label,) = self._may(False), self.query["author"], self.query["filter"]
        rows = []
        for name, repository in sorted(self.server.repositories.items()):
            visible = name.startswith(f"{author}/") and (known or not repository.private)
            if visible and label in _labels(repository):
                rows.append({"id": name, "private": repository.private})
        return self._page(rows)

    @route(f"GET /api/models/{REPO}(/revision/{REV})?")
    def info(self, repo: Repository, body: bytes, rev: str = "main") -> Any:  # noqa: ARG002
        files = [{"rfilename": path} for path in sorted(repo.tree(rev))]
        return {"id": "it", "sha": repo.revision(rev), "siblings": files, "private": repo.private}

    @route(f"GET /api/models/{REPO}/refs")
    def refs(self, repo: Repository, body: bytes) -> Any:  # noqa: ARG002
        def rows(refs: dict[str, str], kind: str) -> list[dict[str, str]]:
            ordered = sorted(refs.items())
            return [{"name": n, "ref": f"refs/{kind}/{n}", "targetCommit": c} for n, c in ordered]

        branches, tags = rows(repo.branches, "heads"), rows(repo.tags, "tags")
        return {"branches": branches, "converts": [], "tags": tags}

    @route(f"GET /api/models/{REPO}/tree/{REV}(/(?P<under>.+))?")
    def tree(self, repo: Repository, rev: str, body: bytes, under: str = "") -> Any:  # noqa: ARG002
        begin = f"{under}/" if under else ""
        tree = {path: file for path, file in repo.tree(rev).items() if path.startswith(begin)}
        if not tree:
            raise Refused(404, "EntryNotFound", f"{under} does not exist")
        folders = {path.rpartition("/")[0] for path in tree} - {"", under}
        rows = [{"type": "directory", "path": path, "oid": "0" * 40} for path in folders]
        rows += [repo.row(path, file) for path, file in tree.items()]
        return self._page(sorted(rows, key=lambda row: row["path"]))

    @route(f"POST /api/models/{REPO}/paths-info/{REV}")
    def paths(self, repo: Repository, rev: str, body: bytes) -> Any:
        tree = repo.tree(rev)
        wanted = parse_qs(body.decode()).get("paths", [])
        return [repo.row(path, tree[path]) for path in wanted if path in tree]

    @route(f"POST /api/models/{REPO}/preupload/{REV}")
    def preupload(self, repo: Repository, rev: str, body: bytes) -> Any:
        import base64

        rows = []
        for file in json.loads(body)["files"]:
            path, sample = file["path"], base64.b64decode(file["sample"])
            mode = "lfs" if repo.is_large(rev, path, file["size"], sample) else "regular"
            there = repo.tree(rev).get(path)
            oid = {"oid": there.large or there.oid} if there else {}
            rows.append({"path": path, "uploadMode": mode, "shouldIgnore": False, **oid})
        return {"files": rows}

    @route(f"POST /api/models/{REPO}/commit/{REV}")
    def commit(self, repo: Repository, rev: str, body: bytes) -> Any:
        oid = repo.commit(rev, [json.loads(line) for line in body.splitlines()])
        return {
            "commitUrl": f"http://127.0.0.1:{self.server.port}/o/n/commit/{oid}",
            "commitOid": oid,
            "hookOutput": "",
        }

    @route(f"POST /api/models/{REPO}/branch/{REV}")
    def branch(self, repo: Repository, rev: str, body: bytes) -> Any:
        repo.make_branch(rev, json.loads(body or b"{}").get("startingPoint"))

    @route(f"POST /api/models/{REPO}/tag/{REV}")
    def tag(self, repo: Repository, rev: str, body: bytes) -> Any:
        repo.make_tag(json.loads(body)["tag"], rev)

    @route(f"DELETE /api/models/{REPO}/branch/{REV}")
    def no_branch(self, repo: Repository, rev: str, body: bytes) -> Any:  # noqa: ARG002
        repo.drop(repo.branches, rev)

    @route(f"DELETE /api/models/{REPO}/tag/{REV}")
    def no_tag(self, repo: Repository, rev: str, body: bytes) -> Any:  # noqa: ARG002
        repo.drop(repo.tags, rev)

    @route("POST /api/validate-yaml")
    def validate(self, body: bytes) -> Any:
        content = json.loads(body)["content"]
        try:
            yaml.safe_load(_front(content))
        except yaml.YAMLError as error:
            said = json.dumps({"errors": [{"message": f"YAML: {error}"}], "warnings": []})
            return 400, {}, said.encode()
        return {"errors": [], "warnings": []}

    @route(rf"POST /{REPO}\.git/info/lfs/objects/batch")
    def batch(self, repo: Repository, body: bytes) -> Any:
        rows = []
        for wanted in json.loads(body)["objects"]:
            to = {"upload": {"href": self._large(repo, wanted["oid"])}}
            rows.append(wanted if wanted["oid"] in repo.stored else {**wanted, "actions": to})
        return {"transfer": "basic", "objects": rows}

    @route(f"PUT /large/{REPO}/(?P<oid>[0-9a-f]+)")
    def put(self, repo: Repository, oid: str, body: bytes) -> Any:
        repo.store(oid, body)
        return 200, {}, b""

    @route(f"(GET|HEAD) /large/{REPO}/(?P<oid>[0-9a-f]+)")
    def get(self, repo: Repository, oid: str, body: bytes) -> Any:  # noqa: ARG002
        return self._ranged(repo.stored[oid], {"ETag": f'"{oid}"'})

    @route(f"(GET|HEAD) /{REPO}/resolve/{REV}/(?P<path>.+)")
    def resolve(self, repo: Repository, rev: str, path: str, body: bytes) -> Any:  # noqa: ARG002
        oid = repo.revision(rev)
        file = repo.trees[oid].get(path)
        if file is None:
            return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": oid}, b""
        headers = {"ETag": f'"{file.oid}"', "X-Repo-Commit": oid}
        if file.large is None:
            return self._ranged(file.data, headers)
        to = {"Location": self._large(repo, file.large), "X-Linked-Size": str(file.bytes)}
        return 302, {**headers, **to, "X-Linked-ETag": f'"{file.large}"'}, b""

    def _ranged(self, data: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if found := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            begin = int(found[1])
            at = f"bytes {begin}-{len(data) - 1}/{len(data)}"
            return 206, {**headers, "Content-Range": at}, data[begin:]
        return 200, headers, data


def _front(card: str) -> str:
    return card.split("---")[1] if card.startswith("---\n") else ""


def _labels(repository: Repository) -> list[str]:
    card = repository.tree("main").get("README.md")
    if card is None:
        return []
    data = repository.stored[card.large] if card.large else card.data
    return list((yaml.safe_load(_front(data.decode())) or {}).get("tags", ()))


if __name__ == "__main__":
    Hub(int(sys.argv[1]), sys.argv[2], sys.argv[3]).serve_forever()
