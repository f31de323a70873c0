import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { specFiles } from './spec-files.ts'

describe('the specification of the contracts', () => {
  it.each([...specFiles()])('%s says what the code does', (file, content) => {
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(content)))
  })

  it('speaks of no contract that is not there', () => {
    const written = ['spec/contracts', 'spec/refusals'].flatMap((folder) =>
      readdirSync(folder)
        .filter((file) => file.endsWith('.json'))
        .map((file) => `${folder}/${file}`),
    )
    expect(written.toSorted()).toEqual([...specFiles().keys()].toSorted())
  })
})
