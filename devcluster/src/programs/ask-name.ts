// Waits until a name server answers for a name; ends with code 1 when it does not in time.
// Usage: node ask-name.ts SERVER NAME SECONDS
import { Resolver } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const ANSWER_TIMEOUT_MS = 500
const PAUSE_MS = 100
const [server = '', name = '', seconds = ''] = process.argv.slice(2)

async function answered(): Promise<boolean> {
  const resolver = new Resolver({ timeout: ANSWER_TIMEOUT_MS, tries: 1 })
  resolver.setServers([server])
  return resolver.resolve4(name).then(
    addresses => addresses.length > 0,
    () => false,
  )
}

const endMs = performance.now() + Number(seconds) * 1000
while (!(await answered())) {
  if (performance.now() > endMs) {
    console.error(`${server} gives no address for ${name} after ${seconds} s`)
    process.exit(1)
  }
  await sleep(PAUSE_MS)
}
