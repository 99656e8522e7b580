"""Long formulas in lines: breaks at the outermost, loosest signs."""

from glassgrad.explain.notation import wrap

_GRADIENT = "∂L/∂W1 = A0ᵀ @ (((A2 - Y) ⊙ A2 ⊙ (1 - A2)) @ W2ᵀ ⊙ A1 ⊙ (1 - A1)) + λ · (W1 + sum(exp(-0.5 t²)))"


def test_a_short_line_stays() -> None:
    assert wrap("a + b", 5) == "a + b"


def test_breaks_before_the_outer_plus() -> None:
    assert wrap(_GRADIENT, 80) == (
        "∂L/∂W1 = A0ᵀ @ (((A2 - Y) ⊙ A2 ⊙ (1 - A2)) @ W2ᵀ ⊙ A1 ⊙ (1 - A1))\n    + λ · (W1 + sum(exp(-0.5 t²)))"
    )


def test_breaks_products_where_there_is_no_sum() -> None:
    assert wrap("p = a · b · c · d · e", 14, indent=2) == "p = a · b · c\n  · d · e"


def test_prefers_a_late_product_to_an_inner_difference() -> None:
    assert wrap("y = (a ⊙ b ⊙ c ⊙ (1 - d))", 23) == "y = (a ⊙ b ⊙ c\n    ⊙ (1 - d))"


def test_cases_break_at_semicolons_not_inside_conditions() -> None:
    assert wrap("{sin(x) if x > 0; cos(x) otherwise}", 20) == "{sin(x) if x > 0;\n    cos(x) otherwise}"


def test_signs_inside_quotes_and_exponents_are_left_alone() -> None:
    assert wrap("einsum('ij, jk -> ik', first_matrix, second_matrix)", 30) == (
        "einsum('ij, jk -> ik',\n    first_matrix,\n    second_matrix)"
    )


def test_a_stretch_without_signs_stays_whole() -> None:
    assert wrap("a_very_long_name(with_an_argument) + b", 12) == "a_very_long_name(with_an_argument)\n    + b"


def test_keeps_the_lines_there_are() -> None:
    assert wrap("a + b\nc + d", 80) == "a + b\nc + d"


def test_a_long_sum_wraps_in_linear_time() -> None:
    lines = wrap(" + ".join(["x"] * 20_000), 80).split("\n")
    assert max(map(len, lines)) <= 80
    assert len(lines) < 1200
