"""The tests that need a GPU, with a CuPy made up on the host: they must run once there is one."""

import importlib.util
from pathlib import Path

import pytest
from cupy_on_host import replace_cupy

pytestmark = pytest.mark.host

_file = Path(__file__).with_name("test_cupy_device.py")
_spec = importlib.util.spec_from_file_location("tests_on_a_device", _file)
_tests = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_tests)
globals().update({name: test for name, test in vars(_tests).items() if name.startswith("test_")})
both, two = _tests.both, _tests.two


@pytest.fixture(scope="module", autouse=True)
def cupy():
    with pytest.MonkeyPatch.context() as patch:
        yield replace_cupy(patch, devices=2).module
