/** What a thread that forecasts runs. */
import { serveThread } from '../drivers/index.js'
import { type ForecastThreadAnswer, type ForecastThreadPiece, type ForecastThreadSetup, forecastWork } from './forecast-work.js'

serveThread<ForecastThreadSetup, ForecastThreadPiece, ForecastThreadAnswer>(forecastWork)
