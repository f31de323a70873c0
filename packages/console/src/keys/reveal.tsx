import { CopyBox } from '../parts/copy-box.tsx'
import { Notice } from '../parts/notice.tsx'
import { ShownOnce } from '../parts/shown-once.tsx'
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
  return (
    <ShownOnce what="this key" onDone={onDone}>
      <Notice title="This is the only time the key is shown.">Only a digest of it is kept. Store it now.</Notice>
      <CopyBox label="The new key" text={credential} action="Copy key" />
      {children}
      <SnippetTabs credential={credential} />
    </ShownOnce>
  )
}
