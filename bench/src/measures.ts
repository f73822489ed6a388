// What is measured on each way: time to a prompt, echo of a key, and how fast much output arrives.
import { until, type Way } from './line.ts'

export const KEYS = 400
const KEY_PAUSE_MS = 5
export const OUTPUT_BYTES = 32 * 1024 * 1024
const READY = 'ready-for-bench'

/** Opens a shell whose prompt is empty and that echoes what is typed. */
async function openReady(way: Way) {
  const line = await way.open()
  const ready = until(line, `\n${READY}`)
  line.write(`PS1=; echo; echo ${READY.replace('-', "'-'")}\n`)
  await ready
  return line
}

/** Milliseconds from the opening to the answer of the first command. */
export async function openToAnswerMs(way: Way): Promise<number> {
  const startMs = performance.now()
  const line = await openReady(way)
  const tookMs = performance.now() - startMs
  line.close()
  return tookMs
}

/** Milliseconds from a key to its echo, for each of KEYS keys. */
export async function echoMs(way: Way): Promise<number[]> {
  const line = await openReady(way)
  const sample: number[] = []
  for (let key = 0; key < KEYS; key += 1) {
    const letter = String.fromCharCode(97 + (key % 26))
    const echoed = until(line, letter)
    const startMs = performance.now()
    line.write(letter)
    await echoed
    sample.push(performance.now() - startMs)
    if (key % 60 === 59) {
      const cleared = until(line, '\n')
      line.write('\x15:\n')
      await cleared
    }
    await new Promise(next => setTimeout(next, KEY_PAUSE_MS))
  }
  line.close()
  return sample
}

/** Megabytes (10^6) a second of output, from the command to its last byte. */
export async function outputMBps(way: Way): Promise<number> {
  const line = await openReady(way)
  const done = until(line, 'END-OF-BENCH')
  const startMs = performance.now()
  line.write(`head -c ${OUTPUT_BYTES} /dev/zero | tr '\\0' x; echo END-OF"-"BENCH\n`)
  await done
  const rate = OUTPUT_BYTES / 1e6 / ((performance.now() - startMs) / 1000)
  line.close()
  return rate
}
