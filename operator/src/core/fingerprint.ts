// The fingerprint of a pod's intended shape: two sessions with the same one could use the same pod.
import { quantityToBytes, quantityToMillicores, type TerminalSessionSpec } from '@cpc/crds'
import { canonical } from './canonical-json.ts'
import type { Settings } from './observed.ts'

/** Grows with every change of what podFor builds, so that an older pod is not taken for a new one. */
const POD_BUILDER_VERSION = 1

/** From intent, never from the live pod, which clusters change. Owner, time-outs, recording and TTL travel with the claim and are not in it. */
export function fingerprintOf(spec: TerminalSessionSpec, settings: Settings, userNamespace: boolean): string {
  const { cpu, memory, pids, tmp } = spec.resources
  const shape = {
    builder: POD_BUILDER_VERSION,
    holderImage: settings.sandboxImage,
    image: spec.image ?? settings.sandboxImage,
    command: spec.command,
    millicores: quantityToMillicores(cpu),
    memoryBytes: quantityToBytes(memory),
    tmpBytes: quantityToBytes(tmp),
    pids,
    runtimeClassName: spec.runtimeClassName ?? '',
    userNamespace,
  }
  return settings.digest(canonical(shape))
}
