/**
 * A station as a white model: mean response of jobs at servers, first come first served, from what is known of a stretch of time.
 *
 *   R = k S + v·W(λ, kS, c, c_a², c_s²)
 *
 * with W by Allen and Cunneen. Two parameters: k, by how much service takes longer than stated, and v, by how much waits are longer
 * than independent arrivals make them. Holds for steady loads and independent service; where λ k S ≥ c there is no answer.
 *
 * Source: Allen (1990), the formula of Allen and Cunneen.
 */
import type { Table } from '../learn/index.js'
import { waitLeeLongton } from '../queueing/index.js'
import type { WhiteModel } from './white.js'

/** Columns that the station reads; the last three may be absent (1 each). */
export const STATION_COLUMNS = ['arrivalRatePerSecond', 'meanServiceSeconds', 'servers', 'serviceScv', 'arrivalScv'] as const

export function stationModel(): WhiteModel {
  const at = (table: Table, name: string): Float64Array | undefined => table.columns[table.names.indexOf(name)]
  const rowsOf = (table: Table) => {
    const [rate, service] = [at(table, 'arrivalRatePerSecond')!, at(table, 'meanServiceSeconds')!]
    const [servers, serviceScv, arrivalScv] = [at(table, 'servers'), at(table, 'serviceScv'), at(table, 'arrivalScv')]
    return Array.from({ length: table.rows }, (_, i) => ({
      rate: rate[i]!,
      service: service[i]!,
      servers: Math.max(1, Math.round(servers?.[i] ?? 1)),
      arrivalScv: arrivalScv?.[i] ?? 1,
      serviceScv: serviceScv?.[i] ?? 1,
    }))
  }
  return {
    name: 'station',
    columns: ['arrivalRatePerSecond', 'meanServiceSeconds'],
    parameters: [
      { name: 'serviceFactor', low: 0.2, high: 5, prior: 1, spread: 0.3, positive: true },
      { name: 'waitFactor', low: 0.01, high: 100, prior: 1, spread: 1, positive: true },
    ],
    predict: (table, [serviceFactor, waitFactor]) =>
      Float64Array.from(rowsOf(table), ({ rate, service, ...rest }) => {
        const serviceMean = service * serviceFactor!
        const utilisation = (rate * serviceMean) / rest.servers
        if (!(utilisation < 1) || !(serviceMean > 0)) return 0
        return serviceMean + waitFactor! * waitLeeLongton({ utilisation, serviceMean, ...rest })
      }),
    holds: (table, [serviceFactor]) =>
      Uint8Array.from(rowsOf(table), ({ rate, service, servers }) =>
        rate * service * serviceFactor! < servers && service > 0 ? 1 : 0,
      ),
    monotone: { arrivalRatePerSecond: 1, meanServiceSeconds: 1, servers: -1 },
    grows: ['arrivalRatePerSecond'],
  }
}
