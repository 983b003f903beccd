"""One fit of scikit-learn's MLPRegressor on one core: python3 net.py FOLDER QUESTION. Prints processor seconds and R²."""
import json, sys, time
import numpy as np
from sklearn.neural_network import MLPRegressor

folder, question = sys.argv[1], json.loads(sys.argv[2])
width = question['width']
read = lambda name: np.fromfile(f'{folder}/{name}').reshape(-1, width + 1)
train, test = read('train'), read('test')
begin = time.process_time()
net = MLPRegressor((64, 64), max_iter=question['epochs'], batch_size=question['batch'], random_state=question['seed'])
net.fit(train[:, :width], train[:, width])
fit = time.process_time() - begin
begin = time.process_time()
r2 = net.score(test[:, :width], test[:, width])
print(json.dumps({'fit': fit, 'predict': time.process_time() - begin, 'r2': r2}))
