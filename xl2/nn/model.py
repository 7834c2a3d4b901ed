"""`Model`: a trained network with its scalings, class labels and feature names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..array.numbers import numbers, unmasked
from ..array.rows import ConvertedRows, is_stored
from ..array.sparse import is_sparse
from ..array.switch import to_numpy
from ..errors import InputError
from .columns import Table
from .dask_samples import as_rows, coded_rows, is_dask_frame, rows_of_frame
from .frames import codes_of, is_frame, numbers_of, select
from .inputs import other_shape
from .network import Network
from .preprocessing import Preprocessing
from .scaling import Scaling
from .temperature import check_temperature, divided, takes_roots
from .trained import Trained
from .transformers import transformed


@dataclass(frozen=True, repr=False)
class Model(Trained):
    """A trained network with all that is needed to use it on new samples, as in a model file.

    Attributes
    ----------
    network : Network
        A single network.
    input_scaling, output_scaling : Scaling or None
        The standardisation of the network's inputs, and of a regression's targets.
    classes : tuple or None
        The label of each class number, text or numbers.
    features : tuple of str
        Names of the columns of the samples; empty if the data had none.
    trained_rows : numpy.ndarray or None
        A digest of the features of each training sample, (n,) of uint64, sorted: `xl2 diagnose`
        and `xl2 predict` tell by it which samples are unseen. The command line records it.
    tried : dict or None
        What the path that trained it tried, as plain values: `xl2.diagnose` rests its advice on
        it. The model of a path's best lambda has it.
    preprocessing : Preprocessing, transformer or None
        What makes inputs of the columns, before they are standardised: the columns of a table
        with missing values and categories, or a fitted transformer of scikit-learn.
    table : Table or None
        What the other columns of the table were that it was trained on.
    temperature : float, default 1
        What the logits of a classifier are divided by; see docs/calibration.md. It changes
        probabilities, not labels. A path finds it (``calibrate=True``).
    """

    network: Network
    input_scaling: Scaling | None = None
    output_scaling: Scaling | None = None
    classes: tuple[Any, ...] | None = None
    features: tuple[str, ...] = ()
    trained_rows: Any = None
    tried: Mapping[str, Any] | None = None
    preprocessing: Any = None
    table: Table | None = None
    temperature: float = 1.0

    def __post_init__(self) -> None:
        check_temperature(self.temperature, self.network.task)

    @classmethod
    def of(cls, model: Any) -> Model:
        """Return a network or a fitted estimator of xl2 as a model, and a model itself."""
        if isinstance(model, cls):
            return model
        if isinstance(model, Trained):
            raise InputError(
                "An ensemble has several networks, and this needs one. Pass one of its models: "
                "ensemble.models[k]."
            )
        if isinstance(model, Network):
            return cls(model)
        if hasattr(model, "to_model"):
            return cls.of(model.to_model())
        raise InputError(
            f"model must be a Network, a Model or a fitted estimator of xl2; of a path pass "
            f"path.best_model_, of a pipeline pipeline[-1]. Received: {type(model).__name__}."
        )

    @property
    def task(self) -> str:
        """What the outputs mean, a task of `xl2.nn.tasks`."""
        return self.network.task

    @property
    def is_calibrated(self) -> bool:
        """Whether a temperature has changed the probabilities."""
        return self.temperature != 1.0

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        return self.network.sizes[-1]

    @property
    def width(self) -> int:
        """The number of columns of samples; of a transformer's, of its outputs."""
        if isinstance(self.preprocessing, Preprocessing):
            return len(self.preprocessing.columns)
        return self.network.sizes[0]

    def prepare(self, X: Any) -> Any:
        """Return samples as the network expects them, (n, inputs), standardised.

        Parameters
        ----------
        X : array_like or DataFrame, shape (n, columns)
            A frame of pandas or polars needs the columns of `features`, in any order; others are
            ignored. Arrays have the columns of training, those of a model with a `Preprocessing`
            coded as its columns are. Arrays on disk and in Dask are converted when read.
        """
        x = self.raw(X)
        if is_stored(x):
            if self.preprocessing is not None:
                return PreparedRows(self, x)
            return x if self.input_scaling is None else self.input_scaling.lazily(x)
        width, dtype = self.network.sizes[0], self.network.dtype
        if isinstance(self.preprocessing, Preprocessing):
            x = self.preprocessing.apply(x)
        elif self.preprocessing is not None:
            x = transformed(self.preprocessing, x, width)
        if self.input_scaling is None:
            return x
        return self.input_scaling.apply(numbers(x, "float64", "X"), dtype)

    def raw(self, X: Any) -> Any:
        """Return samples before anything is done to their columns, (n, columns).

        Those of a frame are read and coded by name. Only what a transformer gets stays a frame.
        """
        own = isinstance(self.preprocessing, Preprocessing)
        if self.preprocessing is not None and not own:
            if is_dask_frame(X):
                raise InputError(
                    "X is a data frame of Dask, but the transformer of this model takes frames in "
                    "memory. Pass X.compute(), or one partition after another."
                )
            return select(X, self.features) if is_frame(X) and self.features else as_rows(X)
        expected = self.width
        if is_frame(X):
            if own:
                return codes_of(X, self.preprocessing.columns)
            return numbers_of(X, self.features, expected)
        if is_dask_frame(X):
            if own:
                return coded_rows(X, self.preprocessing.columns)
            X = rows_of_frame(X, self.features)
        X = as_rows(X)
        x = X.toarray() if is_sparse(X) else X
        x = x if is_stored(x) else to_numpy(unmasked(x, "X"))
        if x.ndim != 2 or x.shape[1] != expected:
            raise other_shape("X", x.shape, expected, "model")
        return x

    def coded(self, X: Any) -> Any:
        """Return samples as numbers, of which equal ones are equal samples."""
        x, own = self.raw(X), isinstance(self.preprocessing, Preprocessing)
        if self.preprocessing is None or own:
            return x
        return transformed(self.preprocessing, x, self.network.sizes[0])

    def to_torch(self) -> Any:
        """Return `Network.to_torch`, a module for samples as `prepare` returns them.

        The last layer is divided by the temperature.
        """
        return divided(self.network, self.temperature).to_torch()

    def forward(self, X: Any) -> Any:
        """Return the outputs for samples.

        Parameters
        ----------
        X : array_like or DataFrame, shape (n, columns)
            The samples, in their original units; see `prepare`.

        Returns
        -------
        numpy.ndarray, shape (n, outputs)
            Probabilities, at the model's temperature, or values in the targets' units.
        """
        return self.outputs_of(self.prepare(X))

    def outputs_of(self, inputs: Any) -> Any:
        """Return the outputs for samples that `prepare` returned, as `forward` does."""
        if self.temperature == 1.0:
            return self._outputs(self.network, inputs)
        if takes_roots(self.network):
            return self._outputs(self.network, inputs) ** (1.0 / self.temperature)
        return self._outputs(divided(self.network, self.temperature), inputs)

    def _outputs(self, network: Network, inputs: Any) -> Any:
        outputs = network.backend.to_numpy(network.forward(inputs))
        return outputs if self.output_scaling is None else self.output_scaling.undo(outputs)

    def _deciding(self, X: Any) -> Any:
        # The temperature does not change labels.
        return self._outputs(self.network, self.prepare(X))


class PreparedRows(ConvertedRows):
    """Samples on disk or in Dask, (n, columns), that are prepared when read."""

    def __init__(self, model: Model, source: Any):
        super().__init__(source, model.network.sizes[0], "float64")
        self._model = model

    def _converted(self, part: Any) -> Any:
        return self._model.prepare(part).astype("float64")
