import { expect, it } from 'vitest'
import { parseJson } from './file.ts'

it.each([
  ['{"a":1,"a":2}', 'line 1, column 8'],
  ['{\n  "a": [{ "b": {},\n    "b": 1 }]\n}', 'line 3, column 5'],
  ['{"a":1,"\\u0061":2}', 'line 1, column 8'],
  ['{"a":"\\\\","b":"}","a":2}', 'line 1, column 19'],
  ['{"a":1,\r"a":2}', 'line 1, column 9'],
  ['\ufeff{"a":1,"a":2}', 'line 1, column 8'],
])('JSON with a member twice is not read: %j', (text, place) => {
  expect(() => parseJson(text)).toThrow(`a member is there twice at ${place}`)
})

it.each(['{"a":{"a":"a"},"b":["a","a"]}', '[{"a":1},{"a":2}]', '"a"', '\ufeff{}'])(
  'JSON without one is read as it is: %j',
  (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text.replace('\ufeff', '')))
  },
)
