// The only reader of the environment.
import { homedir } from 'node:os'
import { readSettings, type SettingsResult } from './core/settings.ts'

export interface Environment {
  readonly settings: SettingsResult
  readonly searchPath: string
}

export function readEnvironment(): Environment {
  return { settings: readSettings(process.env, homedir()), searchPath: process.env['PATH'] ?? '' }
}
