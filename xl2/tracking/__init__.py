"""Logging runs and paths to MLflow and TensorBoard."""

from .event_files import TensorBoard
from .mlflow_store import MLflow

__all__ = ["MLflow", "TensorBoard"]
