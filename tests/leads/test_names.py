"""Splitting names, carefully."""

from __future__ import annotations

import pytest

from tracker.leads.names import split_name


@pytest.mark.parametrize(
    ("full", "first", "last"),
    [
        ("Ann Lee", "Ann", "Lee"),
        ("  Ann   Lee ", "Ann", "Lee"),
        ("Lee, Ann", "Ann", "Lee"),
        ("Dr. Ann Lee", "Ann", "Lee"),
        ("Ann Mary Lee", "Ann Mary", "Lee"),
        ("Juan de la Vega", "Juan", "de la Vega"),
        ("Anne-Marie van der Berg", "Anne-Marie", "van der Berg"),
        ("Prof. Dr. Anne-Marie van der Berg", "Anne-Marie", "van der Berg"),
        ("Cher", "Cher", ""),
        ("Müller", "Müller", ""),
        ("Mr Smith", "", "Smith"),
        ("山田太郎", "", ""),
        ("김 민수", "", ""),
        ("", "", ""),
        ("   ", "", ""),
    ],
)
def test_a_name_is_split_where_that_is_sure(full: str, first: str, last: str) -> None:
    assert split_name(full) == (first, last)
