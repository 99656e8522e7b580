"""Who leaves? A table of customers with numbers, words and gaps, from the CSV file to a network and its score.

python examples/churn.py
"""

import csv
import tempfile
from pathlib import Path

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from glassgrad.sklearn import NetworkClassifier

NUMBERS, WORDS = ("months", "monthly", "calls"), ("contract", "payment")


def write_table(path, rows=3000):
    """Customers who leave for reasons: a short contract and a high price together, few months, many calls."""
    random = np.random.default_rng(0)
    months, monthly = random.integers(1, 72, rows), random.uniform(20, 120, rows).round(2)
    calls = random.poisson(1.5, rows)
    contract = random.choice(["month", "year", "two years"], rows, p=[0.5, 0.3, 0.2])
    payment = random.choice(["card", "transfer", "cheque"], rows)
    dear = np.where(contract == "month", (monthly - 70) / 15, -1.5)
    unhappy = 2.5 * np.tanh(dear) + 0.5 * (calls - 1.5) - (months - 30) / 20 + 0.4 * (payment == "cheque")
    left = random.uniform(size=rows) < 1 / (1 + np.exp(-unhappy))
    known = random.uniform(size=rows) > 0.05  # a price that nobody wrote down
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*NUMBERS, *WORDS, "left"])
        prices = np.where(known, monthly.astype(str), "")
        table.writerows(zip(months, prices, calls, contract, payment, np.where(left, "yes", "no"), strict=True))


def read_table(path):
    """The columns that describe the customers, numbers first, and who left."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = [[float(row[name] or "nan") for name in NUMBERS] for row in rows]
    words = [[row[name] for name in WORDS] for row in rows]
    return np.hstack([np.array(numbers, object), np.array(words, object)]), np.array([row["left"] for row in rows])


def prepared(model):
    """The model behind the preparation of the columns; what that learns, it learns of the training part only."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    words = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(ColumnTransformer([("numbers", numbers, [0, 1, 2]), ("words", words, [3, 4])]), model)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.csv"
        write_table(path)
        table, left = read_table(path)
    print(f"{len(table)} customers, {np.mean(left == 'yes'):.1%} left; the first: {table[0]}")
    parts = train_test_split(table, left, test_size=0.25, random_state=0, stratify=left)
    inputs, test_inputs, targets, test_targets = parts

    network = NetworkClassifier((32, 16), learning_rate=3e-3, weight_decay=1e-3, early_stopping=True, random_state=0)
    models = {"always the same": DummyClassifier(), "logistic regression": LogisticRegression(), "network": network}
    losses = {}
    for name, model in models.items():
        chances = prepared(model).fit(inputs, targets).predict_proba(test_inputs)
        losses[name] = log_loss(test_targets, chances)
        area = roc_auc_score(test_targets == "yes", chances[:, 1])
        print(f"{name:20} log-loss {losses[name]:.3f}   area under the ROC curve {area:.3f}")
    print(f"the network took {network.n_iter_} passes over the table")
    assert losses["network"] < losses["logistic regression"] < losses["always the same"]


if __name__ == "__main__":
    main()
