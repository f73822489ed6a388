// Images that are made here rather than pulled, and the names that Dockerfiles use for them.

/** Base images that can be made without any image registry. */
export type LocalBase = 'debian' | 'node'

const DEBIAN = 'docker.io/library/debian:bookworm-slim'
const NODE = 'docker.io/library/node:24-bookworm-slim'

export const localBases: Readonly<Record<string, LocalBase>> = { [DEBIAN]: 'debian', [NODE]: 'node' }

/** The full name of an image as runtimes store it: registry and tag filled in. */
export function fullName(reference: string): string {
  const [first = '', ...rest] = reference.split('/')
  const hasRegistry = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost')
  const withRegistry = hasRegistry
    ? reference
    : rest.length > 0
      ? `docker.io/${reference}`
      : `docker.io/library/${reference}`
  const lastPart = withRegistry.slice(withRegistry.lastIndexOf('/') + 1)
  return lastPart.includes(':') || lastPart.includes('@') ? withRegistry : `${withRegistry}:latest`
}

/** Images that a Dockerfile starts from or copies from, without its own stages and `scratch`. */
export function basesOf(dockerfile: string): string[] {
  const stages = new Set<string>(['scratch'])
  const bases = new Set<string>()
  const take = (name: string | undefined): void => {
    if (name === undefined || stages.has(name.toLowerCase()) || /^\d+$/.test(name) || name.includes('$')) return
    bases.add(fullName(name))
  }
  for (const line of dockerfile.split('\n')) {
    const from = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(line)
    if (from !== null) {
      take(from[1])
      if (from[2] !== undefined) stages.add(from[2].toLowerCase())
      continue
    }
    take(/^\s*(?:COPY|ADD)\s+(?:--\S+\s+)*?--from=(\S+)/i.exec(line)?.[1])
  }
  return [...bases]
}

export const debianDockerfile = 'FROM scratch\nADD rootfs.tar /\nCMD ["bash"]\n'

/** The official image has npm too; the services need the program only. */
export const nodeDockerfile = `FROM ${DEBIAN}\nCOPY node /usr/local/bin/node\nRUN ln -s node /usr/local/bin/nodejs\nCMD ["node"]\n`

/** What `debian:*-slim` leaves out, now and when packages are installed later. */
const slimPaths = ['doc', 'groff', 'info', 'linda', 'lintian', 'locale', 'man'].map(name => `/usr/share/${name}`)

export const slimDpkgConfig = [
  ...slimPaths.map(path => `path-exclude ${path}/*`),
  'path-include /usr/share/doc/*/copyright',
  '',
].join('\n')

/** Makes the root file system of `debian:bookworm-slim` in the folder $1 and packs it as $2. */
export const debianRootScript = `set -eu
debootstrap --variant=minbase bookworm "$1" >&2
printf '%s' "$3" > "$1/etc/dpkg/dpkg.cfg.d/docker"
printf 'APT::Install-Recommends "false";\\nAcquire::Languages "none";\\n' > "$1/etc/apt/apt.conf.d/docker"
find "$1/usr/share/doc" -type f ! -name copyright -delete
find "$1/usr/share/doc" -type d -empty -delete
rm -rf ${slimPaths
  .filter(path => path !== '/usr/share/doc')
  .map(path => `"$1${path}/"*`)
  .join(' ')}
rm -rf "$1/var/lib/apt/lists/"* "$1/var/cache/apt/"*.bin "$1/var/cache/apt/archives/"*.deb "$1/var/log/"*.log "$1/debootstrap"
: > "$1/etc/resolv.conf"
: > "$1/etc/machine-id"
tar --numeric-owner --sort=name -C "$1" -cf "$2" .
`
