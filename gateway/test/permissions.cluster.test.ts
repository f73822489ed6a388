// What the installed gateway may do in the cluster, asked of the API server with its own credentials.
import { createKubeClient, createTransport } from '@cpc/kube'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SESSION_NAMESPACE, TestBed } from './cluster.ts'

let bed: TestBed
let may: (verb: string, resource: string, namespace?: string) => Promise<boolean>

beforeAll(async () => {
  bed = await TestBed.connect()
  const transport = createTransport(await bed.asGateway(), { userAgent: 'gateway-test/0' })
  const client = createKubeClient(transport)
  may = async (verb, resource, namespace) => {
    const [name = '', group = ''] = resource.split('@')
    const [plural = '', subresource] = name.split('/')
    const attributes = {
      verb,
      group,
      resource: plural,
      ...(subresource ? { subresource } : {}),
      ...(namespace ? { namespace } : {}),
    }
    const review = await client.transport.request({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: attributes },
      },
    })
    return (review as { status: { allowed: boolean } }).status.allowed
  }
})
afterAll(() => bed.close())

const SESSIONS = 'terminalsessions@pocketconsole.dev'
const LEASES = 'leases@coordination.k8s.io'

describe('the gateway’s permissions', () => {
  it.each([
    ...['get', 'list', 'watch', 'create', 'delete'].map(verb => [verb, SESSIONS]),
    ...['get', 'create', 'update', 'patch', 'delete'].map(verb => [verb, LEASES]),
    ['get', 'pods/exec'],
    ['create', 'pods/exec'],
  ] as [string, string][])('[G50] [G60] may %s %s where sessions live, and nowhere else', async (verb, resource) => {
    expect(await may(verb, resource, SESSION_NAMESPACE)).toBe(true)
    expect(await may(verb, resource, 'default')).toBe(false)
    expect(await may(verb, resource, 'pocket-console')).toBe(false)
    expect(await may(verb, resource)).toBe(false)
  })

  it.each([
    ['update', SESSIONS],
    ['patch', SESSIONS],
    ['patch', `terminalsessions/status@pocketconsole.dev`],
    ['create', 'pods'],
    ['patch', 'pods'],
    ['delete', 'pods'],
    ['get', 'pods/log'],
    ['create', 'pods/attach'],
    ['create', 'pods/portforward'],
    ['get', 'pods/proxy'],
    ['update', 'pods/ephemeralcontainers'],
    ['get', 'secrets'],
    ['create', 'serviceaccounts/token'],
    ['delete', 'networkpolicies@networking.k8s.io'],
    ['create', 'rolebindings@rbac.authorization.k8s.io'],
    ['list', LEASES],
    ['watch', LEASES],
  ])('may not %s %s', async (verb, resource) => {
    expect(await may(verb, resource, SESSION_NAMESPACE)).toBe(false)
  })

  it.each([
    ['get', 'nodes'],
    ['get', 'nodes/proxy'],
    ['create', 'nodes/proxy'],
    ['list', 'namespaces'],
    ['impersonate', 'users'],
  ])('may not %s %s anywhere', async (verb, resource) => {
    expect(await may(verb, resource)).toBe(false)
  })
})
