"""The trees of scikit-learn and XGBoost on the data that a benchmark hands over, one core. Reads a JSON request from standard input, writes one JSON line a learner.

A data file is float64, column after column, the target last."""
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import json
import sys
import time
import warnings

import numpy as np
import sklearn
from sklearn import ensemble

warnings.filterwarnings("ignore")
try:
    import xgboost
except ImportError:
    xgboost = None


def read(path, columns):
    values = np.fromfile(path).reshape(columns + 1, -1)
    return np.ascontiguousarray(values[:columns].T), values[columns]


def learner(name, asked):
    trees, tried, classify, seed = asked["trees"], asked["columnsPerSplit"], asked["classify"], asked["seed"]
    if name == "forest":
        kind = ensemble.RandomForestClassifier if classify else ensemble.RandomForestRegressor
        return kind(trees, max_features=tried, n_jobs=1, random_state=seed)
    if name == "boosting":
        kind = ensemble.HistGradientBoostingClassifier if classify else ensemble.HistGradientBoostingRegressor
        return kind(max_iter=100, learning_rate=0.1, max_leaf_nodes=31, early_stopping=False, random_state=seed)
    same = {} if name == "xgboost, depth 6, rate 0.3" else dict(grow_policy="lossguide", max_leaves=31, max_depth=0, learning_rate=0.1)
    return xgboost.XGBRegressor(n_estimators=100, tree_method="hist", n_jobs=1, random_state=seed, **same)


def score(model, X, y, classify):
    predicted = model.predict(X)
    if classify:
        return float(np.mean(predicted == y))
    return float(1 - np.sum((y - predicted) ** 2) / np.sum((y - y.mean()) ** 2))


def main():
    asked = json.load(sys.stdin)
    X, y = read(asked["train"], asked["columns"])
    Xt, yt = read(asked["test"], asked["columns"])
    many = np.random.default_rng(3).random((asked["rowsToPredict"], asked["columns"])) if asked["rowsToPredict"] else None
    for name in asked["learners"]:
        if name.startswith("xgboost") and xgboost is None:
            print(json.dumps({"learner": name, "missing": True}), flush=True)
            continue
        model = learner(name, asked)
        start = time.process_time()
        model.fit(X, y)
        fit = time.process_time() - start
        start = time.process_time()
        if many is not None:
            model.predict(many)
        predict = time.process_time() - start
        row = {"learner": name, "fitSeconds": fit, "predictSeconds": predict, "score": score(model, Xt, yt, asked["classify"])}
        print(json.dumps({**row, "sklearn": sklearn.__version__}), flush=True)


main()
