"""Makes learners.json: what scikit-learn and SciPy answer on two small sets. Run: python3 learners.py > learners.json && biome format --write learners.json

Columns are standardised before each fit (StandardScaler), as halftone does; the target of the penalised regressions too.
"""
import json
import numpy as np
import scipy, sklearn
from scipy.optimize import nnls
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(7)
n, q, p = 60, 8, 4
cut = lambda a: np.round(a, 5)
X = cut(rng.normal(size=(n, p)) * [1, 10, 0.1, 3] + [0, 50, 1, -4])
X[:, 3] = cut(0.7 * X[:, 0] + 0.3 * X[:, 3])
y = cut(3 * X[:, 0] - 0.2 * X[:, 1] + 5 * X[:, 2] ** 2 + rng.normal(size=n))
w = cut(rng.uniform(0.2, 3, size=n))
c = np.where(X[:, 0] + 0.08 * X[:, 1] + rng.normal(size=n) > 5, 2, np.where(X[:, 3] + rng.normal(size=n) > -1.2, 1, 0))
Q = cut(rng.normal(size=(q, p)) * [1, 10, 0.1, 2] + [0, 50, 1, -1])

scaler = StandardScaler().fit(X)
Z, ZQ = scaler.transform(X), scaler.transform(Q)
mean, scale = y.mean(), y.std()
t = (y - mean) / scale
out = {}

def add(name, values):
    out[name] = np.asarray(values, float).tolist()

for penalty in (0.001, 0.3):
    add(f'ridge {penalty}', mean + scale * Ridge(alpha=penalty * n, solver='cholesky').fit(Z, t).predict(ZQ))
    for share in (0.5, 1.0):
        net = ElasticNet(alpha=penalty, l1_ratio=share, tol=1e-14, max_iter=10**6).fit(Z, t)
        add(f'elastic net {penalty} {share}', mean + scale * net.predict(ZQ))
ws = StandardScaler().fit(X, sample_weight=w)
wm = np.average(y, weights=w)
wsd = np.sqrt(np.average((y - wm) ** 2, weights=w))
add('ridge weighted 0.1', wm + wsd * Ridge(alpha=0.1 * w.sum(), solver='cholesky').fit(ws.transform(X), (y - wm) / wsd, sample_weight=w).predict(ws.transform(Q)))

A = np.abs(X)
demand = cut(A @ [2, 0, 3, 0.5] + rng.normal(size=n) - 0.8 * A[:, 1] / 50)
b, residual = nnls(A, demand)
add('nnls', b)
add('nnls residual', [residual])

two = (c == 2).astype(int)
for penalty in (1 / n, 0.5):
    fit = lambda k, **more: LogisticRegression(C=1 / (penalty * n), tol=1e-10, solver='newton-cg', max_iter=10**5, **more).fit(Z, k)
    add(f'logistic {round(penalty, 4)}', fit(two).predict_proba(ZQ).ravel())
    add(f'softmax {round(penalty, 4)}', fit(c, multi_class='multinomial').predict_proba(ZQ).ravel())
add('logistic balanced', LogisticRegression(C=1 / (0.1 * n), tol=1e-10, solver='newton-cg', max_iter=10**5, class_weight='balanced').fit(Z, two).predict_proba(ZQ).ravel())

for s in (0.0, 0.2):
    add(f'lda {s}', LinearDiscriminantAnalysis(solver='lsqr', shrinkage=s).fit(Z, c).predict_proba(ZQ).ravel())
    add(f'qda {s}', QuadraticDiscriminantAnalysis(reg_param=s).fit(Z, c).predict_proba(ZQ).ravel())

for k in (1, 5):
    for weighting in ('uniform', 'distance'):
        add(f'nearest {k} {weighting}', KNeighborsRegressor(k, weights=weighting).fit(Z, y).predict(ZQ))
        add(f'nearest classes {k} {weighting}', KNeighborsClassifier(k, weights=weighting).fit(Z, c).predict_proba(ZQ).ravel())

print(json.dumps({
    'madeBy': f'learners.py, scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}, NumPy {np.__version__}',
    'columns': X.T.tolist(), 'target': y.tolist(), 'demand': demand.tolist(), 'weights': w.tolist(), 'classes': c.tolist(), 'asked': Q.T.tolist(), 'answers': out,
}, separators=(',', ':')))
