import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRealCluster, type RealCluster, startWire } from '../../test/real-cluster.ts'
import { until } from '../../test/time.ts'
import {
  ApiError,
  type Cluster,
  createTransport,
  defineResource,
  type ExecExit,
  type ExecStream,
  execCollect,
  type KubeObject,
  openExec,
  serviceAccounts,
  type Transport,
} from '../index.ts'

const MIB = 1024 * 1024

let real: RealCluster
beforeAll(async () => {
  real = await openRealCluster()
  await real.startPod('shell')
})
afterAll(() => real.remove())

const target = (script: string) => ({
  namespace: real.namespace,
  pod: 'shell',
  container: 'main',
  command: ['bash', '-c', script],
})
const collect = (script: string, options: Parameters<typeof execCollect>[2] = {}) =>
  execCollect(real.transport, target(script), options)

interface Run {
  exec: ExecStream
  bytes(): Buffer
  text(): string
  length(): number
}

async function start(script: string, transport: Transport = real.transport): Promise<Run> {
  const chunks: Buffer[] = []
  const exec = await openExec(
    transport,
    { ...target(script), stdin: true, stderr: false },
    { onStdout: chunk => chunks.push(chunk) },
  )
  return {
    exec,
    bytes: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString(),
    length: () => chunks.reduce((sum, chunk) => sum + chunk.length, 0),
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const refusal = (call: Promise<unknown>): Promise<ApiError> =>
  call.then(
    () => Promise.reject(new Error('expected a refusal')),
    (error: unknown) => (error instanceof ApiError ? error : Promise.reject(error as Error)),
  )

describe('exec in a real pod', () => {
  it('[K77] gives the exit code, and both outputs apart', async () => {
    const { exit, stdout, stderr } = await collect('echo out; echo err >&2; exit 7')
    expect(exit).toEqual({ kind: 'exited', exitCode: 7 })
    expect([stdout.toString(), stderr.toString()]).toEqual(['out\n', 'err\n'])
    expect((await collect('true')).exit).toEqual({ kind: 'exited', exitCode: 0 })
    expect((await collect('kill -9 $$')).exit).toEqual({ kind: 'exited', exitCode: 137 })
  })

  it('[K77] says in the server’s words that a command does not exist', async () => {
    const command = ['/no/such/command']
    const { exit } = await execCollect(real.transport, { ...target(''), command })
    expect(exit.kind).not.toBe('lost')
    expect(exit).toMatchObject(
      exit.kind === 'exited' ? { exitCode: 127 } : { message: expect.stringMatching(/no such file/) as string },
    )
  })

  it('[K72] loses none of 8 MiB that a process wrote while its reader was paused', async () => {
    const script = 'head -c 8388608 /dev/urandom > /tmp/data; sha256sum < /tmp/data; read go; cat /tmp/data'
    const { exec, text, bytes } = await start(script)
    await until(() => text().endsWith('-\n'), text, 60_000)
    const head = text()
    exec.pause()
    exec.write(Buffer.from('go\n'))
    await new Promise(resolve => setTimeout(resolve, 2000))
    expect(bytes().length - head.length).toBeLessThanOrEqual(128 * 1024)
    exec.resume()
    expect(await exec.exit).toEqual({ kind: 'exited', exitCode: 0 })
    const body = bytes().subarray(head.length)
    expect(body.length).toBe(8 * MIB)
    expect(sha256(body)).toBe(head.split(' ')[0])
  })

  it('[K72] stops a process that writes more than the sockets on the way hold, and lets it go on', async () => {
    const wrote = async (): Promise<number> => Number((await collect('stat -c %s /tmp/progress')).stdout.toString())
    // 64 MiB in all; the file tells how many of the 1,024 blocks are out.
    const script = 'for i in $(seq 1024); do head -c 65536 /dev/zero; printf . >> /tmp/progress; done'
    const { exec, length } = await start(`read go; touch /tmp/progress; ${script}`)
    exec.pause()
    exec.write(Buffer.from('go\n'))
    let before = -1
    // What lies in the sockets differs from machine to machine: wait until nothing moves for a second.
    await until(
      async () => {
        const now = await wrote().catch(() => 0)
        await new Promise(resolve => setTimeout(resolve, 1000))
        const rest = now > 0 && now === before
        before = now
        return rest
      },
      () => String(before),
      60_000,
    )
    expect(before).toBeLessThan(1024)
    expect(length()).toBeLessThanOrEqual(128 * 1024)
    exec.resume()
    expect(await exec.exit).toEqual({ kind: 'exited', exitCode: 0 })
    expect(length()).toBe(64 * MIB)
  })

  it('[K73] [K74] carries 4 MiB of stdin and its end, byte for byte', async () => {
    const bytes = Buffer.alloc(4 * MIB, 'a line of input that is not all the same\n')
    const { exec, bytes: echoed } = await start('cat')
    expect(exec.protocol).toBe('v5.channel.k8s.io')
    for (let offset = 0; offset < bytes.length; offset += 65_536) {
      exec.write(bytes.subarray(offset, offset + 65_536))
      await exec.drained(256 * 1024)
    }
    expect(exec.endInput()).toBe('sent')
    expect(await exec.exit).toEqual({ kind: 'exited', exitCode: 0 })
    expect(echoed().length).toBe(bytes.length)
    expect(sha256(echoed())).toBe(sha256(bytes))
  })

  it('[K73] tells when a process does not read, and goes on when it does', async () => {
    const { exec, text } = await start('sleep 4; wc -c')
    let written = 0
    let buffered = 0
    for (; written < 64 * MIB && buffered < 2 * MIB; written += 65_536) {
      buffered = exec.write(Buffer.alloc(65_536))
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(buffered).toBeGreaterThanOrEqual(2 * MIB)
    await exec.drained(0)
    expect(exec.bufferedBytes).toBe(0)
    exec.endInput()
    expect(await exec.exit).toEqual({ kind: 'exited', exitCode: 0 })
    expect(Number(text())).toBe(written)
  })

  it('[K76] is refused for a container or pod that does not exist, with the server’s reason', async () => {
    const noContainer = await refusal(execCollect(real.transport, { ...target('true'), container: 'absent' }))
    expect(noContainer).toMatchObject({ code: 400, reason: 'BadRequest' })
    expect(noContainer.message).toMatch(/container absent/)
    expect(await refusal(execCollect(real.transport, { ...target('true'), pod: 'absent' }))).toMatchObject({
      code: 404,
    })
  })

  it('[K76] is refused to somebody without the right, with words that say what is missing', async () => {
    const { client, namespace, cluster } = real
    const metadata = { name: 'nobody', namespace }
    await client.create(serviceAccounts, { metadata })
    const tokens = defineResource<KubeObject & { status?: { token?: string } }>(serviceAccounts)
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata, spec: {} }
    const { status } = await client.create(tokens, request, { subresource: 'token' })
    const transport = createTransport(withToken(cluster, status?.token ?? ''), { userAgent: 'cpc-kube-test/1' })
    const forbidden = await refusal(execCollect(transport, target('true')))
    expect(forbidden).toMatchObject({ code: 403, reason: 'Forbidden' })
    expect(forbidden.message).toMatch(/nobody.*cannot (create|get) resource "pods\/exec"/)
    await transport.close()
    const wrong = createTransport(withToken(cluster, 'not-a-token'), { userAgent: 'cpc-kube-test/1' })
    expect(await refusal(execCollect(wrong, target('true')))).toMatchObject({ code: 401 })
    await wrong.close()
  })

  it('[K77] tells a cut wire from an exit', async () => {
    const wire = await startWire(real.cluster)
    const transport = createTransport(wire.cluster, { userAgent: 'cpc-kube-test/1' })
    const { exec, text } = await start('echo here; sleep 60', transport)
    await until(() => text() === 'here\n')
    wire.cut()
    expect(await exec.exit).toMatchObject<Partial<ExecExit>>({ kind: 'lost', cause: 'connection' })
    await transport.close()
    await wire.close()
  })

  it('[K79] cuts off what writes too much or takes too long', async () => {
    const flood = await collect('yes', { outputBytesMax: 100_000 })
    expect([flood.stdout.length, flood.output]).toEqual([100_000, 'truncated'])
    await expect(collect('sleep 60', { timeoutMs: 2000 })).rejects.toMatchObject({ failure: 'timeout' })
    expect((await collect('cat', { stdin: Buffer.from('in and out') })).stdout.toString()).toBe('in and out')
  })
})

function withToken(cluster: Cluster, token: string): Cluster {
  const give = async () => {
    const { cert: _cert, key: _key, ...rest } = await cluster.credentials.current()
    return { ...rest, headers: { authorization: `Bearer ${token}` }, tlsVersion: token }
  }
  return { ...cluster, credentials: { current: give, refresh: give } }
}
