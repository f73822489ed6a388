// Two projects: `unit` needs nothing but Node; `cluster` needs KUBECONFIG to name a cluster with the chart installed.
import { defineConfig } from 'vitest/config'

const cluster = ['**/*.cluster.test.ts']
const never = ['**/node_modules/**', '**/dist/**', '.dev/**']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...never, ...cluster, 'e2e/**'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: [...cluster, 'e2e/**/*.test.ts'],
          exclude: never,
          testTimeout: 240_000,
          hookTimeout: 240_000,
          // Suites share one cluster of two cores; each has a namespace of its own.
          maxWorkers: 2,
        },
      },
    ],
  },
})
