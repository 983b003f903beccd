import { describe, expect, it } from 'vitest'
import { studentQuantile } from './student.js'

describe('Student quantile', () => {
  // Two-sided 95 % and 99.9 % points as printed in any table (e.g. Abramowitz and Stegun, table 26.10).
  it.each([
    [0.95, 1, 12.7062],
    [0.95, 2, 4.3027],
    [0.95, 3, 3.1824],
    [0.95, 7, 2.3646],
    [0.95, 30, 2.0423],
    [0.95, 120, 1.9799],
    [0.999, 7, 5.4079],
    [0.999, 63, 3.4515],
    [0.5, 10, 0.6998],
  ])('confidence %f, %i degrees', (confidence, degrees, table) => {
    expect(studentQuantile(confidence, degrees) / table).toBeCloseTo(1, 3)
  })
})
