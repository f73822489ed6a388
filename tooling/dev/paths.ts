// Where things are in a checkout.
import { join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../..')
export const DEV_DIR = join(ROOT, '.dev')
export const BIN_DIR = join(DEV_DIR, 'bin')
export const LOG_DIR = join(DEV_DIR, 'logs')
export const ENV_FILE = join(DEV_DIR, 'env')
export const CLUSTER_FILE = join(DEV_DIR, 'cluster.json')
export const CHART_DIR = join(ROOT, 'charts/pocket-console')
export const EXAMPLE_SESSION = join(ROOT, 'docs/examples/session.yaml')

export const SYSTEM_NAMESPACE = 'pocket-console'
export const SESSION_NAMESPACE = 'pocket-console-sessions'
export const RELEASE = 'pocket-console'
