#!/usr/bin/env python3
"""Runs a notebook from top to bottom under Deno's kernel and keeps its output.

    python3 tests/plots/run_notebook.py examples/learning_rate.ipynb

It needs jupyter_client and nbformat (Debian: python3-jupyter-client and
python3-nbformat) and exits with 1 at the first cell that fails.
"""

import os
import sys

import nbformat
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

CELL_TIMEOUT = 600


class DenoKernel(KernelManager):
    """Deno's kernel, whether or not it is installed in Jupyter."""

    @property
    def kernel_spec(self):
        return KernelSpec(
            argv=["deno", "jupyter", "--kernel", "--conn", "{connection_file}"],
            display_name="Deno",
            language="typescript",
        )


def output_of(message):
    kind, content = message["msg_type"], message["content"]
    if kind == "stream":
        return nbformat.v4.new_output(
            "stream", name=content["name"], text=content["text"]
        )
    if kind in ("display_data", "execute_result", "error"):
        return nbformat.v4.output_from_msg(message)
    return None


def run(cell, client):
    cell.outputs, cell.execution_count = [], None
    request = client.execute(cell.source)
    failed = False
    while True:
        message = client.get_iopub_msg(timeout=CELL_TIMEOUT)
        if message["parent_header"].get("msg_id") != request:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "execute_input":
            cell.execution_count = content["execution_count"]
        if kind == "status" and content["execution_state"] == "idle":
            return not failed
        failed = failed or kind == "error"
        output = output_of(message)
        if output is None:
            continue
        last = cell.outputs[-1] if cell.outputs else None
        if (
            last is not None
            and output.output_type == "stream" == last.output_type
            and output.name == last.name
        ):
            last.text += output.text
        else:
            cell.outputs.append(output)


def main(path):
    notebook = nbformat.read(path, as_version=4)
    manager = DenoKernel()
    manager.start_kernel(cwd=os.path.dirname(os.path.abspath(path)))
    client = manager.client()
    client.start_channels()
    status = 0
    try:
        client.wait_for_ready(timeout=60)
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            if not run(cell, client):
                print(f"Cell {number} failed:", file=sys.stderr)
                for output in cell.outputs:
                    print(output.get("text") or "\n".join(
                        output.get("traceback", [])), file=sys.stderr)
                status = 1
                break
            kinds = [
                output.get("name") or " ".join(output.get("data", {}))
                for output in cell.outputs
            ]
            print(f"cell {number}: {', '.join(kinds) or 'no output'}")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if status == 0:
        nbformat.write(notebook, path)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
