import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildIdentity, builds, goBuildArguments, type Build } from './builds.ts'

const [first] = builds
const inputs = { goVersion: 'go1.26.8', platform: 'linux/amd64', fileHashes: { 'go.mod': 'a', 'go.sum': 'b' } }

function pins(component: string): string {
  return readFileSync(join(import.meta.dirname, '../../components', component, 'go.mod'), 'utf8')
}

function changed(changes: Partial<Build>): Build {
  return { ...first!, ...changes }
}

describe('builds', () => {
  it('[D10] starts with Kubernetes, the longest', () => {
    expect(first?.component).toBe('kubernetes')
  })

  it('[D10] names every component and every binary once', () => {
    const components = builds.map(build => build.component)
    const binaries = builds.flatMap(build => build.outputs.map(output => output.binary))
    expect(new Set(components).size).toBe(components.length)
    expect(new Set(binaries).size).toBe(binaries.length)
  })

  it('[D10] stamps the version that is pinned', () => {
    const pinned = /^\s*k8s\.io\/kubernetes (v\d+\.(\d+)\.\d+)$/m.exec(pins('kubernetes'))
    expect(first?.linkerFlags).toContain(`gitVersion=${pinned![1]!} `)
    expect(first?.linkerFlags).toContain(`gitMinor=${pinned![2]!} `)
  })

  it.each(builds.map(build => [build.component, build] as const))(
    '[D10] builds of %s nothing that is not pinned as its tool',
    (component, build) => {
      for (const { goPackage } of build.outputs) {
        if (!goPackage.startsWith('.')) expect(pins(component)).toMatch(new RegExp(`^(tool )?\\s*${goPackage}$`, 'm'))
      }
    },
  )

  it('[D10] links only runc with C, for seccomp', () => {
    expect(builds.filter(build => build.cgo).map(build => build.component)).toEqual(['runc'])
    expect(builds.find(build => build.component === 'runc')?.tags).toContain('seccomp')
  })

  it('[D10] passes tags and flags to go build', () => {
    const runc = builds.find(build => build.component === 'runc')!
    expect(goBuildArguments(runc, runc.outputs[0]!, '/out/runc')).toEqual([
      'build',
      '-trimpath',
      '-buildvcs=false',
      '-tags',
      'seccomp',
      '-ldflags',
      '-s -w',
      '-o',
      '/out/runc',
      'github.com/opencontainers/runc',
    ])
  })
})

describe('buildIdentity', () => {
  it('[D10] is the same for the same content, in whatever order the files were found', () => {
    const reordered = { ...inputs, fileHashes: { 'go.sum': 'b', 'go.mod': 'a' } }
    expect(buildIdentity(first!, inputs)).toBe(buildIdentity(first!, reordered))
  })

  it.each([
    ['another compiler', first!, { ...inputs, goVersion: 'go1.27.0' }],
    ['another platform', first!, { ...inputs, platform: 'linux/arm64' }],
    ['a changed file', first!, { ...inputs, fileHashes: { 'go.mod': 'a', 'go.sum': 'c' } }],
    ['a new file', first!, { ...inputs, fileHashes: { ...inputs.fileHashes, 'main.go': 'd' } }],
    ['other tags', changed({ tags: ['x'] }), inputs],
    ['C', changed({ cgo: true }), inputs],
    ['other linker flags', changed({ linkerFlags: '' }), inputs],
  ])('[D10] differs with %s', (_, definition, others) => {
    expect(buildIdentity(definition, others)).not.toBe(buildIdentity(first!, inputs))
  })
})
