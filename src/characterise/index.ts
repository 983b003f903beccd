export { AUTOCORRELATION_LAGS, DISPERSION_WINDOWS_SECONDS } from './arrivals.js'
export { type CharacteriseOptions, characterise } from './characterise.js'
