"""Clusters of Dask in the process of the tests."""

import contextlib

import pytest


@contextlib.contextmanager
def client_of(workers, threads=1, **options):
    """Return the client of workers that are threads of this process."""
    distributed = pytest.importorskip("distributed", reason='no Dask: pip install "xl2[dask]"')
    with (
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=threads,
            processes=False,
            dashboard_address=":0",  # else a port that may be in use
        ) as cluster,
        distributed.Client(cluster, **options) as client,
    ):
        yield client
