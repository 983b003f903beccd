"""Forecasts of the same series by statsmodels (Debian: python3-statsmodels), for bench/quality/forecast.

Reads JSON from standard input: {"period": m, "steps": h, "series": [[...], ...]}; writes JSON: {name: {"milliseconds": per series, "medians": [[...], ...]}}.
"""
import json
import sys
import time
import warnings

warnings.simplefilter("ignore")
import numpy as np
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.holtwinters import ExponentialSmoothing
from statsmodels.tsa.forecasting.stl import STLForecast

case = json.load(sys.stdin)
period, steps = case["period"], case["steps"]
series = [np.array(values) for values in case["series"]]


def holt_winters(values):
    return ExponentialSmoothing(values, seasonal="add", seasonal_periods=period).fit().forecast(steps)


def stl_arima(values):
    return STLForecast(values, ARIMA, model_kwargs={"order": (1, 0, 0), "trend": "c"}, period=period).fit().forecast(steps)


def fourier_ar(values):
    n = len(values)
    waves = lambda t: np.column_stack([f(2 * np.pi * k * t / period) for k in (1, 2) for f in (np.sin, np.cos)])
    fit = ARIMA(values, exog=waves(np.arange(n)), order=(1, 0, 0)).fit()
    return fit.forecast(steps, exog=waves(np.arange(n, n + steps)))


answer = {}
for name, forecast in [("Holt-Winters, additive season", holt_winters), ("STL + AR(1)", stl_arima), ("2 waves given + AR(1)", fourier_ar)]:
    start = time.process_time()
    medians = [list(map(float, forecast(values))) for values in series]
    answer[name] = {"milliseconds": 1000 * (time.process_time() - start) / len(series), "medians": medians}
json.dump(answer, sys.stdout)
