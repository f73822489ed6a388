// `make down` and `make clean`: stops what `make up` started; `--purge` removes its state and caches as well.
import { rm } from 'node:fs/promises'
import { takeDown } from './cluster.ts'
import { readEnv } from './env.ts'
import { CLUSTER_FILE, ENV_FILE } from './paths.ts'
import { main } from './steps.ts'

await main(async () => {
  await takeDown(readEnv(), process.argv.includes('--purge'))
  for (const path of [ENV_FILE, CLUSTER_FILE]) await rm(path, { force: true })
})
