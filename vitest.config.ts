// Four projects. `unit` needs nothing but Node; `process` starts our programs, shells and servers on this machine; `cluster` and
// `disruption` need KUBECONFIG to name a cluster with the chart installed, and `disruption` breaks parts of it while it runs.
import { defineConfig } from 'vitest/config'

const cluster = ['**/*.cluster.test.ts']
const processes = ['cli/test/**/*.test.ts', 'gateway/test/**/*.test.ts']
const never = ['**/node_modules/**', '**/dist/**', '.dev/**']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...never, ...cluster, ...processes, 'e2e/**'],
          testTimeout: 60_000,
          // They keep nothing between files; starting a world for each would cost more than all of them together.
          pool: 'threads',
          isolate: false,
          maxWorkers: 2,
        },
      },
      { test: { name: 'process', include: processes, exclude: [...never, ...cluster], testTimeout: 60_000 } },
      {
        test: {
          name: 'cluster',
          include: [...cluster, 'e2e/test/**/*.test.ts'],
          exclude: never,
          testTimeout: 240_000,
          hookTimeout: 240_000,
          // Suites share one cluster of two cores; each has a namespace of its own.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'disruption',
          include: ['e2e/disruption/**/*.test.ts'],
          exclude: never,
          testTimeout: 400_000,
          hookTimeout: 240_000,
          // One at a time: they kill what the others stand on.
          fileParallelism: false,
        },
      },
    ],
  },
})
