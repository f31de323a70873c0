import { useState } from 'react'
import { Button } from '../parts/button.tsx'
import { CopyBox } from '../parts/copy-box.tsx'
import { DialogActions, DialogBody } from '../parts/dialog.tsx'
import { Checkbox } from '../parts/field.tsx'
import { Notice } from '../parts/notice.tsx'
import { useHold } from '../parts/use-hold.ts'
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
  useHold(!isStored)
  return (
    <>
      <DialogBody>
        <Notice title="This is the only time the key is shown.">Only a digest of it is kept. Store it now.</Notice>
        <CopyBox label="The new key" text={credential} action="Copy key" />
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
