// `make down` and `make clean`: stops what `make up` started; `--purge` removes its state and caches as well.
import { rm } from 'node:fs/promises'
import { takeDown } from './cluster.ts'
import { readEnv } from './env.ts'
import { ENV_FILE } from './paths.ts'
import { main } from './steps.ts'

await main(async () => {
  await takeDown(readEnv(), process.argv.includes('--purge'))
  await rm(ENV_FILE, { force: true })
})
