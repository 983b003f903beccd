"""Fits scikit-learn's net and linear models on the splits it is given: python3 models.py FOLDER QUESTION. Prints, for each, its score and processor seconds.

Columns of categories are one-hot, all columns standardised, as halftone does. The net: 64-64, early stopping on a tenth of the rows, 100 epochs at most.
"""
import json, sys, time
import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

folder, question = sys.argv[1], json.loads(sys.argv[2])
width, seed, number = question['width'], question['seed'], question['number']
read = lambda name: np.fromfile(f'{folder}/{name}').reshape(-1, width + 1)
train, test = read('train'), read('test')
scaler = StandardScaler().fit(train[:, :width])
X, Q = scaler.transform(train[:, :width]), scaler.transform(test[:, :width])
y, actual = train[:, width], test[:, width]
net = dict(hidden_layer_sizes=(64, 64), early_stopping=True, max_iter=100, random_state=seed)
mean, scale = y.mean(), y.std()
if number:
    y, actual = (y - mean) / scale, (actual - mean) / scale
    models = {'net': MLPRegressor(**net), 'ridge': RidgeCV(10.0 ** np.arange(-4, 5)), 'nearest': KNeighborsRegressor()}
else:
    models = {
        'net': MLPClassifier(**net), 'logistic': LogisticRegression(C=1.0, max_iter=1000),
        'linear-discriminant': LinearDiscriminantAnalysis(), 'quadratic-discriminant': QuadraticDiscriminantAnalysis(reg_param=0.1),
        'nearest': KNeighborsClassifier(),
    }
out = {}
for name, model in models.items():
    if name not in question['models']:
        continue
    begin = time.process_time()
    score = model.fit(X, y).score(Q, actual)
    out[name] = {'score': score, 'seconds': time.process_time() - begin}
print(json.dumps(out))
