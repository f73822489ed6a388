import { describe, expect, it } from 'vitest'
import { basesOf, fullName, localBases, nodeDockerfile } from './image-recipes.ts'

describe('fullName', () => {
  it.each([
    ['debian', 'docker.io/library/debian:latest'],
    ['debian:bookworm-slim', 'docker.io/library/debian:bookworm-slim'],
    ['someone/thing', 'docker.io/someone/thing:latest'],
    ['pocketconsole.dev/sandbox:dev', 'pocketconsole.dev/sandbox:dev'],
    ['localhost/x', 'localhost/x:latest'],
    ['host:5000/x', 'host:5000/x:latest'],
    ['host:5000/x/y:1', 'host:5000/x/y:1'],
    ['debian@sha256:00', 'docker.io/library/debian@sha256:00'],
  ])('[D50] of %s is %s', (reference, full) => {
    expect(fullName(reference)).toBe(full)
  })
})

describe('basesOf', () => {
  it('[D51] lists what has to be there before a build', () => {
    const dockerfile = `# syntax=docker/dockerfile:1
FROM --platform=linux/amd64 node:24-bookworm-slim AS Build
RUN echo FROM nowhere
from debian:bookworm-slim
COPY --from=build /a /a
COPY --chown=1:1 --from=ghcr.io/x/tools:1 /b /b
COPY --from=0 /c /c
FROM scratch
FROM build AS last
ARG BASE=debian
FROM $BASE
`
    expect(basesOf(dockerfile)).toEqual([
      'docker.io/library/node:24-bookworm-slim',
      'docker.io/library/debian:bookworm-slim',
      'ghcr.io/x/tools:1',
    ])
  })

  it('[D52] finds its own recipe’s base among those that are made here', () => {
    for (const base of basesOf(nodeDockerfile)) expect(localBases).toHaveProperty([base])
  })
})
