"""What the steps assert is told in full."""

import pytest

pytest.register_assert_rewrite("tests.crash.operations")
