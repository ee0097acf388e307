"""Somebody who follows a page: writes its files, types its commands, and looks whether they print what it shows."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

from tests.docs.blocks import Block
from typer.testing import CliRunner

from gapheal.cli.commands import command as gapheal
from gapheal.local.ports import Ports

SECONDS = 120
ELSEWHERE = re.compile(r"gapheal (local up|demo|backfill --resume|rollback)\b|\. \.venv/|make ")
"""Commands that other tests run: blocks.py and test_blocks.py say which."""
BACKFILL_ID = re.compile(r"\b20\d{6}-[0-9a-f]{4}\b")
SERVER = re.compile(r"port=(\d+)")


class Typed(NamedTuple):
    """A command, as it was typed in the end, and what came of it."""

    line: str
    code: int
    said: str


class Walk:
    """One page, in a folder of its own, in the environment of a stack, whose backfills `ids` names."""

    def __init__(self, folder: Path, env: dict[str, str], undo: ExitStack, ids: list[str]) -> None:
        self.folder, self.ids = folder, ids
        self.env = {**os.environ, **env, "COLUMNS": "300"}
        self.typed: list[Typed] = []
        self._undo = undo
        self._ports: dict[str, str] = {}

    def take(self, block: Block, also: str = "") -> None:
        """Do what a block says; `also` is typed behind each of its commands."""
        match block.kind:
            case "sh" if not block.cloud:
                self.typed.clear()
                for line in block.commands:
                    if not ELSEWHERE.match(line):
                        self._type(f"{line} {also}".strip())
            case "text" if block.follows_commands:
                self._sees(block)
            case "python" | "yaml" if name := re.findall(r"`([\w-]+\.(?:py|yaml))`", block.before):
                self._write(self.folder / name[-1], self._with_own_ports(block.text))

    def _write(self, path: Path, text: str) -> None:
        """A whole file; or lines that take the place of those with the same key."""
        if path.suffix == ".py" or text.startswith("version:"):
            path.write_text(text)
            return
        for line in text.splitlines():
            key = line.partition(":")[0]
            changed, count = re.subn(rf"^{key}:.*$", line, path.read_text(), flags=re.MULTILINE)
            assert count == 1, f"{line!r} has no place in\n{path.read_text()}"
            path.write_text(changed)

    def _with_own_ports(self, text: str) -> str:
        """The port of a server of the page is perhaps somebody else's here."""
        for port in re.findall(r"(?:port=|127\.0\.0\.1:)(\d+)", text):
            if port not in self._ports:
                self._ports[port] = str(Ports().take(f"the page's {port}"))
            text = re.sub(rf"\b{port}\b", self._ports[port], text)
        return text

    def _type(self, line: str) -> None:
        words = shlex.split(line)
        match words:
            case ["unset", name]:
                self.env.pop(name)
            case ["mkdir", name, "&&", "cd", same] if name == same:
                self.folder /= name
                self.folder.mkdir()
            case ["python", script]:
                self._python(script)
            case ["gapheal", *arguments]:
                self._gapheal(arguments)
            case _:
                raise AssertionError(f"nobody here knows how to type {line!r}")

    def _python(self, script: str) -> None:
        """Run a script to its end; one that serves is left running."""
        words = [sys.executable, script]
        if port := SERVER.search((self.folder / script).read_text()):
            process = subprocess.Popen(words, cwd=self.folder, env=self.env, stderr=subprocess.DEVNULL)
            self._undo.callback(process.wait, 60)
            self._undo.callback(process.terminate)
            until = time.monotonic() + SECONDS
            while not listens(int(port[1])):
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.1)
            return
        done = subprocess.run(
            words, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode == 0, done.stderr

    def _gapheal(self, arguments: list[str]) -> None:
        """The command, in this process. Its question is answered with yes; the id of a backfill is the last one's."""
        asks = arguments[0] == "rollback" or (arguments[0] == "backfill" and arguments[1].startswith("--"))
        if asks and "--dry-run" not in arguments:
            arguments = [*arguments, "--yes"]
        arguments = [BACKFILL_ID.sub(lambda _: self.ids[-1], word) for word in arguments]
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            result = CliRunner().invoke(gapheal, arguments, env={**dict.fromkeys(os.environ), **self.env})
        finally:
            os.chdir(before)
        line = shlex.join(["gapheal", *arguments])
        assert result.exit_code in {0, 1}, f"{line}: {result.exit_code}\n{result.output}\n{result.exception!r}"
        assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
        self.typed.append(Typed(line, result.exit_code, result.output))
        self.ids += [found for found in BACKFILL_ID.findall(result.output) if found not in self.ids]

    def _sees(self, block: Block) -> None:
        """Every line that is shown was printed; spaces do not count, and … stands for anything."""
        printed = [" ".join(line.split()) for each in self.typed for line in each.said.splitlines()]
        for line in block.text.splitlines():
            shown = ".*".join(re.escape(part) for part in " ".join(line.split()).split("…"))
            assert any(re.fullmatch(shown, each) for each in printed), f"{block}: {line!r} is not in\n" + "\n".join(
                printed
            )


def listens(port: int) -> bool:
    """Whether somebody answers there."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
