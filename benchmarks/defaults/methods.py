"""The methods that are compared, by name: xl2's, and peers with the settings of their authors."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xl2.errors import InputError, unknown


@dataclass(frozen=True)
class Fitted:
    """What was trained: labels or values of samples, and probabilities if it has them."""

    predict: Callable[[Any], Any]
    chances: Callable[[Any], Any] | None = None  # (n, classes)
    classes: Any = None  # the label of each column

    @classmethod
    def of_sklearn(cls, model: Any, frames: Callable[[Any], Any] = lambda X: X) -> Fitted:
        """Return an estimator with the interface of scikit-learn, which takes other frames."""

        def predict(X: Any) -> Any:
            return np.asarray(model.predict(frames(X))).ravel()

        def chances(X: Any) -> Any:
            return model.predict_proba(frames(X))

        if not hasattr(model, "predict_proba"):
            return cls(predict)
        return cls(predict, chances, np.asarray(model.classes_))

    @classmethod
    def of_xl2(cls, model: Any) -> Fitted:
        """Return a model or an ensemble of xl2."""
        if model.task == "regression":
            return cls(lambda X: np.ravel(model.predict(X)))

        def chances(X: Any) -> Any:
            outputs = model.forward(X).astype(np.float64)
            return np.hstack([1.0 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

        return cls(model.predict, chances, np.asarray(model.known_classes))


# Of samples, targets, whether these are values, and the number of threads.
Fit = Callable[[Any, Any, bool, int], Sequence[Fitted]]


@dataclass(frozen=True)
class Training:
    """One training, and the methods that come of it, in the order of what it returns."""

    names: tuple[str, ...]
    fit: Fit
    package: str = ""  # beside those of xl2

    @property
    def missing(self) -> bool:
        """Whether its package is not installed."""
        return bool(self.package) and importlib.util.find_spec(self.package) is None


def path_of(X: Any, y: Any, regression: bool, **arguments: Any) -> Any:
    """Return a path; the task is given, because few different values may be taken for labels."""
    from xl2 import regularization_path

    task = "regression" if regression else "classification"
    return regularization_path(X, y, task=task, progress=False, **arguments)


def _default(X: Any, y: Any, regression: bool, threads: int) -> Sequence[Fitted]:
    path = path_of(X, y, regression)
    return Fitted.of_xl2(path.best_model_), Fitted.of_xl2(path.ensemble_)


def _best(X: Any, y: Any, regression: bool, threads: int) -> Sequence[Fitted]:
    return (Fitted.of_xl2(path_of(X, y, regression, preset="best", refit="best").ensemble_),)


def _plain(X: Any, y: Any, regression: bool, threads: int) -> Sequence[Fitted]:
    path = path_of(X, y, regression, preset="plain", standardize=True)
    return (Fitted.of_xl2(path.best_model_),)


def _peer(name: str, make: Callable[[bool, int], Any], package: str = "") -> Training:
    """Return an estimator that is made for a regression or classes, and some threads."""

    def fit(X: Any, y: Any, regression: bool, threads: int) -> Sequence[Fitted]:
        return (Fitted.of_sklearn(make(regression, threads).fit(X, y)),)

    return Training((name,), fit, package)


def _network(regression: bool, threads: int) -> Any:
    """Return scikit-learn's network behind what makes standardised numbers of a frame."""
    from sklearn.compose import (
        TransformedTargetRegressor,
        make_column_selector,
        make_column_transformer,
    )
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            make_column_selector(dtype_include="category"),
        ),
    )
    if not regression:
        return make_pipeline(columns, MLPClassifier(random_state=0))
    values = TransformedTargetRegressor(MLPRegressor(random_state=0), transformer=StandardScaler())
    return make_pipeline(columns, values)


def _grid(X: Any, y: Any, regression: bool, threads: int) -> Sequence[Fitted]:
    """Search alpha with as many processes as threads, and a single thread in each."""
    from joblib import parallel_config
    from sklearn.model_selection import GridSearchCV

    own = "transformedtargetregressor__regressor" if regression else "mlpclassifier"
    alphas = {f"{own}__alpha": np.logspace(-5, 1, 7).tolist()}
    search = GridSearchCV(_network(regression, 1), alphas, cv=5)
    with parallel_config("loky", n_jobs=threads, inner_max_num_threads=1):
        search.fit(X, y)
    return (Fitted.of_sklearn(search),)


def _histograms(regression: bool, threads: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    return kind(categorical_features="from_dtype", random_state=0)


def _lightgbm(regression: bool, threads: int) -> Any:
    import lightgbm

    kind = lightgbm.LGBMRegressor if regression else lightgbm.LGBMClassifier
    return kind(verbose=-1, n_jobs=threads)


def _catboost(X: Any, y: Any, regression: bool, threads: int) -> Sequence[Fitted]:
    """Fit CatBoost, which takes categories as texts and is told their columns."""
    import catboost

    columns = [name for name in X if X[name].dtype == "category"]

    def texts(X: Any) -> Any:
        return X.astype(dict.fromkeys(columns, str))

    kind = catboost.CatBoostRegressor if regression else catboost.CatBoostClassifier
    model = kind(verbose=0, thread_count=threads, allow_writing_files=False, random_seed=0)
    return (Fitted.of_sklearn(model.fit(texts(X), y, cat_features=columns), texts),)


def _pytabkit(name: str, **settings: Any) -> Callable[[bool, int], Any]:
    """Return what makes a network of pytabkit."""

    def make(regression: bool, threads: int) -> Any:
        import pytabkit

        logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
        kind = getattr(pytabkit, f"{name}_{'Regressor' if regression else 'Classifier'}")
        return kind(device="cpu", random_state=0, n_threads=threads, **settings)

    return make


TRAININGS = (
    Training(("xl2", "xl2 ensemble"), _default),
    Training(("xl2 best ensemble",), _best),
    Training(("xl2 plain",), _plain),
    _peer("scikit-learn MLP", _network),
    Training(("scikit-learn MLP grid",), _grid),
    _peer("HistGradientBoosting", _histograms),
    _peer("LightGBM", _lightgbm, "lightgbm"),
    Training(("CatBoost",), _catboost, "catboost"),
    _peer("RealMLP", _pytabkit("RealMLP_TD"), "pytabkit"),
    _peer("RealMLP bagged", _pytabkit("RealMLP_TD", n_cv=5), "pytabkit"),
    _peer("TabM", _pytabkit("TabM_D"), "pytabkit"),
)
METHODS: Mapping[str, Training] = {name: one for one in TRAININGS for name in one.names}


def chosen(names: str | None, methods: Mapping[str, Training]) -> list[Training]:
    """Return the trainings of the methods that are named, each once; by default all."""
    wanted = list(methods) if names is None else names.split(",")
    for name in wanted:
        if name not in methods:
            raise InputError(unknown("method", name, methods))
    return list(dict.fromkeys(methods[name] for name in wanted))
