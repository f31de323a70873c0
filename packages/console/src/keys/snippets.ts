import type { Contract } from '@keywright/client'

export interface Snippet {
  label: string
  code: string
}

/** The same request in several languages, ready to paste. */
export function snippets(contract: Contract, credential: string): Snippet[] {
  const { edge, docs } = contract
  const { variable, example } = docs
  const url = edge + example.path
  const [header, scheme] = headerOf(contract)
  const value = (key: string) => (scheme === '' ? key : `${scheme} ${key}`)
  const method = example.method
  const flag = method === 'GET' ? '' : ` -X ${method}`
  return [
    { label: 'curl', code: `curl${flag} ${url} \\\n  -H "${header}: ${value(credential)}"` },
    {
      label: 'TypeScript',
      code: [
        `const response = await fetch('${url}', {`,
        ...(method === 'GET' ? [] : [`  method: '${method}',`]),
        `  headers: { '${header}': ${scheme === '' ? `process.env.${variable}` : `\`${scheme} \${process.env.${variable}}\``} },`,
        '})',
        'console.log(response.status, await response.text())',
      ].join('\n'),
    },
    {
      label: 'Python',
      code: [
        'import os, httpx',
        '',
        `response = httpx.request("${method}", "${url}",`,
        `    headers={"${header}": ${scheme === '' ? `os.environ["${variable}"]` : `f"${scheme} {os.environ['${variable}']}"`}})`,
        'print(response.status_code, response.text)',
      ].join('\n'),
    },
    {
      label: 'Go',
      code: [
        `req, err := http.NewRequest("${method}", "${url}", nil)`,
        'if err != nil {',
        '\treturn err',
        '}',
        `req.Header.Set("${header}", ${scheme === '' ? '' : `"${scheme} "+`}os.Getenv("${variable}"))`,
        'res, err := http.DefaultClient.Do(req)',
      ].join('\n'),
    },
    { label: '.env', code: `${variable}=${credential}` },
  ]
}

/** The header the contract likes best, and the scheme before the key in it. */
function headerOf({ credential: { sources } }: Contract): [header: string, scheme: string] {
  for (const { header, scheme } of sources) {
    if (typeof header === 'string') return [header, typeof scheme === 'string' ? scheme : '']
  }
  return ['Authorization', 'Bearer']
}
