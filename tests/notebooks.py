"""Run the notebook of the examples with a real kernel; as a program, write its outputs into it anew.

    python tests/notebooks.py

It is a program, which the tests start too: what kernels need warns of things that are no matter here.
"""

import os
import sys
import tempfile
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"
NOTEBOOK = EXAMPLES / "notebook.ipynb"


def executed(path):
    """The notebook with the outputs of a run: as tables where there are such, and without the scripts of charts."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        for name in "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR":
            os.environ[name] = folder  # nothing of whoever runs it is read or written
        os.environ["PYTHONPATH"] = os.pathsep.join([str(EXAMPLES), *filter(None, [os.environ.get("PYTHONPATH")])])
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": folder}}).execute()
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [kept for output in cell.outputs if (kept := _kept(output))]
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return notebook


def _kept(output):
    html = output.get("data", {}).get("text/html")
    if html is None:
        return output
    output.data = {"text/html": html}
    return None if "<script" in html else output


def write(path):
    import nbformat

    nbformat.write(executed(NOTEBOOK), path)


if __name__ == "__main__":
    write(*(sys.argv[1:] or [NOTEBOOK]))
