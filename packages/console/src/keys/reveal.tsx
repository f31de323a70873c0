import { useState } from 'react'
import { Button } from '../parts/button.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { DialogActions, DialogBody } from '../parts/dialog.tsx'
import { Checkbox } from '../parts/field.tsx'
import { Notice } from '../parts/notice.tsx'
import { SnippetTabs } from './snippet-tabs.tsx'

/** The only place where a secret is ever shown, once. Closing it throws the secret away. */
export function Reveal({
  credential,
  children,
  onDone,
}: {
  credential: string
  children?: React.ReactNode
  onDone: () => void
}) {
  const [isStored, setStored] = useState(false)
  return (
    <>
      <DialogBody>
        <Notice title="This is the only time the key is shown.">Only a digest of it is kept. Store it now.</Notice>
        <div className="flex flex-wrap items-center gap-2">
          <output
            aria-label="The new key"
            className="min-w-0 flex-1 basis-60 rounded-lg border border-line-strong bg-raised px-3 py-2 font-mono break-all select-all"
          >
            {credential}
          </output>
          <CopyButton text={credential} label="Copy key" />
        </div>
        {children}
        <SnippetTabs credential={credential} />
        <Checkbox
          label="I have stored this key in a safe place"
          checked={isStored}
          onChange={(event) => setStored(event.target.checked)}
        />
      </DialogBody>
      <DialogActions>
        <Button look="primary" disabled={!isStored} onClick={onDone}>
          Done
        </Button>
      </DialogActions>
    </>
  )
}
