// The ways that are compared: ours, a raw WebSocket exec with a terminal, and kubectl exec in a terminal.
import { PassThrough, Writable } from 'node:stream'
import { Exec, KubeConfig } from '@kubernetes/client-node'
import { execa } from 'execa'
import { env } from '@cpc/e2e/world'
import { openTerminal } from '@cpc/e2e/terminal'
import type { Line, Way } from './line.ts'

type Listener = (bytes: Uint8Array) => void

export function pocketConsole(session: string, mode: 'live' | 'lossless'): Way {
  return {
    name: `cpc.v1 through gateway and holder, ${mode}`,
    open: async () => {
      let listener: Listener = () => undefined
      const terminal = await openTerminal(session, { lossless: mode === 'lossless', heard: bytes => listener(bytes) })
      return {
        write: text => void terminal.type(text),
        listen: next => (listener = next),
        close: () => terminal.client.detach(),
      }
    },
  }
}

export function rawExec(pod: string): Way {
  const config = new KubeConfig()
  config.loadFromFile(env.kubeconfigPath)
  return {
    name: 'raw WebSocket exec of bash, with a tty',
    open: async () => {
      let listener: Listener = () => undefined
      const stdin = new PassThrough()
      const sink = new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          listener(chunk)
          done()
        },
      })
      // A stream with a size is what the library takes for a terminal; without one readline echoes nothing.
      const stdout = Object.assign(sink, { rows: 40, columns: 120 })
      const command = ['bash', '--norc', '-i']
      const socket = await new Exec(config).exec(env.sessionNamespace, pod, 'shell', command, stdout, null, stdin, true)
      return { write: text => stdin.write(text), listen: next => (listener = next), close: () => socket.close() }
    },
  }
}

export function kubectlExec(pod: string): Way {
  return {
    name: 'kubectl exec -it of bash',
    open: () => {
      let listener: Listener = () => undefined
      const kubectl = `kubectl --kubeconfig ${env.kubeconfigPath} -n ${env.sessionNamespace} exec -it ${pod} -c shell -- bash --norc -i`
      // script(1) gives kubectl the terminal that it wants.
      const child = execa('script', ['-qfec', kubectl, '/dev/null'], { stdin: 'pipe', buffer: false, reject: false })
      child.stdout.on('data', (bytes: Buffer) => listener(bytes))
      const line: Line = {
        write: text => child.stdin.write(text),
        listen: next => (listener = next),
        close: () => child.kill('SIGTERM'),
      }
      return Promise.resolve(line)
    },
  }
}
