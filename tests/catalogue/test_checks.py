from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mailkit.catalogue.checks import check_tuple, first_doubled, is_number
from airflow_provider_mailkit.catalogue.function import Place


def test_the_first_name_that_comes_again() -> None:
    assert first_doubled(["a", "b", "c", "b", "a"]) == "b"
    assert first_doubled(["a", "b"]) is None


@pytest.mark.parametrize("wrong", ["ab", ["a"], ("a", 1), Place(("a",)), None, ("a" for _ in range(2))])
def test_anything_but_a_tuple_of_the_right_values_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"usual must be a tuple of str: .* as in \(x,\)"):
        check_tuple("usual", wrong, str)


def test_a_tuple_may_have_values_of_several_types_or_none() -> None:
    check_tuple("usual", (), str)
    check_tuple("usual", ("a", 1, "b"), str, int)
    with pytest.raises(ValueError, match="a tuple of str or int"):
        check_tuple("usual", (None,), str, int)


def test_a_boolean_and_a_text_are_not_numbers() -> None:
    assert [is_number(value) for value in (0, -3, True, "7", 1.0, None)] == [True, True, *[False] * 4]
