"""Settings that hold for every test."""

import os
import shutil

import pytest
from hypothesis import settings

from derive.check.files import RAISES

# The same examples in every run, however busy the machine is.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

# A mistake in the library is no formula that cannot be read: in the tests it is raised.
os.environ[RAISES] = "1"

HAS_LATEX = shutil.which("latexmk") is not None and shutil.which("pdflatex") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `latex` are skipped where no TeX is installed."""
    if HAS_LATEX:
        return
    for item in items:
        if item.get_closest_marker("latex"):
            item.add_marker(pytest.mark.skip(reason="no latexmk and pdflatex here"))
