// Every process of a cluster, in the order of starting.
import { apiServer, controllerManager, etcd, scheduler, storage } from './control-plane.ts'
import { GATEWAY_NODE_PORT } from './layout.ts'
import { containerd, kubelet, networkPolicy, proxy } from './node-agents.ts'
import { SYSTEM_PATH, type ProcessInputs, type ProcessPlan } from './process-plan.ts'

/** Runtimes and the API server with its store. */
export const FOUNDATION_STAGES: readonly number[] = [0, 1]
/** Everything that works through the API, with rights that are granted there first. */
export const AGENT_STAGES: readonly number[] = [2]

const HTTP_PORT = 80

function outsideServer(inputs: ProcessInputs): ProcessPlan {
  return {
    name: 'outside.server',
    place: { kind: 'outside' },
    command: [inputs.nodeProgram, `${inputs.programsDir}/outside-server.ts`, String(HTTP_PORT)],
    environment: { PATH: SYSTEM_PATH },
    reads: [`${inputs.programsDir}/outside-server.ts`],
    probe: { kind: 'listens', port: HTTP_PORT },
    restartWith: [],
    stage: 0,
  }
}

function gatewayForwarder(inputs: ProcessInputs): ProcessPlan {
  const { layout } = inputs
  const node = layout.nodes[0]
  if (node === undefined) throw new Error('a cluster has at least one node')
  return {
    name: 'host.gateway-forwarder',
    place: { kind: 'host' },
    command: [
      inputs.nodeProgram,
      `${inputs.programsDir}/forwarder.ts`,
      `127.0.0.1:${layout.gatewayPort}`,
      `${node.address}:${GATEWAY_NODE_PORT}`,
    ],
    environment: { PATH: SYSTEM_PATH },
    reads: [`${inputs.programsDir}/forwarder.ts`],
    probe: { kind: 'listens', port: layout.gatewayPort },
    restartWith: [],
    stage: 2,
  }
}

/** Every process of the cluster, in the order of starting. */
export function planProcesses(inputs: ProcessInputs): ProcessPlan[] {
  const plans = inputs.layout.nodes.flatMap(node => [
    ...(node.isControlPlane
      ? [etcd, apiServer, controllerManager, scheduler, storage].map(make => make(inputs, node))
      : []),
    ...[containerd, kubelet, proxy, networkPolicy].map(make => make(inputs, node)),
  ])
  return [outsideServer(inputs), ...plans, gatewayForwarder(inputs)].sort((left, right) => left.stage - right.stage)
}
