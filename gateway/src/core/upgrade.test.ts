import { describe, expect, it } from 'vitest'
import { type UpgradeRequest, decideUpgrade } from './upgrade.ts'

const ALLOWED = new Set(['https://console.example', 'http://localhost:3000'])

function request(more: Partial<UpgradeRequest> = {}): UpgradeRequest {
  return {
    method: 'GET',
    url: '/ws/terminal/demo',
    upgrade: 'websocket',
    origin: 'https://console.example',
    subprotocols: 'cpc.v1',
    ...more,
  }
}

describe('upgrade', () => {
  it('[G40] lets a browser of the list in, and says which session it wants', () => {
    expect(decideUpgrade(request(), ALLOWED)).toEqual({ kind: 'accept', sessionName: 'demo', origin: 'allowed' })
  })

  it('[G41] lets a program without an Origin in, marked as such', () => {
    expect(decideUpgrade(request({ origin: undefined }), ALLOWED)).toMatchObject({ kind: 'accept', origin: 'none' })
  })

  it('[G40] picks cpc.v1 among other subprotocols', () => {
    expect(decideUpgrade(request({ subprotocols: 'cpc.v2, cpc.v1' }), ALLOWED).kind).toBe('accept')
  })

  it.each([
    ['an Origin that only begins alike', { origin: 'https://console.example.evil' }, 'origin-refused'],
    ['another scheme', { origin: 'http://console.example' }, 'origin-refused'],
    ['another port', { origin: 'http://localhost:3001' }, 'origin-refused'],
    ['a sandboxed page', { origin: 'null' }, 'origin-refused'],
    ['an empty Origin', { origin: '' }, 'origin-refused'],
    ['another path', { url: '/ws/terminal/' }, 'not-found'],
    ['a path above', { url: '/ws/terminal/../x' }, 'not-found'],
    ['an encoded slash', { url: '/ws/terminal/a%2Fb' }, 'not-found'],
    ['upper case', { url: '/ws/terminal/Demo' }, 'not-found'],
    ['a very long name', { url: `/ws/terminal/${'a'.repeat(300)}` }, 'not-found'],
    ['POST', { method: 'POST' }, 'method-not-allowed'],
    ['another protocol', { upgrade: 'h2c' }, 'bad-request'],
    ['no subprotocol', { subprotocols: undefined }, 'no-subprotocol'],
    ['a subprotocol that only begins alike', { subprotocols: 'cpc.v10' }, 'no-subprotocol'],
  ] as const)('[G40] refuses %s', (_title, more, code) => {
    expect(decideUpgrade(request(more), ALLOWED)).toMatchObject({ kind: 'refuse', code })
  })
})
