"""The passes over a file as background work."""

from kam.imports import passes
from kam.jobs.backend import task

PASSES = {"check": passes.check, "import": passes.import_rows, "undo": passes.undo}


@task()
def work(run_id: int, step: str) -> str:
    """Run the pass `step` of an import; returns the status that it leaves."""
    return PASSES[step](run_id).status
