"""Run a notebook in JupyterLab or marimo: a real server and kernel here, for a real browser."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import socket
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import nbformat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from support.browser import Browser

# A server on two busy cores is ready after some seconds; a lab that does not start fails here.
_PATIENCE_S = 90


def wait_for(find: Callable[[], Any], what: str, patience_s: float = _PATIENCE_S) -> Any:
    """Return what a function finds as soon as it finds something; fail if it never does."""
    until = time.monotonic() + patience_s
    while not (found := find()):
        assert time.monotonic() < until, f"no {what} after {patience_s} s"
        time.sleep(0.05)
    return found


_IS_IDLE = (
    "return window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status"
    " === 'idle'"
)


@dataclass
class Lab:
    """A JupyterLab that serves one folder, and a browser that shows a notebook of it."""

    url: str
    token: str
    runtime: Path
    browser: Browser
    client: Any = None

    def open_and_run(self, notebook: str) -> None:
        """Open a notebook alone, run all its cells, and take part in its kernel."""
        from jupyter_client import BlockingKernelClient

        driver = self.browser.driver
        size = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.get(f"{self.url}doc/tree/{notebook}?token={self.token}")
        wait_for(lambda: self.browser.run(_IS_IDLE), "idle kernel")
        self.client = BlockingKernelClient(
            connection_file=str(next(iter(self.runtime.glob("kernel-*.json"))))
        )
        self.client.load_connection_file()
        self.client.start_channels()
        self.browser.run("window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def ask(self, expression: str) -> Any:
        """Return the value of an expression in the kernel of the notebook."""
        reply = self.client.execute(
            "", user_expressions={"it": expression}, reply=True, timeout=_PATIENCE_S
        )
        answer = reply["content"]["user_expressions"]["it"]
        assert answer["status"] == "ok", answer
        return ast.literal_eval(answer["data"]["text/plain"])

    def tell(self, code: str) -> None:
        """Run code in the kernel of the notebook."""
        reply = self.client.execute(code, reply=True, timeout=_PATIENCE_S)
        assert reply["content"]["status"] == "ok", reply["content"]


@contextlib.contextmanager
def jupyter_lab(folder: Path, code: str, browser: Browser) -> Iterator[Lab]:
    """Serve a folder with one notebook, whose only cell is the code, open it and run it."""
    cell = nbformat.v4.new_code_cell(code)
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "page.ipynb")
    runtime = folder / "runtime"
    # A question about news would lie over the widget.
    notices = folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    notices.parent.mkdir(parents=True)
    notices.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    # Nothing of the developer's own Jupyter: neither settings nor open notebooks.
    own = {name: str(folder / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "IPYTHONDIR")}
    environment = {**os.environ, **own, "JUPYTER_RUNTIME_DIR": str(runtime)}
    command = (
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
        "--port=0", f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly", "--ServerApp.terminals_enabled=False",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--LabApp.user_settings_dir={folder / 'settings'}",
        f"--LabApp.workspaces_dir={folder / 'workspaces'}",
    )  # fmt: skip
    with (folder / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    lab = None
    try:
        found = wait_for(lambda: next(iter(runtime.glob("jpserver-*.json")), None), "JupyterLab")
        facts = wait_for(lambda: json.loads(found.read_text() or "null"), "address of JupyterLab")
        lab = Lab(facts["url"], facts["token"], runtime, browser)
        lab.open_and_run("page.ipynb")
        yield lab
    finally:
        if lab and lab.client:
            lab.client.stop_channels()
        server.terminate()
        server.wait(timeout=_PATIENCE_S)


@contextlib.contextmanager
def marimo(folder: Path, cells: Sequence[str], browser: Browser) -> Iterator[str]:
    """Serve a notebook of marimo as an app, open it, and give its address."""
    written = (f"@app.cell\ndef _():\n{textwrap.indent(cell, '    ')}\n" for cell in cells)
    start = "import marimo\n\napp = marimo.App()\n\n"
    (folder / "page.py").write_text(start + "\n".join(written), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    command = (sys.executable, "-m", "marimo", "run", "page.py", "--headless", f"--port={port}")
    # Nothing of the developer's own marimo.
    own = {f"XDG_{name}_HOME": str(folder / name) for name in ("CONFIG", "STATE", "CACHE")}
    with (folder / "marimo.log").open("wb") as log:
        server = subprocess.Popen(
            command, env={**os.environ, **own}, stdout=log, stderr=log, cwd=folder
        )
    try:
        wait_for(lambda: _is_open(port), "marimo")
        size = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.driver.get(url)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=_PATIENCE_S)


def _is_open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False
