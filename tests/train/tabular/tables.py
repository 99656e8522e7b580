"""A table of customers with everything that real tables have, for the tests and for `benchmarks/tabular.py`."""

from typing import Any

import numpy as np
import polars as pl


def customers(rows: int = 600, seed: int = 0) -> pl.DataFrame:
    """20 columns of words, numbers, dates, gaps and rare levels; 27 of 100 customers leave.

    Columns are made as people write them: amounts with a currency, gaps as nothing, flags as yes and no.
    """
    draw = np.random.default_rng(seed)
    tenure = np.minimum(draw.exponential(28, rows), 72).round()
    contract = draw.choice(["monthly", "one year", "two years"], rows, p=[0.55, 0.24, 0.21])
    monthly = np.clip(draw.gamma(6, 11, rows), 18, 160).round(2)
    total = (tenure * monthly * draw.lognormal(0, 0.08, rows)).round(2)
    internet = draw.choice(["fibre", "DSL", "no"], rows, p=[0.44, 0.34, 0.22])
    payment = draw.choice(["check", "mail", "bank", "card"], rows, p=[0.34, 0.23, 0.22, 0.21])
    weights = 1 / np.arange(1, 61) ** 1.1
    city = draw.choice([f"city {place}" for place in range(60)], rows, p=weights / weights.sum())
    calls, income = draw.poisson(1.3, rows), draw.lognormal(10.4, 0.6, rows)
    age = np.clip(draw.normal(46, 16, rows), 18, 95).round()
    partner, paperless = draw.choice(["yes", "no"], rows), draw.choice(["Yes", "No"], rows, p=[0.6, 0.4])
    usage = draw.lognormal(3, 1, rows).round(1)
    device = draw.choice(["A", "B", "C", "D", "E"], rows, p=[0.5, 0.3, 0.15, 0.045, 0.005])
    score = np.clip(draw.normal(7, 2, rows), 0, 10).round()
    days = (tenure * 30.4).astype(int) + draw.integers(0, 30, rows)
    since = np.datetime64("2024-06-01") - days.astype("timedelta64[D]")
    lean = (
        -0.045 * tenure + 1.3 * (contract == "monthly") - 0.9 * (contract == "two years") + 0.018 * (monthly - 66)
        + 0.7 * (internet == "fibre") - 0.5 * (internet == "no") + 0.55 * (payment == "check") + 0.38 * calls
        + 0.25 * (paperless == "Yes") - 0.3 * (partner == "yes") - 0.28 * (score - 7)
        + 0.5 * ((calls >= 3) & (score < 6)) - 0.25 * np.log(usage / 20) * (internet == "fibre")
        + 0.35 * np.isin(city, ["city 3", "city 7"])
    )  # fmt: skip
    chance = 1.25 * lean + draw.logistic(0, 1, rows)
    leaves = np.where(chance > np.quantile(chance, 0.73), "Yes", "No")

    def gaps(values: Any, share: float) -> list[str | None]:
        return [None if gap else str(value) for value, gap in zip(values, draw.random(rows) < share, strict=True)]

    return pl.DataFrame(
        {
            "customerID": [f"{place:05d}-{draw.integers(1000, 9999)}" for place in range(rows)],
            "tenure": tenure.astype(int), "contract": contract, "monthly": monthly, "total": gaps(total, 0.02),
            "internet": internet, "payment": payment, "city": city, "calls": calls,
            "income": gaps([f"${value:,.0f}" for value in income], 0.12), "age": gaps(age, 0.05),
            "partner": partner, "paperless": paperless, "senior": (age > 65).astype(int),
            "usage_gb": gaps(usage, 0.2), "device": device, "satisfaction": gaps(score, 0.3),
            "since": since.astype(str), "promotion": draw.random(rows) < 0.3, "currency": ["EUR"] * rows,
            "leaves": leaves,
        },
        strict=False,
    )  # fmt: skip
