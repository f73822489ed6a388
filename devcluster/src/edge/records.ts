// The record of each started process, so that later calls know it again.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProcessIdentity } from '../core/process-identity.ts'
import { readIfPresent, writeWhole } from './files.ts'
import { lives } from './process-table.ts'

export interface ProcessRecord {
  readonly name: string
  readonly identity: ProcessIdentity
  /** What it was started from; a different key means it has to be started again. */
  readonly key: string
}

const ENDING = '.json'

export async function writeRecord(folder: string, record: ProcessRecord): Promise<void> {
  await writeWhole(join(folder, `${record.name}${ENDING}`), `${JSON.stringify(record, null, 2)}\n`)
}

export async function forgetRecord(folder: string, name: string): Promise<void> {
  await rm(join(folder, `${name}${ENDING}`), { force: true })
}

/** All records, of living and of ended processes. */
export async function readRecords(folder: string): Promise<ProcessRecord[]> {
  const names = await readdir(folder).catch(() => [])
  const texts = await Promise.all(
    names.filter(name => name.endsWith(ENDING)).map(name => readIfPresent(join(folder, name))),
  )
  return texts.flatMap(text => (text === undefined ? [] : [JSON.parse(text) as ProcessRecord]))
}

/** Records whose process still lives, by name. */
export async function livingRecords(folder: string): Promise<Map<string, ProcessRecord>> {
  const records = await readRecords(folder)
  const alive = await Promise.all(records.map(record => lives(record.identity)))
  return new Map(records.filter((_, index) => alive[index]).map(record => [record.name, record]))
}
