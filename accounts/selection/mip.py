"""A mixed-integer programme for HiGHS: columns, rows, one aim after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import highspy

INFINITE = highspy.kHighsInf
SEED = 1
"""One thread and one seed: the same programme always gives the same answer."""
HALF = 0.5


class Control:
    """How long a search may last, whether somebody stopped it, and whom to tell how far it is.

    `stopped` is asked often and must be quick; `tell` gets the best objective and its bound.
    """

    def __init__(
        self,
        seconds: float,
        stopped: Callable[[], bool] = lambda: False,
        tell: Callable[[float | None, float | None], None] = lambda _best, _bound: None,
    ) -> None:
        self.end = time.monotonic() + seconds
        self.stopped, self.tell = stopped, tell

    @property
    def left(self) -> float:
        """Seconds that remain."""
        return max(0.0, self.end - time.monotonic())

    def part(self, share: float) -> Control:
        """The same for a `share` of the time that remains."""
        return Control(self.left * share, self.stopped, self.tell)

    def silent(self, share: float) -> Control:
        """The same for a `share` of the time, of which nothing is told: it solves something else
        than the problem itself."""
        return Control(self.left * share, self.stopped)

    @property
    def is_over(self) -> bool:
        """Whether the time is up, or somebody stopped it."""
        return self.left == 0.0 or self.stopped()


class Found(NamedTuple):
    """`state`: optimal, infeasible, feasible (a value and a bound, not proven) or unknown."""

    state: str
    values: list[float]
    objective: float
    bound: float

    def is_on(self, column: int) -> bool:
        """Whether a yes-or-no column is yes."""
        return self.values[column] > HALF


Terms = Iterable[tuple[int, float]]


class Programme:
    """Columns are yes or no unless said otherwise; rows bound sums of them."""

    def __init__(self) -> None:
        self._columns: list[tuple[float, float, bool]] = []
        self._rows: list[tuple[list[tuple[int, float]], float, float]] = []

    def column(self, low: float = 0.0, high: float = 1.0, *, whole: bool = True) -> int:
        """A new column, by its number."""
        self._columns.append((low, high, whole))
        return len(self._columns) - 1

    def fix(self, column: int, value: float) -> None:
        """The column has this value from now on."""
        self.bound(column, value, value)

    def bound(self, column: int, low: float, high: float) -> None:
        """The column lies between `low` and `high` from now on."""
        self._columns[column] = (low, high, self._columns[column][2])

    def row(self, terms: Terms, low: float = -INFINITE, high: float = INFINITE) -> int:
        """A sum that lies between `low` and `high`, by its number."""
        self._rows.append(([term for term in terms if term[1]], low, high))
        return len(self._rows) - 1

    def drop_last_row(self) -> None:
        """Take back what was asked for last."""
        self._rows.pop()

    def solve(
        self,
        aim: Mapping[int, float],
        control: Control,
        *,
        largest: bool = False,
        start: Mapping[int, float] | None = None,
        nodes: int | None = None,
        gap: float = 0.0,
    ) -> Found:
        """Make the sum `aim` the smallest, or the largest, there is.

        Aims are whole numbers, so that a difference below 1/2 is none. `nodes` ends the search
        after so many nodes: unlike time, the same on every machine. A relative `gap` above 0 ends
        it that near to the optimum.
        """
        if not self._columns:  # HiGHS says of an empty programme only that it is empty
            can_be = all(low <= 0.0 <= high for _terms, low, high in self._rows)
            return Found("optimal" if can_be else "infeasible", [], 0.0, 0.0)
        solver = highspy.Highs()
        solver.silent()
        for name, value in _options(control, nodes, gap):
            solver.setOptionValue(name, value)
        solver.passModel(self._model(aim, largest=largest))
        if start is not None:
            self._suggest(solver, start)
        _watch(solver, control)
        solver.run()
        return _found(solver)

    def _model(self, aim: Mapping[int, float], *, largest: bool) -> Any:
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self._columns), len(self._rows)
        model.sense_ = highspy.ObjSense.kMaximize if largest else highspy.ObjSense.kMinimize
        model.col_cost_ = [float(aim.get(place, 0.0)) for place in range(len(self._columns))]
        model.col_lower_ = [low for low, _high, _whole in self._columns]
        model.col_upper_ = [high for _low, high, _whole in self._columns]
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[whole] for _low, _high, whole in self._columns]
        model.row_lower_ = [low for _terms, low, _high in self._rows]
        model.row_upper_ = [high for _terms, _low, high in self._rows]
        starts, places, factors = [0], [], []
        for terms, _low, _high in self._rows:
            places += [place for place, _factor in terms]
            factors += [float(factor) for _place, factor in terms]
            starts.append(len(places))
        matrix = model.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kRowwise
        matrix.num_col_, matrix.num_row_ = len(self._columns), len(self._rows)
        matrix.start_, matrix.index_, matrix.value_ = starts, places, factors
        return model

    def _suggest(self, solver: Any, start: Mapping[int, float]) -> None:
        solution = highspy.HighsSolution()
        solution.col_value = [float(start.get(place, 0.0)) for place in range(len(self._columns))]
        solver.setSolution(solution)


def _options(control: Control, nodes: int | None, gap: float) -> Sequence[tuple[str, Any]]:
    options: list[tuple[str, Any]] = [
        ("threads", 1),
        ("random_seed", SEED),
        ("mip_rel_gap", gap),
        ("mip_abs_gap", HALF),
        ("time_limit", control.left),
    ]
    if nodes is not None:
        options.append(("mip_max_nodes", nodes))
    return options


def _watch(solver: Any, control: Control) -> None:
    def stop(event: Any) -> None:
        if control.stopped():
            event.interrupt()

    def tell(event: Any) -> None:
        control.tell(event.data_out.mip_primal_bound, event.data_out.mip_dual_bound)

    solver.cbMipInterrupt += stop
    solver.cbSimplexInterrupt += stop
    solver.cbMipImprovingSolution += tell


def _found(solver: Any) -> Found:
    status = solver.getModelStatus()
    info = solver.getInfo()
    known = highspy.HighsModelStatus
    if status == known.kInfeasible:
        return Found("infeasible", [], 0.0, 0.0)
    has_values = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if not has_values:
        return Found("unknown", [], 0.0, info.mip_dual_bound)
    state = "optimal" if status == known.kOptimal else "feasible"
    values = list(solver.getSolution().col_value)
    return Found(state, values, info.objective_function_value, info.mip_dual_bound)
