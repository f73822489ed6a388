// metav1.MicroTime: RFC 3339 with exactly six digits of fraction, which the API server insists on.

/** @param wallMs milliseconds since the epoch */
export function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.(\d{3})Z$/, '.$1000Z')
}
