"""The passes over a file as background work."""

from django_tasks import task

from kam.imports import passes

PASSES = {"check": passes.check, "import": passes.import_rows, "undo": passes.undo}


@task()
def work(run_id: int, step: str) -> str:
    """Run the pass `step` of an import; returns the status that it leaves."""
    return PASSES[step](run_id).status
