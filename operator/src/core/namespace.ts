// A pod is only created in a namespace whose admission would refuse a weaker one.
import { LABEL_POD_SECURITY } from '@cpc/crds'
import type { Step } from './verdict.ts'

export const namespaceProtected: Step = ({ session, namespace }) => {
  const level = namespace?.labels[LABEL_POD_SECURITY]
  if (level === 'restricted') return undefined
  const state = level === undefined ? 'does not have the label' : `has "${level}" instead of "restricted" as the label`
  return {
    kind: 'waiting',
    reason: 'NamespaceNotProtected',
    message:
      `The namespace ${session.namespace} ${state} ${LABEL_POD_SECURITY}, so it runs no sessions. ` +
      `Set it: kubectl label --overwrite namespace ${session.namespace} ${LABEL_POD_SECURITY}=restricted`,
  }
}
