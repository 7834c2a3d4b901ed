"""How predictions depend on a column: partial dependence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import InputError, listed
from ..nn.ensemble import as_trained
from ..nn.frames import is_frame, names_of
from ..nn.preprocessing import Preprocessing
from ..nn.trained import Trained
from .legends import add_legend
from .style import LIGHT, MEMBERS, ink, one_axes, shorten

POINTS = 50  # of a curve
MOST_ROWS = 1000  # that are averaged over
OUTPUTS = 5  # curves, at most
BINS = 20
TALLEST = 0.2  # part of the axes that the samples take
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
LONGEST = 16  # characters of a category or class


class Dependence(NamedTuple):
    """The mean prediction of samples that all have the same value in one column."""

    name: str  # of the column
    values: Any  # (points,) in ascending order; of a category indices of `texts`
    means: Any  # (outputs, points): probabilities, or values in the targets' units
    samples: Any  # the values that samples have, (n,)
    texts: tuple[str, ...]  # of a category
    outputs: tuple[str, ...]  # names; of two classes the second one

    def drawn(self) -> list[int]:
        """Return the outputs that are drawn: those that vary most."""
        import numpy as np

        order = np.argsort(-np.ptp(self.means, axis=1), kind="stable")
        return sorted(order[:OUTPUTS].tolist())


class PartialDependenceDisplay:
    """How the mean prediction for samples changes with the value of one column.

    A curve goes from the 5th to the 95th percentile of the samples, for each of up to five
    outputs: those that vary most. Categories are dots. Below it, in grey, is how many samples
    have which value: read nothing where there are none.

    Parameters
    ----------
    dependence : Dependence
        As `from_estimator` computes it.

    Attributes
    ----------
    dependence : Dependence
        Its fields are ``name``, ``values``, ``means`` (outputs, points), ``samples``, ``texts``
        of a category, and ``outputs``, their names.
    ax_, figure_ : matplotlib.axes.Axes, matplotlib.figure.Figure
    lines_, bars_ : list of matplotlib.lines.Line2D, matplotlib.container.BarContainer
        A line for each output that is drawn, and the numbers of samples.

    See Also
    --------
    ImportanceDisplay : Which columns matter most.
    sklearn.inspection.PartialDependenceDisplay : Several columns, pairs, and single samples.

    Examples
    --------
    >>> import xl2
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = xl2.MLPClassifier(max_iter=200, learning_rate_init=0.01, random_state=0).fit(X, y)
    >>> display = xl2.figures.PartialDependenceDisplay.from_estimator(model, X, 2)
    >>> len(display.lines_)
    3
    """

    def __init__(self, dependence: Dependence):
        self.dependence = dependence

    @classmethod
    def from_estimator(
        cls, model: Any, X: Any, column: int | str, *, ax: Any = None
    ) -> PartialDependenceDisplay:
        """Compute and draw the partial dependence of a model on one column.

        `sklearn.inspection.partial_dependence` gives all samples the same value in that column,
        and averages what is predicted for them. For columns that depend on one another this makes
        samples that do not exist.

        Parameters
        ----------
        model : Model, Network, Ensemble or estimator of xl2
            Of a path ``path.best_model_``.
        X : array_like or DataFrame, shape (n, columns)
            Samples as the model takes them, such as those held out. 1000 of more are drawn.
        column : int or str
            Its index, or its name.
        ax : matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        PartialDependenceDisplay
        """
        return cls(partial_dependence(model, X, column)).plot(ax)

    def plot(self, ax: Any = None, *, name: str | None = None) -> PartialDependenceDisplay:
        """Draw the partial dependence.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            By default of a new figure.
        name : str, optional
            Of the column, instead of its own.

        Returns
        -------
        PartialDependenceDisplay
        """
        found, ax = self.dependence, one_axes(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_ = _draw_outputs(ax, found)
        leave_room(ax, *ax.get_ylim())
        self.bars_ = _draw_samples(ax, found)
        ax.set_xlabel(shorten(found.name if name is None else name, 40), parse_math=False)
        if len(self.lines_) > 1:
            ax.set_ylabel("mean of the outputs" if _are_values(found) else "mean probability")
            add_legend(ax)
        else:
            ax.set_ylabel(f"mean {found.outputs[0]}", parse_math=False)
        return self


def partial_dependence(model: Any, X: Any, column: int | str) -> Dependence:
    """Return the partial dependence of a model on one column; see `PartialDependenceDisplay`."""
    import numpy as np
    from sklearn import inspection

    model = as_trained(model)
    x, names = _samples(model, X)
    k = _index(column, names, x.shape[1])
    texts, present, samples = _values(model, x, k)
    if len(np.unique(samples)) < 2 or (
        not texts and np.isclose(samples.min(), samples.max()) and len(np.unique(samples)) > POINTS
    ):
        raise InputError(f"Column {column!r} has the same value in all samples, or nearly.")
    rows = np.flatnonzero(present)
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False))
    averaged = x.iloc[rows] if hasattr(x, "iloc") else x[rows]
    if not texts and hasattr(x, "iloc"):  # no whole numbers, which scikit-learn refuses
        averaged = averaged.astype({averaged.columns[k]: "float64"})
    low, high = 0.05, 0.95
    if not texts and np.isclose(*np.quantile(samples.astype("float64"), [low, high])):
        low, high = 0.0, 1.0
    found = inspection.partial_dependence(
        _regressor(model),
        averaged,
        [k],
        categorical_features=[k] if texts else None,
        percentiles=(low, high),
        grid_resolution=POINTS,
        kind="average",
    )
    values = found["grid_values"][0]
    if texts and hasattr(x, "iloc"):
        values = np.array([texts.index(str(value)) for value in values])
        samples = np.array([texts.index(str(value)) for value in samples])
    name = names[k] if names else f"column {k + 1}"
    return Dependence(name, values, found["average"], samples, texts, _outputs(model))


def _draw_outputs(ax: Any, found: Dependence) -> list[Any]:
    dots, lines = bool(found.texts) or len(found.values) <= 10, list[Any]()
    for k, line in zip(found.drawn(), LINES, strict=False):
        look: dict[str, Any] = {"color": MEMBERS[k % len(MEMBERS)], "linestyle": line}
        if dots:
            look |= {"marker": "osD^v"[LINES.index(line)], "markersize": 6}
        if found.texts:  # there is nothing between two categories
            look["linestyle"] = "none"
        look |= {"label": shorten(found.outputs[k], LONGEST), "gid": f"output-{k}"}
        lines += ax.plot(found.values, found.means[k], **look)
    return lines


def leave_room(ax: Any, low: float, high: float) -> None:
    """Let the y axis go from `low` to `high`, with room for the samples below, without ticks."""
    from matplotlib.ticker import AutoLocator

    ax.set_ylim(low, high)
    ax.yaxis.set_major_locator(AutoLocator())
    ticks = [tick for tick in ax.get_yticks().tolist() if low <= tick <= high]
    ax.set_yticks(ticks)
    ax.set_ylim(low - TALLEST * (high - low) / (1.0 - TALLEST), high)


def _draw_samples(ax: Any, found: Dependence) -> Any:
    """Draw how many samples have which value, at the bottom, and return the bars."""
    import numpy as np

    grey = {"color": LIGHT, "zorder": 0.5, "transform": ax.get_xaxis_transform()}
    if found.texts:
        at = np.arange(len(found.texts))
        counts = np.bincount(found.samples.astype(int), minlength=len(at))
        bars = ax.bar(at, 0.9 * TALLEST * counts / counts.max(), width=0.6, **grey)
        texts = [shorten(text, LONGEST) for text in found.texts]
        turned = {"rotation": 90} if sum(map(len, texts)) > 30 else {}
        ax.set_xticks(at, texts, parse_math=False, fontsize="small", **turned)
        return bars
    counts, edges = np.histogram(found.samples.astype("float64"), BINS)
    heights = 0.9 * TALLEST * counts / counts.max()
    bars = ax.bar(edges[:-1], heights, width=np.diff(edges), align="edge", **grey)
    ax.plot(found.samples, [0.0] * len(found.samples), "|", **{**grey, "color": ink(ax)}, alpha=0.3)
    return bars


def _samples(model: Trained, X: Any) -> tuple[Any, Sequence[str]]:
    """Return samples as numbers and codes, or for a transformer as they are, and their names."""
    import numpy as np

    first: Any = getattr(model, "models", [model])[0]  # the columns of all are the same
    names, x = model.features or (names_of(X) if is_frame(X) else ()), first.raw(X)
    if first.preprocessing is None or isinstance(first.preprocessing, Preprocessing):
        return np.array(x, dtype="float64"), names
    if is_frame(x) and not hasattr(x, "iloc"):
        raise InputError(
            "The transformer of this model takes frames of polars, and scikit-learn's partial "
            "dependence does not. Pass a frame of pandas, if the transformer takes it."
        )
    if hasattr(x, "iloc"):
        return x, names_of(x)
    x = np.asarray(x)
    return x.astype("float64") if x.dtype.kind in "biu" else x, ()


def _index(column: int | str, names: Sequence[str], count: int) -> int:
    if isinstance(column, str):
        if column in names:
            return list(names).index(column)
        raise InputError(
            f"There is no column {column!r}. The columns are {listed(names) or 'without names'}."
        )
    if not 0 <= column < count:
        raise InputError(f"column must be an index from 0 to {count - 1}. Received: {column!r}.")
    return int(column)


def _values(model: Trained, x: Any, k: int) -> tuple[tuple[str, ...], Any, Any]:
    """Return the texts of a category, which samples have a value in the column, and these."""
    import numpy as np

    learnt = getattr(model, "preprocessing", None)
    if hasattr(x, "iloc"):
        cells = x.iloc[:, k]
        present = cells.notna().to_numpy()
        values = cells.to_numpy()[present]
        if cells.dtype.kind in "buif":
            return (), present, values
        return tuple(sorted({str(value) for value in values})), present, values
    if isinstance(learnt, Preprocessing) and learnt.columns[k].kind == "category":
        present = x[:, k] >= 0.0  # neither missing nor unknown
        return learnt.columns[k].categories, present, x[present, k]
    present = ~np.isnan(x[:, k].astype("float64"))
    return (), present, x[present, k]


def _outputs(model: Trained) -> tuple[str, ...]:
    count = model.outputs
    if model.task == "regression":
        return ("prediction",) if count == 1 else tuple(f"output {k + 1}" for k in range(count))
    if model.task == "binary":
        return (f"probability of {list(model.known_classes)[1]}",)
    if model.task == "multilabel":
        return tuple(f"label {k + 1}" for k in range(count))
    return tuple(map(str, model.known_classes))


def _are_values(found: Dependence) -> bool:
    return found.outputs[0] == "output 1"


def _regressor(model: Trained) -> Any:
    """Return a fitted regressor of a model's outputs: one method for probabilities and values."""
    from sklearn.base import BaseEstimator, RegressorMixin

    class Outputs(RegressorMixin, BaseEstimator):  # type: ignore[misc]
        def fit(self, X: Any, y: Any) -> Any:
            return self

        def predict(self, X: Any) -> Any:
            return model.forward(X)

        def __sklearn_is_fitted__(self) -> bool:
            return True

    return Outputs()
