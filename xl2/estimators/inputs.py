"""Check the samples of an estimator, and move them to its backend and results back."""

from __future__ import annotations

from typing import Any

from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import (
    _check_feature_names,
    _check_sample_weight,
    check_array,
    validate_data,
)

from ..array.api import library_of
from ..array.backend import Backend, connect
from ..array.dask_rows import computed, is_dask
from ..array.numbers import unmasked
from ..array.operations import Operations
from ..array.rows import HostRows, StoredRows, in_memory, is_mapped, is_stored
from ..array.sparse import SparseRows, is_sparse
from ..array.switch import resolve_like, to_numpy
from ..errors import InputError, warn_caller
from ..nn.dask_samples import as_rows
from ..nn.frames import is_frame, refuse_text
from ..nn.inputs import check_finite
from ..nn.label_arrays import read_labels


def home_of(X: Any) -> Backend:
    """Return the backend of samples, to which results return; NumPy if `X` is no array."""
    # NumPy's one device has two names, "cpu" and None.
    return connect("numpy") if library_of(X) in (None, "numpy") else resolve_like(X)


def dtype_of(X: Any, home: Backend, wanted: str | None) -> str:
    """Return the dtype to compute in: `wanted`, or float32 for float32, or else float64."""
    if wanted is not None:
        return wanted
    found = home.xp.__array_namespace_info__().dtypes(device=home.device, kind="real floating")
    narrow = getattr(X, "dtype", None) == home.xp.float32
    return "float32" if narrow or "float64" not in found else "float64"


def read(
    estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool, sparse: bool = True
) -> tuple[Any, Any]:
    """Return samples on their own backend and targets on the host, checked.

    The number and names of the estimator's features are set if `reset`, else compared.
    `numeric` targets are numbers; `sparse` samples may be a sparse matrix.
    """
    X, y = unmasked(_local(X), "X"), unmasked(host(y), "y")
    y = y if numeric or y is None else _known_labels(y)
    if is_frame(X):
        refuse_text(X)
    if home_of(X).name == "numpy" and not stays(X):
        return validate_data(  # type: ignore[no-any-return]
            estimator,
            X,
            y,
            accept_sparse=["csr", "csc"] if sparse else False,
            multi_output=True,
            y_numeric=numeric,
            dtype=("float64", "float32"),
            reset=reset,
        )
    if y is None:
        raise InputError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target "
            f"y is None."
        )
    X = _read_stored(estimator, X, reset) if stays(X) else _read_array(estimator, X, reset)
    y = check_array(y, ensure_2d=False, dtype="numeric" if numeric else None, input_name="y")
    if len(y) != X.shape[0]:
        raise InputError(
            f"X has {X.shape[0]} samples but y has {len(y)}. Expected one target for each sample."
        )
    return X, y


def read_samples(estimator: Any, X: Any, method: str) -> Any:
    """Return samples to predict, checked; raise if the fit's samples were on another backend."""
    X = _local(X)
    check_home(estimator, X, method)
    if stays(X):
        return _read_stored(estimator, X, reset=False)
    X = unmasked(X, "X")
    if is_frame(X):
        refuse_text(X)
    if home_of(X).name == "numpy":
        return validate_data(estimator, X, accept_sparse=["csr", "csc"], reset=False)
    return _read_array(estimator, X, reset=False)


def first_weight(coefs: Any) -> Any:
    """Return the first weight of a network, or of the first one of an ensemble."""
    return coefs[0][0] if isinstance(coefs[0], list) else coefs[0]


def check_home(estimator: Any, X: Any, method: str) -> None:
    """Raise if samples are of another library or device than those of the fit."""
    fitted, received = home_of(first_weight(estimator.coefs_)), home_of(X)
    if fitted == received:
        return
    fix = "pass xl2.to_numpy(X)"
    if fitted.name != "numpy":
        # This spelling works in every library: cupy.asarray takes no device, but that of
        # array_api_compat does, and a library may not know the name of its device.
        host_X = {"numpy": "X", None: "numpy.array(X)"}.get(library_of(X), "xl2.to_numpy(X)")
        if is_sparse(X):
            host_X = "X.toarray()"
        several = isinstance(estimator.coefs_[0], list)
        device = f"model.coefs_[0]{'[0]' * several}.device"
        fix = (
            f"move X by {fitted.xp.__name__}.asarray({host_X}, device={device}), "
            f"where model is the estimator, or fit again on samples like these"
        )
    raise InputError(
        f"Inputs passed to {type(estimator).__name__}.{method}() must use the same namespace and "
        f"the same device as those passed to fit(). It was fitted with {fitted}, and X is of "
        f"{received}: {fix}."
    )


def _read_array(estimator: Any, X: Any, reset: bool) -> Any:
    """Check an array of another library than NumPy on its own device, or rows by their shape."""
    if len(X.shape) != 2:
        raise InputError(
            f"Expected 2D array, got {len(X.shape)}D array instead. Reshape it to (samples, "
            f"features)."
        )
    name = type(estimator).__name__
    for count, what in zip(X.shape, ("sample", "feature"), strict=True):
        if count == 0:
            raise InputError(
                f"Found array with 0 {what}(s) (shape={tuple(X.shape)}) while a minimum of 1 is "
                f"required by {name}."
            )
    if reset:
        estimator.n_features_in_ = int(X.shape[1])
        estimator.__dict__.pop("feature_names_in_", None)
    elif X.shape[1] != estimator.n_features_in_:
        raise InputError(
            f"X has {X.shape[1]} features, but {name} is expecting {estimator.n_features_in_} "
            f"features as input."
        )
    if not stays(X) and home_of(X).xp.isdtype(X.dtype, "real floating"):
        check_finite(X, "X")
    return X


def stays(X: Any) -> bool:
    """Tell whether samples stay on disk or in Dask; a memory map is an array to scikit-learn."""
    return is_stored(X) and not is_mapped(X)


def _local(X: Any) -> Any:
    """Return Dask's samples, and those of a file, as an array or frame if they are few."""
    rows = as_rows(X)
    if not stays(rows):
        return X
    few = in_memory(rows, "float64")
    return rows if few is rows else computed(X) if is_dask(X) else few


def _read_stored(estimator: Any, X: Any, reset: bool) -> Any:
    """Check rows on disk or in Dask by their shape and the names of their columns."""
    features = getattr(X, "features", ())
    checked = _read_array(estimator, X, reset)
    if features:
        import pandas as pd

        _check_feature_names(estimator, pd.DataFrame(columns=list(features)), reset=reset)
    return checked


def _known_labels(y: Any) -> Any:
    """Return labels; Python objects of a kind that scikit-learn does not know are converted.

    Labels that are missing or of several kinds are named, where scikit-learn compares them.
    """
    import numpy as np

    try:
        given = np.asarray(y)
    except ValueError:
        return y
    if given.dtype.kind not in "OT" or not given.size or given.ndim not in (1, 2):
        return y
    labels = read_labels(given, "y")
    plain = given.dtype.kind == "O" and all(isinstance(label, str | bytes) for label in given.flat)
    return y if plain else labels.reshape(given.shape)


def one_column(y: Any) -> Any:
    """Return a column (n, 1) of targets as (n,), with the warning that scikit-learn gives."""
    warn_caller(
        "A column-vector y was passed when a 1d array was expected. Please change the shape of y "
        "to (n_samples, ), for example using ravel().",
        DataConversionWarning,
    )
    return y[:, 0]


def read_weights(sample_weight: Any, samples: int) -> Any:
    """Return sample weights on the host, checked, or None."""
    import numpy as np

    if sample_weight is None:
        return None
    stand_in = np.empty((samples, 1))
    return _check_sample_weight(host(sample_weight), stand_in, ensure_non_negative=True)


def host(x: Any) -> Any:
    """Return an array of another library as a NumPy array, what is in Dask computed, or `x`."""
    x = computed(x)
    return x if library_of(x) in (None, "numpy") else to_numpy(x)


def samples_on(X: Any, backend: Backend, dtype: str, *, rows: bool = True) -> Any:
    """Return checked samples on a backend, in a dtype, or as `HostRows`.

    Those are a sparse matrix, what stays on disk or in Dask, and a memory map that would have to be
    copied. `rows` is as for `Backend.asarray`.
    """
    if is_sparse(X):
        return SparseRows(X, backend, dtype)
    if stays(X):
        return StoredRows(X, backend, dtype)
    if is_mapped(X) and not (X.dtype == dtype and X.flags.c_contiguous):
        return StoredRows(X, backend, dtype)
    return array_on(X, backend, dtype, rows=rows)


def array_on(X: Any, backend: Backend, dtype: str, *, rows: bool = True) -> Any:
    """Return an array of any library on a backend, in a dtype, or rows that stay as they are."""
    if stays(X):
        return X
    if library_of(X) not in (None, "numpy", backend.name):
        X = to_numpy(X)
    return backend.asarray(X, dtype, rows=rows)


def move(x: Any, source: Backend, target: Backend) -> Any:
    """Return an array of a backend on another one."""
    if source == target:
        return x
    return target.from_numpy(source.to_numpy(x))


def subset(x: Any, rows: Any, backend: Backend) -> Any:
    """Return the samples at `rows`, indices on the host."""
    if isinstance(x, HostRows):
        return x.subset(rows)
    take = Operations.of(backend.library).take_rows
    with backend.scope():
        return take(x, backend.from_numpy(rows))
