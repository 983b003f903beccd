/** A complex number. Kernels that call a transform thousands of times keep real and imaginary parts apart and build one only to return it. */
export interface Complex {
  readonly re: number
  readonly im: number
}

/** `a · b`. */
export function complexProduct(a: Complex, b: Complex): Complex {
  return { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re }
}

/** `a / b`; `b` must not be zero. */
export function complexQuotient(a: Complex, b: Complex): Complex {
  const d = b.re * b.re + b.im * b.im
  return { re: (a.re * b.re + a.im * b.im) / d, im: (a.im * b.re - a.re * b.im) / d }
}

/** `e^(re + i·im)`. */
export function complexExponential(re: number, im: number): Complex {
  const size = Math.exp(re)
  return { re: size * Math.cos(im), im: size * Math.sin(im) }
}
